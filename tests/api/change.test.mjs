// Cancel and reschedule: the appointment, its event and its guest follow, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack;
before(async () => {
  stack = await startStack({ google: 'delegated' });
});
after(() => stack.stop());

const book = async (user, hour) =>
  assertStatus(
    await stack.client(user).post('/booking/create', { start: stack.slot(hour), duration_minutes: 30 }),
    201,
  );
const mails = async (user) =>
  (await stack.google.mails({ to: `${user}@client.test` })).map(({ kind, start }) => [kind, start]);
const event = async ({ calendar }) =>
  (await stack.google.events(stack.calendar)).find(({ id }) => id === calendar.event_id);

test('cancelling deletes the event, tells the guest once, and is 200 again', async () => {
  const made = await book('ann', 1);
  const ann = stack.client('ann');
  const cancelled = assertStatus(await ann.put(`/booking/${made.id}/cancel`, { reason: 'ill' }), 200);
  assert.deepEqual(
    [cancelled.status, cancelled.cancelled_by, cancelled.calendar.state],
    ['cancelled', 'client', 'synced'],
  );
  assert.match(cancelled.cancelled_at, /Z$/);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
  assert.equal((await event(made)).status, 'cancelled');
  assert.deepEqual(await mails('ann'), [
    ['invitation', made.start],
    ['cancellation', made.start],
  ]);
  assertStatus(await stack.client('bob').post('/booking/create', { start: made.start }), 201);
});

test('rescheduling moves the same event, keeps the link, tells the guest once, and frees the old time', async () => {
  const made = await book('cleo', 3);
  const cleo = stack.client('cleo');
  const to = stack.slot(5);
  const moved = assertStatus(
    await cleo.put(`/booking/${made.id}/reschedule`, { start: to, duration_minutes: 60 }),
    200,
  );
  assert.deepEqual(
    [
      moved.id,
      moved.start,
      moved.end,
      moved.reschedule_count,
      moved.meeting.url,
      moved.calendar.event_id,
      moved.calendar.state,
    ],
    [made.id, to, later(to, 60), 1, made.meeting.url, made.calendar.event_id, 'synced'],
  );
  const { start, end, status } = await event(made);
  assert.deepEqual([start, end, status], [to, later(to, 60), 'confirmed']);
  assert.deepEqual(await mails('cleo'), [
    ['invitation', made.start],
    ['update', to],
  ]);
  assertStatus(await stack.client('dora').post('/booking/create', { start: made.start }), 201);
});

test('rescheduling onto its own time is no clash with its own event', async () => {
  const made = await book('emil', 7);
  const moved = assertStatus(
    await stack
      .client('emil')
      .put(`/booking/${made.id}/reschedule`, { start: later(made.start, 30), duration_minutes: 60 }),
    200,
  );
  assert.equal(moved.start, later(made.start, 30));
  const back = assertStatus(
    await stack
      .client('emil')
      .put(`/booking/${made.id}/reschedule`, { start: made.start, duration_minutes: 60 }),
    200,
  );
  assert.equal(back.start, made.start);
});

test('rescheduling onto a taken or busy time changes nothing', async () => {
  const made = await book('fay', 10);
  await book('gus', 12);
  await stack.google.busy(stack.calendar, stack.slot(14), stack.slot(15));
  const fay = stack.client('fay');
  assertProblem(
    await fay.put(`/booking/${made.id}/reschedule`, { start: stack.slot(12) }),
    409,
    'slot_taken',
  );
  assertProblem(
    await fay.put(`/booking/${made.id}/reschedule`, { start: stack.slot(14) }),
    409,
    'calendar_busy',
  );
  assert.deepEqual(assertStatus(await fay.get(`/booking/${made.id}`), 200), made);
});

test('a busy time is what stands against a move, however many sessions the client has', async () => {
  const one = openSchedule({ max_active_per_user: 1 });
  assertStatus(await stack.coach().put('/coach/damian/schedule', one), 200);
  const made = await book('ina', 20);
  const client = { user_id: 'ina' };
  assertStatus(
    await stack.coach().post('/coach/damian/appointments', { client, start: stack.slot(22) }),
    201,
  );
  await stack.google.busy(stack.calendar, stack.slot(24), stack.slot(25));
  const move = (hour) =>
    stack.client('ina').put(`/booking/${made.id}/reschedule`, { start: stack.slot(hour) });
  assertProblem(await move(24), 409, 'calendar_busy');
  assertProblem(await move(22), 409, 'slot_taken');
  assertStatus(await move(26), 200);
  assertStatus(await stack.coach().put('/coach/damian/schedule', openSchedule()), 200);
});

test('a cancelled appointment cannot be moved', async () => {
  const made = await book('hal', 17);
  const hal = stack.client('hal');
  assertStatus(await hal.put(`/booking/${made.id}/cancel`), 200);
  assertProblem(
    await hal.put(`/booking/${made.id}/reschedule`, { start: stack.slot(18) }),
    409,
    'not_active',
  );
});

test('POST does what PUT does', async () => {
  const made = await book('ida', 20);
  const ida = stack.client('ida');
  assert.equal(
    assertStatus(await ida.post(`/booking/${made.id}/reschedule`, { start: stack.slot(21) }), 200).start,
    stack.slot(21),
  );
  assert.equal(assertStatus(await ida.post(`/booking/${made.id}/cancel`), 200).status, 'cancelled');
});

test("the list shows one's own: upcoming by start, cancelled apart, page by page", async () => {
  const jon = stack.client('jon');
  const ids = [];
  for (const hour of [34, 30, 32]) ids.push((await book('jon', hour)).id);
  assertStatus(await jon.put(`/booking/${ids[2]}/cancel`), 200);
  const list = async (query = '') => assertStatus(await jon.get(`/booking/user/jon${query}`), 200);
  const found = async (query) => (await list(query)).appointments.map(({ id }) => id);
  assert.deepEqual(await found(), [ids[1], ids[0]]);
  assert.deepEqual(await found('?status=cancelled'), [ids[2]]);
  assert.deepEqual(await found('?status=past'), []);
  assert.deepEqual(await found('?status=all'), [ids[1], ids[2], ids[0]]);
  const first = await list('?status=all&limit=2');
  assert.deepEqual(
    first.appointments.map(({ id }) => id),
    [ids[1], ids[2]],
  );
  const second = await list(`?status=all&limit=2&cursor=${encodeURIComponent(first.next_cursor)}`);
  assert.deepEqual([second.appointments.map(({ id }) => id), second.next_cursor], [[ids[0]], null]);
  assert.deepEqual((await jon.get('/booking/user/me')).body, await list());
  for (const query of ['?limit=0', '?limit=101', '?status=soon', '?cursor=zzz'])
    assertProblem(
      await jon.get(`/booking/user/jon${query}`),
      400,
      'bad_parameter',
      (await jon.get(`/booking/user/jon${query}`)).body.field,
    );
});
