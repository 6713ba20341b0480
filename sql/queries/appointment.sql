-- Appointments. Whatever returns one returns its whole row as one value (src/db/appointment_read.c takes it apart): the server
-- describes each column of an answer each time, which costs both sides more than the values.

-- name: appointment_book one
select b.outcome, b.booked, b.freed_coach
from book(
  make_booking(
    p_id => $1, p_coach_id => $2, p_user_id => $3, p_session_type => $4, p_status => $5, p_starts_at => $6, p_ends_at => $7,
    p_blocked_from => $8, p_blocked_to => $9, p_client_time_zone => $10, p_name => $11, p_email => $12, p_phone => $13,
    p_notes => $14, p_meeting_kind => $15, p_cancel_notice_minutes => $16, p_reschedule_notice_minutes => $17,
    p_max_reschedules => $18, p_hold_minutes => $19, p_calendar_id => $20, p_calendar_lease => $21,
    p_max_addresses => $22, p_max_changes => $23, p_created_by => $24, p_notify => $25, p_locale => $26, p_answers => $27,
    p_meeting_url => $39, p_meeting_label => $40, p_meeting_place => $41, p_meeting_instructions => $42, p_late_cancel => $43,
    p_price_credits => $44, p_price_amount => $45, p_price_currency => $46, p_max_total => $47, p_max_total_type => $48,
    p_promo_code => $49, p_seats => $50, p_min_seats => $51, p_joins => $52, p_guests => $53, p_max_guests => $54,
    p_request_notice => $55),
  make_limits(
    p_max_active => $28, p_max_active_type => $29, p_max_per_day => $30, p_max_per_day_type => $31, p_day_from => $32,
    p_day_to => $33),
  make_actor(
    p_user_id => $34, p_role => $35, p_request_id => $36, p_idempotency_key => $37, p_request_hash => $38)) b;

-- name: appointment_confirm one
select b.outcome, b.booked
from confirm_hold(
  make_booking(
    p_id => $1, p_user_id => $2, p_client_time_zone => $3, p_name => $4, p_email => $5, p_phone => $6, p_notes => $7,
    p_calendar_id => $8, p_calendar_lease => $9, p_max_addresses => $10, p_locale => $11, p_answers => $12,
    p_promo_code => $18, p_guests => $19, p_max_guests => $20, p_request_notice => $21),
  make_actor(
    p_user_id => $13, p_role => $14, p_request_id => $15, p_idempotency_key => $16, p_request_hash => $17)) b;

-- name: appointment_cancel one
select b.outcome, b.booked
from cancel_appointment(
  p_id => $1, p_by => $2, p_exempt => $3, p_reason => $4, p_lease => $5,
  p_actor => make_actor(
    p_user_id => $6, p_role => $7, p_request_id => $8, p_idempotency_key => $9, p_request_hash => $10)) b;

-- name: appointment_move one
select b.outcome, b.booked
from move_appointment(
  make_booking(
    p_id => $1, p_coach_id => $2, p_starts_at => $3, p_ends_at => $4, p_blocked_from => $5, p_blocked_to => $6,
    p_calendar_lease => $7, p_max_changes => $8, p_joins => $19, p_seats => $20, p_min_seats => $21),
  p_exempt => $9,
  p_limits => make_limits(p_max_per_day => $10, p_max_per_day_type => $11, p_day_from => $12, p_day_to => $13),
  p_actor => make_actor(
    p_user_id => $14, p_role => $15, p_request_id => $16, p_idempotency_key => $17, p_request_hash => $18),
  p_reason => $22) b;

-- name: appointment_set_meeting one
select b.outcome, b.booked
from set_meeting(
  p_id => $1, p_kind => $2, p_url => $3, p_label => $4, p_place => $5, p_instructions => $6, p_lease => $7,
  p_actor => make_actor(
    p_user_id => $8, p_role => $9, p_request_id => $10, p_idempotency_key => $11, p_request_hash => $12)) b;

-- name: appointment_approve one
select b.outcome, b.booked
from approve_request(
  p_id => $1, p_calendar_id => $2, p_lease => $3,
  p_actor => make_actor(p_user_id => $4, p_role => $5, p_request_id => $6, p_idempotency_key => $7, p_request_hash => $8)) b;

-- name: appointment_decline one
select b.outcome, b.booked
from decline_request(
  p_id => $1, p_by => $2, p_reason => $3,
  p_actor => make_actor(p_user_id => $4, p_role => $5, p_request_id => $6, p_idempotency_key => $7, p_request_hash => $8)) b;

-- name: appointment_set_guests one
select b.outcome, b.booked
from set_guests(
  make_booking(p_id => $1, p_guests => $2, p_max_guests => $3, p_max_changes => $4, p_calendar_lease => $5),
  make_actor(
    p_user_id => $6, p_role => $7, p_request_id => $8, p_idempotency_key => $9, p_request_hash => $10)) b;

-- name: appointment_mark one
select b.outcome, b.booked
from mark_appointment(
  p_id => $1, p_status => $2,
  p_actor => make_actor(
    p_user_id => $3, p_role => $4, p_request_id => $5, p_idempotency_key => $6, p_request_hash => $7)) b;

-- name: appointment_by_id one
select appointment from appointment where id = $1;

-- If it is of this client, or of this coach, or the caller may see all. A stranger's row is not even sent, so that asking
-- for it takes as long as asking for none.
-- name: appointment_of_party one
select appointment from appointment
where id = $1 and group_id is distinct from id
  and (user_id = $2 or coach_id = $3 or coach_id = any (string_to_array($6, ' ')) or $4::boolean or (erased and user_id = $5));

-- What a client last told this coach of themselves, in one of their last appointments with anybody.
-- name: appointment_person one
select name, email, phone, client_time_zone, locale
from (select * from appointment where user_id = $1 order by starts_at desc, id desc limit 50) latest
where coach_id = $2 and not erased and hold_expires_at is null
order by starts_at desc limit 1;

-- The appointment that the same request would make again.
-- name: appointment_same one
select appointment from appointment
where coach_id = $1 and user_id = $2 and starts_at = $3 and ends_at = $4
  and (status = 'scheduled' or is_asked(appointment))
order by created_at, id limit 1;

-- A client's or a coach's list: $1 whose, $2 status word, $3 and $4 the page's last start and id, $5 how many; a coach's
-- with $6 and $7, the window on the start. Only what was never booked has a hold's end: held, expired or released.
-- name: appointment_list_by_user many
select appointment from appointment
where user_id = $1
  and case $2::text
        when 'upcoming' then ends_at > now() and (status = 'scheduled' or (status = 'held' and hold_expires_at > now()))
        when 'past' then status in ('completed', 'no_show') or (status = 'scheduled' and ends_at <= now())
        when 'cancelled' then (status = 'cancelled' and (hold_expires_at is null or hold_kind = 'request')) or (status = 'expired' and hold_kind = 'request')
        when 'requested' then is_asked(appointment)
        else hold_expires_at is null or hold_kind = 'request' or (status = 'held' and hold_expires_at > now())
      end
  and starts_at > case when $2 = 'upcoming' then now() - interval '24 hours' else '-infinity' end
  and (starts_at, id) > ($3::timestamptz, $4::uuid)
order by starts_at, id
limit $5;

-- name: appointment_list_by_coach many
select appointment from appointment
where coach_id = $1 and group_id is distinct from id
  and case $2::text
        when 'upcoming' then ends_at > now() and (status = 'scheduled' or (status = 'held' and hold_expires_at > now()))
        when 'past' then status in ('completed', 'no_show') or (status = 'scheduled' and ends_at <= now())
        when 'cancelled' then (status = 'cancelled' and (hold_expires_at is null or hold_kind = 'request')) or (status = 'expired' and hold_kind = 'request')
        when 'requested' then is_asked(appointment)
        else hold_expires_at is null or hold_kind = 'request' or (status = 'held' and hold_expires_at > now())
      end
  and (starts_at, id) > ($3::timestamptz, $4::uuid)
  and ends_at > $6 and starts_at > $6 - interval '24 hours' and starts_at < $7
order by starts_at, id
limit $5;

-- What stands in the way of a booking, and what counts for limits, for questions about now or later, or about $2 if that
-- is earlier: include/app/coaches.h says why 28 hours. A session has at most a day and its buffer another, so what
-- started three days before cannot reach that far.
-- name: appointment_busy many
select id, user_id, session_type, starts_at, ends_at, blocked_from, blocked_to, status, hold_expires_at,
       series_id, group_id is not null
from appointment
where coach_id = $1 and group_id is distinct from id and status in ('held', 'scheduled', 'completed', 'no_show')
  and starts_at > least(now(), $2::timestamptz) - interval '28 hours' - interval '3 days'
  and blocked_to > least(now(), $2::timestamptz) - interval '28 hours' and (status <> 'held' or hold_expires_at > now())
order by starts_at
limit 50000;

-- $2 and $3: the last start and id so far. $4 and $5: changed from when on, and before when.
-- name: appointment_export many
select appointment from appointment
where user_id = $1 and (starts_at, id) > ($2::timestamptz, $3::uuid) and updated_at >= $4 and updated_at < $5
order by starts_at, id
limit $6;

-- All replicas are told, so that none remembers who this was; no identity has a longer id, and a payload has its limit.
-- name: user_erase one
select cancelled_count, erased_count, array_to_json(coaches)::text, pg_notify('bookingd_erased', left($1, 255))
from erase_user($1, $2, make_actor(p_user_id => $3, p_role => $4, p_request_id => $5), $6);

-- Holds that nobody came back for, so that no booking has to look at them again.
-- name: hold_expire exec
update appointment set status = 'expired', updated_at = now(), version = version + 1
where id = any (array(select id from appointment
                      where status = 'held' and hold_expires_at <= now()
                        -- A seat gives way under its coach's lock only (functions/group.sql), which is not waited for here.
                        and (group_id is null or pg_try_advisory_xact_lock(1651469165, hashtext(coach_id)))
                      limit 1000 for update skip locked));

-- name: client_use_expire exec
delete from client_use where at < now() - interval '1 day';

-- Past appointments lose their personal fields after RETENTION_DAYS, and an identity that is an address.
-- name: appointment_retire many
update appointment
set name = null, email = null, phone = null, notes = null, guests = null, cancel_reason = null, client_time_zone = null,
    locale = null, event_link = null, meeting_url = null, meeting_label = null, meeting_place = null, meeting_instructions = null,
    calendar_detail = null, erased = true, updated_at = now(), version = version + 1, calendar_attempts = 0, calendar_due_at = now(),
    user_id = case when user_id like '%@%' then 'erased-' || replace(gen_random_uuid()::text, '-', '') else user_id end
where id = any (array(select id from appointment where not erased and ends_at < now() - make_interval(days => $1::integer)
                      order by ends_at limit 500 for update skip locked))
returning id;

-- And what else is known of people of whom nothing younger is: addresses, what they want to be told, and, of an identity that is
-- an address, whose the credits were that are spent or over.
-- name: person_retire exec
with waited as (
  delete from waitlist where to_at < now() - make_interval(days => $1::integer)),
known as (
  delete from known_address k
  where since < now() - make_interval(days => $1::integer)
    and not exists (select from appointment a where a.user_id = k.user_id and not a.erased)
    and not exists (select from own_session s where s.user_id = k.user_id)),
proved as (
  delete from proved_address p
  where at < now() - make_interval(days => $1::integer)
    and not exists (select from appointment a where a.user_id = p.user_id and not a.erased)),
spent as (
  update credit_grant g
  set user_id = 'erased-' || replace(gen_random_uuid()::text, '-', ''), external_ref = erased_reference(external_ref),
      request_hash = null
  where user_id like '%@%' and created_at < now() - make_interval(days => $1::integer)
    and (balance = 0 or revoked_at is not null or usable_until < now())
    and not exists (select from appointment a where a.user_id = g.user_id and not a.erased)
  returning id),
noted as (
  update credit_entry set note = null where note is not null and grant_id in (select id from spent))
delete from notice_preference p
where not of_coach and exists (select from appointment a where a.user_id = p.user_id)
  and not exists (select from appointment a where a.user_id = p.user_id and not a.erased);

-- A session of a group is in the feed once, whoever comes.
-- Where a coach's feed that begins at $2 ends, and a text that differs when what is in it does.
-- name: coach_feed_state one
select coalesce(max(starts_at), now()) + interval '24 hours',
  concat(count(*) filter (where shown), '-', sum(hashtextextended(entry::text, 0)) filter (where shown))
from appointment,
     lateral (select hold_expires_at is null and starts_at > $2 and coalesce(group_id, id) = id as shown,
                     row(id, version, status, starts_at, ends_at, created_at, updated_at, session_type, name, meeting_url,
                         meeting_place) as entry) as feed
where coach_id = $1;

-- $2 and $3: the last start and id so far, or where the feed begins. $4: where it ends.
-- name: coach_feed many
select appointment from appointment
where coach_id = $1 and hold_expires_at is null and coalesce(group_id, id) = id
  and (starts_at, id) > ($2::timestamptz, $3::uuid) and ends_at <= $4
order by starts_at, id
limit $5;

-- What takes a coach's time from $2 to $3: what a hold is for, and until when (null: it is booked); from and to, with what is
-- kept free; whether it is a seat of the client $4 in the session of the kind $6 that begins at $5.
-- name: appointments_taking many
select case when status = 'held' then hold_kind end, case when status = 'held' then hold_expires_at end, blocked_from, blocked_to,
       coalesce(group_id <> id and user_id = $4 and starts_at = $5 and session_type = $6
                and (status <> 'held' or hold_kind = 'request'), false)
from appointment
where coach_id = $1 and group_id is distinct from id and blocked_from < $3 and blocked_to > $2
  and (status in ('scheduled', 'completed', 'no_show') or (status = 'held' and hold_expires_at > now()))
order by blocked_from, id;
