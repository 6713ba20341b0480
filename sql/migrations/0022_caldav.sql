-- CalDAV servers as further calendars of a coach. sealed_address then holds the address, the user and the password, a line each.
alter table busy_source drop constraint busy_source_kind_check;
alter table busy_source add constraint busy_source_kind_check check (kind in ('ical', 'caldav'));
-- The server's calendars that are read: [{"url", "token"}], the token as of the last look, null where it gives none.
alter table busy_source add column collections jsonb;

-- One file on a CalDAV server, which is an event with all its instances: what its times in busy_time were made from.
create table busy_item (
  source_id    uuid not null references busy_source on delete cascade,
  path         text not null, -- decoded, so that it is the same however the server writes it
  etag         text,
  events       integer not null,
  inexact      integer not null, -- of its events, see domain/ical_busy.h
  unreadable   integer not null,
  strange      integer not null, -- that are in a zone which is not known
  strange_zone text,
  primary key (source_id, path)
);
alter table busy_time add column path text; -- of busy_item; null: of a file that is read whole
create index busy_time_by_item on busy_time (source_id, path) where path is not null;
