-- Whether the schema still is what keeps appointments apart (src/db/schema_guard.c).

-- Whether writes are refused. On the way there something is sorted on disk, so with a full one it fails (53100).
-- name: database_room one
select current_setting('transaction_read_only') = 'on', count(*)
from (select set_config('work_mem', '64kB', true) as set) memory,
     lateral (select number from generate_series(1, 4000) number where memory.set is not null order by random()) sorted

-- name: database_clock one
select clock_timestamp()

-- PostgreSQL's clock was set back.
-- name: database_clock_set_back exec
select bring_forward();

-- A row: nothing was touched since the schema was recorded, so all is well; but for the numbers of sequences, which are no
-- part of it. No row says nothing. $1 and $2 as below.
-- name: schema_untouched one
select true
from schema_object
where kind = 'function' and name = 'catalog_rows()'
  and definition = pg_get_functiondef(to_regprocedure('bookingd.catalog_rows()'))
  and obj_description('schema_object'::regclass, 'pg_class') = 'as recorded: ' || catalog_rows()
  and current_setting('session_replication_role') = 'origin'
  and to_regclass('appointment') = to_regclass('bookingd.appointment')
  and (coalesce((select max(version) from migration), 0) > $2::integer
       or exists (select from function_set where checksum = $1::text))

-- $1: the checksum of this binary's functions, $2: its newest migration. No row: all is well.
-- name: schema_faults many
select concat_ws(' ', kind, concat_ws('.', nullif(relation, ''), name), fault)
from (
  select kind, relation, name, fault from lost_objects()
  union all
  select kind, relation, name, fault from foreign_objects()
  union all
  -- What looks for the others may not be taken at its own word.
  select kind, relation, name, 'differs' from schema_object
  where kind = 'function' and name in ('live_objects()', 'lost_objects()', 'foreign_objects()')
    and definition is distinct from pg_get_functiondef(to_regprocedure('bookingd.' || name))
    and not exists (select from lost_objects() lost where lost.name = schema_object.name)
  union all
  select 'setting', '', 'session_replication_role', 'is not origin, so triggers and foreign keys do not work (reset it for the role and the database)'
  where current_setting('session_replication_role') <> 'origin'
  union all
  select 'setting', '', 'search_path', 'finds another table appointment than ours'
  where to_regclass('appointment') is distinct from to_regclass('bookingd.appointment')
  union all
  select 'record', '', 'schema_object', 'is empty' where not exists (select from schema_object)
  union all
  select 'constraint', 'appointment', 'appointment_overlap', 'is missing'
  where not exists (select from pg_constraint
                    where conrelid = to_regclass('bookingd.appointment') and conname = 'appointment_overlap' and contype = 'x')
    and not exists (select from lost_objects() where name = 'appointment_overlap')
  union all
  select 'functions', '', '', 'are those of another release'
  where coalesce((select max(version) from migration), 0) <= $2::integer
    and not exists (select from function_set where checksum = $1::text)
) faults
limit 20
