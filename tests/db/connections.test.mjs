// How many connections one daemon takes from PostgreSQL's 100.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { PASSWORD, startRadicale, USER } from '../harness/caldav.mjs';
import { assertStatus } from '../harness/expect.mjs';
import { sleep, startStack, until } from '../harness/stack.mjs';

const OURS = `select count(*)::int from pg_stat_activity
  where datname = current_database() and application_name = 'bookingd'`;

/** How many there are; a backend whose client has gone is there for a moment more than `most`. */
async function connections(stack, most) {
  let fewest = Infinity;
  for (let look = 0; look < 10 && fewest > most; look++) {
    if (look > 0) await sleep(50);
    fewest = Math.min(fewest, stack.database.value(OURS));
  }
  return fewest;
}

/** The most connections that were open while every lane had more to do than it has workers. */
async function mostUnderLoad(stack, most = 20) {
  const counts = [];
  for (let round = 0; round < 4; round++) {
    const calls = Array.from({ length: 40 }, (_, i) => {
      const client = stack.client(`client-${round}-${i}`);
      if (i % 4 === 0)
        return client.post('/booking/create', {
          start: stack.slot(10 + i / 4 + round * 12),
          duration_minutes: 30,
        });
      if (i % 4 === 1) return client.get('/booking/user/me');
      return client.get(`/booking/availability?duration_minutes=${15 * (i % 4)}`);
    });
    counts.push(await connections(stack, most));
    for (const reply of await Promise.all(calls))
      assertStatus(reply, reply.status < 500 ? reply.status : 200);
    counts.push(await connections(stack, most));
  }
  return Math.max(...counts);
}

test('a key for calendars alone opens nothing for writing until a coach has an account to be written to', async () => {
  const server = await startRadicale();
  const env = { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'), CALENDAR_ALLOW_PRIVATE: '1' };
  const stack = await startStack({ env });
  try {
    const before = await mostUnderLoad(stack, 15);
    assert.ok(before <= 15, `${before} connections: those who write have five more`);
    const wish = { kind: 'caldav', url: server.url, user: USER, password: PASSWORD, write: true };
    assertStatus(await stack.coach().post('/coach/damian/calendars', wish), 201);
    // One that was closing may have been counted before.
    await until('those who write to it', () => stack.database.value(OURS) >= before + 4);
  } finally {
    await stack.stop();
    await server.stop();
  }
});

for (const google of ['delegated', 'off'])
  test(`by default a daemon takes at most 20 connections, calendar ${google}`, async () => {
    const stack = await startStack({ google });
    try {
      const most = await mostUnderLoad(stack);
      assert.ok(most <= 20, `${most} connections`);
      assert.ok(most >= 8, `${most} connections: the load did not reach every worker`);
    } finally {
      await stack.stop();
    }
  });
