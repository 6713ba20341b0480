-- What `bookingd doctor` asks.

-- name: doctor_server one
select current_setting('server_version_num')::integer,
       current_setting('server_version'),
       current_user::text,
       current_database()::text,
       pg_is_in_recovery(),
       has_database_privilege(current_database(), 'CREATE'),
       to_regnamespace('bookingd') is not null,
       exists (select from pg_extension where extname = 'btree_gist'),
       exists (select from pg_available_extensions where name = 'btree_gist'),
       current_setting('fsync')::boolean and current_setting('full_page_writes')::boolean,
       current_setting('synchronous_commit') <> 'off',
       -- What one more client may still open, and what others have open beside this very connection.
       least(current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
               - coalesce(current_setting('reserved_connections', true)::integer, 0),
             (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user),
             (select nullif(datconnlimit, -1) from pg_database where datname = current_database())),
       (select count(*) from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()),
       (select count(*) from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()
          and datname = current_database() and usename = current_user and application_name = 'bookingd'),
       current_setting('max_connections')::integer,
       (select rolsuper from pg_roles where rolname = current_user),
       coalesce((select pg_has_role(nspowner, 'USAGE') from pg_namespace where nspname = 'bookingd'), false),
       coalesce((select has_schema_privilege(oid, 'CREATE') from pg_namespace where nspname = 'bookingd'), false)
         or (select rolcreaterole or rolcreatedb or rolreplication or rolbypassrls from pg_roles where rolname = current_user),
       current_setting('transaction_read_only')::boolean,
       getdatabaseencoding()::text

-- What the role may do beyond what a daemon needs (true), and what it lacks. $1: lines of a table and its needs, "coach
-- select, insert".
-- name: doctor_rights many
with needed as (
  select split_part(line, ' ', 1) as name, string_to_array(substr(line, strpos(line, ' ') + 1), ', ') as kinds
  from unnest(string_to_array($1::text, e'\n')) line
),
every as (
  select c.relname::text as name, kind, has_table_privilege(c.oid, kind) as has
  from pg_class c
  cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) kind
  where c.relnamespace = to_regnamespace('bookingd') and c.relkind = 'r'
)
select upper(kind) || ' on ' || name, has
from every left join needed using (name)
where has <> coalesce(kind = any (kinds), false)
union all
select upper(kind) || ' on ' || c.relname, false
from needed
join pg_class c on c.relname = needed.name and c.relnamespace = to_regnamespace('bookingd') and c.relkind = 'S'
cross join unnest(kinds) kind
where not has_sequence_privilege(c.oid, kind)
union
select 'SELECT on ' || relname, false -- behind_sequences()
from pg_sequence
join pg_class on oid = seqrelid and relnamespace = to_regnamespace('bookingd')
where not has_sequence_privilege(seqrelid, 'select')
union all
select 'EXECUTE on ' || oid::regprocedure, false
from pg_proc
where pronamespace = to_regnamespace('bookingd') and not has_function_privilege(oid, 'EXECUTE')
order by 2, 1

-- How many coaches have each zone, and one of them.
-- name: doctor_coaches many
select schedule ->> 'time_zone', count(*), min(id) from coach group by 1 order by 1

-- Every appointment that begins before an earlier one of its coach has ended, and one of those. Seats of one session are one.
-- name: doctor_overlaps many
with taken as (
  select coalesce(group_id, id) as session, min(id::text)::uuid as id, coach_id, blocked_from, blocked_to from appointment
  where status in ('held', 'scheduled', 'completed', 'no_show') and group_id is distinct from id
  group by session, coach_id, blocked_from, blocked_to
)
select late.id::text, early.id::text, late.coach_id
from (
  select id, coach_id, blocked_from,
         max(blocked_to) over (partition by coach_id order by blocked_from, id
                               rows between unbounded preceding and 1 preceding) as taken_until
  from taken
) late
cross join lateral (
  select id from taken e
  where e.coach_id = late.coach_id
    and (e.blocked_from, e.id) < (late.blocked_from, late.id) and e.blocked_to > late.blocked_from
  limit 1
) early
where late.blocked_from < late.taken_until
order by late.coach_id, late.blocked_from
limit 1000

-- What others hung on our tables that may refuse a row: constraints, unique indexes, and triggers that foreign_objects() lets be.
-- name: doctor_additions many
with addition as (
  select 'constraint' as kind, r.relname::text as relation, c.conname::text as name
  from pg_constraint c
  join pg_class r on r.oid = c.conrelid
  where r.relnamespace = to_regnamespace('bookingd') and c.contype in ('c', 'f', 'p', 'u', 'x')
  union all
  select 'index', r.relname::text, x.relname::text
  from pg_index i
  join pg_class x on x.oid = i.indexrelid
  join pg_class r on r.oid = i.indrelid
  where r.relnamespace = to_regnamespace('bookingd') and i.indisunique
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
  union all
  select 'trigger', r.relname::text, t.tgname::text
  from pg_trigger t
  join pg_class r on r.oid = t.tgrelid
  where r.relnamespace = to_regnamespace('bookingd') and not t.tgisinternal
)
select a.kind || ' ' || a.name || ' on ' || a.relation
from addition a
where not exists (select from schema_object o where (o.kind, o.relation, o.name) = (a.kind, a.relation, a.name))
  and not exists (select from foreign_objects() f where (f.kind, f.relation, f.name) = (a.kind, a.relation, a.name))
order by 1
limit 20

-- Coaches' further calendars, at most $1, those in trouble first and then those that were read longest ago; and how many there are.
-- name: doctor_sources many
select coach_id, id::text, kind, state, detail, events, last_success_at, blocks, count(*) over ()
from busy_source
order by state in ('failing', 'pending') desc, last_success_at nulls first, coach_id, id
limit $1
