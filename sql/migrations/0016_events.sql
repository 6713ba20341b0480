-- What other programs are told of: events, and where they are sent to.

-- Something that happened, written in the transaction in which it did. `place` is its place in the order in which others
-- see events: given when the transaction is over (publish_events), since a number that is taken before may become visible
-- after a higher one, and whoever reads on from the higher one would never see it.
create table event (
  serial         bigint generated always as identity primary key,
  place          bigint,
  id             uuid, -- as others know it; has the place in it
  type           text not null,
  at             timestamptz not null default now(),
  coach_id       text not null,
  appointment_id uuid,
  user_id        text, -- whom it is about, where there is no appointment
  -- {"row": the appointment, "previous": where it was} or, of other types, what is told. Neither answers nor notes.
  body           jsonb not null,
  endpoint_id    uuid -- a trial: for this endpoint alone
);
create index event_unpublished on event (serial) where place is null;
create unique index event_place on event (place) where place is not null;
create index event_by_coach on event (coach_id, place) where place is not null;
create index event_about on event (appointment_id) where appointment_id is not null;
create index event_about_person on event (user_id) where user_id is not null;
create sequence event_places;

-- Where events are sent to. One of a coach, or, without a coach, that of the settings, which is told of all coaches.
create table webhook_endpoint (
  id            uuid primary key default gen_random_uuid(),
  coach_id      text references coach on delete cascade,
  url           text not null,
  types         text[] not null default '{}', -- none: all
  sealed_secret text, -- null: the settings have it
  sealed_former text, -- signs as well until former_until
  former_until  timestamptz,
  state         text not null default 'active' check (state in ('active', 'paused', 'disabled')),
  detail        text, -- why it is disabled
  failing_since timestamptz, -- the first failure since the last success
  slow          boolean not null default false, -- takes its time to answer
  busy_until    timestamptz not null default '-infinity', -- something is being delivered; ends by itself
  created_at    timestamptz not null default now()
);
create index webhook_endpoint_by_coach on webhook_endpoint (coach_id);
create unique index webhook_endpoint_of_settings on webhook_endpoint ((true)) where coach_id is null;

create table webhook_delivery (
  endpoint_id uuid not null references webhook_endpoint on delete cascade,
  event       bigint not null references event on delete cascade,
  -- missed: its endpoint was disabled
  state       text not null check (state in ('owed', 'sending', 'delivered', 'failed', 'missed')),
  attempts    integer not null default 0,
  due_at      timestamptz not null default now(), -- the next try; while sending, the end of the lease
  tried_at    timestamptz,
  last_status integer, -- HTTP's; null: there was no answer
  last_ms     integer,
  detail      text,
  primary key (endpoint_id, event)
);
create index webhook_delivery_due on webhook_delivery (endpoint_id, due_at) where state in ('owed', 'sending');
create index webhook_delivery_of on webhook_delivery (event);
