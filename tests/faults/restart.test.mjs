// PostgreSQL restarted, crashed, or short of connections in the middle of bookings: refusals are 503 database_unavailable,
// what was confirmed is there, what was refused may be asked again, and no restart of ours is needed.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { sleep, until } from '../harness/child.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { countStatuses } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { Database, Postgres } from '../harness/postgres.mjs';
import { freePort, temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule } from '../harness/stack.mjs';
import { mintHS256 } from '../harness/tokens.mjs';

const SECRET = 'a-secret-of-thirty-two-characters-or-more';
const CLIENTS = 16;
// So many that nobody books them all in a few seconds.
const SHORT_SESSIONS = {
  ...openSchedule({ horizon_days: 300, step_minutes: 5 }),
  session_types: [{ id: 'coaching', name: 'Coaching session', durations: [5], meeting: 'none' }],
};
let place, server, database, daemon;

const startServer = async (settings) => {
  server = await Postgres.start({ ...place, settings });
};

before(async () => {
  place = { folder: path.join(temporaryFolder('restart'), 'data'), port: await freePort() };
  await startServer();
  new Database(server.url()).run('CREATE ROLE app LOGIN; CREATE DATABASE load OWNER app');
  database = new Database(server.url('load'));
  database.run('CREATE EXTENSION btree_gist');
  daemon = await Daemon.start({
    env: {
      DATABASE_URL: database.url.replace('postgres@', 'app@'),
      AUTH_JWT_SECRET: SECRET,
      COACH_ID: 'damian',
      COACH_SCHEDULE: JSON.stringify(SHORT_SESSIONS),
      RATE_LIMIT_BOOK: '0',
      RATE_LIMIT_READ: '0',
      RATE_LIMIT_ADDRESS: '0',
    },
  });
});
after(async () => {
  await daemon.stop();
  await server.stop();
});

const slot = (n) => {
  const day = Math.floor(Date.now() / 86_400_000) + 2;
  return new Date(day * 86_400_000 + n * 300_000).toISOString().replace('.000', '');
};
let slots = 0;

/** One client, until `over()`: each booking is asked for until it stands. Every reply goes into `replies`. */
async function book(n, over, replies) {
  const token = mintHS256(SECRET, { sub: `client-${n}`, email: `c${n}@client.test`, name: 'Somebody' });
  const client = new Client(daemon.url, { token, connections: 1 });
  while (!over()) {
    const start = slot(slots++);
    const headers = slots % 2 ? { 'idempotency-key': `key-${start}` } : {};
    for (let status = 0; status !== 201 && status !== 200; ) {
      const reply = await client.post('/booking/create', { start }, headers);
      replies.push({ ...reply, start });
      status = reply.status;
      if (status === 503) await sleep(50);
      else if (status !== 201 && status !== 200) break;
    }
  }
  client.close();
}

/** Clients book while `disturb` does its worst; then everything that was said must be true. */
async function during(t, disturb) {
  const replies = [];
  /** Waits until so many more replies with such a status have come. */
  const more = (count, wanted) => {
    const so_far = () => replies.filter(({ status }) => wanted(status)).length;
    const goal = so_far() + count;
    return until(`${count} more replies`, () => so_far() >= goal, 30_000);
  };
  const booked = (count) => more(count, (status) => status < 300);
  const refused = (count) => more(count, (status) => status === 503);
  let over = false;
  const clients = Array.from({ length: CLIENTS }, (_, n) => book(n, () => over, replies));
  await disturb({ booked, refused });
  await until('readiness', async () => (await daemon.client.get('/readyz')).status === 200, 20_000);
  await booked(CLIENTS);
  over = true;
  await Promise.all(clients);
  t.diagnostic(JSON.stringify(countStatuses(replies)));
  const odd = replies.filter(
    ({ status, body }) =>
      ![200, 201].includes(status) && `${status} ${body?.code}` !== '503 database_unavailable',
  );
  assert.deepEqual(odd.map(({ text }) => text).slice(0, 3), []);
  const rows = new Map(
    database.rows(`SELECT id, status FROM bookingd.appointment`).map((row) => [row.id, row.status]),
  );
  const told = new Set(replies.filter(({ status }) => status < 300).map(({ body }) => body.id));
  assert.deepEqual(
    [...told].filter((id) => rows.get(id) !== 'scheduled'),
    [],
    'confirmed, and lost',
  );
  const twice = database.rows(
    `SELECT starts_at, count(*) FROM bookingd.appointment GROUP BY 1 HAVING count(*) > 1`,
  );
  assert.deepEqual(twice, []);
  for (const { start } of replies)
    assert.ok(
      replies.some((reply) => reply.start === start && reply.status < 300),
      `${start} was never booked`,
    );
  return replies;
}

test('PostgreSQL is restarted twice in the middle of bookings', async (t) => {
  const replies = await during(t, async ({ booked, refused }) => {
    for (let i = 0; i < 2; i++) {
      await booked(50);
      await server.stop();
      await refused(CLIENTS);
      await startServer();
    }
  });
  assert.ok(replies.some(({ status }) => status === 503));
});

test('PostgreSQL crashes in the middle of bookings', async (t) => {
  await during(t, async ({ booked }) => {
    await booked(50);
    await server.child.stop('SIGQUIT', 30_000); // as after a power cut: no checkpoint, nobody is told
    await startServer();
    await booked(50);
  });
});

test('PostgreSQL has fewer connections than there are workers: some wait, none is told wrong, and room is used when there is', async (t) => {
  await server.stop();
  await startServer({ max_connections: 8, superuser_reserved_connections: 3, max_wal_senders: 0 });
  await until('readiness', async () => (await daemon.client.get('/readyz')).status === 200, 20_000);
  const short = countStatuses(await during(t, ({ booked }) => booked(300)));
  assert.ok(short[201] > 5 * (short[503] ?? 0), 'those that are connected do the work');
  await server.stop();
  await startServer();
  const replies = await during(t, ({ booked }) => booked(2 * CLIENTS));
  assert.ok(replies.filter(({ status }) => status < 300).length > CLIENTS);
});
