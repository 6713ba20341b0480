-- The coach's Google Calendar. Whatever returns an appointment returns the table's columns in their order.

-- ------------------------------------------------------------------ who may do what

-- name: calendar_grant one
select c.id, g.sealed_token, g.account, g.scopes, g.needs_consent, g.detail
from coach c left join google_grant g on g.coach_id = c.id where c.id = $1;

-- name: calendar_list many
select calendar_id, writes from coach_calendar where coach_id = $1 order by writes desc, calendar_id limit 1000;

-- name: calendar_set exec
select set_calendars($1, $2);

-- The coaches who have, or may have, a calendar: $1 is the one of the settings. At most $3 of them after id $2.
-- name: calendar_coaches many
select c.id, g.sealed_token, g.needs_consent, s.sealed_address
from coach c
left join google_grant g on g.coach_id = c.id
left join busy_source s on s.coach_id = c.id and s.write_url is not null
where c.id > $2 and (c.id = $1 or g.coach_id is not null or s.id is not null or exists (select from coach_calendar k where k.coach_id = c.id))
order by c.id limit $3::integer;

-- name: calendar_grant_put exec
select take_grant($1, $2, $3);

-- Only if it still is the consent that was used, and only the first to say so gets a row.
-- name: calendar_grant_dead one
select e from end_consent($1, $2, $3, $4) e where e;

-- name: calendar_grant_rotate exec
update google_grant set sealed_token = $3 where coach_id = $1 and sealed_token = $2;

-- name: calendar_grant_account exec
update google_grant set account = $2 where coach_id = $1 and account is null;

-- name: calendar_grant_delete exec
select end_grant($1, $2, $3);

-- All of them: whether a key opens every consent is asked before any is served.
-- name: calendar_grants many
select coach_id, sealed_token from google_grant order by coach_id;

-- name: calendar_consent_begin exec
with old as (delete from google_consent where created_at < now() - interval '10 minutes')
insert into google_consent (nonce, coach_id, sealed_verifier) values ($1, $2, $3);

-- A state is good once.
-- name: calendar_consent_take one
delete from google_consent where nonce = $1 and coach_id = $2 and created_at > now() - interval '10 minutes'
returning sealed_verifier;

-- name: calendar_consents_drop exec
delete from google_consent;

-- The coach's calendar is $2 now.
-- name: calendar_adopt many
select a from adopt_events($1, $2) a;

-- ------------------------------------------------------------------ the debt

-- Claim one debt: $1 seconds of lease, $2 coaches not to be asked about now, separated by commas.
-- name: calendar_claim one
update appointment set calendar_due_at = now() + make_interval(secs => $1::integer), calendar_attempts = calendar_attempts + 1
where id = (select id from appointment a
            where calendar_id is not null and (version > synced_version or conference_pending) and owes_google(a)
              and calendar_due_at <= now() and coach_id <> all (string_to_array($2::text, ','))
              and not leaves_first(a)
            order by calendar_due_at limit 1 for update skip locked)
returning id, coach_id;

-- The same for an event that has to leave its calendar, since its appointment is another coach's.
-- name: calendar_left_claim one
update left_event set due_at = now() + make_interval(secs => $1::integer), attempts = attempts + 1
where (appointment_id, coach_id) = (select appointment_id, coach_id from left_event
                                    where due_at <= now() and coach_id <> all (string_to_array($2::text, ','))
                                    order by due_at limit 1 for update skip locked)
returning appointment_id, coach_id;

-- The calendar of $2 that the event of $1 has still to leave.
-- name: calendar_left one
select calendar_id, attempts from left_event where appointment_id = $1 and coach_id = $2;

-- name: calendar_left_done exec
delete from left_event where appointment_id = $1 and coach_id = $2;

-- In $3 ms; null: once the coach connects a calendar or has it tried again.
-- name: calendar_left_later exec
update left_event set due_at = coalesce(now() + $3::integer * interval '1 ms', 'infinity')
where appointment_id = $1 and coach_id = $2;

-- Besides the appointment, if it is there and its lock was had: what its event is to be called, the coach's zone, and whether
-- it has to leave another calendar first. That of a session of a group tells how many come, and nobody's name.
-- name: calendar_lock one session
select l.locked, l.booked,
       coalesce((select t ->> 'name' from jsonb_array_elements(c.schedule -> 'session_types') t
                 where t ->> 'id' = (l.booked).session_type limit 1), (l.booked).session_type) || coming_of(l.booked),
       c.schedule ->> 'time_zone', leaves_first(l.booked)
from lock_event($1) l left join coach c on c.id = (l.booked).coach_id;

-- name: calendar_unlock exec session
select pg_advisory_unlock(hashtextextended($1::text, 1651469167));

-- Google now has version $2. $3 event there, $4 etag, $5 link, $6 Meet link, $7 conference pending, $8 its attempt, $9 detail,
-- $10 wait in ms, $11 the client's address was refused, $12 their answer.
-- name: calendar_paid one
select event_paid($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: calendar_later one
update appointment
set calendar_due_at = now() + $3::integer * interval '1 ms', calendar_attempts = greatest(calendar_attempts, 1),
    conference_attempt = greatest(conference_attempt, $4)
where id = $1 and version = $2
returning appointment;

-- Google will never take version $2: $3 why, $4 whether we tell whom it has invited.
-- name: calendar_refused one
select r from event_refused($1, $2, $3, $4) r where r.id is not null;

-- name: calendar_event_gone one
select g.outcome, g.booked from event_gone($1, $2) g;

-- It is to be written anew, into $3.
-- name: calendar_event_lost one
select l from event_lost($1, $2, $3) l where l.id is not null;

-- Whom Google has invited it does not tell of version $2.
-- name: calendar_tell_instead one
select t.id from appointment a, tell_instead(a) t where a.id = $1 and a.version = $2;

-- name: calendar_event_moved one
select m.outcome, m.booked from event_moved($1, $2, $3, $4, $5) m;

-- The event stands as we want it: only what Google adds is noted, $3 the etag and $4 the guest's answer.
-- name: calendar_event_seen exec
update appointment
set event_etag = $3, guest_response = $4, calendar_conflict = false,
    calendar_detail = case when calendar_conflict then null else calendar_detail end
where id = $1 and version = $2 and synced_version = version
  and (event_etag is distinct from $3 or guest_response <> $4 or calendar_conflict);

-- name: calendar_event_answered exec
update appointment set guest_response = $3 where id = $1 and version = $2;

-- The event was made something an appointment cannot follow.
-- name: calendar_event_conflict exec
update appointment set calendar_conflict = true, calendar_detail = $3
where id = $1 and version = $2 and not calendar_conflict;

-- The event stands although it should not: it is to be deleted again.
-- name: calendar_owe_again exec
update appointment
set synced_version = version - 1, event_written = true, calendar_attempts = 0, calendar_due_at = now()
where id = $1 and version = $2 and synced_version = version and calendar_id is not null;

-- name: calendar_retry one
select retry_events($1);

-- name: calendar_counts one
select count(*) filter (where version > refused_version), count(*) filter (where version <= refused_version)
from appointment where coach_id = $1 and calendar_id is not null and version > synced_version;

-- name: calendar_debt one
select count(*), coalesce(extract(epoch from now() - min(updated_at)), 0)::bigint,
       (select count(*) from busy_source where state = 'failing')
from appointment where calendar_id is not null and (version > synced_version or conference_pending)
  and version > synced_version and version > refused_version;

-- ------------------------------------------------------------------ the other direction

-- Claim one calendar whose changes are to be looked for: $1 seconds until the next look.
-- name: calendar_sync_claim one
update coach_calendar set poll_due_at = now() + make_interval(secs => $1::integer)
where (coach_id, calendar_id) = (select coach_id, calendar_id from coach_calendar
                                 where writes and poll_due_at <= now() and coach_id <> all (string_to_array($2::text, ','))
                                 order by poll_due_at limit 1 for update skip locked)
returning coach_id, calendar_id, sync_token, now();

-- A look that began at $4 has come to its end.
-- name: calendar_sync_done exec
update coach_calendar set sync_token = $3, synced_at = $4 where coach_id = $1 and calendar_id = $2;

-- name: calendar_sync_soon exec
update coach_calendar set poll_due_at = least(poll_due_at, now() + make_interval(secs => $2::integer)) where coach_id = $1;

-- Appointments that should have an event, when a list of all events has come to its end; or ($5) of what has changed since
-- the look before: then those written since, but for the last moments, which a replica of the server may not know yet.
-- At most $4 after id $3.
-- name: calendar_expected many
select appointment from appointment
where coach_id = $1 and calendar_id = $2 and event_written and status = 'scheduled'
  and starts_at > now() - interval '24 hours' and ends_at > now()
  and version = synced_version and id > $3
  and (not $5 or calendar_due_at between (select synced_at from coach_calendar where coach_id = $1 and calendar_id = $2)
                                         - interval '10 seconds' and now() - interval '10 seconds')
order by id limit $4::integer;

-- At most $3 after id $2.
-- name: calendar_conflicts many
select appointment from appointment
where coach_id = $1 and calendar_conflict and status = 'scheduled' and id > $2 order by id limit $3::integer;

-- name: calendar_synced_at one
select max(synced_at) from coach_calendar where coach_id = $1;

-- ------------------------------------------------------------------ pushes

-- Claim one calendar that needs a (new) channel; $1 seconds until somebody else tries.
-- name: calendar_channel_claim one
update coach_calendar k set channel_due_at = now() + make_interval(secs => $1::integer)
from (select coach_id, calendar_id, channel_id, channel_resource from coach_calendar
      where channel_due_at <= now() and coach_id <> all (string_to_array($2::text, ','))
      order by channel_due_at limit 1 for update skip locked) old
where k.coach_id = old.coach_id and k.calendar_id = old.calendar_id
returning k.coach_id, k.calendar_id, old.channel_id, old.channel_resource;

-- Known before Google is asked: its first message may come before the reply.
-- name: calendar_channel_put exec
update coach_calendar set channel_id = $3, channel_resource = $4, channel_digest = $5, channel_expires_at = $6, channel_due_at = $7
where coach_id = $1 and calendar_id = $2;

-- name: calendar_channel_get one
select coach_id, calendar_id, channel_resource, channel_digest, channel_expires_at from coach_calendar where channel_id = $1;

-- name: calendar_channel_row one
select channel_digest, channel_expires_at from coach_calendar where coach_id = $1 and calendar_id = $2;

-- name: calendar_channels many
select channel_id, channel_resource from coach_calendar where coach_id = $1 and channel_id is not null limit 1000;

-- name: calendar_pushed exec
update coach_calendar set poll_due_at = now() where coach_id = $1 and writes;

-- Whether the calendar may still show events where they were, since something of this coach's is to be written or to leave.
-- name: calendar_is_owed one
select exists (select from appointment
               where coach_id = $1 and calendar_id is not null and (version > synced_version or conference_pending)
                 and version > greatest(synced_version, refused_version))
    or exists (select from left_event where coach_id = $1 and due_at < 'infinity');
