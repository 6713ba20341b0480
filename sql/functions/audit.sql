create or replace function make_actor(
  p_user_id text, p_role text, p_request_id text, p_idempotency_key text default null, p_request_hash bytea default null)
returns actor language sql immutable as $$
  select row(p_user_id, p_role, p_request_id, p_idempotency_key, p_request_hash)::actor;
$$;

-- What somebody did, and the key it was asked under.
create or replace function note_action(p_actor actor, p_action text, p_appointment appointment, p_status integer)
returns void language plpgsql as $$
begin
  insert into audit (actor, role, action, coach_id, appointment_id, request_id)
  values (p_actor.user_id, p_actor.role, p_action, p_appointment.coach_id, p_appointment.id, p_actor.request_id);
  if p_actor.idempotency_key is not null then
    perform remember_reply(p_actor.user_id, p_actor.idempotency_key, p_actor.request_hash, p_appointment.id,
                           p_status, null);
  end if;
end $$;

-- What the coach did in Google.
create or replace function note_google(p_action text, p_appointment appointment) returns void language plpgsql as $$
begin
  insert into audit (actor, role, action, coach_id, appointment_id)
  values ('google', 'calendar', p_action, p_appointment.coach_id, p_appointment.id);
end $$;
