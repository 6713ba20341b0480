-- A function in SQL is planned anew at every call unless it can be written into its caller's statement; one in plpgsql
-- once in a connection's life. Counting for two limits took more than the booking itself.

create or replace function lock_client(p_user text) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469163, hashtext(p_user));
end $$;

create or replace function lock_day(p_coach text, p_day timestamptz) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469164, hashtext(p_coach || extract(epoch from p_day)::text));
end $$;

create or replace function lock_moves(variadic p_coaches text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469165, hash)
  from (select distinct hashtext(coach) as hash from unnest(p_coaches) coach where coach is not null order by 1) sorted;
end $$;

create or replace function expire_holds(p_coach text, p_from timestamptz, p_to timestamptz) returns void
language plpgsql as $$
begin
  update appointment set status = 'expired', updated_at = now(), version = version + 1
  where coach_id = p_coach and status = 'held' and hold_expires_at <= now()
    and blocked_from < p_to and blocked_to > p_from;
end $$;

create or replace function remember_reply(p_caller text, p_key text, p_hash bytea, p_appointment uuid, p_status integer,
                                          p_body text) returns void language plpgsql as $$
begin
  insert into idempotency_key as k (caller, key, request_hash, appointment_id, status, body)
  values (p_caller, p_key, p_hash, p_appointment, p_status, p_body)
  on conflict (caller, key) do update
  set request_hash = excluded.request_hash, appointment_id = excluded.appointment_id, status = excluded.status,
      body = excluded.body, created_at = now();
end $$;

create or replace function active_count(p_coach text, p_user text, p_type text, p_except uuid) returns bigint
language plpgsql stable as $$
begin
  return (
    select count(*) from appointment
    where user_id = p_user and coach_id = p_coach and (p_type is null or session_type = p_type)
      and starts_at > now() - interval '24 hours' and ends_at > now()
      and (status = 'scheduled' or (status = 'held' and hold_expires_at > now()))
      and id is distinct from p_except);
end $$;

create or replace function day_count(p_coach text, p_type text, p_from timestamptz, p_to timestamptz, p_except uuid)
returns bigint language plpgsql stable as $$
begin
  return (
    select count(*) from appointment
    where coach_id = p_coach and starts_at >= p_from and starts_at < p_to and (p_type is null or session_type = p_type)
      and (status in ('scheduled', 'completed', 'no_show') or (status = 'held' and hold_expires_at > now()))
      and id is distinct from p_except);
end $$;

create or replace function note_google(p_action text, p_appointment appointment) returns void language plpgsql as $$
begin
  insert into audit (actor, role, action, coach_id, appointment_id)
  values ('google', 'calendar', p_action, p_appointment.coach_id, p_appointment.id);
end $$;
