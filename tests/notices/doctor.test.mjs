// What `bookingd doctor` says of the mail server, and of a session query that believes anybody.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runBookingd } from '../harness/daemon.mjs';
import { MailServer } from '../harness/mail.mjs';
import { startStack } from '../harness/stack.mjs';

let stack, mail, locked;
before(async () => {
  mail = await MailServer.start();
  locked = await MailServer.start({ auth: true });
  stack = await startStack();
});
after(async () => {
  await stack?.stop();
  await mail.stop();
  await locked.stop();
});
const doctor = (env, args = []) => runBookingd(['doctor', ...args], { env: { ...stack.env, ...env } });
const lines = ({ stdout }, subject) => stdout.split('\n').filter((line) => line.includes(subject));

test('without MAIL_URL it is a note; with it EHLO, STARTTLS and AUTH are tried, and nothing is sent', async () => {
  assert.match(lines(doctor({}), ' mail ')[0], /MAIL_URL is not set/);
  assert.match(lines(doctor(mail.settings), ' mail ').join(), /lets us in/);
  const wrong = { ...locked.settings, MAIL_USER: 'ann', MAIL_PASSWORD: 'wrong-password' };
  const refused = doctor(wrong);
  assert.equal(refused.code, 1);
  assert.match(lines(refused, ' mail ').join(), /AUTH: 535 .*MAIL_PASSWORD/);
  assert.ok(!refused.stdout.includes('wrong-password'));
  assert.match(lines(doctor({ ...mail.settings, MAIL_TLS: 'require' }), ' mail ').join(), /STARTTLS/);
  for (const server of [mail, locked]) await server.heal(); // whose answer comes after all that it took
  assert.equal(mail.mails.length + locked.mails.length, 0);
});

test('--mail sends one, and says what the server said; it needs no database', async () => {
  const sent = runBookingd(['doctor', '--mail', 'you@example.org'], { env: mail.settings });
  assert.equal(sent.code, 0, sent.stdout + sent.stderr);
  assert.match(sent.stdout, /sent to you@example\.org; the server said: 250/);
  const [message] = await mail.wait(1);
  assert.deepEqual([message.to, message.defects], [['you@example.org'], []]);
  await mail.fault('RCPT', { reply: '550 5.1.1 no such user' });
  const refused = runBookingd(['doctor', '--mail', 'nobody@example.org'], { env: mail.settings });
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /not sent \(refused\): RCPT: 550 5\.1\.1 no such user/);
  await mail.fault('RCPT', { reply: '554 5.7.1 Relay access denied' });
  const denied = runBookingd(['doctor', '--mail', 'you@example.org'], { env: mail.settings });
  assert.equal(denied.code, 1);
  assert.match(denied.stdout, /not sent \(later\): RCPT: 554 .*MAIL_USER/);
  assert.equal(runBookingd(['doctor', '--mail', 'nonsense'], { env: mail.settings }).code, 1);
  assert.notEqual(runBookingd(['doctor', '--mail'], { env: mail.settings }).code, 0);
});

test('a session query that knows whatever id is made up is a failure', () => {
  stack.database.run(`create schema platform; create table platform.sessions (id text primary key, user_id text);
    insert into platform.sessions values ('s1', 'ann')`);
  const good = doctor({ AUTH_SESSION_QUERY: 'select user_id from platform.sessions where id = $1' });
  assert.match(lines(good, 'AUTH_SESSION_QUERY').join(), /AUTH_SESSION_QUERY can be run$/);
  const bad = doctor({ AUTH_SESSION_QUERY: `select user_id from platform.sessions where $1 <> ''` });
  assert.equal(bad.code, 1);
  assert.match(lines(bad, 'AUTH_SESSION_QUERY').join(), /anybody could sign in/);
});
