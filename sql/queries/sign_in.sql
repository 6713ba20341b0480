-- Signing in by mail, and sessions of our own.

-- name: sign_in_begin one
select begin_sign_in_from(p_email => $1, p_page => $2, p_hash => $3, p_nonce_hash => $4, p_code_hash => $5, p_seconds => $6,
                          p_admins => $7, p_network => $8);

-- name: sign_in_complete one
select outcome, user_id, role, coach_id, email, expires_at
from complete_sign_in(p_email => $1, p_hash => $2, p_nonce_hash => $3, p_code_hash => $4,
                      p_session_hash => $5, p_session_seconds => $6, p_admins => $7, p_network => $8);

-- name: session_manage one
select appointment_id, expires_at
from begin_manage_session(p_hash => $1, p_session_hash => $2, p_seconds => $3, p_after => $4, p_network => $5);

-- $2: ADMIN_EMAILS.
-- name: session_find one
select user_id, r.role, r.coach_id, email, appointment_id, expires_at, further_coaches(s)
from own_session s, rights_of(s, $2) r where token_hash = $1 and expires_at > now();

-- All replicas forget who this was.
-- name: session_end one
with gone as (delete from own_session where token_hash = $1 returning user_id)
select user_id, pg_notify('bookingd_erased', left(user_id, 255)) from gone;

-- name: session_end_by_id one
with gone as (delete from own_session where user_id = $1 and id = $2 returning user_id)
select user_id, pg_notify('bookingd_erased', left(user_id, 255)) from gone;

-- name: session_list many
select id, token_hash = $2, created_at, expires_at
from own_session where user_id = $1 and appointment_id is null and expires_at > now()
order by created_at desc limit 1000;

-- name: session_expire exec
delete from own_session where token_hash = any (array(select token_hash from own_session where expires_at < now() limit 1000));

-- name: token_expire exec
delete from action_token
where hash = any (array(select hash from action_token where expires_at < now() - interval '1 day' limit 1000));

-- A platform's user, and an address that the platform vouches for.
-- name: user_meet exec
select meet_user($1, lower($2));

-- name: address_proof_begin one
select begin_proof(p_user => $1, p_email => $2, p_hash => $3, p_code_hash => $4, p_seconds => $5);

-- name: address_proof_complete one
select complete_proof(p_user => $1, p_email => $2, p_code_hash => $3);
