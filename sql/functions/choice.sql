-- A code that is tried with any coach is one try, under this name instead of each coach's own.
create or replace function code_of_any(p_candidates text[], p_code text) returns text language sql stable as $$
  select string_agg(coach, ' ' order by coach) || ' ' || upper(p_code) from unnest(p_candidates) coach;
$$;

create or replace function forget_use(p_user text, p_kind text, p_about text) returns boolean language plpgsql as $$
begin
  delete from client_use
  where client = sha256(convert_to(p_user, 'UTF8')) and kind = p_kind and about = sha256(convert_to(p_about, 'UTF8'));
  return found;
end $$;

-- After it was tried with one of them: noted once, if it was no good there, or (p_again) before and still is.
create or replace function note_code_of_any(p_owner text, p_new new_booking, p_candidates text[], p_again boolean) returns void
language plpgsql as $$
begin
  if forget_use(p_owner, 'promo', p_new.coach_id || ' ' || upper(p_new.promo_code)) or p_again then
    perform note_use(p_owner, 'promo', code_of_any(p_candidates, p_new.promo_code));
  end if;
end $$;

/*
 * Book or hold with a coach whose turn it is, for a client who asked for any, and record the choice. Outcomes: those of
 * book(), or of hold_for_guest() where a guest's session is given; exists also where this client has that time with another
 * of the candidates, as their request sent twice would.
 */
create or replace function book_any(
  p_new new_booking, p_limits booking_limits, p_actor actor, p_candidates text[], p_network bytea, p_session_hash bytea,
  p_session_ends timestamptz)
returns table (outcome text, booked appointment, freed_coach text) language plpgsql as $$
declare
  b record;
  owner text;
  owners text[] := array_remove(array[p_new.user_id, network_name(p_network)], null); -- of tries of a code
  again text[] := '{}';
begin
  if p_new.status = 'scheduled' then
    perform lock_booker(p_new.id, p_new.user_id);
    select * into booked from appointment
    where coach_id = any (p_candidates) and user_id = p_new.user_id and starts_at = p_new.starts_at
      and ends_at = p_new.ends_at and session_type = p_new.session_type
      and (status = 'scheduled' or is_asked(appointment))
    limit 1;
    if found then
      outcome := 'exists';
      perform note_action(p_actor, 'create_again', booked, 200);
      return next;
      return;
    end if;
  end if;
  if p_new.promo_code is not null then
    if p_session_hash is null then
      perform lock_booker(p_new.id, p_new.user_id);
    else
      perform lock_guests(encode(p_network, 'hex'));
    end if;
    again := array(select o from unnest(owners) o where forget_use(o, 'promo', code_of_any(p_candidates, p_new.promo_code)));
  end if;
  if p_session_hash is null then
    select * into b from book(p_new, p_limits, p_actor);
  else
    select * into b from hold_for_guest(p_new, p_limits, p_actor, p_network, p_session_hash, p_session_ends);
  end if;
  if p_new.promo_code is not null then
    foreach owner in array owners loop
      perform note_code_of_any(owner, p_new, p_candidates, owner = any (again) and b.outcome <> 'booked');
    end loop;
  end if;
  outcome := b.outcome;
  booked := b.booked;
  freed_coach := b.freed_coach;
  if outcome = 'booked' then
    insert into coach_choice (appointment_id, session_type, candidates)
    values (booked.id, booked.session_type, p_candidates);
  end if;
  return next;
end $$;

/*
 * The same for a series, each of whose sessions is a choice; p_candidates null: book_series(). A date that the client has with
 * one of the candidates is slot_taken; with the first of them it was sent twice, and so is every one.
 */
create or replace function book_series_any(
  p_common new_booking, p_times jsonb, p_limits booking_limits, p_all boolean, p_actor actor, p_candidates text[])
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  had boolean[]; -- of each date
  place integer := 1;
  one record;
  again boolean := false; -- the code was tried before
begin
  if p_candidates is not null then
    perform lock_booker(p_common.id, p_common.user_id);
    had := array(select exists (select from appointment a
                                where a.coach_id = any (p_candidates) and a.user_id = p_common.user_id and a.starts_at = t.starts_at
                                  and a.ends_at = t.ends_at and a.session_type = p_common.session_type
                                  and (a.status = 'scheduled' or is_asked(a)))
                 from jsonb_array_elements(p_times) with ordinality as e (value, n),
                   lateral jsonb_to_record(e.value) as t (starts_at timestamptz, ends_at timestamptz)
                 order by e.n);
    if had[1] or (p_all and true = any (had)) then
      return query select case when had[1] or u.h then 'slot_taken' else 'booked' end, null::appointment
                   from unnest(had) with ordinality as u (h, n) order by u.n;
      return;
    end if;
    p_times := (select jsonb_agg(e.value order by e.n) from jsonb_array_elements(p_times) with ordinality as e (value, n)
                where not had[e.n]);
    again := p_common.promo_code is not null
             and forget_use(p_common.user_id, 'promo', code_of_any(p_candidates, p_common.promo_code));
  end if;
  for one in select s.outcome, s.booked from book_series(p_common, p_times, p_limits, p_all, p_actor) s loop
    while had[place] loop
      return query select 'slot_taken', null::appointment;
      place := place + 1;
    end loop;
    outcome := one.outcome;
    booked := one.booked;
    again := again and booked.id is null;
    if booked.id is not null and p_candidates is not null then -- one that was undone with others is null
      insert into coach_choice (appointment_id, session_type, candidates)
      values (booked.id, booked.session_type, p_candidates);
    end if;
    return next;
    place := place + 1;
  end loop;
  if p_common.promo_code is not null and p_candidates is not null then
    perform note_code_of_any(p_common.user_id, p_common, p_candidates, again);
  end if;
  return query select 'slot_taken', null::appointment from generate_series(place, cardinality(had));
end $$;

/*
 * Make an appointment another coach's, at another time and where that coach meets. Its event goes from the former calendar
 * before it comes into this one, if that can be (leaves_first); who invites is decided anew where the former calendar did.
 * The former coach is told who has it (people_of), and what they noted for themselves goes with them; the others are told
 * whose it was (notice.coach_id). p_new: coach, time, calendar and meeting.
 */
create or replace function change_coach(p_old appointment, p_new new_booking, p_reason text) returns appointment
language plpgsql as $$
declare
  a appointment;
begin
  update appointment
  set coach_id = p_new.coach_id, starts_at = p_new.starts_at, ends_at = p_new.ends_at, blocked_from = p_new.blocked_from,
      blocked_to = p_new.blocked_to, meeting_kind = p_new.meeting_kind, meeting_url = p_new.meeting_url,
      meeting_label = p_new.meeting_label, meeting_place = p_new.meeting_place,
      meeting_instructions = p_new.meeting_instructions, cancel_reason = p_reason,
      reschedule_count = reschedule_count + 1, updated_at = now(), version = version + 1,
      invited_by = case when invited_by <> 'google' then invited_by end, calendar_id = p_new.calendar_id,
      calendar_attempts = 0, calendar_due_at = leased_until(p_new.calendar_lease), calendar_conflict = false,
      calendar_detail = null, synced_version = 0, refused_version = 0, event_written = false, event_outdated = true,
      event_etag = null, event_link = null, conference_pending = false, guest_response = 'none'
  where id = p_old.id returning * into a;
  if p_old.calendar_id is not null then
    insert into left_event (appointment_id, coach_id, calendar_id) values (a.id, p_old.coach_id, p_old.calendar_id)
    on conflict (appointment_id, coach_id) do update
    set calendar_id = excluded.calendar_id, attempts = 0, due_at = now();
  end if;
  delete from left_event where appointment_id = a.id and coach_id = a.coach_id; -- it has come back
  if p_old.invited_by = 'google' and p_old.event_written then -- so that whoever invites now tells of a change
    perform told_by_google(p_old, p_old.version, place_of(p_old),
                           string_to_array(lower(concat_ws(' ', p_old.email, p_old.guests)), ' '));
  end if;
  update notice set coach_id = p_old.coach_id where appointment_id = a.id and recipient <> 'coach' and coach_id is null;
  update notice set guest = case guest when '' then p_old.coach_id else '' end
  where appointment_id = a.id and recipient = 'coach' and guest in ('', a.coach_id)
    and kind in ('confirmed', 'moved', 'meeting_changed', 'cancelled');
  update appointment_private set coach_notes = null where appointment_id = a.id and coach_notes is not null;
  return a;
end $$;

/*
 * Move an appointment to another coach, who gives the type for the same price, in one transaction. The client's limits with
 * that coach count as for a booking. Credits go back to the former coach's grants and are taken of this one's. Outcomes:
 * those of move_appointment(), and booking_limit, total_reached, credits_required. freed_coach: whose it was.
 */
create or replace function move_to_coach(
  p_new new_booking, p_exempt boolean, p_limits booking_limits, p_actor actor, p_reason text, p_candidates text[])
returns table (outcome text, booked appointment, freed_coach text) language plpgsql as $$
declare
  former appointment;
  payer text := case when p_actor.role in ('coach', 'admin') then p_actor.role else 'client' end;
begin
  select * into former from appointment where id = p_new.id;
  perform lock_client(former.user_id);
  perform lock_moves(p_new.coach_id, former.coach_id);
  if p_limits.max_per_day is not null then
    perform lock_day(p_new.coach_id, p_limits.day_from);
  end if;
  perform expire_holds(p_new.coach_id, least(p_new.blocked_from, p_limits.day_from),
                       greatest(p_new.blocked_to, p_limits.day_to));
  select * into former from appointment where id = p_new.id for update;
  if former.coach_id = p_new.coach_id then -- another move has brought it to them meanwhile
    return query select m.outcome, m.booked, null from move_appointment(p_new, p_exempt, p_limits, p_actor, p_reason) m;
    return;
  end if;
  booked := former;
  outcome := may_move(former, p_new, p_exempt, p_actor);
  if outcome is not null then
    null;
  elsif active_count(p_new.coach_id, former.user_id, p_limits.max_active_type, former.id) >= p_limits.max_active then
    outcome := 'booking_limit';
    booked := first_active(p_new.coach_id, former.user_id, p_limits.max_active_type);
  elsif p_new.max_total is not null
        and total_count(p_new.coach_id, former.user_id, p_new.max_total_type) >= p_new.max_total then
    outcome := 'total_reached';
  elsif p_limits.max_per_day is not null
        and day_count(p_new.coach_id, p_limits.max_per_day_type, p_limits.day_from, p_limits.day_to, former.id)
            >= p_limits.max_per_day then
    outcome := 'day_full';
  end if;
  if outcome is not null then
    return next;
    return;
  end if;
  begin
    perform give_way(former.user_id, p_new);
    booked := change_coach(former, p_new, p_reason);
    perform must_be_apart();
    if booked.payment_state = 'paid' and booked.price_credits > 0 then
      perform return_credits(booked.id, booked.price_credits, 'returned', payer);
      if not spend_credits(booked.coach_id, booked.user_id, booked.session_type, booked.price_credits, booked.id, payer) then
        raise exception using message = 'credits_required', errcode = 'BK006';
      end if;
    end if;
    outcome := 'moved';
    freed_coach := former.coach_id;
    insert into coach_choice (appointment_id, session_type, candidates)
    values (booked.id, booked.session_type, p_candidates)
    on conflict (appointment_id) do update set candidates = excluded.candidates, chosen_at = now();
    perform note_move(booked, p_new, p_actor);
  exception
    when exclusion_violation then
      outcome := 'slot_taken';
      booked := former;
    when sqlstate 'BK006' then
      outcome := 'credits_required';
      booked := former;
  end;
  return next;
end $$;
