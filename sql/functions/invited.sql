-- Guests of an appointment: further addresses that its client has invited.

-- Without the client's own, which is invited anyway. Null: nobody is left.
create or replace function guests_but(p_guests text, p_email text) returns text language sql immutable as $$
  select nullif(array_to_string(array_remove(string_to_array(p_guests, ' '), lower(p_email)), ' '), '');
$$;

-- How many different addresses somebody has had invited in a day, and would with these.
create or replace function addresses_used(p_whose text, p_addresses text[]) returns bigint language plpgsql stable as $$
begin
  return cardinality(p_addresses) + (
    select count(*) from client_use
    where client = sha256(convert_to(p_whose, 'UTF8')) and kind = 'address' and at > now() - interval '1 day'
      and about <> all (select sha256(convert_to(a, 'UTF8')) from unnest(p_addresses) a));
end $$;

/*
 * Whether this person may have the guests of a booking invited: so many different addresses in a day are invited for one
 * client at most, the booking's own among them where it is not known to be theirs; and twenty for all from one
 * network who do not come in by the platform. Needs lock_client and, for the latter, lock_network_of.
 */
create or replace function may_add_guests(p_user text, p_new new_booking) returns boolean language plpgsql stable as $$
declare
  guests text[] := coalesce(string_to_array(guests_but(p_new.guests, p_new.email), ' '), '{}');
  network text := network_name(network_of(p_new.id, p_user));
begin
  return p_new.max_guests is null
      or (addresses_used(p_user, guests || array_remove(array[case when p_new.max_addresses is not null
                                                                   then lower(p_new.email) end], null)) <= p_new.max_guests
          and (network is null or addresses_used(network, guests) <= 20));
end $$;

create or replace function note_guests(booked appointment) returns void language plpgsql as $$
declare
  whose text;
begin
  foreach whose in array array_remove(array[booked.user_id, network_name(network_of(booked.id, booked.user_id))], null) loop
    perform note_use(whose, 'address', guest) from unnest(string_to_array(booked.guests, ' ')) guest;
  end loop;
end $$;

/*
 * Give an appointment other guests: whoever is new is invited, whoever is missing is told that they need not come. Uses id,
 * guests, max_guests, max_changes and calendar_lease. Outcomes: invited, same (they are its guests already), not_active,
 * too_many_guests, too_often.
 */
create or replace function set_guests(p_new new_booking, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
begin
  perform lock_network_of(id, user_id) from appointment where id = p_new.id;
  perform lock_client(user_id) from appointment where id = p_new.id;
  select * into booked from appointment where id = p_new.id for update;
  p_new.email := booked.email;
  p_new.guests := guests_but(p_new.guests, booked.email);
  if not is_asked(booked) and (booked.status <> 'scheduled' or booked.ends_at <= now()) then
    outcome := 'not_active';
  elsif booked.guests is not distinct from p_new.guests then
    outcome := 'same';
  elsif use_count(booked.user_id, 'change', '') >= p_new.max_changes then
    outcome := 'too_often';
  elsif not may_add_guests(booked.user_id, p_new) then
    outcome := 'too_many_guests';
  else
    update appointment
    set guests = p_new.guests, event_outdated = true,
        -- There was nobody to invite when it was decided that nobody does.
        invited_by = case when invited_by <> 'none' or not notify then invited_by end,
        updated_at = now(), version = version + 1, calendar_attempts = 0,
        calendar_due_at = leased_until(p_new.calendar_lease)
    where id = p_new.id returning * into booked;
    outcome := 'invited';
    if p_new.max_guests is not null then
      perform note_guests(booked);
    end if;
    if p_new.max_changes is not null then
      perform note_use(booked.user_id, 'change', booked.id || ' ' || booked.version);
    end if;
  end if;
  if outcome in ('invited', 'same') then
    perform note_action(p_actor, 'guests', booked, 200);
  end if;
  return next;
end $$;

-- These addresses are nobody's guests any more, as if they had never been: their person is erased.
create or replace function forget_guest(p_addresses text[]) returns void language plpgsql as $$
declare
  ids uuid[] := array(select id from appointment where guests is not null and string_to_array(guests, ' ') && p_addresses);
begin
  update appointment
  set guests = nullif(array_to_string(array(select g from unnest(string_to_array(guests, ' ')) g where g <> all (p_addresses)), ' '),
                      ''),
      event_outdated = true, updated_at = now(), version = version + 1, calendar_attempts = 0, calendar_due_at = now()
  where id = any (ids);
  update notice set state = case when state in ('owed', 'retry') then 'skipped' else state end, guest = '#' || id, detail = null
  where guest = any (p_addresses);
  update event set body = jsonb_set(body, '{row,guests}', 'null')
  where appointment_id = any (ids) and body -> 'row' ->> 'guests' is not null;
  delete from idempotency_key where appointment_id = any (ids);
end $$;
