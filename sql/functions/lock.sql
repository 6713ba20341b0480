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
-- in a circle, until the server breaks it after a second; so could whoever changes a whole series, in an order of their own.
-- So these go one after the other for each coach they touch; a plain booking takes nothing away and passes them. Taken
-- before anything is changed, after the client's lock and before the day's.
create or replace function lock_moves(variadic p_coaches text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469165, hash)
  from (select distinct hashtext(coach) as hash from unnest(p_coaches) coach where coach is not null order by 1) sorted;
end $$;

-- Whoever has taken time makes sure that the constraint was there: it cannot go any more before they commit, since their
-- row's lock keeps ALTER TABLE out. The guard (db/schema_guard.c), which looks at everything, looks once a minute only.
create or replace function must_be_apart() returns void language plpgsql as $$
begin
  if not exists (select from pg_constraint c join pg_index i on i.indexrelid = c.conindid
                 where c.conrelid = 'bookingd.appointment'::regclass and c.conname = 'appointment_overlap' and c.contype = 'x'
                   and i.indisvalid and i.indisready) then
    raise exception 'the constraint appointment_overlap is missing' using errcode = '53000'; -- unavailable, not a refusal
  end if;
end $$;
