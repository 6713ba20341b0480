-- The coach's Google Calendar.
--
-- What is owed to Google is the difference between an appointment's version and its synced_version, and nothing
-- else. Whoever talks to Google about an appointment holds its lock (lock_event) while doing so, so that two never
-- write one event at once; the lock belongs to the session and goes with it.

-- Whether anybody should do something about this appointment at Google.
create or replace function owes_google(a appointment) returns boolean language sql immutable as $$
  select a.calendar_id is not null
     and (a.version > greatest(a.synced_version, a.refused_version) or (a.conference_pending and a.version = a.synced_version));
$$;

-- Whether an event has to leave another coach's calendar before it comes into this one's, which may be the same one: then it
-- is made anew. That is worth a minute's wait, and none for a calendar that cannot be reached or has refused.
create or replace function leaves_first(a appointment) returns boolean language sql stable as $$
  select not a.event_written and a.updated_at > now() - interval '60 seconds' and exists (
    select from left_event l left join google_grant g on g.coach_id = l.coach_id
    where l.appointment_id = a.id and l.due_at < 'infinity' and g.needs_consent is not true);
$$;

-- The row is read after the lock was taken, never before. One row, said to the planner: it takes a function's rows for a
-- thousand, and read all coaches to find the one of the appointment.
create or replace function lock_event(p_id uuid) returns table (locked boolean, booked appointment) language plpgsql
rows 1 as $$
begin
  locked := pg_try_advisory_lock(hashtextextended(p_id::text, 1651469167));
  if locked then
    select * into booked from appointment where id = p_id;
  end if;
  return next;
end $$;

-- Make exactly these the calendars of a coach. p_ids: separated by commas, the first is written to.
create or replace function set_calendars(p_coach text, p_ids text) returns void language plpgsql as $$
declare
  ids text[] := string_to_array(p_ids, ',');
begin
  perform from coach where id = p_coach for update;
  delete from coach_calendar where coach_id = p_coach and calendar_id <> all (ids);
  update coach_calendar set writes = false where coach_id = p_coach and writes and calendar_id <> ids[1];
  insert into coach_calendar as c (coach_id, calendar_id, writes)
  select p_coach, id, id = ids[1] from unnest(ids) id
  on conflict (coach_id, calendar_id) do update set writes = excluded.writes where c.writes <> excluded.writes;
end $$;

/*
 * No Meet link is to be had: the session takes place where the coach's schedule says for that. Without such a place, or
 * if it has a link by now, nothing changes. Returns the appointment as it then is; its event and its people are owed that.
 */
create or replace function fall_back(a appointment) returns appointment language plpgsql as $$
declare
  place jsonb;
begin
  if a.status <> 'scheduled' or a.meeting_kind <> 'google_meet' or a.meeting_url is not null or a.erased or a.ends_at <= now() then
    return a;
  end if;
  select nullif(schedule -> 'fallback_meeting', 'null') into place from coach where id = a.coach_id;
  if place is null then
    return a;
  end if;
  update appointment
  set meeting_kind = coalesce(place ->> 'kind', place #>> '{}'), meeting_url = replace(place ->> 'url', '{id}', id::text),
      meeting_label = place ->> 'label', meeting_place = coalesce(place ->> 'address', place ->> 'number'),
      meeting_instructions = place ->> 'instructions', conference_pending = false, event_outdated = true,
      updated_at = now(), version = version + 1, calendar_attempts = 0, calendar_due_at = now()
  where id = a.id and version = a.version
  returning * into a;
  perform note_google('meeting', a);
  return a;
end $$;

/*
 * Google has version p_version of the event. If the row has moved on since, the rest is owed, whatever was believed before.
 * A Meet link that has not come within a minute, or will not, is given up where the coach has another place.
 */
create or replace function event_paid(
  p_id uuid, p_version integer, p_written boolean, p_etag text, p_link text, p_meet_url text, p_pending boolean,
  p_conference_attempt integer, p_detail text, p_wait_ms integer, p_guest_refused boolean, p_guest_response text)
returns appointment language plpgsql as $$
declare
  a appointment;
begin
  perform lock_group_of(p_id);
  update appointment
  set synced_version = p_version, event_written = p_written, event_etag = p_etag,
      event_link = case when not erased then coalesce(p_link, event_link) end,
      meeting_url = case when not erased then coalesce(p_meet_url, meeting_url) end,
      conference_pending = p_pending and version = p_version, conference_attempt = p_conference_attempt,
      calendar_detail = case when not erased or version = p_version then p_detail end,
      guest_refused = p_guest_refused, guest_response = p_guest_response,
      event_outdated = event_outdated and version <> p_version,
      calendar_attempts = case when p_pending then calendar_attempts else 0 end,
      calendar_due_at = case when version = p_version then now() + p_wait_ms * interval '1 ms' else calendar_due_at end
  where id = p_id
  returning * into a;
  if a.event_written and a.version = p_version
     and (not a.conference_pending or a.updated_at < now() - interval '60 seconds') then
    a := fall_back(a);
  end if;
  return a;
end $$;

/*
 * Google will never take version p_version, and tells nobody of it, so from now on we do, where we can (p_tells). Where there
 * is no event there is no Meet link either.
 */
create or replace function event_refused(p_id uuid, p_version integer, p_detail text, p_tells boolean) returns appointment
language plpgsql as $$
declare
  a appointment;
begin
  perform lock_group_of(p_id);
  update appointment
  set refused_version = p_version, calendar_detail = p_detail, conference_pending = false, calendar_attempts = 0
  where id = p_id and version = p_version
  returning * into a;
  if p_tells then
    a := tell_instead(a);
  end if;
  if not a.event_written then
    a := fall_back(a);
  end if;
  return a;
end $$;

-- ---------------------------------------------------------------------------- a coach's account
--
-- Each is one statement, so that no half of it stays when the connection ends between two.

-- What Google refused for good is owed again, and what waits for its next try has it now. Returns how many were refused.
create or replace function retry_events(p_coach text) returns bigint language plpgsql as $$
declare
  retried bigint;
begin
  perform lock_moves(p_coach);
  update appointment
  set refused_version = 0, calendar_detail = null, calendar_attempts = 0, calendar_due_at = now()
  where coach_id = p_coach and calendar_id is not null and version > synced_version and refused_version >= version;
  get diagnostics retried = row_count;
  update appointment a set calendar_attempts = 0, calendar_due_at = now()
  where coach_id = p_coach and calendar_id is not null and (version > synced_version or conference_pending)
    and owes_google(a);
  update left_event set attempts = 0, due_at = now() where coach_id = p_coach;
  return retried;
end $$;

-- A new consent: what was remembered of the calendars may be another account's, and all that waited goes on. A CalDAV
-- account that was written to is only read from now on.
create or replace function take_grant(p_coach text, p_sealed_token text, p_scopes text) returns void
language plpgsql as $$
begin
  perform lock_moves(p_coach);
  insert into google_grant (coach_id, sealed_token, scopes) values (p_coach, p_sealed_token, p_scopes)
  on conflict (coach_id) do update
  set sealed_token = excluded.sealed_token, scopes = excluded.scopes, needs_consent = false, detail = null, account = null,
      created_at = now();
  delete from coach_calendar c using busy_source s
  where c.coach_id = p_coach and s.coach_id = p_coach and c.calendar_id = s.write_url;
  update busy_source set write_url = null where coach_id = p_coach and write_url is not null;
  update coach_calendar
  set sync_token = null, poll_due_at = now(), channel_id = null, channel_resource = null, channel_digest = null,
      channel_expires_at = null, channel_due_at = now()
  where coach_id = p_coach;
  perform retry_events(p_coach);
end $$;

-- Google has ended the consent p_sealed_token: what is owed waits for another one, and whom Google would have told of it is
-- told by us, where we can (p_tells). Whether it still was the coach's, and nobody has said so before.
create or replace function end_consent(p_coach text, p_sealed_token text, p_detail text, p_tells boolean) returns boolean
language plpgsql as $$
declare
  a appointment;
begin
  perform lock_moves(p_coach);
  update google_grant set needs_consent = true, detail = p_detail
  where coach_id = p_coach and sealed_token = p_sealed_token and not needs_consent;
  if not found then
    return false;
  end if;
  for a in
    select * from appointment
    where coach_id = p_coach and calendar_id is not null and version > synced_version and p_tells
    order by id for update
  loop
    perform tell_instead(a);
  end loop;
  return true;
end $$;

-- The calendar is disconnected: what is owed will not be written until it is connected again, and says p_detail; what
-- changed is told by us then, where we can (p_tells).
create or replace function end_grant(p_coach text, p_detail text, p_tells boolean default false) returns void
language plpgsql as $$
begin
  perform lock_moves(p_coach);
  delete from google_consent where coach_id = p_coach;
  delete from coach_calendar where coach_id = p_coach;
  delete from google_grant where coach_id = p_coach;
  perform event_refused(id, version, p_detail, p_tells) from appointment
  where coach_id = p_coach and calendar_id is not null and version > synced_version and version > refused_version
  order by id;
end $$;

-- ---------------------------------------------------------------------------- another account

/*
 * The event that was written is not in the calendar, and was not deleted there: the coach has connected another account,
 * whose calendar may be called the same. It is written anew, into p_calendar, and who invites is decided anew where the
 * former calendar did. Returns the appointment; null: it is not that version any more, or there is nothing to write.
 */
create or replace function event_lost(p_id uuid, p_version integer, p_calendar text) returns appointment language plpgsql as $$
declare
  a appointment;
  invited_by_google boolean;
begin
  perform lock_group_of(p_id);
  select * into a from appointment
  where id = p_id and version = p_version and status = 'scheduled' and event_written and not erased and ends_at > now()
  for update;
  if not found then
    return null;
  end if;
  invited_by_google := a.invited_by = 'google';
  if a.version > a.synced_version then
    a := tell_instead(a);
  elsif invited_by_google then
    perform told_by_google(a, a.version, place_of(a), string_to_array(lower(concat_ws(' ', a.email, a.guests)), ' '));
  end if;
  -- The Meet link that we told of goes with the former calendar: the next one is news.
  if not invited_by_google and a.invited_by = 'email' and a.meeting_kind = 'google_meet' and a.meeting_url is not null then
    update notice set place = ''
    where appointment_id = a.id and channel = 'email' and kind in ('confirmed', 'moved', 'meeting_changed');
    a.noticed_version := least(a.noticed_version, a.version - 1);
  end if;
  update appointment
  set noticed_version = a.noticed_version, calendar_id = p_calendar, event_written = false, synced_version = 0, refused_version = 0, event_outdated = true,
      event_etag = null, event_link = null, conference_pending = false, calendar_conflict = false, calendar_detail = null,
      guest_response = 'none', meeting_url = case when meeting_kind <> 'google_meet' then meeting_url end,
      invited_by = case when not invited_by_google then invited_by end,
      calendar_attempts = 0, calendar_due_at = now(), updated_at = now()
  where id = p_id returning * into a;
  return a;
end $$;

-- Whether a calendar is not to be reached by whom p_now is connected for: CalDAV's are named by address, Google's are not.
create or replace function is_elsewhere(p_calendar text, p_now text) returns boolean language sql immutable as $$
  select p_calendar <> p_now and (p_calendar like '%://%' or p_now like '%://%');
$$;

/*
 * What was booked while the coach had no calendar, or had one that is not connected any more, gets its event in p_calendar
 * as long as it lies ahead; what could not leave their calendar is tried again. Returns what p_calendar is owed.
 */
create or replace function adopt_events(p_coach text, p_calendar text) returns setof uuid language plpgsql as $$
begin
  perform lock_moves(p_coach);
  return query
  select (l.lost).id
  from (select event_lost(o.id, o.version, p_calendar) as lost
        from (select id, version from appointment
              where coach_id = p_coach and status = 'scheduled' and event_written and is_elsewhere(calendar_id, p_calendar)
                and starts_at > now() - interval '24 hours' and ends_at > now()
              order by id) o) l
  where (l.lost).id is not null;
  return query
  update appointment
  set calendar_id = p_calendar, refused_version = 0, calendar_detail = null, calendar_attempts = 0, calendar_due_at = now(),
      updated_at = now(), invited_by = case when calendar_id is null or invited_by <> 'google' then invited_by end
  where coach_id = p_coach and (calendar_id is null or (not event_written and is_elsewhere(calendar_id, p_calendar)))
    and status = 'scheduled' and coalesce(group_id, id) = id
    and starts_at > now() - interval '24 hours' and ends_at > now()
  returning id;
  update left_event set attempts = 0, due_at = now() where coach_id = p_coach;
end $$;

-- ---------------------------------------------------------------------------- the appointment follows its event
--
-- What happened in Google is laid over the row only if the row still is the version it was compared with. The event
-- stands like that already, so nothing is owed afterwards.

/* The event was deleted: the appointment is cancelled, unless it is over. Outcomes: cancelled, over, changed. */
create or replace function event_gone(p_id uuid, p_version integer)
returns table (outcome text, booked appointment) language plpgsql as $$
begin
  perform lock_group_of(p_id);
  select * into booked from appointment where id = p_id for update;
  if booked.version is distinct from p_version then
    outcome := 'changed';
  elsif booked.status <> 'scheduled' or booked.ends_at <= now() then
    update appointment
    set synced_version = version, event_written = false, event_etag = null, conference_pending = false,
        calendar_conflict = false, calendar_attempts = 0
    where id = p_id returning * into booked;
    outcome := 'over';
  else
    update appointment
    set status = 'cancelled', cancelled_at = now(), cancelled_by = 'calendar', cancel_reason = null, updated_at = now(), version = version + 1,
        synced_version = version + 1, event_written = false, event_etag = null, conference_pending = false,
        calendar_conflict = false, calendar_attempts = 0
    where id = p_id returning * into booked;
    outcome := 'cancelled';
    perform note_google('cancel', booked);
  end if;
  return next;
end $$;

/*
 * The event was moved: the appointment takes its time, with the buffers it had, by no other rule than that nothing
 * else may be there. Outcomes: moved; conflict (ours keeps its time, told once); known (a conflict seen before);
 * over; changed.
 */
create or replace function event_moved(p_id uuid, p_version integer, p_start timestamptz, p_end timestamptz, p_etag text)
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  coach text;
  new_from timestamptz;
  new_to timestamptz;
begin
  select coach_id into coach from appointment where id = p_id;
  perform lock_moves(coach);
  select * into booked from appointment where id = p_id for update;
  if booked.version is distinct from p_version or booked.synced_version <> booked.version then
    outcome := 'changed';
    return next;
    return;
  elsif booked.status <> 'scheduled' then
    outcome := 'over';
    return next;
    return;
  end if;
  new_from := p_start - (booked.starts_at - booked.blocked_from);
  new_to := p_end + (booked.blocked_to - booked.ends_at);
  perform expire_holds(coach, new_from, new_to);
  begin
    update appointment
    set starts_at = p_start, ends_at = p_end, blocked_from = new_from, blocked_to = new_to, updated_at = now(),
        version = version + 1, synced_version = version + 1, event_etag = p_etag, calendar_conflict = false, cancel_reason = null,
        calendar_detail = case when calendar_conflict then null else calendar_detail end
    where id = p_id returning * into booked;
    perform must_be_apart();
    outcome := 'moved';
    perform note_google('reschedule', booked);
  exception when exclusion_violation then
    outcome := case when booked.calendar_conflict then 'known' else 'conflict' end;
    update appointment
    set calendar_conflict = true, calendar_detail = 'The event was moved in Google Calendar onto a time that is taken; '
        'the appointment keeps its time until the coach moves one of the two.'
    where id = p_id returning * into booked;
  end;
  return next;
end $$;
