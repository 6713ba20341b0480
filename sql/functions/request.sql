create or replace function remember_reply(p_caller text, p_key text, p_hash bytea, p_appointment uuid, p_status integer,
                                          p_body text) returns void language plpgsql as $$
begin
  insert into idempotency_key as k (caller, key, request_hash, appointment_id, status, body)
  values (p_caller, p_key, p_hash, p_appointment, p_status, p_body)
  on conflict (caller, key) do update
  set request_hash = excluded.request_hash, appointment_id = excluded.appointment_id, status = excluded.status,
      body = excluded.body, created_at = now();
end $$;

-- The finished reply of a booking. Whoever was erased meanwhile leaves no copy behind: an erasure waits for this lock,
-- or this for the erasure.
create or replace function keep_reply(p_caller text, p_key text, p_hash bytea, p_appointment uuid, p_status integer, p_body text)
returns void language plpgsql as $$
begin
  perform 1 from appointment where id = p_appointment and not erased for share;
  if found then
    perform remember_reply(p_caller, p_key, p_hash, p_appointment, p_status, p_body);
  end if;
end $$;

-- Take the session's lock on a key, and only then look for a reply kept under it: a first request that ends between
-- the two is seen. The lock goes with the connection, so a crash leaves nothing behind.
create or replace function begin_request(p_caller text, p_key text, p_hash bytea)
returns table (locked boolean, same boolean, status integer, body text, appointment_id uuid) language plpgsql as $$
begin
  locked := pg_try_advisory_lock(hashtextextended(p_caller || ' ' || p_key, 1651469166));
  if locked then
    select k.request_hash = p_hash, k.status, k.body, k.appointment_id into same, status, body, appointment_id
    from idempotency_key k
    where k.caller = p_caller and k.key = p_key and k.created_at > now() - interval '24 hours';
  end if;
  return next;
end $$;

-- An instant as the contract writes it.
create or replace function utc_text(p_at timestamptz) returns text language sql immutable as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
$$;
