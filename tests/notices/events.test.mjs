// What other programs are told: every change is an event, whoever made it, in an order that can be read on from.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { startStack, until } from '../harness/stack.mjs';

let stack, coach;
let count = 0;

before(async () => {
  stack = await startStack();
  coach = stack.coach();
});
after(() => stack?.stop());

const book = async (client, more = {}) => {
  const reply = await client.post('/booking/create', {
    start: stack.slot(++count),
    duration_minutes: 30,
    notes: 'what nobody else reads',
    ...more,
  });
  assert.equal(reply.status, 201, reply.text);
  return reply.body;
};
/** Every event of the coach, page by page. */
const events = async (after) => {
  const all = [];
  for (let next = after, more = true; more; ) {
    const reply = await coach.get(`/coach/damian/events?limit=7${next ? `&after=${next}` : ''}`);
    assert.equal(reply.status, 200, reply.text);
    all.push(...reply.body.events);
    next = reply.body.next_cursor;
    more = next !== null;
  }
  return all;
};
/** The types of what happened to one appointment, once there are so many. */
const about = (id, number) =>
  until(`${number} events about ${id}`, async () => {
    const found = (await events()).filter(({ data }) => (data.id ?? data.appointment_id) === id);
    return found.length >= number && found;
  });

test('booked, moved, marked or cancelled: each is an event with the appointment as it was then', async () => {
  const ann = stack.client('ann');
  const made = await book(ann);
  await ann.put(`/booking/${made.id}/reschedule`, { start: stack.slot(200) });
  await coach.put(`/booking/${made.id}/meeting`, { kind: 'in_person', address: '1 Main Street' });
  await ann.put(`/booking/${made.id}/cancel`, { reason: 'ill' });
  const told = await about(made.id, 4);
  assert.deepEqual(
    told.map(({ type, data }) => [type, data.version, data.status, data.start]),
    [
      ['appointment.created', 1, 'scheduled', made.start],
      ['appointment.moved', 2, 'scheduled', stack.slot(200)],
      ['appointment.meeting_ready', 3, 'scheduled', stack.slot(200)],
      ['appointment.cancelled', 4, 'cancelled', stack.slot(200)],
    ],
  );
  assert.deepEqual(told[1].data.previous, { start: made.start, end: made.end, coach: 'damian' });
  assert.equal(told[0].data.previous, undefined);
  assert.equal(told[3].data.cancelled_by, 'client');
  // As the API shows it, less the notes.
  const { notes, updated_at, ...shown } = made;
  assert.equal(notes, 'what nobody else reads');
  for (const name of Object.keys(shown)) assert.deepEqual(told[0].data[name], shown[name], name);
  assert.ok(!JSON.stringify(told).includes('what nobody else reads'));
});

test('a hold that is confirmed is a booking, one that runs out or is replaced says so, one that is released nothing', async () => {
  const bob = stack.client('bob');
  const hold = async () =>
    (await bob.post('/booking/hold', { start: stack.slot(++count), duration_minutes: 30 })).body;
  const kept = await hold();
  await bob.put(`/booking/${kept.id}/confirm`, {});
  const replaced = await hold();
  const released = await hold();
  await bob.put(`/booking/${released.id}/cancel`);
  const last = await book(bob);
  await about(last.id, 1);
  const mine = (await events()).filter(({ data }) => data.user_id === 'bob');
  assert.deepEqual(
    mine.map(({ type, data }) => [type, data.id]),
    [
      ['appointment.created', kept.id],
      ['hold.expired', replaced.id],
      ['appointment.created', last.id],
    ],
  );
});

test('whoever reads on from an event misses none that took its number earlier and is committed later', async () => {
  const before = (await events()).at(-1).id;
  const session = spawn('psql', ['-X', '-q', '-d', stack.database.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    session.stdin.write(
      "set search_path = bookingd, public; begin; select note_event('test.late', 'damian', null, null, '{}'); \\echo written\n",
    );
    await once(session.stdout, 'data');
    const early = await book(stack.client('early'));
    await about(early.id, 1);
    const seen = await events(before);
    assert.deepEqual(
      seen.map(({ type }) => type),
      ['appointment.created'],
    );
    session.stdin.end('commit;\n');
    const [late] = await until('the late one', async () => {
      const found = await events(seen.at(-1).id);
      return found.length > 0 && found;
    });
    assert.equal(late.type, 'test.late');
  } finally {
    session.kill();
  }
});

test('many who book at once are each one event, and the order is the same whoever reads when', async () => {
  const before = (await events()).at(-1).id;
  const found = [];
  const booking = Array.from({ length: 6 }, async (_, worker) => {
    for (let i = 0; i < 10; i++) await book(stack.client(`many-${worker}`));
  });
  await until('all to be read', async () => {
    found.push(...(await events(found.at(-1)?.id ?? before)));
    return found.length >= 60;
  });
  await Promise.all(booking);
  assert.equal(new Set(found.map(({ id }) => id)).size, 60);
  assert.equal(new Set(found.map(({ data }) => data.id)).size, 60);
  assert.deepEqual(await events(before), found);
});

test('after must be the id of an event', async () => {
  for (const after of ['x', '7', '018f7b1c-0000-7000-8fff-ffffffffffff']) {
    const reply = await coach.get(`/coach/damian/events?after=${after}`);
    assert.deepEqual([reply.status, reply.body.code], [400, 'bad_parameter'], after);
  }
  assert.equal((await coach.get('/coach/damian/events?limit=0')).status, 400);
});

test('events forget who was erased, and go after 30 days', async () => {
  const eve = stack.client('eve', { name: 'Evelyn Nobody' });
  const made = await book(eve, { phone: '+33612345678' });
  const [told] = await about(made.id, 1);
  assert.deepEqual([told.data.name, told.data.phone], ['Evelyn Nobody', '+33612345678']);
  await eve.delete('/booking/user/me');
  const left = await about(made.id, 2);
  assert.deepEqual(
    left.map(({ type }) => type),
    ['appointment.created', 'appointment.cancelled'],
  );
  assert.ok(!/Evelyn|eve@|33612345678|"eve"/.test(JSON.stringify(left)));
  assert.ok(
    !/Evelyn|eve@|33612345678|"eve"/.test(
      JSON.stringify(stack.database.rows('select body from bookingd.event')),
    ),
  );

  const last = (await events()).at(-1).id;
  stack.database.run(
    `update bookingd.event set at = now() - interval '31 days' where appointment_id = '${made.id}'`,
  );
  await stack.daemon.stop();
  await stack.daemon.restart();
  await until('the old to go', async () => !(await events()).some(({ data }) => data.id === made.id));
  assert.deepEqual(await events(last), []);
  const next = await book(stack.client('frank'));
  await about(next.id, 1);
  assert.deepEqual(
    (await events(last)).map(({ data }) => data.id),
    [next.id],
  );
});
