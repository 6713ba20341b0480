// Several replicas work on what is owed at once: nobody is told the same thing twice, and nothing is left.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.mjs';
import { startStack, until } from '../harness/stack.mjs';

const BOOKINGS = 40;
let stack, mail, receiver;
const others = [];
const messages = [];

before(async () => {
  receiver = http.createServer((request, response) => {
    request.resume().on('end', () => {
      messages.push(request.headers['webhook-id']);
      response.writeHead(204).end();
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  stack = await startStack({
    mail: true,
    env: {
      WEBHOOK_URL: `http://127.0.0.1:${receiver.address().port}/`,
      WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
      WEBHOOK_ALLOW_PRIVATE: '1',
    },
  });
  mail = stack.mail;
  for (let i = 0; i < 2; i++) others.push(await Daemon.start({ env: stack.env }));
});
after(async () => {
  for (const daemon of others) await daemon.stop();
  await stack?.stop();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

test('three daemons mail and tell each thing once', async () => {
  const made = [];
  const daemons = [stack.daemon, ...others];
  for (let i = 0; i < BOOKINGS; i++) {
    const reply = await daemons[i % 3].client.post(
      '/booking/create',
      { start: stack.slot(i), duration_minutes: 30 },
      { authorization: `Bearer ${stack.client(`client-${i}`).token}` },
    );
    assert.equal(reply.status, 201, reply.text);
    made.push(reply.body.id);
  }
  await until('all to be mailed', () => mail.mails.length >= 2 * BOOKINGS, 120_000);
  await until('all to be told', () => messages.length >= BOOKINGS, 120_000);
  await until('nothing to be owed', () =>
    stack.database.value(`select not exists (select from bookingd.notice where state in ('owed', 'sending', 'retry'))
      and not exists (select from bookingd.webhook_delivery where state <> 'delivered')
      and not exists (select from bookingd.event where place is null)`),
  );
  const ids = mail.read().map(({ headers }) => headers['message-id']);
  assert.deepEqual([ids.length, new Set(ids).size], [2 * BOOKINGS, 2 * BOOKINGS]);
  assert.deepEqual([messages.length, new Set(messages).size], [BOOKINGS, BOOKINGS]);
  // It was work for more than one.
  const senders = daemons.filter((daemon) => daemon.events('mail').length > 0);
  assert.ok(senders.length > 1, `${senders.length}`);
});
