-- How often it is not known whether a mail went out: such tries end sooner than those that are known to have failed.
alter table notice add column unknowns smallint not null default 0;
