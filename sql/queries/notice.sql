-- What people are told.

-- name: notice_announce one
select announce_news($1, $2);

-- Appointments whose reminders may be due, coach by coach; with what is in the ledger about their start already.
-- name: notice_remindable many
select a.id, a.coach_id, a.session_type, c.schedule::text, a.starts_at,
       coalesce(a.noticed_at, a.created_at),
       a.client_time_zone,
       coalesce((select string_agg(n.recipient || ' ' || n.about, ',') from notice n
                 where n.appointment_id = a.id and n.kind = 'reminder' and n.channel = 'in_app'), ''),
       now()
from coach c join appointment a on a.coach_id = c.id
where a.status = 'scheduled' and a.starts_at > now() and a.starts_at <= now() + reminders_reach(c.schedule)
  and a.noticed_start = a.starts_at and not a.erased
order by a.coach_id, a.starts_at
limit 50000;

-- A reminder, or that there is none, of an appointment that still is where it was: $1 id, $2 start, $3 recipient,
-- $4 about, $5 why not (null: it is owed), $6 whether mail is configured, $7 whether text messages are: to clients who said
-- yes to them, ten a day at most to one number.
-- name: notice_remind exec
with a as (
  select a.id, lower(case $3::text when 'client' then a.email else c.email end) as address, a.phone,
         case $3::text when 'client' then a.user_id else a.coach_id end as person
  from appointment a join coach c on c.id = a.coach_id
  where a.id = $1 and a.status = 'scheduled' and a.starts_at = $2::timestamptz and ($3::text = 'coach' or a.notify)),
wanted as (
  select a.*, coalesce(p.reminders, true) as wanted, coalesce(p.sms, false) as by_text
  from a left join notice_preference p on p.user_id = a.person and p.of_coach = ($3::text = 'coach')),
in_app as (
  insert into notice (appointment_id, recipient, channel, kind, about, state, sent_at, detail)
  select id, $3, 'in_app', 'reminder', $4::text, case when $5::text is null then 'sent' else 'skipped' end,
         case when $5::text is null then now() end, $5::text
  from wanted on conflict do nothing returning 1),
texted as (
  insert into notice (appointment_id, recipient, channel, kind, about, state, detail)
  select id, $3, 'sms', 'reminder', $4::text,
         case when $5::text is null and wanted and phone_of(phone) is not null and not texted_enough(phone)
              then 'owed' else 'skipped' end,
         case when not wanted then 'No reminders are wanted.'
              when phone_of(phone) is null then 'The number lacks its country code.'
              when texted_enough(phone) then 'There were ten to this number today.' else $5::text end
  from wanted
  where $7::boolean and $3::text = 'client' and by_text and phone is not null and exists (select from in_app)
  on conflict do nothing)
insert into notice (appointment_id, recipient, channel, kind, about, state, detail)
select id, $3, 'email', 'reminder', $4::text, case when $5::text is null and wanted then 'owed' else 'skipped' end,
       case when wanted then $5::text else 'No reminders are wanted.' end
from wanted
where $6::boolean and address is not null and exists (select from in_app)
  and not exists (select from mail_suppression s where s.email = wanted.address)
on conflict do nothing;

-- name: notice_announce_credits one
select announce_credits($1);

-- What a notice about the grant $2 tells the client of the appointment $1: what they can spend, and until when that lasts.
-- name: notice_credits one
select usable_credits(a.coach_id, a.user_id, null), g.usable_until, g.balance
from appointment a join credit_grant g on g.coach_id = a.coach_id and g.user_id = a.user_id
where a.id = $1 and g.id = $2;

-- All that one mail tells: several rows where it is about dates of a series.
-- name: notice_claim many
select n.id, n.appointment_id, n.recipient, n.channel, n.kind, n.about, n.attempts, n.was_at, n.created_at, n.unknowns, n.guest
from claim_notices($1, $2) n;

-- What a mail is made of: the appointment, its coach, and what they want; whether a change of it is still to be announced, and
-- whether something later than the notice $4 is told to the same person; and of one that has moved between coaches the other.
-- name: notice_facts one
select a, c.email, c.schedule::text,
       coalesce(p.locale, case $2::text when 'coach' then f.languages[1] else a.locale end),
       coalesce(thread.about, ''),
       coalesce(f.name, c.id), phone_of(a.phone), a.noticed_version < a.version,
       exists (select from notice this join notice later using (appointment_id, recipient, guest, channel)
               where this.id = $4 and later.id > this.id and later.kind not in ('reminder', 'credits_low', 'credits_ending')),
       coalesce(thread.appointment_id, a.id), other_coach(a, $2, $3, $4), now()
from appointment a
join coach c on c.id = case when $2::text = 'coach' and $3::text <> '' then $3 else a.coach_id end
left join coach_profile f on f.coach_id = c.id
left join notice_preference p
  on p.user_id = case $2::text when 'coach' then c.id else a.user_id end and p.of_coach = ($2::text = 'coach')
left join lateral first_mail(a.id, $2, $3) thread on true
where a.id = $1;

-- What came of it: $2 attempts, so that a later claim is not touched; $3 state, $4 detail (which may name an address: not
-- of somebody who was erased meanwhile), $5 wait in seconds, $6 how often it is not known if the mail went out. Not waited for
-- until it is on disk: the next claim is, after it. So a database that dies has lost that of one mail of each sender at most,
-- which is to the ledger as if the sender had died (claim_notice).
-- name: notice_done exec
update notice
set state = $3, due_at = now() + make_interval(secs => $5::integer), unknowns = $6,
    sent_at = case when $3::text = 'sent' then now() else sent_at end,
    detail = case when guest not like '#%' and not (select erased from appointment where id = appointment_id) then $4::text end
from (select set_config('synchronous_commit', 'off', true)) disk
where id = $1 and state = 'sending' and attempts = $2;

-- name: notice_counts one
select count(*) filter (where state <> 'failed'), coalesce(extract(epoch from now() - min(due_at) filter (where state <> 'failed')), 0)::bigint,
       count(*) filter (where state = 'failed' and created_at > now() - interval '1 day'),
       (select count(*) from waitlist where state = 'waiting'),
       (select count(*) from appointment where hold_kind = 'offer' and status = 'held')
from notice where state in ('owed', 'retry', 'sending') or (state = 'failed');

-- name: inviter_decide one
select decide_inviter($1, $2);

-- Google has not written the guest: somebody else invites, or (null) that is open again, also where nobody was to.
-- name: inviter_change one
update appointment set invited_by = $2
where id = $1 and (invited_by = 'google' or ($2::text is null and invited_by = 'none')) returning invited_by;

-- Google has version $2 of the event, but not all of its guests; those of $3 it has invited.
-- name: inviter_take_over exec
select take_over_invitations($1, $2, $3);

-- ------------------------------------------------------------------ what is shown of it

-- name: notice_list many
select id, recipient, channel, kind, state, due_at, sent_at, detail, case when recipient = 'guest' then guest end
from notice where appointment_id = $1 and ($2::text is null or recipient = $2) order by id limit 1000;

-- name: notice_again one
select notice_again($1, $2, $3);

-- What could not be delivered to those who have to do with a coach's sessions ahead, the latest first.
-- name: notice_failed many
select n.id, n.recipient, n.channel, n.kind, n.state, n.due_at, n.sent_at, n.detail, case when n.recipient = 'guest' then n.guest end, n.appointment_id, a.starts_at, a.name
from appointment a join notice n on n.appointment_id = a.id
where a.coach_id = $1 and n.state = 'failed' and a.ends_at > now()
order by n.id desc limit 200;

-- name: notice_in_app many
select n.id, n.appointment_id, n.kind, n.sent_at, n.read_at, a.coach_id, a.session_type, a.starts_at, a.ends_at, n.was_at,
       case when n.kind in ('moved', 'cancelled') and n.about = a.version::text and a.cancelled_by is distinct from 'client'
            then a.cancel_reason end
from appointment a join notice n on n.appointment_id = a.id
where a.user_id = $1 and n.recipient = 'client' and n.channel = 'in_app' and n.state = 'sent' and n.id > $2
order by n.id limit $3;

-- name: notice_unread one
select count(*)
from appointment a join notice n on n.appointment_id = a.id
where a.user_id = $1 and n.recipient = 'client' and n.channel = 'in_app' and n.state = 'sent' and n.read_at is null;

-- name: notice_read exec
update notice n set read_at = now()
from appointment a
where a.id = n.appointment_id and a.user_id = $1 and n.recipient = 'client' and n.channel = 'in_app'
  and n.id <= $2 and n.read_at is null;

-- name: preference_get one
select reminders, locale, sms from notice_preference where user_id = $1 and not of_coach;

-- name: preference_put one
insert into notice_preference as p (user_id, reminders, locale, sms)
values ($1, coalesce($2, true), $3, coalesce($5, false))
on conflict (user_id, of_coach) do update
set reminders = coalesce($2, p.reminders), locale = case when $4::boolean then $3 else p.locale end,
    sms = coalesce($5, p.sms)
returning reminders, locale, sms;

-- ------------------------------------------------------------------ links

-- name: token_put exec
insert into action_token (hash, purpose, appointment_id, user_id, page, expires_at)
values ($1, $2, $3, $4, $6, now() + make_interval(secs => $5::integer));

-- name: token_put_guest exec
insert into action_token (hash, purpose, appointment_id, email, expires_at)
values ($1, 'stop', $2, $3, now() + make_interval(secs => $4::integer));

-- Whether it is a guest's.
-- name: token_stop_known one
select email is not null from action_token where hash = $1 and purpose = 'stop' and expires_at > now();

-- name: token_stop one
select stop_mails($1);

-- ------------------------------------------------------------------ what comes back

-- name: notice_bounced one
select note_bounce($1, $2, $3);

-- The coach says that the client's address is good again. What its reader complained of stays: only they can end that.
-- name: suppression_end one
delete from mail_suppression s using appointment a
where a.id = $1 and s.email = lower(a.email) and s.reason <> 'complained'
returning s.email;

-- ------------------------------------------------------------------ lost connections

-- name: alert_announce one
select announce_losses();

-- name: alert_claim one
select id, attempts, email, coach_name, locale, kind, name from claim_alert($1);

-- What came of it: $2 attempts, so that a later claim is not touched; $3 state, $4 wait in seconds.
-- name: alert_done exec
update coach_alert set state = $3, due_at = now() + make_interval(secs => $4::integer)
where id = $1 and state = 'sending' and attempts = $2;
