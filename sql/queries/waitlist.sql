-- Who waits for a time.

-- name: waitlist_join one
select w.outcome, waitlist_json(w.entry)::text
from join_waitlist(jsonb_populate_record(null::waitlist, $1::jsonb)) w;

-- name: waitlist_of_user many
select waitlist_json(w)::text from waitlist w where user_id = $1 order by place desc limit 100;

-- name: waitlist_of_coach many
select waitlist_json(w)::text from waitlist w where coach_id = $1 and state in ('waiting', 'offered') and to_at > now()
order by place limit 1000;

-- name: waitlist_leave one
select leave_waitlist($1, $2);

-- Offers that nobody was told of yet, with whether the calendar has kept one of them waiting for too long.
-- name: offer_untold many
select id, created_at < now() - interval '5 minutes' from appointment
where hold_kind = 'offer' and status = 'held' and hold_expires_at > now()
  and not exists (select from notice n where n.appointment_id = appointment.id and n.kind = 'offer')
order by id limit $1::integer;

-- name: offer_told one
select exists (select from notice where appointment_id = $1 and kind = 'offer');

-- name: offer_announce exec
select announce_offer($1, $2);

-- name: offer_withdraw one
select w from withdraw_offer($1, $2) w where w;
