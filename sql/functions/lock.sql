-- Locks are short and on one client or one day, never on a coach: bookings of one coach do not queue.
create or replace function lock_client(p_user text) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469163, hashtext(p_user));
end $$;

create or replace function lock_day(p_coach text, p_day timestamptz) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469164, hashtext(p_coach || extract(epoch from p_day)::text));
end $$;

-- Those who ask for a code for one address go one after the other: else each would find fewer than the limit, and more
-- than the newest code would be good.
create or replace function lock_address(p_email text) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469168, hashtext(p_email));
end $$;

-- Whoever takes time away, by a move or because a hold gives way, and then waits for others on the constraint could wait
-- in a circle, until the server breaks it after a second. So these go one after the other for each coach they touch;
-- a plain booking takes nothing away and passes them. Taken before anything is changed, after the client's lock and
-- before the day's.
create or replace function lock_moves(variadic p_coaches text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469165, hash)
  from (select distinct hashtext(coach) as hash from unnest(p_coaches) coach where coach is not null order by 1) sorted;
end $$;
