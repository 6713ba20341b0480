-- Sessions that several clients share.

-- A session of this coach: its row, how many may come, with how few it ends, how many seats are taken.
-- name: group_of_coach one
select g, s.seats, s.min_seats, s.taken from group_session s join appointment g on g.id = s.id where g.id = $1 and g.coach_id = $2;

-- Who comes, or would have come.
-- name: group_seats many
select appointment from appointment
where group_id = $1 and id <> $1 and (hold_expires_at is null or (status = 'held' and hold_expires_at > now()))
order by created_at, id;

-- One of those that begin within a day: do enough come?
-- name: group_judge many
select true where judge_group();
