-- Notifies all daemons, with the commit, that a coach's row changed: so the schedules they remember need no expiry.
create or replace function tell_coach() returns trigger language plpgsql as $$
begin
  perform pg_notify('bookingd_coach', ':' || coalesce(new.id, old.id));
  return null;
end $$;

create or replace trigger coach_tell after insert or delete or update of email, schedule, feed_token on coach
for each row execute function tell_coach();

-- The same for what clients see of a coach.
create or replace function tell_coach_profile() returns trigger language plpgsql as $$
begin
  perform pg_notify('bookingd_coach', ':' || coalesce(new.coach_id, old.coach_id));
  return null;
end $$;

create or replace trigger coach_profile_tell after insert or update or delete on coach_profile
for each row execute function tell_coach_profile();

-- The release before this one gives the feed's token as it is; it is kept as a digest all the same. Goes with the release
-- after this one.
create or replace function digest_feed_token() returns trigger language plpgsql as $$
begin
  if new.feed_token not like 'sha256:%' then
    new.feed_token := 'sha256:' || encode(sha256(convert_to(new.feed_token, 'UTF8')), 'hex');
    new.feed_sealed := null;
  end if;
  return new;
end $$;

create or replace trigger coach_digest_feed before insert or update of feed_token on coach
for each row execute function digest_feed_token();
