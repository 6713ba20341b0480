-- Who booked: the client themselves, or the coach or an admin for them; and whether the client is told of it.
alter table appointment
  add column created_by text not null default 'client',
  add column notify boolean not null default true;

drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer);
alter type new_booking
  add attribute created_by text,
  add attribute notify boolean;
