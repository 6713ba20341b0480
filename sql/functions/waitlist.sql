-- The waiting list. Whoever frees a time offers it, in the same transaction, to the first in line whom it suits: by a hold
-- of theirs, so nobody slips between. Nobody is told before the offer was judged by the slot rules, which need the calendar
-- and so are no transaction's (app/offer_judge.h). What nobody takes in time goes on to the next, and after the last it is open to all.

-- The zone if PostgreSQL knows it too; null: the coach's is from other zone data, or a former name that is known here alone.
create or replace function zone_known(p_zone text) returns text language plpgsql stable as $$
begin
  perform now() at time zone p_zone;
  return p_zone;
exception
  when invalid_parameter_value then return null;
end $$;

-- When an offer that is made now ends: two hours on, without the coach's quiet hours.
create or replace function offer_ends(p_schedule jsonb) returns timestamptz language plpgsql stable as $$
declare
  quiet jsonb := p_schedule #> '{notices,quiet}';
  zone text := zone_known(p_schedule ->> 'time_zone');
  at timestamptz := date_trunc('second', now());
  minutes_left integer := 120;
  clock time;
  quiet_from time;
  quiet_to time;
begin
  if zone is null or coalesce(jsonb_typeof(quiet), 'null') <> 'object' then
    return at + make_interval(mins => minutes_left);
  end if;
  quiet_from := (quiet ->> 'from')::time;
  quiet_to := (quiet ->> 'to')::time;
  for i in 1 .. 1560 loop
    exit when minutes_left = 0;
    clock := (at at time zone zone)::time;
    if not (case when quiet_from < quiet_to then clock >= quiet_from and clock < quiet_to
                 else clock >= quiet_from or clock < quiet_to end) then
      minutes_left := minutes_left - 1;
    end if;
    at := at + interval '1 minute';
  end loop;
  return at;
end $$;

-- Whom the time that this appointment had suits, in their order; in a zone that PostgreSQL does not know, whatever days and
-- hours they named. Nobody is locked: two times that are freed at once are for two in line, though both are read by whoever
-- frees either. A seat is for nobody who has or holds another one there.
create or replace function in_line_for(p_freed appointment, p_credits integer) returns setof uuid language plpgsql stable as $$
begin
  return query
    select w.id from waitlist w cross join lateral (select p_freed.starts_at at time zone zone_known(w.zone)) freed (wall_clock)
    where w.coach_id = p_freed.coach_id and w.session_type = p_freed.session_type and w.state = 'waiting'
      and w.user_id <> p_freed.user_id and not has_seat(p_freed.group_id, w.user_id, p_freed.id)
      and not exists (select from appointment a
                      where a.group_id = p_freed.group_id and a.user_id = w.user_id and a.id <> p_freed.id and a.status = 'held'
                        and a.hold_expires_at > now())
      and p_freed.ends_at = p_freed.starts_at + make_interval(mins => w.duration_minutes)
      and p_freed.starts_at >= w.from_at and p_freed.starts_at < w.to_at
      and (freed.wall_clock is null or w.days & (1 << extract(isodow from freed.wall_clock)::integer - 1) <> 0)
      -- A session over midnight is between no two hours, but suits whoever named none.
      and (freed.wall_clock is null or (w.between_from = 0 and w.between_to = 1440)
           or (extract(epoch from freed.wall_clock::time) / 60 >= w.between_from
               and extract(epoch from freed.wall_clock::time) / 60 + w.duration_minutes <= w.between_to))
      and (w.max_active is null or active_count(w.coach_id, w.user_id, w.max_active_type, null) < w.max_active)
      and (p_credits = 0 or usable_credits(w.coach_id, w.user_id, w.session_type) >= p_credits)
    order by w.place;
end $$;

/*
 * Write the offer to w of the time that p_freed had; null: somebody has it. Where it takes place, what it costs, its cut-offs
 * and the time around it are the kind's now, and nothing is the former client's; a seat (p_session: of what) is where its
 * session takes place, with the time around that. p_kind has its policy whole; what that does not say is as it was.
 */
create or replace function make_offer(w waitlist, p_freed appointment, p_session appointment, p_kind jsonb, p_ends timestamptz)
returns appointment language plpgsql as $$
declare
  place jsonb := p_kind -> 'meeting';
  terms jsonb := p_kind -> 'policy';
  offer appointment := p_freed;
begin
  offer.cancel_notice_minutes := coalesce((terms ->> 'cancel_notice_minutes')::integer, offer.cancel_notice_minutes);
  offer.reschedule_notice_minutes := coalesce((terms ->> 'reschedule_notice_minutes')::integer, offer.reschedule_notice_minutes);
  if terms ? 'max_reschedules' then
    offer.max_reschedules := (terms ->> 'max_reschedules')::integer;
  end if;
  offer.late_cancel := coalesce(terms ->> 'late_cancel', 'refuse');
  offer.blocked_from := coalesce(offer.starts_at - make_interval(mins => (terms ->> 'buffer_before_minutes')::integer), offer.blocked_from);
  offer.blocked_to := coalesce(offer.ends_at + make_interval(mins => (terms ->> 'buffer_after_minutes')::integer), offer.blocked_to);
  offer.id := gen_random_uuid();
  offer.user_id := w.user_id;
  offer.hold_expires_at := p_ends;
  offer.price_credits := coalesce((p_kind #>> '{price,credits}')::integer, 0);
  offer.price_amount := (p_kind #>> '{price,amount}')::bigint;
  offer.price_currency := p_kind #>> '{price,currency}';
  offer.meeting_kind := coalesce(place ->> 'kind', place #>> '{}', 'google_meet');
  offer.meeting_url := replace(place ->> 'url', '{id}', offer.id::text);
  offer.meeting_label := place ->> 'label';
  offer.meeting_place := coalesce(place ->> 'address', place ->> 'number');
  offer.meeting_instructions := place ->> 'instructions';
  if p_session.id is not null then
    offer.blocked_from := p_session.blocked_from;
    offer.blocked_to := p_session.blocked_to;
    offer.meeting_kind := p_session.meeting_kind;
    offer.meeting_url := p_session.meeting_url;
    offer.meeting_label := p_session.meeting_label;
    offer.meeting_place := p_session.meeting_place;
    offer.meeting_instructions := p_session.meeting_instructions;
  end if;
  insert into appointment
    (id, coach_id, user_id, session_type, status, hold_kind, starts_at, ends_at, blocked_from, blocked_to, hold_expires_at,
     client_time_zone, name, email, locale, meeting_kind, meeting_url, meeting_label, meeting_place, meeting_instructions,
     cancel_notice_minutes, reschedule_notice_minutes, max_reschedules, late_cancel, price_credits, price_amount,
     price_currency, payment_state, group_id)
  values
    (offer.id, offer.coach_id, offer.user_id, offer.session_type, 'held', 'offer', offer.starts_at, offer.ends_at,
     offer.blocked_from, offer.blocked_to, offer.hold_expires_at, w.client_time_zone, w.name, w.email, w.locale,
     offer.meeting_kind, offer.meeting_url, offer.meeting_label, offer.meeting_place, offer.meeting_instructions,
     offer.cancel_notice_minutes, offer.reschedule_notice_minutes, offer.max_reschedules, offer.late_cancel,
     offer.price_credits, offer.price_amount, offer.price_currency, case when offer.price_credits > 0 then 'paid' end,
     offer.group_id)
  on conflict do nothing
  returning * into offer;
  if offer.id is not null and offer.price_credits > 0
     and not spend_credits(offer.coach_id, offer.user_id, offer.session_type, offer.price_credits, offer.id, 'client') then
    raise exception using message = 'credits_required', errcode = 'BK006';
  end if;
  return offer;
end $$;

/*
 * Offer the time that this appointment had to the first in line, unless somebody has it, or it begins too soon for an
 * offer to end before, or there is no such kind of session any more. A seat is offered while its session stands, and at
 * that time; else all its seats are free.
 */
create or replace function offer_time(p_freed appointment) returns void language plpgsql as $$
declare
  document jsonb;
  kind jsonb;       -- with its policy whole
  total_type text;  -- the sessions that one client may ever have are so many of this kind; null: with this coach
  session appointment; -- of a seat
  next_id uuid;
  w waitlist;
  offer appointment;
  ends timestamptz;
begin
  if p_freed.starts_at <= now() or p_freed.group_id = p_freed.id then
    return;
  end if;
  if p_freed.group_id is not null then
    select * into session from appointment
    where id = p_freed.group_id and status = 'scheduled' and starts_at = p_freed.starts_at and ends_at = p_freed.ends_at;
    if not found then
      return;
    end if;
  end if;
  select c.schedule, t || jsonb_build_object('policy', coalesce(c.schedule -> 'policy', '{}') || coalesce(t -> 'policy', '{}')),
         case when t -> 'policy' ? 'max_total_per_user' then p_freed.session_type end
  into document, kind, total_type
  from coach c, jsonb_array_elements(c.schedule -> 'session_types') t
  where c.id = p_freed.coach_id and t ->> 'id' = p_freed.session_type and t -> 'draft' is distinct from 'true';
  if not found then
    return;
  end if;
  for next_id in select in_line_for(p_freed, coalesce((kind #>> '{price,credits}')::integer, 0)) loop
    select * into w from waitlist where id = next_id and state = 'waiting' for update skip locked;
    continue when not found;
    ends := coalesce(ends, offer_ends(document));
    continue when ends > p_freed.starts_at - make_interval(mins => w.notice_minutes)
                  or total_count(w.coach_id, w.user_id, total_type) >= (kind #>> '{policy,max_total_per_user}')::integer;
    begin
      offer := make_offer(w, p_freed, session, kind, ends);
      if offer.id is null then
        return; -- somebody has it
      end if;
      update waitlist set state = 'offered', appointment_id = offer.id where id = w.id;
      perform pg_notify('bookingd_coach', ':' || offer.coach_id);
      insert into audit (actor, role, action, coach_id, appointment_id) values ('bookingd', 'system', 'offer', offer.coach_id, offer.id);
      return;
    exception
      when sqlstate 'BK006' then null; -- the next in line
      when check_violation then return; -- the seat is taken
    end;
  end loop;
end $$;

create or replace function offer_freed() returns trigger language plpgsql as $$
begin
  -- Not what was withdrawn from who waits on.
  if old.hold_kind <> 'offer' or not exists (select from waitlist where appointment_id = old.id and state = 'waiting') then
    perform offer_time(old);
  end if;
  return null;
end $$;

-- What becomes of an offer is what becomes of who waited.
create or replace function settle_offer() returns trigger language plpgsql as $$
begin
  update waitlist
  set state = case when new.status = 'scheduled' or new.hold_kind = 'request' then 'booked' when new.status = 'cancelled' then 'left'
                   else 'lapsed' end
  where appointment_id = new.id and state = 'offered';
  return null;
end $$;
create or replace trigger appointment_offer_settled after update of status on appointment
for each row when (old.hold_kind = 'offer' and old.status = 'held' and (new.status <> 'held' or new.hold_kind = 'request')) execute function settle_offer();

-- Whether whoever stands in line as o waits for all that w is for, from now on.
create or replace function waits_for(o waitlist, w waitlist) returns boolean language sql stable as $$
  select o.coach_id = w.coach_id and o.session_type = w.session_type and o.duration_minutes = w.duration_minutes
         and o.days = w.days and o.between_from = w.between_from and o.between_to = w.between_to
         and o.from_at <= greatest(w.from_at, now()) and o.to_at >= w.to_at;
$$;

-- Ten at a time may be waited for, each once: not what is waited for already, if from an earlier moment or for longer.
-- Outcomes: joined, exists, too_many, too_many_people (as book() has it).
create or replace function join_waitlist(p_new waitlist) returns table (outcome text, entry waitlist) language plpgsql as $$
declare
  newcomer text;
begin
  perform lock_booker(null, p_new.user_id);
  newcomer := newcomer_from(null, p_new.user_id);
  select * into entry from waitlist w
  where w.user_id = p_new.user_id and w.state in ('waiting', 'offered') and waits_for(w, p_new)
  order by w.place limit 1;
  if found then
    outcome := 'exists';
  elsif (select count(*) from waitlist w
         where w.user_id = p_new.user_id and w.state in ('waiting', 'offered') and w.to_at > now()) >= 10 then
    outcome := 'too_many';
  elsif too_many_newcomers(newcomer, p_new.user_id) then
    outcome := 'too_many_people';
  else
    insert into waitlist
      (coach_id, user_id, session_type, duration_minutes, from_at, to_at, days, between_from, between_to, zone, name, email,
       client_time_zone, locale, notice_minutes, max_active, max_active_type)
    values
      (p_new.coach_id, p_new.user_id, p_new.session_type, p_new.duration_minutes, p_new.from_at, p_new.to_at, p_new.days,
       p_new.between_from, p_new.between_to, p_new.zone, p_new.name, p_new.email, p_new.client_time_zone, p_new.locale,
       p_new.notice_minutes, p_new.max_active, p_new.max_active_type)
    returning * into entry;
    if newcomer is not null then
      perform note_use(newcomer, 'person', p_new.user_id);
    end if;
    outcome := 'joined';
  end if;
  return next;
end $$;

-- Wait no more; an offer goes on to the next. Returns whether there was such an entry of this person's.
create or replace function leave_waitlist(p_id uuid, p_user text) returns boolean language plpgsql as $$
declare
  w waitlist;
begin
  select * into w from waitlist where id = p_id and user_id = p_user;
  if not found then
    return false;
  end if;
  perform lock_group_of(w.appointment_id);
  update appointment
  set status = 'cancelled', cancelled_at = now(), cancelled_by = 'client', updated_at = now(), version = version + 1
  where id = w.appointment_id and status = 'held' and hold_kind = 'offer'; -- what it led to is ended by itself
  update waitlist set state = 'left' where id = p_id and state = 'waiting';
  return true;
end $$;

-- An entry as the person, or their coach, reads it.
create or replace function waitlist_json(w waitlist) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object(
    'id', w.id, 'state', w.state, 'coach', w.coach_id, 'user_id', w.user_id, 'session_type', w.session_type,
    'duration_minutes', w.duration_minutes, 'from', utc_text(w.from_at), 'to', utc_text(w.to_at),
    'days', (select coalesce(jsonb_agg(d order by n), '[]')
             from unnest(array['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']) with ordinality as t (d, n)
             where w.days & (1 << (n::integer - 1)) <> 0),
    'between', jsonb_build_array(to_char(make_interval(mins => w.between_from), 'HH24:MI'),
                                 to_char(make_interval(mins => w.between_to), 'HH24:MI')),
    'name', w.name, 'email', w.email, 'created_at', utc_text(w.created_at),
    'position', case when w.state = 'waiting' then (
      -- Who stands before it, and itself: the statement that has just written it does not see it.
      select count(*) + 1 from waitlist o
      where o.coach_id = w.coach_id and o.session_type = w.session_type and o.state = 'waiting' and o.place < w.place) end,
    'appointment_id', case when w.state <> 'waiting' then w.appointment_id end,
    'offer_expires_at', (select utc_text(a.hold_expires_at) from appointment a
                         where a.id = w.appointment_id and a.status = 'held'));
end $$;

-- An offer that was judged and that nobody was told of yet: into the ledger, and to other programs.
create or replace function announce_offer(p_id uuid, p_mail boolean) returns void language plpgsql as $$
declare
  a appointment;
begin
  select * into a from appointment
  where id = p_id and hold_kind = 'offer' and status = 'held' and hold_expires_at > now()
    and not exists (select from notice n where n.appointment_id = p_id and n.kind = 'offer')
  for update skip locked;
  if not found then
    return;
  end if;
  insert into notice (appointment_id, recipient, channel, kind, about, state, sent_at)
  values (a.id, 'client', 'in_app', 'offer', a.version::text, 'sent', now()) on conflict do nothing;
  if not found then
    return; -- another replica was faster
  end if;
  insert into notice (appointment_id, recipient, channel, kind, about, state)
  select a.id, 'client', 'email', 'offer', a.version::text, 'owed'
  where p_mail and a.email is not null and not exists (select from mail_suppression where email = lower(a.email))
  on conflict do nothing;
  insert into event (type, coach_id, appointment_id, body)
  values ('waitlist.offered', a.coach_id, a.id, jsonb_build_object('row', to_jsonb(a)));
end $$;

-- Take back an offer that may not be booked, before anybody is told: whoever it was for keeps their place in line. It goes to
-- nobody else, unless only they may not have it (p_theirs), as they have all the sessions that they may: then it is the next
-- one's, and they are left out until they have fewer. Whether it was taken back: one that was told of is a promise.
create or replace function withdraw_offer(p_id uuid, p_theirs boolean) returns boolean language plpgsql as $$
declare
  a appointment;
begin
  perform lock_group_of(p_id);
  select * into a from appointment where id = p_id for update;
  if a.hold_kind is distinct from 'offer' or a.status <> 'held'
     or exists (select from notice where appointment_id = p_id and kind = 'offer') then
    return false;
  end if;
  update waitlist
  set state = 'waiting',
      max_active = case when p_theirs then active_count(coach_id, user_id, null, p_id) else max_active end,
      max_active_type = case when not p_theirs then max_active_type end
  where appointment_id = p_id and state = 'offered';
  update appointment set status = 'expired', updated_at = now(), version = version + 1 where id = p_id;
  perform pg_notify('bookingd_coach', ':' || a.coach_id);
  if p_theirs then
    perform offer_time(a);
  end if;
  return true;
end $$;
