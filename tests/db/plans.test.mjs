// No statement costs more because there is much history or there are many coaches: each is run on tables full of them
// and may neither scan them nor read rows only to throw them away.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { ROOT } from '../harness/run_folder.mjs';

const WASTE_MAX = 100; // rows a plan may read and drop: not yet history

/** Every statement of sql/queries by name. */
const statements = new Map();
for (const file of fs.readdirSync(path.join(ROOT, 'sql/queries'))) {
  const parts = fs.readFileSync(path.join(ROOT, 'sql/queries', file), 'utf8').split(/^-- name: (\S+) .*$/m);
  for (let i = 1; i < parts.length; i += 2)
    statements.set(parts[i], parts[i + 1].trim().replace(/;(\s*--.*)*$/, ''));
}

let database;
let scheduled;
before(async () => {
  database = await createDatabase();
  database.run(`
    SET search_path = bookingd, public;
    INSERT INTO coach (id, schedule, feed_token) SELECT 'c' || n, '{}', 'x' FROM generate_series(1, 2000) n;
    -- c1 and u1 have a long past and little to come; abandoned holds and cancelled appointments lie about.
    INSERT INTO appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to,
      hold_expires_at, name, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes, calendar_id, synced_version,
      event_written, erased)
    SELECT gen_random_uuid(), coach, CASE WHEN coach = 'c2' THEN 'u1' ELSE 'u' || n END, 'coaching', status, at,
      at + interval '30 min', at, at + interval '30 min', CASE status WHEN 'held' THEN now() + interval '5 min' END,
      'Somebody', 'none', 60, 60, CASE WHEN status <> 'held' THEN 'cal' END, 1, status = 'scheduled', at < now() - interval '100 days'
    FROM (
      SELECT 'c' || c AS coach, n,
        CASE n % 4 WHEN 0 THEN 'cancelled' WHEN 1 THEN 'completed' ELSE 'scheduled' END AS status,
        date_trunc('hour', now()) - make_interval(hours => 2 * n) AS at
      FROM generate_series(1, 20) c, generate_series(1, 1000 + CASE WHEN c < 3 THEN 2000 ELSE 0 END) n
      UNION ALL
      SELECT 'c' || c, n, CASE WHEN c = 4 THEN 'held' ELSE 'scheduled' END, date_trunc('hour', now()) + make_interval(hours => 30 + n)
      FROM generate_series(1, 20) c, generate_series(1, 30) n) rows;
    INSERT INTO audit (at, actor, role, action, appointment_id)
      SELECT now() - make_interval(hours => 3000 - n), 'u' || n, 'user', 'create', gen_random_uuid() FROM generate_series(1, 3000) n;
    INSERT INTO idempotency_key (caller, key, request_hash, status)
      SELECT 'u' || n, 'k', '', 200 FROM generate_series(1, 3000) n;
    ANALYZE`);
  scheduled = database.rows(`SELECT id, starts_at FROM bookingd.appointment
    WHERE coach_id = 'c1' AND status = 'scheduled' AND starts_at > now() ORDER BY starts_at LIMIT 1`)[0];
});
after(async () => {
  database.drop();
  await stopOwnServer();
});

const ACTOR = "'u1', 'user', 'r', null, null";
const AT = "date_trunc('hour', now()) + interval '500 hours'";
const DAY = `date_trunc('day', ${AT})`;
const SLOT = `${AT}, ${AT} + interval '30 min', ${AT}, ${AT} + interval '30 min'`;
const FIRST = `'-infinity', '00000000-0000-0000-0000-000000000000'`;
const PAGE = `${FIRST}, 51`;
const id = () => `'${scheduled.id}'`;
const calls = {
  appointment_book:
    () => `gen_random_uuid(), 'c1', 'u1', 'coaching', 'scheduled', ${SLOT}, 'UTC', 'N', 'e@x.y', null, null,
    'none', 60, 60, null, 10, null, 0, 3, 30, 'client', true, 'en', null, 5, null, 8, null, ${DAY}, ${DAY} + interval '1 day', ${ACTOR}, null, null, null, null,
    'refuse', 0, null, null, null, null, null, null, null, false, 'a@b.c d@e.f', 20, 60`,
  appointment_confirm: () =>
    `${id()}, 'u1', 'UTC', 'N', 'e@x.y', null, null, null, 0, 3, 'en', null, ${ACTOR}, null, 'a@b.c', 20, 60`,
  appointment_cancel: () => `${id()}, 'client', true, null, 0, ${ACTOR}`,
  appointment_move: () =>
    `${id()}, 'c1', ${SLOT}, 0, 30, true, 8, null, ${DAY}, ${DAY} + interval '1 day', ${ACTOR}, false, null, null, null`,
  appointment_set_meeting: () => `${id()}, 'link', 'https://meet.example/', 'Meet', null, null, 8, ${ACTOR}`,
  appointment_approve: () => `${id()}, null, 8, ${ACTOR}`,
  appointment_decline: () => `${id()}, 'coach', null, ${ACTOR}`,
  appointment_set_guests: () => `${id()}, 'a@b.c', 20, 30, 8, ${ACTOR}`,
  appointment_mark: () => `${id()}, 'completed', ${ACTOR}`,
  appointment_by_id: id,
  appointment_of_party: () => `${id()}, 'u1', null, false, 'erased-1', null`,
  appointment_person: () => `'u1', 'c1'`,
  appointment_same: () => `'c1', 'u1', ${AT}, ${AT} + interval '30 min'`,
  appointment_list_by_user: () => `'u1', 'upcoming', ${PAGE}`,
  appointment_list_by_coach: () => `'c1', 'upcoming', ${PAGE}, now(), now() + interval '30 days'`,
  appointment_busy: () => `'c1', 'infinity'`,
  appointment_export: () => `'u5', ${FIRST}, '-infinity', now() - interval '1 minute', 25`,
  coach_feed_state: () => `'c1', now() - interval '90 days'`,
  coach_feed: () =>
    `'c1', now() - interval '90 days', '00000000-0000-0000-0000-000000000000', now() + interval '1 year', 25`,
  appointment_retire: () => '90',
  person_retire: () => '90',
  audit_retire: () => '90',
  client_use_expire: () => null,
  hold_expire: () => null,
  user_erase: () => `'u5', 'client', 'u5', 'user', 'r', 'erased-1'`,
  export_person: () => `'u5'`,
  export_details: () => `array[${id()}::uuid]`,
  export_actions: () => `'u5', '', 200`,
  export_requests: () => `'u5', '', 200`,
  idempotency_begin: () => `'u5', 'k', ''`,
  idempotency_store: () => `'u5', 'k', '', ${id()}, 200, '{}'`,
  idempotency_expire: () => null,
  coach_by_id: () => `'c1'`,
  calendar_grant: () => `'c1'`,
  calendar_claim: () => `20, ''`,
  calendar_lock: id,
  calendar_paid: () => `${id()}, 1, true, null, null, null, false, 1, null, 0, false, 'none'`,
  calendar_later: () => `${id()}, 1, 1000, 1`,
  calendar_refused: () => `${id()}, 1, 'x', true`,
  calendar_event_gone: () => `${id()}, 1`,
  calendar_event_moved: () => `${id()}, 1, ${AT}, ${AT} + interval '30 min', 'e'`,
  calendar_event_seen: () => `${id()}, 1, 'e', 'none'`,
  calendar_event_conflict: () => `${id()}, 1, 'x'`,
  calendar_owe_again: () => `${id()}, 1`,
  calendar_adopt: () => `'c1', 'cal'`,
  calendar_retry: () => `'c1'`,
  calendar_grant_put: () => `'c1', 'x', 'y'`,
  calendar_grant_delete: () => `'c1', 'x', true`,
  calendar_counts: () => `'c1'`,
  calendar_debt: () => null,
  calendar_expected: () => `'c1', 'cal', '00000000-0000-0000-0000-000000000000', 500, true`,
  event_publish: () => '500',
  event_list: () => `'c1', null, 51`,
  event_expire: () => null,
  calendar_conflicts: () => `'c1', '00000000-0000-0000-0000-000000000000', 500`,
};

/** How PostgreSQL went about a statement, and all in it: what auto_explain says. */
function plansOf(name, values) {
  assert.ok(statements.has(name), 'there is such a statement');
  const { status, stderr } = spawnSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', database.url], {
    encoding: 'utf8',
    input: `LOAD 'auto_explain';
      SET search_path = bookingd, public; SET plan_cache_mode = force_generic_plan; SET jit = off;
      PREPARE it AS ${statements.get(name)};
      SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;
      SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off; SET client_min_messages = log;
      BEGIN;
      EXECUTE it ${values === null ? '' : `(${values})`};
      ROLLBACK;`,
  });
  assert.equal(status, 0, stderr);
  assert.ok(stderr.includes('plan:'), stderr);
  return stderr;
}

for (const [name, call] of Object.entries(calls)) {
  test(`${name} does not grow with what is past, nor with the coaches`, () => {
    const plans = plansOf(name, call());
    assert.doesNotMatch(plans, /Seq Scan on (appointment|idempotency_key|audit|coach|event)\b/, plans);
    for (const [line, rows] of plans.matchAll(/Rows Removed by (?:Filter|Index Recheck): (\d+)/g))
      assert.ok(Number(rows) <= WASTE_MAX, `${line}\n${plans}`);
  });
}

test('notice_claim reads what it claims, however much is owed all of a sudden', () => {
  database.run(`INSERT INTO bookingd.notice (appointment_id, recipient, channel, kind, about, state)
    SELECT id, 'client', 'email', 'confirmed', '1', 'owed' FROM bookingd.appointment LIMIT 3000`);
  const plans = plansOf('notice_claim', `60, 'email'`);
  for (const [line, rows] of plans.matchAll(/actual rows=(\d+)/g))
    assert.ok(Number(rows) <= WASTE_MAX, `${line}\n${plans}`);
});

test('schema_faults reads no table of rows, whatever numbers it looks for in them', () => {
  const numbered = database.rows(`SELECT DISTINCT refobjid::regclass::text AS name FROM pg_depend
    WHERE deptype = 'i' AND objid IN (SELECT seqrelid FROM pg_sequence)`);
  const plans = plansOf('schema_faults', `'x', 1`);
  for (const { name } of numbered) {
    const table = name.replace('bookingd.', '');
    assert.match(plans, new RegExp(`Bitmap Heap Scan on ${table}\\b`), plans);
    assert.doesNotMatch(plans, new RegExp(`Seq Scan on ${table}\\b`), plans);
  }
});
