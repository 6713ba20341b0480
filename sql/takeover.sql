-- A database of the nine migrations that the former releases had is the schema of 0001_schema.sql already, if nothing of
-- it was lost since: a restore without btree_gist, say, loses the constraint and says so in one line among hundreds.
do $$
declare
  missing text;
begin
  select string_agg(name, ', ') into missing
  from (values
    ('appointment_pkey'), ('appointment_is_sound'), ('appointment_overlap'), ('appointment_coach_id_fkey'),
    ('audit_pkey'), ('coach_pkey'), ('coach_id_check'), ('coach_calendar_pkey'), ('coach_calendar_coach_id_fkey'),
    ('google_consent_pkey'), ('google_consent_coach_id_fkey'), ('google_grant_pkey'), ('google_grant_coach_id_fkey'),
    ('idempotency_key_pkey')) as needed (name)
  where not exists (select from pg_constraint
                    where conname = name and connamespace = 'bookingd'::regnamespace and convalidated);
  if missing is not null then
    raise exception 'the constraint % is missing: restore a complete backup, with the extension btree_gist', missing;
  end if;
  select string_agg(name, ', ') into missing
  from (values
    ('appointment_by_coach'), ('appointment_by_user'), ('appointment_conflict'), ('appointment_debt'), ('appointment_hold'),
    ('appointment_open_hold'), ('appointment_overlap'), ('appointment_personal'), ('audit_by_appointment'),
    ('coach_calendar_channel'), ('coach_calendar_written'), ('idempotency_key_about'), ('idempotency_key_age')) as needed (name)
  where not exists (select from pg_index i join pg_class c on c.oid = i.indexrelid
                    where c.relname = name and c.relnamespace = 'bookingd'::regnamespace and i.indisvalid);
  if missing is not null then
    raise exception 'the index % is missing: restore a complete backup', missing;
  end if;
end $$;
