-- Signing in by mail: codes and links, and the sessions they begin. Whoever reads these tables learns no code, no link
-- and no session: each is kept as a digest, that of a code together with the nonce of the browser that asked.

-- The coach whose address this is; several are one person, of whom the first counts.
create or replace function coach_of_address(p_email text) returns text language sql stable as $$
  select id from coach where lower(email) = p_email order by id limit 1;
$$;

-- The coaches besides its own that a coach's session is for just now, with spaces between: those with the address that was
-- proved when it began. Null: none.
create or replace function further_coaches(s own_session) returns text language sql stable as $$
  select string_agg(id, ' ' order by id) from coach
  where s.role = 'coach' and lower(email) = s.email and id <> s.coach_id;
$$;

-- Whether this address is one of ADMIN_EMAILS. p_email in lower case; p_admins: commas between.
create or replace function is_admin(p_email text, p_admins text) returns boolean language sql immutable as $$
  select coalesce(p_email = any (string_to_array(lower(replace(p_admins, ' ', '')), ',')), false);
$$;

-- What a session is good for just now: it began as an admin's or a coach's, and goes on as one as long as the address is.
create or replace function rights_of(s own_session, p_admins text, out role text, out coach_id text) language plpgsql stable as $$
begin
  role := s.role;
  if s.role = 'user' or (s.role = 'admin' and is_admin(s.email, p_admins)) then
    return;
  end if;
  coach_id := coalesce((select id from coach where id = s.coach_id and lower(email) = s.email), coach_of_address(s.email));
  role := case when coach_id is not null then 'coach' else 'user' end;
end $$;

-- The user whom an address stands for where the platform has none for it: a digest of it under this database's own key, so
-- that nobody who only sees the id can try addresses. p_email in lower case.
create or replace function person_of_address(p_email text) returns text language sql stable as $$
  select 'mail:' || left(encode(sha256(key || sha256(key || convert_to(p_email, 'UTF8'))), 'hex'), 32) from address_key;
$$;

-- Who is behind an address that was just proved: the platform's user, or one of our own, made now if need be.
create or replace function meet_address(p_email text) returns known_address language plpgsql as $$
declare
  known known_address;
begin
  insert into known_address (email, user_id) values (p_email, person_of_address(p_email)) on conflict do nothing;
  select * into known from known_address where email = p_email for update;
  return known;
end $$;

/*
 * Note a code that somebody asked for. p_admins: addresses of admins, commas between. Returns whether it is to be
 * mailed: not to an address that has had five in ten minutes or twenty in a day, nor, for the coach's page, to one that
 * is nobody's there.
 * The caller must not be able to tell: not by how long this takes, nor by what later becomes of the code. So one that
 * is not mailed is noted all the same, as a code that nothing matches.
 */
create or replace function begin_sign_in(
  p_email text, p_page text, p_hash bytea, p_nonce_hash bytea, p_code_hash bytea, p_seconds integer, p_admins text)
returns boolean language plpgsql as $$
declare
  welcome boolean := p_page <> 'coach' or coach_of_address(p_email) is not null
                     or is_admin(p_email, p_admins);
begin
  perform lock_address(p_email);
  if (select count(*) filter (where created_at > now() - interval '10 minutes') >= 5 or count(*) >= 20 from action_token
      where email = p_email and purpose = 'sign_in' and created_at > now() - interval '1 day') then
    return false;
  end if;
  -- Only the newest is good.
  update action_token set expires_at = now() where email = p_email and purpose = 'sign_in' and expires_at > now();
  insert into action_token (hash, purpose, email, page, nonce_hash, code_hash, expires_at)
  values (p_hash, 'sign_in', p_email, p_page, p_nonce_hash, case when welcome then p_code_hash end,
          now() + make_interval(secs => p_seconds));
  return welcome;
end $$;

/*
 * The same for somebody of this network (a digest), who has codes to a hundred addresses in a day, mailed or not. Outcomes:
 * mail; kept (it is not to be mailed, which nobody may tell); too_often.
 */
create or replace function begin_sign_in_from(
  p_network bytea, p_email text, p_page text, p_hash bytea, p_nonce_hash bytea, p_code_hash bytea, p_seconds integer,
  p_admins text)
returns text language plpgsql as $$
declare
  network text := encode(p_network, 'hex');
begin
  perform lock_guests(network);
  if use_count('sign-in from ' || network, 'code', p_email) >= 100 then
    return 'too_often';
  end if;
  perform note_use('sign-in from ' || network, 'code', p_email);
  return case when begin_sign_in(p_email, p_page, p_hash, p_nonce_hash, p_code_hash, p_seconds, p_admins) then 'mail' else 'kept' end;
end $$;

-- Over all codes for this address in a day.
create or replace function wrong_tries(p_email text) returns bigint language plpgsql stable as $$
begin
  return (select coalesce(sum(tries - (used_at is not null)::integer), 0) from action_token
          where email = p_email and purpose = 'sign_in' and created_at > now() - interval '1 day');
end $$;

/*
 * Complete it, in the browser that asked (p_nonce_hash), by the code or by the link's token. Without that nonce nothing
 * is looked at and no try is used up, so whoever opens links in mails for others changes nothing. Whom the platform does
 * not know by this address is person_of_address(). Outcomes: signed_in, wrong_code, code_expired.
 * After fifty wrong tries in a day, over all codes for an address, only the link in its mail signs in: a code has six
 * digits, and new ones can be asked for all day long. p_network: as for begin_sign_in_from(); null: as the release before this
 * one says it.
 */
create or replace function complete_sign_in(
  p_email text, p_hash bytea, p_nonce_hash bytea, p_code_hash bytea, p_session_hash bytea,
  p_session_seconds integer, p_admins text, p_network bytea default null)
returns table (outcome text, user_id text, role text, coach_id text, email text, expires_at timestamptz)
language plpgsql as $$
declare
  t action_token;
begin
  outcome := 'wrong_code';
  select * into t from action_token a where a.nonce_hash = p_nonce_hash and a.purpose = 'sign_in' for update;
  if not found then
    return next;
    return;
  elsif t.used_at is not null or t.expires_at <= now() or t.tries >= 5
        or (t.hash is distinct from p_hash and wrong_tries(t.email) >= 50) then
    outcome := 'code_expired';
    return next;
    return;
  end if;
  update action_token a set tries = a.tries + 1 where a.hash = t.hash;
  if not coalesce(t.hash = p_hash, t.email = p_email and t.code_hash = p_code_hash, false) then
    return next;
    return;
  end if;
  update action_token a set used_at = now() where a.hash = t.hash;
  delete from mail_suppression m where m.email = t.email; -- what was mailed there has been read
  user_id := (meet_address(t.email)).user_id;
  coach_id := coach_of_address(t.email);
  role := case when is_admin(t.email, p_admins) then 'admin'
               when coach_id is not null then 'coach' else 'user' end;
  coach_id := case when role = 'coach' then coach_id end;
  email := t.email;
  expires_at := date_trunc('second', now()) + make_interval(secs => p_session_seconds);
  insert into own_session as s (token_hash, user_id, role, coach_id, email, network, expires_at)
  values (p_session_hash, complete_sign_in.user_id, complete_sign_in.role, complete_sign_in.coach_id,
          complete_sign_in.email, p_network, complete_sign_in.expires_at);
  outcome := 'signed_in';
  return next;
end $$;

/*
 * A session for the appointment of a manage link, while the link is good: until p_after seconds after its end. p_network: as
 * for complete_sign_in().
 */
create or replace function begin_manage_session(
  p_hash bytea, p_session_hash bytea, p_seconds integer, p_after integer, p_network bytea default null)
returns table (appointment_id uuid, expires_at timestamptz) language plpgsql as $$
declare
  a appointment;
begin
  select p.* into a from action_token t join appointment p on p.id = t.appointment_id
  where t.hash = p_hash and t.purpose = 'manage'
  for share of p; -- an erasure waits for this, or this for the erasure
  if found and a.ends_at + make_interval(secs => p_after) > now() and not a.erased then
    appointment_id := a.id;
    expires_at := date_trunc('second', now()) + make_interval(secs => p_seconds);
    insert into own_session as s (token_hash, user_id, role, email, appointment_id, network, expires_at)
    values (p_session_hash, a.user_id, 'user', a.email, a.id, p_network, begin_manage_session.expires_at);
    return next;
  end if;
end $$;

/*
 * What was done by mail as p_former is p_user's, who is the same person: all of it, so that they see it, finish it and
 * can have it erased.
 */
create or replace function become_user(p_former text, p_user text) returns void language plpgsql as $$
begin
  if p_former = p_user then
    return;
  end if;
  perform lock_client(person) from (select unnest(array[p_former, p_user]) as person order by 1) people;
  perform lock_moves(variadic array(select coach_id from appointment
                                    where user_id in (p_former, p_user) and status = 'held' and hold_kind = 'own'));
  -- Nobody holds two times at once: what the user holds stays, unless it has run out.
  update appointment a set status = 'expired', updated_at = now(), version = version + 1
  where user_id in (p_former, p_user) and status = 'held' and hold_kind = 'own'
    and case when user_id = p_user then hold_expires_at <= now()
             else exists (select from appointment where user_id = p_user and status = 'held' and hold_kind = 'own'
                                                    and hold_expires_at > now()) end;
  -- Memory knows whose time it is.
  perform pg_notify('bookingd_coach', ':' || coach_id)
  from (select distinct coach_id from appointment where user_id = p_former and ends_at > now()) coaches;
  update appointment set user_id = p_user, updated_at = now() where user_id = p_former;
  update waitlist set user_id = p_user where user_id = p_former;
  -- One place for one wish, as join_waitlist() has it: the earlier, or what is offered already.
  update waitlist w set state = 'left'
  where user_id = p_user and state = 'waiting'
    and exists (select from waitlist o
                where o.user_id = p_user and o.id <> w.id and waits_for(o, w)
                  and (o.state = 'offered' or (o.state = 'waiting' and o.place < w.place)));
  update own_session set user_id = p_user where user_id = p_former;
  update action_token set user_id = p_user where user_id = p_former;
  insert into proved_address (user_id, email, at)
  select p_user, email, at from proved_address where user_id = p_former on conflict do nothing;
  delete from proved_address where user_id = p_former;
  -- What they want to be told, unless they have said otherwise since.
  update notice_preference set user_id = p_user
  where user_id = p_former and not of_coach
    and not exists (select from notice_preference where user_id = p_user and not of_coach);
  delete from notice_preference where user_id = p_former and not of_coach;
  update credit_grant set user_id = p_user where user_id = p_former;
  perform hand_over_uses(p_former, p_user);
  -- What they had of a day's limits is theirs still.
  insert into client_use as u (client, kind, about, at)
  select sha256(convert_to(p_user, 'UTF8')), kind, about, at from client_use
  where client = sha256(convert_to(p_former, 'UTF8'))
  on conflict (client, kind, about) do update set at = greatest(u.at, excluded.at);
  delete from client_use where client = sha256(convert_to(p_former, 'UTF8'));
  update event set user_id = p_user where user_id = p_former;
  -- A request that is sent once more is the same one. Both may have used a key: the user's own stands.
  update idempotency_key k set caller = p_user
  where caller = p_former and not exists (select from idempotency_key o where o.caller = p_user and o.key = k.key);
  delete from idempotency_key where caller = p_former;
  update audit set actor = p_user where actor = p_former;
  -- A session that was somebody else's a moment ago is this user's, in all replicas.
  perform pg_notify('bookingd_erased', left(p_former, 255));
end $$;

/*
 * A platform's user with an address that the platform vouches for: from now on the address is theirs, and so is what
 * it did here by mail before.
 */
create or replace function meet_user(p_user text, p_email text) returns void language plpgsql as $$
declare
  known known_address;
  former text := person_of_address(p_email); -- whom a coach may have booked for already
begin
  if p_user like 'mail:%' then
    return; -- who signs in by mail is no platform's user
  end if;
  insert into known_address as k (email, user_id, platform) values (p_email, p_user, true) on conflict do nothing;
  if not found then
    select * into known from known_address where email = p_email for update;
    if known.platform then
      -- A request that was on its way when the two became one may have come after it.
      if known.user_id = p_user and (exists (select from appointment where user_id = former)
                                     or exists (select from waitlist where user_id = former)) then
        perform become_user(former, p_user);
      end if;
      return;
    end if;
    former := known.user_id;
    update known_address set user_id = p_user, platform = true where email = p_email;
  end if;
  perform become_user(former, p_user);
end $$;
