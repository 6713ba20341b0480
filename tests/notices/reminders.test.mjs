// Reminders when the clock goes on: at the time that a session has, whoever moved or cancelled it, and at no other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { passTime } from '../harness/clock.mjs';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const HOUR = 3600;
const notices = {
  reminders: [
    { before_minutes: 1440, to: ['client', 'coach'] },
    { before_minutes: 360, to: ['client'] },
  ],
};
let stack, mail;
let passed = 0; // seconds that the clock has gone on
before(async () => {
  stack = await startStack({
    google: 'delegated',
    mail: true,
    document: {
      ...openSchedule({
        min_notice_minutes: 0,
        cancel_notice_minutes: 0,
        reschedule_notice_minutes: 0,
        step_minutes: 15,
      }),
      session_types: [{ id: 'coaching', name: 'Coaching', durations: [15], meeting: 'none' }],
      notices,
    },
    env: { PUBLIC_URL: 'https://book.test' },
  });
  mail = stack.mail;
});
after(() => stack?.stop());

/** The `n`th quarter of an hour from noon on day `day` of the story, as seconds since 1970 before any of it passed. */
const quarter = (day, n) => Date.parse(stack.slot(24 * day + 12)) / 1000 + n * 900;
const text = (seconds) => new Date((seconds - passed) * 1000).toISOString().replace('.000', '');

const sessions = [];
/** A session of somebody of their own, once it was told of and Google has it. */
async function book(what, start) {
  const name = `client-${sessions.length}`;
  const client = stack.client(name);
  const { id } = assertStatus(
    await client.post('/booking/create', { start: text(start), duration_minutes: 15 }),
    201,
  );
  const session = { what, id, client, event: id.replaceAll('-', ''), start };
  sessions.push(session);
  await stack.settled(stack.coach(), id);
  await told(session);
  return session;
}
const told = ({ id }) =>
  until(`${id} to be told of`, () =>
    stack.database.value(`select not exists (select from bookingd.appointment
      where id = '${id}' and (version > noticed_version or version > synced_version))`),
  );
/** What Google was made to do by hand has been read. */
async function followed({ id, what }, is) {
  stack.database.run('update bookingd.coach_calendar set poll_due_at = now()');
  await until(`${what} to be read`, async () => is((await stack.coach().get(`/booking/${id}`)).body));
}

/** The clock goes on until so many seconds before `start`, by whole quarters of an hour. */
function goTo(start, before) {
  const ahead = Math.ceil((start - before - passed - Date.now() / 1000) / 900) * 900;
  passTime(stack.database, ahead);
  passed += ahead;
}
/** What was mailed when the reminder of this session is out, before which in each round all others have theirs. */
async function remindedOf(last, minutes) {
  await until(
    `the reminder of ${minutes} minutes of ${last.what}`,
    () =>
      stack.database.value(`select exists (select from bookingd.notice where appointment_id = '${last.id}'
        and kind = 'reminder' and channel = 'email' and about = '${minutes}@${last.start - passed}' and state = 'sent')`),
    60_000,
  );
  await allOut();
  return reminders();
}
const allOut = () =>
  until(
    'all mails to be out',
    () =>
      stack.database.value(`select not exists (select from bookingd.notice where channel = 'email' and state in ('owed', 'sending', 'retry'))
          and not exists (select from bookingd.appointment where version > noticed_version)`),
    120_000,
  );
const seen = new Set();
/** The reminders mailed since the last time: "what minutes recipient@start of the story", sorted. */
async function reminders() {
  const found = [];
  await mail.heal(); // whose answer comes after all that it took

  for (const { headers } of mail.read()) {
    const id = headers['message-id'];
    const [, appointment, minutes, start, who] =
      /^<([\w-]{36})\.(\d+)-(\d+)\.reminder\.(\w+)@/.exec(id) ?? [];
    if (!appointment || seen.has(id)) continue;
    seen.add(id);
    const { what } = sessions.find((one) => one.id === appointment);
    found.push(`${what}: ${minutes} ${who} at ${Number(start) + passed}`);
  }
  return found.sort();
}
const expected = (list, minutes, who) =>
  list.flatMap(({ what, start }) => who.map((one) => `${what}: ${minutes} ${one} at ${start}`)).sort();

test('a session that was moved or cancelled is never reminded of at its old time, whoever did it', async () => {
  const [first, second] = [0, 1].map((day) => (n) => quarter(day, n));
  const ways = {
    stayed: async () => {},
    'cancelled by the client': ({ client, id }) => client.put(`/booking/${id}/cancel`),
    'cancelled by the coach': ({ id }) => stack.coach().put(`/booking/${id}/cancel`),
    'cancelled by an admin': ({ id }) => stack.admin().put(`/booking/${id}/cancel`),
    'erased with its client': ({ client }) => client.delete('/booking/user/me'),
    'deleted at Google': async (session) => {
      await stack.google.remove(stack.calendar, session.event);
      await followed(session, ({ status }) => status === 'cancelled');
    },
    'moved by the client': ({ client, id }, to) =>
      client.put(`/booking/${id}/reschedule`, { start: text(to) }),
    'moved by the coach': ({ id }, to) => stack.coach().put(`/booking/${id}/reschedule`, { start: text(to) }),
    'moved at Google': async (session, to) => {
      await stack.google.move(stack.calendar, session.event, text(to), text(to + 900));
      await followed(session, ({ start }) => start === text(to));
    },
    'moved away and back': async ({ client, id, start }, to) => {
      assertStatus(await client.put(`/booking/${id}/reschedule`, { start: text(to) }), 200);
      return stack.coach().put(`/booking/${id}/reschedule`, { start: text(start) });
    },
  };
  let n = 0;
  for (const what of Object.keys(ways)) await book(what, first(n++));
  for (const [n, session] of sessions.entries()) {
    const { what } = session;
    const reply = await ways[what](session, second(n));
    if (reply) assertStatus(reply, 200);
    if (/^moved (by|at)/.test(what)) session.start = second(n);
    if (/^(cancelled|deleted|erased)/.test(what)) session.over = true;
    await told(session);
  }
  // What was done by hand has been read; Google's clock stays where it is.
  await stack.google.fault('backendError', { method: 'events.list' });
  const there = (day) =>
    sessions.filter(({ over, start }) => !over && start >= quarter(day, 0) && start < quarter(day + 1, 0));

  // A quarter of an hour after the last of the old times' reminders was due, and so on through the new ones.
  for (const day of [0, 1]) {
    const last = there(day).reduce((one, other) => (other.start > one.start ? other : one));
    for (const [minutes, who] of [
      [1440, ['client', 'coach']],
      [360, ['client']],
    ]) {
      goTo(last.start, minutes * 60 - 60);
      assert.deepEqual(
        await remindedOf(last, minutes),
        expected(there(day), minutes, who),
        `${minutes} minutes before the times of day ${day}`,
      );
    }
  }
  assert.equal(
    stack.database.value(`select count(*)::int from bookingd.notice n join bookingd.appointment a on a.id = n.appointment_id
    where kind = 'reminder' and state = 'sent' and split_part(about, '@', 2)::bigint <> extract(epoch from starts_at)::bigint`),
    0,
  );
});

test('nor is one that was changed while the mail server was away', async () => {
  // Google's clock stands still: by it, these are after all that was written there, at whatever hour this runs.
  const start = Date.parse(stack.slot(24 * 2 + 2)) / 1000 + passed;
  const [stayed, cancelled, moved] = [
    await book('stayed on', start),
    await book('cancelled meanwhile', start + 900),
    await book('moved meanwhile', start + 1800),
  ];
  await mail.fault('MAIL', { reply: '451 4.3.0 later', times: -1 });
  goTo(start, 24 * HOUR - 1860);
  const waiting = () =>
    stack.database.value(`select count(*)::int from bookingd.notice where kind = 'reminder' and channel = 'email'
        and recipient = 'client' and attempts > 0 and appointment_id in ('${[stayed, cancelled, moved].map(({ id }) => id).join("', '")}')`);
  await until('the three to wait', () => waiting() === 3, 60_000);
  // Told of by itself, this leaves the reminder true.
  assertStatus(await stayed.client.put(`/booking/${stayed.id}/guests`, { guests: ['gil@guest.test'] }), 200);
  assertStatus(await cancelled.client.put(`/booking/${cancelled.id}/cancel`), 200);
  assertStatus(
    await stack.coach().put(`/booking/${moved.id}/reschedule`, { start: text(start + 96 * HOUR) }),
    200,
  );
  await until('all of it to be announced', () =>
    stack.database.value(
      'select count(*)::int = 0 from bookingd.appointment where version > noticed_version',
    ),
  );
  await mail.heal();
  stack.database.run(`update bookingd.notice set due_at = now() where state = 'retry'`);
  await allOut();
  assert.deepEqual(await reminders(), expected([stayed], 1440, ['client', 'coach']));
});
