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
         or exists (select from pg_class where relnamespace = to_regnamespace('bookingd') and relkind = 'r'
                    and (has_table_privilege(oid, 'TRUNCATE') or has_table_privilege(oid, 'TRIGGER')
                         or (relname in ('appointment', 'coach', 'migration') and has_table_privilege(oid, 'DELETE'))))
         or (select rolcreaterole or rolcreatedb or rolreplication or rolbypassrls from pg_roles where rolname = current_user)

-- name: doctor_coaches one
select count(*) from coach

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

-- Coaches' further calendars, at most $1, those in trouble first and then those that were read longest ago; and how many there are.
-- name: doctor_sources many
select coach_id, id::text, kind, state, detail, events, last_success_at, blocks, count(*) over ()
from busy_source
order by state in ('failing', 'pending') desc, last_success_at nulls first, coach_id, id
limit $1
