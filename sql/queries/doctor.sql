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
       current_setting('max_connections')::integer,
       (select count(*) from pg_stat_activity where backend_type = 'client backend')

-- name: doctor_clock one
select clock_timestamp()

-- name: doctor_coaches one
select count(*) from coach
