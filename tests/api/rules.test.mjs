// Which rule refuses a start: the order of codes, limits and those of a session type's own, who stands above them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { schedule, startStack } from '../harness/stack.mjs';

const NOW = Date.now();
/** The date `n` days from today, in the coach's zone, which is UTC here. */
const date = (n) => new Date(NOW + n * 86_400_000).toISOString().slice(0, 10);
const at = (n, clock) => `${date(n)}T${clock}:00Z`;

const [BLOCKED, CLOSED, OPEN] = [5, 8, 10]; // days from today
const DOCUMENT = schedule({
  time_zone: 'UTC',
  weekly: [{ days: ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], from: '09:00', to: '17:00' }],
  overrides: [
    { date: date(CLOSED), intervals: [] },
    { date: date(BLOCKED), intervals: [{ from: '09:00', to: '12:00' }] },
  ],
  blocked: [{ from: date(BLOCKED), to: date(BLOCKED + 2), reason: 'secret holidays' }],
  policy: { max_active_per_user: 2, max_per_day: 3, max_reschedules: 1, horizon_days: 30 },
  session_types: [
    { id: 'coaching', name: 'Coaching', durations: [30, 60], meeting: 'google_meet' },
    {
      id: 'intro',
      name: 'Introduction',
      durations: [15],
      meeting: 'phone',
      policy: {
        max_active_per_user: 1,
        max_per_day: 2,
        step_minutes: 15,
        min_notice_minutes: 60,
        horizon_days: 60,
      },
    },
    {
      id: 'free',
      durations: [30],
      meeting: 'none',
      policy: { max_active_per_user: null, max_per_day: null },
    },
  ],
});
let stack, coach;
before(async () => {
  stack = await startStack({ document: DOCUMENT });
  coach = stack.coach();
});
after(() => stack.stop());

let people = 0;
const somebody = () => stack.client(`client-${++people}`);
const book = (client, start, more) => client.post('/booking/create', { start, ...more });
const booked = async (client, start, more) => assertStatus(await book(client, start, more), 201);

const explained = async (start, duration, user) => {
  const query = new URLSearchParams({ start, duration, ...(user && { user_id: user }) });
  const { reasons } = assertStatus(await coach.get(`/coach/damian/explain?${query}`), 200);
  return [...new Set(reasons.map(({ rule }) => rule))];
};

test('the first of the rules that refuse a start is the code, and explain tells them all in that order', async () => {
  const ann = stack.client('ann');
  const day = OPEN + 10;
  // The day is full, ann has reached her limit, and 10:00 is taken.
  await booked(ann, at(day, '10:00'), { duration_minutes: 60 });
  await booked(ann, at(day, '12:00'));
  await booked(somebody(), at(day, '13:00'));
  for (const [start, duration, rules] of [
    [at(-3, '03:07'), 45, ['bad_duration', 'too_soon', 'outside_hours', 'booking_limit']],
    [at(-3, '03:07'), 30, ['too_soon', 'outside_hours', 'booking_limit']],
    [at(40, '03:07'), 30, ['too_far', 'outside_hours', 'booking_limit']],
    [at(BLOCKED, '10:07'), 30, ['blocked', 'booking_limit']],
    [at(BLOCKED + 1, '10:00'), 30, ['blocked', 'booking_limit']],
    [at(CLOSED, '10:00'), 30, ['outside_hours', 'booking_limit']],
    [at(day, '08:30'), 30, ['outside_hours', 'booking_limit', 'day_full']],
    [at(day, '16:45'), 30, ['outside_hours', 'booking_limit', 'day_full']],
    [at(day, '10:10'), 30, ['not_aligned', 'booking_limit', 'day_full', 'slot_taken']],
    [at(day, '10:30'), 30, ['booking_limit', 'day_full', 'slot_taken']],
    [at(day, '14:00'), 30, ['booking_limit', 'day_full']],
  ]) {
    assert.deepEqual(await explained(start, duration, 'ann'), rules, `explain ${start}`);
    const status = ['booking_limit'].includes(rules[0]) ? 409 : 422;
    for (const call of ['create', 'hold'])
      assertProblem(
        await ann.post(`/booking/${call}`, { start, duration_minutes: duration }),
        status,
        rules[0],
      );
  }
  const bob = somebody();
  assertProblem(await book(bob, at(day, '10:30')), 409, 'day_full');
  assertProblem(await book(bob, at(day, '10:30'), { session_type: 'free' }), 409, 'slot_taken');
});

test('a blocked range refuses a slot that only touches it, and nobody reads its reason', async () => {
  const ann = somebody();
  const reply = await book(ann, at(BLOCKED, '10:00'));
  assertProblem(reply, 422, 'blocked');
  assert.doesNotMatch(reply.text, /secret/);
  await booked(ann, at(BLOCKED - 1, '16:30'));
});

test('booking_limit names the appointment to move or cancel, and ends with it', async () => {
  const ann = somebody();
  const made = await booked(ann, at(OPEN, '09:00'));
  await booked(ann, at(OPEN + 1, '09:00'));
  const reply = await book(ann, at(OPEN + 2, '09:00'));
  assertProblem(reply, 409, 'booking_limit');
  assert.equal(reply.body.appointment_id, made.id);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
  await booked(ann, at(OPEN + 2, '09:00'));
});

test('a hold counts for the limit, one that ran out does not', async () => {
  const ann = somebody();
  await booked(ann, at(OPEN, '09:30'));
  const held = assertStatus(await ann.post('/booking/hold', { start: at(OPEN + 1, '09:30') }), 201);
  assertProblem(await book(ann, at(OPEN + 2, '09:30')), 409, 'booking_limit');
  stack.database.run(`UPDATE bookingd.appointment SET hold_expires_at = now() WHERE id = '${held.id}'`);
  await booked(ann, at(OPEN + 2, '09:30'));
});

test('a session that has ended or was marked counts no more', async () => {
  const ann = somebody();
  for (const n of [3, 4]) {
    const { id } = await booked(ann, at(OPEN + n, '09:00'));
    stack.database.run(`UPDATE bookingd.appointment SET starts_at = now() - interval '${n} days',
      ends_at = now() - interval '${n} days' + interval '30 min', blocked_from = now() - interval '${n} days',
      blocked_to = now() - interval '${n} days' + interval '30 min' WHERE id = '${id}'`);
  }
  await booked(ann, at(OPEN + 3, '09:00'));
});

test("a session type's own limit counts that type only, the common one counts all", async () => {
  const ann = somebody();
  await booked(ann, at(OPEN + 4, '09:00'), { session_type: 'intro' });
  assertProblem(await book(ann, at(OPEN + 4, '11:00'), { session_type: 'intro' }), 409, 'booking_limit');
  await booked(ann, at(OPEN + 4, '12:00'));
  assertProblem(await book(ann, at(OPEN + 4, '13:00')), 409, 'booking_limit');
  await booked(ann, at(OPEN + 5, '12:00'), { session_type: 'free' });
  await booked(ann, at(OPEN + 5, '13:00'), { session_type: 'free' });
});

test("a session type's own day limit counts that type only, the common one counts all of the coach's date", async () => {
  const day = OPEN + 6;
  await booked(somebody(), at(day, '09:00'), { session_type: 'intro' });
  await booked(somebody(), at(day, '09:15'), { session_type: 'intro' });
  assertProblem(await book(somebody(), at(day, '09:30'), { session_type: 'intro' }), 409, 'day_full');
  await booked(somebody(), at(day, '10:00'));
  assertProblem(await book(somebody(), at(day, '10:30')), 409, 'day_full');
  await booked(somebody(), at(day, '10:30'), { session_type: 'free' });
  await booked(somebody(), at(day + 1, '10:30'));
  const offered = assertStatus(
    await somebody().get(`/booking/availability?from=${date(day)}&to=${date(day)}`),
    200,
  );
  assert.deepEqual(offered.slots, [], 'a full day is not offered');
  assert.equal(offered.refusal, undefined);
  assert.equal(offered.next_available.slice(0, 10), date(day + 1));
});

test('a session type has its own notice, horizon and grid', async () => {
  const ann = somebody();
  assertProblem(await book(ann, at(50, '09:15')), 422, 'too_far');
  assertProblem(await book(ann, at(OPEN + 9, '09:15')), 422, 'not_aligned');
  await booked(ann, at(50, '09:15'), { session_type: 'intro' });
});

test('moving within a full day counts the appointment once, into another full day is day_full', async () => {
  const [full, other] = [OPEN + 12, OPEN + 13];
  const ann = somebody();
  const mine = await booked(ann, at(full, '09:00'));
  const bobs = await booked(somebody(), at(other, '09:00'));
  for (const clock of ['10:00', '11:00']) await booked(somebody(), at(full, clock));
  const owner = stack.client(bobs.user_id);
  assertProblem(
    await owner.put(`/booking/${bobs.id}/reschedule`, { start: at(full, '12:00') }),
    409,
    'day_full',
  );
  assertStatus(await ann.put(`/booking/${mine.id}/reschedule`, { start: at(full, '12:00') }), 200);
});

test('coach and admin are bound by hours, grid, overlaps and the past, and by nothing else', async () => {
  const soon = new Date(NOW).getUTCHours() < 14 ? at(0, '15:00') : at(1, '09:00'); // within the notice
  const full = OPEN + 14;
  for (const clock of ['09:00', '10:00', '11:00']) await booked(somebody(), at(full, clock));
  for (const [who, clock] of [
    [coach, '12:00'],
    [stack.admin(), '13:00'],
  ]) {
    await booked(who, later(soon, who === coach ? 0 : 60));
    await booked(who, at(200, clock));
    await booked(who, at(full, clock));
    assertProblem(await book(who, at(full, '09:00')), 409, 'slot_taken');
    assertProblem(await book(who, at(full, '08:00')), 422, 'outside_hours');
    assertProblem(await book(who, at(CLOSED, '10:00')), 422, 'outside_hours');
    assertProblem(await book(who, at(BLOCKED, '10:00')), 422, 'blocked');
    assertProblem(await book(who, at(full, '14:10')), 422, 'not_aligned');
    assertProblem(await book(who, at(full, '14:00'), { duration_minutes: 45 }), 422, 'bad_duration');
    assertProblem(await book(who, at(-2, '10:00')), 422, 'too_soon');
  }
  const elsewhere = stack.client('clara', { role: 'coach', coach: 'clara' });
  assertProblem(await book(elsewhere, at(200, '15:00')), 422, 'too_far');
});

test('racing for the last place of a day: exactly one gets it', async () => {
  const day = OPEN + 16;
  for (const clock of ['09:00', '10:00']) await booked(somebody(), at(day, clock));
  const crowd = ['11:00', '11:30', '12:00', '13:00', '14:00', '15:00', '16:00', '16:30'];
  const replies = await Promise.all(crowd.map((clock) => book(somebody(), at(day, clock))));
  assert.deepEqual(countStatuses(replies), { 201: 1, 409: 7 });
  assert.ok(replies.every(({ status, body }) => status === 201 || body.code === 'day_full'));
});

test('racing moves into the last place of a day: exactly one gets it', async () => {
  const day = OPEN + 17;
  const movers = [];
  for (const clock of ['09:00', '10:00', '11:00']) {
    const client = somebody();
    movers.push([client, await booked(client, at(OPEN + 18, clock))]);
  }
  for (const clock of ['09:00', '10:00']) await booked(somebody(), at(day, clock));
  const replies = await Promise.all(
    movers.map(([client, { id }], i) =>
      client.put(`/booking/${id}/reschedule`, { start: at(day, `1${2 + i}:00`) }),
    ),
  );
  assert.deepEqual(countStatuses(replies), { 200: 1, 409: 2 });
});

test("racing for a client's one place of a type: exactly one gets it", async () => {
  const ann = somebody();
  const clocks = ['09:00', '09:45', '10:30', '11:15', '12:00', '12:45'];
  const replies = await Promise.all(
    clocks.map((clock, i) => book(ann, at(OPEN + 7 + (i % 3), clock), { session_type: 'intro' })),
  );
  assert.deepEqual(countStatuses(replies), { 201: 1, 409: 5 });
});
