-- Appointments that are moved to another coach.

-- An event that has to go from the calendar of the coach who had the appointment before it may come into that of the one who
-- has it now: both may be the same calendar.
create table left_event (
  appointment_id uuid not null references appointment on delete cascade,
  coach_id       text not null references coach on delete cascade,
  calendar_id    text not null,
  attempts       integer not null default 0,
  due_at         timestamptz not null default now(), -- claimed or backing off until then
  primary key (appointment_id, coach_id)
);
create index left_event_due on left_event (due_at);

-- What a coach was told of an appointment that is another's by now names them, as what a guest is told names the guest.
alter table notice
  drop constraint notice_check,
  add constraint notice_names check (case recipient when 'client' then guest = '' when 'guest' then guest <> '' else true end)
    not valid;
