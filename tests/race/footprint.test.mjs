// What one daemon costs: memory, and a thousand connections at once. How long a start takes: make bench.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { schedule, startStack } from '../harness/stack.mjs';
import { crowd } from './crowd.mjs';

const skip = process.env.SANITIZE || process.env.VALGRIND ? 'such builds are not measured' : false;
let stack;
before(async () => {
  // The contract's default hours: what a coach has who sets nothing.
  const document = schedule({ policy: { max_active_per_user: null } });
  stack = await startStack({ document, env: { LOG_LEVEL: 'warning' } });
});
after(() => stack.stop());

test('after 10,000 requests it holds under 10 MiB of its own', { skip }, async () => {
  const ann = stack.client('ann');
  const { slots } = assertStatus(await ann.get('/booking/availability'), 200);
  for (let round = 0; round < 10; round++)
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        i % 10
          ? ann.get('/booking/availability')
          : ann.post('/booking/create', { start: slots[round * 10 + (i % 100) / 10].start }),
      ),
    );
  const memory = stack.daemon.memory() / (1 << 20);
  assert.ok(memory < 10, `${memory.toFixed(1)} MiB`);
});

test('1,000 keep-alive connections ask at once, 100 times: all are answered', { skip }, async () => {
  const ann = stack.client('ann');
  const { port } = new URL(stack.daemon.url);
  const lines = ['GET /booking/availability HTTP/1.1', 'Host: x', `Authorization: Bearer ${ann.token}`];
  const { statuses, errors } = await crowd(port, `${lines.join('\r\n')}\r\n\r\n`);
  assert.deepEqual([statuses, errors], [{ 200: 100_000 }, 0]);
});
