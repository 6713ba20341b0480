-- Groups: sessions that several clients share. Whoever takes or gives back a seat, or changes a session (its time, its end,
-- the link that Google gives it), holds lock_moves of the coach, so that seats and sessions are never locked in two orders,
-- and a seat that is just being taken has what its session gets meanwhile.

-- The session of this kind at exactly this time; all null if there is none.
create or replace function find_group(p_coach text, p_type text, p_from timestamptz, p_to timestamptz) returns appointment
language plpgsql stable as $$
declare
  found_group appointment;
begin
  select * into found_group from appointment
  where coach_id = p_coach and starts_at = p_from and ends_at = p_to and session_type = p_type and group_id = id
    and status = 'scheduled';
  return found_group;
end $$;

-- Whether this client has a seat in the session besides that one, or has asked for it: a second one would be nobody's.
create or replace function has_seat(p_group uuid, p_user text, p_except uuid) returns boolean language plpgsql stable as $$
begin
  return exists (select from appointment
                 where group_id = p_group and id <> p_group and user_id = p_user and id <> p_except
                   and (status = 'scheduled' or is_asked(appointment)));
end $$;

/*
 * Find p_new a seat: in the session p_group, else in one that begins with it. Outcomes: ok, session_full, slot_taken (the
 * session that was to be joined is no more, or the client has a seat there). Needs lock_moves.
 */
create or replace function find_seat(p_new new_booking, p_group appointment)
returns table (outcome text, seated new_booking) language plpgsql as $$
begin
  outcome := 'ok';
  seated := p_new;
  if p_group.id is null then
    if p_new.joins then
      outcome := 'slot_taken';
    else
      seated.group_id := gen_random_uuid();
      insert into group_session (id, seats, min_seats) values (seated.group_id, p_new.seats, p_new.min_seats);
    end if;
  elsif has_seat(p_group.id, p_new.user_id, p_new.id) then
    outcome := 'slot_taken';
  elsif (select taken >= p_new.seats from group_session where id = p_group.id) then
    outcome := 'session_full';
  else
    update group_session set seats = p_new.seats, min_seats = p_new.min_seats
    where id = p_group.id and (seats, min_seats) is distinct from (p_new.seats, p_new.min_seats);
    seated.group_id := p_group.id;
    seated.blocked_from := p_group.blocked_from;
    seated.blocked_to := p_group.blocked_to;
    seated.meeting_kind := p_group.meeting_kind;
    seated.meeting_url := p_group.meeting_url;
    seated.meeting_label := p_group.meeting_label;
    seated.meeting_place := p_group.meeting_place;
    seated.meeting_instructions := p_group.meeting_instructions;
  end if;
  return next;
end $$;

-- The session of a seat that was just taken: its row, if this is the first one, and its event, once somebody is sure to
-- come.
create or replace function begin_group(p_seat appointment, p_calendar text) returns void language plpgsql as $$
begin
  insert into appointment
    (id, group_id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to, meeting_kind,
     meeting_url, meeting_label, meeting_place, meeting_instructions, cancel_notice_minutes, reschedule_notice_minutes,
     notify, noticed_version)
  values
    (p_seat.group_id, p_seat.group_id, p_seat.coach_id, '', p_seat.session_type, 'scheduled', p_seat.starts_at, p_seat.ends_at,
     p_seat.blocked_from, p_seat.blocked_to, p_seat.meeting_kind, p_seat.meeting_url, p_seat.meeting_label,
     p_seat.meeting_place, p_seat.meeting_instructions, p_seat.cancel_notice_minutes, p_seat.reschedule_notice_minutes,
     false, 2147483647)
  on conflict (id) do nothing;
  if p_seat.status = 'scheduled' and p_calendar is not null then
    update appointment set calendar_id = p_calendar, calendar_due_at = now()
    where id = p_seat.group_id and calendar_id is null and status = 'scheduled';
  end if;
end $$;

-- Seats are counted where they are taken and left. With the last one the session ends; until then its event tells how
-- many come.
create or replace function count_seats() returns trigger language plpgsql as $$
declare
  was_in uuid;
  was_sure boolean := false;
  is_in uuid := case when new.status in ('held', 'scheduled', 'completed', 'no_show') then new.group_id end;
begin
  if tg_op = 'UPDATE' then
    was_in := case when old.status in ('held', 'scheduled', 'completed', 'no_show') then old.group_id end;
    was_sure := old.status <> 'held';
  end if;
  if was_in is not distinct from is_in and was_sure = (new.status <> 'held') then
    return null;
  end if;
  if was_in is distinct from is_in then
    update group_session set taken = taken - 1 where id = was_in;
    update group_session set taken = taken + 1 where id = is_in;
  end if;
  update appointment g
  set status = case when s.taken = 0 then 'cancelled' else g.status end,
      cancelled_at = case when s.taken = 0 then now() end,
      cancelled_by = case when s.taken = 0 then coalesce(new.cancelled_by, 'client') end,
      conference_pending = g.conference_pending and s.taken > 0,
      version = g.version + 1, event_outdated = true, calendar_attempts = 0, calendar_due_at = now(), updated_at = now()
  from group_session s
  where s.id = g.id and g.id in (was_in, is_in) and g.status = 'scheduled';
  return null;
end $$;
create or replace trigger appointment_seat after insert or update of status, group_id on appointment
for each row when (new.group_id <> new.id) execute function count_seats();

-- What happens to a session happens to its seats: it ends, is moved, or takes place elsewhere, by the coach's word or by
-- what they did to its event.
create or replace function follow_group() returns trigger language plpgsql as $$
begin
  if new.status = 'cancelled' and old.status = 'scheduled' then
    update group_session set judged_at = coalesce(judged_at, now()) where id = new.id;
    update appointment
    set status = 'cancelled', cancelled_at = new.cancelled_at, cancelled_by = new.cancelled_by,
        cancel_reason = new.cancel_reason, updated_at = now(), version = version + 1
    where group_id = new.id and id <> new.id and status in ('held', 'scheduled');
  elsif new.status = 'scheduled' then
    update appointment
    set starts_at = new.starts_at, ends_at = new.ends_at, blocked_from = new.blocked_from, blocked_to = new.blocked_to,
        meeting_kind = new.meeting_kind, meeting_url = case when not erased then new.meeting_url end,
        meeting_label = new.meeting_label, meeting_place = new.meeting_place,
        meeting_instructions = new.meeting_instructions, cancel_reason = case when not erased then new.cancel_reason end,
        updated_at = now(), version = version + (new.version <> old.version)::integer
    where group_id = new.id and id <> new.id and status in ('held', 'scheduled');
    -- Moved within its last day it takes place: what was decided about that day stays.
    update group_session set judged_at = null
    where id = new.id and new.starts_at <> old.starts_at and new.starts_at > now() + interval '24 hours';
  end if;
  return null;
end $$;
create or replace trigger appointment_group_changed
after update of status, starts_at, ends_at, meeting_kind, meeting_url, meeting_label, meeting_place, meeting_instructions
on appointment for each row
when (new.group_id = new.id
      and (old.status is distinct from new.status or old.starts_at is distinct from new.starts_at
           or old.ends_at is distinct from new.ends_at or old.meeting_kind is distinct from new.meeting_kind
           or old.meeting_url is distinct from new.meeting_url or old.meeting_label is distinct from new.meeting_label
           or old.meeting_place is distinct from new.meeting_place
           or old.meeting_instructions is distinct from new.meeting_instructions))
execute function follow_group();

-- Whose moves a change to this appointment waits for: its coach's, if it is a seat or a session.
create or replace function lock_group_of(p_id uuid) returns void language plpgsql as $$
declare
  coach text;
begin
  select coach_id into coach from appointment where id = p_id and group_id is not null;
  if found then
    perform lock_moves(coach);
  end if;
end $$;

/*
 * A day before a session begins it is decided whether enough come; one that somebody booked later than that takes place.
 * Whoever shows the reason has the words for it in the reader's language.
 * Returns whether there was one to be judged.
 */
create or replace function judge_group() returns boolean language plpgsql as $$
declare
  g appointment;
  s group_session;
  coming bigint;
begin
  select a.* into g from group_session o join appointment a on a.id = o.id
  where o.judged_at is null and a.status = 'scheduled' and a.starts_at <= now() + interval '24 hours'
  order by a.starts_at limit 1;
  if not found then
    return false;
  end if;
  perform lock_moves(g.coach_id);
  select * into g from appointment where id = g.id for update;
  if g.starts_at > now() + interval '24 hours' then
    return true; -- it was moved meanwhile
  end if;
  update group_session set judged_at = now() where id = g.id and judged_at is null returning * into s;
  if not found or g.status <> 'scheduled' or s.created_at > g.starts_at - interval '24 hours' then
    return true;
  end if;
  select count(*) into coming from appointment where group_id = g.id and id <> g.id and status = 'scheduled';
  if coming >= s.min_seats or g.starts_at <= now() then
    return true;
  end if;
  update appointment
  set status = 'cancelled', cancelled_at = now(), cancelled_by = 'coach', cancel_reason = 'too_few_booked',
      version = version + 1, calendar_attempts = 0, calendar_due_at = now(), updated_at = now(), conference_pending = false,
      calendar_conflict = false
  where id = g.id returning * into g;
  insert into audit (actor, role, action, coach_id, appointment_id) values ('bookingd', 'system', 'cancel', g.coach_id, g.id);
  perform pg_notify('bookingd_coach', ':' || g.coach_id);
  return true;
end $$;

-- What the title of a session's event says besides its kind; of any other appointment nothing.
create or replace function coming_of(a appointment) returns text language plpgsql stable as $$
begin
  return case when a.group_id = a.id then (
    select format(' (%s of %s seats taken)',
                  (select count(*) from appointment seat
                   where seat.group_id = a.id and seat.id <> a.id and seat.status in ('scheduled', 'completed', 'no_show')),
                  s.seats)
    from group_session s where s.id = a.id) else '' end;
end $$;
