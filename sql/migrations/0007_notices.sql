-- What people are told, and how they get in.

-- ---------------------------------------------------------------------------- notices
--
-- What people must be told is the difference between an appointment and this ledger, as with the debt to Google:
-- noticed_version against version for what changed, starts_at against the clock for reminders.

alter table appointment
  add column locale text, -- of the client, BCP 47
  -- Who sends the invitation: google, email, none; null while that is open. Decided once.
  add column invited_by text,
  -- Not in the ledger yet: version > noticed_version. What stood before there was a ledger is told already.
  add column noticed_version integer not null default 2147483647,
  add column noticed_start timestamptz, -- the start that was told last; null: nothing was
  add column noticed_at timestamptz; -- since when it has been there

alter table appointment alter column noticed_version set default 0;
update appointment
set noticed_version = version, noticed_start = starts_at,
    invited_by = case when email is null or calendar_id is null or status = 'held' then null
                      when calendar_detail like '%invite guests%' then 'none'
                      when event_written then 'google' end
where ends_at > now();

alter type new_booking add attribute locale text;
drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer, integer, integer, text, boolean);

create index appointment_unannounced on appointment (id)
  where version > noticed_version and status in ('scheduled', 'cancelled');

create table notice (
  id             bigint generated always as identity primary key,
  appointment_id uuid not null references appointment on delete cascade,
  recipient      text not null check (recipient in ('client', 'coach')),
  channel        text not null check (channel in ('email', 'in_app', 'sms')),
  kind           text not null check (kind in ('confirmed', 'moved', 'cancelled', 'reminder', 'offer')),
  about          text not null, -- the version; of a reminder its minutes and the start: 1440@1764000000
  state          text not null check (state in ('owed', 'sending', 'sent', 'unknown', 'retry', 'failed', 'skipped')),
  was_at         timestamptz, -- of a move: the start that was told before
  attempts       integer not null default 0,
  due_at         timestamptz not null default now(), -- the next try; while sending, the end of the lease
  sent_at        timestamptz,
  read_at        timestamptz,
  asked_at       timestamptz, -- when somebody last asked for it once more
  detail         text, -- the server's words where it failed; never what people wrote
  created_at     timestamptz not null default now(),
  -- Nobody is told the same thing twice, whatever the code above believes.
  unique (appointment_id, recipient, channel, kind, about)
);
create index notice_due on notice (due_at) where state in ('owed', 'retry', 'sending');
create index notice_failed on notice (appointment_id) where state = 'failed';

-- What a person wants; user_id is coach:<id> for a coach's own mails.
create table notice_preference (
  user_id   text primary key,
  reminders boolean not null default true,
  locale    text
);

-- Addresses that mail is not sent to any more.
create table mail_suppression (
  email  text primary key, -- in lower case
  reason text not null,
  at     timestamptz not null default now()
);

-- ---------------------------------------------------------------------------- people and sessions

-- Who is behind an address that was proved: the platform's user, or one of our own.
create table known_address (
  email    text primary key, -- in lower case
  user_id  text not null default 'mail:' || gen_random_uuid(),
  platform boolean not null default false,
  since    timestamptz not null default now()
);
create index known_address_by_user on known_address (user_id);

-- Links and codes. Each is kept as its digest (SHA-256) only.
create table action_token (
  hash           bytea primary key,
  purpose        text not null check (purpose in ('manage', 'sign_in', 'verify', 'stop')),
  appointment_id uuid references appointment on delete cascade,
  email          text,
  user_id        text,
  page           text,
  nonce_hash     bytea, -- of the browser that asked
  code_hash      bytea, -- of nonce and code together, so that the table does not tell the code
  tries          integer not null default 0,
  created_at     timestamptz not null default now(),
  expires_at     timestamptz not null,
  used_at        timestamptz
);
create index action_token_age on action_token (expires_at);
create index action_token_asked on action_token (email, created_at) where email is not null;
create index action_token_nonce on action_token (nonce_hash) where nonce_hash is not null;
create index action_token_about on action_token (appointment_id) where appointment_id is not null;

create table own_session (
  id             uuid primary key default gen_random_uuid(),
  token_hash     bytea not null unique,
  user_id        text not null,
  role           text not null check (role in ('user', 'coach', 'admin')),
  coach_id       text,
  email          text,
  appointment_id uuid references appointment on delete cascade, -- a session for this appointment alone
  created_at     timestamptz not null default now(),
  expires_at     timestamptz not null
);
create index own_session_by_user on own_session (user_id);
create index own_session_age on own_session (expires_at);

