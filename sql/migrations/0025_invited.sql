-- Further people whom a client invites to a session: its guests. Each is an address, invited as the client is.
alter table appointment
  add column guests text; -- in lower case, with a blank between; null: none

drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer, text, boolean, text, text, text, text, text, text,
  uuid, integer, text, integer, bigint, text, text, integer, text, uuid, integer, integer, boolean);
alter type new_booking
  add attribute guests text,
  add attribute max_guests integer; -- addresses, other than their own, that the client may use in a day; null: no limit

-- Which guest a notice is to; each is told the same thing once.
alter table notice
  drop constraint notice_recipient_check,
  add constraint notice_recipient_check check (recipient in ('client', 'coach', 'guest')),
  add column guest text not null default '' check ((guest <> '') = (recipient = 'guest')),
  drop constraint notice_appointment_id_recipient_channel_kind_about_key,
  add constraint notice_once unique (appointment_id, recipient, channel, kind, about, guest);
create index notice_guest on notice (guest) where guest <> '';
-- For who is erased and was somebody's guest.
create index appointment_invited on appointment (id) where guests is not null;
