-- Guests: people who book without an identity.

-- name: guest_hold one
select b.outcome, b.booked, b.freed_coach
from hold_for_guest(
  make_booking(
    p_id => $1, p_coach_id => $2, p_user_id => $3, p_session_type => $4, p_status => $5, p_starts_at => $6, p_ends_at => $7,
    p_blocked_from => $8, p_blocked_to => $9, p_client_time_zone => $10, p_name => $11, p_email => $12, p_phone => $13,
    p_notes => $14, p_meeting_kind => $15, p_cancel_notice_minutes => $16, p_reschedule_notice_minutes => $17,
    p_max_reschedules => $18, p_hold_minutes => $19, p_calendar_id => $20, p_calendar_lease => $21,
    p_max_addresses => $22, p_max_changes => $23, p_created_by => $24, p_notify => $25, p_locale => $26, p_answers => $27,
    p_meeting_url => $39, p_meeting_label => $40, p_meeting_place => $41, p_meeting_instructions => $42,
    p_late_cancel => $43, p_price_credits => $44, p_price_amount => $45, p_price_currency => $46, p_max_total => $47,
    p_max_total_type => $48, p_promo_code => $49, p_seats => $50, p_min_seats => $51, p_joins => $52),
  make_limits(
    p_max_active => $28, p_max_active_type => $29, p_max_per_day => $30, p_max_per_day_type => $31, p_day_from => $32,
    p_day_to => $33),
  make_actor(
    p_user_id => $34, p_role => $35, p_request_id => $36, p_idempotency_key => $37, p_request_hash => $38),
  p_network => $53, p_session_hash => $54, p_session_ends => $55) b;

-- name: guest_confirm one
select b.outcome, b.booked
from confirm_for_guest(
  make_booking(
    p_id => $1, p_user_id => $2, p_client_time_zone => $3, p_name => $4, p_email => $5, p_phone => $6, p_notes => $7,
    p_calendar_id => $8, p_calendar_lease => $9, p_max_addresses => $10, p_locale => $11, p_answers => $12,
    p_promo_code => $18, p_max_changes => $21, p_max_total => $22, p_max_total_type => $23,
    p_guests => $24, p_max_guests => $25, p_request_notice => $26),
  make_limits(p_day_from => null, p_day_to => null, p_max_active => $19, p_max_active_type => $20),
  make_actor(
    p_user_id => $13, p_role => $14, p_request_id => $15, p_idempotency_key => $16, p_request_hash => $17)) b;

-- name: guest_proof_begin one
select outcome, freed_coach
from begin_guest_proof(p_user => $1, p_email => $2, p_hash => $3, p_code_hash => $4, p_seconds => $5);

-- Who is behind an address, whether they were met or not.
-- name: person_by_address one
select coalesce((select user_id from known_address where email = lower($1)), person_of_address(lower($1)));
