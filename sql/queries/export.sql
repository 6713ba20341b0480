-- What a person is given of themselves, as JSON. (Their appointments: appointment_export.)

-- Preferences, sessions, addresses and what they wait for.
-- name: export_person one
select coalesce((select json_build_object('reminders', reminders, 'locale', locale, 'sms', sms)
                 from notice_preference where user_id = $1 and not of_coach), 'null')::text,
  coalesce((select json_agg(json_build_object(
                     'id', id, 'appointment_id', appointment_id, 'email', email, 'created_at', utc_text(created_at),
                     'expires_at', utc_text(expires_at)) order by created_at)
            from (select * from own_session where user_id = $1 order by created_at desc limit 1000) s), '[]')::text,
  coalesce((select json_agg(json_build_object(
                     'email', email, 'since', utc_text(since), 'no_mail_because',
                     (select reason from mail_suppression m where m.email = theirs.email)) order by email)
            from (select email, min(since) as since
                  from (select email, since from known_address where user_id = $1
                        union all
                        select email, at from proved_address where user_id = $1) both_kinds
                  group by email) theirs), '[]')::text,
  coalesce((select json_agg(waitlist_json(w) || jsonb_build_object('time_zone', client_time_zone, 'locale', locale) order by place) from waitlist w where user_id = $1), '[]')::text;

-- Of these appointments: sealed answers, and what the client was told.
-- name: export_details many
select p.answers,
  coalesce((select json_agg(json_build_object(
                     'channel', n.channel, 'kind', n.kind, 'state', n.state, 'created_at', utc_text(n.created_at),
                     'sent_at', utc_text(n.sent_at), 'read_at', utc_text(n.read_at), 'detail', n.detail) order by n.id)
            from notice n where n.appointment_id = asked.id and n.recipient = 'client'), '[]')::text
from unnest($1::uuid[]) with ordinality as asked (id, place)
left join appointment_private p on p.appointment_id = asked.id
order by asked.place;

-- What the person did, after the row $2.
-- name: export_actions many
select id::text, json_build_object(
  'at', utc_text(at), 'role', role, 'action', action, 'coach', coach_id, 'appointment_id', appointment_id,
  'request_id', request_id)::text
from audit where actor = $1 and id > coalesce(nullif($2::text, ''), '0')::bigint order by audit.id limit $3;

-- Requests whose replies are kept for a day (Idempotency-Key), after the key $2.
-- name: export_requests many
select key, json_build_object(
  'idempotency_key', key, 'at', utc_text(created_at), 'status', status, 'appointment_id', appointment_id)::text
from idempotency_key where caller = $1 and key > $2::text order by key limit $3;
