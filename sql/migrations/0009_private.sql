-- What only a client and their coach may read: sealed, apart from the appointment, so that no list, feed, mail or
-- event ever has it at hand. Gone with the appointment's other personal fields.
create table appointment_private (
  appointment_id uuid primary key references appointment on delete cascade,
  answers        text, -- sealed
  coach_notes    text  -- sealed; the coach's alone
);

-- The key it is sealed with where the operator gives none (TOKEN_ENCRYPTION_KEY).
create table local_secret (
  name  text primary key,
  value text not null -- 32 bytes in base64
);
insert into local_secret
values ('private', encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'));

drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer, text, boolean, text);
alter type new_booking
  add attribute answers text; -- sealed

create function forget_private() returns trigger language plpgsql as $$
begin
  delete from appointment_private where appointment_id = new.id;
  return null;
end $$;

create trigger appointment_forget after update of erased on appointment
for each row when (new.erased) execute function forget_private();
