-- What other programs are told of.

-- name: event_publish one
select publish_events($1);

-- Whether there was ever an event that others know as $1.
-- name: event_known one
select event_place($1) <= last_value from event_places;

-- What happened at coach $1 after event $2 (null: from the first that is kept on), $3 at most. The columns are those of
-- event_read.
-- name: event_list many
select e.id, e.type, e.at,
       case when e.body ? 'row' then jsonb_populate_record(null::appointment, e.body -> 'row') end,
       (e.body #>> '{previous,start}')::timestamptz, (e.body #>> '{previous,end}')::timestamptz, e.body #>> '{previous,coach}',
       case when not e.body ? 'row' then e.body::text end
from event e
where e.coach_id = $1 and e.place > coalesce(event_place($2), 0) and e.endpoint_id is null
order by e.place limit $3;

-- Events are kept for 30 days, and what was delivered of them with them: the oldest 100, as far as they are old enough.
-- name: event_expire many
delete from event
where serial = any (array(select serial from event order by serial limit 100)) and at < now() - interval '30 days'
returning serial;
