// Many clients, one time: it is sold once, at once, and nobody sees a failure.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { countStatuses } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const UNHURRIED = Boolean(process.env.SANITIZE || process.env.VALGRIND); // such builds are not measured
let stack, racers;
before(async () => {
  stack = await startStack();
  racers = Array.from({ length: 64 }, (_, i) => stack.client(`racer-${i}`));
  await Promise.all(racers.map((racer) => racer.get('/booking/user/me'))); // connections are open before the race
});
after(() => stack.stop());

const race = (body) => Promise.all(racers.map((racer, i) => racer.post('/booking/create', body(i))));
const slowest = (replies) => Math.max(...replies.map(({ ms }) => ms));

test('64 clients race for one slot, ten times: one 201, 63 times 409, none slower than a second', async () => {
  for (let round = 0; round < 10; round++) {
    const replies = await race(() => ({ start: stack.slot(round), duration_minutes: 60 }));
    assert.deepEqual(countStatuses(replies), { 201: 1, 409: 63 });
    assert.ok(UNHURRIED || slowest(replies) < 1000, `${slowest(replies)} ms`);
  }
});

test('64 clients race with overlapping 30 and 60 minutes: no two of the winners overlap, all others get 409', async () => {
  for (let round = 0; round < 10; round++) {
    const base = Date.parse(stack.slot(100 + 4 * round));
    const replies = await race((i) => ({
      start: new Date(base + (i % 6) * 1_800_000).toISOString().replace('.000', ''),
      duration_minutes: i % 2 ? 30 : 60,
    }));
    const counts = countStatuses(replies);
    assert.equal(counts[201] + counts[409], 64, JSON.stringify(counts));
    assert.ok(counts[201] >= 3 && counts[201] <= 6, JSON.stringify(counts));
    assert.ok(UNHURRIED || slowest(replies) < 1000, `${slowest(replies)} ms`);
  }
  const overlaps = stack.database.value(`SELECT count(*) FROM appointment a JOIN appointment b ON a.id < b.id
    AND a.status = 'scheduled' AND b.status = 'scheduled' AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)`);
  assert.equal(overlaps, 0);
});

test('64 clients swap their times at random: nobody ever holds two or none', async () => {
  const { rows } = {
    rows: stack.database.rows("SELECT id, user_id FROM appointment WHERE status = 'scheduled'"),
  };
  const moves = await Promise.all(
    rows.map(({ id, user_id }, i) =>
      racers
        .find((_, n) => `racer-${n}` === user_id)
        .put(`/booking/${id}/reschedule`, { start: stack.slot(200 + (i % 8)), duration_minutes: 60 }),
    ),
  );
  const counts = countStatuses(moves);
  assert.deepEqual(Object.keys(counts).sort(), ['200', '409'], JSON.stringify(counts));
  assert.equal(counts[200], 8);
  assert.equal(
    stack.database.value("SELECT count(*) FROM appointment WHERE status = 'scheduled'"),
    rows.length,
  );
  assert.ok(UNHURRIED || slowest(moves) < 1500, `${slowest(moves)} ms`);
});

test('one client asking 20 times at once for different times gets no more than the limit allows', async () => {
  const own = await startStack({ document: openSchedule({ max_active_per_user: 1 }) });
  try {
    const greedy = own.client('greedy');
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => greedy.post('/booking/create', { start: own.slot(i) })),
    );
    assert.deepEqual(countStatuses(replies), { 201: 1, 409: 19 });
  } finally {
    await own.stop();
  }
});
