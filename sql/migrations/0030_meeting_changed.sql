-- Who was told where a session takes place is told when that changes. Each announcement remembers what it said of that
-- (place_of()); what was announced before this column is taken to have said what was true until now.
alter table notice drop constraint notice_kind_check;
alter table notice add constraint notice_kind_check
  check (kind in ('confirmed', 'moved', 'meeting_changed', 'cancelled', 'reminder', 'offer', 'credits_low', 'credits_ending',
                  'requested', 'declined', 'expired'));
alter table notice add column place bytea;

-- Read by place_of() of functions/notice.sql from now on; a migration runs before the functions are there.
update notice n
set place = sha256(convert_to(jsonb_build_array(a.meeting_kind, case when a.meeting_kind <> 'google_meet' then a.meeting_url end,
                                                a.meeting_label, a.meeting_place, a.meeting_instructions)::text, 'UTF8'))
from appointment a
where a.id = n.appointment_id and a.status = 'scheduled' and a.ends_at > now() and a.noticed_version >= a.version
  and n.kind in ('confirmed', 'moved');

-- Why a session with too few seats was cancelled is a code, which each reader is told in their language.
update appointment set cancel_reason = 'too_few_booked' where cancel_reason = 'Too few people have booked it.';
