-- Booking and holding. All functions are in plpgsql, which plans a statement once a connection; a function in SQL is
-- planned at every call, unless PostgreSQL can write it into its caller's statement, as it does with the makers here.

create or replace function make_booking(
  p_id uuid, p_coach_id text default null, p_user_id text default null, p_session_type text default null,
  p_status text default null, p_starts_at timestamptz default null, p_ends_at timestamptz default null,
  p_blocked_from timestamptz default null, p_blocked_to timestamptz default null, p_client_time_zone text default null,
  p_name text default null, p_email text default null, p_phone text default null, p_notes text default null,
  p_meeting_kind text default null, p_cancel_notice_minutes integer default null,
  p_reschedule_notice_minutes integer default null, p_max_reschedules integer default null,
  p_hold_minutes integer default null, p_calendar_id text default null, p_calendar_lease integer default null,
  p_max_addresses integer default null, p_max_changes integer default null, p_created_by text default 'client',
  p_notify boolean default true, p_locale text default null, p_answers text default null,
  p_meeting_url text default null, p_meeting_label text default null, p_meeting_place text default null,
  p_meeting_instructions text default null, p_series_id uuid default null, p_series_index integer default null,
  p_late_cancel text default 'refuse', p_price_credits integer default 0, p_price_amount bigint default null,
  p_price_currency text default null, p_promo_code text default null, p_max_total integer default null,
  p_max_total_type text default null, p_group_id uuid default null, p_seats integer default null,
  p_min_seats integer default null, p_joins boolean default false, p_guests text default null,
  p_max_guests integer default null, p_request_notice integer default null)
returns new_booking language sql immutable as $$
  select row(p_id, p_coach_id, p_user_id, p_session_type, p_status, p_starts_at, p_ends_at, p_blocked_from, p_blocked_to,
             p_client_time_zone, p_name, p_email, p_phone, p_notes, p_meeting_kind, p_cancel_notice_minutes,
             p_reschedule_notice_minutes, p_max_reschedules, p_hold_minutes, p_calendar_id, p_calendar_lease, p_max_addresses,
             p_max_changes, p_created_by, p_notify, p_locale, p_answers, p_meeting_url, p_meeting_label,
             p_meeting_place, p_meeting_instructions, p_series_id, p_series_index, p_late_cancel, p_price_credits,
             p_price_amount, p_price_currency, p_promo_code, p_max_total, p_max_total_type,
             p_group_id, p_seats, p_min_seats, p_joins, p_guests, p_max_guests, p_request_notice)::new_booking;
$$;

create or replace function make_limits(
  p_day_from timestamptz, p_day_to timestamptz, p_max_active integer default null, p_max_active_type text default null,
  p_max_per_day integer default null, p_max_per_day_type text default null)
returns booking_limits language sql immutable as $$
  select row(p_max_active, p_max_active_type, p_max_per_day, p_max_per_day_type, p_day_from, p_day_to)::booking_limits;
$$;

create or replace function leased_until(p_seconds integer) returns timestamptz language sql stable as $$
  select now() + make_interval(secs => coalesce(p_seconds, 0));
$$;

-- Holds that ran out give way. The constraint cannot ask the clock, and a hold that is being confirmed just now must be
-- waited for, so they are marked before a booking counts or inserts. Needs lock_moves.
create or replace function expire_holds(p_coach text, p_from timestamptz, p_to timestamptz) returns void
language plpgsql as $$
declare
  gone appointment;
begin
  for gone in
    update appointment set status = 'expired', updated_at = now(), version = version + 1
    where coach_id = p_coach and status = 'held' and hold_expires_at <= now()
      and blocked_from < p_to and blocked_to > p_from
    returning *
  loop
    -- At once, before whoever expires them takes the time: who is next in line comes first.
    perform offer_time(gone);
  end loop;
end $$;

-- Which of the caller's own holds give way to p_new: a hold replaces the one there is, and what is offered to them or held by
-- them at that time is what they take; with it go their holds with this coach that ran out.
create or replace function gives_way_to(a appointment, p_new new_booking) returns boolean language plpgsql stable as $$
begin
  return a.hold_kind <> 'request'
     and ((p_new.status = 'held' and a.hold_kind = 'own')
          or (a.coach_id = p_new.coach_id
              and (a.hold_expires_at <= now() or (a.blocked_from < p_new.blocked_to and a.blocked_to > p_new.blocked_from))));
end $$;

create or replace function active_count(p_coach text, p_user text, p_type text, p_except uuid) returns bigint
language plpgsql stable as $$
begin
  return (
    select count(distinct coalesce(series_id, id)) from appointment
    where user_id = p_user and coach_id = p_coach and (p_type is null or session_type = p_type)
      and starts_at > now() - interval '24 hours' and ends_at > now()
      and (status = 'scheduled' or (status = 'held' and hold_expires_at > now()))
      and id is distinct from p_except);
end $$;

-- Of what active_count() counts, the one to move or cancel instead: the first that is no hold. Null: there is none.
create or replace function first_active(p_coach text, p_user text, p_type text) returns appointment
language plpgsql stable as $$
declare
  first appointment;
begin
  select * into first from appointment
  where user_id = p_user and coach_id = p_coach and (p_type is null or session_type = p_type)
    and starts_at > now() - interval '24 hours' and ends_at > now() and status = 'scheduled'
  order by starts_at limit 1;
  return first;
end $$;

-- A session counts once, however many come.
create or replace function day_count(p_coach text, p_type text, p_from timestamptz, p_to timestamptz, p_except uuid)
returns bigint language plpgsql stable as $$
begin
  return (
    select count(distinct coalesce(group_id, id)) from appointment
    where coach_id = p_coach and starts_at >= p_from and starts_at < p_to and (p_type is null or session_type = p_type)
      and group_id is distinct from id and (p_except is null or group_id is distinct from p_except)
      and (status in ('scheduled', 'completed', 'no_show') or (status = 'held' and hold_expires_at > now()))
      and id is distinct from p_except);
end $$;

-- Of one client, ever: cancelled ones do not count.
create or replace function total_count(p_coach text, p_user text, p_type text) returns bigint language plpgsql stable as $$
begin
  return (
    select count(*) from appointment
    where user_id = p_user and coach_id = p_coach and (p_type is null or session_type = p_type)
      and (status in ('scheduled', 'completed', 'no_show') or (status = 'held' and hold_expires_at > now())));
end $$;

-- What is counted of a client for a day. Needs lock_client where it is counted before it is noted.
create or replace function use_count(p_user text, p_kind text, p_except text) returns bigint language plpgsql stable as $$
begin
  return (select count(*) from client_use
          where client = sha256(convert_to(p_user, 'UTF8')) and kind = p_kind and at > now() - interval '1 day'
            and about <> sha256(convert_to(p_except, 'UTF8')));
end $$;

create or replace function note_use(p_user text, p_kind text, p_about text) returns void language plpgsql as $$
begin
  insert into client_use (client, kind, about)
  values (sha256(convert_to(p_user, 'UTF8')), p_kind, sha256(convert_to(p_about, 'UTF8')))
  on conflict (client, kind, about) do update set at = now();
end $$;

-- Whether the invitation may go to this address of the booking: the client's own, one they have proved, or one of
-- max_addresses others a day.
create or replace function may_invite(p_new new_booking) returns boolean language plpgsql stable as $$
begin
  return p_new.max_addresses is null
      or use_count(p_new.user_id, 'address', lower(p_new.email)) < p_new.max_addresses
      or address_is_proved(p_new.user_id, lower(p_new.email));
end $$;

/*
 * Book or hold a slot whose rules have been checked already, all but those only the database can
 * decide. Outcomes: booked, exists (the same caller has it), booking_limit, day_full, slot_taken, session_full,
 * address_not_verified, too_many_guests, too_often (the client has cancelled and moved a lot today), too_many_people (twenty
 * others who are new here have booked from their network today), total_reached (no more of the kind, ever),
 * promo_code_invalid, too_many_codes. When the caller's own open hold has given way but the booking is refused all the same,
 * BK001 to BK005, BK008, BK009 and BK011 are raised, so that the hold stays. Credits and codes are taken once the time is: when
 * there are not enough, or somebody else has had the code's last use, BK006 and BK007 undo it all.
 * freed_coach: another coach, whose time that hold had kept.
 */
create or replace function book(p_new new_booking, p_limits booking_limits, p_actor actor)
returns table (outcome text, booked appointment, freed_coach text) language plpgsql as $$
declare
  asks boolean := p_new.status = 'scheduled' and p_new.request_notice is not null; -- for the coach's approval
  counted_from timestamptz := least(p_new.blocked_from, p_limits.day_from);
  counted_to timestamptz := greatest(p_new.blocked_to, p_limits.day_to);
  own_hold appointment;
  own_coaches text[]; -- whose time it keeps
  others_expire boolean;
  released boolean := false;
  tried record;
  seat record;
  in_group appointment; -- the session that has a seat for this booking
  newcomer text;
begin
  perform lock_booker(p_new.id, p_new.user_id);

  if p_new.status = 'scheduled' then
    select * into booked from appointment
    where coach_id = p_new.coach_id and user_id = p_new.user_id and starts_at = p_new.starts_at
      and ends_at = p_new.ends_at and (status = 'scheduled' or is_asked(appointment));
    if found then
      outcome := 'exists';
      perform note_action(p_actor, 'create_again', booked, 200);
      return next;
      return;
    end if;
  end if;

  if p_new.max_changes is not null then
    newcomer := newcomer_from(p_new.id, p_new.user_id);
  end if;
  if too_many_newcomers(newcomer, p_new.user_id) then
    outcome := 'too_many_people';
    return next;
    return;
  end if;

  -- Before anything is changed, so that a wrong try stays noted.
  if p_new.promo_code is not null then
    select t.outcome, t.priced into tried from try_code(p_new) t;
    if tried.outcome <> 'ok' then
      outcome := tried.outcome;
      return next;
      return;
    end if;
    p_new := tried.priced;
  end if;

  -- A new hold replaces the old one; a booking over the caller's own hold takes its place, as it does of an offer to them.
  own_coaches := array(select coach_id from appointment a
                       where user_id = p_new.user_id and status = 'held' and gives_way_to(a, p_new));
  others_expire := exists (select from appointment
                           where coach_id = p_new.coach_id and status = 'held' and hold_expires_at <= now()
                             and blocked_from < counted_to and blocked_to > counted_from);
  if cardinality(own_coaches) > 0 or others_expire or p_new.seats is not null then
    perform lock_moves(variadic own_coaches || p_new.coach_id);
  end if;
  if p_limits.max_per_day is not null then
    perform lock_day(p_new.coach_id, p_limits.day_from);
  end if;
  if others_expire then
    perform expire_holds(p_new.coach_id, counted_from, counted_to);
  end if;
  -- Once more, since what others held or left meanwhile may be offered to the caller now.
  if cardinality(own_coaches) > 0 or others_expire or p_new.seats is not null then
    for own_hold in
      update appointment a set status = 'expired', updated_at = now(), version = version + 1
      where user_id = p_new.user_id and status = 'held' and gives_way_to(a, p_new)
      returning *
    loop
      if own_hold.hold_kind = 'offer' and own_hold.hold_expires_at > now() and p_new.status = 'scheduled'
         and own_hold.blocked_from < p_new.blocked_to and own_hold.blocked_to > p_new.blocked_from then
        update waitlist set state = 'booked' where appointment_id = own_hold.id; -- what they waited for
      end if;
      released := released or own_hold.hold_expires_at > now();
      if own_hold.hold_expires_at > now() and own_hold.coach_id <> p_new.coach_id then
        freed_coach := own_hold.coach_id;
      end if;
    end loop;
  end if;
  if p_new.seats is not null then
    in_group := find_group(p_new.coach_id, p_new.session_type, p_new.starts_at, p_new.ends_at);
  end if;

  if p_new.max_changes is not null
     and use_count(p_new.user_id, 'change', '') >= p_new.max_changes then
    outcome := 'too_often';
  elsif not may_invite(p_new) then
    outcome := 'address_not_verified';
  elsif p_new.guests is not null and not may_add_guests(p_new.user_id, p_new) then
    outcome := 'too_many_guests';
  elsif p_limits.max_active is not null
     and active_count(p_new.coach_id, p_new.user_id, p_limits.max_active_type, null) >= p_limits.max_active then
    outcome := 'booking_limit';
    booked := first_active(p_new.coach_id, p_new.user_id, p_limits.max_active_type);
  elsif p_limits.max_per_day is not null and in_group.id is null
        and day_count(p_new.coach_id, p_limits.max_per_day_type, p_limits.day_from, p_limits.day_to, null)
            >= p_limits.max_per_day then
    outcome := 'day_full';
  elsif p_new.max_total is not null
        and total_count(p_new.coach_id, p_new.user_id, p_new.max_total_type) >= p_new.max_total then
    outcome := 'total_reached';
  elsif p_new.seats is not null then
    select s.outcome, s.seated into seat from find_seat(p_new, in_group) s;
    p_new := seat.seated;
    outcome := nullif(seat.outcome, 'ok');
  end if;

  if outcome is null then
    insert into appointment
      (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to, hold_expires_at,
       client_time_zone, name, email, phone, notes, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes,
       max_reschedules, calendar_id, calendar_due_at, created_by, notify, locale, meeting_url, meeting_label, meeting_place,
       meeting_instructions, series_id, series_index, late_cancel, price_credits, price_amount, price_currency, promo_code,
       payment_state, group_id, guests, hold_kind)
    values
      (p_new.id, p_new.coach_id, p_new.user_id, p_new.session_type, case when asks then 'held' else p_new.status end, p_new.starts_at, p_new.ends_at,
       p_new.blocked_from, p_new.blocked_to,
       case when asks then request_until(p_new.starts_at, p_new.request_notice)
            when p_new.status = 'held' then date_trunc('second', now()) + make_interval(mins => p_new.hold_minutes) end,
       p_new.client_time_zone, p_new.name, p_new.email, p_new.phone, p_new.notes, p_new.meeting_kind,
       p_new.cancel_notice_minutes, p_new.reschedule_notice_minutes, p_new.max_reschedules,
       case when p_new.status = 'scheduled' and p_new.group_id is null and not asks then p_new.calendar_id end, leased_until(p_new.calendar_lease), p_new.created_by,
       p_new.notify, p_new.locale, p_new.meeting_url, p_new.meeting_label, p_new.meeting_place,
       p_new.meeting_instructions, p_new.series_id, p_new.series_index, coalesce(p_new.late_cancel, 'refuse'),
       coalesce(p_new.price_credits, 0), p_new.price_amount, p_new.price_currency, p_new.promo_code,
       case when p_new.price_credits > 0 or p_new.promo_code is not null then 'paid' end, p_new.group_id,
       case when p_new.guests is not null then guests_but(p_new.guests, p_new.email) end,
       case when asks then 'request' else 'own' end)
    on conflict do nothing
    returning * into booked;
    if found then
      perform must_be_apart();
      outcome := 'booked';
      if booked.group_id is not null then
        perform begin_group(booked, p_new.calendar_id);
      end if;
      if booked.promo_code is not null and not use_code(booked.coach_id, booked.promo_code, booked.user_id, booked.id) then
        raise exception using message = 'promo_code_invalid', errcode = 'BK007';
      end if;
      if booked.price_credits > 0 and not spend_credits(booked.coach_id, booked.user_id, booked.session_type,
                                                              booked.price_credits, booked.id, p_new.created_by) then
        raise exception using message = 'credits_required', errcode = 'BK006';
      end if;
      perform note_action(p_actor, case when p_new.status = 'held' then 'hold' else 'create' end, booked, 201);
      if p_new.max_addresses is not null then
        perform note_use(p_new.user_id, 'address', lower(p_new.email));
      end if;
      if booked.guests is not null and p_new.max_guests is not null then
        perform note_guests(booked);
      end if;
      if newcomer is not null then
        perform note_use(newcomer, 'person', p_new.user_id);
      end if;
      if p_new.answers is not null then
        insert into appointment_private (appointment_id, answers) values (booked.id, p_new.answers);
      end if;
      return next;
      return;
    end if;
    outcome := 'slot_taken';
    delete from group_session where id = p_new.group_id and taken = 0;
  end if;

  if released then
    raise exception using message = outcome,
      errcode = case outcome when 'slot_taken' then 'BK001' when 'booking_limit' then 'BK002' when 'day_full' then 'BK003'
                             when 'address_not_verified' then 'BK004' when 'total_reached' then 'BK008'
                             when 'session_full' then 'BK009' when 'too_many_guests' then 'BK011' else 'BK005' end;
  end if;
  return next;
end $$;

/*
 * Turn a hold into a booking. Outcomes: confirmed, exists (confirmed before), hold_expired, not_active,
 * address_not_verified, too_many_guests, not_found (none of this caller's), promo_code_invalid, too_many_codes. p_person: whose it becomes;
 * null: it stays whose it is.
 */
create or replace function confirm_hold(p_new new_booking, p_actor actor, p_person text default null)
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  asks boolean := p_new.request_notice is not null; -- for the coach's approval
begin
  if p_new.max_addresses is not null or p_new.promo_code is not null or p_new.guests is not null then
    perform lock_booker(p_new.id, p_new.user_id);
  end if;
  perform lock_group_of(p_new.id);
  select * into booked from appointment where id = p_new.id and user_id = p_new.user_id for update;
  booked.user_id := coalesce(p_person, booked.user_id);
  if booked.id is null then
    outcome := 'not_found';
  elsif booked.status = 'scheduled' or is_asked(booked) then
    outcome := 'exists';
  elsif booked.status = 'expired' or (booked.status = 'held' and booked.hold_expires_at <= now()) then
    outcome := 'hold_expired';
  elsif booked.status <> 'held' then
    outcome := 'not_active';
  elsif not may_invite(p_new) then
    outcome := 'address_not_verified';
  elsif p_new.guests is not null and not may_add_guests(booked.user_id, p_new) then
    outcome := 'too_many_guests';
  elsif p_new.promo_code is not null then
    outcome := nullif(add_code(booked, p_new.promo_code), 'ok');
  end if;
  if outcome is null then
    if p_new.max_addresses is not null then
      perform note_use(p_new.user_id, 'address', lower(p_new.email));
    end if;
    update appointment
    set status = case when asks then 'held' else 'scheduled' end, hold_kind = case when asks then 'request' else hold_kind end,
        hold_expires_at = case when asks then request_until(starts_at, p_new.request_notice) end, updated_at = now(), user_id = coalesce(p_person, user_id),
        client_time_zone = p_new.client_time_zone,
        name = p_new.name, email = p_new.email, phone = p_new.phone, notes = p_new.notes, locale = p_new.locale,
        guests = case when p_new.guests is not null then guests_but(p_new.guests, p_new.email) end,
        calendar_id = case when group_id is null and not asks then p_new.calendar_id end,
        calendar_due_at = leased_until(p_new.calendar_lease)
    where id = p_new.id returning * into booked;
    outcome := 'confirmed';
    if booked.guests is not null and p_new.max_guests is not null then
      perform note_guests(booked);
    end if;
    if booked.group_id is not null then
      perform begin_group(booked, p_new.calendar_id);
    end if;
    if p_new.answers is not null then
      insert into appointment_private (appointment_id, answers) values (booked.id, p_new.answers)
      on conflict (appointment_id) do update set answers = excluded.answers;
    end if;
  end if;
  if outcome in ('confirmed', 'exists') then
    perform note_action(p_actor, 'confirm', booked, 200);
  end if;
  return next;
end $$;
