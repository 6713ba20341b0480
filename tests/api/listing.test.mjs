// GET /booking/availability, the window and what comes with the slots: everything but the slot rules themselves,
// which tests/unit/domain and tests/model hold against the contract.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { schedule, startStack } from '../harness/stack.mjs';

const DAY = 24 * 60;
const OPEN = { days: ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], from: '00:00', to: '24:00' };
const HOURLY = schedule({
  weekly: [OPEN],
  policy: { step_minutes: 60, horizon_days: 100, max_active_per_user: 2 },
  session_types: [
    { id: 'coaching', name: 'Coaching', durations: [30, 60], meeting: 'google_meet' },
    {
      id: 'intro',
      name: 'Introduction',
      durations: [15],
      meeting: 'phone',
      policy: { max_active_per_user: null },
    },
    { id: 'workshop', durations: [120, 240], meeting: 'none' },
    {
      id: 'daily',
      durations: [30],
      meeting: 'none',
      policy: { max_per_day: 1, max_active_per_user: null },
    },
    { id: 'arranged', durations: [30], meeting: 'none', policy: { max_active_per_user: 0 } },
  ],
});
let stack, ann;
before(async () => {
  stack = await startStack({ document: HOURLY });
  ann = stack.client('ann');
});
after(() => stack.stop());

const path = (query) => `/booking/availability?${new URLSearchParams(query)}`;
const list = async (query, client = ann) => assertStatus(await client.get(path(query)), 200);
const starts = async (query, client) => (await list(query, client)).slots.map(({ start }) => start);
const seconds = (text) => Date.parse(text) / 1000;
const now = () => Math.floor(Date.now() / 1000);
const day = (n) => stack.slot(24 * n).slice(0, 10);

test('without a query: the only coach, the first type, its first duration, the coach’s zone, from now on', async () => {
  const before = now();
  const body = await list({});
  const { coach, session_type, duration_minutes, time_zone, coach_time_zone } = body;
  assert.deepEqual(
    { coach, session_type, duration_minutes, time_zone, coach_time_zone },
    {
      coach: 'damian',
      session_type: 'coaching',
      duration_minutes: 30,
      time_zone: 'America/New_York',
      coach_time_zone: 'America/New_York',
    },
  );
  assert.ok(seconds(body.from) >= before && seconds(body.from) <= now());
  assert.equal(seconds(body.to) - seconds(body.from), 62 * 86400, 'a horizon of 100 days is cut to 62');
  assert.ok(body.slots.every(({ start, end }) => end === later(start, 30)));
  assert.ok(seconds(body.slots[0].start) >= before + 86400, 'a day of notice');
  assert.equal(body.calendar.state, 'off');
  assert.equal(body.next_available, undefined, 'only when there are no slots');
});

test('a horizon below 62 days ends the default window, its last second included', async () => {
  const own = await startStack({ document: schedule({ weekly: [OPEN], policy: { horizon_days: 3 } }) });
  try {
    const body = await list({}, own.client('ann'));
    const span = seconds(body.to) - seconds(body.from);
    assert.ok(span >= 3 * 86400 && span <= 3 * 86400 + 1, `${span}`);
    const last = seconds(body.slots.at(-1).start);
    assert.ok(last > now() + 3 * 86400 - 1800 - 5 && last <= now() + 3 * 86400);
  } finally {
    await own.stop();
  }
});

test('a day begins and ends in tz: 24 hours on most dates, 23 or 25 when its clocks change', async () => {
  const body = await list({ from: day(3), to: day(3), tz: 'Asia/Kathmandu' });
  assert.equal(body.time_zone, 'Asia/Kathmandu');
  assert.equal(body.coach_time_zone, 'America/New_York');
  assert.equal(body.from, later(`${day(3)}T00:00:00Z`, -345));
  assert.equal(body.to, later(`${day(3)}T00:00:00Z`, -345 + DAY));
  // The grid is the coach's whatever the booker's zone: whole hours of New York.
  assert.equal(body.slots.length, 24);
  assert.ok(body.slots.every(({ start }) => start.endsWith(':00:00Z')));
  // Dates whose clocks change, in a year far from now, are beyond the horizon; their window says it all.
  const forward = await list({ from: '2031-03-09', to: '2031-03-09', tz: 'America/New_York' });
  assert.deepEqual([forward.from, forward.to], ['2031-03-09T05:00:00Z', '2031-03-10T04:00:00Z']);
  const back = await list({ from: '2031-11-02', to: '2031-11-02', tz: 'America/New_York' });
  assert.deepEqual([back.from, back.to], ['2031-11-02T04:00:00Z', '2031-11-03T05:00:00Z']);
});

test('an instant as `to` is exclusive, as `from` inclusive; both kinds may be mixed', async () => {
  const [from, to] = [stack.slot(48), stack.slot(51)];
  assert.deepEqual(await starts({ from, to }), [stack.slot(48), stack.slot(49), stack.slot(50)]);
  assert.deepEqual(
    await starts({ from: later(from, 1), to: later(to, 1) }),
    [49, 50, 51].map((n) => stack.slot(n)),
  );
  assert.deepEqual(await starts({ from, to: from }), []);
  const mixed = await list({ from, to: day(2), tz: 'UTC' });
  assert.deepEqual([mixed.from, mixed.to], [from, stack.slot(72)]);
  assert.equal(mixed.slots.length, 24);
});

test('a `+` that was sent as it is counts as one', async () => {
  const kathmandu = (n) => later(stack.slot(n), 345).replace('Z', '+05:45');
  const reply = await ann.get(`/booking/availability?from=${kathmandu(48)}&to=${kathmandu(50)}`);
  assert.deepEqual(
    assertStatus(reply, 200).slots.map(({ start }) => start),
    [stack.slot(48), stack.slot(49)],
  );
});

test('a window that begins in the past offers nothing that has gone by', async () => {
  const body = await list({ from: day(-10), to: day(3) });
  assert.equal(body.from.slice(0, 10), day(-10));
  assert.ok(seconds(body.slots[0].start) >= now() + 86400 - 5);
  const past = await list({ from: day(-10), to: day(-5) });
  assert.deepEqual(past.slots, []);
  assert.ok(seconds(past.next_available) >= now() + 86400 - 5);
});

test('62 days may be asked for, a day more may not, nor `to` before `from`', async () => {
  assertStatus(await ann.get(path({ from: day(1), to: day(62) })), 200);
  assertStatus(await ann.get(path({ from: stack.slot(0), to: later(stack.slot(0), 62 * DAY) })), 200);
  const minuteMore = path({ from: stack.slot(0), to: later(stack.slot(0), 62 * DAY + 1) });
  assertProblem(await ann.get(minuteMore), 400, 'bad_parameter', 'to');
  assertProblem(await ann.get(path({ from: day(1), to: day(63) })), 400, 'bad_parameter', 'to');
  assertProblem(await ann.get(path({ from: day(3), to: day(2) })), 400, 'bad_parameter', 'to');
  const backwards = { from: stack.slot(2), to: stack.slot(1) };
  assertProblem(await ann.get(path(backwards)), 400, 'bad_parameter', 'to');
  assertStatus(await ann.get(path({ from: '2030-10-20', to: '2030-12-20', tz: 'America/New_York' })), 200);
});

for (const [field, value] of [
  ['from', 'yesterday'],
  ['from', ''],
  ['from', '2027-02-30'],
  ['from', '2027-2-3'],
  ['to', '2027-02-03T10:00:00'],
  ['to', '2027-02-03 10:00:00Z'],
  ['to', '9999999999'],
  ['duration', '-5'],
  ['duration', '0'],
  ['duration', ''],
  ['duration', '30.0'],
  ['duration', '1e2'],
  ['duration', ' 30'],
  ['duration', '0x1E'],
  ['duration', '99999999999999999999'],
  ['tz', 'Mars/Base'],
  ['tz', ''],
  ['tz', '../../etc/passwd'],
  ['tz', 'america/new_york'],
  ['rescheduling', 'x'],
])
  test(`${field}=${value} is a malformed parameter`, async () => {
    assertProblem(await ann.get(path({ [field]: value })), 400, 'bad_parameter', field);
  });

test('a duration that is well written but not offered is bad_duration, of any size', async () => {
  for (const duration of [1, 29, 45, 120, 1441, 100000])
    assertProblem(await ann.get(path({ duration })), 422, 'bad_duration', 'duration');
});

test('unknown coaches and session types are 404 by name', async () => {
  assertProblem(await ann.get(path({ coach: 'nobody' })), 404, 'unknown_coach', 'coach');
  assertProblem(await ann.get(path({ session_type: 'yoga' })), 404, 'unknown_session_type', 'session_type');
});

test('a session type brings its own durations', async () => {
  assert.equal((await list({ session_type: 'intro' })).duration_minutes, 15);
  assert.equal((await list({ session_type: 'workshop' })).duration_minutes, 120);
  assert.equal((await list({ session_type: 'workshop', duration: 240 })).duration_minutes, 240);
  assertProblem(
    await ann.get(path({ session_type: 'intro', duration: 30 })),
    422,
    'bad_duration',
    'duration',
  );
});

test('with no slots next_available is the first start at or after from, null when there is none in the horizon', async () => {
  const gap = await list({ from: later(stack.slot(48), 1), to: later(stack.slot(48), 59) });
  assert.deepEqual([gap.slots, gap.next_available], [[], stack.slot(49)]);
  const soon = await list({ to: later(new Date().toISOString().slice(0, 19) + 'Z', 60) });
  assert.ok(
    seconds(soon.next_available) - now() >= 86400 - 5 && seconds(soon.next_available) - now() <= 90000,
  );
  assert.equal((await list({ from: '2031-01-01', to: '2031-01-02' })).next_available, null);
});

test('an unchanged answer keeps its ETag while time goes by, a booking changes it', async () => {
  const range = path({ from: stack.slot(100), to: stack.slot(110) });
  const first = await ann.get(range);
  let asked, whole;
  do {
    asked = now(); // in whole seconds, as the listing counts
    const before = await ann.get('/booking/availability');
    await until('another second', () => now() > asked);
    whole = await ann.get('/booking/availability', { 'if-none-match': `"x", ${before.headers.etag}` });
  } while (Math.ceil(asked / 3600) !== Math.ceil(now() / 3600)); // a second after the hour its time is too near
  assert.equal(whole.status, 304);
  const again = await ann.get(range, { 'if-none-match': first.headers.etag });
  assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', first.headers.etag]);
  assert.equal((await ann.get(range, { 'if-none-match': '"x"' })).status, 200);
  assert.equal((await ann.get(range, { 'if-none-match': '*' })).status, 304);
  const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(105) }), 201);
  const changed = await ann.get(range, { 'if-none-match': first.headers.etag });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.etag, first.headers.etag);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
  assert.equal((await ann.get(range, { 'if-none-match': first.headers.etag })).status, 304);
});

test('a compressed answer is the same answer', async () => {
  const range = path({ from: stack.slot(100), to: stack.slot(300) });
  const plain = await ann.get(range);
  const zipped = await ann.get(range, { 'accept-encoding': 'gzip' });
  assert.equal(zipped.headers['content-encoding'], 'gzip');
  assert.match(zipped.headers.vary, /accept-encoding/i);
  const { gunzipSync } = await import('node:zlib');
  assert.deepEqual(JSON.parse(gunzipSync(zipped.bytes)).slots, plain.body.slots);
});

test('who has reached the limit gets no slots and is told why, others get theirs', async () => {
  const bob = stack.client('bob');
  for (const n of [120, 122]) assertStatus(await bob.post('/booking/create', { start: stack.slot(n) }), 201);
  const range = { from: stack.slot(119), to: stack.slot(125) };
  const limited = await list(range, bob);
  assert.deepEqual(
    [limited.slots, limited.next_available, limited.refusal.code],
    [[], null, 'booking_limit'],
  );
  assert.equal(typeof limited.refusal.detail, 'string');
  assert.deepEqual(
    await starts(range),
    [119, 121, 123, 124].map((n) => stack.slot(n)),
  );
  const free = await list({ ...range, session_type: 'intro' }, bob);
  assert.equal(free.slots.length, 4, 'a type without a limit of its own has none');
});

test('rescheduling leaves out the appointment: its time, the limit, and takes over what it is', async () => {
  const cleo = stack.client('cleo');
  const body = { start: stack.slot(130), duration_minutes: 60 };
  const made = assertStatus(await cleo.post('/booking/create', body), 201);
  assertStatus(await cleo.post('/booking/create', { start: stack.slot(140) }), 201);
  const range = { from: stack.slot(129), to: stack.slot(132) };
  assert.deepEqual(await starts(range, cleo), [], 'the limit is reached');
  const moving = await list({ ...range, rescheduling: made.id }, cleo);
  assert.equal(moving.duration_minutes, 60);
  assert.equal(moving.refusal, undefined);
  assert.deepEqual(
    moving.slots.map(({ start }) => start),
    [129, 130, 131].map((n) => stack.slot(n)),
  );
  assert.equal((await list({ ...range, rescheduling: made.id, duration: 30 }, cleo)).duration_minutes, 30);
  const workshop = { start: stack.slot(150), session_type: 'workshop', duration_minutes: 240 };
  const dora = stack.client('dora');
  const other = assertStatus(await dora.post('/booking/create', workshop), 201);
  const found = await list({ rescheduling: other.id }, dora);
  assert.deepEqual([found.session_type, found.duration_minutes], ['workshop', 240]);
  // Coach and admin may look on behalf of the client; nobody else may, and nothing tells them that it exists.
  assert.equal((await list({ rescheduling: other.id }, stack.coach())).duration_minutes, 240);
  for (const id of [other.id, '00000000-0000-4000-8000-000000000000'])
    assertProblem(await ann.get(path({ rescheduling: id })), 404, 'not_found', 'rescheduling');
  assertStatus(await dora.put(`/booking/${other.id}/cancel`), 200);
  assertProblem(await dora.get(path({ rescheduling: other.id })), 404, 'not_found', 'rescheduling');
});

test('who has more than the limit by the coach’s word is offered times to move each of them to', async () => {
  const eli = stack.client('eli');
  const body = (n, session_type) => ({ client: { user_id: 'eli' }, start: stack.slot(n), session_type });
  const coach = stack.coach();
  const weekly = { ...body(160, 'coaching'), count: 3 };
  const { appointments } = assertStatus(await coach.post('/coach/damian/series', weekly), 201);
  assertStatus(await coach.post('/coach/damian/appointments', body(161, 'coaching')), 201);
  assertStatus(await coach.post('/coach/damian/appointments', body(162, 'coaching')), 201);
  const arranged = assertStatus(await coach.post('/coach/damian/appointments', body(163, 'arranged')), 201);
  const range = { from: stack.slot(160), to: stack.slot(166) };
  assert.equal((await list(range, eli)).refusal.code, 'booking_limit', 'no further one');
  assert.equal((await list({ ...range, session_type: 'arranged' }, eli)).refusal.code, 'booking_limit');
  for (const [moved, free, to] of [
    [appointments[0], [160, 164, 165], 164],
    [arranged, [160, 163, 165], 165],
  ]) {
    const found = await list({ ...range, rescheduling: moved.id }, eli);
    assert.equal(found.refusal, undefined);
    assert.deepEqual(
      found.slots.map(({ start }) => start),
      free.map((n) => stack.slot(n)),
    );
    assertStatus(await eli.put(`/booking/${moved.id}/reschedule`, { start: stack.slot(to) }), 200);
  }
});

test('who moves a session for a client is offered no day that is full, as the move finds it', async () => {
  const at = (n) => ({ session_type: 'daily', start: stack.slot(24 * n + 15) });
  const made = assertStatus(await stack.client('fay').post('/booking/create', at(40)), 201);
  assertStatus(await stack.client('gil').post('/booking/create', at(42)), 201);
  const on = async (n, who) =>
    (await list({ rescheduling: made.id, from: day(n), to: day(n) }, who)).slots.length;
  for (const who of [stack.client('fay'), stack.coach(), stack.admin()]) {
    assert.deepEqual([await on(40, who), await on(41, who), await on(42, who)], [24, 24, 0]);
    const to = { start: later(at(42).start, 120) };
    assertProblem(await who.put(`/booking/${made.id}/reschedule`, to), 409, 'day_full');
  }
});

test('who books for a client is offered no day that is full, as the booking finds it', async () => {
  const at = (n) => ({ session_type: 'daily', start: stack.slot(24 * n + 15) });
  assertStatus(await stack.client('gus').post('/booking/create', at(44)), 201);
  const query = (n, more) => ({ session_type: 'daily', from: day(n), to: day(n), ...more });
  for (const who of [stack.coach(), stack.admin()]) {
    const on = async (n, more) => (await list(query(n, more), who)).slots.length;
    assert.deepEqual([await on(43, { user_id: 'fay' }), await on(44, { user_id: 'fay' })], [24, 0]);
    assert.equal(await on(44), 23, 'for themselves');
    const wish = { client: { user_id: 'fay' }, ...at(44), start: later(at(44).start, 120) };
    assertProblem(await who.post('/coach/damian/appointments', wish), 409, 'day_full');
    for (const more of [{ coach: 'any' }, { rescheduling: '00000000-0000-4000-8000-000000000000' }])
      assertProblem(
        await who.get(path(query(44, { user_id: 'fay', ...more }))),
        400,
        'bad_parameter',
        'user_id',
      );
  }
  for (const who of [ann, stack.client('clara', { role: 'coach', coach: 'clara' })])
    assertProblem(await who.get(path(query(44, { user_id: 'fay' }))), 403, 'forbidden', 'user_id');
});

test('coach and admin are offered times without notice and beyond the horizon, but none that has gone by', async () => {
  for (const who of [stack.coach(), stack.admin()]) {
    const soon = await starts({ to: later(new Date().toISOString().slice(0, 19) + 'Z', 180) }, who);
    assert.ok(soon.length >= 2 && seconds(soon[0]) >= now() - 5 && seconds(soon[0]) <= now() + 3600);
    const far = await starts({ from: day(120), to: day(120), tz: 'UTC' }, who);
    assert.equal(far.length, 24);
  }
  const other = stack.client('clara', { role: 'coach', coach: 'clara' });
  assert.deepEqual(
    await starts({ from: day(120), to: day(120) }, other),
    [],
    "another coach is anybody's client",
  );
});

test('what takes long is computed by a worker, never where all connections are served', async () => {
  const every = (step_minutes) => schedule({ weekly: [OPEN], policy: { step_minutes, horizon_days: 366 } });
  assertStatus(await stack.admin().put('/coach/quick/schedule', every(30)), 201);
  assertStatus(await stack.admin().put('/coach/dense/schedule', every(1)), 201);
  const lane = async (query) => {
    const id = `lane-${Math.random()}`;
    const reply = await ann.get(path(query), { 'x-request-id': id, 'accept-encoding': 'gzip' });
    assertStatus(reply, 200);
    return JSON.parse(await stack.daemon.logged(id)).lane;
  };
  const wide = { from: stack.slot(48), to: stack.slot(48 + 61 * 24) };
  const narrow = { from: stack.slot(48), to: stack.slot(72) };
  for (const coach of ['quick', 'dense']) {
    // Once asked it is in memory, until the news of its schedule has come.
    await list({ coach, ...narrow });
    await until(
      `${coach} from memory`,
      async () => (await lane({ coach, ...narrow, to: stack.slot(71) })) === 'loop',
    );
  }
  assert.equal((await list({ coach: 'quick', ...wide })).slots.length, 61 * 48);
  await until(
    'quick from memory',
    async () => (await lane({ coach: 'quick', ...wide, to: stack.slot(48 + 60 * 24) })) === 'loop',
  );
  assert.equal((await list({ coach: 'dense', ...wide })).slots.length, 61 * (1440 - 29));
  assert.equal(await lane({ coach: 'dense', ...wide, to: stack.slot(48 + 60 * 24) }), 'listing');
});

test('with several coaches one must be named', async () => {
  assertStatus(await stack.admin().put('/coach/clara/schedule', HOURLY), 201);
  assertProblem(await ann.get('/booking/availability'), 400, 'bad_parameter', 'coach');
  assertProblem(await ann.post('/booking/create', { start: stack.slot(60) }), 422, 'invalid_field', 'coach');
  assert.equal((await list({ coach: 'clara' })).coach, 'clara');
  const body = { start: stack.slot(60), coach: 'clara' };
  assert.equal(assertStatus(await ann.post('/booking/create', body), 201).coach, 'clara');
  assert.ok(
    (await starts({ coach: 'damian', from: stack.slot(60), to: stack.slot(61) })).length,
    'each has their own',
  );
});

test('PUBLIC_AVAILABILITY opens the listing to all, and only the listing', async () => {
  assertProblem(await stack.stranger().get(path({ coach: 'clara' })), 401, 'unauthenticated');
  const own = await startStack({ document: HOURLY, env: { PUBLIC_AVAILABILITY: '1' } });
  try {
    const stranger = own.stranger();
    assert.ok((await list({}, stranger)).slots.length > 100);
    const ended = own.client('the-coach', { role: 'coach', coach: 'damian', exp: now() - 3600 });
    for (const who of [stranger, ended])
      assertProblem(await who.get(path({ user_id: 'fay' })), 401, 'unauthenticated', 'user_id');
    assertProblem(await stranger.post('/booking/create', { start: own.slot(1) }), 401, 'unauthenticated');
    assertProblem(await stranger.get('/booking/user/me'), 401, 'unauthenticated');
  } finally {
    await own.stop();
  }
});
