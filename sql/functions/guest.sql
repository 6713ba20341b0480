-- Guests: people who book without an identity (PUBLIC_BOOKING). A guest's hold has a user of its own, `guest:...`, and a
-- session for that appointment alone; who they are is known once they have typed the code that was mailed to them.

-- The guests of one network go one after the other, and the first holds of one coach's guests: else each would find fewer
-- than the limit.
create or replace function lock_guests(p_whose text) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1651469169, hashtext(p_whose));
end $$;

-- Where whoever is not the platform's user comes from: the network that the newest session for this appointment was begun
-- from, a guest's or a manage link's; else that of somebody who signed in by mail. Null: it is not known, or they came in by
-- the platform.
create or replace function network_of(p_appointment uuid, p_user text) returns bytea language plpgsql stable as $$
declare
  found_network bytea;
begin
  select network into found_network from own_session
  where appointment_id = p_appointment and network is not null order by created_at desc limit 1;
  if found_network is null and p_user like 'mail:%' then
    select network into found_network from own_session
    where user_id = p_user and network is not null order by created_at desc limit 1;
  end if;
  return found_network;
end $$;

-- As client_use calls it. Null for null.
create or replace function network_name(p_network bytea) returns text language sql immutable as $$
  select 'network ' || encode(p_network, 'hex');
$$;

create or replace function lock_network_of(p_appointment uuid, p_user text) returns void language plpgsql as $$
declare
  network bytea := network_of(p_appointment, p_user);
begin
  if network is not null then
    perform lock_guests(encode(network, 'hex'));
  end if;
end $$;

-- Whoever books: what is counted of them, and of where they come from. Networks before clients, everywhere.
create or replace function lock_booker(p_appointment uuid, p_user text) returns void language plpgsql as $$
begin
  if p_user like 'mail:%' then
    perform lock_network_of(p_appointment, p_user);
  end if;
  perform lock_client(p_user);
end $$;

-- The network to count somebody for who books or waits: of those who signed in by mail and are new here. Null: they are not.
create or replace function newcomer_from(p_appointment uuid, p_user text) returns text language plpgsql stable as $$
begin
  if p_user not like 'mail:%' then -- alone, which costs no look at a table where the platform's users book
    return null;
  elsif exists (select from appointment where user_id = p_user and created_at < now() - interval '1 day') then
    return null;
  end if;
  return network_name(network_of(p_appointment, p_user));
end $$;

-- Whether twenty others who are new here have booked or waited from their network today. Needs lock_booker.
create or replace function too_many_newcomers(p_newcomer_from text, p_user text) returns boolean language plpgsql stable as $$
begin
  return p_newcomer_from is not null and use_count(p_newcomer_from, 'person', p_user) >= 20;
end $$;

-- Whether the session was begun with this appointment, in one transaction: a guest's; a manage link's begins later.
create or replace function is_of_guest(s own_session, a appointment) returns boolean language sql immutable as $$
  select s.appointment_id = a.id and s.network is not null and s.created_at = a.created_at;
$$;

-- Times that guests keep open just now, from one network or at one coach.
create or replace function guest_holds(p_network bytea, p_coach text) returns bigint language plpgsql stable as $$
begin
  return (select count(*) from own_session s join appointment a on is_of_guest(s, a)
          where (p_network is null or s.network = p_network)
            and a.status = 'held' and a.hold_expires_at > now() and (p_coach is null or a.coach_id = p_coach));
end $$;

/*
 * Hold a time for somebody who is not known yet, and begin the session that it is confirmed with. Outcomes: those of
 * book(), and crowded: five times are open for guests of this network, or twenty at this coach.
 */
create or replace function hold_for_guest(
  p_new new_booking, p_limits booking_limits, p_actor actor, p_network bytea, p_session_hash bytea, p_session_ends timestamptz)
returns table (outcome text, booked appointment, freed_coach text) language plpgsql as $$
declare
  b record;
begin
  perform lock_guests(encode(p_network, 'hex'));
  perform lock_guests(p_new.coach_id);
  if guest_holds(p_network, null) >= 5 or guest_holds(null, p_new.coach_id) >= 20 then
    outcome := 'crowded';
    return next;
    return;
  end if;
  -- A guest is somebody new with each hold: whoever tries codes is counted by where they come from.
  if p_new.promo_code is not null and use_count(network_name(p_network), 'promo', '') >= 10 then
    outcome := 'too_many_codes';
    return next;
    return;
  end if;
  select * into b from book(p_new, p_limits, p_actor);
  outcome := b.outcome;
  booked := b.booked;
  freed_coach := b.freed_coach;
  if outcome = 'promo_code_invalid' then
    perform note_use(network_name(p_network), 'promo', p_new.coach_id || ' ' || upper(p_new.promo_code));
  elsif outcome = 'booked' then
    insert into own_session (token_hash, user_id, role, appointment_id, network, expires_at)
    values (p_session_hash, p_new.user_id, 'user', p_new.id, p_network, p_session_ends);
  end if;
  return next;
end $$;

/*
 * Note a code by which a guest proves an address, as begin_proof() does for others; bounded by their network too, since a
 * guest is somebody new with each hold. One time at once is kept for an address and a network: the newest.
 * freed_coach: whose time the one before had kept.
 */
create or replace function begin_guest_proof(
  p_user text, p_email text, p_hash bytea, p_code_hash bytea, p_seconds integer)
returns table (outcome text, freed_coach text) language plpgsql as $$
declare
  from_network bytea;
  about_network text;
begin
  select s.network into from_network from own_session s where s.user_id = p_user and s.network is not null;
  about_network := network_name(from_network);
  perform lock_guests(encode(from_network, 'hex'));
  if use_count(about_network, 'code', p_email) >= 20 then
    outcome := 'too_often';
    return next;
    return;
  end if;
  perform note_use(about_network, 'code', p_email);
  outcome := begin_proof(p_user, p_email, p_hash, p_code_hash, p_seconds);
  with gone as (
    update appointment a set status = 'expired', updated_at = now(), version = a.version + 1
    from own_session s join action_token t on t.user_id = s.user_id
    where is_of_guest(s, a) and a.status = 'held' and s.network = from_network and s.user_id <> p_user
      and t.purpose = 'verify' and t.email = p_email
    returning a.coach_id)
  select max(gone.coach_id) into freed_coach from gone;
  return next;
end $$;

/*
 * Turn a guest's hold into a booking of the person behind the address they proved. Outcomes: those of confirm_hold();
 * address_not_verified; sign_in_required: the address is a platform user's; booking_limit, total_reached and too_often, as
 * book() has them, since only now it is known whose booking it is; slot_taken: they have a seat in that session;
 * promo_code_invalid: they have used the hold's code as often as they may. The token goes on, as that person's, for this
 * appointment.
 */
create or replace function confirm_for_guest(p_new new_booking, p_limits booking_limits, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
declare
  address text := lower(p_new.email);
  held appointment;
  known known_address;
  c record;
begin
  perform lock_network_of(p_new.id, p_new.user_id);
  if not address_is_proved(p_new.user_id, address) then
    outcome := 'address_not_verified';
    return next;
    return;
  end if;
  known := meet_address(address);
  if known.platform then
    outcome := 'sign_in_required';
    return next;
    return;
  end if;
  perform lock_client(known.user_id);
  perform lock_group_of(p_new.id);
  select * into held from appointment where id = p_new.id and user_id = p_new.user_id for update;
  if held.status = 'held' and held.hold_expires_at > now() then
    if p_new.max_changes is not null and use_count(known.user_id, 'change', '') >= p_new.max_changes then
      outcome := 'too_often';
    elsif p_limits.max_active is not null
          and active_count(held.coach_id, known.user_id, p_limits.max_active_type, held.id) >= p_limits.max_active then
      outcome := 'booking_limit';
      booked := first_active(held.coach_id, known.user_id, p_limits.max_active_type);
    elsif p_new.max_total is not null
          and total_count(held.coach_id, known.user_id, p_new.max_total_type) >= p_new.max_total then
      outcome := 'total_reached';
    elsif has_seat(held.group_id, known.user_id, held.id) then
      outcome := 'slot_taken';
    elsif not code_becomes(held, known.user_id) then
      outcome := 'promo_code_invalid';
    end if;
    if outcome is not null then
      return next;
      return;
    end if;
  end if;
  p_new.max_addresses := null; -- proved above
  p_actor.user_id := known.user_id;
  select * into c from confirm_hold(p_new, p_actor, known.user_id);
  outcome := c.outcome;
  booked := c.booked;
  if outcome = 'confirmed' then
    update own_session set user_id = known.user_id, email = address where appointment_id = p_new.id and network is not null;
    delete from proved_address where user_id = p_new.user_id;
    delete from action_token where user_id = p_new.user_id;
    -- All replicas forget who this session was.
    perform pg_notify('bookingd_erased', left(p_new.user_id, 255));
  end if;
  return next;
end $$;
