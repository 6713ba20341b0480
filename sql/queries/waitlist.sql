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
