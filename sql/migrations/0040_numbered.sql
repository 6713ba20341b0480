-- Whether a sequence would give again a number that a row has is asked at every start and once a minute, and no index of
-- these columns answers it. A brin costs next to nothing to write, and no range of it reaches beyond the highest number.
create index credit_grant_numbered on credit_grant using brin (place);
create index credit_entry_numbered on credit_entry using brin (id);
create index waitlist_numbered on waitlist using brin (place);
-- It tells no more how high the numbers are.
drop function if exists behind_sequences();
-- The price is that of the moment of the offer; nothing ever read this one.
alter table waitlist drop column price_credits;
