-- The coach's Google Calendar: who consented, which calendars, and how an appointment follows its event.
--
-- What is owed to Google is the difference between an appointment's version and its synced_version, and nothing
-- else. Whoever talks to Google about an appointment holds its lock (lock_event) while doing so, so that two never
-- write one event at once; the lock belongs to the session and goes with it.

-- A coach's consent. The refresh token rests sealed (base/seal.h), bound to the coach.
create table google_grant (
  coach_id      text primary key references coach,
  sealed_token  text not null,
  account       text, -- whose calendar it is, once Google has said so
  scopes        text not null,
  needs_consent boolean not null default false, -- Google has ended the consent
  detail        text,
  created_at    timestamptz not null default now()
);

-- Consents under way: a state is good once, for ten minutes.
create table google_consent (
  nonce           text primary key,
  coach_id        text not null references coach,
  sealed_verifier text not null,
  created_at      timestamptz not null default now()
);

-- Calendars of a coach: busy times are read from all, events written to one.
create table coach_calendar (
  coach_id           text not null references coach,
  calendar_id        text not null,
  writes             boolean not null default false,
  sync_token         text,
  synced_at          timestamptz, -- the last look for changes that came to its end
  poll_due_at        timestamptz not null default now(),
  -- Where Google tells us of changes. The token is kept as its digest.
  channel_id         text,
  channel_resource   text,
  channel_digest     bytea,
  channel_expires_at timestamptz,
  channel_due_at     timestamptz not null default now(), -- when to open the next one
  primary key (coach_id, calendar_id)
);
create unique index coach_calendar_written on coach_calendar (coach_id) where writes;
create unique index coach_calendar_channel on coach_calendar (channel_id) where channel_id is not null;

-- What is owed to Google; empty when all is well.
create index appointment_debt on appointment (calendar_due_at)
  where calendar_id is not null and (version > synced_version or conference_pending);
create index appointment_conflict on appointment (coach_id) where calendar_conflict;

-- Whether anybody should do something about this appointment at Google.
create function owes_google(a appointment) returns boolean language sql immutable as $$
  select a.calendar_id is not null
     and (a.version > greatest(a.synced_version, a.refused_version) or (a.conference_pending and a.version = a.synced_version));
$$;

-- The row is read after the lock was taken, never before.
create function lock_event(p_id uuid) returns table (locked boolean, booked appointment) language plpgsql as $$
begin
  locked := pg_try_advisory_lock(hashtextextended(p_id::text, 1651469167));
  if locked then
    select * into booked from appointment where id = p_id;
  end if;
  return next;
end $$;

-- Make exactly these the calendars of a coach. p_ids: separated by commas, the first is written to.
create function set_calendars(p_coach text, p_ids text) returns void language plpgsql as $$
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

-- ---------------------------------------------------------------------------- the appointment follows its event
--
-- What happened in Google is laid over the row only if the row still is the version it was compared with. The event
-- stands like that already, so nothing is owed afterwards.

create function note_google(p_action text, p_appointment appointment) returns void language sql as $$
  insert into audit (actor, role, action, coach_id, appointment_id)
  values ('google', 'calendar', p_action, p_appointment.coach_id, p_appointment.id);
$$;

/* The event was deleted: the appointment is cancelled, unless it is over. Outcomes: cancelled, over, changed. */
create function event_gone(p_id uuid, p_version integer)
returns table (outcome text, booked appointment) language plpgsql as $$
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

/*
 * The event was moved: the appointment takes its time, with the buffers it had, by no other rule than that nothing
 * else may be there. Outcomes: moved; conflict (ours keeps its time, told once); known (a conflict seen before);
 * over; changed.
 */
create function event_moved(p_id uuid, p_version integer, p_start timestamptz, p_end timestamptz, p_etag text)
returns table (outcome text, booked appointment) language plpgsql as $$
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
