-- The schema: what is kept, and what must never break. The functions that change it stand in sql/functions/; later
-- changes of a table are further migrations.

create extension if not exists btree_gist;

-- ---------------------------------------------------------------------------- coaches

create table coach (
  id               text primary key check (id ~ '^[A-Za-z0-9._-]{1,64}$'),
  email            text,
  schedule         jsonb not null,
  schedule_version bigint not null default 1,
  feed_token       text not null,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);

-- ---------------------------------------------------------------------------- appointments
--
-- An appointment is held, scheduled, cancelled, completed, no_show or expired (a hold that ran out or was replaced).
-- `version` grows with every change that the people invited may see; what Google is owed is the difference to
-- `synced_version`.

create table appointment (
  id                        uuid primary key,
  coach_id                  text not null references coach,
  user_id                   text not null,
  session_type              text not null,
  status                    text not null,
  starts_at                 timestamptz not null,
  ends_at                   timestamptz not null,
  -- The time kept free with the buffers, half-open.
  blocked_from              timestamptz not null,
  blocked_to                timestamptz not null,
  -- Stays when a hold is released or expires, so that lists tell it from a cancelled session.
  hold_expires_at           timestamptz,
  client_time_zone          text,
  name                      text,
  email                     text,
  phone                     text,
  notes                     text,
  meeting_kind              text not null,
  meeting_url               text,
  -- What the client was promised when booking; a later change of the policy does not touch it.
  cancel_notice_minutes     integer not null,
  reschedule_notice_minutes integer not null,
  max_reschedules           integer,
  reschedule_count          integer not null default 0,
  cancel_reason             text,
  cancelled_at              timestamptz,
  cancelled_by              text,
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
  erased                    boolean not null default false
);

-- Every rule that a row must keep, in one function: PostgreSQL parses the text of each check constraint at each
-- statement that writes, and seven of them took more than a tenth of a booking.
create function appointment_is_sound(
  status text, meeting_kind text, cancelled_by text, starts_at timestamptz, ends_at timestamptz, blocked_from timestamptz,
  blocked_to timestamptz, hold_expires_at timestamptz, version integer, synced_version integer, refused_version integer)
returns boolean language plpgsql immutable as $$
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

alter table appointment
  add constraint appointment_is_sound check (appointment_is_sound(
    status, meeting_kind, cancelled_by, starts_at, ends_at, blocked_from, blocked_to, hold_expires_at,
    version, synced_version, refused_version)),
  -- A coach's time is never sold twice, whatever the code above believes. The index compares the coach's id as a number
  -- of 64 bits, since comparing texts took more than half of a booking. Equal ids have equal numbers, so nothing can be
  -- sold twice; two coaches of one number (one chance in 10^11 among 10,000 coaches) could not be booked at one time.
  add constraint appointment_overlap exclude using gist
    (hashtextextended(coach_id, 0) with =, tstzrange(blocked_from, blocked_to) with &&)
    where (status in ('held', 'scheduled', 'completed', 'no_show'));

create index appointment_by_coach on appointment (coach_id, starts_at, id);
create index appointment_by_user on appointment (user_id, starts_at, id);
-- Whose personal fields are to go next (RETENTION_DAYS).
create index appointment_personal on appointment (ends_at) where not erased;
-- One open hold per caller.
create unique index appointment_open_hold on appointment (user_id) where status = 'held';
create index appointment_hold on appointment (coach_id, hold_expires_at) where status = 'held';
-- What is owed to Google; empty when all is well.
create index appointment_debt on appointment (calendar_due_at)
  where calendar_id is not null and (version > synced_version or conference_pending);
create index appointment_conflict on appointment (coach_id) where calendar_conflict;

-- ---------------------------------------------------------------------------- requests and their record

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

-- ---------------------------------------------------------------------------- the coach's Google Calendar

-- A coach's consent. The refresh token is sealed (base/seal.h) and bound to the coach.
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

-- ---------------------------------------------------------------------------- what the functions are given

-- Who acts, for the audit and the idempotency key: make_actor().
create type actor as (
  user_id         text,
  role            text,
  request_id      text,
  idempotency_key text, -- null: none was sent
  request_hash    bytea
);

-- The limits of a booking; null is no limit: make_limits().
create type booking_limits as (
  max_active       integer,
  max_active_type  text, -- counted for one session type if the limit is its own
  max_per_day      integer,
  max_per_day_type text,
  day_from         timestamptz, -- the date of the coach's zone that the start lies on
  day_to           timestamptz
);

-- What the release before this one gives to book(), confirm_hold() and move_appointment() (sql/functions/former.sql).
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

-- What the release before this one looks at when it starts: its own nine migrations, all applied. So its daemons can be
-- restarted while this release is rolled out. Goes with the release after this one.
create table schema_migration (
  version    integer primary key,
  name       text not null,
  checksum   text not null,
  applied_at timestamptz not null default now()
);
insert into schema_migration (version, name, checksum) values
  (1, 'booking', '6b8033e4276b177bff3d50946e6c733eb1dbf7a72337f022386e218096c38ef7'),
  (2, 'calendar', '7ed5a83c7f5efd982a818ecfa3938002f71a52b048b6412ef91a4fd9f4590bf4'),
  (3, 'coach_news', 'd24df1e75dc85df9849fe1821271cde4dc2a5b4a8260e918b52b3331c2f4d27c'),
  (4, 'released_holds', '1ca6f45d2d82909ccb9fc67a8892743d1a1657ec9cf1c9a8a208ccb7fc22205c'),
  (5, 'overlap_by_number', 'dd7b98d93830566e66025f03fb8923d87c944373847d6b768d3c6dfead6980b7'),
  (6, 'planned_once', '87b57135c8e0348068541ea8181c936df1f5b3ba7efcd71eb5e33fa10c7fa211'),
  (7, 'sound_rows', '4e5dca8018d65483e153bbf07bec840428a53157372479c651ac175747319a22'),
  (8, 'erased_holds', 'fb08f58fb47b0cd81589bd93e85e8589f79c32299f646856495731be99d33036'),
  (9, 'one_event', '3f44683723374f1d4e642d4593700db65dd6d079ce62dba26b85da278d092683');
