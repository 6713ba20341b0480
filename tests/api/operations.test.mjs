// Starting, stopping, being watched.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { sleep } from '../harness/child.mjs';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { metric } from '../harness/metrics.mjs';
import { createDatabase } from '../harness/postgres.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { runBookingd, startStack, until } from '../harness/stack.mjs';

const MEASURED = !process.env.SANITIZE && !process.env.VALGRIND; // such builds keep what was freed
let stack;
before(async () => {
  stack = await startStack({ env: { CORS_ALLOWED_ORIGINS: 'https://shop.example' } });
});
after(() => stack.stop());

test('health, life, readiness and the API document answer anybody', async () => {
  const stranger = stack.stranger();
  assert.equal(assertStatus(await stranger.get('/health'), 200).ok, true);
  assertStatus(await stranger.get('/healthz'), 200);
  assertStatus(await stranger.get('/readyz'), 200);
  const document = assertStatus(await stranger.get('/openapi.json'), 200);
  assert.match(document.openapi, /^3\./);
  for (const path of [
    '/booking/availability',
    '/booking/create',
    '/booking/{id}/cancel',
    '/booking/{id}/reschedule',
    '/booking/user/{user_id}',
  ])
    assert.ok(document.paths[path], path);
});

test('metrics count requests by route and code, and bookings by outcome', async () => {
  const create = (code) => [
    'bookingd_http_requests_total',
    { method: 'POST', route: '/booking/create', code },
  ];
  const seconds = (code) => [
    'bookingd_http_request_seconds_count',
    { method: 'POST', route: '/booking/create', code },
  ];
  const bookings = (outcome) => ['bookingd_bookings_total', { action: 'create', outcome }];
  const series = [
    create('201'),
    create('409'),
    seconds('201'),
    seconds('409'),
    bookings('done'),
    bookings('slot_taken'),
  ];
  const read = () => Promise.all(series.map((one) => metric(stack.stranger(), ...one)));
  const before = await read();
  const ann = stack.client('ann');
  assertStatus(await ann.post('/booking/create', { start: stack.slot(1) }), 201);
  for (const name of ['bob', 'cleo'])
    assertProblem(
      await stack.client(name).post('/booking/create', { start: stack.slot(1) }),
      409,
      'slot_taken',
    );
  // A request is counted when its reply is on its way.
  let counted;
  await until('all three to be counted', async () => {
    counted = (await read()).map((value, i) => value - before[i]);
    return counted.reduce((sum, value) => sum + value) >= 9;
  });
  assert.deepEqual(counted, [1, 2, 1, 2, 1, 2]);
});

test('healthcheck says by its exit code whether the daemon on this host is alive', () => {
  const { port } = stack.daemon;
  for (const address of ['127.0.0.1', '0.0.0.0']) {
    const alive = runBookingd(['healthcheck'], { env: { PORT: String(port), BIND_ADDRESS: address } });
    assert.deepEqual([alive.code, alive.stdout, alive.stderr], [0, '', '']);
  }
  const dead = runBookingd(['healthcheck'], { env: { PORT: '1', http_proxy: stack.daemon.url } });
  assert.equal(dead.code, 1, 'nobody listens on port 1, and a proxy is not asked');
  assert.match(dead.stderr, /^bookingd: http:\/\/127\.0\.0\.1:1\/healthz: .+\n$/);
});

test('HEAD works where GET does', async () => {
  const head = await stack.stranger().request('HEAD', '/health');
  assert.deepEqual([head.status, head.text], [200, '']);
});

test('preflights are answered for the configured origins only', async () => {
  const ask = (origin) =>
    stack.stranger().request('OPTIONS', '/booking/create', undefined, {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    });
  const allowed = await ask('https://shop.example');
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://shop.example');
  assert.match(allowed.headers['access-control-allow-headers'], /authorization/i);
  assert.equal((await ask('https://evil.example')).headers['access-control-allow-origin'], undefined);
});

test('every request is one log line, with its id and without a secret', async () => {
  const ann = stack.client('ann');
  await ann.get('/booking/user/me', { 'x-request-id': 'one-line' });
  await stack.daemon.logged('one-line');
  assert.equal(stack.daemon.log.filter((line) => line.includes('one-line')).length, 1);
  for (const secret of [ann.token, stack.secret, 'ann@client.test', 'Name of ann'])
    assert.ok(!stack.daemon.log.some((line) => line.includes(secret)), secret);
});

for (const [name, value] of [
  ['PORT', '99999'],
  ['PORT', 'http'],
  ['DATABASE_URL', ''],
  ['CALENDAR_FRESH_SECONDS', '-1'],
  ['LOG_LEVEL', 'loud'],
  ['CORS_ALLOWED_ORIGINS', 'shop'],
  ['GOOGLE_SERVICE_ACCOUNT_KEY', '/no/such/file'],
  ['AUTH_JWT_PUBLIC_KEY', 'no key'],
  ['COACH_SCHEDULE', '/no/such/file'],
]) {
  test(`${name}=${value} stops the start with one line that names it`, () => {
    const { code, stderr } = runBookingd(['serve'], { env: { ...stack.env, PORT: '0', [name]: value } });
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(name));
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
}

/** What a booking waits for first: to read the coach's time, or to take it. */
const BOOKS = 'from book[(]|^select id, user_id, session_type, starts_at';

test('SIGTERM finishes what is in flight and exits 0', async () => {
  const database = await createDatabase();
  const daemon = await Daemon.start({ env: { ...stack.env, DATABASE_URL: database.url } });
  // While another holds the table, booking waits inside PostgreSQL.
  const holder = database.session();
  holder.send('BEGIN; LOCK TABLE appointment IN ACCESS EXCLUSIVE MODE;');
  const lock = "granted AND mode = 'AccessExclusiveLock' AND relation = 'appointment'::regclass";
  await until('the lock', () => database.locks(lock));
  const { token } = stack.client('ann');
  const reply = daemon.client.post(
    '/booking/create',
    { start: stack.slot(3) },
    { authorization: `Bearer ${token}` },
  );
  await until('the waiting request', () => database.waiting(BOOKS));
  const stopped = daemon.child.stop('SIGTERM');
  await until(
    'the drain',
    async () =>
      daemon.child.end || (await daemon.client.get('/readyz').catch(() => ({ status: 0 }))).status !== 200,
  );
  holder.send('COMMIT;');
  holder.close();
  assertStatus(await reply, 201);
  assert.equal((await stopped).code, 0);
  database.drop();
});

test('SIGTERM waits for requests that have begun to come, if they take more than a moment too', async () => {
  const database = await createDatabase();
  const daemon = await Daemon.start({ env: { ...stack.env, DATABASE_URL: database.url } });
  const hold = (user, n) => {
    const body = JSON.stringify({ start: stack.slot(n) });
    return (
      `POST /booking/hold HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stack.client(user).token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    );
  };
  const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
  const ways = {
    'half a body': ['', hold('ann', 5), 201],
    'half a head': ['', get, 200],
    'half a body on a kept connection': [get, hold('bo', 7), 201],
    'half a head on a kept connection': [get, get, 200],
  };
  const asked = [];
  for (const [what, [before, text, status]] of Object.entries(ways)) {
    const socket = net.connect({ port: daemon.port, host: '127.0.0.1', noDelay: true });
    const one = { what, socket, rest: text.slice(-8), status, text: '' };
    asked.push(one);
    socket.on('error', () => {}).on('data', (bytes) => (one.text += bytes));
    if (before) {
      socket.write(before);
      await until('the first reply', () => one.text.endsWith('}\n'));
      one.text = '';
    }
    socket.write(text.slice(0, -8));
  }
  // What was written before is read before this is answered.
  for (let i = 0; i < 20; i++) assertStatus(await daemon.client.get('/healthz'), 200);
  daemon.client.close();
  const stopped = daemon.child.stop('SIGTERM');
  await until('nobody else to be let in', () =>
    daemon.client.get('/healthz').then(
      () => false,
      () => true,
    ),
  );
  await sleep(1500);
  for (const { socket, rest } of asked) socket.write(rest);
  for (const one of asked) {
    await until(`a reply to ${one.what}`, () => one.socket.closed || one.text.includes('\r\n\r\n'));
    assert.match(one.text, new RegExp(`^HTTP/1.1 ${one.status} `), one.what);
    one.socket.destroy();
  }
  assert.equal((await stopped).code, 0);
  database.drop();
});

test('no coach is made whose id has another meaning in addresses; one who is there already stays', async () => {
  const database = await createDatabase();
  const serve = (id) =>
    runBookingd(['serve'], { env: { ...stack.env, DATABASE_URL: database.url, PORT: '0', COACH_ID: id } });
  for (const id of ['any', 'session', 'coaches', '00000000-0000-4000-8000-000000000000']) {
    const { code, stderr } = serve(id);
    assert.equal(code, 1, id);
    const refusals = stderr.split('\n').filter((line) => line.includes('"database_refused"'));
    assert.deepEqual(
      refusals.map((line) => JSON.parse(line).detail),
      [`COACH_ID: ${id} has another meaning in addresses; choose another id`],
    );
  }
  assert.equal(database.value('SELECT count(*) FROM bookingd.coach'), 0);
  const env = { ...stack.env, DATABASE_URL: database.url };
  const daemon = await Daemon.start({ env: { ...env, COACH_ID: 'robin' } });
  await daemon.stop();
  database.run("UPDATE bookingd.coach SET id = 'session'");
  await (await Daemon.start({ env: { ...env, COACH_ID: 'session' } })).stop();
});

test('SIGSTOP and SIGCONT, as a debugger sends them, do not end it', async () => {
  const { process } = stack.daemon.child;
  const main = () => fs.readFileSync(`/proc/${process.pid}/task/${process.pid}/stat`, 'utf8');
  process.kill('SIGSTOP');
  await until('the stop', () => /\) T /.test(main()));
  process.kill('SIGCONT');
  await until('sleep', () => /\) S /.test(main()));
  assertStatus(await stack.stranger().get('/readyz'), 200);
  assert.equal(stack.daemon.events('stopped').length, 0);
});

test('what is remembered of coaches has a bound', async () => {
  // Each schedule takes some 350 KB once read: all 200 would be 70 MB.
  stack.database.run(`
    INSERT INTO coach (id, schedule, feed_token)
    SELECT 'many' || n, schedule || jsonb_build_object('overrides', (
             SELECT jsonb_agg(jsonb_build_object('date', date '2030-01-01' + d, 'intervals', jsonb_build_array(
               jsonb_build_object('from', '09:00', 'to', '10:00'), jsonb_build_object('from', '11:00', 'to', '12:00'))))
             FROM generate_series(0, 999) d)), 'many' || n
    FROM coach, generate_series(1, 200) n WHERE id = 'damian'`);
  const ann = stack.client('ann');
  const before = stack.daemon.memory();
  for (let n = 1; n <= 200; n++) assertStatus(await ann.get(`/booking/availability?coach=many${n}`), 200);
  const grown = (stack.daemon.memory() - before) / 1024 / 1024;
  if (MEASURED) assert.ok(grown < 20, `${grown} MiB more`);
  for (const n of [1, 200]) assertStatus(await ann.get(`/booking/availability?coach=many${n}`), 200);
});

test('several daemons may start at once on an empty database', async () => {
  const database = await createDatabase({ migrated: false });
  const daemons = await Promise.all(
    Array.from({ length: 4 }, () => Daemon.start({ env: { ...stack.env, DATABASE_URL: database.url } })),
  );
  for (const daemon of daemons) assertStatus(await daemon.client.get('/readyz'), 200);
  assert.equal(database.value('SELECT count(*) FROM coach'), 1);
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  database.drop();
});

test('without PostgreSQL the daemon lives but is not ready, and gets ready when it comes', async () => {
  const database = await createDatabase({ migrated: false });
  database.drop();
  const daemon = await Daemon.start({ env: { ...stack.env, DATABASE_URL: database.url }, ready: false });
  const ready = await daemon.client.get('/readyz');
  assert.equal(ready.status, 503);
  assertProblem(
    await daemon.client.get('/booking/user/me', { authorization: `Bearer ${stack.client('ann').token}` }),
    503,
    'database_unavailable',
  );
  stack.database.run(`CREATE DATABASE ${database.name}`);
  await until('readiness', async () => (await daemon.client.get('/readyz')).status === 200);
  await daemon.stop();
  database.drop();
});
