-- Calendars of a coach beside Google.

-- No row: the coach has too many already. Who adds it reads it at once; it is due for others after that.
-- name: source_add one
insert into busy_source (id, coach_id, kind, name, sealed_address, blocks, write_url, due_at)
select $1, $2, $3, $4, $5, $6, $8, now() + interval '10 seconds'
where (select count(*) from busy_source where coach_id = $2) < $7
returning id;

-- name: source_list many
select id, kind, name, blocks, state, detail, events, last_success_at, write_url is not null
from busy_source where coach_id = $1 order by created_at, id;

-- What is still owed to it says $3.
-- name: source_remove one
select wrote from remove_source($1, $2, $3);

-- The one that appointments are written to.
-- name: source_written one
select id, sealed_address, write_url from busy_source where coach_id = $1 and write_url is not null;

-- Claims one for two minutes: the one named, or with null the one that goes stale first of those that are due, $3 of those
-- that failed the last time: they are read apart from the others, so that servers which never answer cost nobody's calendar
-- but their own. Of them those that have failed again come last, by turns, so that what is large or slow and is left here
-- every time does not wait for all that never answers. $4, $5: after how many seconds an account and a feed are stale.
-- name: source_claim one
update busy_source s
set due_at = now() + interval '2 minutes'
from coach c
where c.id = s.coach_id and s.id = (
  select id from busy_source
  where case when $1::uuid is null then due_at <= now() and (failures > 0) = $3 else id = $1 and coach_id = $2 end
  order by failures > 1, case when failures > 1 then due_at end,
    coalesce(last_success_at, created_at) + case kind when 'caldav' then $4::integer else $5::integer end * interval '1 s', due_at
  limit 1 for update skip locked)
returning s.id, s.coach_id, s.sealed_address,
  -- After a failure it is read whole: what was to be told of it was forgotten.
  case when s.expanded_at > now() - interval '1 day' and s.state <> 'failing' then s.etag end, s.events,
  s.empty_polls, s.failures, s.known_until, c.schedule ->> 'time_zone', c.email,
  (select coalesce(max((days #>> '{}')::integer), 30) from jsonb_path_query(c.schedule, '$.**.horizon_days') days
   where jsonb_typeof(days) = 'number'),
  s.kind, case when s.expanded_at > now() - interval '1 day' then s.collections end;

-- name: source_store exec
select store_busy_times($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: source_items_store one
select events, inexact, unreadable, strange, strange_zone from store_busy_items($1, $2, $3, $4, $5, $6, $7, $8);

-- What is kept of the files on a server that does not say what has changed.
-- name: source_items many
select path, etag from busy_item where source_id = $1;

-- A CalDAV server was read: $2 state, $3 detail, $4 events, $5 seconds until the next time.
-- name: source_looked exec
update busy_source
set state = $2, detail = $3, events = $4, empty_polls = 0, failures = 0, last_success_at = now(),
  due_at = now() + $5 * interval '1 second'
where id = $1;

-- Read, and the same as before.
-- name: source_same exec
update busy_source
set last_success_at = now(), failures = 0, empty_polls = 0, due_at = now() + $2 * interval '1 second'
where id = $1;

-- Read in the zone $2, which meanwhile is not the coach's any more: see unread_sources().
-- name: source_zone_changed exec
update busy_source s
set state = 'pending', detail = null, expanded_at = null, known_until = null, due_at = now(),
  last_success_at = last_success_at -- which tells the daemons
from coach c where c.id = s.coach_id and s.id = $1 and c.schedule ->> 'time_zone' is distinct from $2;

-- By other zone data the same files may mean other times.
-- name: source_expand_again exec
update busy_source set expanded_at = null, due_at = now();

-- It takes more time, or more room, than a quick reading has.
-- name: source_leave exec
update busy_source set failures = greatest(failures, 1), due_at = now() where id = $1;

-- $3: whether that was because it suddenly is empty.
-- name: source_failed exec
update busy_source
set state = 'failing', detail = $2, failures = failures + 1, empty_polls = empty_polls + case when $3 then 1 else 0 end,
  due_at = now() + $4 * interval '1 second'
where id = $1;

-- What blocks the coach, as read_sources() takes it: a row a time, and a row without times for a source that has none. The
-- coach's own appointments do not; those that they have with another coach do.
-- name: source_times many
select s.id, s.name, s.last_success_at, s.known_until, t.starts_at, t.ends_at, s.kind
from busy_source s
left join busy_time t on t.source_id = s.id and t.ends_at > least(now(), $2::timestamptz) - interval '28 hours'
  and (t.appointment_id is null or not exists (select from appointment a where a.id = t.appointment_id and a.coach_id = $1))
where s.coach_id = $1 and s.blocks
order by s.created_at, s.id, t.starts_at;

-- name: source_secrets many
select id, sealed_address from busy_source order by id;

-- name: source_reseal exec
update busy_source set sealed_address = $3 where id = $1 and sealed_address = $2;
