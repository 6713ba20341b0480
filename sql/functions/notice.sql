-- What people are told: from an appointment to rows of the ledger.

-- Whether a session's event is still to be written, or its link to be made.
create or replace function owes_link(p_group uuid) returns boolean language plpgsql stable as $$
begin
  return exists (select from appointment
                 where id = p_group and calendar_id is not null and refused_version < version
                   and (synced_version < version or conference_pending));
end $$;

-- Whether it is time to say what changed. Whoever invites must be known first, and the link to a video call is worth a
-- minute's wait: a seat's is that of its session. While Google may have written the guest, nobody else can know that they
-- were invited.
create or replace function is_ripe(a appointment, p_mail boolean) returns boolean language sql stable as $$
  select a.status = 'cancelled' or not p_mail
      or (a.calendar_id is null
          and (a.group_id is null or a.meeting_kind <> 'google_meet' or a.meeting_url is not null
               or a.updated_at < now() - interval '60 seconds'
               or not owes_link(a.group_id)))
      or a.calendar_id is not null
     and (a.invited_by = 'google' and not a.event_written and a.refused_version < a.version) is not true
     and ((a.invited_by is not null and (a.meeting_kind <> 'google_meet' or a.meeting_url is not null))
      or (a.synced_version >= a.version and not a.conference_pending)
      or a.refused_version >= a.version
      or a.updated_at < now() - interval '60 seconds');
$$;

-- How a change is told by the coach's schedule: auto, email, calendar or off; a session type's own rule first.
create or replace function notice_way(p_schedule jsonb, p_type text, p_recipient text, p_kind text) returns text
language sql immutable as $$
  select coalesce(
    (select t #>> array['notices', p_recipient, p_kind]
     from jsonb_array_elements(p_schedule -> 'session_types') t where t ->> 'id' = p_type limit 1),
    p_schedule #>> array['notices', p_recipient, p_kind], 'auto');
$$;

-- Who invites, decided once: whoever asks first with an answer. Google's payer before it writes a guest, the ledger
-- when the wait is over. Returns what is decided.
create or replace function decide_inviter(p_id uuid, p_wanted text) returns text language plpgsql as $$
declare
  decided text;
begin
  update appointment set invited_by = p_wanted where id = p_id and invited_by is null;
  select invited_by into decided from appointment where id = p_id;
  return decided;
end $$;

-- Whom an appointment's mails go to: the client, the coach, and its guests; those too who were told that they are, but are
-- not any more (`leaves`): guests, and a coach whom it was moved away from.
create or replace function people_of(a appointment, p_coach_email text)
returns table (who text, guest text, address text, leaves boolean) language plpgsql stable as $$
begin
  return query values ('client', '', a.email, false), ('coach', '', p_coach_email, false);
  return query
  select distinct 'coach', n.guest, c.email, true from notice n join coach c on c.id = n.guest
  where n.appointment_id = a.id and n.recipient = 'coach' and n.guest <> a.coach_id;
  if not a.erased then
    return query
    select 'guest', g, g, a.guests is null or g <> all (string_to_array(a.guests, ' '))
    from (select unnest(string_to_array(a.guests, ' ')) as g
          union
          select n.guest from notice n where n.appointment_id = a.id and n.recipient = 'guest' and n.guest like '%@%') theirs;
  end if;
end $$;

-- Where an appointment takes place, as a mail tells it: where Google makes the link, that is no other place once it is known.
create or replace function place_of(a appointment) returns bytea language sql immutable as $$
  select sha256(convert_to(jsonb_build_array(a.meeting_kind, case when a.meeting_kind <> 'google_meet' then a.meeting_url end,
                                             a.meeting_label, a.meeting_place, a.meeting_instructions)::text, 'UTF8'));
$$;

-- Whether a guest wants no more mails about this booking, which is all dates of a series.
create or replace function has_stopped(a appointment, p_guest text) returns boolean language sql stable as $$
  select p_guest <> '' and exists (
    select from action_token t join appointment o on o.id = t.appointment_id
    where t.email = p_guest and t.purpose = 'stop' and t.used_at is not null and (o.id = a.id or o.series_id = a.series_id));
$$;

/*
 * One click in a mail, also twice: a guest is told no more of that booking, whoever else it was gets no more reminders.
 * Returns whether it is a guest; null: there is no such link (any more).
 */
create or replace function stop_mails(p_hash bytea) returns boolean language plpgsql as $$
declare
  t action_token;
begin
  update action_token set used_at = coalesce(used_at, now())
  where hash = p_hash and purpose = 'stop' and expires_at > now() returning * into t;
  if not found then
    return null;
  elsif t.email is null then
    insert into notice_preference (user_id, of_coach, reminders)
    values (t.user_id, t.page is not distinct from 'coach', false)
    on conflict (user_id, of_coach) do update set reminders = false;
    return false;
  end if;
  update notice n set state = 'skipped', detail = 'This guest wants no more mails about it.'
  from appointment a
  where n.guest = t.email and n.state in ('owed', 'retry') and a.id = n.appointment_id and has_stopped(a, t.email);
  return true;
end $$;

-- Whether its recipient has it, or may: it is on its way, or at some try it was not known what came of it.
create or replace function may_be_out(n notice) returns boolean language sql immutable as $$
  select n.state in ('sending', 'sent', 'unknown') or n.unknowns > 0;
$$;

-- What somebody was told last of how an appointment stands: by p_channel, null: by any; before the notice p_before, null: so
-- far.
create or replace function last_told(p_id uuid, p_recipient text, p_guest text, p_channel text, p_before bigint)
returns setof notice language sql stable as $$
  select * from notice n
  where n.appointment_id = p_id and n.recipient = p_recipient and n.guest = p_guest and n.channel = coalesce(p_channel, n.channel)
    and (p_before is null or n.id < p_before)
    and n.kind in ('confirmed', 'moved', 'meeting_changed', 'cancelled', 'offer') and may_be_out(n)
  order by n.id desc limit 1;
$$;

-- Of an appointment that has moved between coaches, by name, for the mail p_notice: to the coach whose it was (p_guest) who has
-- it now; to others whose it was when they were told last. Null: it is whose they know.
create or replace function other_coach(a appointment, p_recipient text, p_guest text, p_notice bigint) returns text
language sql stable as $$
  select coalesce(f.name, c.id) from coach c left join coach_profile f on f.coach_id = c.id
  where case when p_recipient <> 'coach'
             then c.id <> a.coach_id and c.id = (select coach_id from last_told(a.id, p_recipient, p_guest, null, p_notice))
             else p_guest <> '' and c.id = a.coach_id end;
$$;

/*
 * Put one appointment's change into the ledger: who is owed what by which channel. What was owed about an earlier
 * version and is not out yet is no longer owed, but for reminders, which name the start they are true of; who was never
 * told of an appointment is not told of its end. p_mail: whether mail is configured; p_batch: what it is mailed together
 * with; null: alone. The caller has locked the row.
 */
create or replace function announce(a appointment, p_mail boolean, p_batch uuid) returns void language plpgsql as $$
declare
  c coach;
  person record;
  over boolean;
  way text;
  told text;
  told_place bytea; -- null: not known
  told_coach text;  -- null: it is still theirs
  told_id bigint;
  told_start timestamptz; -- what they know it to begin at, once they were told
  place bytea;
  by_mail boolean;
  change text;
  way_out text;
begin
  -- Who has waited a minute for a Meet link is told of the coach's other place instead.
  if (a.conference_pending or (a.calendar_id is not null and not a.event_written))
     and a.updated_at < now() - interval '60 seconds' then
    a := fall_back(a);
  end if;
  -- Google is told of nothing until the coach consents again.
  if p_mail and a.calendar_id is not null and a.version > a.synced_version
     and exists (select from google_grant g where g.coach_id = a.coach_id and g.needs_consent) then
    a := tell_instead(a);
  end if;
  select * into c from coach where id = a.coach_id;
  -- A hold that was released is no session; a past one is nobody's news.
  if a.hold_expires_at is not null or a.ends_at <= now() then
    update appointment set noticed_version = version where id = a.id;
    return;
  end if;
  if p_mail and a.status = 'scheduled' and a.invited_by is null then
    a.invited_by := case when a.notify and (a.email is not null or a.guests is not null) then 'email' else 'none' end;
  end if;
  update notice set state = 'skipped', detail = 'Something later is to be told instead.'
  where appointment_id = a.id and state in ('owed', 'retry') and kind not in ('reminder', 'credits_low', 'credits_ending')
    and about <> a.version::text;

  place := place_of(a);
  for person in select * from people_of(a, c.email) loop
    over := a.status = 'cancelled' or person.leaves;
    foreach way_out in array case when p_mail then array['email', 'in_app'] else array['in_app'] end loop
      continue when way_out = 'in_app' and person.guest <> '';
      select n.kind, n.place, n.coach_id, n.id into told, told_place, told_coach, told_id
      from last_told(a.id, person.who, person.guest, way_out, null) n;
      -- A move that did not get out before something later came is still unknown to them.
      select n.was_at into told_start from notice n
      where n.appointment_id = a.id and n.recipient = person.who and n.guest = person.guest and n.channel = way_out
        and n.kind = 'moved' and n.state = 'skipped' and not may_be_out(n) and n.id > coalesce(told_id, 0)
      order by n.id limit 1;
      told_start := coalesce(told_start, a.noticed_start);
      -- Whom the calendar has told, but of this end, which it has refused.
      if told is null and a.noticed_start is not null and person.who = 'guest' and over and a.event_written
         and a.refused_version >= a.version then
        told := 'confirmed';
      end if;
      -- Whom the calendar has told, or who was told before there was a ledger.
      if told is null and a.noticed_start is not null
         and (way_out = 'in_app' or (person.who <> 'coach' and a.invited_by = 'google')
              or (person.who <> 'guest' and not exists (select from notice where appointment_id = a.id))) then
        told := 'confirmed';
      end if;
      change := case when over and told is not null and told <> 'cancelled' then 'cancelled'
                     when not over and (told is null or told = 'offer' or (told = 'cancelled' and person.who <> 'client')) then 'confirmed'
                     when not over and (told_start is distinct from a.starts_at or told_coach <> a.coach_id) then 'moved'
                     when not over and told_place <> place then 'meeting_changed' end;
      continue when change is null or (person.who <> 'coach' and not a.notify);
      -- Guests are invited as the client is; elsewhere is told as another time is.
      way := notice_way(c.schedule, a.session_type, case person.who when 'coach' then 'coach' else 'client' end,
                        case change when 'meeting_changed' then 'moved' else change end);
      -- Why the coach has moved or cancelled it, a calendar does not tell.
      by_mail := way = 'email' or (way = 'auto' and (person.who = 'coach' or a.invited_by = 'email'
                                   or (person.who = 'client' and change in ('moved', 'cancelled') and a.cancel_reason is not null
                                       and a.cancelled_by is distinct from 'client')));
      if way_out = 'in_app' and way <> 'off' then
        insert into notice (appointment_id, recipient, channel, kind, about, state, was_at, sent_at, place)
        values (a.id, person.who, way_out, change, a.version::text, 'sent', a.noticed_start, now(), place)
        on conflict do nothing;
      elsif way_out = 'email' and by_mail and person.address is not null and not has_stopped(a, person.guest)
            and not exists (select from mail_suppression where email = lower(person.address)) then
        insert into notice (appointment_id, recipient, guest, channel, kind, about, state, was_at, place, batch)
        values (a.id, person.who, person.guest, way_out, change, a.version::text, 'owed', told_start, place, p_batch)
        on conflict do nothing;
      end if;
    end loop;
  end loop;
  update appointment
  set noticed_version = version, noticed_start = starts_at, invited_by = a.invited_by,
      noticed_at = case when noticed_start is distinct from starts_at then now() else noticed_at end
  where id = a.id;
end $$;

/* Google has told these addresses of its version p_version, when it was at p_place: to the ledger that is as if we had. */
create or replace function told_by_google(a appointment, p_version integer, p_place bytea, p_addresses text[]) returns void
language plpgsql as $$
begin
  insert into notice (appointment_id, recipient, guest, channel, kind, about, state, sent_at, place, detail)
  select a.id, p.who, p.guest, 'email', 'confirmed', p_version::text, 'sent', now(), p_place, 'Google has invited them.'
  from people_of(a, null) p
  where lower(p.address) = any (p_addresses)
  on conflict do nothing;
end $$;

/* From now on we tell everybody of this appointment, whom Google has told until now (told_by_google). */
create or replace function tell_from_now_on(a appointment, p_version integer, p_place bytea, p_addresses text[]) returns void
language plpgsql as $$
begin
  perform told_by_google(a, p_version, p_place, p_addresses);
  update appointment set invited_by = 'email', noticed_version = least(noticed_version, version - 1) where id = a.id;
end $$;

-- Which version of its appointment a notice is about; null: it is about none, as a reminder.
create or replace function version_told(n notice) returns integer language sql immutable as $$
  select case when n.kind in ('confirmed', 'moved', 'meeting_changed') then n.about::integer end;
$$;

-- The guests it had at that version; of what is too old to be known, those that were the same ever since.
create or replace function guests_of(a appointment, p_version integer) returns text language sql stable as $$
  select case when exists (select from event e
                           where e.appointment_id = a.id and e.type = 'appointment.guests_changed'
                             and (e.body #>> '{row,version}')::integer > p_version)
              then (select e.body #>> '{row,guests}' from event e
                    where e.appointment_id = a.id and (e.body #>> '{row,version}')::integer <= p_version
                    order by (e.body #>> '{row,version}')::integer desc limit 1)
              else a.guests end;
$$;

/*
 * Google does not tell of what its event lacks, so from now on we do: what was announced in the belief that it would is
 * looked at once more. Whom it has invited it has told of the event as it stands; where there is none, nobody of anything.
 */
create or replace function tell_instead(a appointment) returns appointment language plpgsql as $$
begin
  if a.invited_by is distinct from 'google' or not a.notify or (a.email is null and a.guests is null) then
    return a;
  elsif a.event_written then
    perform tell_from_now_on(
      a, a.synced_version,
      (select n.place from notice n
       where n.appointment_id = a.id and n.recipient = 'client' and n.channel = 'in_app'
         and version_told(n) <= a.synced_version
       order by n.id desc limit 1),
      -- Guests may be what it lacks. Of the end all are told.
      string_to_array(lower(concat_ws(' ', a.email, case a.status when 'cancelled' then a.guests
                                                                  else guests_of(a, a.synced_version) end)), ' '));
  end if;
  update appointment
  set invited_by = 'email',
      noticed_start = coalesce((select n.was_at from notice n
                                where n.appointment_id = a.id and n.recipient = 'client' and n.channel = 'in_app'
                                  and n.kind = 'moved'
                                  and version_told(n) > case when a.event_written then a.synced_version else a.version - 1 end
                                order by n.id limit 1), noticed_start)
  where id = a.id
  returning * into a;
  return a;
end $$;

/*
 * Google does not take all guests of version p_version, so from now on we tell everybody of this appointment. Whom Google
 * has invited (p_invited: addresses with a blank between) it has told of this version; who is not among them is told now.
 */
create or replace function take_over_invitations(p_id uuid, p_version integer, p_invited text) returns void language plpgsql as $$
declare
  a appointment;
begin
  -- What has changed once more is owed to Google again, which then says so again.
  select * into a from appointment where id = p_id and version = p_version and invited_by = 'google' for update;
  if not found then
    return;
  end if;
  if a.version > a.noticed_version then
    perform announce(a, true, null);
  end if;
  perform tell_from_now_on(a, p_version, place_of(a), string_to_array(lower(p_invited), ' '));
end $$;

-- Whether it has a change that nobody was told of. PostgreSQL inlines this, so that appointment_unannounced serves it.
create or replace function is_news(a appointment) returns boolean language sql stable as $$
  select a.version > a.noticed_version and a.status in ('scheduled', 'cancelled')
     and not (a.hold_kind = 'request' and a.hold_expires_at is not null);
$$;

-- Whether it is not time yet to tell what changed of a date, since it is not for another one that changed with it, in one
-- transaction: that is told together.
create or replace function series_waits(a appointment, p_mail boolean) returns boolean language plpgsql stable as $$
begin
  return a.series_id is not null and exists (
    select from appointment
    where series_id = a.series_id and updated_at = a.updated_at and is_news(appointment) and not is_ripe(appointment, p_mail));
end $$;

-- Whether nobody was told yet what became of a request. PostgreSQL inlines this, so that appointment_requested serves it.
create or replace function is_news_of_request(a appointment) returns boolean language sql stable as $$
  select a.hold_kind = 'request' and a.version > a.noticed_version and a.hold_expires_at is not null;
$$;

/*
 * Put what changed of an appointment into the ledger, and what did of the other dates of its series, together: of sessions,
 * or (p_asked) of what is asked for. Returns how many; 0 as well when somebody is just changing one of those dates.
 */
create or replace function announce_dates(a appointment, p_asked boolean, p_mail boolean) returns integer
language plpgsql as $$
declare
  dates uuid[];
  batch uuid;
begin
  if a.series_id is null and p_asked then
    perform announce_request(a, p_mail, null);
    return 1;
  elsif a.series_id is null then
    perform announce(a, p_mail, null);
    return 1;
  end if;
  dates := array(select id from appointment
                 where series_id = a.series_id
                   and case when p_asked then is_news_of_request(appointment)
                            else is_news(appointment) and is_ripe(appointment, p_mail) end
                 order by id for update skip locked);
  if cardinality(dates) < (select count(*) from appointment
                           where series_id = a.series_id
                             and case when p_asked then is_news_of_request(appointment)
                                      else is_news(appointment) and is_ripe(appointment, p_mail) end) then
    return 0;
  end if;
  if cardinality(dates) > 1 then
    batch := gen_random_uuid();
  end if;
  if p_asked then
    perform announce_request(d, p_mail, batch) from appointment d where d.id = any (dates) order by d.id;
  else
    perform announce(d, p_mail, batch) from appointment d where d.id = any (dates) order by d.id;
  end if;
  return cardinality(dates);
end $$;

/*
 * Put what changed of appointments into the ledger, of p_limit at most and all dates of their series: of sessions, and only then
 * of what is asked for. Returns how many, or 0 when nothing is waiting. The planner is to use
 * indexes although the ledger may have been empty when it last looked.
 */
create or replace function announce_news(p_mail boolean, p_limit integer) returns integer language plpgsql
set enable_seqscan = off as $$
declare
  a appointment;
  announced integer := 0;
begin
  for a in
    select * from appointment
    where is_news(appointment) and is_ripe(appointment, p_mail) and not series_waits(appointment, p_mail)
    order by id limit p_limit for update skip locked
  loop
    announced := announced + announce_dates(a, false, p_mail);
  end loop;
  if announced > 0 then
    return announced;
  end if;
  for a in
    select * from appointment where is_news_of_request(appointment) order by id limit p_limit for update skip locked
  loop
    announced := announced + announce_dates(a, true, p_mail);
  end loop;
  return announced;
end $$;

-- How far ahead the reminders of this schedule reach; with quiet hours they may come a day earlier.
create or replace function reminders_reach(p_schedule jsonb) returns interval language sql immutable as $$
  select make_interval(mins => coalesce(max((r ->> 'before_minutes')::integer), 0)) + interval '24 hours'
  from (select jsonb_array_elements(coalesce(p_schedule #> '{notices,reminders}', '[{"before_minutes":1440}]')) r
        union all
        select jsonb_array_elements(t #> '{notices,reminders}')
        from jsonb_array_elements(p_schedule -> 'session_types') t
        where jsonb_typeof(t #> '{notices,reminders}') = 'array') reminders;
$$;

/*
 * Claim what is to be sent next by one of these channels (with commas between), for p_lease seconds. One at a time for
 * each appointment and recipient, so that they read things in order. A claim whose lease ran out is from a process that
 * died: an announcement is sent again, with the same Message-ID; a reminder is not, since it may have gone out.
 * What is next stands first in an index; the planner, which expects little to be owed, would sort all that is.
 */
create or replace function claim_notice(p_lease integer, p_channels text) returns setof notice language plpgsql
set enable_sort = off as $$
begin
  if exists (select from notice where state = 'sending' and due_at <= now()) then
    update notice set state = case when kind = 'reminder' then 'unknown' else 'retry' end,
                      unknowns = unknowns + 1, detail = 'The process that was sending this ended.'
    where id = any (array(select id from notice where state = 'sending' and due_at <= now() limit 100 for update skip locked));
  end if;
  return query
  update notice n set state = 'sending', attempts = attempts + 1, due_at = now() + make_interval(secs => p_lease)
  where n.id = (select o.id from notice o
                where o.state in ('owed', 'retry') and o.due_at <= now() and o.channel = any (string_to_array(p_channels, ','))
                  and not exists (select from notice other
                                  where other.appointment_id = o.appointment_id and other.recipient = o.recipient
                                    and other.channel = o.channel and other.state = 'sending')
                  and not exists (select from notice first
                                  where first.batch = o.batch and is_told_with(first, o) and first.id < o.id
                                    and first.state in ('owed', 'retry'))
                order by o.due_at, o.id limit 1 for update skip locked)
  returning n.*;
end $$;

-- Whether one mail tells both.
create or replace function is_told_with(n notice, o notice) returns boolean language sql immutable as $$
  select n.batch = o.batch and n.recipient = o.recipient and n.guest = o.guest and n.channel = o.channel and n.kind = o.kind;
$$;

-- The same, with all that one mail tells: by start. Their state changes in one transaction, so that a mail is never torn.
create or replace function claim_notices(p_lease integer, p_channels text) returns setof notice language plpgsql as $$
declare
  first notice;
begin
  select * into first from claim_notice(p_lease, p_channels);
  if first.batch is not null then
    update notice n set state = 'sending', attempts = attempts + 1, due_at = first.due_at
    where n.batch = first.batch and is_told_with(n, first) and n.state in ('owed', 'retry')
      and not exists (select from notice other
                      where other.appointment_id = n.appointment_id and other.recipient = n.recipient
                        and other.channel = n.channel and other.state = 'sending');
  end if;
  return query
  select n.* from notice n join appointment a on a.id = n.appointment_id
  where n.id = first.id or (n.batch = first.batch and is_told_with(n, first) and n.state = 'sending' and n.due_at = first.due_at)
  order by a.starts_at, a.id;
end $$;

-- The mail that somebody's thread about an appointment began with; of one about several dates, what its Message-ID is made of.
create or replace function first_mail(p_id uuid, p_recipient text, p_guest text) returns setof notice language plpgsql stable as $$
declare
  began notice;
begin
  select * into began from notice
  where appointment_id = p_id and recipient = p_recipient and guest = p_guest and channel = 'email' and kind = 'confirmed'
    and state in ('sending', 'sent', 'unknown')
  order by id limit 1;
  return query
  select * from notice n
  where n.id = began.id
     or (n.batch = began.batch and is_told_with(n, began) and n.state in ('sending', 'sent', 'unknown'))
  order by n.id limit 1;
end $$;

/*
 * Mail what stands now once more to somebody. Outcomes: again; too_soon (p_pause seconds have not passed since the last
 * time); none (no address, one that mail is not sent to any more, or the appointment is over).
 */
create or replace function notice_again(p_id uuid, p_recipient text, p_pause integer) returns text language plpgsql as $$
declare
  a appointment;
  n notice;
begin
  select * into a from appointment where id = p_id for update;
  if not found or a.erased or a.status not in ('scheduled', 'cancelled') or a.hold_expires_at is not null
     or (p_recipient = 'client' and a.email is null)
     or (p_recipient = 'coach' and (select email from coach where id = a.coach_id) is null)
     or exists (select from mail_suppression
                where email = lower(case p_recipient when 'client' then a.email
                                    else (select c.email from coach c where c.id = a.coach_id) end)) then
    return 'none';
  end if;
  select * into n from notice
  where appointment_id = p_id and recipient = p_recipient and channel = 'email' and about = a.version::text
    and kind in ('confirmed', 'moved', 'meeting_changed', 'cancelled')
  order by id desc limit 1 for update;
  if n.asked_at > now() - make_interval(secs => p_pause) then
    return 'too_soon';
  elsif n.id is null then
    insert into notice (appointment_id, recipient, channel, kind, about, state, asked_at, place)
    values (p_id, p_recipient, 'email', case a.status when 'cancelled' then 'cancelled' else 'confirmed' end,
            a.version::text, 'owed', now(), place_of(a));
  elsif n.state <> 'sending' then
    update notice set state = 'owed', attempts = 0, unknowns = may_be_out(n)::integer, due_at = now(), created_at = now(),
                      detail = null, asked_at = now(), batch = null
    where id = n.id;
  end if;
  return 'again';
end $$;

-- A number as it is dialled from anywhere; null: its country is not said.
create or replace function phone_of(p_phone text) returns text language sql immutable as $$
  select case when regexp_replace(p_phone, '[ ().-]', '', 'g') ~ '^\+[1-9][0-9]{7,14}$'
              then regexp_replace(p_phone, '[ ().-]', '', 'g') end;
$$;

-- Whether a number had its ten text messages within a day.
create or replace function texted_enough(p_phone text) returns boolean language sql stable as $$
  select count(*) >= 10 from appointment a join notice n on n.appointment_id = a.id
  where phone_of(a.phone) = phone_of(p_phone) and a.starts_at > now() - interval '1 day'
    and n.channel = 'sms' and n.state <> 'skipped' and n.created_at > now() - interval '1 day';
$$;

/*
 * A mail came back for good, or its reader complained of it (p_reason: bounced, complained; null: neither): it has failed,
 * and the address gets no more. Returns whether there is such a mail to a person who is still known.
 */
create or replace function note_bounce(p_notice bigint, p_reason text, p_detail text) returns boolean language plpgsql as $$
declare
  address text;
begin
  select lower(case n.recipient when 'client' then a.email when 'guest' then n.guest else c.email end) into address
  from notice n join appointment a on a.id = n.appointment_id
  join coach c on c.id = case when n.recipient = 'coach' and n.guest <> '' then n.guest else a.coach_id end
  where n.id = p_notice and n.channel = 'email' and (n.recipient = 'coach' or not a.erased) for update of n;
  if address is null then
    return false;
  elsif p_reason is not null then
    insert into mail_suppression (email, reason) values (address, p_reason)
    on conflict (email) do update set reason = excluded.reason where excluded.reason = 'complained';
    update notice
    set state = 'failed', detail = coalesce(p_detail, case p_reason when 'bounced' then 'The mail came back.'
                                                                    else 'Its reader complained of it.' end)
    where state in ('sent', 'unknown', 'failed')
      and id = any (array(select p_notice union
                          select o.id from notice n join notice o on o.batch = n.batch and is_told_with(o, n) where n.id = p_notice));
  end if;
  return true;
end $$;
