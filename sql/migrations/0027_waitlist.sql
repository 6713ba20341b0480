-- The waiting list: who wants a time that is not free. An offer is a hold like others, but beside a person's own open hold.
create table waitlist (
  id               uuid primary key default gen_random_uuid(),
  place            bigint generated always as identity, -- in line
  coach_id         text not null references coach,
  user_id          text not null,
  session_type     text not null,
  duration_minutes integer not null,
  from_at          timestamptz not null, -- the start lies in [from_at, to_at),
  to_at            timestamptz not null,
  days             integer not null, -- on one of these days (bit 0 is Monday),
  between_from     integer not null, -- and the session between these minutes of the day, all in this zone
  between_to       integer not null,
  zone             text not null,
  name             text,
  email            text,
  client_time_zone text,
  locale           text,
  notice_minutes   integer not null, -- an offer ends so long before the start at the latest
  price_credits    integer not null,
  max_active       integer, -- of a client at a time; null: no limit
  max_active_type  text, -- counted for one session type if the limit is its own
  state            text not null default 'waiting' check (state in ('waiting', 'offered', 'booked', 'lapsed', 'left')),
  appointment_id   uuid, -- the offer
  created_at       timestamptz not null default now()
);
create index waitlist_in_line on waitlist (coach_id, session_type, place) where state = 'waiting';
create index waitlist_by_user on waitlist (user_id);
create unique index waitlist_offer on waitlist (appointment_id) where appointment_id is not null;

-- Why a hold is held: its client's own wish, or an offer to who waits. (One column for all kinds, since releases that still run
-- while this is migrated read rows of at most 64 columns.)
alter table appointment
  add column hold_kind text not null default 'own' constraint appointment_hold_kind check (hold_kind in ('own', 'offer'));
drop index appointment_open_hold;
create unique index appointment_open_hold on appointment (user_id) where status = 'held' and hold_kind = 'own';
create index appointment_offer on appointment (id) where hold_kind = 'offer' and status = 'held';

-- At the end of the transaction that frees a time, when all else is as it will be; see functions/waitlist.sql.
create function offer_freed() returns trigger language plpgsql as $$
begin
  return null;
end $$;
create constraint trigger appointment_freed after update of status, starts_at, ends_at on appointment
deferrable initially deferred for each row
when (old.status in ('held', 'scheduled')
      and (new.status in ('cancelled', 'expired') or (old.starts_at, old.ends_at) <> (new.starts_at, new.ends_at)))
execute function offer_freed();
