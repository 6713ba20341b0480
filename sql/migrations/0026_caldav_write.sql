-- The calendar on a CalDAV server that appointments are written to; null: its account is only read.
alter table busy_source add column write_url text;
create unique index busy_source_written on busy_source (coach_id) where write_url is not null;
