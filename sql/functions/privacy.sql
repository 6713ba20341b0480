/*
 * Erase a person: personal fields blanked, upcoming appointments cancelled, kept replies dropped. Google's events
 * follow by the version.
 */
create or replace function erase_user(p_user text, p_by text, p_actor actor)
returns table (cancelled_count bigint, erased_count bigint, coaches text[]) language plpgsql as $$
begin
  perform lock_client(p_user);
  perform lock_moves(variadic array(select distinct coach_id from appointment
                                    where user_id = p_user and (status = 'held' or (status = 'scheduled' and ends_at > now()))));
  update appointment set status = 'expired', updated_at = now()
  where user_id = p_user and status = 'held' and hold_expires_at <= now();
  with gone as (
    update appointment
    set status = 'cancelled', cancelled_at = now(), cancelled_by = p_by, updated_at = now(), conference_pending = false
    where user_id = p_user and status in ('scheduled', 'held') and ends_at > now()
    returning 1)
  select count(*) into cancelled_count from gone;
  with blank as (
    update appointment
    set name = null, email = null, phone = null, notes = null, cancel_reason = null, client_time_zone = null, locale = null,
        erased = true, updated_at = now(), version = version + 1, calendar_attempts = 0, calendar_due_at = now()
    where user_id = p_user and not erased
    returning coach_id)
  select count(*), coalesce(array_agg(distinct coach_id), '{}') into erased_count, coaches from blank;
  -- Replies to a coach or an admin tell of this person too.
  delete from idempotency_key where caller = p_user;
  delete from idempotency_key where appointment_id = any (array(select id from appointment where user_id = p_user));
  -- What mail servers said may name an address.
  update notice set detail = null
  where detail is not null and appointment_id = any (array(select id from appointment where user_id = p_user));
  delete from action_token where user_id = p_user
    or appointment_id = any (array(select id from appointment where user_id = p_user))
    or email = any (array(select email from known_address where user_id = p_user));
  delete from own_session where user_id = p_user
    or appointment_id = any (array(select id from appointment where user_id = p_user));
  delete from notice_preference where user_id = p_user;
  delete from mail_suppression where email = any (array(select email from known_address where user_id = p_user));
  delete from known_address where user_id = p_user;
  insert into audit (actor, role, action, request_id) values (p_actor.user_id, p_actor.role, 'erase', p_actor.request_id);
  return next;
end $$;
