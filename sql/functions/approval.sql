-- Approval: a client's request is a hold, so that the time is kept, limits count it and its end gives back what it took.

-- Until when the coach decides: a day, or until the start comes as near as nobody may book; a minute at least.
create or replace function request_until(p_starts_at timestamptz, p_notice integer) returns timestamptz
language sql stable as $$
  select date_trunc('second', greatest(now() + interval '1 minute',
                                       least(now() + interval '1 day', p_starts_at - make_interval(mins => p_notice))));
$$;

-- Whether it waits for the coach.
create or replace function is_asked(a appointment) returns boolean language sql stable as $$
  select a.hold_kind = 'request' and a.status = 'held' and a.hold_expires_at > now();
$$;

/*
 * Make a session of a request. Outcomes: approved, exists (approved before), not_active (it was withdrawn, declined, or ended).
 */
create or replace function approve_request(p_id uuid, p_calendar_id text, p_lease integer, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
begin
  perform lock_group_of(p_id);
  select * into booked from appointment where id = p_id for update;
  if booked.hold_kind = 'request' and booked.status = 'scheduled' then
    outcome := 'exists';
  elsif not is_asked(booked) then
    outcome := 'not_active';
  else
    update appointment
    set status = 'scheduled', hold_expires_at = null, updated_at = now(), version = version + 1,
        calendar_id = case when group_id is null then p_calendar_id end, calendar_due_at = leased_until(p_lease)
    where id = p_id returning * into booked;
    perform must_be_apart();
    if booked.group_id is not null then
      perform begin_group(booked, p_calendar_id);
    end if;
    outcome := 'approved';
  end if;
  if outcome <> 'not_active' then
    perform note_action(p_actor, 'approve', booked, 200);
  end if;
  return next;
end $$;

-- Refuse a request. Outcomes: cancelled, already, not_active (it was withdrawn, approved, or ended).
create or replace function decline_request(p_id uuid, p_by text, p_reason text, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
begin
  perform lock_group_of(p_id);
  select * into booked from appointment where id = p_id for update;
  if is_asked(booked)
     or (booked.hold_kind = 'request' and booked.status = 'cancelled' and booked.hold_expires_at is not null and booked.cancelled_by <> 'client')
  then
    return query select c.outcome, c.booked from cancel_appointment(p_id, p_by, true, p_reason, 0, p_actor) c;
  else
    outcome := 'not_active';
    return next;
  end if;
end $$;

/*
 * Put what became of a request into the ledger, as announce() does with a session: both are told that it was made, and whoever
 * was told of it and has not ended it themselves is told of its end.
 */
create or replace function announce_request(a appointment, p_mail boolean, p_batch uuid) returns void language plpgsql as $$
declare
  c coach;
  person record;
  way_out text;
  told text;
  change text;
begin
  select * into c from coach where id = a.coach_id;
  update notice set state = 'skipped', detail = 'Something later is to be told instead.'
  where appointment_id = a.id and state in ('owed', 'retry');
  for person in select 'client' as who, a.email as address union all select 'coach', c.email loop
    foreach way_out in array array['email', 'in_app'] loop
      select kind into told from notice n
      where appointment_id = a.id and recipient = person.who and channel = way_out and may_be_out(n)
      order by id desc limit 1;
      change := case when a.status = 'held' and told is null then 'requested'
                     when a.status = 'held' or told is distinct from 'requested' then null
                     when a.status = 'expired' then 'expired'
                     when a.cancelled_by = 'client' then 'cancelled'
                     when person.who = 'client' then 'declined' end;
      continue when change is null or (person.who = 'client' and not a.notify)
                    or notice_way(c.schedule, a.session_type, person.who,
                                  case change when 'requested' then 'confirmed' else 'cancelled' end) = 'off';
      if way_out = 'in_app' then
        insert into notice (appointment_id, recipient, channel, kind, about, state, sent_at)
        values (a.id, person.who, way_out, change, a.version::text, 'sent', now())
        on conflict do nothing;
      elsif p_mail and person.address is not null
            and not exists (select from mail_suppression where email = lower(person.address)) then
        insert into notice (appointment_id, recipient, channel, kind, about, state, batch)
        values (a.id, person.who, way_out, change, a.version::text, 'owed', p_batch)
        on conflict do nothing;
      end if;
    end loop;
  end loop;
  update appointment set noticed_version = version where id = a.id;
end $$;
