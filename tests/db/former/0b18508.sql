SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA bookingd;
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA bookingd;
COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';
CREATE TYPE bookingd.actor AS (
	user_id text,
	role text,
	request_id text,
	idempotency_key text,
	request_hash bytea
);
CREATE TYPE bookingd.booking AS (
	id uuid,
	coach_id text,
	user_id text,
	session_type text,
	status text,
	starts_at timestamp with time zone,
	ends_at timestamp with time zone,
	blocked_from timestamp with time zone,
	blocked_to timestamp with time zone,
	client_time_zone text,
	name text,
	email text,
	phone text,
	notes text,
	meeting_kind text,
	cancel_notice_minutes integer,
	reschedule_notice_minutes integer,
	max_reschedules integer,
	hold_minutes integer,
	calendar_id text,
	calendar_lease integer
);
CREATE TYPE bookingd.booking_limits AS (
	max_active integer,
	max_active_type text,
	max_per_day integer,
	max_per_day_type text,
	day_from timestamp with time zone,
	day_to timestamp with time zone
);
CREATE FUNCTION bookingd.active_count(p_coach text, p_user text, p_type text, p_except uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return (
    select count(*) from appointment
    where user_id = p_user and coach_id = p_coach and (p_type is null or session_type = p_type)
      and starts_at > now() - interval '24 hours' and ends_at > now()
      and (status = 'scheduled' or (status = 'held' and hold_expires_at > now()))
      and id is distinct from p_except);
end $$;
CREATE FUNCTION bookingd.appointment_is_sound(status text, meeting_kind text, cancelled_by text, starts_at timestamp with time zone, ends_at timestamp with time zone, blocked_from timestamp with time zone, blocked_to timestamp with time zone, hold_expires_at timestamp with time zone, version integer, synced_version integer, refused_version integer) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  return status in ('held', 'scheduled', 'cancelled', 'completed', 'no_show', 'expired')
     and meeting_kind in ('google_meet', 'phone', 'in_person', 'none')
     and (cancelled_by is null or cancelled_by in ('client', 'coach', 'admin', 'calendar'))
     -- Whoever looks for what has not ended need look no further back.
     and ends_at > starts_at and ends_at - starts_at <= interval '24 hours'
     and blocked_from <= starts_at and blocked_to >= ends_at
     and (status <> 'held' or hold_expires_at is not null)
     and synced_version <= version and refused_version <= version;
end $$;
CREATE FUNCTION bookingd.begin_request(p_caller text, p_key text, p_hash bytea) RETURNS TABLE(locked boolean, same boolean, status integer, body text, appointment_id uuid)
    LANGUAGE plpgsql
    AS $$
begin
  locked := pg_try_advisory_lock(hashtextextended(p_caller || ' ' || p_key, 1651469166));
  if locked then
    select k.request_hash = p_hash, k.status, k.body, k.appointment_id into same, status, body, appointment_id
    from idempotency_key k
    where k.caller = p_caller and k.key = p_key and k.created_at > now() - interval '24 hours';
  end if;
  return next;
end $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE bookingd.appointment (
    id uuid NOT NULL,
    coach_id text NOT NULL,
    user_id text NOT NULL,
    session_type text NOT NULL,
    status text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    blocked_from timestamp with time zone NOT NULL,
    blocked_to timestamp with time zone NOT NULL,
    hold_expires_at timestamp with time zone,
    client_time_zone text,
    name text,
    email text,
    phone text,
    notes text,
    meeting_kind text NOT NULL,
    meeting_url text,
    cancel_notice_minutes integer NOT NULL,
    reschedule_notice_minutes integer NOT NULL,
    max_reschedules integer,
    reschedule_count integer DEFAULT 0 NOT NULL,
    cancel_reason text,
    cancelled_at timestamp with time zone,
    cancelled_by text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    calendar_id text,
    synced_version integer DEFAULT 0 NOT NULL,
    refused_version integer DEFAULT 0 NOT NULL,
    calendar_conflict boolean DEFAULT false NOT NULL,
    calendar_detail text,
    calendar_attempts integer DEFAULT 0 NOT NULL,
    calendar_due_at timestamp with time zone DEFAULT now() NOT NULL,
    event_written boolean DEFAULT false NOT NULL,
    event_etag text,
    event_link text,
    conference_attempt integer DEFAULT 1 NOT NULL,
    conference_pending boolean DEFAULT false NOT NULL,
    erased boolean DEFAULT false NOT NULL,
    CONSTRAINT appointment_is_sound CHECK (bookingd.appointment_is_sound(status, meeting_kind, cancelled_by, starts_at, ends_at, blocked_from, blocked_to, hold_expires_at, version, synced_version, refused_version))
);
CREATE FUNCTION bookingd.book(p_new bookingd.booking, p_limits bookingd.booking_limits, p_actor bookingd.actor) RETURNS TABLE(outcome text, booked bookingd.appointment, freed_coach text)
    LANGUAGE plpgsql
    AS $$
declare
  counted_from timestamptz := least(p_new.blocked_from, p_limits.day_from);
  counted_to timestamptz := greatest(p_new.blocked_to, p_limits.day_to);
  own_hold appointment;
  others_expire boolean;
  released boolean := false;
begin
  perform lock_client(p_new.user_id);
  if p_new.status = 'scheduled' then
    select * into booked from appointment
    where coach_id = p_new.coach_id and user_id = p_new.user_id and starts_at = p_new.starts_at
      and ends_at = p_new.ends_at and status = 'scheduled';
    if found then
      outcome := 'exists';
      perform note_action(p_actor, 'create_again', booked, 200);
      return next;
      return;
    end if;
  end if;
  -- A new hold replaces the old one; a booking over the caller's own hold takes its place.
  select * into own_hold from appointment
  where user_id = p_new.user_id and status = 'held'
    and (p_new.status = 'held'
         or (coach_id = p_new.coach_id
             and (hold_expires_at <= now() or (blocked_from < p_new.blocked_to and blocked_to > p_new.blocked_from))));
  others_expire := exists (select from appointment
                           where coach_id = p_new.coach_id and status = 'held' and hold_expires_at <= now()
                             and blocked_from < counted_to and blocked_to > counted_from);
  if own_hold.id is not null or others_expire then
    perform lock_moves(p_new.coach_id, own_hold.coach_id);
  end if;
  if p_limits.max_per_day is not null then
    perform lock_day(p_new.coach_id, p_limits.day_from);
  end if;
  if own_hold.id is not null then
    update appointment set status = 'expired', updated_at = now(), version = version + 1
    where id = own_hold.id and status = 'held';
    released := found and own_hold.hold_expires_at > now();
    if released and own_hold.coach_id <> p_new.coach_id then
      freed_coach := own_hold.coach_id;
    end if;
  end if;
  if others_expire then
    perform expire_holds(p_new.coach_id, counted_from, counted_to);
  end if;
  if p_limits.max_active is not null
     and active_count(p_new.coach_id, p_new.user_id, p_limits.max_active_type, null) >= p_limits.max_active then
    outcome := 'booking_limit';
    -- The one to move or cancel instead.
    select * into booked from appointment
    where user_id = p_new.user_id and coach_id = p_new.coach_id and status = 'scheduled'
      and starts_at > now() - interval '24 hours' and ends_at > now()
      and (p_limits.max_active_type is null or session_type = p_limits.max_active_type)
    order by starts_at limit 1;
  elsif p_limits.max_per_day is not null
        and day_count(p_new.coach_id, p_limits.max_per_day_type, p_limits.day_from, p_limits.day_to, null)
            >= p_limits.max_per_day then
    outcome := 'day_full';
  end if;
  if outcome is null then
    insert into appointment
      (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to, hold_expires_at,
       client_time_zone, name, email, phone, notes, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes,
       max_reschedules, calendar_id, calendar_due_at)
    values
      (p_new.id, p_new.coach_id, p_new.user_id, p_new.session_type, p_new.status, p_new.starts_at, p_new.ends_at,
       p_new.blocked_from, p_new.blocked_to,
       case when p_new.status = 'held' then date_trunc('second', now()) + make_interval(mins => p_new.hold_minutes) end,
       p_new.client_time_zone, p_new.name, p_new.email, p_new.phone, p_new.notes, p_new.meeting_kind,
       p_new.cancel_notice_minutes, p_new.reschedule_notice_minutes, p_new.max_reschedules,
       case when p_new.status = 'scheduled' then p_new.calendar_id end, leased_until(p_new.calendar_lease))
    on conflict do nothing
    returning * into booked;
    if found then
      outcome := 'booked';
      perform note_action(p_actor, case when p_new.status = 'held' then 'hold' else 'create' end, booked, 201);
      return next;
      return;
    end if;
    outcome := 'slot_taken';
  end if;
  if released then
    raise exception using message = outcome,
      errcode = case outcome when 'slot_taken' then 'BK001' when 'booking_limit' then 'BK002' else 'BK003' end;
  end if;
  return next;
end $$;
CREATE FUNCTION bookingd.cancel_appointment(p_id uuid, p_by text, p_exempt boolean, p_reason text, p_lease integer, p_actor bookingd.actor) RETURNS TABLE(outcome text, booked bookingd.appointment)
    LANGUAGE plpgsql
    AS $$
begin
  select * into booked from appointment where id = p_id for update;
  if booked.status = 'cancelled' then
    outcome := 'already';
  elsif booked.status not in ('scheduled', 'held') or (booked.status = 'held' and booked.hold_expires_at <= now()) then
    outcome := 'not_active';
  elsif booked.status = 'scheduled' and booked.ends_at <= now() then
    outcome := case when p_exempt then 'not_active' else 'cancellation_closed' end;
  elsif booked.status = 'scheduled' and not p_exempt
        and booked.starts_at - make_interval(mins => booked.cancel_notice_minutes) < now() then
    outcome := 'cancellation_closed';
  else
    update appointment
    set status = 'cancelled', cancelled_at = now(), cancelled_by = p_by, cancel_reason = p_reason, updated_at = now(),
        version = version + 1, calendar_attempts = 0, calendar_due_at = leased_until(p_lease),
        calendar_conflict = false, conference_pending = false
    where id = p_id returning * into booked;
    outcome := 'cancelled';
  end if;
  if outcome in ('cancelled', 'already') then
    perform note_action(p_actor, 'cancel', booked, 200);
  end if;
  return next;
end $$;
CREATE FUNCTION bookingd.confirm_hold(p_new bookingd.booking, p_actor bookingd.actor) RETURNS TABLE(outcome text, booked bookingd.appointment)
    LANGUAGE plpgsql
    AS $$
begin
  select * into booked from appointment where id = p_new.id and user_id = p_new.user_id for update;
  if not found then
    outcome := 'not_found';
  elsif booked.status = 'scheduled' then
    outcome := 'exists';
  elsif booked.status = 'expired' or (booked.status = 'held' and booked.hold_expires_at <= now()) then
    outcome := 'hold_expired';
  elsif booked.status <> 'held' then
    outcome := 'not_active';
  else
    update appointment
    set status = 'scheduled', hold_expires_at = null, updated_at = now(), client_time_zone = p_new.client_time_zone,
        name = p_new.name, email = p_new.email, phone = p_new.phone, notes = p_new.notes,
        calendar_id = p_new.calendar_id, calendar_due_at = leased_until(p_new.calendar_lease)
    where id = p_new.id returning * into booked;
    outcome := 'confirmed';
  end if;
  if outcome in ('confirmed', 'exists') then
    perform note_action(p_actor, 'confirm', booked, 200);
  end if;
  return next;
end $$;
CREATE FUNCTION bookingd.day_count(p_coach text, p_type text, p_from timestamp with time zone, p_to timestamp with time zone, p_except uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return (
    select count(*) from appointment
    where coach_id = p_coach and starts_at >= p_from and starts_at < p_to and (p_type is null or session_type = p_type)
      and (status in ('scheduled', 'completed', 'no_show') or (status = 'held' and hold_expires_at > now()))
      and id is distinct from p_except);
end $$;
CREATE FUNCTION bookingd.erase_user(p_user text, p_by text, p_actor bookingd.actor) RETURNS TABLE(cancelled_count bigint, erased_count bigint, coaches text[])
    LANGUAGE plpgsql
    AS $$
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
    set name = null, email = null, phone = null, notes = null, cancel_reason = null, client_time_zone = null,
        erased = true, updated_at = now(), version = version + 1, calendar_attempts = 0, calendar_due_at = now()
    where user_id = p_user and not erased
    returning coach_id)
  select count(*), coalesce(array_agg(distinct coach_id), '{}') into erased_count, coaches from blank;
  -- Replies to a coach or an admin tell of this person too.
  delete from idempotency_key where caller = p_user;
  delete from idempotency_key where appointment_id = any (array(select id from appointment where user_id = p_user));
  insert into audit (actor, role, action, request_id) values (p_actor.user_id, p_actor.role, 'erase', p_actor.request_id);
  return next;
end $$;
CREATE FUNCTION bookingd.event_gone(p_id uuid, p_version integer) RETURNS TABLE(outcome text, booked bookingd.appointment)
    LANGUAGE plpgsql
    AS $$
begin
  select * into booked from appointment where id = p_id for update;
  if booked.version is distinct from p_version then
    outcome := 'changed';
  elsif booked.status <> 'scheduled' or booked.ends_at <= now() then
    update appointment
    set synced_version = version, event_written = false, event_etag = null, conference_pending = false,
        calendar_conflict = false, calendar_attempts = 0
    where id = p_id returning * into booked;
    outcome := 'over';
  else
    update appointment
    set status = 'cancelled', cancelled_at = now(), cancelled_by = 'calendar', updated_at = now(), version = version + 1,
        synced_version = version + 1, event_written = false, event_etag = null, conference_pending = false,
        calendar_conflict = false, calendar_attempts = 0
    where id = p_id returning * into booked;
    outcome := 'cancelled';
    perform note_google('cancel', booked);
  end if;
  return next;
end $$;
CREATE FUNCTION bookingd.event_moved(p_id uuid, p_version integer, p_start timestamp with time zone, p_end timestamp with time zone, p_etag text) RETURNS TABLE(outcome text, booked bookingd.appointment)
    LANGUAGE plpgsql
    AS $$
declare
  coach text;
  new_from timestamptz;
  new_to timestamptz;
begin
  select coach_id into coach from appointment where id = p_id;
  perform lock_moves(coach);
  select * into booked from appointment where id = p_id for update;
  if booked.version is distinct from p_version or booked.synced_version <> booked.version then
    outcome := 'changed';
    return next;
    return;
  elsif booked.status <> 'scheduled' then
    outcome := 'over';
    return next;
    return;
  end if;
  new_from := p_start - (booked.starts_at - booked.blocked_from);
  new_to := p_end + (booked.blocked_to - booked.ends_at);
  perform expire_holds(coach, new_from, new_to);
  begin
    update appointment
    set starts_at = p_start, ends_at = p_end, blocked_from = new_from, blocked_to = new_to, updated_at = now(),
        version = version + 1, synced_version = version + 1, event_etag = p_etag, calendar_conflict = false,
        calendar_detail = case when calendar_conflict then null else calendar_detail end
    where id = p_id returning * into booked;
    outcome := 'moved';
    perform note_google('reschedule', booked);
  exception when exclusion_violation then
    outcome := case when booked.calendar_conflict then 'known' else 'conflict' end;
    update appointment
    set calendar_conflict = true, calendar_detail = 'The event was moved in Google Calendar onto a time that is taken; '
        'the appointment keeps its time until the coach moves one of the two.'
    where id = p_id returning * into booked;
  end;
  return next;
end $$;
CREATE FUNCTION bookingd.expire_holds(p_coach text, p_from timestamp with time zone, p_to timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update appointment set status = 'expired', updated_at = now(), version = version + 1
  where coach_id = p_coach and status = 'held' and hold_expires_at <= now()
    and blocked_from < p_to and blocked_to > p_from;
end $$;
CREATE FUNCTION bookingd.keep_reply(p_caller text, p_key text, p_hash bytea, p_appointment uuid, p_status integer, p_body text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform 1 from appointment where id = p_appointment and not erased for share;
  if found then
    perform remember_reply(p_caller, p_key, p_hash, p_appointment, p_status, p_body);
  end if;
end $$;
CREATE FUNCTION bookingd.leased_until(p_seconds integer) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select now() + make_interval(secs => coalesce(p_seconds, 0));
$$;
CREATE FUNCTION bookingd.lock_client(p_user text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock(1651469163, hashtext(p_user));
end $$;
CREATE FUNCTION bookingd.lock_day(p_coach text, p_day timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock(1651469164, hashtext(p_coach || extract(epoch from p_day)::text));
end $$;
CREATE FUNCTION bookingd.lock_event(p_id uuid) RETURNS TABLE(locked boolean, booked bookingd.appointment)
    LANGUAGE plpgsql ROWS 1
    AS $$
begin
  locked := pg_try_advisory_lock(hashtextextended(p_id::text, 1651469167));
  if locked then
    select * into booked from appointment where id = p_id;
  end if;
  return next;
end $$;
CREATE FUNCTION bookingd.lock_moves(VARIADIC p_coaches text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock(1651469165, hash)
  from (select distinct hashtext(coach) as hash from unnest(p_coaches) coach where coach is not null order by 1) sorted;
end $$;
CREATE FUNCTION bookingd.mark_appointment(p_id uuid, p_status text, p_actor bookingd.actor) RETURNS TABLE(outcome text, booked bookingd.appointment)
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION bookingd.move_appointment(p_new bookingd.booking, p_exempt boolean, p_limits bookingd.booking_limits, p_actor bookingd.actor) RETURNS TABLE(outcome text, booked bookingd.appointment)
    LANGUAGE plpgsql
    AS $$
begin
  perform lock_moves(p_new.coach_id);
  select * into booked from appointment where id = p_new.id for update;
  if booked.status <> 'scheduled' then
    outcome := 'not_active';
  elsif booked.ends_at <= now()
        or (not p_exempt and booked.starts_at - make_interval(mins => booked.reschedule_notice_minutes) < now()) then
    outcome := 'reschedule_closed';
  elsif booked.starts_at = p_new.starts_at and booked.ends_at = p_new.ends_at then
    outcome := 'same';
    perform note_action(p_actor, 'reschedule', booked, 200);
  elsif not p_exempt and booked.reschedule_count >= booked.max_reschedules then
    outcome := 'reschedule_limit';
  end if;
  if outcome is null and p_limits.max_per_day is not null then
    perform lock_day(p_new.coach_id, p_limits.day_from);
    perform expire_holds(p_new.coach_id, p_limits.day_from, p_limits.day_to);
    if day_count(p_new.coach_id, p_limits.max_per_day_type, p_limits.day_from, p_limits.day_to, p_new.id)
       >= p_limits.max_per_day then
      outcome := 'day_full';
    end if;
  end if;
  if outcome is not null then
    return next;
    return;
  end if;
  perform expire_holds(p_new.coach_id, p_new.blocked_from, p_new.blocked_to);
  begin
    -- The client's own hold gives way; it stays where the move fails.
    update appointment set status = 'expired', updated_at = now(), version = version + 1
    where user_id = booked.user_id and status = 'held' and coach_id = p_new.coach_id
      and blocked_from < p_new.blocked_to and blocked_to > p_new.blocked_from;
    update appointment
    set starts_at = p_new.starts_at, ends_at = p_new.ends_at, blocked_from = p_new.blocked_from,
        blocked_to = p_new.blocked_to, reschedule_count = reschedule_count + 1, updated_at = now(),
        version = version + 1, calendar_attempts = 0, calendar_due_at = leased_until(p_new.calendar_lease), calendar_conflict = false
    where id = p_new.id returning * into booked;
    outcome := 'moved';
    perform note_action(p_actor, 'reschedule', booked, 200);
  exception when exclusion_violation then
    outcome := 'slot_taken';
  end;
  return next;
end $$;
CREATE FUNCTION bookingd.note_action(p_actor bookingd.actor, p_action text, p_appointment bookingd.appointment, p_status integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into audit (actor, role, action, coach_id, appointment_id, request_id)
  values (p_actor.user_id, p_actor.role, p_action, p_appointment.coach_id, p_appointment.id, p_actor.request_id);
  if p_actor.idempotency_key is not null then
    perform remember_reply(p_actor.user_id, p_actor.idempotency_key, p_actor.request_hash, p_appointment.id,
                           p_status, null);
  end if;
end $$;
CREATE FUNCTION bookingd.note_google(p_action text, p_appointment bookingd.appointment) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into audit (actor, role, action, coach_id, appointment_id)
  values ('google', 'calendar', p_action, p_appointment.coach_id, p_appointment.id);
end $$;
CREATE FUNCTION bookingd.owes_google(a bookingd.appointment) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select a.calendar_id is not null
     and (a.version > greatest(a.synced_version, a.refused_version) or (a.conference_pending and a.version = a.synced_version));
$$;
CREATE FUNCTION bookingd.remember_reply(p_caller text, p_key text, p_hash bytea, p_appointment uuid, p_status integer, p_body text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into idempotency_key as k (caller, key, request_hash, appointment_id, status, body)
  values (p_caller, p_key, p_hash, p_appointment, p_status, p_body)
  on conflict (caller, key) do update
  set request_hash = excluded.request_hash, appointment_id = excluded.appointment_id, status = excluded.status,
      body = excluded.body, created_at = now();
end $$;
CREATE FUNCTION bookingd.set_calendars(p_coach text, p_ids text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  ids text[] := string_to_array(p_ids, ',');
begin
  perform from coach where id = p_coach for update;
  delete from coach_calendar where coach_id = p_coach and calendar_id <> all (ids);
  update coach_calendar set writes = false where coach_id = p_coach and writes and calendar_id <> ids[1];
  insert into coach_calendar as c (coach_id, calendar_id, writes)
  select p_coach, id, id = ids[1] from unnest(ids) id
  on conflict (coach_id, calendar_id) do update set writes = excluded.writes where c.writes <> excluded.writes;
end $$;
CREATE FUNCTION bookingd.tell_coach() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('bookingd_coach', ':' || coalesce(new.id, old.id));
  return null;
end $$;
CREATE TABLE bookingd.audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    coach_id text,
    appointment_id uuid,
    request_id text
);
ALTER TABLE bookingd.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bookingd.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE bookingd.coach (
    id text NOT NULL,
    email text,
    schedule jsonb NOT NULL,
    schedule_version bigint DEFAULT 1 NOT NULL,
    feed_token text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT coach_id_check CHECK ((id ~ '^[A-Za-z0-9._-]{1,64}$'::text))
);
CREATE TABLE bookingd.coach_calendar (
    coach_id text NOT NULL,
    calendar_id text NOT NULL,
    writes boolean DEFAULT false NOT NULL,
    sync_token text,
    synced_at timestamp with time zone,
    poll_due_at timestamp with time zone DEFAULT now() NOT NULL,
    channel_id text,
    channel_resource text,
    channel_digest bytea,
    channel_expires_at timestamp with time zone,
    channel_due_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE bookingd.google_consent (
    nonce text NOT NULL,
    coach_id text NOT NULL,
    sealed_verifier text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE bookingd.google_grant (
    coach_id text NOT NULL,
    sealed_token text NOT NULL,
    account text,
    scopes text NOT NULL,
    needs_consent boolean DEFAULT false NOT NULL,
    detail text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE bookingd.idempotency_key (
    caller text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    appointment_id uuid,
    status integer NOT NULL,
    body text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE bookingd.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
COPY bookingd.appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to, hold_expires_at, client_time_zone, name, email, phone, notes, meeting_kind, meeting_url, cancel_notice_minutes, reschedule_notice_minutes, max_reschedules, reschedule_count, cancel_reason, cancelled_at, cancelled_by, created_at, updated_at, version, calendar_id, synced_version, refused_version, calendar_conflict, calendar_detail, calendar_attempts, calendar_due_at, event_written, event_etag, event_link, conference_attempt, conference_pending, erased) FROM stdin;
01a2238a-6490-7bb1-b4a3-94860b6da369	damian	ann	coaching	scheduled	2026-11-30 06:45:00+05:45	2026-11-30 07:15:00+05:45	2026-11-30 06:45:00+05:45	2026-11-30 07:15:00+05:45	\N	UTC	Name of ann	ann@client.test	+43 1 234	A note	google_meet	https://meet.google.com/bru-efxj-btm	0	0	3	0	\N	\N	\N	2026-11-29 00:48:22.475695+05:45	2026-11-29 00:48:22.475695+05:45	1	primary	1	0	f	\N	0	2026-11-29 00:48:22.525748+05:45	t	"3591785205028000"	https://www.google.com/calendar/event?eid=MDFhMjIzOGE2NDkwN2JiMWI0YTM5NDg2MGI2ZGEzNjkgY29hY2hAZ21haWwuY29t	1	f	f
01a2238a-6490-7b2d-ae26-a8fd927b1049	damian	bob	coaching	cancelled	2026-11-30 08:45:00+05:45	2026-11-30 09:15:00+05:45	2026-11-30 08:45:00+05:45	2026-11-30 09:15:00+05:45	\N	UTC	Name of bob	bob@client.test	\N	\N	google_meet	https://meet.google.com/ogm-igrk-tju	0	0	3	0	Ill	2026-11-29 00:48:22.821179+05:45	client	2026-11-29 00:48:22.620399+05:45	2026-11-29 00:48:22.821179+05:45	2	primary	2	0	f	\N	0	2026-11-29 00:48:22.83683+05:45	f	\N	https://www.google.com/calendar/event?eid=MDFhMjIzOGE2NDkwN2IyZGFlMjZhOGZkOTI3YjEwNDkgY29hY2hAZ21haWwuY29t	1	f	f
01a2238a-6490-7cae-9742-4e19aef41ab9	damian	cid	coaching	scheduled	2026-11-30 11:45:00+05:45	2026-11-30 12:15:00+05:45	2026-11-30 11:45:00+05:45	2026-11-30 12:15:00+05:45	\N	UTC	Name of cid	cid@client.test	\N	\N	google_meet	https://meet.google.com/jkd-nehy-uwk	0	0	3	1	\N	\N	\N	2026-11-29 00:48:22.680791+05:45	2026-11-29 00:48:22.848798+05:45	2	primary	2	0	f	\N	0	2026-11-29 00:48:22.860869+05:45	t	"3591785205716000"	https://www.google.com/calendar/event?eid=MDFhMjIzOGE2NDkwN2NhZTk3NDI0ZTE5YWVmNDFhYjkgY29hY2hAZ21haWwuY29t	1	f	f
01a2238a-6490-720f-a44a-3fc83aaffda2	damian	hal	coaching	held	2026-11-30 17:45:00+05:45	2026-11-30 18:45:00+05:45	2026-11-30 17:45:00+05:45	2026-11-30 18:45:00+05:45	2026-11-29 00:58:22+05:45	UTC	Name of hal	hal@client.test	\N	\N	google_meet	\N	0	0	3	0	\N	\N	\N	2026-11-29 00:48:22.88677+05:45	2026-11-29 00:48:22.88677+05:45	1	\N	0	0	f	\N	0	2026-11-29 00:48:32.88677+05:45	f	\N	\N	1	f	f
01a2238a-6490-73a1-8e8b-840dab99f45e	damian	gus	coaching	held	2026-11-30 19:45:00+05:45	2026-11-30 20:45:00+05:45	2026-11-30 19:45:00+05:45	2026-11-30 20:45:00+05:45	2026-11-29 00:58:22+05:45	UTC	Name of gus	gus@client.test	\N	\N	google_meet	\N	0	0	3	0	\N	\N	\N	2026-11-29 00:48:22.913585+05:45	2026-11-29 00:48:22.913585+05:45	1	\N	0	0	f	\N	0	2026-11-29 00:48:32.913585+05:45	f	\N	\N	1	f	f
01a2238a-6490-7592-a7f0-8bb4c836bb67	damian	eve	coaching	cancelled	2026-11-30 14:45:00+05:45	2026-11-30 15:15:00+05:45	2026-11-30 14:45:00+05:45	2026-11-30 15:15:00+05:45	\N	\N	\N	\N	\N	\N	google_meet	https://meet.google.com/agu-wpsw-urt	0	0	3	0	\N	2026-11-29 00:48:22.928725+05:45	client	2026-11-29 00:48:22.728922+05:45	2026-11-29 00:48:22.928725+05:45	2	primary	2	0	f	\N	0	2026-11-29 00:48:23.49021+05:45	f	\N	https://www.google.com/calendar/event?eid=MDFhMjIzOGE2NDkwNzU5MmE3ZjA4YmI0YzgzNmJiNjcgY29hY2hAZ21haWwuY29t	1	f	t
\.
COPY bookingd.audit (id, at, actor, role, action, coach_id, appointment_id, request_id) FROM stdin;
1	2026-11-29 00:48:22.475695+05:45	ann	user	create	damian	01a2238a-6490-7bb1-b4a3-94860b6da369	43ad67ac0387d09a
2	2026-11-29 00:48:22.620399+05:45	bob	user	create	damian	01a2238a-6490-7b2d-ae26-a8fd927b1049	cc47baf80de8da2d
3	2026-11-29 00:48:22.680791+05:45	cid	user	create	damian	01a2238a-6490-7cae-9742-4e19aef41ab9	d08683ea00a7a9e8
4	2026-11-29 00:48:22.728922+05:45	eve	user	create	damian	01a2238a-6490-7592-a7f0-8bb4c836bb67	e583dfa25b9db4a7
5	2026-11-29 00:48:22.821179+05:45	bob	user	cancel	damian	01a2238a-6490-7b2d-ae26-a8fd927b1049	eb4719896d9338ca
6	2026-11-29 00:48:22.848798+05:45	cid	user	reschedule	damian	01a2238a-6490-7cae-9742-4e19aef41ab9	31bbeda62733ff75
7	2026-11-29 00:48:22.88677+05:45	hal	user	hold	damian	01a2238a-6490-720f-a44a-3fc83aaffda2	d8ccf61f9da69b73
8	2026-11-29 00:48:22.913585+05:45	gus	user	hold	damian	01a2238a-6490-73a1-8e8b-840dab99f45e	04627c40a87db86a
9	2026-11-29 00:48:22.928725+05:45	eve	user	erase	\N	\N	f9efad1ce26c0280
\.
COPY bookingd.coach (id, email, schedule, schedule_version, feed_token, created_at, updated_at) FROM stdin;
damian	coach@example.com	{"policy": {"max_per_day": null, "horizon_days": 30, "step_minutes": 30, "max_reschedules": 3, "min_notice_minutes": 1440, "max_active_per_user": null, "buffer_after_minutes": 0, "buffer_before_minutes": 0, "cancel_notice_minutes": 0, "reschedule_notice_minutes": 0}, "weekly": [{"to": "24:00", "days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], "from": "00:00"}], "blocked": [], "overrides": [], "time_zone": "UTC", "session_types": [{"id": "coaching", "name": "Coaching session", "meeting": "google_meet", "durations": [30, 60]}]}	1	2pnDKBRlfv5L83BQiaI9iqPSh87hR-za	2026-11-29 00:48:22.162331+05:45	2026-11-29 00:48:22.162331+05:45
\.
COPY bookingd.coach_calendar (coach_id, calendar_id, writes, sync_token, synced_at, poll_due_at, channel_id, channel_resource, channel_digest, channel_expires_at, channel_due_at) FROM stdin;
damian	primary	t	eyJraW5kIjoic3luYyIsImNhbGVuZGFyIjoiY29hY2hAZ21haWwuY29tIiwicGFyYW1ldGVycyI6ImlsV0hQcFgxaXBIaVc3Rl9GVjR4dGRjTHpLck1sOXJCemhjc0tYWHFOSDgiLCJjaGFuZ2UiOjAsImdlbmVyYXRpb24iOjF9	2026-11-29 00:48:22.521438+05:45	2026-11-29 00:50:22.432587+05:45	\N	\N	\N	\N	2026-11-29 00:48:22.405756+05:45
\.
COPY bookingd.google_consent (nonce, coach_id, sealed_verifier, created_at) FROM stdin;
\.
COPY bookingd.google_grant (coach_id, sealed_token, account, scopes, needs_consent, detail, created_at) FROM stdin;
damian	AfGEK_PHZQToUPRhgrWEWuQgAs__jF98Ay_ZTK43bNokfMAcTBjC47EdxAK4rbcpbNan1DxV_2Qirh6mcToDPC-k1hcjaf7phjaCWzmvo8oP58Txv8l-gZYi8Mc	coach@gmail.com	calendar.events calendar.freebusy	f	\N	2026-11-29 00:48:22.402815+05:45
\.
COPY bookingd.idempotency_key (caller, key, request_hash, appointment_id, status, body, created_at) FROM stdin;
ann	ann-1	\\xf67fb7a499af74632ecb9365e3655278a549a2d45ca1b2322f4557fc915c0a69	01a2238a-6490-7bb1-b4a3-94860b6da369	201	{"id":"01a2238a-6490-7bb1-b4a3-94860b6da369","status":"scheduled","coach":"damian","user_id":"ann","session_type":"coaching","start":"2026-11-30T01:00:00Z","end":"2026-11-30T01:30:00Z","duration_minutes":30,"time_zone":"UTC","name":"Name of ann","email":"ann@client.test","phone":"+43 1 234","notes":"A note","meeting":{"kind":"google_meet","url":"https://meet.google.com/bru-efxj-btm"},"calendar":{"state":"synced","event_id":"01a2238a64907bb1b4a394860b6da369","html_link":"https://www.google.com/calendar/event?eid=MDFhMjIzOGE2NDkwN2JiMWI0YTM5NDg2MGI2ZGEzNjkgY29hY2hAZ21haWwuY29t"},"cancel_before":"2026-11-30T01:00:00Z","reschedule_before":"2026-11-30T01:00:00Z","can_cancel":true,"can_reschedule":true,"reschedule_count":0,"created_at":"2026-11-28T19:03:22Z","updated_at":"2026-11-28T19:03:22Z"}	2026-11-29 00:48:22.538955+05:45
hal	hal-1	\\xf9661fa3bbebee46552d3e97e86b8e6c6255c1916ea1ad8e71eea7b8ef5b97d6	01a2238a-6490-720f-a44a-3fc83aaffda2	201	{"id":"01a2238a-6490-720f-a44a-3fc83aaffda2","status":"held","coach":"damian","user_id":"hal","session_type":"coaching","start":"2026-11-30T12:00:00Z","end":"2026-11-30T13:00:00Z","duration_minutes":60,"time_zone":"UTC","name":"Name of hal","email":"hal@client.test","phone":null,"notes":null,"meeting":{"kind":"google_meet","url":null},"calendar":{"state":"off","event_id":null,"html_link":null},"cancel_before":"2026-11-30T12:00:00Z","reschedule_before":"2026-11-30T12:00:00Z","can_cancel":true,"can_reschedule":false,"reschedule_count":0,"hold_expires_at":"2026-11-28T19:13:22Z","created_at":"2026-11-28T19:03:22Z","updated_at":"2026-11-28T19:03:22Z"}	2026-11-29 00:48:22.896563+05:45
\.
COPY bookingd.schema_migration (version, name, checksum, applied_at) FROM stdin;
1	booking	6b8033e4276b177bff3d50946e6c733eb1dbf7a72337f022386e218096c38ef7	2026-11-29 00:48:21.114213+05:45
2	calendar	7ed5a83c7f5efd982a818ecfa3938002f71a52b048b6412ef91a4fd9f4590bf4	2026-11-29 00:48:21.208449+05:45
3	coach_news	d24df1e75dc85df9849fe1821271cde4dc2a5b4a8260e918b52b3331c2f4d27c	2026-11-29 00:48:21.224364+05:45
4	released_holds	1ca6f45d2d82909ccb9fc67a8892743d1a1657ec9cf1c9a8a208ccb7fc22205c	2026-11-29 00:48:21.228431+05:45
5	overlap_by_number	dd7b98d93830566e66025f03fb8923d87c944373847d6b768d3c6dfead6980b7	2026-11-29 00:48:21.229023+05:45
6	planned_once	87b57135c8e0348068541ea8181c936df1f5b3ba7efcd71eb5e33fa10c7fa211	2026-11-29 00:48:21.2306+05:45
7	sound_rows	4e5dca8018d65483e153bbf07bec840428a53157372479c651ac175747319a22	2026-11-29 00:48:21.231583+05:45
8	erased_holds	fb08f58fb47b0cd81589bd93e85e8589f79c32299f646856495731be99d33036	2026-11-29 00:48:21.233849+05:45
9	one_event	3f44683723374f1d4e642d4593700db65dd6d079ce62dba26b85da278d092683	2026-11-29 00:48:21.234366+05:45
\.
SELECT pg_catalog.setval('bookingd.audit_id_seq', 9, true);
ALTER TABLE ONLY bookingd.appointment
    ADD CONSTRAINT appointment_overlap EXCLUDE USING gist (hashtextextended(coach_id, (0)::bigint) WITH =, tstzrange(blocked_from, blocked_to) WITH &&) WHERE ((status = ANY (ARRAY['held'::text, 'scheduled'::text, 'completed'::text, 'no_show'::text])));
ALTER TABLE ONLY bookingd.appointment
    ADD CONSTRAINT appointment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bookingd.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bookingd.coach_calendar
    ADD CONSTRAINT coach_calendar_pkey PRIMARY KEY (coach_id, calendar_id);
ALTER TABLE ONLY bookingd.coach
    ADD CONSTRAINT coach_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bookingd.google_consent
    ADD CONSTRAINT google_consent_pkey PRIMARY KEY (nonce);
ALTER TABLE ONLY bookingd.google_grant
    ADD CONSTRAINT google_grant_pkey PRIMARY KEY (coach_id);
ALTER TABLE ONLY bookingd.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (caller, key);
ALTER TABLE ONLY bookingd.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);
CREATE INDEX appointment_by_coach ON bookingd.appointment USING btree (coach_id, starts_at, id);
CREATE INDEX appointment_by_user ON bookingd.appointment USING btree (user_id, starts_at, id);
CREATE INDEX appointment_conflict ON bookingd.appointment USING btree (coach_id) WHERE calendar_conflict;
CREATE INDEX appointment_debt ON bookingd.appointment USING btree (calendar_due_at) WHERE ((calendar_id IS NOT NULL) AND ((version > synced_version) OR conference_pending));
CREATE INDEX appointment_hold ON bookingd.appointment USING btree (coach_id, hold_expires_at) WHERE (status = 'held'::text);
CREATE UNIQUE INDEX appointment_open_hold ON bookingd.appointment USING btree (user_id) WHERE (status = 'held'::text);
CREATE INDEX appointment_personal ON bookingd.appointment USING btree (ends_at) WHERE (NOT erased);
CREATE INDEX audit_by_appointment ON bookingd.audit USING btree (appointment_id);
CREATE UNIQUE INDEX coach_calendar_channel ON bookingd.coach_calendar USING btree (channel_id) WHERE (channel_id IS NOT NULL);
CREATE UNIQUE INDEX coach_calendar_written ON bookingd.coach_calendar USING btree (coach_id) WHERE writes;
CREATE INDEX idempotency_key_about ON bookingd.idempotency_key USING btree (appointment_id);
CREATE INDEX idempotency_key_age ON bookingd.idempotency_key USING btree (created_at);
CREATE TRIGGER coach_tell AFTER INSERT OR DELETE OR UPDATE OF email, schedule, feed_token ON bookingd.coach FOR EACH ROW EXECUTE FUNCTION bookingd.tell_coach();
ALTER TABLE ONLY bookingd.appointment
    ADD CONSTRAINT appointment_coach_id_fkey FOREIGN KEY (coach_id) REFERENCES bookingd.coach(id);
ALTER TABLE ONLY bookingd.coach_calendar
    ADD CONSTRAINT coach_calendar_coach_id_fkey FOREIGN KEY (coach_id) REFERENCES bookingd.coach(id);
ALTER TABLE ONLY bookingd.google_consent
    ADD CONSTRAINT google_consent_coach_id_fkey FOREIGN KEY (coach_id) REFERENCES bookingd.coach(id);
ALTER TABLE ONLY bookingd.google_grant
    ADD CONSTRAINT google_grant_coach_id_fkey FOREIGN KEY (coach_id) REFERENCES bookingd.coach(id);
