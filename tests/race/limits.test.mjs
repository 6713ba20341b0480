// Limits and holds when several requests decide at the same moment, and at the moment a hold runs out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { assertStatus, countStatuses } from '../harness/expect.mjs';
import { openSchedule, sleep, startStack, until } from '../harness/stack.mjs';

const document = openSchedule({ max_active_per_user: 1, max_per_day: 3 });
let stack;
before(async () => {
  stack = await startStack({ document });
  assertStatus(await stack.admin().put('/coach/second/schedule', document), 201);
});
after(() => stack.stop());

let days = 0;
const DAY = 24; // slots are hours
/** Whole hours of a day that no other test uses. */
const freshDay = () => {
  const first = DAY * days++;
  return (hour) => stack.slot(first + hour);
};
const create = (client, start, more = {}) =>
  client.post('/booking/create', { start, coach: 'damian', ...more });
const hold = (client, start, more = {}) => client.post('/booking/hold', { start, coach: 'damian', ...more });
const active = (where) =>
  stack.database.value(
    `SELECT count(*) FROM bookingd.appointment WHERE status IN ('scheduled', 'held') AND ${where}`,
  );
const deadlocks = () =>
  stack.database.value('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()');

test('32 creates and holds of one client at once: one place, whoever gets it', async () => {
  const at = freshDay();
  for (let round = 0; round < 5; round++) {
    const user = `greedy-${round}`;
    const replies = await Promise.all(
      Array.from({ length: 32 }, (_, i) =>
        i % 4 ? create(stack.client(user), at(i % 24)) : hold(stack.client(user), at(i % 24)),
      ),
    );
    const counts = countStatuses(replies);
    assert.equal((counts[201] ?? 0) + (counts[200] ?? 0) + (counts[409] ?? 0), 32, JSON.stringify(counts));
    assert.equal(active(`user_id = '${user}'`), 1);
    stack.database.run(`UPDATE bookingd.appointment SET status = 'cancelled' WHERE user_id = '${user}'`);
  }
});

test('32 clients create, hold and move into one day at once: no more than max_per_day', async () => {
  for (let round = 0; round < 3; round++) {
    const [elsewhere, at] = [[freshDay(), freshDay(), freshDay()], freshDay()];
    const movers = await Promise.all(
      Array.from({ length: 9 }, async (_, i) => {
        const client = stack.client(`mover-${round}-${i}`);
        return [client, assertStatus(await create(client, elsewhere[i % 3](i)), 201)];
      }),
    );
    const replies = await Promise.all([
      ...movers.map(([client, { id }], i) => client.put(`/booking/${id}/reschedule`, { start: at(i) })),
      ...Array.from({ length: 12 }, (_, i) => create(stack.client(`maker-${round}-${i}`), at(10 + (i % 10)))),
      ...Array.from({ length: 11 }, (_, i) => hold(stack.client(`holder-${round}-${i}`), at(10 + (i % 10)))),
    ]);
    const done = replies.filter(({ status }) => status < 300).length;
    assert.equal(done + replies.filter(({ status }) => status === 409).length, 32);
    assert.equal(done, 3);
    assert.equal(active(`starts_at >= '${at(0)}' AND starts_at < '${at(24)}'`), 3);
  }
});

test('two moves of one client at once, with two coaches: no more changes than a day has', async () => {
  const client = stack.client('restless');
  const [from, at] = [freshDay(), freshDay()];
  const own = session();
  const mine = await Promise.all(
    ['damian', 'second'].map(async (coach, i) => assertStatus(await create(client, from(i), { coach }), 201)),
  );
  stack.database.run(`INSERT INTO client_use (client, kind, about)
    SELECT sha256('restless'), 'change', sha256(n::text::bytea) FROM generate_series(1, 29) n`);
  await own.say(`BEGIN; SELECT bookingd.lock_day('damian', '${at(0)}')`); // which is taken after they are counted
  const move = (n) => client.put(`/booking/${mine[n].id}/reschedule`, { start: at(n) });
  const waiting = () => stack.database.locks(`locktype = 'advisory' AND NOT granted`);
  const first = move(0);
  await until('the first to wait', () => waiting() === 1);
  let answered = false;
  const second = move(1).finally(() => (answered = true));
  await until('the second to be answered or to wait', () => answered || waiting() === 2);
  await own.say('COMMIT');
  await own.end();
  assert.deepEqual(countStatuses(await Promise.all([first, second])), { 200: 1, 429: 1 });
});

/** A session of one's own, for a transaction that takes its time. */
function session() {
  const child = new Child('psql', ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-d', stack.database.url], {
    name: 'psql',
  });
  let said = 0;
  return {
    async say(sql) {
      const mark = `said ${++said}`;
      child.process.stdin.write(`${sql};\n\\echo ${mark}\n`);
      await child.line((line) => line === mark, mark);
    },
    end: () => {
      child.process.stdin.end('\\q\n');
      return child.exited;
    },
  };
}

/** Begin to confirm just before the hold runs out, and commit after it has: what happens in between? */
async function confirmLate(client, held, between) {
  const own = session();
  await own.say('SET search_path = bookingd, public');
  await own.say(
    `UPDATE appointment SET hold_expires_at = clock_timestamp() + interval '300 ms' WHERE id = '${held.id}'`,
  );
  await own.say('BEGIN');
  await own.say(`SELECT outcome FROM confirm_hold(row('${held.id}', null, '${held.user_id}', null, null, null, null, null, null,
    'UTC', 'N', 'n@client.test', null, null, null, null, null, null, null, null, 0)::booking,
    row('${held.user_id}', 'user', null, null, null)::actor)`);
  await until('the hold to run out', () =>
    stack.database.value(
      `SELECT hold_expires_at < clock_timestamp() FROM bookingd.appointment WHERE id = '${held.id}'`,
    ),
  );
  let answered = false;
  const other = between();
  other.finally(() => (answered = true));
  await until(
    'the other to be answered or to wait for the row',
    () =>
      answered ||
      stack.database.value(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      ) > 0,
  );
  await own.say('COMMIT');
  await own.end();
  assert.equal(assertStatus(await client.get(`/booking/${held.id}`), 200).status, 'scheduled');
  return other;
}

test('a hold confirmed while it runs out still counts for its client', async () => {
  const at = freshDay();
  const client = stack.client('last-second');
  const held = assertStatus(await hold(client, at(1)), 201);
  const reply = await confirmLate(client, held, () => create(client, at(5)));
  assert.deepEqual([reply.status, reply.body.code], [409, 'booking_limit']);
  assert.equal(active("user_id = 'last-second'"), 1);
});

test('a hold confirmed while it runs out still counts for its day', async () => {
  const at = freshDay();
  for (const hour of [10, 11]) assertStatus(await create(stack.client(`early-${hour}`), at(hour)), 201);
  const client = stack.client('last-place');
  const held = assertStatus(await hold(client, at(1)), 201);
  const reply = await confirmLate(client, held, () => create(stack.client('too-many'), at(5)));
  assert.deepEqual([reply.status, reply.body.code], [409, 'day_full']);
  assert.equal(active(`starts_at >= '${at(0)}' AND starts_at < '${at(24)}'`), 3);
});

test('a hold confirmed while it runs out keeps its time', async () => {
  const at = freshDay();
  const client = stack.client('kept-time');
  const held = assertStatus(await hold(client, at(1)), 201);
  const reply = await confirmLate(client, held, () => create(stack.client('impatient'), at(1)));
  assert.deepEqual([reply.status, reply.body.code], [409, 'slot_taken']);
});

test('holds replacing each other, running out and being overlapped never wait for each other', async (t) => {
  const before = deadlocks();
  const at = freshDay();
  const base = Date.parse(at(0));
  const half = (n) => new Date(base + n * 1_800_000).toISOString().replace('.000', '');
  const end = Date.now() + 2500;
  let calls = 0;
  let slowest = 0;
  const codes = {};
  await Promise.all([
    ...Array.from({ length: 24 }, async (_, n) => {
      const client = stack.client(`dancer-${n}`);
      for (let i = 0; Date.now() < end; i++) {
        const coach = (n + i) % 3 ? 'damian' : 'second';
        const reply = await hold(client, half((n * 7 + i * 5) % 6), {
          coach,
          duration_minutes: i % 2 ? 30 : 60,
        });
        calls++;
        slowest = Math.max(slowest, reply.ms);
        codes[reply.status] = (codes[reply.status] ?? 0) + 1;
      }
    }),
    (async () => {
      while (Date.now() < end) {
        stack.database.run(`UPDATE bookingd.appointment SET hold_expires_at = now() - interval '1 s'
          WHERE id IN (SELECT id FROM bookingd.appointment WHERE status = 'held' FOR UPDATE SKIP LOCKED LIMIT 4)`);
        await sleep(20);
      }
    })(),
  ]);
  assert.deepEqual(Object.keys(codes).sort(), ['201', '409'], JSON.stringify(codes));
  t.diagnostic(`${calls} calls ${JSON.stringify(codes)}, the slowest took ${Math.round(slowest)} ms`);
  await sleep(1100); // the server tells its counters once a second
  assert.equal(deadlocks() - before, 0);
});

test('a hold that moves on to another coach frees its time in the next listing of the first', async () => {
  const at = freshDay();
  const client = stack.client('wanderer');
  const offered = async () => {
    const { body } = await stack
      .client('looker')
      .get(`/booking/availability?coach=damian&from=${at(3)}&to=${at(4)}`);
    return body.slots.length;
  };
  assert.equal(await offered(), 2);
  assertStatus(await hold(client, at(3), { duration_minutes: 60 }), 201);
  assert.equal(await offered(), 0);
  assertStatus(await hold(client, at(3), { coach: 'second' }), 201);
  assert.equal(await offered(), 2);
});

test("moving onto one's own hold takes its place; where that fails the hold stays", async () => {
  const own = await startStack({ document: openSchedule() });
  try {
    const ann = own.client('ann');
    const made = assertStatus(await ann.post('/booking/create', { start: own.slot(1) }), 201);
    const held = assertStatus(await ann.post('/booking/hold', { start: own.slot(5) }), 201);
    const body = { start: own.slot(5), duration_minutes: 60 };
    assertStatus(await own.client('bob').post('/booking/create', { start: own.slot(5.5) }), 201);
    assert.equal((await ann.put(`/booking/${made.id}/reschedule`, body)).status, 409);
    assert.equal(assertStatus(await ann.get(`/booking/${held.id}`), 200).status, 'held');
    assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: own.slot(5) }), 200);
    assert.equal(assertStatus(await ann.get(`/booking/${held.id}`), 200).status, 'expired');
  } finally {
    await own.stop();
  }
});
