-- What hangs on an appointment's personal fields goes with them, by erasure and by RETENTION_DAYS alike: the sealed part,
-- what other programs are told, which guests were told, and what mail servers said, which may name an address. With an identity
-- that becomes a pseudonym go the use of a promo code, and what it wants to be told once nothing else is left of it.
create or replace function forget_private() returns trigger language plpgsql as $$
begin
  delete from appointment_private where appointment_id = new.id;
  update credit_entry set note = null where appointment_id = new.id and note is not null;
  update notice set detail = null, guest = case when guest <> '' then '#' || id else '' end
  where appointment_id = new.id and (detail is not null or guest <> '');
  perform blank_events(array[new.id], new.user_id);
  if new.user_id <> old.user_id then
    perform hand_over_uses(old.user_id, new.user_id, new.id);
    delete from notice_preference
    where user_id = old.user_id and not of_coach
      and not exists (select from appointment where user_id = old.user_id and not erased);
  end if;
  return null;
end $$;

-- Whether an address is known to be somebody else's, or they have proved to read what is mailed there.
create or replace function is_anothers(p_email text, p_user text) returns boolean language plpgsql stable as $$
begin
  return exists (select from known_address where email = p_email and user_id <> p_user)
      or exists (select from proved_address where email = p_email and user_id <> p_user and user_id not like 'guest:%');
end $$;

/*
 * Erase a person, who is p_pseudonym from now on: personal fields, the identity and the links to Google blanked in
 * appointments and audit, upcoming appointments cancelled, kept replies dropped. Google's events follow by the version.
 */
create or replace function erase_user(p_user text, p_by text, p_actor actor, p_pseudonym text)
returns table (cancelled_count bigint, erased_count bigint, coaches text[]) language plpgsql as $$
declare
  met text[]; -- the addresses that are theirs
  people text[]; -- who they are: by their name, and by each of these
  theirs uuid[]; -- their appointments
  written text[]; -- the addresses that their appointments had, in lower case
  addresses text[]; -- that are known to be theirs
begin
  -- All locks that are taken below, in the order that everybody keeps: addresses, then people, then moves.
  met := array(select email from known_address where user_id = p_user order by email for update);
  people := array(select p_user union select person_of_address(email) from unnest(met) email order by 1);
  perform lock_client(person) from unnest(people) person;
  perform lock_moves(variadic array(
    select distinct coach_id from appointment
    where user_id = any (people) and (status = 'held' or (status = 'scheduled' and ends_at > now()))));
  -- What they did by mail and was not found to be theirs yet.
  perform become_user(person, p_user) from unnest(people) person;
  delete from waitlist where user_id = p_user;
  perform lock_moves(variadic array(select distinct coach_id from appointment
                                    where user_id = p_user and (status = 'held' or (status = 'scheduled' and ends_at > now()))));
  update appointment set status = 'expired', updated_at = now()
  where user_id = p_user and status = 'held' and hold_expires_at <= now();
  with gone as (
    update appointment
    set status = 'cancelled', cancelled_at = now(), cancelled_by = p_by, updated_at = now(), conference_pending = false
    where user_id = p_user and status in ('scheduled', 'held') and ends_at > now()
    returning 1)
  select count(*) into cancelled_count from gone;
  -- Those that RETENTION_DAYS blanked before are counted no more, but lose the identity as well.
  theirs := array(select id from appointment where user_id = p_user);
  written := array(select distinct lower(email) from appointment where user_id = p_user and email is not null);
  with blank as (
    update appointment
    set name = null, email = null, phone = null, notes = null, guests = null, cancel_reason = null, client_time_zone = null, locale = null,
        event_link = null, meeting_url = null, meeting_label = null, meeting_place = null, meeting_instructions = null,
        calendar_detail = null, user_id = p_pseudonym, erased = true, updated_at = now(),
        version = version + 1, calendar_attempts = 0, calendar_due_at = now()
    where id = any (theirs) and not erased
    returning coach_id)
  select count(*), coalesce(array_agg(distinct coach_id), '{}') into erased_count, coaches from blank;
  update appointment set user_id = p_pseudonym, event_link = null, meeting_url = null, meeting_label = null,
    meeting_place = null, meeting_instructions = null, calendar_detail = null
  where user_id = p_user;
  -- Others may have invited them. What they have proved to read and is another's too stays that person's. Whom a coach booked
  -- for by an address, and who never signed in with it, is the person of that address.
  addresses := array(select email from known_address where user_id = p_user union
                     select email from unnest(written) email where person_of_address(email) = p_user union
                     select email from proved_address where user_id = p_user and not is_anothers(email, p_user));
  perform forget_guest(addresses);
  -- Replies to a coach or an admin tell of this person too.
  delete from idempotency_key where caller = p_user;
  delete from idempotency_key where appointment_id = any (theirs);
  -- What mail servers said may name an address.
  update notice set detail = null where detail is not null and appointment_id = any (theirs);
  perform blank_events(theirs, p_pseudonym);
  update event set user_id = p_pseudonym, body = jsonb_set(body, '{user_id}', to_jsonb(p_pseudonym), false)
  where user_id = p_user;
  delete from action_token where user_id = p_user
    or appointment_id = any (theirs)
    or email = any (addresses);
  delete from own_session where user_id = p_user or appointment_id = any (theirs);
  delete from notice_preference where user_id = p_user and not of_coach;
  -- What the reader of an address complained of stays unless they are known to be that reader: anybody may have typed it.
  delete from mail_suppression
  where email = any (addresses) or (email = any (written) and reason <> 'complained' and not is_anothers(email, p_user));
  -- One that came since the addresses were locked is left to whoever has locked it and waits for this.
  delete from known_address
  where email = any (array(select email from known_address where user_id = p_user for update skip locked));
  delete from proved_address where user_id = p_user or (email = any (addresses) and user_id like 'guest:%');
  -- The ledger stays, without a person in it.
  update credit_entry set note = null
  where note is not null and grant_id = any (array(select id from credit_grant where user_id = p_user));
  update credit_grant set user_id = p_pseudonym, external_ref = erased_reference(external_ref), request_hash = null
  where user_id = p_user;
  perform hand_over_uses(p_user, p_pseudonym);
  update audit set actor = p_pseudonym, request_id = null where actor = p_user;
  update audit set request_id = null where appointment_id = any (theirs) and request_id is not null;
  insert into audit (actor, role, action, request_id)
  values (case when p_actor.user_id = p_user then p_pseudonym else p_actor.user_id end, p_actor.role, 'erase',
          case when p_actor.user_id = p_user then null else p_actor.request_id end);
  return next;
end $$;
