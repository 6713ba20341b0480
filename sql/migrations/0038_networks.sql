-- Sessions of people who sign in by mail, and of manage links, say where they were begun, as guests' do (functions/guest.sql).
-- They take another parameter now.
drop function if exists complete_sign_in(text, bytea, bytea, bytea, bytea, integer, text);
drop function if exists begin_manage_session(bytea, bytea, integer, integer);
drop function if exists network_of(uuid);
drop function if exists lock_network_of(uuid);

create index own_session_about on own_session (appointment_id) where appointment_id is not null;

-- person: somebody new who has booked from a network.
alter table client_use drop constraint client_use_kind_check;
alter table client_use add constraint client_use_kind_check check (kind in ('address', 'change', 'code', 'promo', 'person'));
