-- What is sent next is the first entry of this index.
drop index notice_due;
create index notice_due on notice (due_at, id) where state in ('owed', 'retry', 'sending');
-- What a process was sending when it died is looked for at each claim, and is not among many.
create index notice_sending on notice (due_at) where state = 'sending';
