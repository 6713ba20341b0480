// What people are told about their appointments, with a real mail server and no calendar.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startStack, until } from '../harness/stack.mjs';

let stack, mail;
let count = 0;

before(async () => {
  stack = await startStack({ mail: true, env: { PUBLIC_URL: 'https://book.test' } });
  mail = stack.mail;
});
afterEach(() => mail.heal());
after(() => stack?.stop());

/** A client of a test's own, and what was mailed to them and to the coach about them. */
function person(claims = {}) {
  const id = `client-${++count}`;
  const client = stack.client(id, claims);
  const mails = () => mail.to(`${id}@client.test`);
  const coach = () =>
    mail.to('coach@example.com').filter(({ reply_to }) => reply_to[0] === `${id}@client.test`);
  return { id, client, mails, coach };
}
const book = async (client, more = {}, n = count) => {
  const reply = await client.post('/booking/create', {
    start: stack.slot(n),
    duration_minutes: 30,
    time_zone: 'Europe/Paris',
    ...more,
  });
  assert.equal(reply.status, 201, reply.text);
  return reply.body;
};
const settled = async (id) => {
  await until(`notices about ${id}`, () =>
    stack.database.value(
      `select not exists (select from bookingd.appointment where id = '${id}' and version > noticed_version)
         and not exists (select from bookingd.notice where appointment_id = '${id}' and channel = 'email' and state in ('owed', 'sending'))`,
    ),
  );
};
const notices = async (client, id) => (await client.get(`/booking/${id}/notices`)).body.notices;

test('who books is told by mail with an invitation, and so is the coach', async () => {
  const ann = person();
  const made = await book(ann.client, { locale: 'en' });
  const [told] = await until('the mail', () => ann.mails().length && ann.mails());
  assert.match(told.subject, /^Booked: /);
  assert.deepEqual([told.from, told.reply_to], [['bookings@coach.test'], ['coach@example.com']]);
  assert.deepEqual(
    [told.calendar.mime_method, told.calendar.method, told.calendar.status],
    ['REQUEST', 'REQUEST', 'CONFIRMED'],
  );
  assert.equal(told.calendar.uid, `${made.id.replaceAll('-', '')}@google.com`);
  assert.equal(told.calendar.sequence, 0);
  assert.deepEqual(
    [told.calendar.organizer, told.calendar.attendee, told.calendar.partstat],
    ['mailto:bookings@coach.test', `mailto:${ann.id}@client.test`, 'ACCEPTED'],
  );
  assert.equal(told.file.name, 'invite.ics');
  assert.equal(told.file.bytes, told.calendar.bytes);
  assert.equal(new Date(told.calendar.start).getTime(), Date.parse(made.start));
  assert.match(told.text, /https:\/\/book\.test\/booking\/#manage=[\w-]{43}\r?\n/);
  assert.equal(told.headers['message-id'], `<${made.id}.1.confirmed.client@coach.test>`);
  assert.equal(told.headers['list-unsubscribe'], undefined);
  assert.deepEqual([told.bare, told.defects, told.calendar.bare], [0, [], 0]);
  assert.ok(told.longest <= 998 && told.calendar.longest <= 75);

  const [coach] = await until("the coach's mail", () => ann.coach().length && ann.coach());
  assert.match(coach.subject, /^New booking: Name of client/);
  assert.equal(coach.calendar, null);
  assert.equal((await ann.client.get(`/booking/${made.id}`)).body.invited_by, 'email');
});

test('a move and a cancellation follow in the same thread, with one UID and a growing SEQUENCE', async () => {
  const ann = person();
  const made = await book(ann.client);
  await settled(made.id);
  await ann.client.put(`/booking/${made.id}/reschedule`, { start: stack.slot(count + 100) });
  await settled(made.id);
  await ann.client.put(`/booking/${made.id}/cancel`);
  await settled(made.id);
  const mails = await until('three mails', () => ann.mails().length === 3 && ann.mails());
  const first = mails[0].headers['message-id'];
  assert.deepEqual(
    mails.map(({ subject }) => subject.split(':')[0]),
    ['Booked', 'New time', 'Cancelled'],
  );
  assert.deepEqual(
    mails.map(({ headers }) => headers['in-reply-to']),
    [undefined, first, first],
  );
  assert.deepEqual(
    mails.map(({ calendar }) => calendar.method),
    ['REQUEST', 'REQUEST', 'CANCEL'],
  );
  assert.deepEqual(
    mails.map(({ calendar }) => calendar.mime_method),
    ['REQUEST', 'REQUEST', 'CANCEL'],
  );
  assert.deepEqual(
    mails.map(({ calendar }) => calendar.status),
    ['CONFIRMED', 'CONFIRMED', 'CANCELLED'],
  );
  assert.deepEqual(
    mails.map(({ calendar }) => calendar.sequence),
    [0, 1, 2],
  );
  assert.equal(new Set(mails.map(({ calendar }) => calendar.uid)).size, 1);
  assert.equal(new Date(mails[1].calendar.start).getTime(), Date.parse(stack.slot(count + 100)));
  assert.match(mails[1].text, /Before: /);
  assert.match(mails[2].text, /^You cancelled this session/);
  await until("the coach's three", () => ann.coach().length === 3);
});

test('why the coach cancelled is told to the client, as text, and to nobody else', async () => {
  const ann = person();
  const made = await book(ann.client, { locale: 'en' });
  await settled(made.id);
  const reply = await stack.coach().put(`/booking/${made.id}/cancel`, { reason: 'Ill: <b>sorry</b> {when}' });
  assert.equal(reply.status, 200, reply.text);
  await settled(made.id);
  const [, told] = await until('both mails', () => ann.mails().length === 2 && ann.mails());
  assert.match(told.text, /Reason: Ill: <b>sorry<\/b> \{when\}/);
  assert.doesNotMatch(told.html, /<b>sorry/);
  const coach = await until("the coach's mail", () => ann.coach().length && ann.coach());
  for (const { text } of coach) assert.doesNotMatch(text, /sorry/);
});

test('booked, moved and cancelled before anything went out: nobody is told anything', async () => {
  const ann = person();
  await mail.fault('RCPT', { reply: '451 4.3.0 later', times: -1 });
  const made = await book(ann.client);
  await settled(made.id);
  await ann.client.put(`/booking/${made.id}/reschedule`, { start: stack.slot(count + 100) });
  await settled(made.id);
  await ann.client.put(`/booking/${made.id}/cancel`);
  await settled(made.id);
  await mail.heal();
  await stack.database.run(`update bookingd.notice set due_at = now() where state = 'retry'`);
  await settled(made.id);
  assert.deepEqual([ann.mails(), ann.coach()], [[], []]);
  const states = (await notices(stack.coach(), made.id))
    .filter(({ channel }) => channel === 'email')
    .map(({ state }) => state);
  assert.deepEqual([...new Set(states)], ['skipped']);
});

test('moved before the first mail went out: one mail, with the time as it is now', async () => {
  const ann = person();
  await mail.fault('MAIL', { reply: '451 4.3.0 later', times: -1 });
  const made = await book(ann.client);
  await settled(made.id);
  await ann.client.put(`/booking/${made.id}/reschedule`, { start: stack.slot(count + 100) });
  await settled(made.id);
  await mail.heal();
  await stack.database.run(`update bookingd.notice set due_at = now() where state = 'retry'`);
  const mails = await until('a mail', () => ann.mails().length && ann.mails());
  assert.deepEqual(
    mails.map(({ subject }) => subject.split(':')[0]),
    ['Booked'],
  );
  assert.equal(new Date(mails[0].calendar.start).getTime(), Date.parse(stack.slot(count + 100)));
});

test('who is to get no mail any more gets none by asking for it either', async () => {
  const ann = person();
  const made = await book(ann.client);
  await until('the mail', () => ann.mails().length);
  stack.database.run(
    `insert into bookingd.mail_suppression (email, reason) values ('${ann.id}@client.test', 'complained')`,
  );
  for (const who of [ann.client, stack.coach()]) {
    const again = await who.post(`/booking/${made.id}/notices`, { kind: 'confirmed' });
    assert.deepEqual([again.status, again.body.code], [404, 'not_found']);
  }
});

test('an address that the server refuses is shown to the coach, and can be tried again', async () => {
  const ann = person();
  await mail.fault('RCPT', { reply: '550 5.1.1 no such user', times: 2 });
  const made = await book(ann.client);
  await settled(made.id);
  const failed = (await notices(stack.coach(), made.id)).filter(({ state }) => state === 'failed');
  assert.deepEqual(
    failed.map(({ kind, channel, detail }) => [kind, channel, detail]),
    Array(2).fill(['confirmed', 'email', '550 5.1.1 no such user']),
  );
  // A client sees what is their own.
  assert.deepEqual(
    [...new Set((await notices(ann.client, made.id)).map(({ recipient }) => recipient))],
    ['client'],
  );
  assert.equal((await ann.client.post(`/booking/${made.id}/notices`, { kind: 'confirmed' })).status, 202);
  await until('the mail', () => ann.mails().length);
  const again = await ann.client.post(`/booking/${made.id}/notices`, { kind: 'confirmed' });
  assert.deepEqual([again.status, again.body.code], [429, 'rate_limited']);
  assert.equal((await stack.coach().post(`/booking/${made.id}/notices`, { kind: 'confirmed' })).status, 202);
  const mails = await until('two mails', () => ann.mails().length === 2 && ann.mails());
  assert.equal(mails[0].headers['message-id'], mails[1].headers['message-id']);
  assert.equal((await person().client.get(`/booking/${made.id}/notices`)).status, 404);
});

test('a cut after the message is sent again with the same Message-ID', async () => {
  const ann = person();
  await mail.fault('DOT', { do: 'cut', take: true, times: 1 });
  const made = await book(ann.client);
  await until('an unknown end', () =>
    stack.database.value(
      `select exists (select from bookingd.notice where appointment_id = '${made.id}' and state = 'retry')`,
    ),
  );
  await stack.database.run(`update bookingd.notice set due_at = now() where state = 'retry'`);
  await settled(made.id);
  await until('all three', () => ann.mails().length + ann.coach().length === 3);
  const ids = [...ann.mails(), ...ann.coach()].map(({ headers }) => headers['message-id']);
  assert.equal(new Set(ids).size, 2);
});

test('who has got a mail, or may have, is told of the end of the session', async () => {
  const kinds = (who) => who.map(({ headers }) => headers['message-id']);
  const retries = (id) =>
    stack.database.value(`select count(*) from bookingd.notice
      where appointment_id = '${id}' and state = 'retry' and channel = 'email'`);
  // Taken, and not known to be: the client's and the coach's.
  const ann = person();
  await mail.fault('DOT', { do: 'cut', take: true, times: 2 });
  const made = await book(ann.client);
  await until('both to be tried again', () => retries(made.id) === 2);
  // Known to be taken, and asked for once more.
  const bob = person();
  const known = await book(bob.client);
  await until('it', () => bob.mails().length === 1);
  await settled(known.id);
  await mail.fault('MAIL', { reply: '451 4.3.0 later' });
  assert.equal((await bob.client.post(`/booking/${known.id}/notices`, { kind: 'confirmed' })).status, 202);
  await until('it to be tried again', () => retries(known.id) === 1);
  await mail.heal();
  for (const [{ client }, { id }] of [
    [ann, made],
    [bob, known],
  ])
    assert.equal((await client.put(`/booking/${id}/cancel`, {})).status, 200);
  for (const [what, mails] of [
    ['the client who may have it', ann.mails],
    ['their coach', ann.coach],
    ['the client who has it', bob.mails],
  ])
    await until(`${what} to be told`, () => kinds(mails()).some((id) => id.includes('.cancelled.')));
  await settled(made.id);
});

test('a reminder goes out once, to client and coach; one click in it, and there are no more', async () => {
  const ann = person();
  const made = await book(ann.client);
  await settled(made.id);
  /** It was booked days ago and starts in so many minutes. */
  const bringNear = (id, minutes) =>
    stack.database.run(`update bookingd.appointment
      set starts_at = t, ends_at = t + interval '10 minutes', blocked_from = t, blocked_to = t + interval '10 minutes',
          noticed_start = t, noticed_at = now() - interval '2 days', created_at = now() - interval '3 days'
      from (select date_trunc('second', now()) + interval '${minutes} minutes' as t) near where id = '${id}'`);
  bringNear(made.id, 59);
  const reminder = await until(
    'the reminder',
    () => ann.mails().find(({ subject }) => subject.startsWith('Reminder')),
    30_000,
  );
  assert.equal(reminder.calendar, null);
  assert.match(reminder.headers['list-unsubscribe'], /^<https:\/\/book\.test\/booking\/stop\/[\w-]{22}>$/);
  assert.equal(reminder.headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click');
  await until("the coach's", () => ann.coach().find(({ subject }) => subject.startsWith('Reminder')), 30_000);

  // One click, without cookies or an identity, twice; then there are no reminders any more.
  const path = /book\.test(\/booking\/stop\/[\w-]+)/.exec(reminder.headers['list-unsubscribe'])[1];
  assert.equal((await stack.stranger().get(path)).status, 200);
  assert.equal((await ann.client.get('/booking/user/me/preferences')).body.reminders, true);
  for (let i = 0; i < 2; i++) {
    const reply = await stack.stranger().request('POST', path, 'List-Unsubscribe=One-Click', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    assert.equal(reply.status, 200, reply.text);
  }
  assert.equal((await ann.client.get('/booking/user/me/preferences')).body.reminders, false);
  assert.equal((await stack.stranger().request('POST', `${path}x`, '')).status, 404);
  const next = await book(ann.client, {}, count + 100);
  await settled(next.id);
  bringNear(next.id, 45);
  await until('the next to be left out', () =>
    stack.database.value(`select exists (select from bookingd.notice where appointment_id = '${next.id}'
      and kind = 'reminder' and channel = 'email' and recipient = 'client' and state = 'skipped')`),
  );
  const reminders = ann.mails().filter(({ subject }) => subject.startsWith('Reminder'));
  assert.equal(reminders.length, 1);
});

test('people hear in their own language and zone, with the coach’s time beside it', async () => {
  const ann = person();
  const made = await book(ann.client, { locale: 'fr-CA', time_zone: 'America/Toronto' });
  const [told] = await until('the mail', () => ann.mails().length && ann.mails());
  assert.match(told.subject, /^Réservation/);
  assert.match(told.text, /heure de Toronto \(UTC/);
  assert.equal(told.headers['content-language'], 'fr');
  assert.deepEqual((await ann.client.put('/booking/user/me/preferences', { locale: 'en' })).body, {
    reminders: true,
    locale: 'en',
    sms: false,
  });
  await ann.client.put(`/booking/${made.id}/cancel`);
  const mails = await until('two mails', () => ann.mails().length === 2 && ann.mails());
  assert.match(mails[1].subject, /^Cancelled/);
});

test('in-app there is the same, with unread and read marks', async () => {
  const ann = person();
  const made = await book(ann.client);
  await settled(made.id);
  await ann.client.put(`/booking/${made.id}/cancel`);
  await settled(made.id);
  const { notices: list, unread } = (await ann.client.get('/booking/user/me/notices')).body;
  assert.deepEqual(
    list.map(({ kind, appointment_id }) => [kind, appointment_id]),
    [
      ['confirmed', made.id],
      ['cancelled', made.id],
    ],
  );
  assert.equal(unread, 2);
  assert.equal((await ann.client.put('/booking/user/me/notices/read', { up_to: list[0].id })).body.unread, 1);
  const later = (await ann.client.get(`/booking/user/me/notices?after=${list[0].id}`)).body;
  assert.deepEqual(
    later.notices.map(({ kind }) => kind),
    ['cancelled'],
  );
  assert.equal((await person().client.get('/booking/user/me/notices')).body.notices.length, 0);
});

test('names with line ends, bidi text and emoji do no harm', async () => {
  const ann = person({ name: undefined });
  await book(ann.client, { name: 'שרה 🎉 "x" <b>' });
  const [told] = await until('the mail', () => ann.mails().length && ann.mails());
  assert.equal(told.to_name, 'שרה 🎉 "x" <b>');
  assert.deepEqual([told.defects, told.bare], [[], 0]);
});

test('erasure takes what was said with it, and mails the client nothing', async () => {
  const ann = person();
  await mail.fault('RCPT', { reply: `550 5.1.1 <${ann.id}@client.test> unknown` });
  const made = await book(ann.client);
  await settled(made.id);
  const mailed = (what) =>
    stack.database.rows(`select recipient, state from bookingd.notice
      where appointment_id = '${made.id}' and channel = 'email' and ${what}`);
  const said = () => mailed(`detail like '%${ann.id}@client.test%'`);
  assert.deepEqual(said(), [{ recipient: 'client', state: 'failed' }]);
  assert.equal((await ann.client.delete('/booking/user/me')).status, 200);
  await settled(made.id);
  assert.deepEqual(mailed(`kind = 'cancelled' and state = 'sent'`), [{ recipient: 'coach', state: 'sent' }]);
  assert.deepEqual([ann.mails(), said()], [[], []]);
  assert.ok(!stack.database.dump().includes(`${ann.id}@client.test`));
});

test('a coach hears that the session is off of whoever erases themselves, and no name', async () => {
  const ann = person({ name: 'Ann Forgotten' });
  const made = await book(ann.client);
  await until('both mails', () => ann.mails().length === 1 && ann.coach().length === 1);
  const before = mail.to('coach@example.com').length;
  const since = () => mail.to('coach@example.com').slice(before);
  assert.equal((await ann.client.delete('/booking/user/me')).status, 200);
  await until('the coach’s mail', () => since().length > 0);
  await settled(made.id);
  const told = since();
  assert.equal(told.length, 1);
  assert.match(told[0].subject, /^Cancelled: a client, /);
  assert.match(told[0].text, /The session with a client was cancelled/);
  assert.match(told[0].text, /With a client · 30 minutes/);
  assert.deepEqual(told[0].reply_to ?? [], []);
  for (const word of ['Forgotten', `${ann.id}@client.test`, 'null'])
    assert.ok(!`${told[0].subject}${told[0].text}${told[0].html}`.includes(word), word);
  assert.equal(ann.mails().length, 1);
});

test('no booking waits for a mail server that does not answer', async () => {
  const ann = person();
  await mail.fault('EHLO', { do: 'stall', times: -1 });
  const state = (id) =>
    stack.database.value(`select state from bookingd.notice
      where appointment_id = '${id}' and channel = 'email' and recipient = 'client' and kind = 'confirmed'`);
  const first = await book(ann.client);
  await until('a mail to be with the server', () => state(first.id) === 'sending');
  const second = await book(ann.client, {}, count + 100);
  assert.equal(state(first.id), 'sending');
  assert.deepEqual(ann.mails(), []);
  await mail.heal();
  for (const { id } of [first, second])
    assert.equal((await ann.client.put(`/booking/${id}/cancel`)).status, 200);
});

test('a series is told in one mail at each change, with an invitation for each date', async () => {
  const ann = person();
  const start = stack.slot(80);
  const made = await ann.client.post('/booking/series', {
    start,
    duration_minutes: 30,
    count: 3,
    locale: 'en',
  });
  assert.equal(made.status, 201, made.text);
  const ids = made.body.appointments.map(({ id }) => id);
  const uids = ids.map((id) => `${id.replaceAll('-', '')}@google.com`);
  const told = async (n) => {
    for (const id of ids) await settled(id);
    const [mails] = await Promise.all([
      mail.wait(n, ({ to }) => to[0] === `${ann.id}@client.test`),
      mail.wait(
        n,
        ({ to, reply_to }) => to[0] === 'coach@example.com' && reply_to[0] === `${ann.id}@client.test`,
      ),
    ]);
    assert.deepEqual([mails.length, ann.coach().length], [n, n]);
    assert.ok(mails.every(({ defects, bare, longest }) => !defects.length && !bare && longest <= 998));
    return mails;
  };
  const [booked] = await told(1);
  assert.match(booked.subject, /^Booked: Coaching session, 3 sessions from /);
  assert.deepEqual(booked.shape, {
    'multipart/mixed': [
      { 'multipart/alternative': ['text/plain', 'text/html'] },
      ...Array(3).fill('text/calendar'),
    ],
  });
  for (const { mime_method: mime, method } of booked.calendars)
    assert.deepEqual([mime, method], ['REQUEST', 'REQUEST']);
  assert.deepEqual(
    booked.calendars.map(({ uid }) => uid),
    uids,
  );
  assert.equal(booked.text.match(/#manage=/g).length, 3);
  assert.match(ann.coach()[0].subject, /^New booking: .*, 3 sessions from /);
  assert.deepEqual(ann.coach()[0].calendars, []);
  const ledger = (await notices(ann.client, ids[2])).filter(({ channel }) => channel === 'email');
  assert.deepEqual(
    ledger.map(({ kind, state }) => [kind, state]),
    [['confirmed', 'sent']],
  );

  // A date that changes by itself is told by itself, in the same thread.
  const later = new Date(Date.parse(made.body.appointments[1].start) + 3_600_000).toISOString();
  assert.equal((await ann.client.put(`/booking/${ids[1]}/reschedule`, { start: later })).status, 200);
  const [, alone] = await told(2);
  assert.equal(alone.calendar.uid, uids[1]);
  assert.equal(alone.headers['in-reply-to'], booked.headers['message-id']);

  // What the server may have taken is sent once more as the same mail.
  await mail.fault('DOT', { do: 'cut', take: true, times: 1 });
  const moved = await ann.client.put(`/booking/${ids[0]}/reschedule`, {
    start: stack.slot(86),
    scope: 'all',
  });
  assert.equal(moved.status, 200, moved.text);
  await until('an unknown end', () =>
    stack.database.value(
      `select count(*) >= 3 from bookingd.notice where state = 'retry' and kind = 'moved'`,
    ),
  );
  stack.database.run(`update bookingd.notice set due_at = now() where state = 'retry'`);
  for (const id of ids) await settled(id);
  const all = await until('it twice', () => {
    const found = [...ann.mails(), ...ann.coach()].filter(({ subject }) => subject.startsWith('New times'));
    return found.length === 3 && found;
  });
  assert.equal(new Set(all.map(({ headers }) => headers['message-id'])).size, 2);
  const again = ann.mails().find(({ subject }) => subject.startsWith('New times'));
  assert.deepEqual(again.calendars.map(({ uid }) => uid).sort(), [...uids].sort());
  for (const { sequence } of again.calendars) assert.ok(sequence > 0);

  const before = ann.mails().length;
  assert.equal((await ann.client.put(`/booking/${ids[0]}/cancel`, { scope: 'all' })).status, 200);
  for (const id of ids) await settled(id);
  const [cancelled] = (await mail.wait(before + 1, ({ to }) => to[0] === `${ann.id}@client.test`)).slice(
    before,
  );
  assert.match(cancelled.subject, /^Cancelled: Coaching session, 3 sessions from /);
  assert.match(cancelled.text, /^You cancelled 3 sessions/);
  for (const { method, status } of cancelled.calendars)
    assert.deepEqual([method, status], ['CANCEL', 'CANCELLED']);
  assert.equal(cancelled.calendars.length, 3);
});

test('a coach is told once of each connection that is lost for good, unless it is back', async () => {
  const told = () =>
    mail
      .to('coach@example.com')
      .map(({ subject }) => subject)
      .filter((subject) => /turned off|can’t be read|no longer connected/.test(subject))
      .sort();
  stack.database.run(`
    insert into bookingd.webhook_endpoint (coach_id, url, state, failing_since)
    values ('damian', 'https://hooks.example/a?secret', 'disabled', now() - interval '5 days');
    insert into bookingd.busy_source (id, coach_id, kind, name, sealed_address, state, due_at, created_at)
    select gen_random_uuid(), 'damian', 'ical', name, '', 'failing', 'infinity', now() - days * interval '1 day'
    from (values ('Family & friends', 4), ('Work', 2)) v (name, days);
    insert into bookingd.google_grant (coach_id, sealed_token, scopes, account, needs_consent)
    values ('damian', '', '', 'damian@calendar.test', true)`);
  const three = [
    'One of your calendars can’t be read',
    'Your Google Calendar is no longer connected',
    'Your webhook has been turned off',
  ];
  await until('all three', () => told().length === three.length);
  assert.deepEqual(told(), three);
  const [hook, calendar] = ['turned off', 'be read'].map((words) =>
    mail.to('coach@example.com').find(({ subject }) => subject.includes(words)),
  );
  assert.ok(
    hook.text.includes('hooks.example has taken nothing') && !hook.text.includes('secret'),
    hook.text,
  );
  assert.ok(
    calendar.text.includes('Family & friends') && calendar.text.includes('https://book.test/coach/#google'),
  );
  // On again, and lost again. What is mended before its mail is out is not told.
  stack.database.run(`
    update bookingd.webhook_endpoint set failing_since = now() where url like 'https://hooks.example/%';
    insert into bookingd.coach_alert (coach_id, about) values ('damian', 'google 1')`);
  await until('the fourth', () => told().length === 4);
  await until('all to be settled', () =>
    stack.database.value(
      `select not exists (select from bookingd.coach_alert where state in ('owed', 'sending'))`,
    ),
  );
  assert.deepEqual(told(), [...three, three[2]]);
  assert.equal(
    stack.database.value(`select state from bookingd.coach_alert where about = 'google 1'`),
    'skipped',
  );
  // A server that takes each and never says so makes five copies at most.
  await mail.fault('DOT', { do: 'cut', take: true, times: -1 });
  stack.database.run(
    `update bookingd.coach_alert set state = 'owed', attempts = 4, due_at = now() where about like 'google %' and state = 'sent'`,
  );
  await until('an end of it', () =>
    stack.database.value(
      `select exists (select from bookingd.coach_alert where about like 'google %' and state = 'failed')`,
    ),
  );
  await mail.heal();
});
