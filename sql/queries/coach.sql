-- The last column is what clients see of the coach, as JSON; null where nothing was said.
-- name: coach_by_id one
select id, email, schedule::text, schedule_version, feed_token, feed_sealed,
       (select jsonb_build_object('name', name, 'headline', headline, 'about', about, 'accent', accent, 'languages', languages,
                                  'slug', coalesce(slug, coach_id), 'picture_version', picture_tag)::text
        from coach_profile where coach_id = coach.id),
       exists (select from busy_source where coach_id = coach.id and blocks)
from coach where id = $1;

-- The only coach, when a call names none.
-- name: coach_ids many
select id from coach order by id limit 1000;

-- name: coach_seed exec
insert into coach (id, email, schedule, feed_token, feed_sealed) values ($1, $2, $3::jsonb, $4, $5)
on conflict (id) do nothing;

-- A coach by their first schedule. No row: somebody else was faster.
-- name: coach_create one
with made as (
  insert into coach (id, schedule, feed_token, feed_sealed) values ($1, $2::jsonb, $3, $4)
  on conflict (id) do nothing returning id),
noted as (
  insert into audit (actor, role, action, coach_id, request_id)
  select $5::text, $6::text, 'schedule', id, $7::text from made)
select id from made;

-- $3: the versions that may be replaced, blanks between; null: any.
-- name: coach_schedule_put one
with changed as (
  update coach set schedule = $2::jsonb, schedule_version = schedule_version + 1, updated_at = now()
  where id = $1 and ($3::text is null or schedule_version::text = any (string_to_array($3, ' ')))
  returning id, schedule_version),
noted as (
  insert into audit (actor, role, action, coach_id, request_id)
  select $4::text, $5::text, 'schedule', id, $6::text from changed)
select schedule_version from changed;

-- name: coach_feed_renew one
update coach set feed_token = $2, feed_sealed = $3, updated_at = now() where id = $1 returning id;

-- name: coach_email_put exec
update coach set email = $2 where id = $1 and email is distinct from $2;

-- Tells the other replicas; payloads with blanks between. Nothing of it needs to reach the disk.
-- name: coach_notify exec
select set_config('synchronous_commit', 'off', true), pg_notify('bookingd_coach', payload)
from string_to_table($1, ' ') payload;
