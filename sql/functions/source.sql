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

-- Whole days and times without a zone are read in the coach's: in another one what is known of them is wrong, so that
-- nothing is offered until they have been read again.
create or replace function unread_sources() returns trigger language plpgsql as $$
begin
  update busy_source
  set state = 'pending', detail = null, expanded_at = null, known_until = null, due_at = now()
  where coach_id = new.id;
  return null;
end $$;

-- The condition as pg_dump writes it, so that a restored trigger is the same.
create or replace trigger coach_zone_changed after update of schedule on coach
for each row when ((old.schedule ->> 'time_zone'::text) is distinct from (new.schedule ->> 'time_zone'::text))
execute function unread_sources();

-- Takes what changed on a CalDAV server. p_whole: p_items is everything there is, and p_known_until how far it was expanded.
-- p_collections as in busy_source, p_removed: ["path"], p_items: [{"path", "etag", "events", "inexact", "unreadable",
-- "strange", "strange_zone", "times": [[start, end, appointment or null]]}] with seconds since 1970. Returns the sums of
-- all items, so that what is to be said about them is found out from all; null if the source was removed meanwhile, and it
-- raises BK101 if there is more than p_items_max and p_times_max.
create or replace function store_busy_items(
  p_source uuid, p_whole boolean, p_known_until timestamptz, p_collections jsonb, p_removed jsonb, p_items jsonb,
  p_items_max bigint, p_times_max bigint,
  out events bigint, out inexact bigint, out unreadable bigint, out strange bigint, out strange_zone text)
language plpgsql as $$
declare
  gone text[];
begin
  update busy_source s
  set collections = p_collections, known_until = case when p_whole then p_known_until else s.known_until end,
      expanded_at = case when p_whole then now() else s.expanded_at end
  where s.id = p_source;
  if not found then
    return; -- removed meanwhile
  end if;
  if p_whole then
    delete from busy_item where source_id = p_source;
    delete from busy_time where source_id = p_source;
  else
    gone := array(select jsonb_array_elements_text(p_removed) union all select n ->> 'path' from jsonb_array_elements(p_items) n);
    delete from busy_item i where i.source_id = p_source and i.path = any (gone);
    delete from busy_time t where t.source_id = p_source and t.path = any (gone);
  end if;
  insert into busy_item
  select p_source, n.path, n.etag, n.events, n.inexact, n.unreadable, n.strange, n.strange_zone
  from jsonb_to_recordset(p_items) as n (
    path text, etag text, events integer, inexact integer, unreadable integer, strange integer, strange_zone text)
  on conflict do nothing;
  insert into busy_time (source_id, starts_at, ends_at, appointment_id, path)
  select p_source, to_timestamp((t ->> 0)::bigint), to_timestamp((t ->> 1)::bigint), (t ->> 2)::uuid, n ->> 'path'
  from jsonb_array_elements(p_items) n, jsonb_array_elements(n -> 'times') t
  where (t ->> 1)::bigint > (t ->> 0)::bigint;
  if (select count(*) from busy_item i where i.source_id = p_source) > p_items_max
     or (select count(*) from busy_time t where t.source_id = p_source) > p_times_max then
    raise exception using message = 'too much', errcode = 'BK101';
  end if;
  select coalesce(sum(i.events), 0), coalesce(sum(i.inexact), 0), coalesce(sum(i.unreadable), 0), coalesce(sum(i.strange), 0),
         min(i.strange_zone)
  into events, inexact, unreadable, strange, strange_zone
  from busy_item i where i.source_id = p_source;
end $$;

-- Removes a source with all it said. What is owed to its calendar will not be written, and says p_detail. Returns whether
-- it was written to; no row: the coach has no such source.
create or replace function remove_source(p_id uuid, p_coach text, p_detail text) returns table (wrote boolean)
language plpgsql as $$
declare
  url text;
begin
  delete from busy_source where id = p_id and coach_id = p_coach returning write_url into url;
  if not found then
    return;
  end if;
  if url is not null then
    delete from coach_calendar where coach_id = p_coach and calendar_id = url;
    update appointment set refused_version = version, calendar_detail = p_detail, conference_pending = false
    where coach_id = p_coach and calendar_id = url and version > synced_version and version > refused_version;
  end if;
  wrote := url is not null;
  return next;
end $$;
