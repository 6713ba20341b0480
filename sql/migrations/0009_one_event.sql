-- The planner takes a function's rows for a thousand, and read all coaches to find the one of the appointment.
alter function lock_event(uuid) rows 1;
