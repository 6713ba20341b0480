// Bookings and Google: the event follows the appointment, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack } from '../harness/stack.mjs';

let stack;
before(async () => {
  stack = await startStack({ google: 'delegated' });
});
after(() => stack.stop());

test('a booking gets an event, a Meet link and one invitation; a move one update; a cancellation one mail', async () => {
  const ann = stack.client('ann');
  const made = await ann.post('/booking/create', {
    start: stack.slot(10),
    duration_minutes: 30,
    notes: 'a <b>bold</b> wish & more',
    phone: '+49 30 1',
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(made.body.calendar.state, 'synced');
  assert.match(made.body.meeting.url, /^https:\/\/meet\.google\.com\//);
  const [event] = await stack.google.live(stack.calendar);
  assert.equal(event.id, made.body.id.replaceAll('-', ''));
  assert.match(event.description, /a &lt;b&gt;bold&lt;\/b&gt; wish &amp; more/);

  const moved = await ann.put(`/booking/${made.body.id}/reschedule`, { start: stack.slot(12) });
  assert.equal(moved.status, 200, JSON.stringify(moved.body));
  assert.equal(moved.body.calendar.state, 'synced');
  const over = await ann.put(`/booking/${made.body.id}/reschedule`, {
    start: stack.slot(12).replace(':00:00Z', ':30:00Z'),
    duration_minutes: 60,
  });
  assert.equal(over.status, 200, JSON.stringify(over.body));
  const cancelled = await ann.put(`/booking/${made.body.id}/cancel`, {});
  assert.equal(cancelled.status, 200);
  assert.equal(cancelled.body.calendar.state, 'synced');
  assert.deepEqual(
    (await stack.google.mails()).map(({ kind }) => kind),
    ['invitation', 'update', 'update', 'cancellation'],
  );
  assert.deepEqual(await stack.google.live(stack.calendar), []);
});
