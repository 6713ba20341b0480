-- Replaces what a source says, with the commit, for all daemons. p_starts and p_ends: seconds since 1970 with commas
-- between; p_own_starts, p_own_ends and p_own: the same of events that bear the UIDs of appointments.
create or replace function store_busy_times(
  p_source uuid, p_state text, p_detail text, p_etag text, p_events integer, p_known_until timestamptz,
  p_next_seconds bigint, p_starts text, p_ends text, p_own_starts text, p_own_ends text, p_own text)
returns void language plpgsql as $$
begin
  update busy_source
  set state = p_state, detail = p_detail, etag = p_etag, events = p_events, known_until = p_known_until, empty_polls = 0,
      failures = 0, expanded_at = now(), last_success_at = now(), due_at = now() + p_next_seconds * interval '1 second'
  where id = p_source;
  if not found then
    return; -- removed meanwhile
  end if;
  delete from busy_time where source_id = p_source;
  insert into busy_time (source_id, starts_at, ends_at)
  select p_source, to_timestamp(s), to_timestamp(e)
  from unnest(string_to_array(p_starts, ',')::bigint[], string_to_array(p_ends, ',')::bigint[]) as times (s, e);
  insert into busy_time (source_id, starts_at, ends_at, appointment_id)
  select p_source, to_timestamp(s), to_timestamp(e), own
  from unnest(string_to_array(p_own_starts, ',')::bigint[], string_to_array(p_own_ends, ',')::bigint[],
              string_to_array(p_own, ',')::uuid[]) as times (s, e, own)
  where e > s;
end $$;

-- Notifies all daemons that a coach has a source more or less, or that one was read again.
create or replace function tell_busy_source() returns trigger language plpgsql as $$
begin
  perform pg_notify('bookingd_coach', ':' || coalesce(new.coach_id, old.coach_id));
  return null;
end $$;

create or replace trigger busy_source_tell after insert or delete or update of last_success_at on busy_source
for each row execute function tell_busy_source();
