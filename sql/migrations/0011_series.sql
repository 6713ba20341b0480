-- Appointments that were booked together, every week or every second one. Each is an appointment of its own.
alter table appointment
  add column series_id uuid,
  add column series_index integer; -- from 0
create index appointment_series on appointment (series_id) where series_id is not null;

drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer, text, boolean, text, text, text, text, text, text);
alter type new_booking
  add attribute series_id uuid,
  add attribute series_index integer;
