// What a stranger's address leads to: each hop, of a feed, an account and a webhook, is held against private networks by the very
// address that is connected to, so neither a redirect nor a name that stands for something else the second time gets in.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { assertStatus } from '../harness/expect.mjs';
import { startStack } from '../harness/stack.mjs';
import { noStrangeNetwork, PRIVATE, PUBLIC, StrangeNetwork } from '../harness/strange_network.mjs';

const skip = noStrangeNetwork;
let network, stack, coach, outside, inside;
/** What the outer server does next, and what came to the two. */
let answer;
const reached = { outside: [], inside: [] };

before(async () => {
  if (skip) return;
  network = new StrangeNetwork({
    'calendar.example': [PUBLIC],
    'inside.calendar.example': [PRIVATE],
    'flip.calendar.example': [PUBLIC, PRIVATE],
    'flip.example': [PUBLIC, PRIVATE],
    'hook.example': [PUBLIC, PRIVATE],
    'slow.example': [PUBLIC],
  });
  outside = await network.serve((request, response) => {
    reached.outside.push(request);
    answer(request, response);
  });
  inside = await network.serve((request, response) => {
    reached.inside.push(request);
    response.end('BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n');
  });
  stack = await startStack({
    env: { ...network.env, TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
  });
  coach = stack.coach();
});
after(async () => {
  await stack?.stop();
  await network?.stop();
});

const add = async (kind, url) => {
  const account = kind === 'caldav' ? { user: 'ana', password: 'secret-4711' } : {};
  const made = assertStatus(await coach.post('/coach/damian/calendars', { kind, url, ...account }), 201);
  assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
  return made;
};
const redirect = (to) => (_, response) => response.writeHead(302, { location: to }).end();

test('a public address is read, for feeds and accounts: the network of this test lets it', {
  skip,
}, async () => {
  answer = (_, response) => response.end('BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n');
  const feed = await add('ical', `https://calendar.example:${outside}/feed`);
  assert.deepEqual([feed.state, feed.detail], ['ok', null]);
  answer = (request, response) =>
    request.url === '/found/'
      ? response.writeHead(207).end(
          `<multistatus xmlns="DAV:"><response><href>/found/</href><propstat><prop><resourcetype><collection/>
           <c:calendar xmlns:c="urn:ietf:params:xml:ns:caldav"/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat>
           </response><sync-token>1</sync-token></multistatus>`,
        )
      : redirect('/found/')(request, response);
  const account = await add('caldav', `https://calendar.example:${outside}/`);
  assert.deepEqual([account.state, account.detail], ['ok', null]);
});

for (const kind of ['ical', 'caldav']) {
  test(`${kind}: a redirect to a private network is refused, whatever leads there`, { skip }, async () => {
    for (const to of [
      `https://127.0.0.1:${inside}/`,
      `https://[::1]:${inside}/`,
      `https://2130706433:${inside}/`,
      `https://inside.calendar.example:${inside}/`,
      `http://calendar.example:${inside}/`,
      'https://169.254.169.254/latest/meta-data',
    ]) {
      answer = redirect(to);
      const made = await add(kind, `https://calendar.example:${outside}/`);
      assert.equal(made.state, 'failing', to);
      assert.match(made.detail, /not public|not https/, to);
    }
    assert.equal(reached.inside.length, 0);
  });

  test(`${kind}: a name that stands for a private address the second time is refused then`, {
    skip,
  }, async () => {
    const name = kind === 'ical' ? 'flip.example' : 'flip.calendar.example';
    // Another port of the same name is looked up anew, as what was remembered of a name is after a minute.
    answer = redirect(`https://${name}:${inside}/`);
    reached.outside.length = 0;
    const made = await add(kind, `https://${name}:${outside}/`);
    assert.ok(reached.outside.length > 0, 'the first time it is public');
    assert.equal(made.state, 'failing');
    assert.match(made.detail, /not public/);
    assert.equal(reached.inside.length, 0);
    assert.ok(!stack.daemon.log.some((line) => line.includes('secret-4711')));
  });
}

/** Makes an endpoint, books, and waits for what the first try came to. */
async function firstTry(url, slot) {
  const { id } = assertStatus(await coach.post('/coach/damian/webhooks', { url }), 201);
  assertStatus(
    await stack.client(`client-${slot}`).post('/booking/create', { start: stack.slot(slot) }),
    201,
  );
  const path = `/coach/damian/webhooks/${id}`;
  const [delivery] = await until(
    'the first try',
    async () => {
      const { deliveries } = assertStatus(await coach.get(`${path}/deliveries`), 200);
      return (deliveries[0]?.detail || deliveries[0]?.state === 'delivered') && deliveries;
    },
    60_000,
  );
  return { id, path, delivery };
}

test("webhook: a receiver's name that stands for a private address later is told nothing from then on", {
  skip,
}, async () => {
  answer = (_, response) => response.writeHead(204).end();
  const first = await firstTry(`https://hook.example:${outside}/`, 40);
  assert.equal(first.delivery.state, 'delivered');
  const second = await firstTry(`https://hook.example:${inside}/`, 44);
  assert.equal(second.delivery.detail, 'The address leads to a network that is not public, or is none.');
  assert.equal(reached.inside.length, 0);
  for (const { path } of [first, second]) assertStatus(await coach.delete(path), 204);
});

test('webhook: a receiver that sends its answer a byte at a time holds nobody up, and has failed in the end', {
  skip,
}, async () => {
  const dripping = new Set();
  answer = (request, response) => {
    if (request.headers.host.startsWith('calendar.example')) return response.writeHead(204).end();
    const { socket } = response;
    socket.write('HTTP/1.1 204 No Content\r\nX-Slow: ');
    const drip = setInterval(() => socket.write('x'), 500);
    dripping.add(drip);
    return socket.on('close', () => clearInterval(drip));
  };
  try {
    const hook = async (host) =>
      assertStatus(await coach.post('/coach/damian/webhooks', { url: `https://${host}:${outside}/` }), 201)
        .id;
    const [slow, quick] = [await hook('slow.example'), await hook('calendar.example')];
    assertStatus(await stack.client('drip').post('/booking/create', { start: stack.slot(50) }), 201);
    const state = async (id) =>
      assertStatus(await coach.get(`/coach/damian/webhooks/${id}/deliveries`), 200).deliveries[0];
    await until('the other one to be told', async () => (await state(quick))?.state === 'delivered', 60_000);
    const given = await until(
      'the slow one to have failed',
      async () => {
        const delivery = await state(slow);
        return delivery?.detail && delivery;
      },
      60_000,
    );
    assert.equal(given.detail, 'The receiver did not answer within 15 seconds.');
    for (const id of [slow, quick]) assertStatus(await coach.delete(`/coach/damian/webhooks/${id}`), 204);
  } finally {
    for (const drip of dripping) clearInterval(drip);
  }
});
