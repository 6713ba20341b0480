-- Appointments that are booked, cancelled and moved together.

-- $45: out of whom the coach was chosen, blanks between; null: the client named them.
-- name: series_book many
select s.outcome, s.booked
from book_series_any(
  make_booking(
    p_id => null, p_coach_id => $1, p_user_id => $2, p_session_type => $3, p_status => 'scheduled', p_client_time_zone => $4,
    p_name => $5, p_email => $6, p_phone => $7, p_notes => $8, p_meeting_kind => $9, p_cancel_notice_minutes => $10,
    p_reschedule_notice_minutes => $11, p_max_reschedules => $12, p_calendar_id => $13, p_calendar_lease => $14,
    p_max_addresses => $15, p_max_changes => $16, p_locale => $17, p_series_id => $18,
    p_meeting_label => $30, p_meeting_place => $31, p_meeting_instructions => $32,
    p_late_cancel => $33, p_price_credits => $34, p_price_amount => $35, p_price_currency => $36, p_max_total => $37,
    p_max_total_type => $38, p_seats => $39, p_min_seats => $40, p_guests => $41, p_max_guests => $42,
    p_request_notice => $43, p_promo_code => $44, p_created_by => $46, p_notify => $47),
  $19::jsonb,
  make_limits(
    p_day_from => null, p_day_to => null, p_max_active => $20, p_max_active_type => $21, p_max_per_day => $22,
    p_max_per_day_type => $23),
  $24,
  make_actor(
    p_user_id => $25, p_role => $26, p_request_id => $27, p_idempotency_key => $28, p_request_hash => $29),
  string_to_array($45, ' ')) s;

-- Those of a series, or (from $2 on) the following ones, that stand, are asked for, or were cancelled.
-- name: series_read many
select appointment from appointment
where series_id = $1 and series_index >= $2
  and (status in ('scheduled', 'cancelled') or (status = 'held' and hold_kind = 'request'))
order by starts_at, id;

-- One transaction, each under its own cut-off. $1: ids, in the order of the answers.
-- name: series_cancel many
select c.outcome, c.booked
from cancel_series(
  p_ids => $1, p_by => $2, p_exempt => $3, p_reason => $4, p_lease => $5,
  p_actor => make_actor(
    p_user_id => $6, p_role => $7, p_request_id => $8, p_idempotency_key => $9, p_request_hash => $10)) c;

-- One transaction, in the order given.
-- name: series_move many
select m.outcome, m.booked
from move_series(
  make_booking(p_id => null, p_coach_id => $2, p_calendar_lease => $3, p_max_changes => $4),
  $1::jsonb,
  $5,
  make_limits(p_max_per_day => $6, p_max_per_day_type => $7, p_day_from => null, p_day_to => null),
  make_actor(
    p_user_id => $8, p_role => $9, p_request_id => $10, p_idempotency_key => $11, p_request_hash => $12),
  $13) m;
