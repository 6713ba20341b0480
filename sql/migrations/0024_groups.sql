-- Groups: sessions that several clients share. A seat is an appointment of its own; group_id says which session it is in.
-- The session itself is a row of the same table, since its event in the coach's calendar is owed, written, followed and
-- moved as any other is: its group_id is its own id, its user_id is empty, and it has nothing of any client.
alter table appointment add column group_id uuid; -- null: the client has the session alone
create index appointment_group on appointment (group_id) where group_id is not null;

-- Seats of one session share its time; anything else of the coach's excludes it. The session's own row takes none.
alter table appointment drop constraint appointment_overlap;
alter table appointment add constraint appointment_overlap exclude using gist
  (hashtextextended(coach_id, 0) with =, tstzrange(blocked_from, blocked_to) with &&, coalesce(group_id, id) with <>)
  where (status in ('held', 'scheduled', 'completed', 'no_show') and group_id is distinct from id);

-- How many may come to a session. `taken` is kept by the seats' own trigger (functions/group.sql): nobody gets a seat that
-- is not there, whatever the code above believes.
create table group_session (
  id         uuid primary key,
  seats      integer not null,
  min_seats  integer not null,
  taken      integer not null default 0,
  judged_at  timestamptz, -- when it was decided whether enough come
  created_at timestamptz not null default now(),
  constraint group_session_taken check (taken between 0 and seats)
);
create index group_session_open on group_session (id) where judged_at is null;

drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer, text, boolean, text, text, text, text, text, text,
  uuid, integer, text, integer, bigint, text, text, integer, text);
alter type new_booking
  add attribute group_id  uuid,
  add attribute seats     integer, -- of the session; null: the client has it alone
  add attribute min_seats integer,
  add attribute joins     boolean; -- only a session that stands already, since nobody has looked whether the time is free
