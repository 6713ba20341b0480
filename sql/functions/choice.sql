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
