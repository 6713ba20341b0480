-- What the release before this one calls, while its daemons are still running: they give a booking field by field. Goes
-- with the release after this one, as does the type `booking`.

create or replace function booking_now(p_new booking) returns new_booking language sql immutable as $$
  select make_booking(
    p_id => p_new.id, p_coach_id => p_new.coach_id, p_user_id => p_new.user_id, p_session_type => p_new.session_type,
    p_status => p_new.status, p_starts_at => p_new.starts_at, p_ends_at => p_new.ends_at,
    p_blocked_from => p_new.blocked_from, p_blocked_to => p_new.blocked_to,
    p_client_time_zone => p_new.client_time_zone, p_name => p_new.name, p_email => p_new.email, p_phone => p_new.phone,
    p_notes => p_new.notes, p_meeting_kind => p_new.meeting_kind,
    p_cancel_notice_minutes => p_new.cancel_notice_minutes,
    p_reschedule_notice_minutes => p_new.reschedule_notice_minutes, p_max_reschedules => p_new.max_reschedules,
    p_hold_minutes => p_new.hold_minutes, p_calendar_id => p_new.calendar_id,
    p_calendar_lease => p_new.calendar_lease);
$$;

create or replace function book(p_new booking, p_limits booking_limits, p_actor actor)
returns table (outcome text, booked appointment, freed_coach text) language sql as $$
  select b.outcome, b.booked, b.freed_coach from book(booking_now(p_new), p_limits, p_actor) b;
$$;

create or replace function confirm_hold(p_new booking, p_actor actor)
returns table (outcome text, booked appointment) language sql as $$
  select b.outcome, b.booked from confirm_hold(booking_now(p_new), p_actor) b;
$$;

create or replace function move_appointment(p_new booking, p_exempt boolean, p_limits booking_limits, p_actor actor)
returns table (outcome text, booked appointment) language sql as $$
  select b.outcome, b.booked from move_appointment(booking_now(p_new), p_exempt, p_limits, p_actor) b;
$$;

create or replace function erase_user(p_user text, p_by text, p_actor actor)
returns table (cancelled_count bigint, erased_count bigint, coaches text[]) language sql as $$
  select e.cancelled_count, e.erased_count, e.coaches
  from erase_user(p_user, p_by, p_actor, 'erased-' || replace(gen_random_uuid()::text, '-', '')) e;
$$;

-- Whose keeper judges no offers, but tells of them once nothing else is to be told.
create or replace function announce_changes(p_mail boolean, p_limit integer) returns integer language plpgsql as $$
declare
  announced integer := announce_news(p_mail, p_limit);
  offer uuid;
begin
  if announced > 0 then
    return announced;
  end if;
  for offer in
    select id from appointment
    where hold_kind = 'offer' and status = 'held' and hold_expires_at > now()
      and not exists (select from notice n where n.appointment_id = appointment.id and n.kind = 'offer')
    order by id limit p_limit
  loop
    perform announce_offer(offer, p_mail);
    announced := announced + 1;
  end loop;
  return announced;
end $$;
