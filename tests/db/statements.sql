-- Statements that tests/db/test_db.c runs instead of the daemon's own.

-- name: types one
select $1::int2, $2::int4, $3::int8, $4::bool, $5::text, $6::uuid, $7::timestamptz, $8::bytea, $9::json, $10::jsonb,
       $11::mood, $12::date::text

-- A row in one value: full, with nulls, of nulls only, and none.
-- name: records one
select row($1, $2, true, $3, $4, $5, 'hurried', '')::gone, row(1, null, null, 'x', null, null, null, null)::gone,
       row(null, null, null, null, null, null, null, null)::gone, null::gone

-- name: infinities one
select 'infinity'::timestamptz, '-infinity'::timestamptz, '1999-12-31 23:59:59.5Z'::timestamptz,
       '2026-11-24 14:00:00.999999Z'::timestamptz

-- name: as_text one
select $1::text, $2::text, $3::text, $4::text, ($5::numeric + 1)::text

-- name: series many
select n::int8 from generate_series(1, $1::int8) n

-- name: series_as_one one
select n::int8 from generate_series(1, $1::int8) n

-- name: thing_add exec
insert into thing (id, amount) values ($1, $2)

-- name: thing_add_many exec
insert into thing (id, amount) select n, 1 from generate_series(1, $1::int4) n

-- name: thing_cross exec
select cross_things($1, $2)

-- name: lose_races exec
select lose_races($1)

-- name: tries one
select last_value from tries

-- name: thing_all many
select * from thing order by id

-- name: thing_count one
select count(*) from thing

-- name: span_add exec
insert into span (during) values (tstzrange($1, $2))

-- name: raise exec
select raise_state($1, $2)

-- name: wrong exec
select nothing from nowhere

-- name: wait exec
select pg_sleep($1::int8)

-- name: session one
select current_setting('TimeZone'), current_setting('search_path'), current_setting('application_name'),
       current_setting('default_transaction_isolation'), pg_backend_pid()

-- name: terminate exec
select pg_terminate_backend($1::int4, 10000)

-- name: forget exec
deallocate all

-- name: widen exec
alter table thing add column more text default 'more'

-- name: tell exec
select pg_notify($1, $2)
