-- Guests (functions/guest.sql): where a guest's hold came from, to bound how many one network keeps open. The digest of the
-- address, or of the /64 that it lies in; it goes with the session, within the hour.
alter table own_session add column network bytea;
create index own_session_network on own_session (network) where network is not null;

-- It is told whose a hold becomes as well.
drop function if exists confirm_hold(new_booking, actor);

-- What the ids of people who are known by an address alone are made with: person_of_address().
create table address_key (
  key bytea not null
);
insert into address_key (key) values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
