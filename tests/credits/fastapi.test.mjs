// The example for a FastAPI backend, as it stands in config/: an order that was paid is granted once, through retries and
// a restart.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Child, until } from '../harness/child.mjs';
import { assertStatus } from '../harness/expect.mjs';
import { ROOT, freePort } from '../harness/run_folder.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack, backend, url;
const SECRET = 'a secret of the orders';
const NOW = Math.floor(Date.now() / 1000);
before(async () => {
  stack = await startStack({ document: openSchedule() });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const args = ['-m', 'uvicorn', 'fastapi_credits:app', '--port', `${port}`];
  backend = new Child('/usr/bin/python3', args, {
    cwd: path.join(ROOT, 'config'),
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      BOOKINGD_URL: stack.daemon.url,
      AUTH_JWT_SECRET: stack.secret,
      ORDERS_SECRET: SECRET,
    },
  });
  await until(
    'the backend to answer',
    () =>
      fetch(`${url}/openapi.json`).then(
        ({ ok }) => ok,
        () => false,
      ),
    60_000,
  );
});
after(async () => {
  await backend.stop('SIGTERM', 30_000);
  await stack.stop();
});

const paid = (order, body, secret = SECRET) =>
  fetch(`${url}/orders/${order}/paid`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-orders-secret': secret },
    body: JSON.stringify({ paid_at: NOW, ...body }),
  });
const balance = async (user) =>
  assertStatus(await stack.client(user).get('/booking/user/me/credits'), 200).balance;

test('an order grants once, however often it is told', async () => {
  const order = { user_id: 'ann', package: 'three', paid_at: NOW };
  const replies = await Promise.all(Array.from({ length: 5 }, () => paid('1001', order)));
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
  const grants = await Promise.all(replies.map((reply) => reply.json()));
  assert.equal(new Set(grants.map(({ grant }) => grant)).size, 1);
  assert.equal(await balance('ann'), 3);
});

test('while bookingd is away it asks again, and grants once', async () => {
  await stack.daemon.kill();
  // In its place somebody who hangs up: who asks there has asked in vain.
  let hungUp = 0;
  const away = net.createServer((socket) => ++hungUp && socket.destroy());
  await new Promise((resolve) => away.listen(stack.port, '127.0.0.1', resolve));
  const order = { user_id: 'bob', package: 'single' };
  const asked = paid('1002', order);
  await until('the backend to have asked in vain', () => hungUp > 0);
  await new Promise((resolve) => away.close(resolve));
  await stack.daemon.restart();
  assert.equal((await asked).status, 200);
  assert.equal((await paid('1002', order)).status, 200);
  assert.equal(await balance('bob'), 1);
});

test('what bookingd refuses is told, and nobody without the secret is heard', async () => {
  const order = { user_id: 'eve', package: 'three', paid_at: 1_500_000_000 }; // expired long ago
  const refused = await paid('1003', order);
  assert.equal(refused.status, 502);
  assert.match((await refused.json()).detail, /must be in the future/);
  assert.equal((await paid('1004', { user_id: 'eve', package: 'ten' }, 'wrong')).status, 403);
  assert.equal((await paid('1005', { user_id: 'eve', package: 'none' })).status, 422);
  assert.equal(await balance('eve'), 0);
});
