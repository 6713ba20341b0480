// Three daemons behind HAProxy, and Patroni below them: daemons are killed and replaced, PostgreSQL fails over by plan,
// by a kill and by a freeze, all under load. Nothing acknowledged is lost, and bookings go on within two seconds of the
// promotion (the new leader is out of recovery).
//
//   make test-cluster FAILOVERS=20        (3 by default, one of each kind)
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Crowd } from '../crash/clients.mjs';
import { Child, PATIENCE, sleep, until } from '../harness/child.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { Google } from '../harness/google.mjs';
import { Client } from '../harness/http.mjs';
import { Database, bookingd } from '../harness/postgres.mjs';
import { ROOT, freePort, temporaryFolder } from '../harness/run_folder.mjs';
import { CALENDAR, openSchedule } from '../harness/stack.mjs';
import { mintHS256 } from '../harness/tokens.mjs';
import { Cluster } from './cluster.mjs';

const FAILOVERS = Number(process.env.FAILOVERS ?? 3);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const SECRET = 'a secret of more than thirty-two bytes, for tests';
const DATABASE = 'bookings';
const CLIENTS = Number(process.env.CLIENTS ?? 24);
const BOOKINGS_A_SECOND = 50;
const RESUME_MS = 2000 * PATIENCE;

const missing = ['/usr/bin/patroni', '/usr/bin/etcd', '/usr/sbin/haproxy'].filter(
  (file) => !fs.existsSync(file),
);
const skip = missing.length ? `${missing.join(', ')} not installed` : false;

let cluster, google, daemons, proxy, front;

/** HAProxy as config/cluster.md has it: a daemon that is not ready gets nothing. */
async function startProxy(ports) {
  const port = await freePort();
  const file = path.join(temporaryFolder('haproxy'), 'haproxy.cfg');
  fs.writeFileSync(
    file,
    `defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  option redispatch 1
  retries 3
  retry-on conn-failure
frontend bookings
  bind 127.0.0.1:${port}
  default_backend daemons
backend daemons
  option httpchk GET /readyz
  default-server check inter 200ms fall 1 rise 1
${ports.map((each, i) => `  server daemon${i} 127.0.0.1:${each}`).join('\n')}
`,
  );
  const child = new Child('/usr/sbin/haproxy', ['-db', '-f', file], { name: 'haproxy' });
  return { url: `http://127.0.0.1:${port}`, child };
}

before(async () => {
  if (skip) return;
  cluster = await Cluster.start();
  new Database(await cluster.leaderUrl('postgres')).run(`CREATE DATABASE ${DATABASE}`);
  google = await Google.start();
  const schedule = path.join(temporaryFolder('cluster'), 'schedule.json');
  fs.writeFileSync(schedule, JSON.stringify(openSchedule({ min_notice_minutes: 0 })));
  const env = {
    DATABASE_URL: cluster.url(DATABASE),
    AUTH_JWT_SECRET: SECRET,
    COACH_ID: 'damian',
    COACH_SCHEDULE: schedule,
    RATE_LIMIT_READ: '0',
    RATE_LIMIT_BOOK: '0',
    RATE_LIMIT_ADDRESS: '0',
    GOOGLE_CALENDAR_API: google.calendar_api,
    GOOGLE_OAUTH_TOKEN_URL: google.token_url,
    GOOGLE_SERVICE_ACCOUNT_KEY: google.service_account_key,
    GOOGLE_IMPERSONATE: CALENDAR.delegated,
  };
  execFileSync(bookingd(), ['migrate'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  new Database(await cluster.leaderUrl(DATABASE)).run('CREATE TABLE public.written (n int)');
  daemons = await Promise.all([1, 2, 3].map(() => Daemon.start({ env })));
  proxy = await startProxy(daemons.map(({ port }) => port));
  await until('the proxy to find a daemon', async () => {
    try {
      return (await new Client(proxy.url).get('/readyz')).status === 200;
    } catch {
      return false;
    }
  });
  front = {
    client: (user, _claims, options) =>
      new Client(proxy.url, {
        token: mintHS256(SECRET, { sub: user, email: `${user}@client.test`, name: user }),
        ...options,
      }),
    slot: (n) => {
      const day = Math.floor(Date.now() / 86_400_000) + 2;
      return new Date(day * 86_400_000 + n * 1_800_000).toISOString().replace('.000', '');
    },
  };
});
after(async () => {
  if (skip) return;
  for (const crowd of crowds) crowd.over = true; // one that a failed test has left behind
  await proxy?.child.stop('SIGTERM');
  for (const daemon of daemons ?? []) await daemon.stop();
  await google?.stop();
  await cluster?.stop();
});

const crowds = [];
function newCrowd() {
  const file = path.join(temporaryFolder('cluster'), 'journal');
  const crowd = new Crowd(front, { file, slots: 1200, seed: SEED + crowds.length + 1, stay: 0.02 });
  crowds.push(crowd);
  crowd.people = crowds.length * 1_000_000; // names of their own
  return crowd;
}

async function judge(crowd) {
  const url = await cluster.leaderUrl(DATABASE);
  await until(
    'everything to settle',
    () =>
      new Database(url).value(
        'SELECT count(*) FROM appointment WHERE version > synced_version OR conference_pending',
      ) === 0,
    60_000,
  );
  const check = path.join(ROOT, 'tests/crash/check.mjs');
  const where = [crowd.file, url, google.control, CALENDAR.delegated];
  const { status, stdout, stderr } = spawnSync(process.execPath, [check, ...where], { encoding: 'utf8' });
  assert.equal(status, 0, `seed ${SEED}:\n${stdout}${stderr}`);
  return stdout.trim();
}

/** Waits until somebody has booked at `from` or later; resolves to when the first did. */
async function untilSomebodyBooks(crowd, from = Date.now()) {
  await until('a booking', () => crowd.booked_at.at(-1) >= from, 30_000);
  return crowd.booked_at.find((at) => at >= from);
}

/** One failover of this kind: the milliseconds from the promotion to the first write by psql, and to the first booking. */
async function failOver(crowd, kind) {
  const leader = await cluster.leader();
  const watch = await cluster.watch(DATABASE, leader);
  const struck = cluster[kind](leader);
  const { promoted, writable } = await watch.by(await cluster.successor(leader));
  const booked = await untilSomebodyBooks(crowd, promoted);
  await struck;
  await watch.stop();
  await cluster.whole();
  return { kind, written: writable - promoted, booked: booked - promoted };
}

test(`${FAILOVERS} failovers of PostgreSQL under load lose nothing`, {
  skip,
  timeout: 300_000 + FAILOVERS * 120_000,
}, async (t) => {
  const crowd = newCrowd();
  crowd.start(CLIENTS, BOOKINGS_A_SECOND);
  await untilSomebodyBooks(crowd);
  const kinds = ['switchOver', 'kill', 'freeze'];
  const resumed = [];
  for (let n = 0; n < FAILOVERS; n++) {
    await sleep(2000);
    const rate = crowd.booked_at.filter((at) => at >= Date.now() - 2000).length / 2;
    const failover = await failOver(crowd, kinds[n % kinds.length]);
    resumed.push(failover);
    t.diagnostic(`${JSON.stringify(failover)} ms after the promotion; ${rate} bookings a second before it`);
  }
  await crowd.goHome();
  t.diagnostic(`seed ${SEED}: ${await judge(crowd)}`);
  assert.deepEqual(
    resumed.filter(({ booked }) => booked > RESUME_MS),
    [],
    'later than two seconds after the promotion',
  );
});

test('two of three daemons killed in turn, and one replaced in order: nothing acknowledged is lost', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const crowd = newCrowd();
  crowd.start(CLIENTS);
  await untilSomebodyBooks(crowd);
  for (const daemon of daemons.slice(0, 2)) {
    await daemon.kill();
    await sleep(1000);
    await daemon.restart();
    await sleep(1000);
  }
  await daemons[2].stop();
  await daemons[2].restart();
  await untilSomebodyBooks(crowd);
  await crowd.goHome();
  t.diagnostic(`${await judge(crowd)}; at most ${crowd.tries} tries for one answer`);
  assert.ok(crowd.tries <= 2, 'somebody had to try more than once again');
});
