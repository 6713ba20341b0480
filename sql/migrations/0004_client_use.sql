-- What a client did in the last day, counted so that nobody sends invitations to strangers through a coach: addresses
-- other than their own, and cancellations and moves. Hashes only: an erased client leaves nothing readable here, and is counted all
-- the same.
create table client_use (
  client bytea not null, -- of the user's id
  kind   text not null check (kind in ('address', 'change')),
  about  bytea not null, -- of the address, or of the appointment and its version
  at     timestamptz not null default now(),
  primary key (client, kind, about)
);
create index client_use_age on client_use (at);

-- The function is made anew with these (sql/functions): one with more arguments would stand beside the former.
drop function if exists make_booking(
  uuid, text, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, text, text, text, text, text, text,
  integer, integer, integer, integer, text, integer);
alter type new_booking
  add attribute max_addresses integer, -- other than their own that the client may use in a day; null: it is theirs
  add attribute max_changes integer; -- after so many cancellations and moves a client books and moves no more; null: no limit
