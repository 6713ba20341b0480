-- What happened to several dates of a series at once is told in one mail: their rows in the ledger have a batch in common.
alter table notice add column batch uuid;
create index notice_batch on notice (batch) where batch is not null;
