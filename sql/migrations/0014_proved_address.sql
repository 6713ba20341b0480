-- Addresses beside their own that people have proved to read, by a code mailed there; user_id as in appointment.
create table proved_address (
  user_id text not null,
  email   text not null, -- in lower case
  at      timestamptz not null default now(),
  primary key (user_id, email)
);
create index action_token_prover on action_token (user_id, email, created_at) where purpose = 'verify';

-- To how many addresses somebody had codes mailed is counted as well.
alter table client_use drop constraint client_use_kind_check;
alter table client_use add constraint client_use_kind_check check (kind in ('address', 'change', 'code'));
