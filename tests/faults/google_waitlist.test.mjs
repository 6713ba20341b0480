// What is freed is offered to who waits in the same transaction; nobody is told before the calendar was asked.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, sleep, startStack, until } from '../harness/stack.mjs';

let stack;
let hour = 0;
before(async () => {
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  document.session_types.push({ id: 'pair', name: 'Pair', durations: [60], meeting: 'none', seats: 2 });
  stack = await startStack({ google: 'delegated', document });
});
after(() => stack?.stop());
beforeEach(() => stack.google.heal());

const HOUR = { duration_minutes: 60 };
const slot = () => stack.slot((hour += 3));

/** Booked by `owner`, in the calendar, and waited for by `waiter`. */
async function waitedFor(name, more = {}) {
  const start = slot();
  const [owner, waiter] = [stack.client(`${name}-owner`), stack.client(`${name}-waiter`)];
  const { id } = assertStatus(await owner.post('/booking/create', { start, ...HOUR, ...more }), 201);
  const wish = { from: start, to: later(start, 1), session_type: 'coaching', ...HOUR, ...more };
  const { id: place } = assertStatus(await waiter.post('/booking/waitlist', wish), 201);
  const entry = async () =>
    assertStatus(await waiter.get('/booking/waitlist'), 200).waitlist.find((one) => one.id === place);
  return { start, owner, waiter, id, entry };
}
const told = (id) =>
  stack.database.value(
    `SELECT count(*) > 0 FROM bookingd.notice WHERE appointment_id = '${id}' AND kind = 'offer'`,
  );

test('the event of whoever had the time is in the way of no offer', async () => {
  const { owner, waiter, id, entry } = await waitedFor('free');
  await stack.settled(owner, id);
  assertStatus(await owner.put(`/booking/${id}/cancel`, {}), 200);
  const { appointment_id: offer } = await entry();
  await until('it to be told', () => told(offer));
  assertStatus(await waiter.put(`/booking/${offer}/confirm`, {}), 200);
});

test('a time that the coach gave up since their calendar is busy is offered to nobody', async () => {
  const { start, owner, id, entry } = await waitedFor('busy');
  await stack.settled(owner, id);
  await stack.google.busy(stack.calendar, start, later(start, 60));
  const away = { start: stack.slot(240) };
  assertStatus(await stack.coach().put(`/booking/${id}/reschedule`, away), 200);
  await until('it to be taken back', async () => (await entry()).state === 'waiting');
  const offers = stack.database.rows(
    `SELECT id, status FROM bookingd.appointment WHERE hold_kind = 'offer' AND user_id = 'busy-waiter'`,
  );
  assert.deepEqual([offers[0].status, told(offers[0].id)], ['expired', false]);
});

test('a seat is one of a session whose event makes the coach busy', async () => {
  const { owner, start, id, entry } = await waitedFor('seat', { session_type: 'pair' });
  const other = stack.client('seat-other');
  assertStatus(await other.post('/booking/create', { start, ...HOUR, session_type: 'pair' }), 201);
  assertStatus(await owner.put(`/booking/${id}/cancel`, {}), 200);
  const { appointment_id: offer } = await entry();
  await until('it to be told', () => told(offer));
});

test('while the calendar cannot be asked nobody is told, and may take it; after a while it is taken back', async () => {
  const [first, second] = [await waitedFor('away'), await waitedFor('late')];
  for (const { owner, id } of [first, second]) await stack.settled(owner, id);
  await stack.google.fault('html503');
  for (const { owner, id } of [first, second])
    assertStatus(await owner.put(`/booking/${id}/cancel`, {}), 200);
  const offers = [];
  for (const { entry } of [first, second]) offers.push((await entry()).appointment_id);
  await sleep(3000);
  assert.deepEqual(offers.map(told), [false, false]);
  assert.equal((await first.waiter.put(`/booking/${offers[0]}/confirm`, {})).status, 503);
  stack.database.run(
    `UPDATE bookingd.appointment SET created_at = created_at - interval '6 minutes' WHERE id = '${offers[1]}'`,
  );
  await until('one to be taken back', async () => (await second.entry()).state === 'waiting');
  await stack.google.heal();
  await until('the other to be told', () => told(offers[0]), 90_000);
});
