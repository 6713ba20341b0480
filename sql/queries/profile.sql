-- What everybody may know of a coach. $1: id.
-- name: profile_by_coach one
select name, headline, about, accent, array_to_string(languages, ' '), coalesce(slug, coach_id), picture_tag
from coach_profile where coach_id = $1;

-- The profile as a whole, and the zone of the schedule ($8), which is shown with it. $6: languages, blanks between. $7: the name in
-- the address; null keeps the one there is. No row: that name leads to another coach's page, now or formerly, or is their id.
-- name: profile_put one
with address as (
  insert into coach_address (slug, coach_id)
  select $7::text, $1::text where $7::text is not null and not exists (select from coach where lower(id) = $7::text and id <> $1::text)
  on conflict (slug) do update set coach_id = excluded.coach_id where coach_address.coach_id = excluded.coach_id
  returning slug),
zone as (
  update coach set schedule = jsonb_set(schedule, '{time_zone}', to_jsonb($8::text)), schedule_version = schedule_version + 1,
                   updated_at = now()
  where id = $1::text and $8::text is not null and schedule ->> 'time_zone' is distinct from $8::text
    and ($7::text is null or exists (select from address))
  returning id)
insert into coach_profile as kept (coach_id, name, headline, about, accent, languages, slug)
select $1::text, $2::text, $3::text, $4::text, $5::text, coalesce(string_to_array($6::text, ' '), '{}'), $7::text
where $7::text is null or exists (select from address)
on conflict (coach_id) do update
set name = excluded.name, headline = excluded.headline, about = excluded.about, accent = excluded.accent,
    languages = excluded.languages, slug = coalesce(excluded.slug, kept.slug), updated_at = now()
returning coach_id;

-- name: picture_put one
insert into coach_profile (coach_id, picture, picture_type, picture_tag) values ($1, $2, $3, $4)
on conflict (coach_id) do update
set picture = excluded.picture, picture_type = excluded.picture_type, picture_tag = excluded.picture_tag, updated_at = now()
returning picture_tag;

-- name: picture_remove exec
update coach_profile set picture = null, picture_type = null, picture_tag = null, updated_at = now()
where coach_id = $1 and picture is not null;

-- name: picture_get one
select picture, picture_type, picture_tag from coach_profile where coach_id = $1 and picture is not null;

-- The coach whose page has, or had, this name in its address.
-- name: coach_by_address one
select coach_id from coach_address where slug = $1;

-- Everybody a client may choose from.
-- name: profiles many
select coach.id, coalesce(profile.slug, coach.id), profile.name, profile.headline, profile.accent, profile.picture_tag,
       array_to_string(profile.languages, ' ')
from coach left join coach_profile profile on profile.coach_id = coach.id
order by coalesce(profile.name, coach.id), coach.id limit 200;

-- The types that more than one coach offers to clients who ask for any.
-- name: shared_types many
select type ->> 'id' from coach, jsonb_array_elements(schedule -> 'session_types') type
where not coalesce((type ->> 'draft')::boolean, false) and coalesce((type ->> 'weight')::integer, 1) > 0
group by 1 having count(*) > 1 order by 1 limit 50;
