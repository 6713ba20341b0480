// POST /booking/create: the appointment, the event, the guest's invitation, each once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { startStack } from '../harness/stack.mjs';

let stack;
before(async () => {
  stack = await startStack({ google: 'delegated' });
});
after(() => stack.stop());

const eventOf = async ({ id }) =>
  (await stack.google.events(stack.calendar)).find((event) =>
    JSON.stringify(event.extendedProperties).includes(id),
  );

test('a booking is an appointment, an event with a Meet link, and one invitation', async () => {
  const ann = stack.client('ann');
  const start = stack.slot(9);
  const reply = await ann.post('/booking/create', {
    start,
    duration_minutes: 30,
    time_zone: 'Europe/Paris',
    phone: '+33 1 23',
    notes: 'Hello',
  });
  const made = assertStatus(reply, 201);
  assert.equal(reply.headers.location, `/booking/${made.id}`);
  assert.match(made.id, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  const { id, meeting, calendar, created_at, updated_at, ...rest } = made;
  assert.match(meeting.url, /^https:\/\/meet\.google\.com\//);
  assert.equal(calendar.state, 'synced');
  assert.match(
    `${created_at} ${updated_at}`,
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  );
  assert.deepEqual(
    { ...rest, kind: meeting.kind },
    {
      status: 'scheduled',
      coach: 'damian',
      user_id: 'ann',
      session_type: 'coaching',
      start,
      end: later(start, 30),
      duration_minutes: 30,
      time_zone: 'Europe/Paris',
      name: 'Name of ann',
      email: 'ann@client.test',
      phone: '+33 1 23',
      notes: 'Hello',
      guests: [],
      guest_response: 'none',
      kind: 'google_meet',
      invited_by: 'google',
      cancel_before: later(start, -1440),
      reschedule_before: later(start, -1440),
      can_cancel: true,
      can_reschedule: true,
      reschedule_count: 0,
      created_by: 'client',
    },
  );
  assert.deepEqual(assertStatus(await ann.get(`/booking/${id}`), 200), made);

  const event = await eventOf(made);
  assert.equal(event.id, calendar.event_id);
  assert.match(event.id, /^[a-v0-9]{5,}$/);
  assert.deepEqual([event.start, event.end, event.guests], [start, later(start, 30), ['ann@client.test']]);
  assert.ok(event.reminders.overrides.length > 0);
  assert.match(event.description, /Hello/);
  const mails = await stack.google.mails({ event: event.id });
  assert.deepEqual(
    mails.map(({ kind, to }) => [kind, to]),
    [['invitation', 'ann@client.test']],
  );
});

test('the same booking asked for twice is 201, then 200: one row, one event, one mail', async () => {
  const bob = stack.client('bob');
  const body = { start: stack.slot(11), duration_minutes: 60 };
  const first = assertStatus(await bob.post('/booking/create', body), 201);
  const second = assertStatus(await bob.post('/booking/create', body), 200);
  assert.equal(second.id, first.id);
  assert.equal(stack.database.value("SELECT count(*) FROM appointment WHERE user_id = 'bob'"), 1);
  assert.equal(
    (await stack.google.live(stack.calendar)).filter(({ guests }) => guests.includes('bob@client.test'))
      .length,
    1,
  );
  assert.equal((await stack.google.mails({ to: 'bob@client.test' })).length, 1);
});

test("what stands in the coach's calendar is not sold, whoever put it there a moment ago", async () => {
  await stack.google.busy(stack.calendar, stack.slot(14), stack.slot(15));
  assertProblem(
    await stack.client('cleo').post('/booking/create', { start: later(stack.slot(14), 30) }),
    409,
    'calendar_busy',
  );
});

test('what is booked is not sold again, overlaps included', async () => {
  const dora = stack.client('dora');
  assertStatus(await dora.post('/booking/create', { start: stack.slot(17), duration_minutes: 60 }), 201);
  for (const start of [stack.slot(17), later(stack.slot(17), 30)])
    assertProblem(await stack.client('emil').post('/booking/create', { start }), 409, 'slot_taken');
});

test('name and email of the body come before those of the identity; without any email there is no booking', async () => {
  const nobody = stack.client('nobody', { email: undefined, name: undefined });
  assertProblem(
    await nobody.post('/booking/create', { start: stack.slot(20) }),
    422,
    'invalid_field',
    'email',
  );
  const made = assertStatus(
    await nobody.post('/booking/create', { start: stack.slot(20), email: 'x@client.test', name: 'X' }),
    201,
  );
  assert.deepEqual([made.email, made.name], ['x@client.test', 'X']);
});

test('an instant may come with any offset and goes out in UTC', async () => {
  const start = stack.slot(22);
  const kathmandu = later(start, 345).replace('Z', '+05:45');
  assert.equal(
    assertStatus(await stack.client('fay').post('/booking/create', { start: kathmandu }), 201).start,
    start,
  );
});
