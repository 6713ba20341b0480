-- A booking whose slot rules have been checked: make_booking(). The former type `booking` stays for the release that
-- gives it field by field; this one may get more.
create type new_booking as (
  id                        uuid,
  coach_id                  text,
  user_id                   text,
  session_type              text,
  status                    text,
  starts_at                 timestamptz,
  ends_at                   timestamptz,
  blocked_from              timestamptz,
  blocked_to                timestamptz,
  client_time_zone          text,
  name                      text,
  email                     text,
  phone                     text,
  notes                     text,
  meeting_kind              text,
  cancel_notice_minutes     integer,
  reschedule_notice_minutes integer,
  max_reschedules           integer,
  hold_minutes              integer,
  calendar_id               text,
  calendar_lease            integer -- seconds in which the caller itself writes the event
);
