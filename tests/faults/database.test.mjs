// PostgreSQL away, hanging, behind or ahead: the daemon stays alive, refuses quickly, and comes back by itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { Daemon, runBookingd } from '../harness/daemon.mjs';
import { Database, Postgres } from '../harness/postgres.mjs';
import { freePort, temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule } from '../harness/stack.mjs';
import { mintHS256 } from '../harness/tokens.mjs';

const SECRET = 'a-secret-of-thirty-two-characters-or-more';
let place;
let server;
let database;
let daemon;
let databases = 0;

/** The server of this file, which comes and goes. */
const startServer = async () => {
  server = await Postgres.start({ ...place, durable: false, settings: { max_connections: 60 } });
};

const settings = () => ({
  DATABASE_URL: database.url,
  AUTH_JWT_SECRET: SECRET,
  COACH_ID: 'damian',
  COACH_SCHEDULE: JSON.stringify(openSchedule()),
});

const bearer = (user = 'ann') => ({
  authorization: `Bearer ${mintHS256(SECRET, { sub: user, email: `${user}@example.org` })}`,
});
const NOW = Date.now();
const start = (days) =>
  new Date((Math.floor(NOW / 86_400_000) + days) * 86_400_000 + 36_000_000).toISOString().replace('.000', '');
const book = (days) =>
  daemon.client.post('/booking/create', { start: start(days), duration_minutes: 30 }, bearer());

async function becomes(status, where = '/readyz') {
  await until(`${status} of ${where}`, async () => (await daemon.client.get(where)).status === status);
}

before(async () => {
  place = { folder: path.join(temporaryFolder('faults'), 'data'), port: await freePort() };
  await startServer();
});

after(() => server.stop());

afterEach(async () => {
  if (daemon && !daemon.child.end) await daemon.stop();
  daemon = null;
});

async function newDatabase() {
  if (server.child.end) await startServer(); // the test before failed without it
  const name = `faults_${++databases}`;
  new Database(server.url()).run(`CREATE DATABASE ${name}`);
  database = new Database(server.url(name));
}

test('with PostgreSQL away it starts, is alive, not ready, and serves when PostgreSQL comes', async () => {
  await newDatabase();
  await server.stop();
  daemon = await Daemon.start({ env: settings(), ready: false });
  assert.equal((await daemon.client.get('/healthz')).status, 200);
  const ready = await daemon.client.get('/readyz');
  assert.equal(ready.status, 503);
  assert.ok(Number(ready.headers['retry-after']) > 0);
  const health = await daemon.client.get('/health');
  assert.equal(health.status, 503);
  assert.equal(health.body.ok, false);
  const refused = await book(2);
  assert.deepEqual([refused.status, refused.body.code], [503, 'database_unavailable']);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  await startServer();
  await becomes(200);
  assert.equal((await book(2)).status, 201);
  assert.equal((await daemon.client.get('/health')).body.ok, true);
  assert.equal(daemon.events('database_awaited').length, 1, 'a reason to wait is told once');
});

test('PostgreSQL goes away and comes back: 503 at once meanwhile, no restart needed', async () => {
  await newDatabase();
  daemon = await Daemon.start({ env: settings() });
  assert.equal((await book(2)).status, 201);
  await server.stop();
  await becomes(503);
  for (let i = 0; i < 20; i++) {
    const reply = await book(3);
    assert.deepEqual([reply.status, reply.body.code], [503, 'database_unavailable']);
    assert.ok(reply.ms < 2000, `${reply.ms} ms`);
  }
  const list = await daemon.client.get('/booking/availability', bearer());
  assert.equal(list.status, 503, 'what was kept in memory is not served while nobody tells of changes');
  await startServer();
  await becomes(200);
  assert.equal((await book(3)).status, 201);
  assert.equal(database.value('SELECT count(*) FROM bookingd.appointment'), 2);
});

test('a PostgreSQL that hangs is given up, and used again when it wakes', async () => {
  await newDatabase();
  daemon = await Daemon.start({ env: settings() });
  assert.equal((await book(2)).status, 201);
  await server.frozen(async () => {
    await becomes(503);
    const reply = await book(3);
    assert.equal(reply.status, 503);
    assert.ok(reply.ms < 10_000, `${reply.ms} ms`);
    assert.equal((await daemon.client.get('/healthz')).status, 200);
  });
  await becomes(200);
  await until('a booking', async () => [200, 201].includes((await book(4)).status));
});

test('every connection killed at once costs nobody a booking', async () => {
  await newDatabase();
  daemon = await Daemon.start({ env: settings() });
  assert.equal((await book(2)).status, 201);
  database.run(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  assert.equal((await book(3)).status, 201);
  await becomes(200);
});

test('with MIGRATE=0 it waits, alive, until somebody has migrated', async () => {
  await newDatabase();
  daemon = await Daemon.start({ env: { ...settings(), MIGRATE: '0' }, ready: false });
  await daemon.logged('run bookingd migrate');
  assert.equal((await daemon.client.get('/readyz')).status, 503);
  assert.equal(runBookingd(['migrate'], { env: { DATABASE_URL: database.url } }).code, 0);
  await becomes(200);
  assert.equal((await book(2)).status, 201);
});

test('a database with a migration that differs ends it with one line', async () => {
  await newDatabase();
  assert.equal(runBookingd(['migrate'], { env: { DATABASE_URL: database.url } }).code, 0);
  database.run(`UPDATE bookingd.migration SET checksum = 'x' WHERE version = 2`);
  const { code, stderr } = runBookingd(['serve'], { env: { ...settings(), PORT: '0' } });
  assert.equal(code, 1);
  const refusals = stderr.split('\n').filter((line) => line.includes('"database_refused"'));
  assert.equal(refusals.length, 1);
  assert.match(
    JSON.parse(refusals[0]).detail,
    /migration 0002_\w+ differs from the one applied.*or a newer one/,
  );
});

test('several that start at once on an empty database all serve, with one coach', async () => {
  await newDatabase();
  const others = await Promise.all([1, 2, 3].map(() => Daemon.start({ env: settings() })));
  assert.equal(database.value('SELECT count(*) FROM bookingd.coach'), 1);
  for (const other of others) await other.stop();
});

test('SIGTERM ends it at once while it waits for PostgreSQL', async () => {
  await newDatabase();
  const env = { ...settings(), DATABASE_URL: `postgresql://x@127.0.0.1:${await freePort()}/x` };
  daemon = await Daemon.start({ env, ready: false });
  const begun = Date.now();
  await daemon.stop();
  assert.ok(Date.now() - begun < 3000);
});

test('a bad setting stops the start with one line that names it', async () => {
  await newDatabase();
  const bad = (env) => runBookingd(['serve'], { env: { ...settings(), PORT: '0', ...env } });
  for (const [env, line] of [
    [{ PORT: '80a' }, /^PORT: .*\n$/],
    [{ DATABASE_URL: '' }, /^DATABASE_URL: .*\n$/],
    [
      { COACH_SCHEDULE: '{"weekly":[{"days":["MO"],"from":"25:00","to":"26:00"}]}' },
      /^.*COACH_SCHEDULE: weekly\[0\].*\n$/,
    ],
    [
      { AUTH_JWT_PUBLIC_KEY: '-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----' },
      /AUTH_JWT_PUBLIC_KEY: .*\n$/,
    ],
  ]) {
    const { code, stderr } = bad(env);
    assert.equal(code, 2, stderr);
    assert.match(stderr, line);
    assert.ok(!stderr.includes(SECRET));
  }
});

test('a port that is taken is named', async () => {
  await newDatabase();
  const taken = new URL(server.url()).port;
  const { code, stderr } = runBookingd(['serve'], { env: { ...settings(), PORT: taken } });
  assert.equal(code, 2);
  assert.match(stderr, new RegExp(`PORT: .*${taken}`));
});

test('the environment of the running daemon no longer has the secrets', async () => {
  await newDatabase();
  daemon = await Daemon.start({ env: settings() });
  const environment = execFileSync('cat', [`/proc/${daemon.child.pid}/environ`], { encoding: 'latin1' });
  assert.ok(environment.includes('COACH_ID=damian'));
  assert.ok(!environment.includes(SECRET));
  assert.ok(!environment.includes(database.url));
});
