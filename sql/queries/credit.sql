-- Credits and promo codes.

-- What a client may still book with a coach: usable credits for a session type ($3), and how many sessions they have had
-- of a kind ($4; null: of all).
-- name: client_standing one
select usable_credits($1, $2, $3), total_count($1, $2, $4);

-- $8: the digest of what is asked under the reference $7.
-- name: credit_grant one
select c.outcome, (c.granted).id, (c.granted).coach_id, (c.granted).user_id, array_to_json((c.granted).session_types)::text,
       (c.granted).amount, (c.granted).balance, (c.granted).expires_at, (c.granted).usable_until, (c.granted).source,
       (c.granted).external_ref, (c.granted).revoked_at, (c.granted).created_at, (c.granted).place
from grant_credits(
  p_coach => $1, p_user => $2, p_types => $3::text[], p_amount => $4, p_expires => $5, p_source => $6, p_ref => $7, p_hash => $8,
  p_actor => make_actor(p_user_id => $9, p_role => $10, p_request_id => $11)) c;

-- name: credit_revoke one
select c.outcome, (c.revoked).id, (c.revoked).coach_id, (c.revoked).user_id, array_to_json((c.revoked).session_types)::text,
       (c.revoked).amount, (c.revoked).balance, (c.revoked).expires_at, (c.revoked).usable_until, (c.revoked).source,
       (c.revoked).external_ref, (c.revoked).revoked_at, (c.revoked).created_at, (c.revoked).place
from revoke_credits(
  p_coach => $1, p_id => $2, p_actor => make_actor(p_user_id => $3, p_role => $4, p_request_id => $5)) c;

-- Grants, the latest first: of a coach ($1) and a client ($2), either of which may be null; before the place $3, $4 of them;
-- if $5, with what the client last told the coach of themselves.
-- name: credit_grants many
select '', id, coach_id, user_id, array_to_json(session_types)::text, amount, balance, expires_at, usable_until, source,
       external_ref, revoked_at, created_at, place, person.name, person.email
from credit_grant g
left join lateral (
  select a.name, a.email from appointment a
  where $5::boolean and a.user_id = g.user_id and a.coach_id = g.coach_id and not a.erased and a.email is not null
  order by a.starts_at desc limit 1) person on true
where ($1::text is null or coach_id = $1) and ($2::text is null or user_id = $2) and ($3::bigint is null or place < $3)
order by place desc
limit $4;

-- What happened to a client's grants, with one coach or all ($2 null), the latest first: before the entry $3, $4 of them.
-- name: credit_entries many
select e.id, e.grant_id, e.appointment_id, e.delta, e.reason, e.actor, e.note, e.at, g.coach_id
from credit_grant g join credit_entry e on e.grant_id = g.id
where g.user_id = $1 and ($2::text is null or g.coach_id = $2) and ($3::bigint is null or e.id < $3)
order by e.id desc
limit $4;

-- What a client can spend, with one coach or all ($2 null).
-- name: credit_balance one
select usable_credits($2, $1, null);

-- name: credit_give_back one
select b.outcome, b.booked
from give_back(p_id => $1, p_note => $2, p_actor => make_actor(p_user_id => $3, p_role => $4, p_request_id => $5)) b;

-- name: promo_code_put one
select c.outcome, (c.put).code, (c.put).kind, (c.put).value, (c.put).max_uses, (c.put).per_user, (c.put).used, (c.put).valid_from,
       (c.put).valid_to, array_to_json((c.put).session_types)::text, (c.put).created_at
from put_code(
  row(null, $1, $2, $3, $4, $5, $6, 0, $7, $8, $9::text[], null, null)::promo_code, $10,
  make_actor(p_user_id => $11, p_role => $12, p_request_id => $13)) c;

-- name: promo_codes many
select '', code, kind, value, max_uses, per_user, used, valid_from, valid_to, array_to_json(session_types)::text, created_at
from promo_code where coach_id = $1 and ended_at is null order by created_at desc, code limit 1000;

-- name: promo_code_end one
update promo_code set ended_at = now() where coach_id = $1 and code = upper($2) and ended_at is null returning 1;
