-- The schema of tests/db/test_db.c, made anew for each test.
drop schema if exists bookingd cascade;
create schema bookingd;
set search_path = bookingd, public;
create extension if not exists btree_gist schema public;
create type mood as enum ('calm', 'hurried');
create table thing (id int4 primary key, amount int4 not null constraint amount_positive check (amount > 0));
create table gone (dropped int4, a int2, b int8, c bool, d text, e uuid, f timestamptz, g mood, h text);
alter table gone drop column dropped;
create table span (during tstzrange not null, constraint span_overlap exclude using gist (during with &&));
create function raise_state(state text, message text) returns void language plpgsql as $$
begin
  raise exception using errcode = state, message = message;
end $$;
-- How often the two below were tried; what is rolled back counts as well.
create sequence tries;
create function lose_races(times int8) returns void language plpgsql as $$
begin
  if nextval('tries') <= times then
    raise exception using errcode = '40001', message = 'lost';
  end if;
  insert into thing (id, amount) values (1, 1);
end $$;
-- Two at once, which begin with what the other ends with, wait for each other.
create function cross_things(one int4, other int4) returns void language plpgsql as $$
begin
  update thing set amount = amount + 1 where id = one;
  perform nextval('tries');
  while (select last_value from tries) < 2 loop
    perform pg_sleep(0.01);
  end loop;
  update thing set amount = amount + 1 where id = other;
end $$;
