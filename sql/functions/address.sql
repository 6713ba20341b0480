-- Addresses that people prove to be theirs by a code, so that they may be invited there.

-- Whether this person has proved it, by a code or by signing in with it. p_email in lower case.
create or replace function address_is_proved(p_user text, p_email text) returns boolean language plpgsql stable as $$
begin
  return exists (select from proved_address where user_id = p_user and email = p_email)
      or exists (select from known_address where email = p_email and user_id = p_user);
end $$;

/*
 * Note a code by which a user may prove an address. Outcomes: mail; quiet (nothing is mailed: the address has had five
 * codes in ten minutes or twenty in a day, whoever asked); too_often (the user has asked for ten addresses in a day, so
 * nobody has codes mailed to strangers all day long).
 */
create or replace function begin_proof(
  p_user text, p_email text, p_hash bytea, p_code_hash bytea, p_seconds integer) returns text language plpgsql as $$
declare
  asked bigint;
  asked_lately bigint;
begin
  perform lock_client(p_user);
  perform lock_address(p_email);
  if use_count(p_user, 'code', p_email) >= 10 then
    return 'too_often';
  end if;
  perform note_use(p_user, 'code', p_email);
  select count(*), count(*) filter (where created_at > now() - interval '10 minutes') into asked, asked_lately
  from action_token where email = p_email and purpose = 'verify' and created_at > now() - interval '1 day';
  if asked >= 20 or asked_lately >= 5 then
    return 'quiet';
  end if;
  insert into action_token (hash, purpose, user_id, email, code_hash, expires_at)
  values (p_hash, 'verify', p_user, p_email, p_code_hash, now() + make_interval(secs => p_seconds));
  return 'mail';
end $$;

/*
 * Prove it by the newest code, which takes five tries. With twenty codes in a day nobody guesses one of a million.
 * Outcomes: proved (before, too), wrong_code, code_expired.
 */
create or replace function complete_proof(p_user text, p_email text, p_code_hash bytea) returns text language plpgsql as $$
declare
  t action_token;
begin
  select * into t from action_token
  where user_id = p_user and email = p_email and purpose = 'verify'
  order by created_at desc limit 1 for update;
  if found and t.used_at is null and t.expires_at > now() and t.tries < 5 and t.code_hash = p_code_hash then
    update action_token set used_at = now() where hash = t.hash;
    insert into proved_address (user_id, email) values (p_user, p_email) on conflict do nothing;
    delete from mail_suppression where email = p_email; -- what was mailed there has been read
    return 'proved';
  elsif address_is_proved(p_user, p_email) then
    return 'proved';
  elsif t.hash is null then
    return 'wrong_code';
  elsif t.used_at is not null or t.expires_at <= now() or t.tries >= 5 then
    return 'code_expired';
  end if;
  update action_token set tries = tries + 1 where hash = t.hash;
  return 'wrong_code';
end $$;
