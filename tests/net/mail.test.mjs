// What sending a mail promises, against a real SMTP server that fails on order.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { MailServer } from '../harness/mail.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';

const BUILT = process.env.BOOKINGD ? path.dirname(process.env.BOOKINGD) : path.join(ROOT, 'build');
const PROGRAM = path.join(BUILT, 'tests/net/mail_calls');

let server, sender;
const open = [];

/** A mail_calls of its own: `sender({do: 'send', ...})` resolves to the answer. */
function startSender(who) {
  const child = new Child(PROGRAM, [], { name: 'mail_calls' });
  child.process.stdin.write(JSON.stringify({ from: 'bookings@coach.test', tls: false, ...who }) + '\n');
  let asked = 0;
  const send = async (message = {}, ms = 5000, what = 'send') => {
    child.process.stdin.write(JSON.stringify({ do: what, ms, message: { ...SAMPLE, ...message } }) + '\n');
    const index = asked++;
    await child.line(() => child.lines.length > index, `answer ${index}`, 30_000);
    return JSON.parse(child.lines[index]);
  };
  send.end = async () => {
    child.process.stdin.end();
    assert.deepEqual(await child.exited, { code: 0, signal: null });
  };
  open.push(send);
  return send;
}

const SAMPLE = {
  from_name: 'Damian',
  to_name: 'Ann',
  to: 'ann@client.test',
  reply_to_name: 'Damian',
  reply_to: 'coach@coach.test',
  subject: 'Booked: Coaching session',
  message_id: '1.confirmed@coach.test',
  text: 'Hello\n.\nBye\n',
  html: '<!doctype html><p>Hello</p>\n',
};
const newest = () => server.read().at(-1);

before(async () => {
  server = await MailServer.start();
  sender = startSender({ url: server.url });
});
afterEach(() => server.heal());
after(async () => {
  for (const send of open) await send.end();
  await server.stop();
});

test('a mail arrives whole: both texts, a lone dot, its fields, CRLF and no long line', async () => {
  const answer = await sender();
  assert.deepEqual([answer.outcome, answer.code], ['accepted', 250]);
  const mail = newest();
  assert.deepEqual(mail.shape, { 'multipart/alternative': ['text/plain', 'text/html'] });
  assert.deepEqual(mail.defects, []);
  assert.equal(mail.text.replaceAll('\r\n', '\n').trimEnd(), 'Hello\n.\nBye');
  assert.match(mail.html, /<p>Hello<\/p>/);
  assert.deepEqual(
    [mail.from, mail.from_name, mail.to, mail.to_name, mail.reply_to],
    [['bookings@coach.test'], 'Damian', ['ann@client.test'], 'Ann', ['coach@coach.test']],
  );
  assert.equal(mail.subject, SAMPLE.subject);
  assert.equal(mail.headers['message-id'], '<1.confirmed@coach.test>');
  assert.equal(mail.headers['auto-submitted'], 'auto-generated');
  assert.equal(mail.headers['x-auto-response-suppress'], 'All');
  assert.equal(mail.headers.date, 'Mon, 24 Nov 2025 16:00:00 +0000');
  assert.equal(mail.headers['list-unsubscribe'], undefined);
  assert.equal(mail.bare, 0);
  assert.ok(mail.longest <= 100, `a line of ${mail.longest} octets`);
  const { helo, from, to } = server.mails.at(-1);
  assert.deepEqual([helo, from, to], ['client.test', 'bookings@coach.test', ['ann@client.test']]);
});

test('an invitation stands beside the texts and is attached as invite.ics, the same bytes', async () => {
  const calendar =
    'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:u@google.com\r\n' +
    'DTSTAMP:20261124T140000Z\r\nSEQUENCE:0\r\nSTATUS:CONFIRMED\r\nDTSTART:20261124T140000Z\r\n' +
    'DTEND:20261124T143000Z\r\nSUMMARY:Coaching\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n';
  await sender({ calendar });
  const mail = newest();
  assert.deepEqual(mail.shape, {
    'multipart/mixed': [
      { 'multipart/alternative': ['text/plain', 'text/html', 'text/calendar'] },
      'application/ics',
    ],
  });
  assert.deepEqual([mail.calendar.mime_method, mail.calendar.method], ['REQUEST', 'REQUEST']);
  assert.equal(mail.file.name, 'invite.ics');
  assert.equal(mail.file.bytes, mail.calendar.bytes);
  assert.equal(Buffer.from(mail.file.bytes, 'base64').toString(), calendar);
});

test('names and subjects in any script arrive as they were, whatever they hold', async () => {
  const texts = [
    'Zoë',
    'שרה כהן',
    '🎉 party '.repeat(30).trim(),
    'a "quoted\\" name, with <brackets>',
    '=?UTF-8?B?QQ==?=',
    `${'long '.repeat(60)}end`,
    'x'.repeat(300),
    'éà'.repeat(100),
  ];
  for (const text of texts) {
    await sender({ to_name: text, subject: text });
    const mail = newest();
    assert.deepEqual(mail.defects, [], text);
    assert.deepEqual([mail.to_name, mail.to], [text, ['ann@client.test']]);
    assert.equal(mail.subject, text);
    assert.ok(mail.longest <= 998);
    assert.equal(mail.bare, 0);
  }
});

test('a line end in a name, a subject or an address adds no field and no recipient', async () => {
  const plain = newest().names.length;
  const evil = 'Ann\r\nBcc: thief@evil.test\r\n\r\nbody';
  await sender({ to_name: evil, subject: evil, from_name: evil, reply_to_name: evil });
  assert.equal(newest().names.length, plain);
  assert.equal(newest().headers.bcc, undefined);
  assert.deepEqual(server.mails.at(-1).to, ['ann@client.test']);
  const before = server.mails.length;
  for (const to of [
    'ann@client.test\r\nRCPT TO:<thief@evil.test>',
    'a b@client.test',
    'ann@client.test>',
    'ann',
    '@x',
    'a@b@c',
    'a,b@c.test',
  ])
    assert.equal((await sender({ to })).outcome, 'refused', to);
  await sender({ reply_to: 'x@y.test\r\nBcc: thief@evil.test' });
  assert.deepEqual(newest().reply_to, []);
  assert.equal(newest().headers.bcc, undefined);
  assert.equal(server.mails.length, before + 1);
});

test('a thread and one click to unsubscribe are said when asked for, the latter on one line', async () => {
  const url = `https://coach.test/u/${'a'.repeat(90)}`;
  await sender({ thread_id: 'first@coach.test', unsubscribe_url: url });
  const { headers } = newest();
  assert.equal(headers['in-reply-to'], '<first@coach.test>');
  assert.equal(headers.references, '<first@coach.test>');
  assert.equal(headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click');
  assert.ok(server.mails.at(-1).raw.toString().includes(`\r\nList-Unsubscribe: <${url}>\r\n`));
});

test('an address outside ASCII goes out where the server takes it', async () => {
  assert.equal((await sender({ to: 'jürgen@client.test' })).outcome, 'accepted');
  assert.deepEqual(server.mails.at(-1).to, ['jürgen@client.test']);
});

// verb, what the server does, what is known afterwards
const FAULTS = [
  ['CONNECT', { do: 'cut' }, 'later'],
  ['CONNECT', { reply: '421 4.3.2 come back' }, 'later'],
  ['CONNECT', { reply: '554 5.3.2 no service' }, 'later'],
  ['EHLO', { reply: '502 5.5.1 what' }, 'accepted'], // libcurl says HELO then
  ['EHLO', { do: 'cut' }, 'later'],
  ['EHLO', { do: 'stall' }, 'later'],
  ['MAIL', { reply: '451 4.3.0 busy' }, 'later'],
  ['MAIL', { reply: '550 5.7.1 not you' }, 'later'], // an operator can mend it
  ['MAIL', { reply: '530 5.7.0 Authentication required' }, 'later'],
  ['MAIL', { reply: '552 5.3.4 too big' }, 'refused'],
  ['MAIL', { do: 'cut' }, 'later'],
  ['RCPT', { reply: '452 4.2.2 full' }, 'later'],
  ['RCPT', { reply: '550 5.1.1 unknown' }, 'refused'],
  ['RCPT', { reply: '530 5.7.0 STARTTLS first' }, 'later'],
  // What the server holds against us, our host or our sender, it may well say only now.
  ['RCPT', { reply: '554 5.7.1 <ann@client.test>: Relay access denied' }, 'later'],
  ['RCPT', { reply: '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain' }, 'later'],
  ['RCPT', { reply: '550 relay not permitted' }, 'later'],
  ['RCPT', { reply: '553 sorry, that domain is not in my list of allowed rcpthosts (#5.7.1)' }, 'later'],
  ['RCPT', { reply: '554 5.7.1 <host>: Client host rejected: Access denied' }, 'later'],
  ['RCPT', { reply: '550 5.1.8 <bookings@coach.test>: Sender address rejected: Domain not found' }, 'later'],
  ['RCPT', { reply: '504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname' }, 'later'],
  ['RCPT', { reply: '503 5.5.1 Error: send HELO/EHLO first' }, 'later'],
  ['RCPT', { reply: '550 5.1.2 no such domain' }, 'refused'],
  ['RCPT', { reply: '550 5.1.10 the domain takes no mail' }, 'refused'],
  ['RCPT', { reply: '550 5.2.1 disabled' }, 'refused'],
  ['RCPT', { reply: '550 5.4.1 Recipient address rejected: Access denied' }, 'refused'],
  ['RCPT', { reply: '550 5.1.1 <ann@relay.client.test>: unknown' }, 'refused'],
  ['RCPT', { reply: '550 no such user' }, 'refused'],
  ['RCPT', { reply: '550 <ann@relay.client.test>: unknown user' }, 'refused'],
  ['RCPT', { reply: '550 mail-relay.client.test said: no such user' }, 'refused'],
  ['RCPT', { reply: '550 Relaying denied.' }, 'later'],
  ['RCPT', { reply: '550 <ann@client.test>: we do not relay' }, 'later'],
  ['RCPT', { reply: '501 5.1.3 bad address' }, 'refused'],
  ['RCPT', { do: 'stall' }, 'later'],
  ['DATA', { reply: '421 4.7.0 later' }, 'later'],
  ['DATA', { reply: '554 5.6.0 no' }, 'refused'],
  ['DATA', { reply: '554 5.7.1 no TLS, no mail' }, 'later'],
  ['DATA', { do: 'cut' }, 'later'],
  ['DOT', { reply: '451 4.3.0 disk full' }, 'later'],
  ['DOT', { reply: '550 5.7.26 mail from coach.test fails SPF and DKIM' }, 'later'],
  ['DOT', { reply: '554 5.7.1 spam' }, 'later'],
  ['DOT', { reply: '552 5.3.4 too big' }, 'refused'],
  ['DOT', { reply: '554 no' }, 'refused'],
  ['DOT', { do: 'cut', take: true }, 'unknown'],
  ['DOT', { do: 'cut' }, 'unknown'],
  ['DOT', { do: 'stall', take: true }, 'unknown'],
];
for (const [verb, how, outcome] of FAULTS)
  test(`${verb} ${how.reply ?? how.do}: ${outcome}`, async () => {
    const sent = server.mails.length;
    const send = startSender({ url: server.url });
    await server.fault(verb, how);
    const answer = await send({ message_id: `${verb}@x` }, how.do === 'stall' ? 1500 : 5000);
    assert.equal(answer.outcome, outcome, JSON.stringify(answer));
    if (how.reply && outcome !== 'accepted') assert.equal(answer.detail, how.reply);
    assert.equal(server.mails.length, sent + (how.take || outcome === 'accepted' ? 1 : 0));
    // The server is well again: the next message goes through.
    const next = await send();
    assert.equal(next.outcome, 'accepted', JSON.stringify(next));
  });

test('nobody there is later, and so is a deadline that has passed', async () => {
  const nobody = startSender({ url: 'smtp://127.0.0.1:1' });
  assert.equal((await nobody()).outcome, 'later');
  assert.equal((await sender({}, -1)).outcome, 'later');
});

test('a password is used and checked; a wrong one is later, since an operator can mend it', async () => {
  const locked = await MailServer.start({ auth: true });
  const good = startSender({ url: locked.url, user: 'ann', password: 'secret-of-ann' });
  assert.equal((await good()).outcome, 'accepted');
  assert.equal((await good({}, 5000, 'check')).outcome, 'accepted');
  const wrong = startSender({ url: locked.url, user: 'ann', password: 'wrong' });
  assert.equal((await wrong()).outcome, 'later');
  const check = await wrong({}, 5000, 'check');
  assert.deepEqual([check.outcome, check.verb, check.code], ['later', 'AUTH', 535]);
  assert.equal(locked.mails.length, 1);
  await locked.stop();
});

test('without TLS nothing is said where it is required, nor to a server nobody vouches for', async () => {
  const bare = startSender({ url: server.url, tls: true });
  const before = server.mails.length;
  const refused = await bare();
  assert.equal(refused.outcome, 'later');
  assert.match(refused.detail, /STARTTLS|SSL|TLS/i);
  assert.equal(server.mails.length, before);

  const folder = temporaryFolder('certificate');
  const [certificate, key] = ['cert.pem', 'key.pem'].map((name) => path.join(folder, name));
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '2',
      '-subj',
      '/CN=127.0.0.1',
    ],
    { stdio: 'ignore' },
  );
  const sealed = await MailServer.start({ certificate, key });
  const suspicious = startSender({ url: sealed.url, tls: true, user: 'ann', password: 'secret-of-ann' });
  const check = await suspicious({}, 5000, 'check');
  assert.deepEqual([check.outcome, check.verb], ['later', 'STARTTLS']);
  assert.match(check.detail, /certificate/i);
  assert.equal((await suspicious()).outcome, 'later');
  assert.equal(sealed.mails.length, 0);
  await sealed.stop();
});

test('a check greets the server, and sends nothing', async () => {
  const before = server.mails.length;
  assert.equal((await sender({}, 5000, 'check')).outcome, 'accepted');
  assert.equal(server.mails.length, before);
});
