-- Coaches, appointments and what must never break.
--
-- Words as in include/: an appointment is held, scheduled, cancelled, completed, no_show or
-- expired (a hold that ran out or was replaced). `version` grows with every change that the
-- people invited may see; what Google is owed is the difference to `synced_version`.

create extension if not exists btree_gist;

create table coach (
  id               text primary key check (id ~ '^[A-Za-z0-9._-]{1,64}$'),
  email            text,
  schedule         jsonb not null,
  schedule_version bigint not null default 1,
  feed_token       text not null,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);

create table appointment (
  id                        uuid primary key,
  coach_id                  text not null references coach,
  user_id                   text not null,
  session_type              text not null,
  status                    text not null
    check (status in ('held', 'scheduled', 'cancelled', 'completed', 'no_show', 'expired')),
  starts_at                 timestamptz not null,
  ends_at                   timestamptz not null,
  -- The time kept free with the buffers, half-open.
  blocked_from              timestamptz not null,
  blocked_to                timestamptz not null,
  hold_expires_at           timestamptz,
  client_time_zone          text,
  name                      text,
  email                     text,
  phone                     text,
  notes                     text,
  meeting_kind              text not null check (meeting_kind in ('google_meet', 'phone', 'in_person', 'none')),
  meeting_url               text,
  -- What the client was promised when booking; a later change of the policy does not touch it.
  cancel_notice_minutes     integer not null,
  reschedule_notice_minutes integer not null,
  max_reschedules           integer,
  reschedule_count          integer not null default 0,
  cancel_reason             text,
  cancelled_at              timestamptz,
  cancelled_by              text check (cancelled_by in ('client', 'coach', 'admin', 'calendar')),
  created_at                timestamptz not null default now(),
  updated_at                timestamptz not null default now(),
  version                   integer not null default 1,
  -- The debt to Google. calendar_id null: there is no calendar to write to.
  calendar_id               text,
  synced_version            integer not null default 0,
  refused_version           integer not null default 0, -- Google refused this version for good
  calendar_conflict         boolean not null default false,
  calendar_detail           text,
  calendar_attempts         integer not null default 0,
  calendar_due_at           timestamptz not null default now(), -- claimed or backing off until then
  event_written             boolean not null default false, -- Google has taken our insert
  event_etag                text,
  event_link                text,
  conference_attempt        integer not null default 1,
  conference_pending        boolean not null default false,
  erased                    boolean not null default false,
  -- Whoever looks for what has not ended need look no further back.
  check (ends_at > starts_at and ends_at - starts_at <= interval '24 hours'),
  check (blocked_from <= starts_at and blocked_to >= ends_at),
  check ((status = 'held') <= (hold_expires_at is not null)),
  check (synced_version <= version and refused_version <= version),
  -- Nobody sells a coach's time twice, whatever the code above believes.
  constraint appointment_overlap exclude using gist
    (coach_id with =, tstzrange(blocked_from, blocked_to) with &&)
    where (status in ('held', 'scheduled', 'completed', 'no_show'))
);

create index appointment_by_coach on appointment (coach_id, starts_at, id);
create index appointment_by_user on appointment (user_id, starts_at, id);
-- Whose personal fields are to go next (RETENTION_DAYS).
create index appointment_personal on appointment (ends_at) where not erased;
-- One open hold per caller.
create unique index appointment_open_hold on appointment (user_id) where status = 'held';
create index appointment_hold on appointment (coach_id, hold_expires_at) where status = 'held';

-- Replies kept for Idempotency-Key, written with the booking in one transaction.
create table idempotency_key (
  caller         text not null,
  key            text not null,
  request_hash   bytea not null, -- method, path and body
  appointment_id uuid,
  status         integer not null,
  body           text, -- null if the daemon died before it had answered
  created_at     timestamptz not null default now(),
  primary key (caller, key)
);
create index idempotency_key_age on idempotency_key (created_at);
create index idempotency_key_about on idempotency_key (appointment_id);

-- Who did what when; no personal text.
create table audit (
  id             bigint generated always as identity primary key,
  at             timestamptz not null default now(),
  actor          text not null,
  role           text not null,
  action         text not null,
  coach_id       text,
  appointment_id uuid,
  request_id     text
);
create index audit_by_appointment on audit (appointment_id);

-- Locks are short and on one client or one day, never on a coach: bookings of one coach do not queue.
create function lock_client(p_user text) returns void language sql as $$
  select pg_advisory_xact_lock(1651469163, hashtext(p_user));
$$;

create function lock_day(p_coach text, p_day timestamptz) returns void language sql as $$
  select pg_advisory_xact_lock(1651469164, hashtext(p_coach || extract(epoch from p_day)::text));
$$;

-- Whoever takes time away, by a move or because a hold gives way, and then waits for others on the constraint could wait
-- in a circle, until the server breaks it after a second. So these go one after the other for each coach they touch;
-- a plain booking takes nothing away and passes them. Taken before anything is changed, after the client's lock and
-- before the day's.
create function lock_moves(variadic p_coaches text[]) returns void language sql as $$
  select pg_advisory_xact_lock(1651469165, hash)
  from (select distinct hashtext(coach) as hash from unnest(p_coaches) coach where coach is not null order by 1) sorted;
$$;

-- Holds that ran out give way. The constraint cannot ask the clock, and a hold that is being confirmed just now must be
-- waited for, so they are marked before a booking counts or inserts. Needs lock_moves.
create function expire_holds(p_coach text, p_from timestamptz, p_to timestamptz) returns void language sql as $$
  update appointment set status = 'expired', updated_at = now(), version = version + 1
  where coach_id = p_coach and status = 'held' and hold_expires_at <= now()
    and blocked_from < p_to and blocked_to > p_from;
$$;

create function remember_reply(p_caller text, p_key text, p_hash bytea, p_appointment uuid, p_status integer, p_body text)
returns void language sql as $$
  insert into idempotency_key as k (caller, key, request_hash, appointment_id, status, body)
  values (p_caller, p_key, p_hash, p_appointment, p_status, p_body)
  on conflict (caller, key) do update
  set request_hash = excluded.request_hash, appointment_id = excluded.appointment_id, status = excluded.status,
      body = excluded.body, created_at = now();
$$;

-- The finished reply of a booking. Whoever was erased meanwhile leaves no copy behind: an erasure waits for this lock,
-- or this for the erasure.
create function keep_reply(p_caller text, p_key text, p_hash bytea, p_appointment uuid, p_status integer, p_body text)
returns void language plpgsql as $$
begin
  perform 1 from appointment where id = p_appointment and not erased for share;
  if found then
    perform remember_reply(p_caller, p_key, p_hash, p_appointment, p_status, p_body);
  end if;
end $$;

-- Take the session's lock on a key, and only then look for a reply kept under it: a first request that ends between
-- the two is seen. The lock goes with the connection, so a crash leaves nothing behind.
create function begin_request(p_caller text, p_key text, p_hash bytea)
returns table (locked boolean, same boolean, status integer, body text, appointment_id uuid) language plpgsql as $$
begin
  locked := pg_try_advisory_lock(hashtextextended(p_caller || ' ' || p_key, 1651469166));
  if locked then
    select k.request_hash = p_hash, k.status, k.body, k.appointment_id into same, status, body, appointment_id
    from idempotency_key k
    where k.caller = p_caller and k.key = p_key and k.created_at > now() - interval '24 hours';
  end if;
  return next;
end $$;

-- Who acts, for the audit and the idempotency key. One value instead of six parameters everywhere.
create type actor as (
  user_id         text,
  role            text,
  request_id      text,
  idempotency_key text, -- null: none was sent
  request_hash    bytea
);

create function note_action(p_actor actor, p_action text, p_appointment appointment, p_status integer)
returns void language plpgsql as $$
begin
  insert into audit (actor, role, action, coach_id, appointment_id, request_id)
  values (p_actor.user_id, p_actor.role, p_action, p_appointment.coach_id, p_appointment.id, p_actor.request_id);
  if p_actor.idempotency_key is not null then
    perform remember_reply(p_actor.user_id, p_actor.idempotency_key, p_actor.request_hash, p_appointment.id,
                           p_status, null);
  end if;
end $$;

-- The limits of a booking; null is no limit. Counted for one session type if the limit is its own.
create type booking_limits as (
  max_active      integer,
  max_active_type text,
  max_per_day     integer,
  max_per_day_type text,
  day_from        timestamptz, -- the date of the coach's zone that the start lies on
  day_to          timestamptz
);

create function active_count(p_coach text, p_user text, p_type text, p_except uuid) returns bigint language sql stable as $$
  select count(*) from appointment
  where user_id = p_user and coach_id = p_coach and (p_type is null or session_type = p_type)
    and starts_at > now() - interval '24 hours' and ends_at > now()
    and (status = 'scheduled' or (status = 'held' and hold_expires_at > now()))
    and id is distinct from p_except;
$$;

create function day_count(p_coach text, p_type text, p_from timestamptz, p_to timestamptz, p_except uuid)
returns bigint language sql stable as $$
  select count(*) from appointment
  where coach_id = p_coach and starts_at >= p_from and starts_at < p_to and (p_type is null or session_type = p_type)
    and (status in ('scheduled', 'completed', 'no_show') or (status = 'held' and hold_expires_at > now()))
    and id is distinct from p_except;
$$;

-- A booking whose slot rules have been checked. lease: seconds in which the caller itself pays the debt to Google.
create type booking as (
  id                        uuid,
  coach_id                  text,
  user_id                   text,
  session_type              text,
  status                    text,
  starts_at                 timestamptz,
  ends_at                   timestamptz,
  blocked_from              timestamptz,
  blocked_to                timestamptz,
  client_time_zone          text,
  name                      text,
  email                     text,
  phone                     text,
  notes                     text,
  meeting_kind              text,
  cancel_notice_minutes     integer,
  reschedule_notice_minutes integer,
  max_reschedules           integer,
  hold_minutes              integer,
  calendar_id               text,
  calendar_lease            integer
);

create function leased_until(p_seconds integer) returns timestamptz language sql stable as $$
  select now() + make_interval(secs => coalesce(p_seconds, 0));
$$;

/*
 * Book or hold a slot whose rules have been checked already, all but those only the database can
 * decide. Outcomes: booked, exists (the same caller has it), booking_limit, day_full, slot_taken.
 * When the caller's own open hold has given way but
 * the booking is refused all the same, BK001 to BK003 are raised, so that the hold stays.
 * freed_coach: another coach, whose time that hold had kept.
 */
create function book(p_new booking, p_limits booking_limits, p_actor actor)
returns table (outcome text, booked appointment, freed_coach text) language plpgsql as $$
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

/*
 * Turn a hold into a booking. Outcomes: confirmed, exists (confirmed before), hold_expired, not_active,
 * not_found (none of this caller's).
 */
create function confirm_hold(p_new booking, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
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

/*
 * Cancel or release. Outcomes: cancelled, already, cancellation_closed, not_active.
 * p_exempt: the cut-off does not bind this actor.
 */
create function cancel_appointment(p_id uuid, p_by text, p_exempt boolean, p_reason text, p_lease integer, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
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
        hold_expires_at = null, version = version + 1, calendar_attempts = 0, calendar_due_at = leased_until(p_lease),
        calendar_conflict = false, conference_pending = false
    where id = p_id returning * into booked;
    outcome := 'cancelled';
  end if;
  if outcome in ('cancelled', 'already') then
    perform note_action(p_actor, 'cancel', booked, 200);
  end if;
  return next;
end $$;

/*
 * Move an appointment: the new slot is taken and the old one freed in one statement. What the client was promised
 * when booking stays. Outcomes: moved, same (it is there already), reschedule_closed, reschedule_limit, not_active,
 * day_full, slot_taken.
 */
create function move_appointment(p_new booking, p_exempt boolean, p_limits booking_limits, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
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

/* Once it has started: completed or no_show. Outcomes: marked, not_started, not_active. */
create function mark_appointment(p_id uuid, p_status text, p_actor actor)
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
 * Erase a person: personal fields blanked, upcoming appointments cancelled, kept replies dropped. Google's events
 * follow by the version.
 */
create function erase_user(p_user text, p_by text, p_actor actor)
returns table (cancelled_count bigint, erased_count bigint, coaches text[]) language plpgsql as $$
begin
  perform lock_client(p_user);
  perform lock_moves(variadic array(select distinct coach_id from appointment
                                    where user_id = p_user and (status = 'held' or (status = 'scheduled' and ends_at > now()))));
  update appointment set status = 'expired', updated_at = now()
  where user_id = p_user and status = 'held' and hold_expires_at <= now();
  with gone as (
    update appointment
    set status = 'cancelled', cancelled_at = now(), cancelled_by = p_by, updated_at = now(), hold_expires_at = null,
        conference_pending = false
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
