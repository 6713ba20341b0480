-- Calendars of a coach beside Google: read for busy times only.

-- One such calendar. The address is sealed (base/seal.h), since it often holds a secret, and bound to the source.
create table busy_source (
  id              uuid primary key,
  coach_id        text not null references coach on delete cascade,
  kind            text not null check (kind in ('ical')),
  name            text not null,
  sealed_address  text not null,
  blocks          boolean not null default true,
  state           text not null default 'pending' check (state in ('pending', 'ok', 'degraded', 'failing')),
  detail          text,
  etag            text,
  events          integer not null default 0,
  empty_polls     integer not null default 0, -- that found nothing where there was something
  failures        integer not null default 0, -- since the last success
  known_until     timestamptz, -- busy times up to here are in busy_time
  expanded_at     timestamptz, -- when they were last made from the whole file
  last_success_at timestamptz,
  due_at          timestamptz not null default now(), -- claimed or waiting until then
  created_at      timestamptz not null default now()
);
create index busy_source_by_coach on busy_source (coach_id);
create index busy_source_due on busy_source (due_at);

-- When a source says that the coach is busy. appointment_id: the event's UID is that of ours, so it blocks only if there
-- is no such appointment.
create table busy_time (
  source_id      uuid not null references busy_source on delete cascade,
  starts_at      timestamptz not null,
  ends_at        timestamptz not null check (ends_at > starts_at),
  appointment_id uuid
);
create index busy_time_by_source on busy_time (source_id, starts_at);
