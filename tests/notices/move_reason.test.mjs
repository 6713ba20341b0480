// Why the coach moves a session: told to the client by mail, in the page, in the appointment and in the event.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack, mail, coach;
let hour = 30;
before(async () => {
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  document.session_types[0].meeting = 'none';
  document.session_types.push({ id: 'pair', name: 'Pair', durations: [60], meeting: 'none', seats: 3 });
  stack = await startStack({ mail: true, document, env: { PUBLIC_URL: 'https://book.test' } });
  mail = stack.mail;
  coach = stack.coach();
});
after(() => stack?.stop());

const slot = () => stack.slot((hour += 3));
const HOUR = { duration_minutes: 60 };
const book = async (who, start, more) =>
  assertStatus(await stack.client(who).post('/booking/create', { start, ...HOUR, ...more }), 201);
/** Who was not told of a session yet is told of it where it is then, and of no move. */
const confirmed = (who) => mail.wait(1, ({ to }) => to[0] === `${who}@client.test`);
const moved = (who, after_) =>
  mail.wait(1, ({ to, subject }) => to[0] === `${who}@client.test` && after_.test(subject));
const reason = 'The train is late & I am sorry.';

test('the coach’s reason is in the mail, the news, the appointment and the event of the move', async () => {
  const [first, second, third] = [slot(), slot(), slot()];
  const { id } = await book('ann', first);
  await confirmed('ann');
  const now = assertStatus(
    await coach.put(`/booking/${id}/reschedule`, { start: second, reason: `  ${reason} ` }),
    200,
  );
  assert.deepEqual([now.start, now.move_reason, now.cancel_reason], [second, reason, undefined]);
  const [letter] = await moved('ann', /moved|new time/i);
  assert.ok(letter.text.includes(reason), letter.text);
  const news = async () =>
    assertStatus(await stack.client('ann').get('/booking/user/me/notices'), 200).notices.filter(
      ({ kind }) => kind === 'moved',
    );
  await until('the news', async () => (await news()).length === 1);
  assert.equal((await news())[0].reason, reason);
  const events = async () =>
    assertStatus(await coach.get('/coach/damian/events'), 200).events.filter(
      (one) => one.type === 'appointment.moved' && one.data.id === id,
    );
  await until('the event', async () => (await events()).length === 1);
  assert.equal((await events())[0].data.move_reason, reason);
  // Moved on without a word it has none; what the first move's was is not told as the second's.
  assertStatus(await coach.put(`/booking/${id}/reschedule`, { start: third }), 200);
  const latest = assertStatus(await stack.client('ann').get(`/booking/${id}`), 200);
  assert.equal(latest.move_reason, undefined);
  await until('the second event', async () => (await events()).length === 2);
  assert.equal((await events())[1].data.move_reason, undefined);
  await until('the second news', async () => (await news()).length === 2);
  assert.deepEqual(
    (await news()).map((one) => one.reason),
    [null, null],
  );
});

test('a client who moves a session gives no reason for the coach', async () => {
  const [first, second] = [slot(), slot()];
  const { id } = await book('bob', first);
  const client = stack.client('bob');
  assertProblem(await client.put(`/booking/${id}/reschedule`, { start: second, reason }), 403, 'forbidden');
  assert.equal(assertStatus(await client.get(`/booking/${id}`), 200).start, first);
  assertProblem(
    await coach.put(`/booking/${id}/reschedule`, { start: second, reason: 'x'.repeat(2001) }),
    422,
    'invalid_field',
    'reason',
  );
});

test('everybody in a session that is moved reads why', async () => {
  const [first, second] = [slot(), slot()];
  const seat = await book('cid', first, { session_type: 'pair' });
  await book('dan', first, { session_type: 'pair' });
  for (const who of ['cid', 'dan']) await confirmed(who);
  const path = `/coach/damian/groups/${seat.group_id}/reschedule`;
  const group = assertStatus(await coach.put(path, { start: second, reason }), 200);
  assert.deepEqual(
    group.appointments.map((one) => [one.start, one.move_reason]),
    [
      [second, reason],
      [second, reason],
    ],
  );
  for (const who of ['cid', 'dan']) assert.ok((await moved(who, /moved|new time/i))[0].text.includes(reason));
});

test('an erased client’s reason is gone, from the events too', async () => {
  const [first, second] = [slot(), slot()];
  const { id } = await book('eve', first);
  assertStatus(await coach.put(`/booking/${id}/reschedule`, { start: second, reason: 'Private words' }), 200);
  await until(
    'the event',
    () =>
      stack.database.rows(
        `SELECT 1 FROM bookingd.event WHERE appointment_id = '${id}' AND type = 'appointment.moved'`,
      ).length === 1,
  );
  const erased = await stack.admin().request('DELETE', '/booking/user/eve');
  assert.ok(erased.status < 300, erased.text);
  for (const table of ['appointment', 'event'])
    assert.deepEqual(
      stack.database.rows(`SELECT 1 FROM bookingd.${table} x WHERE x::text LIKE '%Private words%'`),
      [],
      table,
    );
});
