// What the coach changes, when and why or where: told by mail, in the page, in the appointment and in the event.
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

/** Everything about it is told and mailed. */
const settled = (id) =>
  until(`${id} to be told of`, () =>
    stack.database.value(`select not exists (select from bookingd.appointment where id = '${id}' and version > noticed_version)
      and not exists (select from bookingd.notice where appointment_id = '${id}' and channel = 'email' and state in ('owed', 'sending'))`),
  );
const assertTold = async (address, expected) =>
  assert.deepEqual(
    (await mail.wait(expected.length, ({ to }) => to[0] === address)).map(
      ({ subject }) => subject.split(':')[0],
    ),
    expected,
  );
const ROOM = { kind: 'in_person', address: '1 Main Street', instructions: 'Ring twice' };

test('who was told where a session takes place is told that it takes place elsewhere, once', async () => {
  const guest = 'gil@guest.test';
  const { id } = await book('fay', slot(), { guests: [guest] });
  await settled(id);
  const path = `/booking/${id}/meeting`;
  assertStatus(await coach.put(path, ROOM), 200);
  await settled(id);
  assertStatus(await coach.put(path, ROOM), 200); // the same once more
  await settled(id);
  for (const address of ['fay@client.test', guest]) {
    const [first, second, ...more] = await mail.wait(2, ({ to }) => to[0] === address);
    assert.deepEqual(more, []);
    assert.match(second.subject, /^New meeting place: /);
    assert.ok(second.text.includes('1 Main Street') && second.text.includes('Ring twice'), second.text);
    assert.equal(second.headers['in-reply-to'], first.headers['message-id']);
    assert.deepEqual(
      [second.calendar.method, second.calendar.uid, second.calendar.location],
      ['REQUEST', first.calendar.uid, '1 Main Street'],
    );
    assert.ok(second.calendar.sequence > first.calendar.sequence);
  }
  const { notices } = assertStatus(await stack.client('fay').get('/booking/user/me/notices'), 200);
  assert.deepEqual(
    notices.map(({ kind }) => kind),
    ['confirmed', 'meeting_changed'],
  );
  const { events } = assertStatus(await coach.get('/coach/damian/events'), 200);
  assert.deepEqual(
    events.filter(({ data }) => data.id === id).map(({ type }) => type),
    ['appointment.created', 'appointment.meeting_ready'],
  );

  // Changed and changed back before any mail of it is out: nobody is told.
  await mail.fault('MAIL', { reply: '451 4.3.0 later', times: -1 });
  assertStatus(await coach.put(path, { kind: 'phone', number: '+1 555 0100' }), 200);
  await settled(id);
  assertStatus(await coach.put(path, ROOM), 200);
  await settled(id);
  await mail.heal();
  assert.equal(
    stack.database.value(`select count(*) from bookingd.notice where appointment_id = '${id}' and channel = 'email'
      and state in ('owed', 'retry')`),
    0,
  );
  // Nowhere is also a change.
  assertStatus(await coach.put(path, { kind: 'none' }), 200);
  await settled(id);
  const [, , third] = await mail.wait(3, ({ to }) => to[0] === 'fay@client.test');
  assert.ok(third.text.includes('No meeting place is given any more.'), third.text);
  await assertTold(guest, ['Invitation', 'New meeting place', 'New meeting place']);
});

test('a session of a group that takes place elsewhere is told to every seat; a move tells where, too', async () => {
  const start = slot();
  const seats = [];
  for (const who of ['hal', 'ivy']) seats.push(await book(who, start, { session_type: 'pair' }));
  for (const { id } of seats) await settled(id);
  assertStatus(await coach.put(`/booking/${seats[0].id}/meeting`, ROOM), 200);
  for (const { id } of seats) await settled(id);
  for (const who of ['hal', 'ivy']) await assertTold(`${who}@client.test`, ['Booked', 'New meeting place']);

  const { id } = await book('jon', slot());
  await settled(id);
  await mail.fault('MAIL', { reply: '451 4.3.0 later', times: -1 });
  assertStatus(await coach.put(`/booking/${id}/reschedule`, { start: slot() }), 200);
  assertStatus(await coach.put(`/booking/${id}/meeting`, ROOM), 200);
  await settled(id);
  await mail.heal();
  stack.database.run(
    `update bookingd.notice set due_at = now() where appointment_id = '${id}' and state = 'retry'`,
  );
  const [, moved_] = await mail.wait(2, ({ to }) => to[0] === 'jon@client.test');
  assert.ok(moved_.subject.startsWith('New') && moved_.text.includes('1 Main Street'), moved_.text);
});

test('that too few have booked a session is told in each reader’s language', async () => {
  const { id, group_id: group } = await book('lea', slot(), { session_type: 'pair', locale: 'fr' });
  await settled(id);
  stack.database.run(`
    update bookingd.appointment set starts_at = now() + interval '20 hours', ends_at = now() + interval '21 hours',
      blocked_from = now() + interval '20 hours', blocked_to = now() + interval '21 hours' where id = '${group}';
    update bookingd.group_session set created_at = now() - interval '30 hours', min_seats = 3 where id = '${group}';
    select bookingd.judge_group()`);
  await settled(id);
  const letter = (
    await mail.wait(1, ({ subject, to }) => to[0].endsWith('client.test') && /^Annulation/.test(subject))
  )[0];
  assert.ok(letter.text.includes('Trop peu de personnes l’ont réservée.'), letter.text);
  assert.equal(assertStatus(await coach.get(`/booking/${id}`), 200).cancel_reason, 'too_few_booked');
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
