// An appointment that is moved to another coach: its event leaves the one calendar before it comes into the other, also where both
// are one; each coach and the client are told what it is to them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const policy = { cancel_notice_minutes: 0, reschedule_notice_minutes: 0 };
const session_types = [{ id: 'coaching', name: 'Coaching', durations: [30], meeting: 'phone' }];
const document = { ...openSchedule(policy), session_types };
const AWAY = 5; // Damian is, from so many days after the first slot on
let stack, ann;
before(async () => {
  stack = await startStack({
    google: 'bare',
    mail: true,
    document,
    env: { PUBLIC_URL: 'https://book.test' },
  });
  const blocked = [
    { from: stack.slot(24 * AWAY).slice(0, 10), to: stack.slot(24 * (AWAY + 1)).slice(0, 10) },
  ];
  assertStatus(await stack.admin().put('/coach/damian/schedule', { ...document, blocked }), 200);
  // Ben's events are in the same calendar as Damian's; Cleo has none.
  for (const coach of ['ben', 'cleo']) {
    assertStatus(await stack.admin().put(`/coach/${coach}/schedule`, document), 201);
    stack.database.run(`UPDATE coach SET email = '${coach}@coach.test' WHERE id = '${coach}'`);
  }
  stack.database.run(
    `INSERT INTO coach_calendar (coach_id, calendar_id, writes) VALUES ('ben', '${stack.calendar}', true)`,
  );
  await stack.daemon.stop();
  await stack.startDaemon();
  ann = stack.client('ann');
});
after(() => stack.stop());

let count = 0;
const settled = (id) =>
  until(`nothing of ${id} to be owed`, () =>
    stack.database.value(`SELECT version = noticed_version AND (calendar_id IS NULL OR version = synced_version)
        AND NOT conference_pending AND NOT EXISTS (SELECT FROM left_event WHERE appointment_id = a.id)
        AND NOT EXISTS (SELECT FROM notice WHERE state IN ('owed', 'sending', 'retry') AND appointment_id = a.id)
      FROM appointment a WHERE id = '${id}'`),
  );
const eventsOf = async ({ calendar }) =>
  (await stack.google.events(stack.calendar)).filter(({ id }) => id === calendar.event_id);
const mailsTo = (address, from) =>
  stack.mail
    .read()
    .slice(from)
    .filter(({ to }) => to[0] === address);
/** How the mails to somebody begin, which all name this. */
function told(address, from, ...names) {
  const mails = mailsTo(address, from);
  for (const mail of mails)
    for (const name of names) for (const text of [mail.text, mail.html]) assert.ok(text.includes(name), text);
  return mails.map(({ subject }) => subject.replace(/[\u2068\u2069]/g, '').split(':')[0]);
}
/** Damian's session, moved with any to the day on which he gives none. */
async function moved() {
  const [start, target] = [stack.slot(2 * count), stack.slot(24 * AWAY + 2 * count)];
  count++;
  const made = assertStatus(await ann.post('/booking/create', { start, coach: 'damian' }), 201);
  await settled(made.id);
  await stack.mail.heal();
  const known = stack.mail.read().length;
  const reply = await ann.put(`/booking/${made.id}/reschedule`, { start: target, coach: 'any' });
  const appointment = assertStatus(reply, 200);
  await settled(made.id);
  await stack.mail.heal();
  return { made, appointment, target, told: (address, ...names) => told(address, known, ...names) };
}
const address = { damian: 'coach@example.com', ben: 'ben@coach.test', cleo: 'cleo@coach.test' };

test('into the same calendar: one event stands there, at the new time', async () => {
  const { appointment, target, told } = await moved();
  assert.equal(appointment.coach, 'ben');
  const [event, ...others] = await eventsOf(appointment);
  assert.deepEqual([others, event.status], [[], 'confirmed']);
  assert.equal(Date.parse(event.start), Date.parse(target));
  assert.deepEqual(told(address.damian, 'has moved to'), ['Moved to ben']);
  assert.deepEqual(told(address.ben), ['New booking']);
  assert.deepEqual(told('ann@client.test', 'is now with', 'damian'), ['Now with ben']);
});

test('to a coach without a calendar: no event is left', async () => {
  stack.database.run(
    `UPDATE coach SET schedule = jsonb_set(schedule, '{session_types}', '[]') WHERE id = 'ben'`,
  );
  const { made, appointment, told } = await moved();
  assert.deepEqual([appointment.coach, appointment.calendar.state], ['cleo', 'off']);
  const events = await eventsOf(made);
  assert.deepEqual(
    events.filter(({ status }) => status !== 'cancelled'),
    [],
  );
  assert.deepEqual(told(address.damian, 'has moved to'), ['Moved to cleo']);
  assert.deepEqual(told(address.cleo), ['New booking']);
  assert.deepEqual(told('ann@client.test', 'is now with', 'damian'), ['Now with cleo']);
});
