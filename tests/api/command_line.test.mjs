// The program without its daemon: help, settings, slots, tokens, migrate, and a start that fails in one line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { bookingd, createDatabase } from '../harness/postgres.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule, runBookingd, schedule, startStack } from '../harness/stack.mjs';

/** Every setting that the contract names. */
const SETTINGS =
  `PORT BIND_ADDRESS DATABASE_URL CORS_ALLOWED_ORIGINS PUBLIC_URL AUTH_SESSION_QUERY AUTH_JWT_SECRET
  AUTH_JWT_PUBLIC_KEY AUTH_JWKS_URL AUTH_JWT_ISSUER AUTH_JWT_AUDIENCE GOOGLE_SERVICE_ACCOUNT_KEY GOOGLE_IMPERSONATE
  COACH_GOOGLE_CALENDAR_ID COACH_EMAIL GOOGLE_OAUTH_CLIENT_ID GOOGLE_OAUTH_CLIENT_SECRET GOOGLE_CALENDAR_API
  GOOGLE_OAUTH_AUTH_URL GOOGLE_OAUTH_TOKEN_URL GOOGLE_OAUTH_REVOKE_URL TOKEN_ENCRYPTION_KEY COACH_ID COACH_SCHEDULE
  CALENDAR_FRESH_SECONDS CALENDAR_STALE_SECONDS CALENDAR_POLL_SECONDS HOLD_MINUTES SESSION_CACHE_SECONDS
  PUBLIC_AVAILABILITY RATE_LIMIT_READ RATE_LIMIT_BOOK RATE_LIMIT_ADDRESS TRUSTED_PROXY_HOPS RETENTION_DAYS MIGRATE
  LOG_LEVEL LOG_FORMAT`.split(/\s+/);
const DEFAULTS = {
  ...{ PORT: '8080', BIND_ADDRESS: '127.0.0.1', COACH_GOOGLE_CALENDAR_ID: 'primary', HOLD_MINUTES: '10' },
  ...{ GOOGLE_CALENDAR_API: 'https://www.googleapis.com/calendar/v3', CALENDAR_FRESH_SECONDS: '30' },
  ...{ CALENDAR_STALE_SECONDS: '900', CALENDAR_POLL_SECONDS: '120', SESSION_CACHE_SECONDS: '30' },
  ...{ RATE_LIMIT_READ: '240', RATE_LIMIT_BOOK: '30', RATE_LIMIT_ADDRESS: '1200', TRUSTED_PROXY_HOPS: '0' },
  LOG_FORMAT: 'json',
};

let stack;
before(async () => {
  stack = await startStack({ start: false });
});
after(() => stack.stop());

/** Starts the daemon, which is to fail, with `changes` to good settings; null takes one away. */
function failing(changes) {
  const env = { ...stack.env, PORT: '0', ...changes };
  for (const name of Object.keys(env)) if (env[name] === null) delete env[name];
  return runBookingd(['serve'], { env });
}

test('--help and the example file name every setting with its default', () => {
  const { code, stdout } = runBookingd(['--help']);
  const example = fs.readFileSync(path.join(ROOT, 'config/bookingd.env.example'), 'utf8');
  assert.equal(code, 0);
  for (const name of SETTINGS) {
    assert.match(stdout, new RegExp(`^ +${name}\\b`, 'm'));
    assert.match(example, new RegExp(`^#?${name}=`, 'm'));
  }
  for (const [name, value] of Object.entries(DEFAULTS)) {
    assert.ok(stdout.includes(`  ${name} (${value})\n`), `${name} in --help`);
    assert.ok(example.includes(`#${name}=${value}\n`), `${name} in the example`);
  }
  assert.equal(runBookingd(['settings']).stdout, example, 'the example file is what the program prints');
  for (const command of ['serve', 'migrate', 'doctor', 'slots', 'token', '--version', '--help'])
    assert.ok(stdout.includes(`bookingd ${command}`));
});

test('the manual page has each command of --help, in its synopsis and described', () => {
  const { stdout } = runBookingd(['--help']);
  const page = fs.readFileSync(path.join(ROOT, 'config', 'bookingd.1'), 'utf8');
  const [synopsis, description] = page.split('.Sh DESCRIPTION');
  const commands = [...stdout.matchAll(/^ {2}bookingd ([a-z][a-z-]*)(.*)$/gm)];
  assert.ok(commands.length > 10);
  for (const [, name, options] of commands) {
    const given = new RegExp(`^\\.(Op )?Cm ${name}$([^]*?)^\\.Nm$`, 'm').exec(synopsis);
    assert.ok(given, `${name} in the synopsis`);
    for (const [, option] of options.matchAll(/--([a-z]+)/g))
      assert.ok(given[2].includes(`Fl ${option}`), `${name} --${option} in the synopsis`);
    assert.match(description, new RegExp(`^\\.It Cm ${name}( |$)`, 'm'));
  }
});

test('--version names its libraries', () => {
  const { code, stdout } = runBookingd(['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^bookingd \d+\.\d+/);
  assert.match(stdout, /openssl/i);
});

test('what cannot be written, as to a full disk, is no success', () => {
  const full = fs.openSync('/dev/full', 'w');
  for (const args of [['--help'], ['--version'], ['settings'], ['grants'], ['token', '--user', 'ann']]) {
    const { status, stderr } = spawnSync(bookingd(), args, {
      env: { AUTH_JWT_SECRET: stack.secret },
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    assert.deepEqual([status, stderr], [1, 'bookingd: what it prints cannot be written\n'], args[0]);
  }
  fs.closeSync(full);
});

test('what is no command is one line and exit code 2', () => {
  for (const args of [
    ['dance'],
    ['--port', '1'],
    ['slots', 'x'],
    ['migrate', '--now'],
    ['token'],
    ['token', '--user'],
  ]) {
    const { code, stderr, stdout } = runBookingd(args, { env: { AUTH_JWT_SECRET: stack.secret } });
    assert.deepEqual([code, stdout, stderr.trim().split('\n').length], [2, '', 1], `${args}: ${stderr}`);
  }
});

for (const [changes, name] of [
  [{ BIND_ADDRESS: 'here' }, 'BIND_ADDRESS'],
  [{ PORT: '-1' }, 'PORT'],
  [{ PORT: '80 80' }, 'PORT'],
  [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL'],
  [{ DATABASE_URL: null }, 'DATABASE_URL'],
  [{ PUBLIC_URL: 'book.example.org' }, 'PUBLIC_URL'],
  [{ CORS_ALLOWED_ORIGINS: 'https://a.example/path' }, 'CORS_ALLOWED_ORIGINS'],
  [{ AUTH_JWT_PUBLIC_KEY: '/no/such/key.pem' }, 'AUTH_JWT_PUBLIC_KEY'],
  [
    { AUTH_JWT_PUBLIC_KEY: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n' },
    'AUTH_JWT_PUBLIC_KEY',
  ],
  [{ AUTH_JWKS_URL: 'keys.json' }, 'AUTH_JWKS_URL'],
  [{ AUTH_JWKS_URL: 'http://127.0.0.1.evil.example/keys' }, 'AUTH_JWKS_URL'],
  [{ AUTH_JWKS_URL: 'http://localhost.evil.example/keys' }, 'AUTH_JWKS_URL'],
  [{ AUTH_JWKS_URL: 'http://127.evil.example/keys' }, 'AUTH_JWKS_URL'],
  [{ GOOGLE_OAUTH_TOKEN_URL: 'http://127.0.0.1.evil.example/' }, 'GOOGLE_OAUTH_TOKEN_URL'],
  [{ PUBLIC_URL: 'https://book.example/x?y=z' }, 'PUBLIC_URL'],
  [{ GOOGLE_SERVICE_ACCOUNT_KEY: '{}' }, 'GOOGLE_SERVICE_ACCOUNT_KEY'],
  [{ GOOGLE_SERVICE_ACCOUNT_KEY: 'nonsense' }, 'GOOGLE_SERVICE_ACCOUNT_KEY'],
  [{ GOOGLE_IMPERSONATE: 'coach@example.com' }, 'GOOGLE_SERVICE_ACCOUNT_KEY'],
  [
    { GOOGLE_OAUTH_CLIENT_ID: 'x', TOKEN_ENCRYPTION_KEY: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=' },
    'GOOGLE_OAUTH_CLIENT_SECRET',
  ],
  [{ TOKEN_ENCRYPTION_KEY: 'c2hvcnQ=' }, 'TOKEN_ENCRYPTION_KEY'],
  [{ COACH_ID: 'a b' }, 'COACH_ID'],
  [{ COACH_EMAIL: 'coach' }, 'COACH_EMAIL'],
  [{ COACH_SCHEDULE: path.join(ROOT, 'Makefile') }, 'COACH_SCHEDULE'],
  [{ HOLD_MINUTES: '0' }, 'HOLD_MINUTES'],
  [{ CALENDAR_STALE_SECONDS: '1.5' }, 'CALENDAR_STALE_SECONDS'],
  [{ PUBLIC_AVAILABILITY: 'maybe' }, 'PUBLIC_AVAILABILITY'],
  [{ MIGRATE: 'no thanks' }, 'MIGRATE'],
  [{ RATE_LIMIT_BOOK: 'many' }, 'RATE_LIMIT_BOOK'],
  [{ TRUSTED_PROXY_HOPS: '-1' }, 'TRUSTED_PROXY_HOPS'],
  [{ RETENTION_DAYS: 'week' }, 'RETENTION_DAYS'],
  [{ LOG_FORMAT: 'xml' }, 'LOG_FORMAT'],
  [{ AUTH_JWT_SECRET_FILE: '/no/such/file' }, 'AUTH_JWT_SECRET'],
])
  test(`${JSON.stringify(changes)} stops the start with one line that names ${name}`, () => {
    const { code, stderr } = failing(changes);
    assert.equal(code, 2);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.match(stderr, new RegExp(`\\b${name}`));
    if (changes.DATABASE_URL === undefined) assert.ok(!stderr.includes(stack.secret));
  });

test('several bad settings are a line each', () => {
  const { code, stderr } = failing({ PORT: 'x', LOG_LEVEL: 'x', HOLD_MINUTES: 'x' });
  assert.equal(code, 2);
  assert.deepEqual(
    stderr
      .trim()
      .split('\n')
      .map((line) => /\b(PORT|LOG_LEVEL|HOLD_MINUTES)\b/.exec(line)?.[1])
      .sort(),
    ['HOLD_MINUTES', 'LOG_LEVEL', 'PORT'],
  );
});

test('a fault in the schedule file is named by its path', () => {
  const file = path.join(temporaryFolder('schedule'), 'schedule.json');
  fs.writeFileSync(file, JSON.stringify({ weekly: [{ days: ['MO'], from: '25:00', to: '26:00' }] }));
  const { code, stderr } = failing({ COACH_SCHEDULE: file });
  assert.equal(code, 2);
  assert.match(stderr, /^bookingd: COACH_SCHEDULE: weekly\[0\]\.from: .*\n$/);
});

test('a port that is taken is said in one line', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address();
  const { code, stderr } = failing({ PORT: String(port) });
  other.close();
  assert.notEqual(code, 0);
  assert.match(stderr, new RegExp(`^bookingd: PORT: .*${port}.*\n$`));
});

test('variables it does not know are none of its business', () => {
  const database = stack.database.url;
  const { code } = runBookingd(['migrate'], {
    env: { DATABASE_URL: database, BOOKING_FOO: '1', PORTS: 'x' },
  });
  assert.equal(code, 0);
});

test('a secret may come from a file', async () => {
  const file = path.join(temporaryFolder('secret'), 'secret');
  fs.writeFileSync(file, `${stack.secret}\n`);
  const daemon = await stack.startDaemon({ AUTH_JWT_SECRET: null, AUTH_JWT_SECRET_FILE: file });
  assertStatus(await stack.client('ann').get('/booking/user/me'), 200);
  const proc = fs.readFileSync(`/proc/${daemon.child.pid}/environ`, 'latin1');
  assert.ok(!proc.includes(stack.secret));
  await daemon.stop();
});

test('a secret in the environment is wiped from where other processes could read it', async () => {
  const daemon = await stack.startDaemon();
  assert.ok(!fs.readFileSync(`/proc/${daemon.child.pid}/environ`, 'latin1').includes(stack.secret));
  await daemon.stop();
});

test('token mints what the daemon takes, and says what it lacks', async () => {
  const daemon = await stack.startDaemon();
  const mint = (args, env = { AUTH_JWT_SECRET: stack.secret }) => runBookingd(['token', ...args], { env });
  const ask = (token) => daemon.client.get('/coach/me', { authorization: `Bearer ${token}` });
  const args = [
    '--user',
    'u1',
    '--role',
    'coach',
    '--coach',
    'damian',
    '--email',
    'a@b.example',
    '--name',
    'Ä',
  ];
  const me = assertStatus(await ask(mint(args).stdout.trim()), 200);
  assert.deepEqual([me.user_id, me.role, me.coach], ['u1', 'coach', 'damian']);
  assertStatus(await ask(mint(['--user', 'u1', '--role', 'admin', '--ttl', '60']).stdout.trim()), 200);
  assert.equal((await ask(mint(['--user', 'u1']).stdout.trim())).status, 403);
  for (const bad of [
    mint(['--user', 'u1'], {}),
    mint(['--user', 'u1', '--ttl', 'x']),
    mint(['--user', 'u1', '--x', '1']),
  ]) {
    assert.equal(bad.code, 2);
    assert.equal(bad.stderr.trim().split('\n').length, 1);
  }
  await daemon.stop();
});

test('migrate brings an empty database up to date, and is done when it is', async () => {
  const database = await createDatabase({ migrated: false });
  const env = { DATABASE_URL: database.url };
  for (let times = 0; times < 2; times++) assert.equal(runBookingd(['migrate'], { env }).code, 0);
  assert.equal(database.value('SELECT count(*) FROM bookingd.coach'), 0);
  assert.equal(runBookingd(['migrate'], { env: { DATABASE_URL: 'postgresql://127.0.0.1:1/x' } }).code, 1);
  database.drop();
});

/* ---- slots ---- */

const CASE = {
  schedule: schedule({ policy: { min_notice_minutes: 0 } }),
  session_type: 'coaching',
  duration_minutes: 60,
  busy: [{ start: '2026-03-09T14:00:00Z', end: '2026-03-09T15:30:00Z' }],
  now: '2026-03-06T00:00:00Z',
  from: '2026-03-06T05:00:00Z',
  to: '2026-03-10T04:00:00Z',
};
const slots = (input) => {
  const { code, stdout, stderr } = runBookingd(['slots'], {
    input: typeof input === 'string' ? input : JSON.stringify(input),
    env: { DATABASE_URL: 'postgresql://127.0.0.1:1/none' },
  });
  return { code, stderr, answer: JSON.parse(stdout) };
};

test('slots answers one case without a database, across a change of the clocks', () => {
  const { code, answer } = slots(CASE);
  assert.equal(code, 0);
  // Friday 9 to 17 is 14 to 22 UTC, Monday 13 to 21: New York turned its clocks on Sunday, 8 March 2026.
  assert.deepEqual(Object.keys(answer), ['slots']);
  assert.deepEqual([answer.slots[0], answer.slots[14]], ['2026-03-06T14:00:00Z', '2026-03-06T21:00:00Z']);
  assert.deepEqual(answer.slots.slice(15, 17), ['2026-03-09T13:00:00Z', '2026-03-09T15:30:00Z']);
  assert.equal(answer.slots.at(-1), '2026-03-09T20:00:00Z');
});

test('slots says what is wrong with a case, and exits with 1', () => {
  for (const [change, code, field] of [
    [{ session_type: 'x' }, 'unknown_session_type', 'session_type'],
    [{ duration_minutes: 45 }, 'bad_duration', 'duration_minutes'],
    [{ duration_minutes: '60' }, 'invalid_field', 'duration_minutes'],
    [{ now: '2026-03-06' }, 'invalid_field', 'now'],
    [{ from: 'x' }, 'invalid_field', 'from'],
    [{ busy: [{ start: '2026-03-09T14:00:00Z' }] }, 'invalid_field', 'busy[0].end'],
    [
      { schedule: { ...openSchedule(), weekly: [{ days: ['MO'], from: '25:00', to: '26:00' }] } },
      'invalid_field',
      'schedule.weekly[0].from',
    ],
    [
      { schedule: { ...openSchedule(), overrides: [{ date: '2026-02-30', intervals: [] }] } },
      'invalid_field',
      'schedule.overrides[0].date',
    ],
    [{ schedule: { ...openSchedule(), time_zone: 'Mars/Base' } }, 'invalid_field', 'schedule.time_zone'],
    [{ surprise: 1 }, 'unknown_field', 'surprise'],
  ]) {
    const { code: exit, answer } = slots({ ...CASE, ...change });
    assert.deepEqual([exit, answer.error.code, answer.error.field], [1, code, field]);
    assert.equal(typeof answer.error.detail, 'string');
  }
  for (const input of ['', '{', '"x"', '{"now":1,"now":2}']) {
    const { code, answer } = slots(input);
    assert.deepEqual([code, answer.error.code], [1, 'malformed_json'], input);
  }
});

test('slots without zone data says what is missing', () => {
  const { code, stdout } = runBookingd(['slots'], { env: { TZDIR: '/nowhere' }, input: '{}' });
  assert.deepEqual(
    [code, JSON.parse(stdout)],
    [
      1,
      {
        error: {
          code: 'invalid_field',
          field: 'time_zone',
          detail: 'time_zone must be a time zone such as Europe/Paris.',
        },
      },
    ],
  );
});

test('slots answers an array of cases with an array, good and bad ones, and exits with 0', () => {
  const { code, answer } = slots([CASE, { ...CASE, duration_minutes: 45 }, 1, CASE]);
  assert.equal(code, 0);
  assert.deepEqual(answer[0], answer[3]);
  assert.deepEqual([answer.length, answer[1].error.code], [4, 'bad_duration']);
  assert.equal(typeof answer[2].error.code, 'string');
  assert.deepEqual(slots([]), { code: 0, stderr: '', answer: [] });
});

test('slots takes thousands of cases in one call', () => {
  const { code, answer } = slots(Array(3000).fill(CASE));
  assert.deepEqual([code, answer.length], [0, 3000]);
});
