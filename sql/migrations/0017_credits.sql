-- Credits: what a client has been granted, and the ledger of what became of it. No money passes through here.

-- ---------------------------------------------------------------------------- grants and the ledger

-- A package: so many credits of one client with one coach. `balance` is the sum of its entries, kept by them alone.
create table credit_grant (
  id            uuid primary key default gen_random_uuid(),
  place         bigint generated always as identity, -- in lists
  coach_id      text not null references coach,
  user_id       text not null,
  session_types text[], -- which they pay for; null: all
  amount        integer not null check (amount between 1 and 10000),
  -- Nobody spends what is not there, whatever the code above believes.
  balance       integer not null default 0 constraint credit_grant_balance check (balance >= 0),
  expires_at    timestamptz, -- as granted
  usable_until  timestamptz, -- later than that where something was returned after it had expired
  source        text not null check (source in ('platform', 'coach', 'admin')),
  external_ref  text, -- the platform's own, of its checkout
  request_hash  bytea, -- what was asked under that reference
  revoked_at    timestamptz,
  created_at    timestamptz not null default now(),
  constraint credit_grant_reference unique (coach_id, external_ref)
);
create index credit_grant_by_user on credit_grant (user_id, coach_id);
create index credit_grant_by_coach on credit_grant (coach_id, place);
create index credit_grant_expiry on credit_grant (usable_until) where balance > 0 and usable_until is not null;

-- What happened to a grant, in order. Nothing here is changed or taken away. Whose it is only the grant says.
create table credit_entry (
  id             bigint generated always as identity primary key,
  grant_id       uuid not null references credit_grant,
  appointment_id uuid,
  delta          integer not null,
  reason         text not null check (reason in ('granted', 'booked', 'returned', 'kept_late', 'kept_no_show', 'given_back',
                                                 'expired', 'revoked')),
  actor          text not null check (actor in ('client', 'coach', 'admin', 'platform', 'calendar', 'system')),
  note           text, -- why the coach gave something back; goes with the person
  at             timestamptz not null default now(),
  check (case reason when 'granted' then delta > 0 when 'returned' then delta > 0 when 'given_back' then delta > 0
                     when 'kept_late' then delta = 0 when 'kept_no_show' then delta = 0 else delta < 0 end),
  check ((appointment_id is null) = (reason in ('granted', 'expired', 'revoked')))
);
create index credit_entry_by_grant on credit_entry (grant_id, id);
create index credit_entry_by_appointment on credit_entry (appointment_id, grant_id) where appointment_id is not null;

-- ---------------------------------------------------------------------------- promo codes

create table promo_code (
  id            uuid primary key default gen_random_uuid(),
  coach_id      text not null references coach,
  code          text not null check (code = upper(code)),
  kind          text not null check (kind in ('credits', 'percent', 'free')),
  value         integer not null,
  max_uses      integer check (max_uses > 0), -- null: no limit; in all, and of one person
  per_user      integer check (per_user > 0),
  used          integer not null default 0, -- kept by promo_use alone
  valid_from    timestamptz,
  valid_to      timestamptz,
  session_types text[], -- null: all
  created_at    timestamptz not null default now(),
  ended_at      timestamptz, -- it was withdrawn; its uses stay on record
  check (case kind when 'credits' then value between 1 and 1000 when 'percent' then value between 1 and 100 else value = 0 end),
  constraint promo_code_uses check (used >= 0 and used <= max_uses)
);
create unique index promo_code_word on promo_code (coach_id, code) where ended_at is null;

-- One use: the nth of a person. A use that was given back counts no more.
create table promo_use (
  code_id        uuid not null references promo_code,
  user_id        text not null,
  n              integer not null check (n > 0),
  appointment_id uuid not null primary key,
  at             timestamptz not null default now(),
  released_at    timestamptz
);
create unique index promo_use_once on promo_use (code_id, user_id, n) where released_at is null;
create index promo_use_by_user on promo_use (user_id);

-- Wrong codes are counted like a client's other doings of a day.
alter table client_use drop constraint client_use_kind_check;
alter table client_use add constraint client_use_kind_check check (kind in ('address', 'change', 'code', 'promo'));

-- ---------------------------------------------------------------------------- what an appointment costs

alter table appointment
  -- As the client was told when booking; a later change of the policy does not touch it.
  add column late_cancel    text not null default 'refuse', -- or keep: cancelled late, the credits are kept
  add column price_credits  integer not null default 0,
  add column price_amount   bigint, -- in the currency's minor unit, paid elsewhere
  add column price_currency text,
  add column promo_code     text,
  add column payment_state  text; -- paid, returned, kept; null: it took neither credits nor a code

alter type new_booking
  add attribute late_cancel    text,
  add attribute price_credits  integer,
  add attribute price_amount   bigint,
  add attribute price_currency text,
  add attribute promo_code     text,
  add attribute max_total      integer, -- of one client, ever; null: no limit
  add attribute max_total_type text; -- counted for one session type if the limit is its own

drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer, text, boolean, text, text, text, text, text, text,
  uuid, integer);
