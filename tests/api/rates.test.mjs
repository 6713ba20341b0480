// How much one caller, or one address, may ask for in a minute; what does not count; how proxies are believed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

// So few that none comes back while a slow machine asks for them: one in 60 s / that many.
const [READ, BOOK, ADDRESS, OTHER] = [6, 4, 10, 5];
let stack;
before(async () => {
  stack = await startStack({
    document: openSchedule(),
    env: {
      RATE_LIMIT_READ: String(READ),
      RATE_LIMIT_BOOK: String(BOOK),
      RATE_LIMIT_ADDRESS: String(ADDRESS),
      RATE_LIMIT_OTHER: String(OTHER),
      TRUSTED_PROXY_HOPS: '1',
    },
  });
});
after(() => stack.stop());

/** Each test comes from addresses of its own, as the one trusted proxy says. */
let addresses = 0;
const address = () => ({ 'x-forwarded-for': `198.51.100.${++addresses}` });
const from = (name, headers = address()) => stack.client(name, {}, { headers });

async function until429(ask, most) {
  for (let allowed = 0; allowed <= most; allowed++) {
    const reply = await ask();
    if (reply.status === 429) return [allowed, reply];
  }
  return [most + 1];
}

function assertLimited(reply) {
  assertProblem(reply, 429, 'rate_limited');
  const seconds = Number(reply.headers['retry-after']);
  assert.ok(seconds >= 1 && seconds <= 60);
  assert.equal(reply.body.retry_after, seconds);
  assert.match(reply.headers.ratelimit, /r=0/);
}

test('reading is limited per identity, with the state in headers', async () => {
  const ann = from('ann');
  const first = await ann.get('/booking/user/me');
  assert.match(first.headers['ratelimit-policy'], new RegExp(`q=${READ};w=60`));
  assert.match(first.headers.ratelimit, new RegExp(`r=${READ - 1}`));
  const [allowed, reply] = await until429(() => ann.get('/booking/availability'), READ);
  assert.equal(allowed, READ - 1);
  assertLimited(reply);
  assertLimited(await from('ann').get('/booking/user/me')); // whatever the address
  assertStatus(await from('bob').get('/booking/user/me'), 200);
});

test('booking has a limit of its own, refusals count, and reading goes on', async () => {
  const cleo = from('cleo');
  const [allowed, reply] = await until429(() => cleo.post('/booking/create', {}), BOOK);
  assert.equal(allowed, BOOK);
  assertLimited(reply);
  for (const call of ['hold', '00000000-0000-4000-8000-000000000000/cancel'])
    assertLimited(await cleo.post(`/booking/${call}`, {}));
  assertStatus(await cleo.get('/booking/user/me'), 200);
});

test('an address has a limit for all who come from it, signed in or not', async () => {
  const same = address();
  const client = new Client(stack.daemon.url, { headers: same });
  const [allowed, reply] = await until429(() => client.get('/booking/user/me'), ADDRESS);
  assert.equal(allowed, ADDRESS);
  assertLimited(reply);
  assertLimited(await from('dora', same).get('/booking/user/me'));
  assertStatus(await from('dora').get('/booking/user/me'), 200);
  client.close();
});

test('only the hop that the trusted proxy wrote counts, not what the client put before it', async () => {
  const own = `198.51.100.${++addresses}`;
  let forged = 0;
  const client = new Client(stack.daemon.url);
  const ask = () =>
    client.get('/booking/user/me', { 'x-forwarded-for': `203.0.113.${++forged % 250}, ${own}` });
  const [allowed] = await until429(ask, ADDRESS);
  assert.equal(allowed, ADDRESS);
  client.close();
});

test('health checks and pages are for everybody, always', async () => {
  const client = new Client(stack.daemon.url, { headers: address() });
  for (let i = 0; i < ADDRESS * 2; i++) assertStatus(await client.get('/healthz'), 200);
  for (let i = 0; i < ADDRESS * 2; i++) assertStatus(await client.get('/booking/'), 200);
  assertProblem(await client.get('/booking/user/me'), 401, 'unauthenticated');
  client.close();
});

test('what is no call has a limit of its own: pushes, metrics, unknown paths and methods, preflights', async () => {
  const uncalled = {
    'a push': (client) => client.post('/hooks/google-calendar', undefined, { 'x-goog-channel-id': 'x' }),
    metrics: (client) => client.get('/metrics'),
    'an unknown path': (client) => client.get('/wp-login.php'),
    'an unknown path with a body': (client) => client.post('/wp-login.php', 'x'.repeat(1000)),
    'another method': (client) => client.delete('/booking/create'),
    'a preflight': (client) => client.request('OPTIONS', '/booking/create'),
    'a preflight of nothing': (client) => client.request('OPTIONS', '/nothing'),
  };
  for (const [what, ask] of Object.entries(uncalled)) {
    const client = new Client(stack.daemon.url, { headers: address() });
    const [allowed, reply] = await until429(() => ask(client), OTHER);
    assert.equal(allowed, OTHER, what);
    assertLimited(reply);
    assertProblem(await client.get('/booking/user/me'), 401, 'unauthenticated'); // calls go on
    assertStatus(await client.get('/health'), 200);
    client.close();
  }
});
