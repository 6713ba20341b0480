-- What other programs are told of: events.

-- Something happened, besides what the appointments' own trigger notes. p_body: what is told of it, without personal text.
create or replace function note_event(p_type text, p_coach text, p_appointment uuid, p_user text, p_body jsonb)
returns void language plpgsql as $$
begin
  insert into event (type, coach_id, appointment_id, user_id, body)
  values (p_type, p_coach, p_appointment, p_user, p_body);
end $$;

-- What changed about an appointment, whoever changed it. Notes are told to nobody. A session of a group is told by its
-- seats.
create or replace function note_change() returns trigger language plpgsql as $$
declare
  what text := case
    when new.hold_kind = 'request' and new.hold_expires_at is not null and (tg_op = 'INSERT' or old.hold_kind <> 'request') then 'appointment.requested'
    when tg_op = 'INSERT' then 'appointment.created'
    when new.status <> old.status then
      case new.status when 'scheduled' then 'appointment.created'
                      when 'cancelled' then case when old.status = 'scheduled' or (new.hold_kind = 'request' and new.cancelled_by = 'client')
                                                             then 'appointment.cancelled'
                                                             when new.hold_kind = 'request' then 'appointment.declined' end
                      when 'expired' then case when new.hold_kind = 'request' then 'appointment.expired' else 'hold.expired' end
                      else 'appointment.' || new.status end
    when new.status <> 'scheduled' then null
    when (new.starts_at, new.ends_at) <> (old.starts_at, old.ends_at) then 'appointment.moved'
    when new.calendar_conflict and not old.calendar_conflict then 'appointment.calendar_conflict'
    when new.guests is distinct from old.guests and not new.erased then 'appointment.guests_changed'
    when new.meeting_url is not null or new.meeting_place is not null then
      case when (new.meeting_url, new.meeting_label, new.meeting_place, new.meeting_instructions)
                  is distinct from (old.meeting_url, old.meeting_label, old.meeting_place, old.meeting_instructions)
           then 'appointment.meeting_ready' end
  end;
  was jsonb := case when what = 'appointment.moved'
                    then jsonb_build_object('start', old.starts_at, 'end', old.ends_at, 'coach', old.coach_id) end;
begin
  if what is not null then
    insert into event (type, coach_id, appointment_id, body)
    values (what, new.coach_id, new.id, jsonb_strip_nulls(jsonb_build_object(
      'row', to_jsonb(new) - 'notes', 'previous', was)));
  end if;
  -- Whom it was moved away from is told the same.
  if what = 'appointment.moved' and old.coach_id <> new.coach_id then
    insert into event (type, coach_id, appointment_id, body)
    values (what, old.coach_id, new.id, jsonb_build_object(
      'row', to_jsonb(new) - 'notes', 'previous', was, 'again', true));
  end if;
  return null;
end $$;
create or replace trigger appointment_made after insert on appointment
for each row when ((new.status = 'scheduled' or new.hold_kind = 'request') and new.group_id is distinct from new.id) execute function note_change();
-- The condition as pg_dump writes it, so that a restored trigger is the same.
create or replace trigger appointment_changed
after update of status, starts_at, ends_at, calendar_conflict, meeting_url, meeting_label, meeting_place, meeting_instructions,
  guests, hold_kind
on appointment for each row
when (new.group_id is distinct from new.id
      and (old.status is distinct from new.status or old.starts_at is distinct from new.starts_at
           or old.ends_at is distinct from new.ends_at or old.calendar_conflict is distinct from new.calendar_conflict
           or old.meeting_url is distinct from new.meeting_url or old.meeting_label is distinct from new.meeting_label
           or old.meeting_place is distinct from new.meeting_place
           or old.meeting_instructions is distinct from new.meeting_instructions
           or old.guests is distinct from new.guests or old.hold_kind is distinct from new.hold_kind))
execute function note_change();

create or replace function note_failed_notice() returns trigger language plpgsql as $$
begin
  perform note_event('notice.failed', a.coach_id, a.id, null, jsonb_build_object(
    'appointment_id', a.id, 'coach', a.coach_id, 'recipient', new.recipient, 'channel', new.channel, 'kind', new.kind))
  from appointment a where a.id = new.appointment_id;
  return null;
end $$;
create or replace trigger notice_failed after update of state on notice
for each row when (new.state = 'failed' and old.state <> 'failed') execute function note_failed_notice();

create or replace function note_consent() returns trigger language plpgsql as $$
begin
  perform note_event('calendar.needs_consent', new.coach_id, null, null,
                     jsonb_build_object('coach', new.coach_id, 'detail', new.detail));
  return null;
end $$;
create or replace trigger google_grant_ended after update of needs_consent on google_grant
for each row when (new.needs_consent and not old.needs_consent) execute function note_consent();

-- What was told of these appointments forgets whom it was about.
create or replace function blank_events(p_appointments uuid[], p_user text) returns void language plpgsql as $$
begin
  update event
  set body = case when body ? 'row' then jsonb_set(body, '{row}', (body -> 'row')
               - array['name', 'email', 'phone', 'guests', 'locale', 'client_time_zone', 'cancel_reason', 'calendar_detail', 'event_link',
                       'meeting_url', 'meeting_label', 'meeting_place', 'meeting_instructions']
               || jsonb_build_object('user_id', p_user, 'erased', true)) else body end
  where appointment_id = any (p_appointments);
end $$;

-- A UUID of version 7 that ends with the place, so that whoever has read up to it can say so when the row is long gone.
create or replace function event_uuid(p_place bigint) returns uuid language sql volatile as $$
  select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')
          || '7' || lpad(to_hex((random() * 4095)::integer), 3, '0') || '8' || lpad(to_hex(p_place), 15, '0'))::uuid;
$$;
create or replace function event_place(p_id uuid) returns bigint language sql immutable as $$
  select ('x0' || right(replace(p_id::text, '-', ''), 15))::bit(64)::bigint;
$$;

/*
 * Give the events that happened meanwhile their place in the order, p_limit at most, and owe each to whom it concerns.
 * One process at a time: whatever has a place is visible before anything gets a later one. What happened to one appointment
 * keeps its order, since its row was locked. Returns how many; 0 as well while another process does it. The planner is to use
 * indexes although there may have been no event when it last looked.
 */
create or replace function publish_events(p_limit integer) returns bigint language plpgsql
set enable_seqscan = off as $$
declare
  news bigint[];
  last bigint;
begin
  if not pg_try_advisory_xact_lock(1651469168) then
    return 0;
  end if;
  news := array(select serial from event where place is null order by serial limit p_limit);
  if news = '{}' then
    return 0;
  end if;
  select last_value into last from event_places;
  perform setval('event_places', last + cardinality(news));
  update event set place = last + array_position(news, serial), id = event_uuid(last + array_position(news, serial))
  where serial = any (news);
  insert into webhook_delivery (endpoint_id, event, state)
  select w.id, e.serial, case w.state when 'active' then 'owed' else 'missed' end
  from event e join webhook_endpoint w
    on case when e.endpoint_id is not null then w.id = e.endpoint_id
            else (w.coach_id = e.coach_id or (w.coach_id is null and not e.body ? 'again')) and (w.types = '{}' or e.type = any (w.types)) end
  where e.serial = any (news) and w.state <> 'paused';
  return cardinality(news);
end $$;
