-- What only a client and their coach may read.

-- name: local_secret one
select value from local_secret where name = 'private';

-- name: private_read one
select answers, coach_notes from appointment_private where appointment_id = $1;

-- Not after the person was erased: the row is locked against that.
-- name: private_answers_put exec
insert into appointment_private (appointment_id, answers)
select id, $2 from appointment where id = $1 and not erased for share
on conflict (appointment_id) do update set answers = excluded.answers;

-- name: private_notes_put exec
insert into appointment_private (appointment_id, coach_notes)
select id, $2 from appointment where id = $1 and not erased for share
on conflict (appointment_id) do update set coach_notes = excluded.coach_notes;

-- name: private_all many
select appointment_id, answers, coach_notes from appointment_private order by appointment_id;

-- $2 and $4: as they were read; whoever changed them meanwhile did so with the current key.
-- name: private_rotate exec
update appointment_private
set answers = case when answers = $2 then $3 else answers end,
    coach_notes = case when coach_notes = $4 then $5 else coach_notes end
where appointment_id = $1;
