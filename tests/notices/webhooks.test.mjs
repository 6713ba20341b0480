// Events sent to other programs: signed, in order, again until they are taken, and nowhere they must not go.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { metric } from '../harness/metrics.mjs';
import { startStack, until } from '../harness/stack.mjs';

/** A program that is told: what came, and how it answers. */
class Receiver {
  messages = [];
  open = 0; // messages without an answer
  most = 0; // of those at once
  answer = () => 204; // a status, or a function of the response that answers by itself
  static async start() {
    const receiver = new Receiver();
    receiver.server = http.createServer((request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const message = { headers: request.headers, text, body: JSON.parse(text), path: request.url };
        receiver.messages.push(message);
        receiver.most = Math.max(receiver.most, ++receiver.open);
        response.on('close', () => receiver.open--);
        const answer = receiver.answer(message, response);
        if (typeof answer === 'number') response.writeHead(answer).end();
      });
    });
    await new Promise((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}`;
    return receiver;
  }
  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** Whether this secret signed it, by the text of the standard. */
const verified = ({ headers, text }, secret) => {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
  const wanted = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return headers['webhook-signature'].split(' ').includes(wanted);
};
const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

let stack, coach, platform;
let count = 0;
const secrets = [newSecret(), newSecret()];

before(async () => {
  platform = await Receiver.start();
  stack = await startStack({
    env: {
      WEBHOOK_URL: `${platform.url}/hooks/booking/?from=bookingd`,
      WEBHOOK_SECRET: secrets.join(' '),
      WEBHOOK_ALLOW_PRIVATE: '1',
    },
  });
  coach = stack.coach();
});
after(async () => {
  await stack?.stop();
  await platform.stop();
});

const book = async (client = stack.client(`client-${++count}`)) => {
  const reply = await client.post('/booking/create', { start: stack.slot(++count), duration_minutes: 30 });
  assert.equal(reply.status, 201, reply.text);
  return reply.body;
};
const about = (receiver, id) => receiver.messages.filter(({ body }) => body.data.id === id);
/** A receiver of the coach's own. */
const endpoint = async (more = {}) => {
  const receiver = await Receiver.start();
  const reply = await coach.post('/coach/damian/webhooks', { url: receiver.url, ...more });
  assert.equal(reply.status, 201, reply.text);
  const path = `/coach/damian/webhooks/${reply.body.id}`;
  return {
    receiver,
    ...reply.body,
    path,
    deliveries: async (query = '') => (await coach.get(`${path}/deliveries${query}`)).body.deliveries,
    shown: async () =>
      (await coach.get('/coach/damian/webhooks')).body.webhooks.find(({ id }) => id === reply.body.id),
    end: async () => {
      await coach.delete(path);
      await receiver.stop();
    },
  };
};
/** The clock goes on: whatever waits for its next try is due. */
const hasten = () =>
  stack.database.run("update bookingd.webhook_delivery set due_at = now() where state = 'owed'");

test('the platform is told of each event, signed with each of its secrets, at the address as it was given', async () => {
  const made = await book();
  const [message] = await until(
    'the message',
    () => about(platform, made.id).length && about(platform, made.id),
  );
  assert.equal(message.path, '/hooks/booking/?from=bookingd');
  assert.equal(message.headers['content-type'], 'application/json');
  for (const secret of secrets) assert.ok(verified(message, secret));
  assert.ok(!verified(message, newSecret()));
  assert.ok(Math.abs(Number(message.headers['webhook-timestamp']) - Date.now() / 1000) < 300);
  const listed = (await coach.get('/coach/damian/events')).body.events.find(
    ({ data }) => data.id === made.id,
  );
  assert.deepEqual(message.body, listed);
  assert.equal(message.headers['webhook-id'], listed.id);
  assert.ok(message.text.length < 20_000);
});

test('a coach has endpoints of their own, for the types they ask for; the secret is shown once', async () => {
  const mine = await endpoint({ types: ['appointment.moved'] });
  assert.match(mine.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal((await mine.shown()).secret, undefined);
  const ann = stack.client('ann');
  const made = await book(ann);
  await ann.put(`/booking/${made.id}/reschedule`, { start: stack.slot(300) });
  await until('the move', () => about(mine.receiver, made.id).length > 0);
  await until('all of it at the platform', () => about(platform, made.id).length === 2);
  assert.deepEqual(
    about(mine.receiver, made.id).map(({ body }) => body.type),
    ['appointment.moved'],
  );
  assert.ok(verified(mine.receiver.messages[0], mine.secret));
  const stored = stack.database.value(
    `select sealed_secret from bookingd.webhook_endpoint where id = '${mine.id}'`,
  );
  assert.ok(!stored.includes(mine.secret.slice(6, 20)));
  await mine.end();
});

test('a new secret is shown once, and both sign for a day', async () => {
  const mine = await endpoint();
  // Twice, as by a double click: what the receiver has goes on.
  await coach.post(`${mine.path}/secret`);
  const renewed = (await coach.post(`${mine.path}/secret`)).body;
  assert.notEqual(renewed.secret, mine.secret);
  await book();
  const [first] = await until('a message', () => mine.receiver.messages.length && mine.receiver.messages);
  assert.ok(verified(first, mine.secret) && verified(first, renewed.secret));
  stack.database.run(`update bookingd.webhook_endpoint set former_until = now() where id = '${mine.id}'`);
  await coach.post(`${mine.path}/test`);
  const trial = await until('the trial', () =>
    mine.receiver.messages.find(({ body }) => body.type === 'webhook.test'),
  );
  assert.ok(!verified(trial, mine.secret) && verified(trial, renewed.secret));
  await mine.end();
});

test('a receiver that is away for an hour loses nothing; ids stay, timestamps are new, versions give the order', async () => {
  const mine = await endpoint();
  mine.receiver.answer = () => 503;
  const ann = stack.client(`away-${++count}`);
  const made = await book(ann);
  await ann.put(`/booking/${made.id}/reschedule`, { start: stack.slot(310) });
  await ann.put(`/booking/${made.id}/cancel`);
  await until('first tries', async () => {
    const found = await mine.deliveries('?state=owed');
    return (
      found.length === 3 && found.every(({ attempts, last_status }) => attempts === 1 && last_status === 503)
    );
  });
  const tried = [...mine.receiver.messages];
  // Ten minutes are nothing to wait for: 5 s, then 5, then 30 minutes.
  hasten();
  await until('second tries', async () => {
    const found = await mine.deliveries('?state=owed');
    return found.length === 3 && found.every(({ attempts }) => attempts === 2);
  });
  const waits = stack.database.rows(
    `select extract(epoch from due_at - tried_at)::float8 as wait from bookingd.webhook_delivery where endpoint_id = '${mine.id}'`,
  );
  for (const { wait } of waits) assert.ok(wait > 299 && wait < 600, `${wait}`);
  assert.notEqual((await mine.shown()).failing_since, null);
  mine.receiver.answer = () => 200;
  hasten();
  await until('all to be taken', async () => (await mine.deliveries('?state=delivered')).length === 3);
  const taken = mine.receiver.messages.slice(-3);
  assert.deepEqual(taken.map(({ body }) => body.data.version).sort(), [1, 2, 3]);
  for (const message of taken) {
    const before = tried.find(({ headers }) => headers['webhook-id'] === message.headers['webhook-id']);
    assert.equal(before.text, message.text);
    assert.ok(verified(message, mine.secret));
  }
  assert.equal((await mine.shown()).failing_since, null);
  await mine.end();
});

test('one that never answers holds up neither requests nor other endpoints', async () => {
  const silent = await Promise.all(Array.from({ length: 6 }, () => endpoint()));
  for (const { receiver } of silent) receiver.answer = () => undefined;
  const made = [];
  for (let i = 0; i < 5; i++) made.push(await book());
  await until('the platform to have all', () => made.every(({ id }) => about(platform, id).length === 1));
  // Not one of the silent has been given up meanwhile, and none got a second message before its first was over.
  await until('the silent to be told', () => silent.every(({ receiver }) => receiver.messages.length > 0));
  for (const { deliveries, receiver } of silent) {
    assert.equal(receiver.most, 1);
    assert.equal((await deliveries('?state=delivered')).length, 0);
  }
  for (const mine of silent) await mine.end();
});

test('neither redirects nor anything but 2xx count', async () => {
  const elsewhere = await Receiver.start();
  const mine = await endpoint();
  mine.receiver.answer = (message, response) =>
    void response.writeHead(302, { location: elsewhere.url }).end();
  await book();
  const [one] = await until('a try', async () => {
    const found = await mine.deliveries();
    return found[0]?.last_status === 302 && found;
  });
  assert.deepEqual([one.state, one.detail], ['owed', 'The receiver redirects, which is not followed.']);
  assert.equal(elsewhere.messages.length, 0);
  // Retry-After is heeded where it is longer.
  mine.receiver.answer = (message, response) => void response.writeHead(429, { 'retry-after': '7200' }).end();
  hasten();
  await until('another', async () => (await mine.deliveries())[0].last_status === 429);
  const wait = stack.database.value(
    `select extract(epoch from due_at - now())::float8 from bookingd.webhook_delivery where endpoint_id = '${mine.id}'`,
  );
  assert.ok(wait > 6900, `${wait}`);
  await mine.end();
  await elsewhere.stop();
});

test('after the tenth try it has failed, and can be sent again', async () => {
  const mine = await endpoint();
  mine.receiver.answer = () => 500;
  await book();
  await until('a try', async () => (await mine.deliveries())[0]?.last_status === 500);
  stack.database.run(
    `update bookingd.webhook_delivery set attempts = 9, due_at = now() where endpoint_id = '${mine.id}'`,
  );
  const [failed] = await until('the end', async () => {
    const found = await mine.deliveries('?state=failed');
    return found.length > 0 && found;
  });
  assert.equal((await mine.shown()).missed, 1);
  mine.receiver.answer = () => 200;
  const reply = await coach.post(`${mine.path}/deliveries/${failed.event_id}/retry`);
  assert.deepEqual([reply.status, reply.body], [202, { replayed: 1 }]);
  await until('it', async () => (await mine.deliveries('?state=delivered')).length === 1);
  assert.equal((await coach.post(`${mine.path}/deliveries/${made_up}/retry`)).status, 404);
  await mine.end();
});
const made_up = '018f7b1c-0000-7000-8000-00000000000f';

test('who answers 410 is told no more; what is missed can be had when it is active again', async () => {
  const mine = await endpoint();
  mine.receiver.answer = () => 410;
  await book();
  const gone = await until('the end', async () => {
    const shown = await mine.shown();
    return shown.state === 'disabled' && shown;
  });
  assert.match(gone.detail, /410/);
  await until('its line', () =>
    stack.daemon.events('webhook_disabled').some(({ endpoint: id }) => id === mine.id),
  );
  await book();
  await until('it to be missed', async () => (await mine.deliveries('?state=missed')).length === 2);
  assert.equal((await coach.post(`${mine.path}/test`)).status, 404);
  mine.receiver.answer = () => 200;
  const active = await coach.put(mine.path, { active: true });
  assert.deepEqual([active.body.state, active.body.detail, active.body.missed], ['active', null, 2]);
  assert.deepEqual((await coach.post(`${mine.path}/replay`)).body, { replayed: 2 });
  await until('both', async () => (await mine.deliveries('?state=delivered')).length === 2);
  await mine.end();
});

test('five days without a success end it', async () => {
  const mine = await endpoint();
  mine.receiver.answer = () => 500;
  await book();
  await until('a failure', async () => (await mine.shown()).failing_since !== null);
  stack.database.run(
    `update bookingd.webhook_endpoint set failing_since = now() - interval '121 hours' where id = '${mine.id}'`,
  );
  hasten();
  await until('the end', async () => (await mine.shown()).state === 'disabled');
  await until('the figure', async () => (await metric(stack.stranger(), 'bookingd_webhooks_disabled')) === 1);
  await mine.end();
});

test('what another address failed to take is not held against a new one', async () => {
  const mine = await endpoint();
  const next = await Receiver.start();
  mine.receiver.answer = next.answer = () => 500;
  await book();
  await until('a failure', async () => (await mine.shown()).failing_since !== null);
  stack.database.run(
    `update bookingd.webhook_endpoint set failing_since = now() - interval '121 hours' where id = '${mine.id}'`,
  );
  assert.equal((await coach.put(mine.path, { url: next.url })).body.failing_since, null);
  hasten();
  await until('its first try', async () => (await mine.shown()).failing_since !== null);
  assert.equal((await mine.shown()).state, 'active');
  assert.ok(next.messages.length > 0);
  await mine.end();
  await next.stop();
});

test('what was being sent when the process was killed is sent again', async () => {
  const mine = await endpoint();
  mine.receiver.answer = () => undefined;
  const made = await book();
  await until('it under way', () => about(mine.receiver, made.id).length === 1);
  await stack.daemon.kill();
  await stack.daemon.restart();
  mine.receiver.answer = () => 200;
  // The lease of the process that died.
  stack.database.run(
    `update bookingd.webhook_delivery set due_at = now() where state = 'sending';
     update bookingd.webhook_endpoint set busy_until = now()`,
  );
  await until('it again', () => about(mine.receiver, made.id).length === 2);
  await until('it taken', async () => (await mine.deliveries('?state=delivered')).length === 1);
  const ids = about(mine.receiver, made.id).map(({ headers }) => headers['webhook-id']);
  assert.equal(ids[0], ids[1]);
  await mine.end();
});

test('addresses that are none, and bodies that ask for what is not there, are refused', async () => {
  for (const body of [
    {},
    { url: 'ftp://receiver.test/' },
    { url: 'https://user:word@receiver.test/' },
    { url: 'https://receiver.test/ä' },
    { url: 'https://receiver.test:0/' },
    { url: 'https://receiver.test:65536/' },
    { url: 'https://receiver.test:https/' },
    { url: 'https://:443/' },
    { url: 'https://[::1/' },
    { url: 'https://receiver.test/', types: ['appointment.exploded'] },
    { url: 'https://receiver.test/', types: 'appointment.moved' },
    { url: 'https://receiver.test/', secret: 'mine' },
  ]) {
    const reply = await coach.post('/coach/damian/webhooks', body);
    assert.equal(reply.status, 422, JSON.stringify(body));
  }
  const some = (await coach.post('/coach/damian/webhooks', { url: 'https://receiver.invalid/' })).body;
  assert.equal(
    (await stack.client('x', { role: 'coach', coach: 'other' }).get('/coach/damian/webhooks')).status,
    403,
  );
  await coach.delete(`/coach/damian/webhooks/${some.id}`);
});

test('without WEBHOOK_ALLOW_PRIVATE nothing goes to a private network, whatever name leads there', async () => {
  const strict = await startStack();
  try {
    const theirs = strict.coach();
    for (const url of [
      'http://receiver.test/',
      'https://127.0.0.1/',
      'https://localhost:8443/',
      'https://localhost./',
      'https://127.1/',
      'https://2130706433/',
      'https://0x7f.0.0.1/',
      'https://0177.0.0.1/',
      'https://10.1.2.3/x',
      'https://169.254.169.254/latest/meta-data',
      'https://100.64.0.1/',
      'https://[::1]/',
      'https://[fd00::1]:443/',
      'https://[::ffff:127.0.0.1]/',
      'https://[64:ff9b::7f00:1]/',
    ]) {
      const reply = await theirs.post('/coach/damian/webhooks', { url });
      assert.deepEqual([reply.status, reply.body.field], [422, 'url'], url);
    }
    // What a name leads to is looked at when the connection is made, as is what was kept before these were refused.
    const made = [];
    for (const host of ['2130706433', '0x7f.1', '127.1']) {
      const { id } = (await theirs.post('/coach/damian/webhooks', { url: 'https://receiver.invalid/' })).body;
      made.push(id);
      strict.database.run(`update bookingd.webhook_endpoint
        set url = 'https://${host}:${platform.server.address().port}/' where id = '${id}'`);
    }
    await strict.client('ann').post('/booking/create', { start: strict.slot(5), duration_minutes: 30 });
    for (const id of made) {
      const [tried] = await until('a refusal', async () => {
        const { deliveries } = (await theirs.get(`/coach/damian/webhooks/${id}/deliveries`)).body;
        return deliveries[0]?.detail && deliveries;
      });
      assert.equal(tried.detail, 'The address leads to a network that is not public, or is none.');
    }
  } finally {
    await strict.stop();
  }
});
