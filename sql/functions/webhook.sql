-- Where events are sent to.

-- What WEBHOOK_URL says now. A start is a new trial: what it missed while it was disabled is sent. Null: it is not told any
-- more, which a pause says as well.
create or replace function set_global_webhook(p_url text) returns void language plpgsql as $$
declare
  endpoint uuid;
begin
  if p_url is null then
    update webhook_endpoint set state = 'paused' where coach_id is null and state <> 'paused';
    return;
  end if;
  insert into webhook_endpoint as w (coach_id, url) values (null, p_url)
  on conflict ((true)) where coach_id is null do update
  set url = excluded.url, state = 'active', failing_since = null, detail = null
  where w.url <> excluded.url or w.state <> 'active'
  returning id into endpoint;
  if endpoint is not null then
    perform replay_missed(endpoint);
  end if;
end $$;

-- Everything that an endpoint missed or that failed for good is owed again. Returns how many.
create or replace function replay_missed(p_endpoint uuid) returns bigint language plpgsql as $$
declare
  replayed bigint;
begin
  update webhook_delivery set state = 'owed', attempts = 0, due_at = now(), detail = null
  where endpoint_id = p_endpoint and state in ('missed', 'failed');
  get diagnostics replayed = row_count;
  return replayed;
end $$;

-- One event once more to one endpoint, which need not have been there when it happened. Outcomes: owed; none (it is not
-- about this endpoint's coach, or there is no such event).
create or replace function replay_event(p_endpoint uuid, p_event uuid) returns text language plpgsql as $$
begin
  insert into webhook_delivery as d (endpoint_id, event, state)
  select w.id, e.serial, 'owed' from webhook_endpoint w
  join event e on e.place = event_place(p_event) and e.id = p_event and e.coach_id = w.coach_id
    and (e.endpoint_id is null or e.endpoint_id = w.id)
  where w.id = p_endpoint
  on conflict (endpoint_id, event) do update
  set state = 'owed', attempts = 0, due_at = now(), detail = null where d.state <> 'sending';
  return case when exists (select from webhook_delivery d join event e on e.serial = d.event
                           where d.endpoint_id = p_endpoint and e.place = event_place(p_event) and e.id = p_event)
              then 'owed' else 'none' end;
end $$;

/*
 * Claim what is to be sent next, for p_lease seconds: to an endpoint that nothing is being sent to, so that each gets
 * things in order while all is well. p_quick: only to one that is known to answer, and soon.
 */
create or replace function claim_delivery(p_lease integer, p_quick boolean)
returns table (endpoint_id uuid, event bigint, attempts integer) language plpgsql rows 1 as $$
begin
  select w.id into endpoint_id from webhook_endpoint w
  where w.state = 'active' and w.busy_until <= now() and not (p_quick and (w.slow or w.failing_since is not null))
    and exists (select from webhook_delivery d
                where d.endpoint_id = w.id and d.state in ('owed', 'sending') and d.due_at <= now())
  order by w.busy_until limit 1 for update skip locked;
  if not found then
    return;
  end if;
  update webhook_endpoint w set busy_until = now() + make_interval(secs => p_lease) where w.id = claim_delivery.endpoint_id;
  update webhook_delivery d
  set state = 'sending', attempts = d.attempts + 1, tried_at = now(), due_at = now() + make_interval(secs => p_lease)
  where d.endpoint_id = claim_delivery.endpoint_id
    and d.event = (select o.event from webhook_delivery o
                   where o.endpoint_id = claim_delivery.endpoint_id and o.state in ('owed', 'sending') and o.due_at <= now()
                   order by o.due_at, o.event limit 1)
  returning d.event, d.attempts into claim_delivery.event, claim_delivery.attempts;
  return next;
end $$;

/*
 * What came of a claim. p_state: delivered; owed (again in p_wait seconds); failed (for good); back (it was not sent).
 * p_gone: the receiver wants no more. An endpoint that wants no more, or has taken nothing for five days, is disabled;
 * returns true where it just was.
 */
create or replace function finish_delivery(
  p_endpoint uuid, p_event bigint, p_attempts integer, p_state text, p_status integer, p_ms integer, p_detail text,
  p_wait integer, p_gone boolean)
returns boolean language plpgsql as $$
declare
  w webhook_endpoint;
begin
  update webhook_delivery
  set state = case p_state when 'back' then 'owed' else p_state end, due_at = now() + make_interval(secs => p_wait),
      attempts = case p_state when 'back' then p_attempts - 1 else p_attempts end,
      last_status = p_status, last_ms = p_ms, detail = p_detail
  where endpoint_id = p_endpoint and event = p_event and state = 'sending' and attempts = p_attempts;
  update webhook_endpoint
  set busy_until = now(), slow = case p_state when 'back' then slow else p_ms > 3000 end,
      failing_since = case p_state when 'back' then failing_since when 'delivered' then null
                      else coalesce(failing_since, now()) end
  where id = p_endpoint returning * into w;
  if w.state <> 'active' or p_state not in ('owed', 'failed')
     or not (p_gone or w.failing_since < now() - interval '5 days') then
    return false;
  end if;
  update webhook_endpoint
  set state = 'disabled',
      detail = case when p_gone then 'The receiver said that it wants no more (410).'
                    else 'Nothing was taken for five days.' end
  where id = p_endpoint;
  update webhook_delivery set state = 'missed' where endpoint_id = p_endpoint and state = 'owed';
  return true;
end $$;
