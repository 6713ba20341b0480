-- Where a session takes place: a link, an address or a number of the coach's own.
alter table appointment
  add column meeting_label        text, -- of a link: what people call it
  add column meeting_place        text, -- the address, or the number
  add column meeting_instructions text,
  add column event_outdated       boolean not null default false; -- the event's texts are of an earlier version

create or replace function appointment_is_sound(
  status text, meeting_kind text, cancelled_by text, starts_at timestamptz, ends_at timestamptz, blocked_from timestamptz,
  blocked_to timestamptz, hold_expires_at timestamptz, version integer, synced_version integer, refused_version integer)
returns boolean language plpgsql immutable as $$
begin
  return status in ('held', 'scheduled', 'cancelled', 'completed', 'no_show', 'expired')
     and meeting_kind in ('google_meet', 'phone', 'in_person', 'none', 'link')
     and (cancelled_by is null or cancelled_by in ('client', 'coach', 'admin', 'calendar'))
     -- Whoever looks for what has not ended need look no further back.
     and ends_at > starts_at and ends_at - starts_at <= interval '24 hours'
     and blocked_from <= starts_at and blocked_to >= ends_at
     and (status <> 'held' or hold_expires_at is not null)
     and synced_version <= version and refused_version <= version;
end $$;

alter type new_booking
  add attribute meeting_url text,
  add attribute meeting_label text,
  add attribute meeting_place text,
  add attribute meeting_instructions text;
drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer, text, boolean, text, text);
