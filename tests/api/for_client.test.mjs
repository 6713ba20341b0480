// The coach books and moves for a client: bound by hours, blocks, the grid and full days until overridden by name, and
// by the past and other appointments always.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { schedule, startStack } from '../harness/stack.mjs';

const NOW = Date.now();
const date = (n) => new Date(NOW + n * 86_400_000).toISOString().slice(0, 10);
const at = (n, clock) => `${date(n)}T${clock}:00Z`;
const PATH = '/coach/damian/appointments';
let stack, coach;
before(async () => {
  stack = await startStack({
    google: 'delegated',
    document: schedule({
      time_zone: 'UTC',
      weekly: [{ days: ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], from: '09:00', to: '17:00' }],
      blocked: [{ from: date(20), to: date(21) }],
      policy: { max_per_day: 3 },
    }),
  });
  coach = stack.coach();
});
after(() => stack.stop());

const book = (fields, who = coach) =>
  who.post(PATH, { client: { user_id: 'ann', name: 'Ann', email: 'ann@client.test' }, ...fields });
const rules = ({ body }) => body.reasons.map(({ rule }) => rule);
const event = async ({ calendar }) =>
  (await stack.google.events(stack.calendar)).find(({ id }) => id === calendar.event_id);

test('it is the client’s appointment, says who booked it, and the client is invited once', async () => {
  const reply = await book({ start: at(3, '10:00'), notes: 'first' });
  const made = assertStatus(reply, 201);
  assert.equal(reply.headers.location, `/booking/${made.id}`);
  assert.deepEqual(
    [made.user_id, made.name, made.email, made.created_by, made.status, made.coach, made.can_cancel],
    ['ann', 'Ann', 'ann@client.test', 'coach', 'scheduled', 'damian', true],
  );
  assert.equal((await event(made)).attendees[0].email, 'ann@client.test');
  assert.deepEqual(
    (await stack.google.mails({ to: 'ann@client.test' })).map(({ kind }) => kind),
    ['invitation'],
  );
  const seen = assertStatus(await stack.client('ann').get(`/booking/${made.id}`), 200);
  assert.equal(seen.created_by, 'coach');
  assert.equal(assertStatus(await book({ start: at(3, '10:00') }), 200).id, made.id); // sent again
  const own = assertStatus(await stack.client('own').post('/booking/create', { start: at(3, '11:00') }), 201);
  assert.equal(own.created_by, 'client');
  assert.equal(assertStatus(await book({ start: at(3, '12:00') }, stack.admin()), 201).created_by, 'admin');
});

test('notice, horizon and the client’s own limit do not bind the coach', async () => {
  // Ann has sessions already, and may have one at a time.
  assertProblem(
    await stack.client('ann').post('/booking/create', { start: at(4, '10:00') }),
    409,
    'booking_limit',
  );
  assertStatus(await book({ start: at(4, '10:00') }), 201);
  assertStatus(await book({ start: at(90, '10:00') }), 201);
});

test('hours, blocks, the grid, durations and full days bind until overridden by name', async () => {
  const cases = [
    [{ start: at(5, '07:00') }, 422, ['outside_hours']],
    [{ start: at(20, '10:00') }, 422, ['blocked']],
    [{ start: at(5, '10:10') }, 422, ['not_aligned']],
    [{ start: at(5, '12:00'), duration_minutes: 45 }, 422, ['bad_duration']],
    [{ start: at(16, '05:00'), duration_minutes: 45 }, 422, ['bad_duration', 'outside_hours']],
  ];
  for (const [fields, status, expected] of cases) {
    const refused = await book(fields);
    assertProblem(refused, status, expected[0]);
    assert.deepEqual(rules(refused), expected);
    for (const { detail } of refused.body.reasons) assert.match(detail, /\.$/);
    if (expected.length > 1)
      assert.deepEqual(rules(await book({ ...fields, override: expected.slice(0, 1) })), expected.slice(1));
    assertStatus(await book({ ...fields, override: expected }), 201);
  }
  // Three sessions on day 5 stand by now.
  const full = await book({ start: at(5, '16:00') });
  assertProblem(full, 409, 'day_full');
  assert.deepEqual(rules(full), ['day_full']);
  assertStatus(await book({ start: at(5, '16:00'), override: ['day_full'] }), 201);
});

test('a series for a client: all or what can be, overridden by name, told as their own', async () => {
  const series = (fields) =>
    coach.post('/coach/damian/series', {
      client: { user_id: 'sue', name: 'Sue', email: 'sue@client.test' },
      count: 3,
      ...fields,
    });
  const start = at(8, '08:00');
  const last = later(start, 2 * 7 * 1440);
  assertStatus(await book({ start: last, override: ['outside_hours'] }), 201);
  const refused = await series({ start });
  assertProblem(refused, 409, 'series_conflict');
  assert.deepEqual(
    refused.body.occurrences.map(({ reasons }) => reasons.map(({ rule }) => rule)),
    [['outside_hours'], ['outside_hours'], ['outside_hours', 'slot_taken']],
  );
  // Never over another appointment, whatever is overridden.
  const override = ['outside_hours', 'calendar_busy', 'not_aligned', 'blocked', 'day_full', 'too_far'];
  assertProblem(await series({ start, override }), 409, 'series_conflict');
  assertProblem(await series({ start, override: ['slot_taken'] }), 422, 'invalid_field', 'override[0]');
  const made = assertStatus(await series({ start, override, on_conflict: 'skip', notes: 'weekly' }), 201);
  assert.deepEqual(
    made.appointments.map((one) => [one.user_id, one.name, one.created_by, one.series_index, one.notes]),
    [0, 1].map((n) => ['sue', 'Sue', 'coach', n, 'weekly']),
  );
  assert.deepEqual(
    made.skipped.map(({ start: at, code }) => [at, code]),
    [[last, 'slot_taken']],
  );
  const { appointments } = assertStatus(await stack.client('sue').get('/booking/user/me'), 200);
  assert.deepEqual(
    appointments.map(({ id }) => id),
    made.appointments.map(({ id }) => id),
  );
  for (const one of made.appointments) assert.equal((await event(one)).attendees[0].email, 'sue@client.test');
});

test('a busy time in the calendar binds until overridden', async () => {
  await stack.google.busy(stack.calendar, at(6, '10:00'), at(6, '11:00'));
  const refused = await book({ start: at(6, '10:30') });
  assertProblem(refused, 409, 'calendar_busy');
  assert.deepEqual(
    refused.body.reasons.map(({ rule, start, end }) => [rule, start, end]),
    [['calendar_busy', at(6, '10:00'), at(6, '11:00')]],
  );
  assertStatus(await book({ start: at(6, '10:30'), override: ['calendar_busy'] }), 201);
});

test('the past and other appointments are never overridden', async () => {
  const all = [
    'bad_duration',
    'too_soon',
    'too_far',
    'blocked',
    'outside_hours',
    'not_aligned',
    'booking_limit',
    'day_full',
    'calendar_busy',
  ];
  assertProblem(await book({ start: at(-1, '10:00'), override: all }), 422, 'too_soon');
  const taken = assertStatus(
    await stack.client('bob').post('/booking/create', { start: at(7, '10:00') }),
    201,
  );
  const refused = await book({ start: at(7, '10:00'), override: all });
  assertProblem(refused, 409, 'slot_taken');
  assert.deepEqual(
    refused.body.reasons.map(({ rule, start, end }) => [rule, start, end]),
    [['slot_taken', taken.start, taken.end]],
  );
  for (const name of ['slot_taken', 'everything', 'cancellation_closed', '', 5])
    assertProblem(
      await book({ start: at(8, '10:00'), override: [name] }),
      422,
      'invalid_field',
      'override[0]',
    );
  assertProblem(await book({ start: at(8, '10:00'), override: 'blocked' }), 422, 'invalid_field', 'override');
});

test('the client is a user or an address; what is left out is what they last told this coach', async () => {
  const mailed = (email, start) => coach.post(PATH, { client: { email }, start });
  const first = assertStatus(await mailed('Eva@Other.test', at(9, '09:00')), 201);
  assert.match(first.user_id, /^mail:[0-9a-f]{32}$/);
  const again = assertStatus(await mailed('eva@other.test', at(9, '10:00')), 201);
  assert.equal(again.user_id, first.user_id);
  const short = assertStatus(
    await coach.post(PATH, { client: { user_id: 'ann' }, start: at(10, '09:00') }),
    201,
  );
  assert.deepEqual([short.name, short.email], ['Ann', 'ann@client.test']);
  const unknown = assertStatus(
    await coach.post(PATH, { client: { user_id: 'new' }, start: at(10, '10:00') }),
    201,
  );
  assert.deepEqual([unknown.name, unknown.email, unknown.calendar.state], [null, null, 'synced']);
  for (const [client, field] of [
    [{}, 'client'],
    [{ name: 'X' }, 'client'],
    [{ email: 'no-address' }, 'client.email'],
    [{ user_id: 'a\nb' }, 'client.user_id'],
    [{ user_id: 'ann', time_zone: 'Nowhere/Else' }, 'client.time_zone'],
    ['ann', 'client'],
  ])
    assertProblem(await coach.post(PATH, { client, start: at(11, '09:00') }), 422, 'invalid_field', field);
  assertProblem(
    await coach.post(PATH, { client: { id: 'ann' }, start: at(11, '09:00') }),
    422,
    'unknown_field',
    'client.id',
  );
  assertProblem(await coach.post(PATH, { start: at(11, '09:00') }), 422, 'invalid_field', 'client');
});

test('the client’s language is what was said of it, else what they told before, never the coach’s own', async () => {
  const language = ({ id }) =>
    stack.database.rows(`select locale from bookingd.appointment where id = '${id}'`)[0].locale;
  const header = { 'accept-language': 'pl' }; // the coach's browser
  const create = async (client, start) =>
    language(assertStatus(await coach.post(PATH, { client, start }, header), 201));
  const gerda = { user_id: 'gerda', email: 'gerda@client.test' };
  assert.equal(await create(gerda, at(16, '09:00')), null);
  assert.equal(await create({ ...gerda, locale: 'de' }, at(16, '10:00')), 'de');
  assert.equal(await create({ user_id: 'gerda' }, at(17, '11:00')), 'de');
  const fields = { client: { ...gerda, locale: 'fr-CA' }, start: at(18, '09:00'), count: 2 };
  const { appointments } = assertStatus(await coach.post('/coach/damian/series', fields, header), 201);
  assert.deepEqual(appointments.map(language), ['fr-CA', 'fr-CA']);
  const wrong = await coach.post(PATH, {
    client: { ...gerda, locale: 'no language' },
    start: at(16, '13:00'),
  });
  assertProblem(wrong, 422, 'invalid_field', 'client.locale');
});

test('with notify false the client hears nothing, neither of the booking nor of its end', async () => {
  const quiet = { user_id: 'quiet', email: 'quiet@client.test' };
  const made = assertStatus(
    await coach.post(PATH, { client: quiet, start: at(12, '09:00'), notify: false }),
    201,
  );
  assertStatus(await coach.put(`/booking/${made.id}/reschedule`, { start: at(12, '11:00') }), 200);
  assertStatus(await coach.put(`/booking/${made.id}/cancel`), 200);
  assert.deepEqual(await stack.google.mails({ to: 'quiet@client.test' }), []);
});

test('the same overrides move an appointment; a client has none', async () => {
  const made = assertStatus(await book({ start: at(13, '09:00') }), 201);
  const move = (who, fields) => who.put(`/booking/${made.id}/reschedule`, fields);
  const outside = { start: at(13, '18:00') };
  const refused = await move(coach, outside);
  assertProblem(refused, 422, 'outside_hours');
  assert.deepEqual(rules(refused), ['outside_hours']);
  assertProblem(
    await move(stack.client('ann'), { ...outside, override: ['outside_hours'] }),
    403,
    'forbidden',
  );
  const moved = assertStatus(await move(coach, { ...outside, override: ['outside_hours'] }), 200);
  assert.deepEqual(
    [moved.start, moved.name, moved.email, moved.created_by],
    [outside.start, 'Ann', 'ann@client.test', 'coach'],
  );
  assert.deepEqual(
    await move(coach, { ...outside, override: ['outside_hours'] }).then(({ status }) => status),
    200,
  );
  // By less than its length: it is not in its own way, nor is its event.
  assertStatus(
    await move(coach, { start: later(outside.start, 15), override: ['outside_hours', 'not_aligned'] }),
    200,
  );
});

test('only the coach in the path and admins may, and a key replays', async () => {
  assertProblem(await book({ start: at(14, '09:00') }, stack.client('ann')), 403, 'forbidden');
  assertProblem(
    await book({ start: at(14, '09:00') }, stack.client('x', { role: 'coach', coach: 'other' })),
    403,
    'forbidden',
  );
  assertProblem(await stack.stranger().post(PATH, {}), 401, 'unauthenticated');
  const body = { client: { user_id: 'ida' }, start: at(14, '09:00') };
  const once = await coach.post(PATH, body, { 'idempotency-key': 'for-ida' });
  const twice = await coach.post(PATH, body, { 'idempotency-key': 'for-ida' });
  assert.deepEqual([once.status, twice.status, twice.headers['idempotent-replayed']], [201, 201, 'true']);
  assert.equal(twice.body.id, once.body.id);
});

test('coach and client racing for one time: one of them has it', async () => {
  const start = at(15, '09:00');
  const replies = await Promise.all([
    ...Array.from({ length: 6 }, (_, n) =>
      coach.post(PATH, { client: { user_id: `race${n}`, email: `race${n}@client.test` }, start }),
    ),
    ...Array.from({ length: 6 }, (_, n) => stack.client(`racer${n}`).post('/booking/create', { start })),
  ]);
  assert.deepEqual(countStatuses(replies), { 201: 1, 409: 11 });
});
