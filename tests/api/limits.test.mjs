// The default policy: a day's notice, 30 days' horizon, one booking per client, a day to cancel. And that
// coach and admin stand above it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack;
before(async () => {
  stack = await startStack({ document: openSchedule({ max_active_per_user: 1 }) });
});
after(() => stack.stop());

const inHours = (hours) =>
  new Date(Math.ceil((Date.now() + hours * 3600_000) / 1_800_000) * 1_800_000)
    .toISOString()
    .replace('.000', '');

test('without a calendar its state is off and there is no link', async () => {
  const made = assertStatus(await stack.client('off').post('/booking/create', { start: stack.slot(1) }), 201);
  assert.equal(made.calendar.state, 'off');
  assert.equal(made.meeting.url, null);
});

for (const [what, start, code] of [
  ['in a past hour', -5, 'too_soon'],
  ['in less than a day', 20, 'too_soon'],
  ['in more than 30 days', 31 * 24, 'too_far'],
]) {
  test(`a start ${what} is ${code}`, async () => {
    assertProblem(await stack.client('ann').post('/booking/create', { start: inHours(start) }), 422, code);
  });
}

test('a start off the grid is not_aligned', async () => {
  assertProblem(
    await stack.client('ann').post('/booking/create', { start: later(stack.slot(2), 10) }),
    422,
    'not_aligned',
  );
});

test('a second booking is booking_limit until the first is cancelled', async () => {
  const bob = stack.client('bob');
  const first = assertStatus(await bob.post('/booking/create', { start: stack.slot(3) }), 201);
  assertProblem(await bob.post('/booking/create', { start: stack.slot(4) }), 409, 'booking_limit');
  const cancelled = assertStatus(await bob.put(`/booking/${first.id}/cancel`, { reason: 'ill' }), 200);
  assert.deepEqual([cancelled.status, cancelled.cancelled_by], ['cancelled', 'client']);
  assertStatus(await bob.post('/booking/create', { start: stack.slot(4) }), 201);
});

test('less than a day before the start a client can neither cancel nor move, coach and admin can', async () => {
  const cleo = stack.client('cleo');
  const made = assertStatus(await cleo.post('/booking/create', { start: stack.slot(6) }), 201);
  stack.database.run(`UPDATE appointment SET starts_at = now() + interval '23 hours', ends_at = now() + interval '23.5 hours',
    blocked_from = now() + interval '23 hours', blocked_to = now() + interval '23.5 hours' WHERE id = '${made.id}'`);
  assertProblem(await cleo.put(`/booking/${made.id}/cancel`), 409, 'cancellation_closed');
  assertProblem(
    await cleo.put(`/booking/${made.id}/reschedule`, { start: stack.slot(7) }),
    409,
    'reschedule_closed',
  );
  assertStatus(await stack.coach().put(`/booking/${made.id}/reschedule`, { start: stack.slot(7) }), 200);
  assert.equal(
    assertStatus(await stack.admin().put(`/booking/${made.id}/cancel`), 200).cancelled_by,
    'admin',
  );
});
