// Reminders by text message, posted in Twilio's form to a stand-in that refuses what Twilio refuses.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { metric } from '../harness/metrics.mjs';
import { startStack, until } from '../harness/stack.mjs';

const ACCOUNT = { user: 'AC0123', password: 'its-token' };
const FROM = '+15550100';

/** A service of text messages: what it took, and what it was asked. */
class Texts {
  taken = [];
  asked = []; // the numbers
  connections = 0;
  faults = new Map(); // a number to the status and code to answer with instead
  to = (number) => this.taken.filter(({ To }) => To === number);
  static async start() {
    const texts = new Texts();
    texts.server = http.createServer((request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        const [status, body] = texts.#judge(request, new URLSearchParams(Buffer.concat(parts).toString()));
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    texts.server.on('connection', () => texts.connections++);
    await new Promise((resolve) => texts.server.listen(0, '127.0.0.1', resolve));
    texts.url = `http://127.0.0.1:${texts.server.address().port}/2010-04-01/Accounts/${ACCOUNT.user}/Messages.json`;
    return texts;
  }
  #judge(request, form) {
    const refused = (status, code, message) => [status, { code, message, status }];
    const basic = Buffer.from(`${ACCOUNT.user}:${ACCOUNT.password}`).toString('base64');
    const to = form.get('To') ?? '';
    this.asked.push(to);
    if (request.headers.authorization !== `Basic ${basic}`) return refused(401, 20003, 'Authenticate');
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
      return refused(400, 21602, 'form');
    if (this.faults.has(to)) return refused(...this.faults.get(to), 'A fault');
    if (!/^\+[1-9]\d{7,14}$/.test(to) || to.startsWith('+999'))
      return refused(400, 21211, `The 'To' number ${to} is not a valid phone number.`);
    if (form.get('From') !== FROM) return refused(400, 21212, 'From is not ours');
    if (!form.get('Body')) return refused(400, 21602, 'A text message body must be specified.');
    if (form.get('Body').length > 1600)
      return refused(400, 21617, 'The concatenated message body exceeds 1600');
    this.taken.push(Object.fromEntries(form));
    return [201, { sid: 'SM1', status: 'queued' }];
  }
  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

let stack, texts;
let count = 0;
/** Those who are to be reminded, by what becomes of it. */
const people = {};
const base = Math.floor(Date.now() / 1000) * 1000 + 58 * 60_000;
before(async () => {
  texts = await Texts.start();
  stack = await startStack({
    env: {
      SMS_URL: texts.url,
      SMS_USER: ACCOUNT.user,
      SMS_PASSWORD: ACCOUNT.password,
      SMS_FROM: FROM,
      PUBLIC_URL: 'https://book.test',
    },
  });
  // Reminders are looked for every ten seconds, so all are there before the first is waited for.
  texts.faults.set('+442079460021', [503, 20500]);
  texts.faults.set('+442079460023', [400, 21606]); // From is not ours
  for (const [name, phone, wish] of [
    ['glad', '+44 20 7946-0018', { sms: true }],
    ['silent', '+442079460019'],
    ['tired', '+442079460020', { sms: true, reminders: false }],
    ['local', '020 7946 0018', { sms: true }],
    ['wrong', '+9995550100', { sms: true }],
    ['later', '+442079460021', { sms: true }],
    ['often', '+442079460022', { sms: true }],
    ['ours', '+442079460023', { sms: true }],
  ])
    people[name] = await remindable(phone, wish);
});
after(async () => {
  await stack?.stop();
  await texts.stop();
});

/** Somebody with an appointment whose reminder of an hour before is due. */
async function remindable(phone, wish) {
  const number = ++count;
  const client = stack.client(`client-${number}`);
  if (wish) assert.equal((await client.put('/booking/user/me/preferences', wish)).status, 200);
  const reply = await client.post('/booking/create', {
    start: stack.slot(number * 2),
    duration_minutes: 30,
    phone,
  });
  assert.equal(reply.status, 201, reply.text);
  const { id } = reply.body;
  await until('it to be told', () =>
    stack.database.value(`select noticed_version = version from bookingd.appointment where id = '${id}'`),
  );
  // Each at a time of its own, so that none overlaps another.
  stack.database.run(`update bookingd.appointment
    set starts_at = t, ends_at = t + interval '10 seconds', blocked_from = t, blocked_to = t + interval '10 seconds',
        noticed_start = t, noticed_at = now() - interval '2 days', created_at = now() - interval '3 days'
    from (select '${new Date(base - number * 11_000).toISOString()}'::timestamptz as t) as later
    where id = '${id}'`);
  return { client, id };
}
const rows = (id) =>
  stack.database.rows(
    `select state, detail from bookingd.notice where appointment_id = '${id}' and channel = 'sms' and about like '60@%'`,
  );
const reminded = (id) =>
  until(
    'the reminder in the application',
    () =>
      stack.database.value(`select exists (select from bookingd.notice
        where appointment_id = '${id}' and channel = 'in_app' and kind = 'reminder')`),
    60_000,
  );
const settled = (id, state) =>
  until(`a text to be ${state}`, () => rows(id)[0]?.state === state && rows(id)[0], 60_000);

test('who said yes is reminded by text message, with a link, once; mail need not be on', async () => {
  const { id, client } = people.glad;
  await settled(id, 'sent');
  const [text, ...more] = texts.to('+442079460018');
  assert.deepEqual([more, text.From], [[], FROM]);
  assert.match(text.Body, /^Reminder: .*https:\/\/book\.test\/booking\/#manage=[\w-]{43}$/);
  assert.ok(text.Body.length <= 320, text.Body);
  assert.equal((await client.get('/booking/user/me/preferences')).body.sms, true);
  assert.ok(
    (await client.get(`/booking/${id}/notices`)).body.notices.some(({ channel }) => channel === 'sms'),
  );
});

test('who did not say yes, or wants no reminders, gets none', async () => {
  const { silent, tired } = people;
  await reminded(silent.id);
  await reminded(tired.id);
  await settled(tired.id, 'skipped');
  assert.deepEqual(rows(silent.id), []);
  for (const number of ['+442079460019', '+442079460020']) assert.ok(!texts.asked.includes(number));
});

test('a number without its country is not tried; one that is refused has failed, and the coach sees it', async () => {
  const { local, wrong } = people;
  assert.match((await settled(local.id, 'skipped')).detail, /country code/);
  const failed = await settled(wrong.id, 'failed');
  assert.match(failed.detail, /\(400, code 21211\)/);
  const shown = (await stack.coach().get('/coach/damian/notices')).body.notices;
  assert.ok(shown.some(({ appointment_id, channel }) => appointment_id === wrong.id && channel === 'sms'));
});

test('a service that is away, or refuses our own number, is tried again', async () => {
  const { later, ours } = people;
  await settled(later.id, 'retry');
  assert.match((await settled(ours.id, 'retry')).detail, /code 21606/);
  texts.faults.clear();
  stack.database.run(`update bookingd.notice set due_at = now() where state = 'retry'`);
  await settled(later.id, 'sent');
  await settled(ours.id, 'sent');
  assert.equal(texts.to('+442079460021').length, 1);
});

test('one number has ten a day at most', async () => {
  const { id } = people.often;
  await settled(id, 'sent');
  stack.database.run(`insert into bookingd.notice (appointment_id, recipient, channel, kind, about, state)
    select '${id}', 'client', 'sms', 'reminder', n::text, 'sent' from generate_series(1, 9) n`);
  const more = await remindable('+44 2079460022', { sms: true });
  assert.match((await settled(more.id, 'skipped')).detail, /ten/);
});

test('each has a connection of its own, which the service cannot be ending just then', () => {
  assert.equal(texts.connections, texts.asked.length);
});

test('each that was taken is counted, and no number is in the log', async () => {
  assert.equal(texts.taken.length, 4);
  const taken = { outcome: 'accepted' };
  await until(
    'the figure',
    async () => (await metric(stack.stranger(), 'bookingd_texts_total', taken)) === 4,
  );
  const log = stack.daemon.log.join('\n');
  assert.match(log, /"event":"text"/);
  // Whole numbers, since four digits also occur in the ids of requests and processes.
  assert.doesNotMatch(log.replaceAll(FROM, ''), /20 ?7946[- ]?00\d\d|95550100|its-token/);
});

test('what a person wants is theirs: a coach of a like name wants what they want, and it comes along to a new identity', async () => {
  const alike = stack.client('coach:damian');
  await alike.put('/booking/user/me/preferences', { reminders: false });
  assert.deepEqual(
    stack.database.rows(
      "select of_coach from bookingd.notice_preference where user_id in ('coach:damian', 'damian')",
    ),
    [{ of_coach: false }],
  );
  stack.database.run(`set search_path = bookingd, public;
    insert into known_address (email, user_id) values ('gil@client.test', 'mail:gil');
    insert into notice_preference (user_id, reminders, sms) values ('mail:gil', false, true);
    select meet_user('gil', 'gil@client.test')`);
  assert.deepEqual((await stack.client('gil').get('/booking/user/me/preferences')).body, {
    reminders: false,
    locale: null,
    sms: true,
  });
});
