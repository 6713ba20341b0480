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
begin
  if p_new.status = 'scheduled' then
    perform lock_client(p_new.user_id);
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
  if p_session_hash is null then
    select * into b from book(p_new, p_limits, p_actor);
  else
    select * into b from hold_for_guest(p_new, p_limits, p_actor, p_network, p_session_hash, p_session_ends);
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
 * The same for a series, each of whose sessions is a choice; p_candidates null: book_series(). Who has its first date with one
 * of the candidates has sent it twice, and every date is slot_taken.
 */
create or replace function book_series_any(
  p_common new_booking, p_times jsonb, p_limits booking_limits, p_all boolean, p_actor actor, p_candidates text[])
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  one record;
begin
  if p_candidates is not null then
    perform lock_client(p_common.user_id);
    if exists (select from appointment a, jsonb_to_record(p_times -> 0) as t (starts_at timestamptz, ends_at timestamptz)
               where a.coach_id = any (p_candidates) and a.user_id = p_common.user_id and a.starts_at = t.starts_at
                 and a.ends_at = t.ends_at and a.session_type = p_common.session_type
                 and (a.status = 'scheduled' or is_asked(a))) then
      return query select 'slot_taken', null::appointment from jsonb_array_elements(p_times);
      return;
    end if;
  end if;
  for one in select s.outcome, s.booked from book_series(p_common, p_times, p_limits, p_all, p_actor) s loop
    outcome := one.outcome;
    booked := one.booked;
    if outcome = 'booked' and p_candidates is not null then
      insert into coach_choice (appointment_id, session_type, candidates)
      values (booked.id, booked.session_type, p_candidates);
    end if;
    return next;
  end loop;
end $$;
