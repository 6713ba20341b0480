-- The tables such an author would make: an index for the overlap check, and no constraint against it.
create table coach (id text primary key);
create table appointment (
  id         uuid primary key default gen_random_uuid(),
  coach_id   text not null references coach,
  user_id    text not null,
  email      text,
  status     text not null default 'scheduled',
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  created_at timestamptz not null default now()
);
create index appointment_by_coach on appointment (coach_id, starts_at);
create index appointment_by_user on appointment (user_id, starts_at);
