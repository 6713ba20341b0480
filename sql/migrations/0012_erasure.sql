-- What an erased person's identity becomes: pseudonym(). The key is this database's own, so that nobody without it can
-- try identities.
create table erasure_key (
  key bytea not null
);
insert into erasure_key (key) values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- Whose actions are to become a pseudonym's.
create index audit_by_actor on audit (actor);
