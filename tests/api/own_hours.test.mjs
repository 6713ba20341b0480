// A session type's own hours, `weekly` and `overrides`: one rule for listing, booking, moving, explaining.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { schedule, startStack } from '../harness/stack.mjs';

const NOW = Date.now();
/** The date `n` days from today, in the coach's zone, which is UTC here. */
const date = (n) => new Date(NOW + n * 86_400_000).toISOString().slice(0, 10);
const at = (n, clock) => `${date(n)}T${clock}:00Z`;
/** The same as people read it: the year only if it is another one. */
const inWords = (day) =>
  new Date(day).toLocaleDateString('en-US', {
    timeZone: 'UTC',
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    year: day.startsWith(new Date(NOW).toISOString().slice(0, 4)) ? undefined : 'numeric',
  });
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

// Days from today. The coach closes one, and works differently on another; evenings has a date of its own on both.
const [PLAIN, CLOSED, SPECIAL, OPENED, BLOCKED] = [4, 6, 8, 10, 12];
const DOCUMENT = schedule({
  time_zone: 'UTC',
  weekly: [{ days: DAYS, from: '09:00', to: '12:00' }],
  overrides: [
    { date: date(CLOSED), intervals: [] },
    { date: date(SPECIAL), intervals: [{ from: '14:00', to: '15:00' }] },
    { date: date(OPENED), intervals: [] },
  ],
  blocked: [{ from: date(BLOCKED), to: date(BLOCKED + 1) }],
  policy: { max_active_per_user: null },
  session_types: [
    { id: 'coaching', durations: [60], meeting: 'none' },
    {
      id: 'evening',
      durations: [60],
      meeting: 'none',
      weekly: [{ days: DAYS, from: '18:00', to: '20:00' }],
      overrides: [
        { date: date(OPENED), intervals: [{ from: '20:00', to: '22:00' }] },
        { date: date(BLOCKED), intervals: [{ from: '20:00', to: '22:00' }] },
      ],
    },
    {
      id: 'once',
      durations: [60],
      meeting: 'none',
      weekly: [],
      overrides: [{ date: date(PLAIN), intervals: [{ from: '07:00', to: '08:00' }] }],
    },
    {
      id: 'less',
      durations: [60],
      meeting: 'none',
      overrides: [{ date: date(PLAIN), intervals: [] }],
    },
  ],
});
let stack, coach, ann;
before(async () => {
  stack = await startStack({ document: DOCUMENT });
  coach = stack.coach();
  ann = stack.client('ann');
});
after(() => stack.stop());

const listed = async (type, day) => {
  const query = `from=${date(day)}&to=${date(day)}&tz=UTC&session_type=${type}`;
  const { slots } = assertStatus(await ann.get(`/booking/availability?${query}`), 200);
  return slots.map(({ start }) => start.slice(11, 16));
};
const explained = async (type, start) =>
  assertStatus(await coach.get(`/coach/damian/explain?session_type=${type}&start=${start}`), 200);

test('the type’s date stands before the coach’s, any date before weekly hours, and blocked before all', async () => {
  const table = [
    ['coaching', PLAIN, ['09:00', '09:30', '10:00', '10:30', '11:00']],
    ['coaching', CLOSED, []],
    ['coaching', SPECIAL, ['14:00']],
    ['coaching', OPENED, []],
    ['evening', PLAIN, ['18:00', '18:30', '19:00']],
    ['evening', CLOSED, []],
    ['evening', SPECIAL, ['14:00']],
    ['evening', OPENED, ['20:00', '20:30', '21:00']],
    ['evening', BLOCKED, []],
    ['once', PLAIN, ['07:00']],
    ['once', PLAIN + 1, []],
    ['less', PLAIN, []],
    ['less', PLAIN + 1, ['09:00', '09:30', '10:00', '10:30', '11:00']],
  ];
  for (const [type, day, starts] of table)
    assert.deepEqual(await listed(type, day), starts, `${type} on day ${day}`);
});

test('booking, holding and moving take the same hours, and explain says which', async () => {
  const evening = { session_type: 'evening' };
  const outside = await ann.post('/booking/create', { ...evening, start: at(PLAIN, '10:00') });
  assertProblem(outside, 422, 'outside_hours');
  assert.match(outside.body.detail, /this kind of session is offered from 18:00 to 20:00/);
  assertProblem(
    await ann.post('/booking/hold', { ...evening, start: at(CLOSED, '18:00') }),
    422,
    'outside_hours',
  );
  assertProblem(await ann.post('/booking/create', { start: at(PLAIN, '18:00') }), 422, 'outside_hours');

  const { id } = assertStatus(
    await ann.post('/booking/create', { ...evening, start: at(PLAIN, '18:00') }),
    201,
  );
  assertProblem(
    await ann.put(`/booking/${id}/reschedule`, { start: at(PLAIN, '10:00') }),
    422,
    'outside_hours',
  );
  assertStatus(await ann.put(`/booking/${id}/reschedule`, { start: at(OPENED, '21:00') }), 200);

  assert.deepEqual(await explained('evening', at(PLAIN, '18:30')), {
    bookable: true,
    approval: false,
    reasons: [],
  });
  const { bookable, reasons } = await explained('evening', at(CLOSED, '18:00'));
  assert.equal(bookable, false);
  assert.deepEqual(reasons, [
    {
      rule: 'outside_hours',
      detail: `This kind of session isn't offered on ${inWords(date(CLOSED))}.`,
    },
  ]);
  assert.match((await explained('coaching', at(PLAIN, '18:00'))).reasons[0].detail, /working hours are from/);
});

test('a coach books past the hours of a type by name, as past their own', async () => {
  const wish = { client: { user_id: 'bob' }, session_type: 'evening', start: at(PLAIN + 2, '10:00') };
  assertProblem(await coach.post('/coach/damian/appointments', wish), 422, 'outside_hours');
  assertStatus(await coach.post('/coach/damian/appointments', { ...wish, override: ['outside_hours'] }), 201);
});

test('what changes in the hours of a type shows in the next listing, in its tag, and in what no longer fits', async () => {
  const path = `/booking/availability?from=${date(20)}&to=${date(20)}&tz=UTC&session_type=evening`;
  const before = await ann.get(path);
  const { id } = assertStatus(
    await ann.post('/booking/create', { session_type: 'evening', start: at(20, '18:00') }),
    201,
  );
  const other = assertStatus(await ann.post('/booking/create', { start: at(20, '10:00') }), 201);

  const session_types = DOCUMENT.session_types.map((type) =>
    type.id === 'evening' ? { ...type, weekly: [{ days: DAYS, from: '06:00', to: '07:00' }] } : type,
  );
  const changed = assertStatus(
    await coach.put('/coach/damian/schedule', { ...DOCUMENT, session_types }),
    200,
  );
  const outside = changed.appointments_outside_hours.map((one) => one.id);
  assert.ok(outside.includes(id));
  assert.ok(!outside.includes(other.id));
  assert.deepEqual(await listed('evening', 20), ['06:00']);
  const after = await ann.get(path, { 'if-none-match': before.headers.etag });
  assert.equal(after.status, 200);
  assert.notEqual(after.headers.etag, before.headers.etag);
  const again = await ann.get(path, { 'if-none-match': after.headers.etag });
  assert.equal(again.status, 304);

  // A document that is put back as it was read stays the same.
  const read = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  const { appointments_outside_hours: ignored, ...same } = assertStatus(
    await coach.put('/coach/damian/schedule', read),
    200,
  );
  assert.ok(ignored);
  assert.deepEqual(same, read);
});

test('a series is booked in the hours of its type', async () => {
  const wish = { session_type: 'evening', every_weeks: 1, count: 2, on_conflict: 'refuse' };
  const start = at(14, '06:00');
  const preview = await ann.get(`/booking/series/preview?${new URLSearchParams({ ...wish, start })}`);
  const { occurrences } = assertStatus(preview, 200);
  assert.deepEqual(
    occurrences.map(({ bookable }) => bookable),
    [true, true],
  );
  const refused = await ann.post('/booking/series', { ...wish, start: at(14, '10:00') });
  assert.equal(refused.status, 409);
});
