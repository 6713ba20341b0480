// GET /booking/availability: the coach's hours less what is taken, and never a time that was not checked.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { schedule, startStack } from '../harness/stack.mjs';

let stack, ann, bob;
before(async () => {
  stack = await startStack({
    google: 'delegated',
    document: schedule(),
    env: { CALENDAR_STALE_SECONDS: '0' },
  });
  range = `?from=${stack.slot(24)}&to=${stack.slot(26 * 24)}`;
  ann = stack.client('ann');
  bob = stack.client('bob');
});
after(() => stack.stop());

/** Days in the middle of what is offered: the first and the last time go by the clock, at any half hour. */
let range;
const list = async (query = '') => assertStatus(await ann.get(`/booking/availability${query}`), 200);
const starts = async (query) => (await list(query)).slots.map(({ start }) => start);

/** Weekday, hour and minute of an instant on New York's clocks. */
function inNewYork(text) {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/New_York',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(new Date(text));
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return { weekday: part.weekday, minutes: part.hour * 60 + +part.minute };
}

test('by default: weekdays 9 to 17 of the coach, a day ahead, for 30 days, every half hour', async () => {
  // In whole seconds, as the listing counts; again where a half hour came, or had just come, meanwhile.
  const seconds = () => Math.floor(Date.now() / 1000);
  const halves = (at) => `${Math.floor(at / 1800)} ${Math.ceil(at / 1800)}`;
  let asked, body;
  do {
    asked = seconds();
    body = await list();
  } while (halves(asked) !== halves(seconds()));
  const now = asked * 1000;
  assert.deepEqual(
    [body.coach, body.session_type, body.duration_minutes, body.time_zone, body.coach_time_zone],
    ['damian', 'coaching', 30, 'America/New_York', 'America/New_York'],
  );
  assert.equal(body.calendar.state, 'live');
  const expected = [];
  for (let at = Math.ceil(now / 1_800_000) * 1_800_000; at <= now + 30 * 86_400_000; at += 1_800_000) {
    const { weekday, minutes } = inNewYork(at);
    if (at >= now + 86_400_000 && !['Sat', 'Sun'].includes(weekday) && minutes >= 540 && minutes + 30 <= 1020)
      expected.push(new Date(at).toISOString().replace('.000', ''));
  }
  assert.deepEqual(
    body.slots.map(({ start }) => start),
    expected,
  );
  assert.ok(body.slots.every(({ start, end }) => end === later(start, 30)));
});

test('an hour must fit as a whole', async () => {
  const hours = await starts('?duration=60');
  assert.ok(hours.length > 100);
  assert.ok(hours.every((start) => inNewYork(start).minutes <= 16 * 60));
});

test('what is busy in Google Calendar is not offered, and nothing else is missing', async () => {
  const free = await starts(range);
  const [start] = free.slice(7);
  await stack.google.busy(stack.calendar, later(start, 10), later(start, 20));
  assert.deepEqual(
    await starts(range),
    free.filter((slot) => slot !== start),
  );
});

test('what is booked is not offered in the very next reply, and offered again once cancelled', async () => {
  const free = await starts(range);
  const start = (await starts(`${range}&duration=60`))[25];
  const made = assertStatus(await bob.post('/booking/create', { start, duration_minutes: 60 }), 201);
  assert.deepEqual(
    await starts(range),
    free.filter((slot) => slot !== start && slot !== later(start, 30)),
  );
  assertStatus(await bob.put(`/booking/${made.id}/cancel`), 200);
  assert.deepEqual(await starts(range), free);
});

test('from and to bound the starts: days in tz with the last one included, instants with the last one excluded', async () => {
  const free = await starts(range);
  const day = free[20].slice(0, 10);
  const inTokyo = (text) => later(text, 9 * 60).slice(0, 10); // Japan has no summer time
  assert.deepEqual(
    await starts(`?from=${day}&to=${day}&tz=Asia/Tokyo`),
    free.filter((slot) => inTokyo(slot) === day),
  );
  assert.deepEqual(await starts(`?from=${free[3]}&to=${free[9]}`), free.slice(3, 9));
  assert.deepEqual(
    await starts(`?from=${encodeURIComponent(free[3].replace('Z', '+00:00'))}&to=${free[4]}`),
    [free[3]],
  );
});

test('an empty range names the next start there is', async () => {
  const free = await starts(range);
  const gap = free.findIndex((slot, i) => Date.parse(free[i + 1]) - Date.parse(slot) > 36 * 3600_000); // a weekend
  const body = await list(`?from=${later(free[gap], 30)}&to=${free[gap + 1]}`);
  assert.deepEqual([body.slots, body.next_available], [[], free[gap + 1]]);
});

test('an unchanged answer is 304 for who has its ETag', async () => {
  const first = await ann.get(`/booking/availability${range}`);
  assert.match(first.headers.etag, /"/);
  const again = await ann.get(`/booking/availability${range}`, { 'if-none-match': first.headers.etag });
  assert.deepEqual([again.status, again.text], [304, '']);
});

for (const fault of ['free_busy_error', 'free_busy_missing', 'free_busy_no_busy']) {
  test(`no time is offered and none is sold when freeBusy answers with ${fault}`, async () => {
    const [free] = (await starts(range)).slice(40);
    await stack.google.fault(fault);
    assertProblem(await ann.get('/booking/availability'), 503, 'calendar_unavailable');
    assertProblem(await ann.post('/booking/create', { start: free }), 503, 'calendar_unavailable');
    await stack.google.heal();
    assert.equal(stack.database.value("SELECT count(*) FROM appointment WHERE status = 'scheduled'"), 0);
  });
}

for (const [query, status, code] of [
  ['duration=-5', 400, 'bad_parameter'],
  ['duration=abc', 400, 'bad_parameter'],
  ['duration=30.5', 400, 'bad_parameter'],
  ['duration=45', 422, 'bad_duration'],
  ['from=yesterday', 400, 'bad_parameter'],
  ['from=2026-02-30', 400, 'bad_parameter'],
  ['from=2026-11-24T10:00:00', 400, 'bad_parameter'],
  ['tz=Mars/Base', 400, 'bad_parameter'],
  ['from=2027-01-01&to=2027-03-05', 400, 'bad_parameter'],
  ['from=2027-01-02&to=2027-01-01', 400, 'bad_parameter'],
  ['coach=nobody', 404, 'unknown_coach'],
  ['session_type=yoga', 404, 'unknown_session_type'],
  ['rescheduling=no-uuid', 400, 'bad_parameter'],
  ['from=%ZZ', 400, 'bad_parameter'],
]) {
  test(`${query} is ${status} ${code}`, async () => {
    const reply = await ann.get(`/booking/availability?${query}`);
    assertProblem(reply, status, code, reply.body?.field);
  });
}
