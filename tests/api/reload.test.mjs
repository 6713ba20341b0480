// SIGHUP: what can change without a restart does, and nothing ends the daemon.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { runBookingd } from '../harness/daemon.mjs';
import { Client } from '../harness/http.mjs';
import { temporaryFolder } from '../harness/run_folder.mjs';
import { startStack } from '../harness/stack.mjs';
import { keyPair, mintHS256, mintSigned } from '../harness/tokens.mjs';

const folder = temporaryFolder('reload');
const settings = path.join(folder, 'settings.env');
const secretFile = path.join(folder, 'secret');
const ORIGIN = 'https://page.example';
let stack;

const newSecret = () => randomBytes(32).toString('hex');
const write = (lines) => fs.writeFileSync(settings, lines.join('\n'));

/** Sends SIGHUP and waits for the line that says what came of it. */
async function reload(event = 'reloaded') {
  const seen = stack.daemon.events(event).length;
  process.kill(stack.daemon.child.pid, 'SIGHUP');
  await until(`another ${event}`, () => stack.daemon.events(event).length > seen);
  return stack.daemon.events(event).at(-1);
}

const withToken = (secret) => new Client(stack.daemon.url, { token: mintHS256(secret, { sub: 'ann' }) });

async function statusWith(secret) {
  const client = withToken(secret);
  const { status } = await client.get('/booking/user/me');
  client.close();
  return status;
}

async function allowedOrigin() {
  const reply = await stack.client('ann').get('/booking/user/me', { Origin: ORIGIN });
  return reply.headers['access-control-allow-origin'];
}

before(async () => {
  stack = await startStack({ start: false });
  write(['# first', 'LOG_LEVEL=info', 'RATE_LIMIT_READ="100"']);
  fs.writeFileSync(secretFile, stack.secret);
  await stack.startDaemon({ AUTH_JWT_SECRET: null, AUTH_JWT_SECRET_FILE: secretFile, RATE_LIMIT_READ: '7' }, [
    '--env-file',
    settings,
  ]);
});
after(() => stack.stop());

test('the file of --env-file counts over the environment', async () => {
  const { headers } = await stack.client('ann').get('/booking/user/me');
  assert.match(headers['ratelimit-policy'], /"read";q=100;/);
});

test('limits, origins and the level of the log follow the file', async () => {
  assert.equal(await allowedOrigin(), undefined);
  write(['RATE_LIMIT_READ=50', `CORS_ALLOWED_ORIGINS=${ORIGIN}`, 'LOG_LEVEL=debug']);
  await reload();
  assert.equal(await allowedOrigin(), ORIGIN);
  const { headers } = await stack.client('ann').get('/booking/user/me');
  assert.match(headers['ratelimit-policy'], /"read";q=50;/);
  await stack.client('ann').get('/healthz');
  await stack.daemon.logged('"route":"/healthz"'); // a quiet route: at debug only

  write(['RATE_LIMIT_READ=0']);
  await reload();
  assert.equal(await allowedOrigin(), undefined);
  assert.equal((await stack.client('ann').get('/booking/user/me')).headers['ratelimit-policy'], undefined);
});

test('a new secret in its file is taken over, and the old one no longer counts', async () => {
  const old = stack.secret;
  const fresh = newSecret();
  assert.deepEqual([await statusWith(old), await statusWith(fresh)], [200, 401]);
  fs.writeFileSync(secretFile, fresh);
  await reload();
  assert.deepEqual([await statusWith(old), await statusWith(fresh)], [401, 200]);
  fs.writeFileSync(secretFile, old);
  await reload();
  assert.deepEqual([await statusWith(old), await statusWith(fresh)], [200, 401]);
});

test('a secret and a public key that are taken out of the file are trusted no more', async () => {
  const pair = keyPair();
  const pem = pair.pem.replaceAll('\n', '\\n');
  const secret = newSecret();
  write([`AUTH_JWT_SECRET=${secret}`, `AUTH_JWT_PUBLIC_KEY=${pem}`]);
  const other = await startStack({ start: false });
  await other.startDaemon({ AUTH_JWT_SECRET: null }, ['--env-file', settings]);
  const statuses = async () => {
    const found = [];
    for (const token of [mintHS256(secret, { sub: 'ann' }), mintSigned(pair.privateKey, { sub: 'ann' })]) {
      const client = new Client(other.daemon.url, { token });
      found.push((await client.get('/booking/user/me')).status);
      client.close();
    }
    return found;
  };
  const readAgain = async () => {
    const seen = other.daemon.events('reloaded').length;
    process.kill(other.daemon.child.pid, 'SIGHUP');
    await until('another reload', () => other.daemon.events('reloaded').length > seen);
  };
  assert.deepEqual(await statuses(), [200, 200]);
  write([`AUTH_JWT_PUBLIC_KEY=${pem}`]);
  await readAgain();
  assert.deepEqual(await statuses(), [401, 200]);
  write([`AUTH_JWT_SECRET=${secret}`]);
  await readAgain();
  assert.deepEqual(await statuses(), [200, 401]);
  await other.stop();
  write(['LOG_LEVEL=info']);
});

test('a secret of the environment, which is wiped there, outlives a reload', async () => {
  const other = await startStack();
  process.kill(other.daemon.child.pid, 'SIGHUP');
  await other.daemon.logged('"event":"reloaded"');
  assert.equal((await other.client('ann').get('/booking/user/me')).status, 200);
  await other.stop();
});

test('a bad setting is named in the log, and everything stays as it was', async () => {
  const fresh = newSecret();
  fs.writeFileSync(secretFile, fresh);
  write(['RATE_LIMIT_READ=many']);
  assert.match((await reload('reload_refused')).detail, /^RATE_LIMIT_READ: must be a whole number/);
  assert.deepEqual([await statusWith(stack.secret), await statusWith(fresh)], [200, 401]);
  write(['this is no setting']);
  assert.match((await reload('reload_refused')).detail, /settings\.env:1: is not NAME=value$/);
  fs.rmSync(settings);
  assert.match((await reload('reload_refused')).detail, /settings\.env: No such file or directory$/);
  fs.writeFileSync(secretFile, stack.secret);
  write(['LOG_LEVEL=info']);
});

test('twenty reloads under load lose no request', async () => {
  let done = false;
  const client = stack.client('ann');
  const asking = (async () => {
    const statuses = new Set();
    while (!done) statuses.add((await client.get('/booking/user/me')).status);
    return [...statuses];
  })();
  write(['RATE_LIMIT_READ=0', `CORS_ALLOWED_ORIGINS=${ORIGIN}`]);
  for (let i = 0; i < 20; i++) await reload();
  done = true;
  assert.deepEqual(await asking, [200]);
});

test('no signal that people send to servers ends it undrained', async () => {
  const { pid } = stack.daemon.child;
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGPIPE', 'SIGWINCH', 'SIGCONT'])
    process.kill(pid, signal);
  await reload(); // it has come past them
  assert.ok(!stack.daemon.child.end);
  const other = await startStack();
  process.kill(other.daemon.child.pid, 'SIGQUIT');
  await until('it to end', () => other.daemon.child.end);
  assert.equal(other.daemon.child.end.code, 0);
  assert.equal(other.daemon.events('stopped').length, 1);
  await other.stop();
});

test('an --env-file that cannot be read, or has a line that is none, is a wrong setting of any command', () => {
  const doctor = (...args) => runBookingd(['doctor', ...args], { env: {} });
  assert.deepEqual(doctor('--env-file', '/no/such').stderr, '/no/such: No such file or directory\n');
  assert.deepEqual(doctor('--env-file').stderr, 'bookingd: --env-file: needs the path of a file\n');
  write(['AUTH_JWT_SECRET=geheim', '# fine', '', '  ; fine too', '2X=geheim']);
  const bad = doctor('--env-file', settings);
  assert.equal(bad.code, 2);
  assert.equal(bad.stderr, `${settings}:5: is not NAME=value\n`);
});

test('doctor looks at the settings of the file', () => {
  write([
    'DATABASE_URL=postgresql://nobody@127.0.0.1:1/none',
    "AUTH_JWT_SECRET='a-secret-of-thirty-two-characters-or-more'",
    'PORT=1',
    'PORT=0',
    'RATELIMIT_BOOK=3',
  ]);
  const inherited = {
    PORT: 'x',
    AUTH_JWT_SECRET: 'another-secret-of-thirty-two-characters',
    LOG_LEVEL: 'info',
  };
  const { code, stdout, stderr } = runBookingd(['doctor', '--env-file', settings], { env: inherited });
  assert.deepEqual([code, stderr], [1, '']);
  // One of the two does not count, and its owner may not know.
  for (const name of ['PORT', 'AUTH_JWT_SECRET'])
    assert.match(
      stdout,
      new RegExp(
        `^note +settings +${name} is set in the environment, and otherwise in ${settings}, which counts; take one away$`,
        'm',
      ),
    );
  assert.doesNotMatch(stdout, /LOG_LEVEL|thirty-two/);
  assert.match(stdout, /FAIL +settings +RATELIMIT_BOOK is not a setting; did you mean RATE_LIMIT_BOOK\?/);
  assert.doesNotMatch(stdout, /^\w+ +port /m);
});
