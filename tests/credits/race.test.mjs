// Sixteen connections race in the database itself: for the last credit, for the last use of a code, for a hold that ends
// as it is confirmed. Exactly one wins, nothing is made and nothing lost.
//
//   ROUNDS=10000 node --test tests/credits/race.test.mjs        (150 by default; takes minutes)
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { until } from '../harness/child.mjs';
import { createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { temporaryFolder } from '../harness/run_folder.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 150);
const CLIENTS = 16;
const folder = temporaryFolder('credit-race');

let database;
before(async () => {
  database = await createDatabase();
  database.run(`
    INSERT INTO coach (id, schedule, feed_token) VALUES ('c', '{"session_types":[{"id":"t"}]}', 'x');
    CREATE TABLE outcome (race text, round integer, client integer, word text);

    -- Every client has times of its own: nothing but the credit or the code decides.
    CREATE FUNCTION wish(p_round integer, p_client integer, p_user text, p_price integer, p_code text, p_status text, p_race integer)
    RETURNS new_booking LANGUAGE sql AS $$
      SELECT make_booking(
        p_id => gen_random_uuid(), p_coach_id => 'c', p_user_id => p_user, p_session_type => 't', p_status => p_status,
        p_starts_at => s, p_ends_at => s + interval '5 min', p_blocked_from => s, p_blocked_to => s + interval '5 min',
        p_meeting_kind => 'none', p_cancel_notice_minutes => 0, p_reschedule_notice_minutes => 0, p_hold_minutes => 10,
        p_price_credits => p_price, p_promo_code => p_code)
      FROM (SELECT now() + make_interval(days => 2000 * p_race, mins => 10 * (p_round * ${CLIENTS} + p_client)) AS s) t;
    $$;
    CREATE FUNCTION attempt(p_race text, p_round integer, p_client integer, p_new new_booking) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE word text;
    BEGIN
      BEGIN
        SELECT b.outcome INTO word FROM book(p_new, make_limits(now(), now()), make_actor(p_new.user_id, 'user', 'r')) b;
      EXCEPTION WHEN sqlstate 'BK006' THEN word := 'credits_required';
                WHEN sqlstate 'BK007' THEN word := 'promo_code_invalid';
      END;
      INSERT INTO outcome VALUES (p_race, p_round, p_client, word);
    END $$;
  `);
});
after(async () => {
  database.drop();
  await stopOwnServer();
});

/** Runs `sql` on sixteen connections at once, `rounds` times on each; :round and :client_id are told to it. */
async function race(name, sql, rounds = ROUNDS) {
  const file = path.join(folder, `${name}.sql`);
  fs.writeFileSync(file, `\\set round :round + 1\n${sql};\n`);
  const args = [
    '-n',
    '-M',
    'prepared',
    '-D',
    'round=0',
    '-c',
    `${CLIENTS}`,
    '-j',
    '2',
    '-t',
    `${rounds}`,
    '-f',
    file,
  ];
  const env = { ...process.env, PGOPTIONS: '-c search_path=bookingd,public' };
  const { stderr } = await promisify(execFile)('pgbench', [...args, database.url], {
    env,
    maxBuffer: 1 << 26,
  });
  assert.doesNotMatch(stderr, /ERROR|deadlock/);
}
const words = (name) =>
  database.rows(`SELECT won, lost, count(*)::integer AS rounds FROM (
      SELECT count(*) FILTER (WHERE word = 'booked') AS won, count(*) FILTER (WHERE word <> 'booked') AS lost
      FROM outcome WHERE race = '${name}' GROUP BY round) r GROUP BY won, lost`);
const sound = () => assert.deepEqual(database.rows('SELECT * FROM credit_faults()'), []);
const ONE_EACH = [{ won: 1, lost: CLIENTS - 1, rounds: ROUNDS }];

test('the last credit is taken by one of sixteen', async () => {
  database.run(`SELECT grant_credits('c', 'credit-' || r, null, 1, null, 'admin', null, null, make_actor('a', 'admin', 'r'))
    FROM generate_series(1, ${ROUNDS}) r`);
  await race(
    'credit',
    `SELECT attempt('credit', :round, :client_id,
    wish(:round, :client_id, 'credit-' || :round, 1, null, 'scheduled', 1))`,
  );
  assert.deepEqual(words('credit'), ONE_EACH);
  sound();
});

test('the grants alone keep it so, without the lock on the client', async () => {
  database.run(`SELECT grant_credits('c', 'bare-' || r, null, 1, null, 'admin', null, null, make_actor('a', 'admin', 'r'))
      FROM generate_series(1, ${ROUNDS}) r;
    CREATE FUNCTION spend(p_round integer, p_client integer) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO outcome VALUES ('bare', p_round, p_client,
        CASE WHEN spend_credits('c', 'bare-' || p_round, 't', 1, gen_random_uuid(), 'client') THEN 'booked' ELSE 'no' END);
    END $$`);
  await race('bare', 'SELECT spend(:round, :client_id)');
  assert.deepEqual(words('bare'), ONE_EACH);
  assert.equal(
    database.value(`SELECT sum(balance)::integer FROM credit_grant WHERE user_id LIKE 'bare-%'`),
    0,
  );
  assert.equal(
    database.value(`SELECT sum(delta)::integer FROM credit_entry e JOIN credit_grant g ON g.id = grant_id
    WHERE user_id LIKE 'bare-%'`),
    0,
  );
  sound();
});

test('the last use of a code is had by one of sixteen', async () => {
  database.run(`INSERT INTO promo_code (coach_id, code, kind, value, max_uses) SELECT 'c', 'CODE-' || r, 'free', 0, 1
    FROM generate_series(1, ${ROUNDS}) r`);
  await race(
    'code',
    `SELECT attempt('code', :round, :client_id,
    wish(:round, :client_id, 'code-' || :round || '-' || :client_id, 1, 'code-' || :round, 'scheduled', 2))`,
  );
  assert.deepEqual(words('code'), ONE_EACH);
  sound();
});

test('two credits from two grants are taken whole or not at all, while others return theirs', async () => {
  database.run(`SELECT grant_credits('c', 'two-' || r, null, 1, null, 'admin', null, null, make_actor('a', 'admin', 'r'))
    FROM generate_series(1, ${ROUNDS}) r, generate_series(1, 2)`);
  // Booked and cancelled at once: whoever comes next may have them.
  await race(
    'two',
    `SELECT attempt('two', :round, :client_id, wish(:round, :client_id, 'two-' || :round, 2, null, 'scheduled', 3)),
    (SELECT count(*) FROM (SELECT cancel_appointment(id, 'client', true, null, 0, make_actor('x', 'user', 'r'))
      FROM appointment WHERE user_id = 'two-' || :round AND status = 'scheduled') gone)`,
  );
  database.run(`SELECT cancel_appointment(id, 'client', true, null, 0, make_actor('x', 'user', 'r')) FROM appointment
    WHERE user_id LIKE 'two-%' AND status = 'scheduled'`);
  assert.equal(
    database.value(`SELECT sum(balance)::integer FROM credit_grant WHERE user_id LIKE 'two-%'`),
    2 * ROUNDS,
  );
  sound();
});

/** Holds the rows that `lock` locks until each of `works`, begun one after the other, waits; all get through then. */
async function heldBack(lock, works) {
  const env = { ...process.env, PGOPTIONS: '-c search_path=bookingd,public' };
  const psql = ['-X', '-d', database.url];
  const holder = spawn('psql', psql, { env, stdio: ['pipe', 'ignore', 'inherit'] });
  holder.stdin.write(
    `BEGIN; SELECT set_config('application_name', 'holder', false) FROM ${lock} FOR UPDATE;\n`,
  );
  await until('the rows to be held', () =>
    database.value(`SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'holder'`),
  );
  const running = [];
  for (const sql of works) {
    running.push(promisify(execFile)('psql', [...psql, '-v', 'ON_ERROR_STOP=1', '-c', sql], { env }));
    await until(`${running.length} to wait`, () =>
      database.value(`SELECT count(*) = ${running.length} FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`),
    );
  }
  holder.stdin.end('COMMIT;\n');
  await Promise.all(running);
}

test('a booking with a code and a cancellation of one client do not wait for each other', async () => {
  const booked = (round) =>
    `SELECT attempt('order', ${round}, 0, wish(${round}, 0, 'order', 2, 'ORDER', 'scheduled', 5))`;
  database.run(`SELECT grant_credits('c', 'order', null, 5, null, 'admin', null, null, make_actor('a', 'admin', 'r'));
    INSERT INTO promo_code (coach_id, code, kind, value) VALUES ('c', 'ORDER', 'credits', 1); ${booked(1)}`);
  await heldBack(`promo_code WHERE code = 'ORDER'`, [
    booked(2),
    `SELECT cancel_appointment(id, 'coach', true, null, 0, make_actor('x', 'coach', 'r'))
    FROM appointment WHERE user_id = 'order' AND status = 'scheduled'`,
  ]);
  assert.equal(database.value(`SELECT balance FROM credit_grant WHERE user_id = 'order'`), 4);
  sound();
});

test('nor do a booking and a no-show, of two grants', async () => {
  const booked = (round, price) =>
    `SELECT attempt('kept', ${round}, 0, wish(${round}, 0, 'kept', ${price}, null, 'scheduled', 6))`;
  const [first, second] = ['ffffffff-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001'];
  database.run(`INSERT INTO credit_grant (id, coach_id, user_id, amount, source, expires_at, usable_until)
      SELECT id::uuid, 'c', 'kept', 2, 'admin', ends, ends
      FROM (VALUES ('${first}', now() + interval '1 day'), ('${second}', null)) grants (id, ends);
    INSERT INTO credit_entry (grant_id, delta, reason, actor)
      SELECT id, 2, 'granted', 'admin' FROM credit_grant WHERE user_id = 'kept';
    ${booked(1, 1)}; ${booked(2, 2)};
    SELECT cancel_appointment(id, 'coach', true, null, 0, make_actor('x', 'coach', 'r'))
      FROM appointment WHERE user_id = 'kept' AND price_credits = 1`);
  await heldBack(`credit_grant WHERE id = '${second}'`, [
    `UPDATE appointment SET status = 'no_show' WHERE user_id = 'kept' AND status = 'scheduled'`,
    booked(3, 2),
  ]);
  assert.equal(database.value(`SELECT sum(balance) FROM credit_grant WHERE user_id = 'kept'`), 0);
  sound();
});

test('a hold that ends as it is confirmed, cancelled and swept keeps its credit or returns it, once', async () => {
  // Holds end one after the other while all try, each around the moment of its end.
  database.run(`SELECT grant_credits('c', 'hold-' || r, null, 1, null, 'admin', null, null, make_actor('a', 'admin', 'r'))
      FROM generate_series(1, ${ROUNDS}) r;
    SELECT attempt('hold', r, 0, wish(r, 0, 'hold-' || r, 1, null, 'held', 4)) FROM generate_series(1, ${ROUNDS}) r;
    CREATE TABLE beginning AS SELECT clock_timestamp() + interval '1 second' AS at;
    UPDATE appointment SET hold_expires_at = (SELECT at FROM beginning) + substr(user_id, 6)::integer * interval '4 ms'
    WHERE status = 'held';
    CREATE FUNCTION about_now(p_round integer, p_client integer) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      r integer := least(${ROUNDS}, greatest(1, extract(epoch from clock_timestamp() - (SELECT at FROM beginning)) / 0.004
                                                + (p_client + p_round) % 5 - 1));
      hold uuid := (SELECT id FROM appointment WHERE user_id = 'hold-' || r AND session_type = 't');
    BEGIN
      CASE (p_client + p_round) % 3
      WHEN 0 THEN
        PERFORM confirm_hold(make_booking(p_id => hold, p_user_id => 'hold-' || r), make_actor('hold-' || r, 'user', 'r'));
      WHEN 1 THEN
        UPDATE appointment SET status = 'expired', updated_at = now(), version = version + 1
        WHERE id = any (array(SELECT id FROM appointment WHERE status = 'held' AND hold_expires_at <= now()
                              LIMIT 1000 FOR UPDATE SKIP LOCKED));
      ELSE
        PERFORM cancel_appointment(hold, 'client', false, null, 0, make_actor('hold-' || r, 'user', 'r'));
      END CASE;
    END $$`);
  await race('around', 'SELECT about_now(:round, :client_id)', ROUNDS * 2);
  database.run(`UPDATE appointment SET status = 'expired' WHERE status = 'held'`);
  const kept = database.value(
    `SELECT count(*)::integer FROM appointment WHERE user_id LIKE 'hold-%' AND status = 'scheduled'`,
  );
  assert.equal(
    database.value(`SELECT sum(balance)::integer FROM credit_grant WHERE user_id LIKE 'hold-%'`),
    ROUNDS - kept,
  );
  sound();
});
