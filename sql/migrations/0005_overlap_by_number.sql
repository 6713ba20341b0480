-- The constraint's index compares the coach's id as a number of 64 bits: comparing texts took more than half of the work
-- of a booking, and a change of the row pays it again. Equal ids have equal numbers, so nothing can be sold
-- twice; two coaches of one number (one chance in 10^11 among 10,000 coaches) could not be booked at the same time.
alter table appointment
  drop constraint appointment_overlap,
  add constraint appointment_overlap exclude using gist
    (hashtextextended(coach_id, 0) with =, tstzrange(blocked_from, blocked_to) with &&)
    where (status in ('held', 'scheduled', 'completed', 'no_show'));
