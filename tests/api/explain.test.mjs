// GET /coach/:coach/explain: every rule that stands against a start, with its numbers, and none where it is bookable.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, schedule, startStack } from '../harness/stack.mjs';

const NOW = Date.now();
const date = (n) => new Date(NOW + n * 86_400_000).toISOString().slice(0, 10);
const at = (n, clock) => `${date(n)}T${clock}:00Z`;
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const KIND = { max_per_day: 9, max_active_per_user: 9 };
let stack, coach;
before(async () => {
  stack = await startStack({
    document: schedule({
      time_zone: 'UTC',
      weekly: [{ days: DAYS, from: '09:00', to: '17:00' }],
      overrides: [{ date: date(4), intervals: [] }],
      blocked: [{ from: date(6), to: date(8), reason: 'surgery' }],
      policy: { buffer_before_minutes: 10, buffer_after_minutes: 15, max_per_day: 2 },
      session_types: [
        { id: 'coaching', name: 'Coaching session', durations: [30, 60], meeting: 'google_meet' },
        {
          id: 'asked',
          durations: [30],
          meeting: 'none',
          approval: true,
          policy: KIND,
        },
        { id: 'draft', durations: [30], draft: true },
        { id: 'evening', durations: [30], weekly: [{ days: DAYS, from: '18:00', to: '20:00' }] },
        { id: 'circle', durations: [30], meeting: 'none', seats: 2, min_seats: 2, policy: KIND },
        { id: 'paid', durations: [30], meeting: 'none', price: { credits: 2 }, policy: KIND },
        { id: 'trial', durations: [30], meeting: 'none', policy: { ...KIND, max_total_per_user: 1 } },
      ],
    }),
  });
  coach = stack.coach();
});
after(() => stack.stop());

const explain = async (query, client = coach) =>
  assertStatus(await client.get(`/coach/damian/explain?${new URLSearchParams(query)}`), 200);
const rules = async (query) => (await explain(query)).reasons.map(({ rule }) => rule);

test('a start that may be booked has no reasons', async () => {
  const fine = { bookable: true, approval: false, reasons: [] };
  assert.deepEqual(await explain({ start: at(3, '10:00') }), fine);
  assert.deepEqual(await explain({ start: at(3, '10:00'), duration: 60, session_type: 'coaching' }), fine);
});

test('no kind of session named: the first that is no draft, as listing and booking have it', async () => {
  const document = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  const types = document.session_types;
  const draft = types.find(({ id }) => id === 'draft');
  const put = (session_types) => coach.put('/coach/damian/schedule', { ...document, session_types });
  assertStatus(await put([draft, ...types.filter(({ id }) => id !== 'draft')]), 200);
  try {
    const start = at(3, '10:00');
    assert.deepEqual(await explain({ start }), { bookable: true, approval: false, reasons: [] });
    const client = { user_id: 'no-type', name: 'No Type' };
    const made = assertStatus(await coach.post('/coach/damian/appointments', { client, start }), 201);
    assert.equal(made.session_type, 'coaching');
    assertStatus(await coach.put(`/booking/${made.id}/cancel`), 200);
    const series = { client, start: at(13, '10:00'), count: 2 };
    const { appointments } = assertStatus(await coach.post('/coach/damian/series', series), 201);
    for (const { id, session_type } of appointments) {
      assert.equal(session_type, 'coaching');
      assertStatus(await coach.put(`/booking/${id}/cancel`), 200);
    }
    // By its name a coach books a draft, and is told that it is one.
    assert.equal((await explain({ start, session_type: 'draft' })).bookable, false);
    const named = { client, start, session_type: 'draft' };
    const { id } = assertStatus(await coach.post('/coach/damian/appointments', named), 201);
    assertStatus(await coach.put(`/booking/${id}/cancel`), 200);
  } finally {
    assertStatus(await put(types), 200);
  }
});

test('the notice is told in the words of the contract', async () => {
  const start = new Date(Math.floor(Date.now() / 60_000) * 60_000 + 192 * 60_000)
    .toISOString()
    .replace('.000', '');
  const reason = (await explain({ start })).reasons.find(({ rule }) => rule === 'too_soon');
  assert.match(
    reason.detail,
    /^Sessions are booked at least 24 h ahead\. This one would start in 3 h 1[12] min/,
  );
});

test('off the grid: how far, and the nearest starts', async () => {
  const { bookable, reasons } = await explain({ start: at(3, '14:23') });
  assert.equal(bookable, false);
  assert.deepEqual(
    reasons.map(({ rule }) => rule),
    ['not_aligned'],
  );
  assert.match(reasons[0].detail, /^Sessions start every 30 min\. The nearest times are 14:00 and 14:30\.$/);
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

test('each rule of a kind of session is told: hours of its own, approval, a draft, what one person may have', async () => {
  const said = async (query) =>
    (await explain(query)).reasons.map(({ rule, detail }) => `${rule}: ${detail}`).join('\n');
  const start = at(12, '10:00');
  assert.match(
    await said({ start, session_type: 'evening' }),
    /^outside_hours: On .*, this kind of session is offered from 18:00 to 20:00\.$/,
  );
  assert.equal(await said({ start: at(12, '18:00'), session_type: 'evening' }), '');
  assert.deepEqual(await explain({ start, session_type: 'asked' }), {
    bookable: true,
    approval: true,
    reasons: [],
  });
  const draft = await explain({ start, session_type: 'draft' });
  assert.equal(draft.bookable, false);
  assert.match(draft.reasons[0].detail, /^This session is a draft/);

  assert.equal(
    await said({ start, session_type: 'paid', user_id: 'gus' }),
    'credits_required: This session costs 2 credits, and this client has none.',
  );
  assert.equal(await said({ start, session_type: 'paid' }), '');
  assertStatus(await coach.post('/coach/damian/credits', { user_id: 'gus', amount: 2 }), 201);
  assert.equal(await said({ start, session_type: 'paid', user_id: 'gus' }), '');
  assertStatus(await stack.client('gus').post('/booking/create', { start, session_type: 'trial' }), 201);
  assert.match(
    await said({ start: at(12, '14:00'), session_type: 'trial', user_id: 'gus' }),
    /^booking_limit: This client has already booked as many sessions of this kind/,
  );
});

test('a time that is only held is told as that: by a client, for approval, for the waiting list', async () => {
  const said = async (query) => {
    const { reasons } = await explain(query);
    assert.deepEqual(
      reasons.map(({ rule }) => rule),
      ['slot_taken'],
    );
    return reasons[0].detail;
  };
  const [hal, ivy, joe] = ['hal', 'ivy', 'joe'].map((who) => stack.client(who));
  const start = at(13, '10:00');
  const held = assertStatus(await hal.post('/booking/hold', { start, duration_minutes: 30 }), 201);
  assert.match(
    await said({ start }),
    /from 09:50 to 10:45\. A client is about to book it, and it's held until \d\d:\d\d( on .*)?\.$/,
  );
  assertStatus(await hal.put(`/booking/${held.id}/confirm`), 200);
  assert.match(await said({ start }), /^Already taken from 09:50 to 10:45\.$/);
  const wish = { session_type: 'coaching', duration_minutes: 30, from: start, to: later(start, 1) };
  assertStatus(await joe.post('/booking/waitlist', wish), 201);
  assertStatus(await hal.put(`/booking/${held.id}/cancel`), 200);
  assert.match(await said({ start }), /It's held until .* for the first person on the waiting list\.$/);
  const asked = { start: at(13, '14:00'), session_type: 'asked' };
  assertStatus(await ivy.post('/booking/create', asked), 201);
  assert.match(
    await said({ start: asked.start, session_type: 'asked' }),
    /A client has asked for it\. You can approve it until .*\.$/,
  );
});

test('seats: whoever has one is told so, and a full session is full', async () => {
  const start = at(14, '10:00');
  const query = { start, session_type: 'circle' };
  const said = async (more) => (await explain({ ...query, ...more })).reasons.map(({ detail }) => detail);
  assertStatus(await stack.client('kay').post('/booking/create', query), 201);
  assert.deepEqual(await said({ user_id: 'kay' }), ['This client already has a seat in this session.']);
  assert.deepEqual(await said({ user_id: 'leo' }), []);
  assertStatus(await stack.client('leo').post('/booking/create', query), 201);
  assert.deepEqual(await said({ user_id: 'max' }), ['All 2 seats of this session are taken.']);
  assert.deepEqual(await rules({ start }), ['slot_taken']);
  // As far as dates go.
  for (const far of ['9999-12-31T23:30:00Z', '1970-01-01T00:00:00Z'])
    assert.equal((await explain({ start: far, user_id: 'kay' })).bookable, false);
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
