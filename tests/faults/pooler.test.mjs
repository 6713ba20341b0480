// A pooler between the daemon and PostgreSQL: its session mode serves; its transaction mode serves with a direct address
// for what needs a session, and leaves nothing on the pooler's connections; without that address notifications get lost,
// so the daemon is not ready, and daemon and doctor say so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Daemon, runBookingd } from '../harness/daemon.mjs';
import { Pooler } from '../harness/pooler.mjs';
import { createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { Client } from '../harness/http.mjs';
import { mintHS256 } from '../harness/tokens.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const settings = (url) => ({
  DATABASE_URL: url,
  AUTH_JWT_SECRET: 'a secret of the tests that is long enough',
  COACH_ID: 'damian',
});

let database;
before(async () => {
  database = await createDatabase();
});
after(async () => {
  database.drop();
  await stopOwnServer();
});

const REMEDY =
  /a pooler in transaction mode .* name PostgreSQL itself in DATABASE_DIRECT_URL, or use .* session mode/;

for (const size of [1, 4])
  test(`transaction mode with ${size} connection${size === 1 ? '' : 's'}: not ready, and told once why`, async () => {
    const pooler = await Pooler.start({ url: database.url, mode: 'transaction', size });
    const daemon = await Daemon.start({ env: settings(pooler.url), ready: false });
    await daemon.logged('database_not_heard', 20_000);
    assert.equal((await daemon.client.get('/readyz')).status, 503);
    assert.equal((await daemon.client.get('/health')).body.database.state, 'unavailable');
    assert.equal(daemon.events('database_not_heard').length, 1);
    assert.match(daemon.events('database_not_heard')[0].detail, REMEDY);
    await daemon.stop();
    const doctor = runBookingd(['doctor'], { env: { ...settings(pooler.url), PORT: '0' } });
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, new RegExp(`^FAIL +pooler.*${REMEDY.source}`, 'm'));
    await pooler.stop();
  });

test('a direct address of another database is told apart from none', async () => {
  const other = await createDatabase();
  const pooler = await Pooler.start({ url: database.url, mode: 'transaction' });
  const env = { ...settings(pooler.url), DATABASE_DIRECT_URL: other.url };
  const daemon = await Daemon.start({ env, ready: false });
  await daemon.logged('database_not_heard', 20_000);
  assert.match(daemon.events('database_not_heard')[0].detail, /the same database/);
  assert.equal((await daemon.client.get('/readyz')).status, 503);
  await daemon.stop();
  await pooler.stop();
  other.drop();
});

test('session mode: ready, and changes are heard', async () => {
  const pooler = await Pooler.start({ url: database.url, mode: 'session', size: 60 });
  const daemon = await Daemon.start({ env: settings(pooler.url) });
  assert.equal(daemon.events('database_not_heard').length, 0);
  await daemon.stop();
  const doctor = runBookingd(['doctor'], { env: { ...settings(pooler.url), PORT: '0' } });
  assert.doesNotMatch(doctor.stdout, /^FAIL +pooler/m);
  await pooler.stop();
});

test('a pooler that takes no more connections: the remedy names its limits, and doctor its words', async () => {
  const pooler = await Pooler.start({ url: database.url, mode: 'session', size: 60, clients: 3 });
  const daemon = await Daemon.start({ env: settings(pooler.url), ready: false });
  await daemon.logged('database_trouble', 20_000);
  const [{ detail, remedy }] = daemon.events('database_trouble');
  assert.match(detail, /no more connections allowed/);
  assert.match(remedy, /max_client_conn/);
  await daemon.stop();
  const { stdout } = runBookingd(['doctor'], { env: { ...settings(pooler.url), PORT: '0' } });
  assert.match(stdout, /^FAIL +pooler .*cannot be had: .*no more connections allowed/m);
  await pooler.stop();
});

test('transaction mode with a direct address: sixteen at once, and nothing is left on two connections', async () => {
  const stack = await startStack({ google: 'delegated', start: false });
  const pooler = await Pooler.start({ url: stack.database.url, mode: 'transaction', size: 2 });
  await stack.startDaemon({ DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: stack.database.url });
  const people = Array.from({ length: 16 }, (_, i) => stack.client(`client-${i}`));
  const wish = { start: stack.slot(10), duration_minutes: 30 };
  // The first questions to the calendar may take longer than a booking waits for them.
  await stack.daemon.logged('calendar_ready');
  const early = { start: stack.slot(1), duration_minutes: 30 };
  await until(
    'a first booking',
    async () => (await stack.client('early').post('/booking/create', early)).status === 201,
  );
  const same = await Promise.all(people.map((client) => client.post('/booking/create', wish)));
  assert.deepEqual(same.map(({ status }) => status).sort(), [201, ...Array(15).fill(409)]);
  const own = await Promise.all(
    people.map((client, i) =>
      client.post(
        '/booking/create',
        { start: stack.slot(20 + i), duration_minutes: 30 },
        { 'idempotency-key': `key-${i}` },
      ),
    ),
  );
  assert.deepEqual([...new Set(own.map(({ status }) => status))], [201]);
  const moved = await people[3].put(`/booking/${own[3].body.id}/reschedule`, { start: stack.slot(60) });
  assert.equal(moved.status, 200);
  await stack.settled(people[3], own[3].body.id);

  // What another client of the pooler would meet on its two connections.
  for (let i = 0; i < 8; i++) {
    const left = execFileSync('psql', ['-X', '-q', '-At', '-d', pooler.url], {
      encoding: 'utf8',
      input: `SELECT (SELECT count(*) FROM pg_prepared_statements),
                (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
                (SELECT count(*) FROM pg_listening_channels()), current_setting('statement_timeout'),
                current_setting('jit'), current_setting('plan_cache_mode'), current_setting('search_path')`,
    });
    assert.equal(left, '0|0|0|0|on|auto|"$user", public\n');
  }
  await stack.daemon.stop();
  await pooler.stop();
  await stack.stop();
});

test('a pooler that hangs is 503 meanwhile, and it serves again when that is over', async () => {
  const stack = await startStack({ document: openSchedule(), start: false });
  const pooler = await Pooler.start({ url: stack.database.url, mode: 'transaction' });
  await stack.startDaemon({ DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: stack.database.url });
  const ann = stack.client('ann');
  const book = (n) => ann.post('/booking/create', { start: stack.slot(n), duration_minutes: 30 });
  assert.equal((await book(1)).status, 201);
  process.kill(pooler.child.pid, 'SIGSTOP');
  try {
    for (let i = 0; i < 5; i++) assert.equal((await book(2)).status, 503);
    await until('not ready', async () => (await stack.daemon.client.get('/readyz')).status === 503);
  } finally {
    process.kill(pooler.child.pid, 'SIGCONT');
  }
  await until('a booking', async () => [200, 201].includes((await book(3)).status));
  await stack.daemon.stop();
  await pooler.stop();
  await stack.stop();
});

test('what a pooler in transaction mode says of prepared statements is told as one sentence with the remedy', async () => {
  // Else a connection that has not heard of the schema would fail by that, now and then.
  database.run(`ALTER DATABASE ${database.name} SET search_path = bookingd, public`);
  const pooler = await Pooler.start({ url: database.url, mode: 'transaction', size: 2 });
  const daemon = await Daemon.start({ env: settings(pooler.url), ready: false });
  const token = mintHS256(settings('').AUTH_JWT_SECRET, { sub: 'ann' });
  const ann = new Client(daemon.url, { token });
  const forget = () => execFileSync('psql', ['-X', '-q', '-d', pooler.url, '-c', 'DEALLOCATE ALL']);
  // Two connections of the server for all of ours: a name is another's (42P05), or forgotten (26000).
  for (let round = 0; round < 10; round++) {
    const replies = await Promise.all(Array.from({ length: 16 }, () => ann.get('/booking/user/me')));
    for (const { status } of replies) assert.ok([200, 503].includes(status), String(status));
    forget();
    forget();
  }
  const of = daemon.log.filter((line) => REMEDY.test(line) && !line.includes('database_not_heard'));
  assert.ok(of.length > 0, daemon.log.join('\n'));
  for (const line of daemon.log)
    assert.doesNotMatch(line, /prepared statement .* (already exists|does not exist)/);
  ann.close();
  await daemon.stop();
  await pooler.stop();
});
