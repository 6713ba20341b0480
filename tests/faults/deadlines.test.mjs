// One deadline for whatever a request does: a PostgreSQL that is frozen or cannot be reached is a 503 soon, for every call at
// once, with one host and with several; memory and threads stay as they are, and it serves again by itself. Readiness
// knows when the server answers and a request would not be served all the same.
//
//   LONG=1 node tests/run.mjs tests/faults/deadlines.test.mjs        (frozen for 5 s, away for 30 s; with what it may take)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { Client } from '../harness/http.mjs';
import { Database, Postgres } from '../harness/postgres.mjs';
import { temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule } from '../harness/stack.mjs';
import { mintHS256 } from '../harness/tokens.mjs';

const SECRET = 'a-secret-of-thirty-two-characters-or-more';
const LONG = Boolean(process.env.LONG);
const [FROZEN_SECONDS, AWAY_SECONDS] = LONG ? [5, 30] : [0, 0];
let server;
let daemon;
let place;
let mounted = false;

/** A folder on a disk of its own, so that it can be full; where none may be mounted (`mounted`) on the usual one. */
function smallDisk() {
  const folder = temporaryFolder('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0755', 'tmpfs', folder], { stdio: 'ignore' });
    mounted = true;
  } catch {
    // no right to; the test of a full disk is skipped with a sentence
  }
  return folder;
}

const startServer = (where) =>
  Postgres.start({
    ...where,
    durable: false,
    settings: { max_connections: 30, shared_buffers: '8MB', max_wal_size: '48MB', min_wal_size: '32MB' },
  });

before(async () => {
  place = smallDisk();
  server = await startServer({ folder: path.join(place, 'data') });
});

after(async () => {
  await server.stop();
  if (mounted) execFileSync('umount', [place]);
});

afterEach(async () => {
  if (daemon && !daemon.child.end) await daemon.stop();
  daemon = null;
});

let databases = 0;

/** A daemon on a database of its own; `urls` makes its DATABASE_URL of the plain one. */
async function start({ url = (plain) => plain, ...env } = {}) {
  const name = `deadlines_${++databases}`;
  new Database(server.url()).run(`CREATE DATABASE ${name}`);
  const database = new Database(server.url(name));
  daemon = await Daemon.start({
    env: {
      DATABASE_URL: url(database.url),
      AUTH_JWT_SECRET: SECRET,
      COACH_ID: 'damian',
      COACH_SCHEDULE: JSON.stringify(openSchedule()),
      RATE_LIMIT_READ: '0',
      RATE_LIMIT_BOOK: '0',
      RATE_LIMIT_ADDRESS: '0',
      RATE_LIMIT_OTHER: '0',
      ...env,
    },
  });
  return database;
}

const bearer = (user, claims = {}) => ({
  authorization: `Bearer ${mintHS256(SECRET, { sub: user, email: `${user}@example.org`, ...claims })}`,
});
const NOW = Date.now();
const start_at = (hours) =>
  new Date((Math.floor(NOW / 86_400_000) + 3) * 86_400_000 + hours * 3_600_000)
    .toISOString()
    .replace('.000', '');

/** Four calls of each kind at once, each on a connection of its own: what, status, code and milliseconds of each. */
async function everyCall() {
  const id = '0190a7a8-0000-7000-8000-000000000000';
  const coach = bearer('the-coach', { role: 'coach', coach: 'damian' });
  const calls = [
    ['post', '/booking/create', { start: start_at(5), duration_minutes: 30 }, bearer('ann')],
    ['post', '/booking/hold', { start: start_at(6), duration_minutes: 30 }, bearer('bob')],
    ['put', `/booking/${id}/cancel`, {}, bearer('ann')],
    ['put', `/booking/${id}/reschedule`, { start: start_at(7) }, bearer('ann')],
    ['get', `/booking/${id}`, undefined, bearer('ann')],
    ['get', '/booking/user/me', undefined, bearer('ann')],
    ['get', '/booking/availability?duration=30', undefined, bearer('ann')],
    ['get', '/coach/damian/appointments', undefined, coach],
    ['get', '/coach/damian/schedule', undefined, coach],
    ['get', `/coach/damian/explain?start=${start_at(5)}`, undefined, coach],
  ];
  return Promise.all(
    Array.from({ length: 4 }, () => calls)
      .flat()
      .map(async ([method, where, body, headers]) => {
        const client = new Client(daemon.url);
        const reply =
          method === 'get' ? await client.get(where, headers) : await client[method](where, body, headers);
        client.close();
        return { call: `${method} ${where}`, status: reply.status, code: reply.body?.code, ms: reply.ms };
      }),
  );
}

const threads = () => fs.readdirSync(`/proc/${daemon.child.pid}/task`).length;
const becomes = (status) =>
  until(`${status} of /readyz`, async () => (await daemon.client.get('/readyz')).status === status, 30_000);
const book = (hours, user = 'zoe') =>
  daemon.client.post('/booking/create', { start: start_at(hours), duration_minutes: 30 }, bearer(user));
/** 200: it was booked before, by a call that had no answer in time. */
const isBooked = ({ status }) => status === 201 || status === 200;

/** Nothing listens there while `work` is done, and then the server is back. */
async function away(work) {
  const { folder, port } = server;
  await server.stop();
  try {
    return await work();
  } finally {
    server = await startServer({ folder, port });
  }
}

/** The other way to write it, without ports, which PGPORT says. */
const twoHosts = (plain) =>
  `host=127.0.0.1,127.0.0.1 user=postgres dbname=${new URL(plain).pathname.slice(1)} target_session_attrs=read-write`;

for (const [what, outage, seconds, url] of [
  ['frozen, one host', (work) => server.frozen(work), FROZEN_SECONDS],
  ['frozen, two hosts', (work) => server.frozen(work), FROZEN_SECONDS, twoHosts],
  ['away', away, AWAY_SECONDS],
])
  test(`a PostgreSQL that is ${what}: every call is 503 meanwhile, nothing grows, it serves again`, async (t) => {
    await start({ url, PGPORT: String(server.port) });
    assert.equal((await book(1)).status, 201);
    await everyCall();
    const before = { threads: threads(), memory: daemon.memory() };
    for (let round = 0; round < 2; round++) {
      // What is in memory may be listed for a moment yet, as long as it is whole: a booking ends that.
      assert.equal((await book(2 + round)).status, 201);
      const replies = [];
      await outage(async () => {
        const end = Date.now() + seconds * 1000;
        do replies.push(...(await everyCall()));
        while (Date.now() < end);
      });
      const back = Date.now();
      for (const { call, status, code } of replies)
        assert.deepEqual([call, status, /^(database_unavailable|overloaded)$/.test(code)], [call, 503, true]);
      const slowest = Math.max(...replies.map(({ ms }) => ms));
      await until('a booking', async () => isBooked(await book(10 + round)), 30_000);
      const again = Date.now() - back;
      t.diagnostic(`slowest of ${replies.length}: ${Math.round(slowest)} ms; served again after ${again} ms`);
      if (LONG) assert.ok(slowest < 2000 && again < 1000);
    }
    assert.equal(threads(), before.threads);
    // A sanitizer keeps what was freed for a while.
    const more = process.env.SANITIZE ? 64_000_000 : 4_000_000;
    assert.ok(daemon.memory() < before.memory + more, `${before.memory} -> ${daemon.memory()}`);
    t.diagnostic(`RssAnon ${before.memory} -> ${daemon.memory()}`);
    await becomes(200);
  });

/** A host that leads to the server while it is open; else it takes connections and says nothing. */
async function startHost(t, open) {
  const host = { open, sockets: new Set() };
  const keep = (socket) => {
    host.sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => host.sockets.delete(socket));
  };
  const listener = net.createServer((client) => {
    const behind = keep(net.connect(server.port, '127.0.0.1'));
    for (const [from, to] of [
      [keep(client), behind],
      [behind, client],
    ])
      from.on('data', (bytes) => host.open && to.write(bytes)).on('close', () => to.destroy());
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  host.address = `127.0.0.1:${listener.address().port}`;
  t.after(() => {
    listener.close();
    for (const socket of host.sockets) socket.destroy();
  });
  return host;
}

test('of two hosts one freezes, and later the other leads: when it is ready nobody waits for the first', async (t) => {
  const [first, second] = [await startHost(t, false), await startHost(t, true)];
  await start({ url: (plain) => plain.replace(/@[^/]+/, `@${first.address},${second.address}`) });
  assert.equal((await book(1)).status, 201, 'a first host that says nothing is not in the way of the second');
  await everyCall(); // all workers have a connection
  second.open = false;
  await becomes(503);
  await everyCall();
  first.open = true;
  await becomes(200);
  const replies = await Promise.all(Array.from({ length: 16 }, (_, n) => book(20 + n, `guest-${n}`)));
  assert.deepEqual(
    replies.map(({ status }) => status),
    replies.map(() => 201),
  );
});

test('others hold all connections: not ready, with the reason, and ready when they let go', async () => {
  const database = await start();
  await becomes(200);
  const holders = [];
  const full = async () => {
    holders.push(database.session());
    await new Promise((resolve) => setTimeout(resolve, 20));
    try {
      database.run('SELECT 1');
      return false;
    } catch {
      return true;
    }
  };
  await until('all connections to be held', full, 60_000);
  // One more may have been free for a moment, and the daemon quicker.
  await until(
    'not ready',
    async () => (await full()) && (await daemon.client.get('/readyz')).status === 503,
    60_000,
  );
  assert.equal((await daemon.client.get('/health')).body.database.state, 'no_connection');
  await daemon.logged('database_trouble');
  assert.match(daemon.events('database_trouble')[0].remedy, /max_connections/);
  assert.match(daemon.events('database_trouble')[0].detail, /FATAL: /);
  assert.equal((await book(1)).status, 503);
  for (const holder of holders) holder.close();
  await becomes(200);
  await until('a booking', async () => isBooked(await book(1)), 30_000);
});

test('a role or database that is let in no more: not ready, told in the server’s words, and ready when it is', async () => {
  const database = await start();
  const admin = new Database(server.url());
  admin.run(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS false;
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database.name}'`);
  await daemon.logged('database_trouble');
  const [{ state, detail, remedy }] = daemon.events('database_trouble');
  assert.equal(state, 'no_connection');
  assert.match(detail, /database "\w+" is not currently accepting connections/);
  assert.match(remedy, /the role, its password and the database of DATABASE_URL/);
  admin.run(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS true`);
  await becomes(200);
});

test('a database that takes no writes: not ready, with the reason, and ready when it does', async () => {
  const database = await start();
  const admin = new Database(server.url());
  admin.run(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
  await becomes(503);
  assert.equal((await daemon.client.get('/health')).body.database.state, 'read_only');
  admin.run(`ALTER DATABASE ${database.name} RESET default_transaction_read_only`);
  await becomes(200);
});

test('a full disk: not ready, with the reason, what is refused is not booked, and it serves when there is room', async (t) => {
  if (!mounted) return t.skip('no file system can be mounted here');
  const database = await start();
  assert.equal((await book(1)).status, 201);
  const ballast = path.join(place, 'ballast');
  const file = fs.openSync(ballast, 'w');
  const fill = () => {
    for (const size of [64 * 1024, 4096])
      try {
        for (;;) fs.writeSync(file, Buffer.alloc(size, 1));
      } catch (error) {
        assert.equal(error.code, 'ENOSPC');
      }
  };
  // The server may give a file back in between.
  await until(
    'not ready',
    async () => {
      fill();
      return (await daemon.client.get('/readyz')).status === 503;
    },
    60_000,
  );
  fs.closeSync(file);
  assert.equal((await daemon.client.get('/health')).body.database.state, 'disk_full');
  const acknowledged = [1];
  for (let i = 2; i < 40; i++) {
    const reply = await book(i);
    assert.ok([201, 503].includes(reply.status), `${reply.status} ${JSON.stringify(reply.body)}`);
    if (reply.status === 201) acknowledged.push(i);
  }
  fs.rmSync(ballast);
  await becomes(200);
  const starts = database
    .rows(`SELECT starts_at FROM bookingd.appointment WHERE status = 'scheduled' ORDER BY 1`)
    .map(({ starts_at: at }) => new Date(at).getTime());
  assert.deepEqual(
    starts,
    acknowledged.map((i) => new Date(start_at(i)).getTime()),
  );
  assert.equal((await book(50)).status, 201);
});
