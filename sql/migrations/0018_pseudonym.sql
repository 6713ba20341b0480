-- The daemon makes pseudonyms, by a key that does not rest beside them (app/pseudonym.h).
drop function if exists pseudonym(text);
drop table erasure_key;
