-- Sessions that the coach has to approve. What a client asks for is a hold with a longer end: until then the coach decides.
alter table appointment drop constraint appointment_hold_kind;
alter table appointment add constraint appointment_hold_kind
  check (hold_kind in ('own', 'offer', 'request')); -- request: it waits for the coach's approval, or once did

create index appointment_requested on appointment (id)
  where hold_kind = 'request' and version > noticed_version and hold_expires_at is not null;

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
