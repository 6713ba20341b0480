// Mails that come back: known by the envelope's sender, shown to the coach, and the last to that address.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runBookingd } from '../harness/daemon.mjs';
import { freePort } from '../harness/run_folder.mjs';
import { startStack, until } from '../harness/stack.mjs';

const SECRET = 'a-secret-for-what-comes-back';
let stack, mail;
let count = 0;
before(async () => {
  stack = await startStack({ mail: true, env: { MAIL_HOOK_SECRET: SECRET } });
  mail = stack.mail;
});
after(() => stack?.stop());

/** Somebody who has booked, and the envelope's sender of what was mailed to them. */
async function booked() {
  const id = `client-${++count}`;
  const client = stack.client(id);
  const made = await client.post('/booking/create', { start: stack.slot(count), duration_minutes: 30 });
  assert.equal(made.status, 201, made.text);
  const { from } = await until(
    'the mail',
    () => mail.mails.find(({ to }) => to[0] === `${id}@client.test`),
    30_000,
  );
  return { id, client, appointment: made.body.id, from, token: /\+([^@]+)@/.exec(from)[1] };
}
const hook = (body, secret = SECRET) =>
  stack.stranger().request('POST', '/hooks/mail', JSON.stringify(body), {
    'content-type': 'application/json',
    authorization: `Bearer ${secret}`,
  });
const suppressed = (id) =>
  stack.database.rows(`select reason from bookingd.mail_suppression where email = '${id}@client.test'`);
const failed = async (appointment) =>
  (await stack.coach().get('/coach/damian/notices')).body.notices.find(
    ({ appointment_id, recipient }) => appointment_id === appointment && recipient === 'client',
  );
/** A delivery status as Postfix writes it. */
const dsn = (to, { action = 'failed', status = '5.1.1' } = {}) =>
  [
    'From: MAILER-DAEMON@mx.test (Mail Delivery System)',
    'Subject: Undelivered Mail Returned to Sender',
    `To: ${to}`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status;',
    '\tboundary="B.1/mx.test"',
    '',
    'This is a MIME-encapsulated message.',
    '',
    '--B.1/mx.test',
    'Content-Description: Notification',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'Action: failed is what this text only talks of, with Status: 5.0.0',
    '',
    '--B.1/mx.test',
    'Content-Description: Delivery report',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.test',
    '',
    'Final-Recipient: rfc822; ann@client.test',
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 550 5.1.1 <ann@client.test>: no such user',
    '',
    '--B.1/mx.test--',
    '',
  ].join('\r\n');
const bounce = (input) => runBookingd(['bounce'], { env: stack.env, input });

test('a mail that came back for good has failed, and its address gets no more until the coach says so', async () => {
  const ann = await booked();
  assert.match(ann.from, /^bookings\+b-\d+-[0-9a-f]{20}@coach\.test$/);
  const done = bounce(dsn(ann.from));
  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.deepEqual(suppressed(ann.id), [{ reason: 'bounced' }]);
  assert.equal((await failed(ann.appointment)).detail, 'The mail came back (5.1.1).');
  await until('the event', async () =>
    (await stack.coach().get('/coach/damian/events')).body.events.some(
      ({ type, data }) => type === 'notice.failed' && data.appointment_id === ann.appointment,
    ),
  );
  assert.equal(
    (await ann.client.post(`/booking/${ann.appointment}/notices`, { kind: 'confirmed' })).status,
    404,
  );
  assert.equal((await ann.client.delete(`/booking/${ann.appointment}/suppression`)).status, 403);
  assert.equal((await stack.coach().delete(`/booking/${ann.appointment}/suppression`)).status, 204);
  assert.deepEqual(suppressed(ann.id), []);
  assert.equal(
    (await ann.client.post(`/booking/${ann.appointment}/notices`, { kind: 'confirmed' })).status,
    202,
  );
});

test('a delivery status may have comments, folded fields, and be one of RFC 6533', async () => {
  const type = 'Content-Type: message/delivery-status';
  for (const change of [
    (text) => text.replace('Status: 5.1.1', 'Status: 5.1.1 (permanent failure)'),
    (text) => text.replace('Action: failed\r\nStatus', 'Action: failed (no such user)\r\nStatus'),
    (text) => text.replace(type, 'Content-Type:\r\n message/delivery-status'),
    (text) => text.replace(type, 'Content-Type: message/global-delivery-status'),
    (text) => text.replace('To: ', 'To:\r\n '),
    (text) => text.replace(/To: (.*)/, 'To: "bookings@coach.test + more" <$1>'),
  ]) {
    const ann = await booked();
    const text = change(dsn(ann.from));
    assert.notEqual(text, dsn(ann.from));
    assert.equal(bounce(text).code, 0);
    assert.deepEqual(suppressed(ann.id), [{ reason: 'bounced' }], text);
    assert.equal((await failed(ann.appointment)).detail, 'The mail came back (5.1.1).');
  }
});

test('delays, absences, foreign mails and made-up tokens change nothing', async () => {
  const ann = await booked();
  const absence = [
    'From: ann@client.test',
    `To: ${ann.from}`,
    'Subject: Away. Action: failed',
    'Auto-Submitted: auto-replied',
    'Content-Type: text/plain',
    '',
    'Action: failed',
    'Status: 5.0.0',
  ].join('\r\n');
  for (const input of [
    dsn(ann.from, { action: 'delayed', status: '4.4.1' }),
    dsn(ann.from, { action: 'failed', status: '4.4.7' }),
    dsn(ann.from, { action: 'delivered', status: '2.0.0' }),
    absence,
    dsn('bookings@coach.test'),
    dsn(ann.from.replace(/[0-9a-f]@/, (end) => (end[0] === '0' ? '1@' : '0@'))),
    '',
    '\0\r\n\r\n\xff',
    'x'.repeat(3 << 20),
  ])
    assert.equal(bounce(input).code, 0);
  assert.deepEqual(suppressed(ann.id), []);
  assert.equal(await failed(ann.appointment), undefined);
});

test('with the database away the mail server is asked to hand it over again', async () => {
  const ann = await booked();
  const env = { ...stack.env, DATABASE_URL: `postgresql://u@127.0.0.1:${await freePort()}/x` };
  const { code, stderr } = runBookingd(['bounce'], { env, input: dsn(ann.from) });
  assert.equal(code, 75, stderr);
});

test('a mail service tells by the hook, with the secret only', async () => {
  const ann = await booked();
  assert.equal((await hook({ token: ann.token, event: 'bounced', permanent: true }, 'wrong')).status, 401);
  assert.equal(
    (await stack.stranger().post('/hooks/mail', { token: ann.token, event: 'bounced' })).status,
    401,
  );
  assert.equal((await hook({ token: ann.token, event: 'exploded' })).status, 422);
  assert.equal((await hook({ token: 'b-1-00', event: 'bounced', permanent: true })).status, 404);
  for (const body of [{ event: 'delivered' }, { event: 'bounced', permanent: false }])
    assert.equal((await hook({ token: ann.token, ...body })).status, 204);
  assert.deepEqual(suppressed(ann.id), []);
  assert.equal((await hook({ token: ann.token, event: 'complained', detail: 'spam' })).status, 204);
  assert.deepEqual(suppressed(ann.id), [{ reason: 'complained' }]);
  // What its reader complained of is not for the coach to end.
  assert.equal((await stack.coach().delete(`/booking/${ann.appointment}/suppression`)).status, 204);
  assert.deepEqual(suppressed(ann.id), [{ reason: 'complained' }]);
});

test('who signs in by a code that was mailed gets mail again', async () => {
  const ann = await booked();
  await hook({ token: ann.token, event: 'complained' });
  const email = `${ann.id}@client.test`;
  const { reply, code } = await mail.codeAfter(email, () =>
    stack.stranger().post('/booking/sign-in', { email, page: 'booking' }),
  );
  const { nonce } = reply.body;
  assert.equal((await stack.stranger().post('/booking/sign-in/verify', { email, code, nonce })).status, 200);
  assert.deepEqual(suppressed(ann.id), []);
});

test('who proves an address by a code that was mailed there gets mail there, also once more', async () => {
  const client = stack.client('prover');
  const email = 'proved@other.test';
  /** The envelopes' senders of what was mailed there but codes. */
  const senders = () =>
    mail.mails
      .filter(({ to }) => to[0] === email)
      .map(({ from }) => from)
      .filter((from) => from.includes('+b-'));
  const book = async () => {
    const ask = () => client.post('/booking/user/me/addresses', { email });
    const { code } = await mail.codeAfter(email, ask);
    const start = stack.slot(++count);
    const made = await client.post('/booking/create', { start, duration_minutes: 30, email, code });
    assert.equal(made.status, 201, made.text);
  };
  // It came back when it was somebody else's guest.
  stack.database.run(`insert into bookingd.mail_suppression (email, reason) values ('${email}', 'bounced')`);
  await book();
  await until('the first mail', () => senders().length === 1, 30_000);
  const [, token] = /\+([^@]+)@/.exec(senders()[0]);
  assert.equal((await hook({ token, event: 'complained' })).status, 204);
  await book();
  await until('the second mail', () => senders().length === 2, 30_000);
});
