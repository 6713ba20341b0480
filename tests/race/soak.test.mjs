// Everything at once for a while, with a failing Google: nothing is sold twice, nothing that was confirmed is lost, nobody
// sees a failure of ours, no log line says who somebody is, and memory does not grow. Ends gently, then by kill -9.
//
// Four seconds by default; SOAK=60 for a minute, SEED= to repeat what it drew.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSchedule, sleep, startStack } from '../harness/stack.mjs';

const SECONDS = Number(process.env.SOAK ?? 4);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const CLIENTS = 64;
const SLOTS = 60; // whole hours; few enough to fight for

/** mulberry32: small, and the same everywhere. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const document = openSchedule({ max_active_per_user: 3, max_per_day: 20, buffer_after_minutes: 0 });
let stack;
before(async () => {
  stack = await startStack({
    google: 'delegated',
    document,
    env: { HOLD_MINUTES: '1', CALENDAR_FRESH_SECONDS: '5' },
  });
  await stack.admin().put('/coach/second/schedule', document);
});
after(() => stack.stop());

const FAULTS = [
  'backendError',
  'rateLimitExceeded',
  'html502',
  'cut_before',
  'cut_after',
  'garbage',
  'hang_after',
];

/** One client's life until `over()`: random calls; what was promised goes into `ledger`. */
async function live(n, over, ledger, trouble) {
  const draw = random(SEED * 1000 + n);
  const user = `person-${n % 40}`; // some of them share an account
  const client = stack.client(
    user,
    { email: `secret-mail-${n}@client.test`, name: `Secret Name ${n}` },
    { connections: 2 },
  );
  const coach = stack.client('the-coach', { role: 'coach', coach: 'damian' }, { connections: 1 });
  const own = [];
  const pick = () => own[draw(own.length)];
  const time = () => ({ start: stack.slot(draw(SLOTS)), duration_minutes: draw(2) ? 30 : 60 });
  const whose = () => (draw(3) ? 'damian' : 'second');
  const key = () => (draw(2) ? { 'idempotency-key': `key-${n}-${draw(50)}` } : {});
  const person = () => ({ phone: '+1 555 0100 777', notes: 'secret notes of mine' });
  const calls = [
    ...Array(6).fill(() => client.post('/booking/create', { ...time(), coach: whose(), ...person() }, key())),
    ...Array(3).fill(() => client.post('/booking/hold', { ...time(), coach: whose() }, key())),
    ...Array(3).fill(() => own.length && client.put(`/booking/${pick()}/confirm`, person(), key())),
    ...Array(4).fill(() => own.length && client.put(`/booking/${pick()}/reschedule`, time(), key())),
    ...Array(3).fill(
      () => own.length && client.put(`/booking/${pick()}/cancel`, { reason: 'secret reason' }, key()),
    ),
    ...Array(2).fill(() => own.length && client.get(`/booking/${pick()}`)),
    () => own.length && client.get(`/booking/${pick()}/calendar.ics`),
    ...Array(4).fill(() => client.get(`/booking/availability?coach=${whose()}`)),
    () => client.get('/booking/user/me?status=all'),
    () => client.get('/booking/user/me/export'),
    () => coach.get('/coach/damian/appointments'),
    () => coach.get(`/coach/damian/explain?start=${stack.slot(draw(SLOTS))}`),
    () => coach.get('/coach/damian/busy'),
    () => coach.get('/coach/damian/google'),
    () => n === 0 && coach.put('/coach/damian/schedule', document),
    () => n % 16 === 1 && draw(4) === 0 && client.delete('/booking/user/me'),
    () => stack.stranger().get('/metrics'),
  ];
  while (!over()) {
    try {
      const reply = await calls[draw(calls.length)]();
      if (!reply) continue;
      ledger.calls++;
      ledger.slowest = Math.max(ledger.slowest ?? 0, reply.ms);
      ledger.statuses[reply.status] = (ledger.statuses[reply.status] ?? 0) + 1;
      if (reply.status === 201 && reply.body.id) {
        own.push(reply.body.id);
        ledger.made.push(reply.body.id);
      }
      if (reply.status >= 500 && !['calendar_unavailable', 'overloaded'].includes(reply.body?.code))
        trouble.push(`${reply.status} ${reply.text}`);
      if (reply.ms > 5000) trouble.push(`${Math.round(reply.ms)} ms for ${reply.status}`);
    } catch (error) {
      if (!ledger.killed) trouble.push(String(error));
      else return;
    }
  }
  client.close();
  coach.close();
}

/** What must hold of the table, whatever happened. */
function check() {
  const overlaps =
    stack.database.value(`SELECT count(*) FROM bookingd.appointment a JOIN bookingd.appointment b
    ON a.id < b.id AND a.coach_id = b.coach_id AND a.status IN ('scheduled', 'held') AND b.status IN ('scheduled', 'held')
    AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)`);
  assert.equal(overlaps, 0, 'sold twice');
  const greedy = stack.database.rows(`SELECT user_id, coach_id, count(*) FROM bookingd.appointment
    WHERE status = 'scheduled' GROUP BY 1, 2 HAVING count(*) > 3`);
  assert.deepEqual(greedy, [], 'more than max_active_per_user');
  const full = stack.database.rows(`SELECT coach_id, date(starts_at AT TIME ZONE 'UTC'), count(*)
    FROM bookingd.appointment WHERE status = 'scheduled' GROUP BY 1, 2 HAVING count(*) > 20`);
  assert.deepEqual(full, [], 'more than max_per_day');
  const holds = stack.database.rows(`SELECT user_id, count(*) FROM bookingd.appointment WHERE status = 'held'
    GROUP BY 1 HAVING count(*) > 1`);
  assert.deepEqual(holds, [], 'several open holds');
}

/** Every appointment somebody was told of is a row. */
function checkLedger(ledger) {
  const known = new Set(stack.database.rows('SELECT id FROM bookingd.appointment').map(({ id }) => id));
  assert.deepEqual(
    ledger.made.filter((id) => !known.has(id)),
    [],
    'acknowledged, and lost',
  );
}

function checkLog(lines) {
  const telling = lines.filter((line) => /secret|\+1 555|@client\.test|Bearer |eyJ/i.test(line));
  assert.deepEqual(telling.slice(0, 5), []);
}

async function soak(t, seconds, ledger) {
  const end = Date.now() + seconds * 1000;
  const trouble = [];
  const over = () => (ledger.kill ? ledger.killed : Date.now() > end);
  const lives = Array.from({ length: CLIENTS }, (_, n) => live(n, over, ledger, trouble));
  if (ledger.kill) {
    await sleep(seconds * 1000);
    ledger.killed = true;
    await ledger.kill();
  }
  await Promise.all(lives);
  const deadlocks = stack.database.value(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  t.diagnostic(`${deadlocks} deadlocks, slowest ${Math.round(ledger.slowest)} ms`);
  t.diagnostic(
    `seed ${SEED}: ${ledger.calls} calls ${JSON.stringify(ledger.statuses)}, ${ledger.made.length} made`,
  );
  assert.deepEqual(trouble.slice(0, 10), []);
}

test('64 clients do everything at once while Google fails, then SIGTERM', {
  timeout: (SECONDS + 90) * 1000,
}, async (t) => {
  await stack.google.fault('mix', { method: 'events.*', probability: 0.3, seed: SEED, of: FAULTS, ms: 2000 });
  await stack.google.fault('mix', {
    method: 'freebusy.query',
    probability: 0.05,
    seed: SEED + 1,
    of: FAULTS,
    ms: 500,
  });
  const ledger = { calls: 0, statuses: {}, made: [] };
  await soak(t, SECONDS, ledger);
  await stack.daemon.stop();
  check();
  checkLedger(ledger);
  checkLog(stack.daemon.log);
});

test('the same, ended by kill -9 in the middle: what was confirmed is there after the restart', {
  timeout: (SECONDS + 90) * 1000,
}, async (t) => {
  await stack.daemon.restart();
  const ledger = { calls: 0, statuses: {}, made: [], kill: () => stack.daemon.kill() };
  await soak(t, SECONDS / 2, ledger);
  check();
  checkLedger(ledger);
  await stack.daemon.restart();
  checkLog(stack.daemon.log);
});
