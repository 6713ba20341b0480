-- Series: appointments that are booked, cancelled and moved together, in one transaction.

/*
 * Book every occurrence (p_all) or those that can be. p_common: what all have in common. p_times: an array of
 * {id, place, starts_at, ends_at, blocked_from, blocked_to, day_from, day_to, answers, meeting_url}, with place among the dates
 * that were asked for (null: as they are given). A row for each with its outcome as of book(), where one that the client has
 * already is slot_taken; with p_all nothing stays unless all were booked, and the rows of those that could be are null. A
 * client's limit counts the series once. Each date takes a use of a code; one that is of no use even for the first is refused
 * for all of them.
 */
create or replace function book_series(p_common new_booking, p_times jsonb, p_limits booking_limits, p_all boolean, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  occurrence record;
  one new_booking;
  outcomes text[] := '{}';
  made appointment[] := '{}';
  answer record;
  code_outcome text;
begin
  -- Rows of ours may be waited for from the first one on: see lock_moves.
  perform lock_booker(p_common.id, p_common.user_id);
  perform lock_moves(p_common.coach_id);
  -- Before anything is undone, so that a wrong try stays noted.
  if p_common.promo_code is not null then
    select t.outcome into code_outcome from try_code(p_common) t;
    if code_outcome <> 'ok' then
      return query select code_outcome, null::appointment from jsonb_array_elements(p_times);
      return;
    end if;
  end if;
  begin
    for occurrence in
      select t.*, coalesce(t.place, e.n - 1) as number
      from jsonb_array_elements(p_times) with ordinality as e (value, n),
        lateral jsonb_to_record(e.value)
          as t (id uuid, place integer, starts_at timestamptz, ends_at timestamptz, blocked_from timestamptz,
                blocked_to timestamptz, day_from timestamptz, day_to timestamptz, answers text, meeting_url text)
      order by e.n
    loop
      one := p_common;
      one.id := occurrence.id;
      one.starts_at := occurrence.starts_at;
      one.ends_at := occurrence.ends_at;
      one.blocked_from := occurrence.blocked_from;
      one.blocked_to := occurrence.blocked_to;
      one.answers := occurrence.answers;
      one.meeting_url := occurrence.meeting_url;
      one.series_index := occurrence.number;
      p_limits.day_from := occurrence.day_from;
      p_limits.day_to := occurrence.day_to;
      begin
        select b.outcome, b.booked into answer from book(one, p_limits, p_actor) b;
        -- Raised, so that what it has noted is undone: no session has come of it, and the code was no wrong one.
        if answer.outcome = 'exists' then
          raise exception using errcode = 'BK001', message = 'slot_taken';
        elsif answer.outcome in ('promo_code_invalid', 'too_many_codes') then
          raise exception using errcode = 'BK007', message = 'promo_code_invalid';
        end if;
        outcomes := outcomes || answer.outcome;
      exception
        when sqlstate 'BK001' then outcomes := outcomes || 'slot_taken'::text;
        when sqlstate 'BK002' then outcomes := outcomes || 'booking_limit'::text;
        when sqlstate 'BK003' then outcomes := outcomes || 'day_full'::text;
        when sqlstate 'BK004' then outcomes := outcomes || 'address_not_verified'::text;
        when sqlstate 'BK005' then outcomes := outcomes || 'too_often'::text;
        when sqlstate 'BK006' then outcomes := outcomes || 'credits_required'::text;
        when sqlstate 'BK007' then outcomes := outcomes || 'promo_code_invalid'::text;
        when sqlstate 'BK008' then outcomes := outcomes || 'total_reached'::text;
        when sqlstate 'BK009' then outcomes := outcomes || 'session_full'::text;
        when sqlstate 'BK011' then outcomes := outcomes || 'too_many_guests'::text;
      end;
      if outcomes[cardinality(outcomes)] = 'booked' then
        made := array_append(made, answer.booked);
        p_limits.max_active := null;
      else
        made := array_append(made, null::appointment);
      end if;
    end loop;
    if p_all and exists (select from unnest(outcomes) o where o <> 'booked') then
      raise exception using errcode = 'BK010', message = 'series_conflict';
    end if;
  exception when sqlstate 'BK010' then
    made := '{}';
  end;
  return query select outcomes[i], made[i] from generate_subscripts(outcomes, 1) i order by i;
end $$;

/* Cancel each, under its own cut-off. A row for each with its outcome as of cancel_appointment(). */
create or replace function cancel_series(
  p_ids uuid[], p_by text, p_exempt boolean, p_reason text, p_lease integer, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
begin
  perform lock_moves(variadic array(select coach_id from appointment where id = any (p_ids)));
  return query
    select c.outcome, c.booked
    from unnest(p_ids) with ordinality as t (id, n),
      lateral cancel_appointment(t.id, p_by, p_exempt, p_reason, p_lease, p_actor) c
    order by t.n;
end $$;

/*
 * Move each to its time, in the order given, so that one may take the time that another leaves; each under its own rules. The
 * day's changes are counted before the first, so that they end no series half way. p_times: as of book_series(), with the ids
 * of those that are moved. A row for each with its outcome as of move_appointment().
 */
create or replace function move_series(
  p_common new_booking, p_times jsonb, p_exempt boolean, p_limits booking_limits, p_actor actor, p_reason text)
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  client text := (select user_id from appointment where id = (p_times -> 0 ->> 'id')::uuid);
begin
  perform lock_client(client) where p_common.max_changes is not null;
  perform lock_moves(p_common.coach_id);
  if use_count(client, 'change', '') < p_common.max_changes then
    p_common.max_changes := p_common.max_changes + jsonb_array_length(p_times);
  end if;
  for p_common.id, p_common.starts_at, p_common.ends_at, p_common.blocked_from, p_common.blocked_to,
      p_limits.day_from, p_limits.day_to in
    select t.*
    from jsonb_array_elements(p_times) with ordinality as e (value, n),
      lateral jsonb_to_record(e.value)
        as t (id uuid, starts_at timestamptz, ends_at timestamptz, blocked_from timestamptz, blocked_to timestamptz,
              day_from timestamptz, day_to timestamptz)
    order by e.n
  loop
    return query select m.outcome, m.booked from move_appointment(p_common, p_exempt, p_limits, p_actor, p_reason) m;
  end loop;
end $$;
