-- Where events are sent to.

-- name: webhook_global exec
select set_global_webhook($1);

-- The endpoint and its secrets, the claim, and behind them the event, with the columns of event_list.
-- name: webhook_claim one
select w.id, w.coach_id, w.url, w.sealed_secret, case when w.former_until > now() then w.sealed_former end,
       c.event, c.attempts,
       e.id, e.type, e.at,
       case when e.body ? 'row' then jsonb_populate_record(null::appointment, e.body -> 'row') end,
       (e.body #>> '{previous,start}')::timestamptz, (e.body #>> '{previous,end}')::timestamptz, e.body #>> '{previous,coach}',
       case when not e.body ? 'row' then e.body::text end
from claim_delivery($1, $2) c join webhook_endpoint w on w.id = c.endpoint_id join event e on e.serial = c.event;

-- name: webhook_finish one
select finish_delivery($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: webhook_counts one
select count(*), coalesce(extract(epoch from now() - min(d.due_at)), 0)::bigint,
       (select count(*) from webhook_endpoint where state = 'disabled')
from webhook_endpoint w join webhook_delivery d on d.endpoint_id = w.id
where w.state = 'active' and d.state in ('owed', 'sending');

-- ------------------------------------------------------------------ a coach's endpoints

-- name: webhook_list many
select id, url, array_to_json(types)::text, state, detail, failing_since, former_until, created_at,
       (select count(*) from webhook_delivery d where d.endpoint_id = w.id and d.state in ('missed', 'failed'))
from webhook_endpoint w where coach_id = $1 and ($2::uuid is null or id = $2) order by created_at, id limit 100;

-- $6: how many a coach may have.
-- name: webhook_add one
insert into webhook_endpoint (id, coach_id, url, types, sealed_secret)
select $1, $2, $3, string_to_array($4, ','), $5
where (select count(*) from webhook_endpoint where coach_id = $2) < $6::integer
returning id;

-- What is null stays. One that is made active is tried anew, and so is another address.
-- name: webhook_change one
update webhook_endpoint
set url = coalesce($3, url), types = coalesce(string_to_array($4, ','), types),
    state = case $5::boolean when true then 'active' when false then 'paused' else state end,
    failing_since = case when ($5::boolean and state <> 'active') or url <> coalesce($3, url) then null else failing_since end,
    detail = case when $5::boolean then null else detail end
where id = $1 and coach_id = $2
returning id;

-- name: webhook_remove one
delete from webhook_endpoint where id = $1 and coach_id = $2
returning id;

-- The former secret signs as well for a day, so that the receiver can be changed without losing anything. What was asked for
-- twice at once (a double click, an answer that was lost) leaves the one that the receiver has.
-- name: webhook_renew one
update webhook_endpoint
set sealed_former = case when former_until > now() + interval '1439 minutes' then sealed_former else sealed_secret end,
    former_until = now() + interval '24 hours', sealed_secret = $3
where id = $1 and coach_id = $2
returning id;

-- name: webhook_test one
insert into event (type, coach_id, endpoint_id, body)
select 'webhook.test', coach_id, id, jsonb_build_object('endpoint_id', id)
from webhook_endpoint where id = $1 and coach_id = $2 and state = 'active'
returning serial;

-- name: webhook_known one
select 1 from webhook_endpoint where id = $1 and coach_id = $2;

-- $3 a state or null, $4 the last place of the page before, $5 how many: the newest first.
-- name: webhook_deliveries many
select e.id, e.type, d.state, d.attempts, d.due_at, d.tried_at, d.last_status, d.last_ms, d.detail, e.place
from webhook_endpoint w join webhook_delivery d on d.endpoint_id = w.id join event e on e.serial = d.event
where w.id = $1 and w.coach_id = $2 and ($3::text is null or d.state = $3) and ($4::bigint is null or e.place < $4)
order by e.place desc limit $5;

-- name: webhook_replay one
select replay_missed(id) from webhook_endpoint where id = $1 and coach_id = $2;

-- name: webhook_replay_event one
select replay_event(id, $3) from webhook_endpoint where id = $1 and coach_id = $2;

-- ------------------------------------------------------------------ keys, and looking after it

-- name: webhook_secrets many
select id, sealed_secret, sealed_former from webhook_endpoint where sealed_secret is not null order by id;

-- name: webhook_reseal exec
update webhook_endpoint
set sealed_secret = case sealed_secret when $2 then $3 else sealed_secret end,
    sealed_former = case sealed_former when $2 then $3 else sealed_former end
where id = $1;

-- name: webhook_troubled many
select coach_id, state, detail, failing_since from webhook_endpoint
where state = 'disabled' or (state = 'active' and failing_since is not null)
order by coach_id nulls first, id limit 20;
