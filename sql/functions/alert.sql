-- What a coach is told besides their sessions: a connection that is lost and does not come back by itself.

-- Those that are lost just now. about: which loss it is; name: what the coach knows it by.
create or replace function lost_connections() returns table (coach_id text, about text, kind text, name text)
language sql stable as $$
  select w.coach_id, format('webhook %s %s', w.id, extract(epoch from w.failing_since)::bigint), 'webhook',
         substring(w.url from '^[a-z]+://([^/?#]+)')
  from webhook_endpoint w where w.state = 'disabled' and w.coach_id is not null
  union all
  select s.coach_id, format('calendar %s %s', s.id, extract(epoch from coalesce(s.last_success_at, s.created_at))::bigint),
         'calendar', s.name
  from busy_source s
  where s.state = 'failing' and coalesce(s.last_success_at, s.created_at) < now() - interval '3 days'
  union all
  select g.coach_id, format('google %s', extract(epoch from g.created_at)::bigint), 'google', coalesce(g.account, 'Google')
  from google_grant g where g.needs_consent;
$$;

-- Put those into the ledger that their coaches are not told of yet.
create or replace function announce_losses() returns void language plpgsql as $$
begin
  insert into coach_alert (coach_id, about)
  select l.coach_id, l.about from lost_connections() l join coach c on c.id = l.coach_id
  where c.email is not null and not exists (select from mail_suppression where email = lower(c.email))
  on conflict do nothing;
end $$;

-- Claim what is to be sent next, for p_lease seconds. What is not lost any more is not told: its kind is null. A process that
-- died may have sent it; it is sent again, with the same Message-ID.
create or replace function claim_alert(p_lease integer)
returns table (id bigint, attempts integer, email text, coach_name text, locale text, kind text, name text)
language plpgsql as $$
declare
  alert coach_alert;
begin
  update coach_alert a set state = 'sending', attempts = a.attempts + 1, due_at = now() + make_interval(secs => p_lease)
  where a.id = (select o.id from coach_alert o where o.state in ('owed', 'sending') and o.due_at <= now()
                order by o.due_at limit 1 for update skip locked)
  returning * into alert;
  if found then
    return query
    select alert.id, alert.attempts, c.email, coalesce(f.name, c.id), coalesce(p.locale, f.languages[1]), l.kind, l.name
    from coach c left join coach_profile f on f.coach_id = c.id
    left join notice_preference p on p.user_id = c.id and p.of_coach
    left join lost_connections() l on l.coach_id = c.id and l.about = alert.about
    where c.id = alert.coach_id;
  end if;
end $$;
