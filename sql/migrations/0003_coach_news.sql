-- Whoever changes a coach's row, all daemons hear of it at the commit: so what they remember of a schedule needs no age.
create function tell_coach() returns trigger language plpgsql as $$
begin
  perform pg_notify('bookingd_coach', ':' || coalesce(new.id, old.id));
  return null;
end $$;

create trigger coach_tell after insert or delete or update of email, schedule, feed_token on coach
for each row execute function tell_coach();
