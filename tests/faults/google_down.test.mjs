// Google slow, silent, killed under us, or losing replies: the booking is safe, and one event follows.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { startStack, until } from '../harness/stack.mjs';

let stack,
  ann,
  hour = 0;
before(async () => {
  stack = await startStack({ google: 'delegated' });
  ann = stack.client('ann');
});
beforeEach(() => stack.google.heal());
after(() => stack.stop());

const nextStart = () => stack.slot(hour++);
const eventsAt = async (start) =>
  (await stack.google.events(stack.calendar)).filter((event) =>
    event.history.some((was) => was.start === start),
  );

test('Google hangs on the insert: the reply comes within 4 s as pending, the event by itself', async () => {
  await stack.google.fault('hang_before', { method: 'events.insert', ms: 10_000, count: 1 });
  const start = nextStart();
  const reply = await ann.post('/booking/create', { start });
  const made = assertStatus(reply, 201);
  assert.ok(reply.ms < 4000, `${reply.ms} ms`);
  assert.equal(made.calendar.state, 'pending');
  const settled = await stack.settled(ann, made.id);
  assert.match(settled.meeting.url, /meet\.google\.com/);
  assert.equal((await eventsAt(start)).length, 1);
});

test('Google hangs altogether: create answers within 4 s, on the last known busy times or 503', async () => {
  await ann.get('/booking/availability');
  await stack.google.fault('hang_before', { ms: 10_000 });
  const reply = await ann.post('/booking/create', { start: nextStart() });
  assert.ok(reply.ms < 4000, `${reply.ms} ms`);
  assert.ok([201, 503].includes(reply.status), reply.text);
  if (reply.status === 201) assert.equal(reply.body.calendar.state, 'pending');
  else assertProblem(reply, 503, 'calendar_unavailable');
  const other = await ann.get('/booking/user/me');
  assert.ok(assertStatus(other, 200) && other.ms < 1000, `${other.ms} ms`);
  await stack.google.heal();
  if (reply.status === 201) await stack.settled(ann, reply.body.id, 'synced', 60_000);
});

for (const fault of [
  'cut_before',
  'cut_after',
  'cut_half',
  'hang_after',
  'garbage',
  'html502',
  'backendError503',
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'authError',
]) {
  test(`${fault} on the insert: one event in the end, and one invitation`, async () => {
    await until(
      'the calendar to be trusted again',
      async () => (await ann.get('/booking/availability')).body?.calendar?.state === 'live',
      60_000,
    );
    await stack.google.fault(fault, { method: 'events.insert', count: 1, ms: 8000 });
    const start = nextStart();
    const made = assertStatus(await ann.post('/booking/create', { start }), 201);
    const settled = await stack.settled(ann, made.id, 'synced', 60_000);
    const events = await eventsAt(start);
    assert.deepEqual(
      events.map(({ id, status }) => [id, status]),
      [[settled.calendar.event_id, 'confirmed']],
    );
    assert.match(settled.meeting.url, /meet\.google\.com/);
    assert.equal((await stack.google.mails({ event: events[0].id })).length, 1);
  });
}

for (const fault of ['cut_before', 'cut_after', 'backendError']) {
  test(`${fault} on move and cancel: Google follows, each guest told once`, async () => {
    const start = nextStart();
    const to = nextStart();
    const made = assertStatus(await ann.post('/booking/create', { start }), 201);
    await stack.settled(ann, made.id);
    await stack.google.fault(fault, { method: 'events.patch', count: 1 });
    assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: to }), 200);
    await stack.settled(ann, made.id, 'synced', 60_000);
    await stack.google.fault(fault, { method: 'events.delete', count: 1 });
    assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
    await stack.settled(ann, made.id, 'synced', 60_000);
    const [event] = await eventsAt(start);
    assert.deepEqual([event.status, event.start], ['cancelled', to]);
    assert.deepEqual(
      (await stack.google.mails({ event: event.id })).map(({ kind }) => kind),
      ['invitation', 'update', 'cancellation'],
    );
  });
}

test('killed between commit and insert: after a restart exactly one event, with the promised id', async () => {
  const start = nextStart();
  await stack.google.fault('hang_before', { method: 'events.insert', ms: 60_000 });
  const lost = ann.post('/booking/create', { start }).catch(() => null);
  await until('the insert to be on its way', async () =>
    (await stack.google.calls('events.insert')).some(
      ({ body, outcome }) => outcome === 'lost' && JSON.stringify(body).includes(start.slice(0, 13)),
    ),
  );
  await stack.daemon.kill();
  await lost;
  await stack.google.heal();
  const [row] = stack.database.rows(`SELECT id FROM appointment WHERE starts_at = '${start}'`);
  await stack.daemon.restart();
  const settled = await stack.settled(ann, row.id, 'synced', 60_000);
  assert.deepEqual(
    (await eventsAt(start)).map(({ id, status }) => [id, status]),
    [[settled.calendar.event_id, 'confirmed']],
  );
});

test('killed after Google took the insert but before we knew: still one event', async () => {
  const start = nextStart();
  await stack.google.fault('hang_after', { method: 'events.insert', ms: 60_000, count: 1 });
  const lost = ann.post('/booking/create', { start }).catch(() => null);
  await until('the event', async () => (await eventsAt(start)).length === 1);
  await stack.daemon.kill();
  await lost;
  await stack.google.heal();
  const [row] = stack.database.rows(`SELECT id FROM appointment WHERE starts_at = '${start}'`);
  await stack.daemon.restart();
  const settled = await stack.settled(ann, row.id, 'synced', 60_000);
  const events = await eventsAt(start);
  assert.deepEqual(
    events.map(({ id }) => id),
    [settled.calendar.event_id],
  );
  assert.equal((await stack.google.mails({ event: events[0].id })).length, 1);
});
