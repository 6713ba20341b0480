// GET /coach/:coach/explain: every rule that stands against a start, with its numbers, and none where it is bookable.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, schedule, startStack } from '../harness/stack.mjs';

const NOW = Date.now();
const date = (n) => new Date(NOW + n * 86_400_000).toISOString().slice(0, 10);
const at = (n, clock) => `${date(n)}T${clock}:00Z`;
let stack, coach;
before(async () => {
  stack = await startStack({
    document: schedule({
      time_zone: 'UTC',
      weekly: [{ days: ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], from: '09:00', to: '17:00' }],
      overrides: [{ date: date(4), intervals: [] }],
      blocked: [{ from: date(6), to: date(8), reason: 'surgery' }],
      policy: { buffer_before_minutes: 10, buffer_after_minutes: 15, max_per_day: 2 },
    }),
  });
  coach = stack.coach();
});
after(() => stack.stop());

const explain = async (query, client = coach) =>
  assertStatus(await client.get(`/coach/damian/explain?${new URLSearchParams(query)}`), 200);
const rules = async (query) => (await explain(query)).reasons.map(({ rule }) => rule);

test('a start that may be booked has no reasons', async () => {
  assert.deepEqual(await explain({ start: at(3, '10:00') }), { bookable: true, reasons: [] });
  assert.deepEqual(await explain({ start: at(3, '10:00'), duration: 60, session_type: 'coaching' }), {
    bookable: true,
    reasons: [],
  });
});

test('the notice is told in the words of the contract', async () => {
  const start = new Date(Math.floor(Date.now() / 60_000) * 60_000 + 192 * 60_000)
    .toISOString()
    .replace('.000', '');
  const reason = (await explain({ start })).reasons.find(({ rule }) => rule === 'too_soon');
  assert.match(reason.detail, /^Needs 24 h notice, this is 3 h 1[12] min/);
});

test('off the grid: how far, and the nearest starts', async () => {
  const { bookable, reasons } = await explain({ start: at(3, '14:23') });
  assert.equal(bookable, false);
  assert.deepEqual(
    reasons.map(({ rule }) => rule),
    ['not_aligned'],
  );
  assert.match(reasons[0].detail, /23 min off the 30-minute grid; nearest 14:00 and 14:30/);
});

test('closed, blocked and outside hours are told apart; on a blocked date `blocked` stands for the hours', async () => {
  assert.deepEqual(await rules({ start: at(3, '08:30') }), ['outside_hours']);
  assert.deepEqual(await rules({ start: at(3, '16:45') }), ['outside_hours']);
  assert.deepEqual(await rules({ start: at(4, '10:00') }), ['outside_hours']);
  for (const clock of ['03:00', '10:00', '10:07'])
    assert.deepEqual(await rules({ start: at(6, clock) }), ['blocked']);
  const [blocked] = (await explain({ start: at(7, '10:00') })).reasons;
  assert.deepEqual([blocked.start, blocked.end], [at(6, '00:00'), at(8, '00:00')]);
});

test('any duration may be asked; one that is not offered is a reason beside the others', async () => {
  assert.deepEqual(await rules({ start: at(3, '10:00'), duration: 45 }), ['bad_duration']);
  assert.deepEqual(await rules({ start: at(3, '10:00'), duration: 600 }), ['bad_duration', 'outside_hours']);
  assert.deepEqual(await rules({ start: at(3, '10:00'), duration: 100000 }), [
    ...['bad_duration', 'blocked', 'outside_hours'],
  ]);
});

test('an appointment stands in the way with its buffers, and says from when to when', async () => {
  const ann = stack.client('ann');
  assertStatus(await ann.post('/booking/create', { start: at(9, '12:00') }), 201);
  for (const start of ['11:30', '12:00', '12:30']) {
    const { reasons } = await explain({ start: at(9, start) });
    assert.deepEqual(
      reasons.map(({ rule, start, end }) => [rule, start, end]),
      [['slot_taken', at(9, '11:50'), at(9, '12:45')]],
    );
    assert.doesNotMatch(reasons[0].detail, /ann/i, 'whose it is, is not told');
  }
  assert.deepEqual(await rules({ start: at(9, '11:00') }), []);
  assertStatus(await stack.client('bob').post('/booking/create', { start: at(9, '15:00') }), 201);
  assert.deepEqual(await rules({ start: at(9, '12:00') }), ['day_full', 'slot_taken']);
  assert.deepEqual(await rules({ start: at(9, '10:00') }), ['day_full']);
});

test('for a client in particular the limit counts, for nobody in particular it does not', async () => {
  const cleo = stack.client('cleo');
  assertStatus(await cleo.post('/booking/create', { start: at(10, '12:00') }), 201);
  assert.deepEqual(await rules({ start: at(11, '12:00') }), []);
  assert.deepEqual(await rules({ start: at(11, '12:00'), user_id: 'cleo' }), ['booking_limit']);
});

test('an instant may have any offset; what is missing or malformed is named', async () => {
  const start = later(at(3, '10:00'), 330).replace('Z', '+05:30');
  assert.equal((await explain({ start })).bookable, true);
  const ask = (query) => coach.get(`/coach/damian/explain?${query}`);
  assertProblem(await ask(''), 400, 'bad_parameter', 'start');
  assertProblem(await ask(`start=${date(3)}`), 400, 'bad_parameter', 'start');
  assertProblem(await ask(`start=${at(3, '10:00')}&duration=-5`), 400, 'bad_parameter', 'duration');
  assertProblem(
    await ask(`start=${at(3, '10:00')}&session_type=x`),
    404,
    'unknown_session_type',
    'session_type',
  );
  assertProblem(await stack.admin().get(`/coach/x/explain?start=${at(3, '10:00')}`), 404, 'unknown_coach');
});

test('explain, listing and create agree on every start of two days', async () => {
  const from = at(9, '00:00');
  const query = { from, to: at(11, '00:00') };
  const dora = stack.client('dora');
  const { slots } = assertStatus(await dora.get(`/booking/availability?${new URLSearchParams(query)}`), 200);
  const offered = new Set(slots.map(({ start }) => start));
  assert.ok(offered.size > 5);
  for (let minutes = 0; minutes < 2880; minutes += 30) {
    const start = later(from, minutes);
    assert.equal((await explain({ start })).bookable, offered.has(start), start);
  }
  for (const start of [...offered].slice(-3)) {
    const { id } = assertStatus(await dora.post('/booking/create', { start }), 201);
    assertStatus(await dora.put(`/booking/${id}/cancel`), 200);
  }
});

test('with a calendar: a busy time is told whole, and a booking with its own event once', async () => {
  const other = await startStack({ google: 'delegated', document: openSchedule() });
  try {
    const ask = async (start) => {
      const query = new URLSearchParams({ start, duration: 30 });
      const { reasons } = assertStatus(await other.coach().get(`/coach/damian/explain?${query}`), 200);
      return reasons.map(({ rule, start: from, end }) => [rule, from, end]);
    };
    const [first, last] = [other.slot(-30), other.slot(60)];
    await other.google.busy(other.calendar, first, last);
    assert.deepEqual(await ask(other.slot(10)), [['calendar_busy', first, last]]);
    const made = assertStatus(
      await other.client('ann').post('/booking/create', { start: other.slot(100) }),
      201,
    );
    assert.deepEqual(await ask(made.start), [['slot_taken', made.start, made.end]]);
    // Somebody else's event that touches ours is a cause of its own.
    const [before, until] = [later(made.start, -30), later(made.start, 10)];
    await other.google.busy(other.calendar, before, until);
    assert.deepEqual(
      (await ask(made.start)).map(([rule]) => rule),
      ['slot_taken', 'calendar_busy'],
    );
  } finally {
    await other.stop();
  }
});
