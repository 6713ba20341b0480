// What has ended counts for as long as a rule may look at it, and is there for whoever asks about the past.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

// As many hours east of UTC as it takes for the coach's date to be at least an hour and a quarter old and to go on
// for more than three, whenever this runs. (Etc/GMT+5 is five hours west.)
const hour = new Date().getUTCHours();
const east = 12 - hour;
const zone = east === 0 ? 'UTC' : `Etc/GMT${east > 0 ? '-' : '+'}${Math.abs(east)}`;

const MINUTE = 60_000;
const NOW = Math.floor(Date.now() / (5 * MINUTE)) * 5 * MINUTE; // on the grid
const at = (minutes) => new Date(NOW + minutes * MINUTE).toISOString().replace('.000', '');
let stack;
let coach;
before(async () => {
  stack = await startStack({
    document: {
      ...openSchedule({ min_notice_minutes: 0, step_minutes: 5, max_per_day: 2 }),
      time_zone: zone,
    },
  });
  coach = stack.coach();
});
after(() => stack.stop());

/** A session of `length` minutes that began so many minutes from now, with `free` minutes behind it. */
const put = (begin, length, free = 0, status = 'completed') =>
  stack.database.run(`
    INSERT INTO appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to,
      name, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes)
    VALUES (gen_random_uuid(), 'damian', 'ann', 'coaching', '${status}', '${at(begin)}', '${at(begin + length)}',
      '${at(begin)}', '${at(begin + length + free)}', 'Ann', 'none', 0, 0)`);
const forget = () => {
  stack.database.run('DELETE FROM appointment');
  return policy({});
};
/** Sets the policy, which makes every memory of the coach a new one, too. */
async function policy(changes) {
  const document = openSchedule({ min_notice_minutes: 0, step_minutes: 5, max_per_day: 2, ...changes });
  const { version } = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  assertStatus(await coach.put('/coach/damian/schedule', { ...document, time_zone: zone, version }), 200);
}
const listed = async () => {
  const query = new URLSearchParams({ from: at(0), to: at(179), duration: 30 });
  const { slots } = assertStatus(await stack.client('bea').get(`/booking/availability?${query}`), 200);
  return slots.map(({ start }) => start);
};
const explain = async (start) => {
  const query = new URLSearchParams({ start, duration: 30 });
  const { reasons } = assertStatus(await coach.get(`/coach/damian/explain?${query}`), 200);
  return reasons.map(({ rule }) => rule);
};

test('sessions of earlier today that have ended count for max_per_day', async () => {
  await forget();
  assert.notDeepEqual(await listed(), []);
  put(-70, 30);
  await policy({});
  assert.notDeepEqual(await listed(), []);
  put(-40, 30);
  await policy({});
  assert.deepEqual(await listed(), []);
});

test('a day that is over does not count', async () => {
  await forget();
  put(-26 * 60, 30);
  put(-25 * 60, 30);
  await policy({});
  assert.notDeepEqual(await listed(), []);
});

test("a slot's own buffer reaches back to a session that has ended", async () => {
  await forget();
  put(-40, 30);
  await policy({ buffer_before_minutes: 60 });
  const first = Date.parse((await listed())[0]);
  assert.ok(first >= NOW + 50 * MINUTE, new Date(first).toISOString());
});

test('a session of days ago with the longest buffer behind it stands in the way', async () => {
  await forget();
  put(-47 * 60, 24 * 60, 24 * 60);
  await policy({});
  const first = Date.parse((await listed())[0]);
  assert.ok(first >= NOW + 60 * MINUTE, new Date(first).toISOString());
});

test('of the past explain says whether the time was taken, and the busy times show it, however long ago', async () => {
  await forget();
  for (const days of [1, 3, 10]) put(-days * 1440, 30);
  await policy({});
  for (const days of [1, 3, 10]) {
    assert.deepEqual(await explain(at(-days * 1440)), ['too_soon', 'slot_taken']);
    assert.deepEqual(await explain(at(-days * 1440 - 60)), ['too_soon']);
  }
  const { busy } = assertStatus(
    await coach.get(`/coach/damian/busy?from=${at(-12 * 1440)}&to=${at(0)}`),
    200,
  );
  assert.deepEqual(
    busy.map(({ start }) => start),
    [10, 3, 1].map((days) => at(-days * 1440)),
  );
  assert.deepEqual(assertStatus(await coach.get('/coach/damian/busy'), 200).busy, []);
});
