-- Idempotency-Key. The session lock marks a request that is still running: it goes with the connection, so a
-- crash leaves nothing behind.

-- name: idempotency_begin one session
select locked, same, status, body, appointment_id from begin_request($1, $2, $3);

-- name: idempotency_end exec session
select pg_advisory_unlock(hashtextextended($1::text || ' ' || $2::text, 1651469166));

-- The finished reply, kept beside what the booking's own transaction wrote.
-- name: idempotency_store exec
select keep_reply($1, $2, $3, $4, $5, $6);

-- name: idempotency_expire exec
delete from idempotency_key where created_at < now() - interval '24 hours';

-- What was done is known for RETENTION_DAYS. Ids grow with the time, so the oldest are the first.
-- name: audit_retire exec
delete from audit where id = any (array(select id from (select id, at from audit order by id limit 100) oldest
                                        where at < now() - make_interval(days => $1::integer)));
