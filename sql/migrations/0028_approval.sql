-- Sessions that the coach has to approve. What a client asks for is a hold with a longer end: until then the coach decides.
alter table appointment
  add column requested boolean not null default false; -- it waits for the coach's approval, or once did

-- One open hold per caller, besides what they have asked for.
drop index appointment_open_hold;
create unique index appointment_open_hold on appointment (user_id) where status = 'held' and not offered and not requested;
create index appointment_requested on appointment (id)
  where requested and version > noticed_version and hold_expires_at is not null;

drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer, text, boolean, text, text, text, text, text, text,
  uuid, integer, text, integer, bigint, text, text, integer, text, uuid, integer, integer, boolean, text, integer);
alter type new_booking
  add attribute request_notice integer; -- how long before the start the coach has to approve it, in minutes; null: it needs none

alter table notice drop constraint notice_kind_check;
alter table notice add constraint notice_kind_check
  check (kind in ('confirmed', 'moved', 'cancelled', 'reminder', 'offer', 'credits_low', 'credits_ending', 'requested',
                  'declined', 'expired'));
