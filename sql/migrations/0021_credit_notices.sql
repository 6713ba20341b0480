-- Notices about credits: few are left, or some end within a week. They hang on the client's last session with the coach,
-- which says where and in which language they read.
alter table notice drop constraint notice_kind_check;
alter table notice add constraint notice_kind_check
  check (kind in ('confirmed', 'moved', 'cancelled', 'reminder', 'offer', 'credits_low', 'credits_ending'));
-- Once for each grant (and each end of it), whichever session they hang on. about: the grant, @, and low or its end.
create unique index notice_credits on notice (about, recipient, channel) where kind in ('credits_low', 'credits_ending');
create index credit_entry_age on credit_entry (at) where reason = 'booked';
