-- Credits and promo codes: how bookings take them and give them back.
--
-- An appointment's credits and its code are settled by a trigger on its status, in the transaction that changes it: so
-- no way to end one, a calendar's or a hold's that ran out included, can forget them. An appointment's row is locked
-- before its grants and codes, and those are locked after the time has been taken.

-- ---------------------------------------------------------------------------- the ledger

-- An entry changes its grant's balance, whose check keeps it from going below nothing. That finds the grant, which nobody
-- can take away (credit_grant_stays), and locks it, so what was taken from it for this appointment can be counted.
create or replace function post_credit() returns trigger language plpgsql as $$
begin
  with g as (
    update credit_grant set balance = balance + new.delta where id = new.grant_id returning id, coach_id, user_id, balance)
  insert into event (type, coach_id, user_id, body)
  select 'credits.changed', g.coach_id, g.user_id, jsonb_build_object(
    'coach', g.coach_id, 'user_id', g.user_id, 'grant_id', g.id, 'appointment_id', new.appointment_id, 'delta', new.delta,
    'reason', new.reason, 'balance', g.balance)
  from g;
  if not found then
    raise exception 'there is no grant %', new.grant_id using errcode = 'foreign_key_violation';
  end if;
  if new.delta > 0 and new.appointment_id is not null then
    -- Apart: a condition with a query in it is run as one, whatever stands before that.
    if (select sum(delta) from credit_entry where appointment_id = new.appointment_id and grant_id = new.grant_id) > 0 then
      raise exception 'more would be returned to the grant % than was taken from it', new.grant_id
        using errcode = 'check_violation';
    end if;
  end if;
  return null;
end $$;

create or replace trigger credit_entry_post after insert on credit_entry
for each row execute function post_credit();

-- Only a note goes, with the person it may name.
create or replace function keep_credit_entry() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.note is null then
    new.note := old.note;
    if new is not distinct from old then
      new.note := null;
      return new;
    end if;
  end if;
  raise exception 'entries of the ledger of credits are never changed' using errcode = 'restrict_violation';
end $$;

create or replace trigger credit_entry_keep before update or delete on credit_entry
for each row execute function keep_credit_entry();
create or replace trigger credit_entry_keep_all before truncate on credit_entry
for each statement execute function keep_credit_entry();

-- A grant stays as it was made, and its balance comes from entries only: their trigger alone changes it.
create or replace function keep_credit_grant() returns trigger language plpgsql as $$
begin
  raise exception 'a grant of credits stays, and its balance is the sum of its entries' using errcode = 'restrict_violation';
end $$;

create or replace trigger credit_grant_made before insert on credit_grant for each row
when (new.balance <> 0 or new.amount not between 1 and 10000 or new.source not in ('platform', 'coach', 'admin'))
execute function keep_credit_grant();
create or replace trigger credit_grant_spent before update of balance on credit_grant
for each statement when (pg_trigger_depth() = 0) execute function keep_credit_grant();
create or replace trigger credit_grant_stays before update of id, amount, source or delete or truncate on credit_grant
for each statement execute function keep_credit_grant();

-- Where the ledger and the balances differ, or an appointment's credits and its entries: nowhere, ever.
create or replace function credit_faults() returns table (fault text) language sql stable as $$
  select 'grant ' || g.id || ' has ' || g.balance || ', its entries make ' || coalesce(sum(e.delta), 0)
  from credit_grant g left join credit_entry e on e.grant_id = g.id
  group by g.id having g.balance <> coalesce(sum(e.delta), 0)
  union all
  select 'appointment ' || a.id || ' is ' || coalesce(a.payment_state, 'free') || ' for ' || a.price_credits
         || ', its entries make ' || coalesce(sum(e.delta), 0)
  from appointment a left join credit_entry e on e.appointment_id = a.id
  group by a.id
  having coalesce(sum(e.delta), 0) <> case when a.payment_state in ('paid', 'kept') then -a.price_credits else 0 end
  union all
  select 'appointment ' || a.id || ' is ' || a.status || ' and ' || a.payment_state
  from appointment a
  where a.payment_state = 'paid' and a.status in ('cancelled', 'expired')
  union all
  select 'code ' || c.code || ' counts ' || c.used || ' uses of ' || count(u.code_id)
  from promo_code c left join promo_use u on u.code_id = c.id and u.released_at is null
  group by c.id having c.used <> count(u.code_id);
$$;

-- ---------------------------------------------------------------------------- spending and returning

-- Whether a booking of this type (null: of some type) may take from a grant. Written by PostgreSQL into the statement.
create or replace function is_usable(g credit_grant, p_type text) returns boolean language sql stable as $$
  select g.balance > 0 and g.revoked_at is null and (g.usable_until is null or g.usable_until > now())
     and (g.session_types is null or p_type is null or p_type = any (g.session_types));
$$;

-- What a client can spend with a coach (null: with all of them) on a type.
create or replace function usable_credits(p_coach text, p_user text, p_type text) returns bigint language plpgsql stable as $$
begin
  return (select coalesce(sum(g.balance), 0) from credit_grant g
          where g.user_id = p_user and (p_coach is null or g.coach_id = p_coach) and is_usable(g, p_type));
end $$;

-- Take credits for an appointment, of the grants that end first before the others (as spent_credits()). False, and the caller
-- undoes it all: there are not enough.
create or replace function spend_credits(
  p_coach text, p_user text, p_type text, p_credits integer, p_appointment uuid, p_actor text)
returns boolean language plpgsql as $$
declare
  missing integer := p_credits;
begin
  while missing > 0 loop
    insert into credit_entry (grant_id, appointment_id, delta, reason, actor)
    select first.id, p_appointment, -least(missing, first.balance), 'booked', p_actor
    from (select g.id, g.balance from credit_grant g
          where g.user_id = p_user and g.coach_id = p_coach and is_usable(g, p_type)
          order by g.usable_until, g.created_at, g.id limit 1 for update) first
    returning missing + delta into missing; -- null: none is left
  end loop;
  return missing is not null;
end $$;

-- What an appointment has taken of which grants, in the order in which spend_credits() locks them: whoever writes more than
-- one entry keeps to it, since each locks its grant. Written by PostgreSQL into the statement.
create or replace function spent_credits(p_id uuid) returns table (grant_id uuid, amount integer) language sql stable as $$
  select e.grant_id, -e.sum::integer
  from (select grant_id, sum(delta) from credit_entry where appointment_id = p_id group by grant_id) e
  join credit_grant c on c.id = e.grant_id
  where e.sum < 0 order by c.usable_until, c.created_at, c.id;
$$;

/*
 * Give p_amount of what an appointment took back to the grants it was taken from. A grant that has expired meanwhile
 * lasts 14 days more, for what is returned: what was left of it before is written off first. Of a grant that was revoked
 * nothing is left either way.
 */
create or replace function return_credits(p_id uuid, p_amount integer, p_reason text, p_actor text, p_note text default null)
returns void language plpgsql as $$
declare
  spent record;
  g credit_grant;
  missing integer := p_amount;
begin
  for spent in select * from spent_credits(p_id) loop
    exit when missing = 0;
    spent.amount := least(spent.amount, missing);
    missing := missing - spent.amount;
    select * into g from credit_grant where id = spent.grant_id for update;
    if g.revoked_at is null and g.usable_until <= now() then
      if g.balance > 0 then
        insert into credit_entry (grant_id, delta, reason, actor) values (g.id, -g.balance, 'expired', 'system');
      end if;
      update credit_grant set usable_until = now() + interval '14 days' where id = g.id;
    end if;
    insert into credit_entry (grant_id, appointment_id, delta, reason, actor, note)
    values (g.id, p_id, spent.amount, p_reason, p_actor, p_note);
    if g.revoked_at is not null then
      insert into credit_entry (grant_id, delta, reason, actor) values (g.id, -spent.amount, 'revoked', 'system');
    end if;
  end loop;
end $$;

-- The ledger says that credits stay spent, and why.
create or replace function note_kept(p_id uuid, p_reason text, p_actor text) returns void language plpgsql as $$
begin
  insert into credit_entry (grant_id, appointment_id, delta, reason, actor)
  select grant_id, p_id, 0, p_reason, p_actor from spent_credits(p_id);
end $$;

-- The use of a code that an appointment took is free again. Before its credits are, as they are taken: else a booking and
-- a cancellation of one client could wait for each other.
create or replace function release_code(p_appointment uuid) returns void language plpgsql as $$
begin
  update promo_use set released_at = now() where appointment_id = p_appointment and released_at is null;
end $$;

-- What becomes of an appointment's credits and code when its status changes. A late cancellation says `kept` itself.
create or replace function settle_payment() returns trigger language plpgsql as $$
begin
  if new.status in ('cancelled', 'expired') and new.payment_state = 'paid' then
    perform release_code(new.id);
    perform return_credits(new.id, new.price_credits, 'returned', coalesce(new.cancelled_by, 'system'));
    new.payment_state := 'returned';
  elsif new.status = 'cancelled' and old.payment_state = 'paid' and new.payment_state = 'kept' then
    perform note_kept(new.id, 'kept_late', 'client');
  elsif new.status = 'no_show' and new.payment_state = 'paid' then
    perform note_kept(new.id, 'kept_no_show', 'coach');
    new.payment_state := 'kept';
  elsif new.status = 'completed' and old.status = 'no_show' and new.payment_state = 'kept' then
    new.payment_state := 'paid';
  end if;
  return new;
end $$;

create or replace trigger appointment_settle before update of status on appointment
for each row when (old.payment_state is not null and old.status is distinct from new.status)
execute function settle_payment();

/*
 * The coach gives back what a late cancellation or a no-show kept. Outcomes: given_back, already (it was returned),
 * not_active (nothing was kept).
 */
create or replace function give_back(p_id uuid, p_note text, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
begin
  select * into booked from appointment where id = p_id for update;
  if booked.payment_state = 'returned' then
    outcome := 'already';
  elsif booked.payment_state is distinct from 'kept' then
    outcome := 'not_active';
  else
    perform release_code(p_id);
    perform return_credits(p_id, booked.price_credits, 'given_back', p_actor.role, p_note);
    update appointment set payment_state = 'returned', updated_at = now() where id = p_id returning * into booked;
    outcome := 'given_back';
    perform note_action(p_actor, 'credit_return', booked, 200);
  end if;
  return next;
end $$;

-- ---------------------------------------------------------------------------- promo codes

-- Uses make the count of a code, and its check keeps it within its limit.
create or replace function count_use() returns trigger language plpgsql as $$
begin
  update promo_code set used = used + case tg_op when 'INSERT' then 1 else -1 end where id = new.code_id;
  return null;
end $$;

create or replace trigger promo_use_count after insert on promo_use
for each row execute function count_use();
create or replace trigger promo_use_release after update on promo_use
for each row when (old.released_at is null and new.released_at is not null) execute function count_use();

/*
 * What a code makes of a booking's price: p_new with the price that is left. promo_code is null in the answer if the code
 * is of no use here, for whatever reason; nobody is to learn which. Takes no use of it yet.
 */
create or replace function with_code(p_new new_booking) returns new_booking language plpgsql stable as $$
declare
  c promo_code;
begin
  select * into c from promo_code
  where coach_id = p_new.coach_id and code = upper(p_new.promo_code) and ended_at is null
    and (valid_from is null or valid_from <= now()) and (valid_to is null or valid_to > now())
    and (session_types is null or p_new.session_type = any (session_types))
    and (max_uses is null or used < max_uses)
    and (per_user is null or per_user > (select count(*) from promo_use u
                                         where u.code_id = promo_code.id and u.user_id = p_new.user_id and u.released_at is null))
    and case kind when 'credits' then p_new.price_credits > 0 when 'percent' then p_new.price_amount > 0
                  else p_new.price_credits > 0 or p_new.price_amount > 0 end;
  p_new.promo_code := c.code;
  if c.kind = 'credits' then
    p_new.price_credits := greatest(0, p_new.price_credits - c.value);
  elsif c.kind = 'percent' then
    p_new.price_amount := p_new.price_amount - round(p_new.price_amount * c.value / 100.0)::bigint;
  elsif c.kind = 'free' then
    p_new.price_credits := 0;
    p_new.price_amount := case when p_new.price_amount is not null then 0 end;
  end if;
  return p_new;
end $$;

-- Which use of a code one person's next is. Null: they may have no more of it.
create or replace function free_use(c promo_code, p_user text) returns integer language plpgsql stable as $$
begin
  return (select min(free.n) from generate_series(1, c.used + 1) as free (n)
          where (c.per_user is null or free.n <= c.per_user)
            and not exists (select from promo_use u
                            where u.code_id = c.id and u.user_id = p_user and u.released_at is null and u.n = free.n));
end $$;

-- The uses of codes that p_former had, of all appointments or of one, are p_user's. Both may have used a code once, as may who
-- was erased and came back: they go behind p_user's own.
create or replace function hand_over_uses(p_former text, p_user text, p_appointment uuid default null) returns void
language plpgsql as $$
begin
  update promo_use u set user_id = p_user, n = n + coalesce((select max(o.n) from promo_use o
                                                              where o.code_id = u.code_id and o.user_id = p_user), 0)
  where user_id = p_former and (p_appointment is null or appointment_id = p_appointment);
end $$;

-- Take one use for an appointment. False: somebody else has just had the last one.
create or replace function use_code(p_coach text, p_code text, p_user text, p_appointment uuid) returns boolean
language plpgsql as $$
declare
  c promo_code;
begin
  select * into c from promo_code
  where coach_id = p_coach and code = p_code and ended_at is null and (max_uses is null or used < max_uses) for update;
  if not found then
    return false;
  end if;
  insert into promo_use (code_id, user_id, n, appointment_id)
  select c.id, p_user, n, p_appointment from free_use(c, p_user) n where n is not null;
  return found;
end $$;

/*
 * The use that a guest's hold took is that of the person they turned out to be, from the first try to confirm on. False:
 * they have used the code as often as they may. Needs lock_client of the person.
 */
create or replace function code_becomes(p_hold appointment, p_person text) returns boolean language plpgsql as $$
begin
  if p_hold.promo_code is null or exists (select from promo_use where appointment_id = p_hold.id and user_id = p_person) then
    return true;
  end if;
  update promo_use u set user_id = p_person, n = mine.n
  from (select c.id, free_use(c, p_person) as n from promo_code c
        where c.id = (select code_id from promo_use where appointment_id = p_hold.id)) mine
  where u.appointment_id = p_hold.id and mine.n is not null;
  return found;
end $$;

-- Try a code: 'ok', or why not: promo_code_invalid (noted against the client), too_many_codes. Needs lock_client.
create or replace function try_code(p_new new_booking) returns table (outcome text, priced new_booking) language plpgsql as $$
begin
  outcome := 'ok';
  priced := with_code(p_new);
  if use_count(p_new.user_id, 'promo', '') >= 10 then
    outcome := 'too_many_codes';
  elsif priced.promo_code is null then
    perform note_use(p_new.user_id, 'promo', p_new.coach_id || ' ' || upper(p_new.promo_code));
    outcome := 'promo_code_invalid';
  end if;
  return next;
end $$;

/*
 * A hold gets a code when it is confirmed: what it makes cheaper is returned. Outcomes: ok, promo_code_invalid,
 * too_many_codes. Needs lock_client, and the hold's row locked.
 */
create or replace function add_code(p_hold appointment, p_code text) returns text language plpgsql as $$
declare
  tried record;
begin
  if p_hold.promo_code is not null then
    return case when p_hold.promo_code = upper(p_code) then 'ok' else 'promo_code_invalid' end;
  end if;
  select t.* into tried from try_code(make_booking(
    p_id => p_hold.id, p_coach_id => p_hold.coach_id, p_user_id => p_hold.user_id, p_session_type => p_hold.session_type,
    p_price_credits => p_hold.price_credits, p_price_amount => p_hold.price_amount, p_promo_code => p_code)) t;
  if tried.outcome <> 'ok' then
    return tried.outcome;
  elsif not use_code(p_hold.coach_id, (tried.priced).promo_code, p_hold.user_id, p_hold.id) then
    return 'promo_code_invalid';
  end if;
  perform return_credits(p_hold.id, p_hold.price_credits - (tried.priced).price_credits, 'returned', 'client');
  update appointment
  set promo_code = (tried.priced).promo_code, price_credits = (tried.priced).price_credits,
      price_amount = (tried.priced).price_amount, payment_state = 'paid'
  where id = p_hold.id;
  return 'ok';
end $$;

-- ---------------------------------------------------------------------------- granting

-- What stands for a reference once its person is erased: of a platform's order, so it names nobody.
create or replace function erased_reference(p_ref text) returns text language sql immutable as $$
  select 'erased-' || left(encode(sha256(convert_to(p_ref, 'UTF8')), 'hex'), 32);
$$;

/*
 * Grant credits. Under a reference that was used before: `exists`, if the same was asked (p_hash), else reference_used;
 * that comes before all else, so that the same may be sent again when it has expired. Outcomes: granted, exists,
 * reference_used, in_the_past (p_expires), unknown_session_type.
 */
create or replace function grant_credits(
  p_coach text, p_user text, p_types text[], p_amount integer, p_expires timestamptz, p_source text, p_ref text, p_hash bytea,
  p_actor actor)
returns table (outcome text, granted credit_grant) language plpgsql as $$
begin
  -- The reference of somebody who was erased is one still.
  if exists (select from credit_grant where coach_id = p_coach and external_ref = erased_reference(p_ref)) then
    outcome := 'reference_used';
  elsif not exists (select from credit_grant where coach_id = p_coach and external_ref = p_ref) then
    outcome := case when p_expires <= now() then 'in_the_past'
                    when exists (select from unnest(p_types) t
                                 where not exists (select from coach c, jsonb_array_elements(c.schedule -> 'session_types') s
                                                   where c.id = p_coach and s ->> 'id' = t))
                    then 'unknown_session_type' end;
  end if;
  if outcome is not null then
    return next;
    return;
  end if;
  insert into credit_grant (coach_id, user_id, session_types, amount, expires_at, usable_until, source, external_ref, request_hash)
  values (p_coach, p_user, p_types, p_amount, p_expires, p_expires, p_source, p_ref, p_hash)
  on conflict do nothing returning * into granted;
  if found then
    insert into credit_entry (grant_id, delta, reason, actor) values (granted.id, p_amount, 'granted', p_source);
    insert into audit (actor, role, action, coach_id, request_id)
    values (p_actor.user_id, p_actor.role, 'grant_credits', p_coach, p_actor.request_id);
    select * into granted from credit_grant where id = granted.id;
    outcome := 'granted';
  else
    select * into granted from credit_grant where coach_id = p_coach and external_ref = p_ref;
    outcome := case when granted.request_hash = p_hash then 'exists' else 'reference_used' end;
  end if;
  return next;
end $$;

/* Take back what is left of a grant; what is returned to it later goes the same way. Outcomes: revoked, not_found. */
create or replace function revoke_credits(p_coach text, p_id uuid, p_actor actor)
returns table (outcome text, revoked credit_grant) language plpgsql as $$
begin
  select * into revoked from credit_grant where id = p_id and coach_id = p_coach for update;
  if not found then
    outcome := 'not_found';
    return next;
    return;
  end if;
  outcome := 'revoked';
  if revoked.revoked_at is null then
    if revoked.balance > 0 then
      insert into credit_entry (grant_id, delta, reason, actor) values (p_id, -revoked.balance, 'revoked', p_actor.role);
    end if;
    update credit_grant set revoked_at = now() where id = p_id returning * into revoked;
    insert into audit (actor, role, action, coach_id, request_id)
    values (p_actor.user_id, p_actor.role, 'revoke_credits', p_coach, p_actor.request_id);
  end if;
  return next;
end $$;

/* Make or change a promo code. Outcomes: made, changed, reference_used (there is one), not_found, in_use (it was used more
 * often than p_new.max_uses). p_new: all but id, used and times. */
create or replace function put_code(p_new promo_code, p_change boolean, p_actor actor)
returns table (outcome text, put promo_code) language plpgsql as $$
begin
  if p_change then
    select * into put from promo_code where coach_id = p_new.coach_id and code = p_new.code and ended_at is null for update;
    if not found then
      outcome := 'not_found';
    elsif put.used > p_new.max_uses then
      outcome := 'in_use';
    else
      update promo_code
      set kind = p_new.kind, value = p_new.value, max_uses = p_new.max_uses, per_user = p_new.per_user,
          valid_from = p_new.valid_from, valid_to = p_new.valid_to, session_types = p_new.session_types
      where id = put.id returning * into put;
      outcome := 'changed';
    end if;
  else
    insert into promo_code (coach_id, code, kind, value, max_uses, per_user, valid_from, valid_to, session_types)
    values (p_new.coach_id, p_new.code, p_new.kind, p_new.value, p_new.max_uses, p_new.per_user, p_new.valid_from,
            p_new.valid_to, p_new.session_types)
    on conflict do nothing returning * into put;
    outcome := case when found then 'made' else 'reference_used' end;
  end if;
  if outcome in ('made', 'changed') then
    insert into audit (actor, role, action, coach_id, request_id)
    values (p_actor.user_id, p_actor.role, 'promo_code', p_new.coach_id, p_actor.request_id);
  end if;
  return next;
end $$;

-- ---------------------------------------------------------------------------- notices

/*
 * Put into the ledger of notices whose credits run low (one or none is left of a package of several) and whose end within
 * a week. Whoever has had no session with the coach has no address here and is not told. Returns how many are new.
 */
create or replace function announce_credits(p_mail boolean) returns bigint language plpgsql as $$
declare
  added bigint;
begin
  with due as (
    select g.id, g.coach_id, g.user_id, 'credits_ending' as kind, extract(epoch from g.usable_until)::bigint::text as what
    from credit_grant g
    where g.balance > 0 and g.usable_until > now() and g.usable_until <= now() + interval '7 days' and g.revoked_at is null
      and g.created_at < g.usable_until - interval '7 days'
    union all
    select latest.id, spent.coach_id, spent.user_id, 'credits_low', 'low'
    from (select distinct g.coach_id, g.user_id from credit_entry e join credit_grant g on g.id = e.grant_id
          where e.reason = 'booked' and e.at > now() - interval '1 hour') spent,
      lateral (select * from credit_grant l where l.user_id = spent.user_id and l.coach_id = spent.coach_id
               order by l.place desc limit 1) latest
    where latest.amount > 1 and latest.revoked_at is null and usable_credits(spent.coach_id, spent.user_id, null) <= 1),
  told as (
    select due.kind, due.id || '@' || due.what as about, a.id as appointment_id, lower(a.email) as address,
           coalesce((select reminders from notice_preference p where p.user_id = due.user_id and not p.of_coach), true) as wanted
    from due, lateral (select * from appointment a
                       where a.user_id = due.user_id and a.coach_id = due.coach_id and a.status <> 'held'
                         and a.hold_expires_at is null and not a.erased and a.notify
                       order by a.starts_at desc limit 1) a),
  in_app as (
    insert into notice (appointment_id, recipient, channel, kind, about, state, sent_at)
    select appointment_id, 'client', 'in_app', kind, about, 'sent', now() from told
    on conflict do nothing returning about)
  insert into notice (appointment_id, recipient, channel, kind, about, state)
  select appointment_id, 'client', 'email', kind, about, 'owed'
  from told join in_app using (about)
  where p_mail and wanted and address is not null and not exists (select from mail_suppression s where s.email = told.address)
  on conflict do nothing;
  get diagnostics added = row_count;
  return added;
end $$;
