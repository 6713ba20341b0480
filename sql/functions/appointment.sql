/*
 * Cancel or release. Outcomes: cancelled, already, cancellation_closed, not_active.
 * p_exempt: the cut-off does not bind this actor. Whoever it binds may cancel later than that where the appointment
 * says so (late_cancel), until it starts, and then loses what it took.
 */
create or replace function cancel_appointment(p_id uuid, p_by text, p_exempt boolean, p_reason text, p_lease integer, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  late boolean;
begin
  perform lock_group_of(p_id);
  select * into booked from appointment where id = p_id for update;
  late := booked.status = 'scheduled' and not p_exempt
          and booked.starts_at - make_interval(mins => booked.cancel_notice_minutes) < now();
  if booked.status = 'cancelled' then
    outcome := 'already';
  elsif booked.status not in ('scheduled', 'held') or (booked.status = 'held' and booked.hold_expires_at <= now()) then
    outcome := 'not_active';
  elsif booked.status = 'scheduled' and booked.ends_at <= now() then
    outcome := case when p_exempt then 'not_active' else 'cancellation_closed' end;
  elsif late and (booked.late_cancel <> 'keep' or booked.starts_at <= now()) then
    outcome := 'cancellation_closed';
  else
    update appointment
    set status = 'cancelled', payment_state = case when late and payment_state = 'paid' then 'kept' else payment_state end,
        cancelled_at = now(), cancelled_by = p_by, cancel_reason = p_reason, updated_at = now(),
        version = version + 1, calendar_attempts = 0, calendar_due_at = leased_until(p_lease),
        calendar_conflict = false, conference_pending = false
    where id = p_id returning * into booked;
    outcome := 'cancelled';
    if p_by = 'client' and (booked.hold_expires_at is null or booked.hold_kind = 'request') then
      perform note_use(booked.user_id, 'change', booked.id || ' ' || booked.version);
    end if;
  end if;
  if outcome in ('cancelled', 'already') then
    perform note_action(p_actor, 'cancel', booked, 200);
  end if;
  return next;
end $$;

-- What is to be said of a move before anything else is looked at; null: nothing. The row is locked.
create or replace function may_move(a appointment, p_new new_booking, p_exempt boolean, p_actor actor) returns text
language plpgsql as $$
begin
  if a.status <> 'scheduled' then
    return 'not_active';
  elsif a.ends_at <= now()
        or (not p_exempt and a.starts_at - make_interval(mins => a.reschedule_notice_minutes) < now()) then
    return 'reschedule_closed';
  elsif a.starts_at = p_new.starts_at and a.ends_at = p_new.ends_at then
    perform note_action(p_actor, 'reschedule', a, 200);
    return 'same';
  elsif not p_exempt and a.reschedule_count >= a.max_reschedules then
    return 'reschedule_limit';
  elsif use_count(a.user_id, 'change', '') >= p_new.max_changes then
    return 'too_often';
  end if;
  return null;
end $$;

-- The client's own hold gives way to what they move, and an offer to them is what they waited for; both stay where the move
-- fails.
create or replace function give_way(p_user text, p_new new_booking) returns void language plpgsql as $$
begin
  with gone as (
    update appointment set status = 'expired', updated_at = now(), version = version + 1
    where user_id = p_user and status = 'held' and hold_kind <> 'request' and coach_id = p_new.coach_id
      and blocked_from < p_new.blocked_to and blocked_to > p_new.blocked_from
    returning id, hold_kind, hold_expires_at)
  update waitlist w set state = 'booked' from gone
  where w.appointment_id = gone.id and gone.hold_kind = 'offer' and gone.hold_expires_at > now() and w.state = 'offered';
end $$;

create or replace function note_move(a appointment, p_new new_booking, p_actor actor) returns void language plpgsql as $$
begin
  if p_new.max_changes is not null then
    perform note_use(a.user_id, 'change', a.id || ' ' || a.version);
  end if;
  perform note_action(p_actor, 'reschedule', a, 200);
end $$;

/*
 * Move an appointment: the new slot is taken and the old one freed in one statement. What the client was promised
 * when booking stays. A seat leaves its session for another one, or begins one. p_reason: what the coach says of it.
 * Outcomes: moved, same (it is there already), reschedule_closed, reschedule_limit, not_active, too_often, day_full,
 * slot_taken, session_full.
 */
create or replace function move_appointment(
  p_new new_booking, p_exempt boolean, p_limits booking_limits, p_actor actor, p_reason text default null)
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  in_group appointment; -- the session that a seat is moved to
  calendar text;
  seat record;
begin
  perform lock_client(user_id) from appointment where id = p_new.id and p_new.max_changes is not null;
  perform lock_moves(p_new.coach_id);
  select * into booked from appointment where id = p_new.id for update;
  outcome := may_move(booked, p_new, p_exempt, p_actor);
  if outcome is null and booked.group_id <> booked.id then
    perform expire_holds(p_new.coach_id, p_new.blocked_from, p_new.blocked_to);
    in_group := find_group(p_new.coach_id, booked.session_type, p_new.starts_at, p_new.ends_at);
    p_new.user_id := booked.user_id;
    -- A type that is not shared any more says nothing of seats.
    select g.calendar_id, coalesce(p_new.seats, s.seats), coalesce(p_new.min_seats, s.min_seats)
    into calendar, p_new.seats, p_new.min_seats
    from group_session s join appointment g on g.id = s.id where s.id = booked.group_id;
  else
    p_new.seats := null;
  end if;
  if outcome is null and p_limits.max_per_day is not null and in_group.id is null then
    perform lock_day(p_new.coach_id, p_limits.day_from);
    perform expire_holds(p_new.coach_id, p_limits.day_from, p_limits.day_to);
    if day_count(p_new.coach_id, p_limits.max_per_day_type, p_limits.day_from, p_limits.day_to, p_new.id)
       >= p_limits.max_per_day then
      outcome := 'day_full';
    end if;
  end if;
  p_new.group_id := booked.group_id;
  if outcome is null and p_new.seats is not null then
    select s.outcome, s.seated into seat from find_seat(p_new, in_group) s;
    p_new := seat.seated;
    outcome := nullif(seat.outcome, 'ok');
  end if;
  if outcome is not null then
    return next;
    return;
  end if;

  perform expire_holds(p_new.coach_id, p_new.blocked_from, p_new.blocked_to);
  begin
    perform give_way(booked.user_id, p_new);
    update appointment
    set starts_at = p_new.starts_at, ends_at = p_new.ends_at, blocked_from = p_new.blocked_from,
        blocked_to = p_new.blocked_to, group_id = p_new.group_id, reschedule_count = reschedule_count + 1, updated_at = now(),
        version = version + 1, calendar_attempts = 0, calendar_due_at = leased_until(p_new.calendar_lease), calendar_conflict = false,
        cancel_reason = p_reason
    where id = p_new.id returning * into booked;
    perform must_be_apart();
    if p_new.seats is not null then
      update appointment
      set meeting_kind = coalesce(p_new.meeting_kind, meeting_kind),
          meeting_url = case when in_group.id is not null then p_new.meeting_url
                             when meeting_kind <> 'google_meet' then meeting_url end,
          meeting_label = case when in_group.id is null then meeting_label else p_new.meeting_label end,
          meeting_place = case when in_group.id is null then meeting_place else p_new.meeting_place end,
          meeting_instructions = case when in_group.id is null then meeting_instructions else p_new.meeting_instructions end
      where id = p_new.id returning * into booked;
      perform begin_group(booked, calendar);
    end if;
    outcome := 'moved';
    perform note_move(booked, p_new, p_actor);
  exception when exclusion_violation then
    outcome := 'slot_taken';
    delete from group_session where id = p_new.group_id and taken = 0;
  end;
  return next;
end $$;

/* Once it has started: completed or no_show. Outcomes: marked, not_started, not_active. */
create or replace function mark_appointment(p_id uuid, p_status text, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
begin
  select * into booked from appointment where id = p_id for update;
  if booked.status not in ('scheduled', 'completed', 'no_show') then
    outcome := 'not_active';
  elsif booked.starts_at > now() then
    outcome := 'not_started';
  else
    update appointment set status = p_status, updated_at = now() where id = p_id returning * into booked;
    outcome := 'marked';
    perform note_action(p_actor, p_status, booked, 200);
  end if;
  return next;
end $$;

/*
 * Give a session another place to meet, with all its seats; what was asked of Google for the former one is over. Outcomes:
 * placed, not_active.
 */
create or replace function set_meeting(
  p_id uuid, p_kind text, p_url text, p_label text, p_place text, p_instructions text, p_lease integer, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  target uuid := (select coalesce(group_id, id) from appointment where id = p_id);
begin
  perform lock_group_of(p_id);
  select * into booked from appointment where id = target for update;
  if booked.status <> 'scheduled' or booked.ends_at <= now() then
    outcome := 'not_active';
  elsif (booked.meeting_kind, booked.meeting_label, booked.meeting_place, booked.meeting_instructions)
          is not distinct from (p_kind, p_label, p_place, p_instructions)
        and (p_kind = 'google_meet' or booked.meeting_url is not distinct from p_url) then
    outcome := 'placed';
  else
    update appointment
    set meeting_kind = p_kind, meeting_url = p_url, meeting_label = p_label, meeting_place = p_place,
        meeting_instructions = p_instructions, conference_pending = false, conference_attempt = conference_attempt + (p_kind = 'google_meet')::integer,
        event_outdated = true, updated_at = now(), version = version + 1, calendar_attempts = 0,
        calendar_due_at = leased_until(p_lease)
    where id = target returning * into booked;
    outcome := 'placed';
    perform note_action(p_actor, 'meeting', booked, 200);
  end if;
  if target <> p_id then
    select * into booked from appointment where id = p_id;
  end if;
  return next;
end $$;
