// Weekly series: previewed, booked all or what is free, in the coach's wall clock, in one transaction; cancelled and moved
// one, following or all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { openSchedule, sleep, startStack, until } from '../harness/stack.mjs';

const WEEK = 7 * 1440;
const DAY_MS = 86_400_000;
let stack, coach;
let hour = 0;
before(async () => {
  const document = openSchedule({
    horizon_days: 400,
    max_active_per_user: 2,
    cancel_notice_minutes: 0,
    reschedule_notice_minutes: 0,
  });
  document.session_types.push(
    { id: 'paid', durations: [30], meeting: 'none', price: { credits: 2 } },
    { id: 'priced', durations: [30], meeting: 'none', price: { amount: 5000, currency: 'EUR' } },
    { id: 'arranged', durations: [30], meeting: 'none', policy: { max_active_per_user: 0 } },
    { id: 'few', durations: [30], meeting: 'none', policy: { max_total_per_user: 2 } },
    { id: 'asked', durations: [30], meeting: 'none', approval: true },
    { id: 'course', durations: [30], meeting: 'none', seats: 2 },
  );
  stack = await startStack({
    google: 'delegated',
    document,
    env: { RATE_LIMIT_BOOK: '0' },
  });
  coach = stack.coach();
});
after(() => stack.stop());

const slot = () => stack.slot(hour++);
const weekly = (start, count) => Array.from({ length: count }, (_, n) => later(start, n * WEEK));
const preview = (who, fields) => who.get(`/booking/series/preview?${new URLSearchParams(fields)}`);
const series = (who, fields) => who.post('/booking/series', fields);
const starts = ({ appointments }) => appointments.map(({ start }) => start);
const mine = async (who) =>
  assertStatus(await who.get('/booking/user/me?status=all&limit=100'), 200).appointments;

test('a series is so many appointments of their own, with one id, and events', async () => {
  const ann = stack.client('ann');
  const start = slot();
  const seen = assertStatus(await preview(ann, { start, count: 4 }), 200);
  assert.deepEqual(
    seen.occurrences.map((one) => [one.start, one.bookable, one.reasons]),
    weekly(start, 4).map((at) => [at, true, []]),
  );
  const reply = await series(ann, { start, count: 4, duration_minutes: 30, name: 'Ann' });
  const made = assertStatus(reply, 201);
  assert.deepEqual(starts(made), weekly(start, 4));
  assert.deepEqual(made.skipped, []);
  assert.deepEqual(
    made.appointments.map(({ series_id, series_index, status, name }) => [
      series_id,
      series_index,
      status,
      name,
    ]),
    [0, 1, 2, 3].map((n) => [made.series_id, n, 'scheduled', 'Ann']),
  );
  for (const { id } of made.appointments) await stack.settled(ann, id);
  const ids = (await mine(ann)).map(({ calendar }) => calendar.event_id);
  assert.equal(new Set(ids).size, 4);
});

test('a limit counts a series once, in the list and when booking', async () => {
  const bob = stack.client('bob');
  const start = slot();
  assertStatus(await series(bob, { start, count: 5 }), 201);
  assertStatus(await bob.post('/booking/create', { start: slot() }), 201);
  assertProblem(await bob.post('/booking/create', { start: slot() }), 409, 'booking_limit');
  const refused = await series(bob, { start: slot(), count: 2 });
  assertProblem(refused, 409, 'series_conflict');
  assert.deepEqual(
    refused.body.occurrences.map(({ reasons }) => reasons.map(({ rule }) => rule)),
    [['booking_limit'], ['booking_limit']],
  );
  const { refusal } = assertStatus(await bob.get('/booking/availability'), 200);
  assert.equal(refusal.code, 'booking_limit');
});

test('one date that is taken refuses all and books nothing, or is skipped; each date is told', async () => {
  const start = slot();
  const dates = weekly(start, 4);
  assertStatus(await stack.client('cleo').post('/booking/create', { start: dates[2] }), 201);
  const dora = stack.client('dora');
  const seen = assertStatus(await preview(dora, { start, count: 4 }), 200);
  assert.deepEqual(
    seen.occurrences.map(({ bookable }) => bookable),
    [true, true, false, true],
  );
  assert.deepEqual(
    seen.occurrences[2].reasons.map(({ rule }) => rule),
    ['slot_taken'], // its event in the calendar is no further reason
  );
  const refused = await series(dora, { start, count: 4 });
  assertProblem(refused, 409, 'series_conflict');
  assert.deepEqual(
    refused.body.occurrences.map(({ start: at, bookable }) => [at, bookable]),
    dates.map((at, n) => [at, n !== 2]),
  );
  assert.deepEqual(await mine(dora), []);
  const made = assertStatus(await series(dora, { start, count: 4, on_conflict: 'skip' }), 201);
  assert.deepEqual(starts(made), [dates[0], dates[1], dates[3]]);
  assert.deepEqual(
    made.skipped.map(({ start: at, code }) => [at, code]),
    [[dates[2], 'slot_taken']],
  );
  assert.deepEqual(
    made.appointments.map(({ series_index }) => series_index),
    [0, 1, 3],
    'each has the number of the date that was asked for',
  );
  assertProblem(
    await series(stack.client('eve'), { start, count: 4, on_conflict: 'skip' }),
    409,
    'series_conflict',
  );
});

test('the preview spends what the client has left on the dates that are free, as booking does', async () => {
  const ida = stack.client('ida-pays');
  const told = async (session_type, start) => {
    const seen = assertStatus(await preview(ida, { start, count: 4, session_type }), 200).occurrences;
    const refused = await series(ida, { start, count: 4, session_type });
    assertProblem(refused, 409, 'series_conflict');
    const rules = (occurrences) => occurrences.map(({ reasons }) => reasons.map(({ rule }) => rule).join());
    assert.deepEqual(rules(seen), rules(refused.body.occurrences));
    assert.deepEqual(await mine(ida), []);
    return [rules(seen), seen.at(-1).reasons[0].detail];
  };
  assertStatus(await coach.post('/coach/damian/credits', { user_id: 'ida-pays', amount: 5 }), 201);
  assert.deepEqual(await told('paid', slot()), [
    ['', '', 'credits_required', 'credits_required'],
    'This session costs 2 credits, and you have 1.',
  ]);
  assert.deepEqual(await told('few', slot()), [
    ['', '', 'booking_limit', 'booking_limit'],
    'You have had as many sessions of this kind as one person may book.',
  ]);
});

test('what is only asked for is cancelled with its series', async () => {
  const joy = stack.client('joy');
  const made = assertStatus(await series(joy, { start: slot(), count: 3, session_type: 'asked' }), 201);
  const [first, second, third] = made.appointments.map(({ id, status }) => {
    assert.equal(status, 'requested');
    return id;
  });
  assertStatus(await coach.put(`/booking/${second}/approve`, {}), 200);
  const gone = assertStatus(await joy.put(`/booking/${second}/cancel`, { scope: 'following' }), 200);
  assert.deepEqual(
    gone.appointments.map(({ id, status }) => [id, status]),
    [
      [second, 'cancelled'],
      [third, 'cancelled'],
    ],
  );
  assert.equal(assertStatus(await joy.get(`/booking/${first}`), 200).status, 'requested');
  assertProblem(
    await joy.put(`/booking/${first}/reschedule`, { start: slot(), scope: 'all' }),
    409,
    'not_active',
  );
});

test('seats of a course: each date its own session, moved and left together', async () => {
  const [kim, lou] = [stack.client('kim'), stack.client('lou')];
  const start = slot();
  const body = { start, count: 3, session_type: 'course' };
  const [one, two] = [assertStatus(await series(kim, body), 201), assertStatus(await series(lou, body), 201)];
  const groups = ({ appointments }) => appointments.map(({ group_id }) => group_id);
  assert.deepEqual(groups(one), groups(two));
  assert.equal(new Set(groups(one)).size, 3);
  const full = await series(stack.client('max'), body);
  assertProblem(full, 409, 'series_conflict');
  assert.ok(full.body.occurrences.every(({ reasons }) => reasons[0].rule === 'session_full'));
  const { id } = one.appointments[0];
  const moved = assertStatus(
    await kim.put(`/booking/${id}/reschedule`, { start: later(start, 6 * 60), scope: 'all' }),
    200,
  );
  assert.equal(new Set([...groups(moved), ...groups(two)]).size, 6);
  assertStatus(await kim.put(`/booking/${id}/cancel`, { scope: 'all' }), 200);
  assert.deepEqual(
    (await mine(lou)).map(({ status }) => status),
    ['scheduled', 'scheduled', 'scheduled'],
  );
});

test('a date that the client has a seat in is taken: refused with all, or skipped, whoever books', async () => {
  const start = slot();
  const dates = weekly(start, 3);
  const body = { start, count: 3, session_type: 'course' };
  const uma = stack.client('uma');
  const forUma = (more) =>
    coach.post('/coach/damian/series', { client: { user_id: 'uma' }, ...body, ...more });
  assertStatus(await uma.post('/booking/create', { start: dates[1], session_type: 'course' }), 201);
  const told = ({ occurrences }) =>
    occurrences.map(({ start: at, reasons }) => [at, reasons.map(({ rule }) => rule).join()]);
  const expected = dates.map((at, n) => [at, n === 1 ? 'slot_taken' : '']);
  assert.deepEqual(told(assertStatus(await preview(uma, body), 200)), expected);
  for (const refused of [await series(uma, body), await forUma()]) {
    assertProblem(refused, 409, 'series_conflict');
    assert.deepEqual(told(refused.body), expected);
  }
  assert.equal((await mine(uma)).length, 1);
  const made = assertStatus(await forUma({ on_conflict: 'skip' }), 201);
  assert.deepEqual(starts(made), [dates[0], dates[2]]);
  assert.deepEqual(
    made.skipped.map(({ start: at, code }) => [at, code]),
    [[dates[1], 'slot_taken']],
  );
  assert.equal((await mine(uma)).length, 3);
});

test('sent several times at once a series is booked once, and nobody is told of one that is not', async () => {
  for (const [n, session_type] of ['coaching', 'course', 'coaching', 'course'].entries())
    for (const on_conflict of ['refuse', 'skip'])
      for (const by of ['client', 'coach']) {
        const user = `twice-${n}-${on_conflict}-${by}`;
        const who = stack.client(user);
        const body = { start: slot(), count: 3, session_type, on_conflict };
        const ask = () =>
          by === 'client'
            ? series(who, body)
            : coach.post('/coach/damian/series', { client: { user_id: user }, ...body });
        const replies = await Promise.all(Array.from({ length: 6 }, ask));
        assert.deepEqual(countStatuses(replies), { 201: 1, 409: 5 });
        const { appointments, series_id } = replies.find(({ status }) => status === 201).body;
        assert.deepEqual(
          (await mine(who)).map((one) => [one.id, one.series_id]).sort(),
          appointments.map(({ id }) => [id, series_id]).sort(),
        );
      }
});

test('it keeps the time of day on the coach’s clock when the clocks change', async () => {
  const other = await startStack({
    document: {
      ...openSchedule({ horizon_days: 400, max_active_per_user: null }),
      time_zone: 'America/New_York',
    },
  });
  try {
    const fay = other.client('fay');
    // The next first Wednesday of a March, which is before the change; the horizon has no more than one of them.
    const march = new Date(Math.ceil(Date.now() / DAY_MS + 2) * DAY_MS);
    while (march.getUTCMonth() !== 2 || march.getUTCDate() > 7 || march.getUTCDay() !== 3)
      march.setUTCDate(march.getUTCDate() + 1);
    const start = `${march.toISOString().slice(0, 10)}T15:00:00Z`; // 10:00
    const made = assertStatus(await series(fay, { start, count: 4 }), 201);
    assert.deepEqual(
      new Set(
        starts(made).map((at) =>
          new Date(at).toLocaleTimeString('en-US', {
            timeZone: 'America/New_York',
            hour: '2-digit',
            minute: '2-digit',
            hour12: false,
          }),
        ),
      ),
      new Set(['10:00']),
    );
    assert.equal(starts(made).at(-1).slice(11, 16), '14:00');
  } finally {
    await other.stop();
  }
});

test('every second week, and what makes no sense is refused', async () => {
  const gus = stack.client('gus');
  const start = slot();
  const made = assertStatus(await series(gus, { start, count: 3, every_weeks: 2 }), 201);
  assert.deepEqual(
    starts(made),
    [0, 2, 4].map((n) => later(start, n * WEEK)),
  );
  for (const [fields, field] of [
    [{ count: 1 }, 'count'],
    [{ count: 13 }, 'count'],
    [{}, 'count'],
    [{ count: 3, every_weeks: 3 }, 'every_weeks'],
    [{ count: 3, on_conflict: 'maybe' }, 'on_conflict'],
  ])
    assertProblem(await series(gus, { start: slot(), ...fields }), 422, 'invalid_field', field);
  for (const [fields, field] of [
    [{ count: 1 }, 'count'],
    [{ count: 3, every_weeks: 9 }, 'every_weeks'],
    [{}, 'count'],
  ])
    assertProblem(await preview(gus, { start, ...fields }), 400, 'bad_parameter', field);
  assertProblem(await preview(gus, { count: 3 }), 400, 'bad_parameter', 'start');
});

test('cancel this, following, all: each by its own cut-off, told one by one', async () => {
  const hal = stack.client('hal');
  const made = assertStatus(await series(hal, { start: slot(), count: 5 }), 201);
  const ids = made.appointments.map(({ id }) => id);
  const one = assertStatus(await hal.put(`/booking/${ids[1]}/cancel`, { scope: 'this' }), 200);
  assert.equal(one.status, 'cancelled');
  stack.database.run(`UPDATE appointment SET cancel_notice_minutes = 527040 WHERE id = '${ids[3]}'`);
  const following = assertStatus(
    await hal.put(`/booking/${ids[2]}/cancel`, { scope: 'following', reason: 'away' }),
    200,
  );
  assert.deepEqual(
    following.appointments.map(({ id, status, cancel_reason }) => [id, status, cancel_reason]),
    [
      [ids[2], 'cancelled', 'away'],
      [ids[4], 'cancelled', 'away'],
    ],
  );
  assert.deepEqual(
    following.refused.map(({ id, code }) => [id, code]),
    [[ids[3], 'cancellation_closed']],
  );
  const rest = assertStatus(await coach.put(`/booking/${ids[0]}/cancel`, { scope: 'all' }), 200);
  assert.deepEqual(
    rest.appointments.map(({ id, cancelled_by }) => [id, cancelled_by]),
    [
      [ids[0], 'coach'],
      [ids[3], 'coach'],
    ],
  );
  assertProblem(await hal.put(`/booking/${ids[0]}/cancel`, { scope: 'all' }), 409, 'not_active');
  assertProblem(await hal.put(`/booking/${ids[0]}/cancel`, { scope: 'some' }), 422, 'invalid_field', 'scope');
  assertProblem(
    await stack.client('eve').put(`/booking/${ids[0]}/cancel`, { scope: 'all' }),
    404,
    'not_found',
  );
});

test('move following and all by days and to a time of day; one that cannot stays', async () => {
  const ida = stack.client('ida');
  const start = slot();
  const made = assertStatus(await series(ida, { start, count: 4 }), 201);
  const ids = made.appointments.map(({ id }) => id);
  const days = 3 * 1440 + 600;
  const moved = assertStatus(
    await ida.put(`/booking/${ids[1]}/reschedule`, { start: later(start, WEEK + days), scope: 'following' }),
    200,
  );
  assert.deepEqual(
    moved.appointments.map(({ id, start: at }) => [id, at]),
    [1, 2, 3].map((n) => [ids[n], later(start, n * WEEK + days)]),
  );
  // A week later each takes the time that the next one leaves.
  const shifted = assertStatus(
    await ida.put(`/booking/${ids[1]}/reschedule`, {
      start: later(start, 2 * WEEK + days),
      scope: 'following',
    }),
    200,
  );
  assert.deepEqual(
    starts(shifted),
    [2, 3, 4].map((n) => later(start, n * WEEK + days)),
  );
  const back = assertStatus(
    await ida.put(`/booking/${ids[1]}/reschedule`, { start: later(start, WEEK + days), scope: 'following' }),
    200,
  );
  assert.deepEqual(
    starts(back),
    [1, 2, 3].map((n) => later(start, n * WEEK + days)),
  );
  const blocker = later(start, 2 * WEEK + days + 60);
  assertStatus(await stack.client('jon').post('/booking/create', { start: blocker }), 201);
  const partly = assertStatus(
    await ida.put(`/booking/${ids[1]}/reschedule`, {
      start: later(start, WEEK + days + 60),
      scope: 'following',
    }),
    200,
  );
  assert.deepEqual(
    partly.refused.map(({ id, code, start: at }) => [id, code, at]),
    [[ids[2], 'slot_taken', later(start, 2 * WEEK + days)]],
  );
  assert.deepEqual(
    partly.appointments.map(({ id }) => id),
    [ids[1], ids[3]],
  );
});

test('a limit says nothing of moving a series that the coach has booked', async () => {
  const start = slot();
  const body = { client: { user_id: 'yan' }, start, count: 2, session_type: 'arranged' };
  const made = assertStatus(await coach.post('/coach/damian/series', body), 201);
  const to = { start: later(start, 330), scope: 'all' };
  const moved = await stack.client('yan').put(`/booking/${made.appointments[0].id}/reschedule`, to);
  assert.deepEqual(starts(assertStatus(moved, 200)), weekly(to.start, 2));
});

test('a series is moved whole or, with too many changes that day, not at all', async () => {
  const wim = stack.client('wim');
  const start = slot();
  const made = assertStatus(await series(wim, { start, count: 12 }), 201);
  const { id } = made.appointments[0];
  const move = (minutes) =>
    wim.put(`/booking/${id}/reschedule`, { start: later(start, minutes), scope: 'all' });
  for (const minutes of [330, 630, 930]) {
    const moved = assertStatus(await move(minutes), 200);
    assert.deepEqual([moved.appointments.length, moved.refused], [12, []]);
  }
  const again = assertStatus(await move(930), 200);
  assert.equal(again.appointments.length, 12, 'sent again it is no further change');
  assertProblem(await move(0), 429, 'rate_limited');
  assert.deepEqual(
    (await mine(wim)).map(({ start: at }) => at).sort(),
    weekly(start, 12).map((at) => later(at, 930)),
  );
});

test('cancelled and moved at once a series is locked in one order: nobody waits in a circle', async () => {
  const { database } = stack;
  const eva = stack.client('eva');
  const start = slot();
  const made = assertStatus(await series(eva, { start, count: 3 }), 201);
  const [{ id }, middle] = made.appointments;
  const deadlocks = () =>
    database.value('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()');
  const known = deadlocks();
  const own = database.session();
  own.send(`BEGIN; SELECT id FROM appointment WHERE id = '${middle.id}' FOR UPDATE;`);
  await until('the date in the middle to be locked', () =>
    database.value(`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'idle in transaction' AND query ~ 'FOR UPDATE'`),
  );
  const cancelled = eva.put(`/booking/${id}/cancel`, { scope: 'all' });
  await until('the one to wait', () => database.waiting('c.outcome, c.booked') === 1);
  const moved = eva.put(`/booking/${id}/reschedule`, { start: later(start, 330), scope: 'all' });
  await until('the other to wait', () => database.waiting('m.outcome, m.booked') === 1);
  own.send('COMMIT;');
  own.close();
  assert.deepEqual(assertStatus(await cancelled, 200).refused, []);
  assertStatus(await moved, 200);
  await sleep(1100); // the server tells its counters once a second
  assert.equal(deadlocks() - known, 0);
});

test('a code that is used up on the way is no wrong one: its dates are told, the others booked', async () => {
  const xan = stack.client('xan');
  const start = slot();
  const body = { start, count: 3, session_type: 'priced', on_conflict: 'skip', promo_code: 'ONCE' };
  const once = { code: 'ONCE', kind: 'percent', value: 50, max_uses: 1 };
  assertStatus(await coach.post('/coach/damian/promo-codes', once), 201);
  for (let n = 0; n < 9; n++)
    assertProblem(
      await xan.post('/booking/create', { start, session_type: 'priced', promo_code: `WRONG${n}` }),
      422,
      'promo_code_invalid',
      'promo_code',
    );
  const whole = await series(xan, { ...body, on_conflict: 'refuse' });
  assertProblem(whole, 409, 'series_conflict');
  const made = assertStatus(await series(xan, body), 201);
  assert.deepEqual(starts(made), [start]);
  assert.deepEqual(
    made.skipped.map(({ code: rule }) => rule),
    ['promo_code_invalid', 'promo_code_invalid'],
  );
  assert.equal((await mine(xan)).length, 1);
});

test('a key replays the whole reply', async () => {
  const lea = stack.client('lea');
  const first = await lea.post(
    '/booking/series',
    { start: slot(), count: 2 },
    { 'idempotency-key': 'series-1' },
  );
  const again = await lea.post(
    '/booking/series',
    { start: first.body.appointments[0].start, count: 2 },
    { 'idempotency-key': 'series-1' },
  );
  assert.deepEqual([again.status, again.headers['idempotent-replayed']], [201, 'true']);
  assert.deepEqual(again.body, first.body);
});

test('64 race for the third date of a series: one has it, no error leaves a booking behind', async () => {
  const start = slot();
  const third = later(start, 2 * WEEK);
  const replies = await Promise.all([
    ...Array.from({ length: 32 }, (_, n) => series(stack.client(`s${n}`), { start, count: 4 })),
    ...Array.from({ length: 32 }, (_, n) => stack.client(`c${n}`).post('/booking/create', { start: third })),
  ]);
  console.log(`slowest of 64: ${Math.max(...replies.map(({ ms }) => ms)).toFixed()} ms`);
  assert.deepEqual(countStatuses(replies), { 201: 1, 409: 63 });
  for (const reply of replies.filter(({ status }) => status === 409))
    assert.match(reply.body.code, /^(series_conflict|slot_taken|calendar_busy)$/);
  const [{ n }] = stack.database.rows(
    `SELECT count(*)::int AS n FROM appointment WHERE user_id ~ '^[sc][0-9]+$' AND status = 'scheduled'`,
  );
  assert.ok(n === 1 || n === 4, `${n} stand`);
});

test('a move to where no calendar goes is refused as such', async () => {
  const ann = stack.client('far');
  const made = assertStatus(await series(ann, { start: slot(), count: 2 }), 201);
  const override = ['too_far', 'outside_hours', 'calendar_busy'];
  for (const start of ['9999-12-31T23:00:00Z', '9999-12-30T23:00:00Z'])
    for (const scope of ['all', 'this'])
      assertProblem(
        await coach.put(`/booking/${made.appointments[0].id}/reschedule`, { start, scope, override }),
        422,
        'too_far',
      );
  const client = { user_id: 'far' };
  assertProblem(
    await coach.post('/coach/damian/appointments', { client, start: '9999-12-31T23:00:00Z', override }),
    422,
    'too_far',
  );
});

test('an answer of the database that has no session is a failure, told and logged', async () => {
  stack.database.release(`
    CREATE OR REPLACE FUNCTION bookingd.book_series(
      p_common bookingd.new_booking, p_times jsonb, p_limits bookingd.booking_limits, p_all boolean, p_actor bookingd.actor)
    RETURNS TABLE (outcome text, booked bookingd.appointment) LANGUAGE sql AS $$
      SELECT 'booked', null::bookingd.appointment FROM jsonb_array_elements(p_times)
    $$`);
  const body = { client: { user_id: 'zoe' }, start: slot(), count: 2 };
  assertProblem(await coach.post('/coach/damian/series', body), 500, 'internal_error');
  await stack.daemon.logged('appointment_missing');
  assertStatus(await coach.get('/coach/damian/schedule'), 200);
});
