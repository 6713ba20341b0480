-- A client who asks for any coach.

-- How often each coach was chosen lately for sessions of this type that stand, and when last. $2: days.
-- name: coach_turns many
select a.coach_id, count(*), max(c.chosen_at)
from coach_choice c join appointment a on a.id = c.appointment_id
where c.session_type = $1 and c.chosen_at > now() - make_interval(days => $2::integer)
  and (a.status in ('scheduled', 'completed', 'no_show') or (a.status = 'held' and a.hold_expires_at > now()))
group by a.coach_id;

-- $53: the candidates in the order of their turn, blanks between. $54 to $56: a guest's, or null.
-- name: appointment_book_any one
select b.outcome, b.booked, b.freed_coach
from book_any(
  make_booking(
    p_id => $1, p_coach_id => $2, p_user_id => $3, p_session_type => $4, p_status => $5, p_starts_at => $6, p_ends_at => $7,
    p_blocked_from => $8, p_blocked_to => $9, p_client_time_zone => $10, p_name => $11, p_email => $12, p_phone => $13,
    p_notes => $14, p_meeting_kind => $15, p_cancel_notice_minutes => $16, p_reschedule_notice_minutes => $17,
    p_max_reschedules => $18, p_hold_minutes => $19, p_calendar_id => $20, p_calendar_lease => $21,
    p_max_addresses => $22, p_max_changes => $23, p_created_by => $24, p_notify => $25, p_locale => $26, p_answers => $27,
    p_meeting_url => $39, p_meeting_label => $40, p_meeting_place => $41, p_meeting_instructions => $42, p_late_cancel => $43,
    p_price_credits => $44, p_price_amount => $45, p_price_currency => $46, p_max_total => $47, p_max_total_type => $48,
    p_promo_code => $49, p_seats => $50, p_min_seats => $51, p_joins => $52, p_guests => $57, p_max_guests => $58,
    p_request_notice => $59),
  make_limits(
    p_max_active => $28, p_max_active_type => $29, p_max_per_day => $30, p_max_per_day_type => $31, p_day_from => $32,
    p_day_to => $33),
  make_actor(
    p_user_id => $34, p_role => $35, p_request_id => $36, p_idempotency_key => $37, p_request_hash => $38),
  p_candidates => string_to_array($53, ' '), p_network => $54, p_session_hash => $55, p_session_ends => $56) b;

-- $27: as $53 above.
-- name: appointment_move_any one
select m.outcome, m.booked, m.freed_coach
from move_to_coach(
  make_booking(
    p_id => $1, p_coach_id => $2, p_starts_at => $3, p_ends_at => $4, p_blocked_from => $5, p_blocked_to => $6,
    p_calendar_id => $7, p_calendar_lease => $8, p_max_changes => $9, p_meeting_kind => $10, p_meeting_url => $23,
    p_meeting_label => $24, p_meeting_place => $25, p_meeting_instructions => $26, p_max_total => $11, p_max_total_type => $12),
  p_exempt => $13,
  p_limits => make_limits(
    p_max_active => $14, p_max_active_type => $15, p_max_per_day => $16, p_max_per_day_type => $17, p_day_from => $28,
    p_day_to => $29),
  p_actor => make_actor(
    p_user_id => $18, p_role => $19, p_request_id => $20, p_idempotency_key => $21, p_request_hash => $22),
  p_reason => $30, p_candidates => string_to_array($27, ' ')) m;
