-- What a coach is told by mail besides their sessions: each connection that was lost, once. about: what lost_connections()
-- calls it, which is something else when it is lost again.
create table coach_alert (
  id         bigint generated always as identity primary key,
  coach_id   text not null references coach on delete cascade,
  about      text not null,
  state      text not null default 'owed' check (state in ('owed', 'sending', 'sent', 'failed', 'skipped')),
  attempts   integer not null default 0,
  due_at     timestamptz not null default now(), -- the next try; while sending, the end of the lease
  created_at timestamptz not null default now(),
  unique (coach_id, about)
);
create index coach_alert_due on coach_alert (due_at) where state in ('owed', 'sending');
