// From the clone to a booked session in a calendar on a bare Debian, by the lines of config/README.md, the package built
// there; then what an operator meets.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { PATIENCE, until } from '../harness/child.mjs';
import { Google } from '../harness/google.mjs';
import { mustRun } from '../harness/programs.mjs';
import { freePort, ROOT } from '../harness/run_folder.mjs';
import { Machine, whyNoMachine } from './machine.mjs';

const skip = whyNoMachine() ?? false;
const MINUTES = 10; // from the clone to the booking
const CALENDAR = 'coach@example.com'; // the stand-in's Workspace account
let machine, port, google, booked, began;

/** The block of shell lines below a heading of config/README.md. */
function linesOf(heading) {
  const readme = fs.readFileSync(path.join(ROOT, 'config/README.md'), 'utf8');
  const block = readme.split(`# ${heading}\n`)[1]?.match(/```sh\n([^]*?)```/);
  assert.ok(block, `config/README.md has lines under "${heading}"`);
  return block[1]
    .replace('<this repository>', '/root/bookingd.git')
    .replace('robin@example.com', CALENDAR)
    .replace(/sudo -u (\w+) /g, 'runuser -u $1 -- ')
    .replaceAll('sudo ', '')
    .replaceAll('localhost:8080', `localhost:${port}`)
    .replace('COACH_ID=', `PORT=${port}\nCOACH_ID=`);
}

const url = (place) => `http://127.0.0.1:${port}${place}`;
const answers = async (place) => {
  try {
    return (
      await fetch(url(place), { headers: { connection: 'close' }, signal: AbortSignal.timeout(20_000) })
    ).status;
  } catch {
    return 0;
  }
};

before(async () => {
  if (skip) return;
  port = await freePort();
  machine = Machine.make();
  mustRun('git', ['clone', '--quiet', '--bare', ROOT, path.join(machine.root, 'root/bookingd.git')]);
  google = await Google.start();
  // The machine shares the host's network: its PostgreSQL is reached by its socket only.
  machine.put('etc/postgresql-common/createcluster.conf', "listen_addresses = ''\n");
  await machine.boot();
});
after(async () => {
  await machine?.stop();
  await google?.stop();
});

test('the lines of the manual lead from a bare Debian and a clone to a service that is ready', {
  skip,
}, async () => {
  began = Date.now();
  machine.run('apt-get -qq update');
  machine.run(`cd /root; export DEBIAN_FRONTEND=noninteractive\n${linesOf('systemd')}`);
  await until('the daemon to be ready', async () => (await answers('/readyz')) === 200, 30_000);
});

test('the lines of the manual give it a calendar, and doctor finds nothing wrong with it', { skip }, () => {
  machine.put('root/key.json', fs.readFileSync(google.service_account_key, 'utf8'), 0o600);
  const standIn = `GOOGLE_CALENDAR_API=${google.calendar_api}\nGOOGLE_OAUTH_TOKEN_URL=${google.token_url}\n`;
  machine.run(`cd /root\n${linesOf('With a calendar').replace('END\n', `END\n${standIn}`)}`);
});

test('a client books, by a token of the same settings, and the session is in the calendar', {
  skip,
}, async (t) => {
  const token = machine
    .run('set -a; . /etc/bookingd.env; set +a; bookingd token --user ann --email ann@example.com --name Ann')
    .trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const { slots } = await (await fetch(url('/booking/availability?duration=30'), { headers })).json();
  const body = JSON.stringify({ start: slots[0].start, duration_minutes: 30 });
  const reply = await fetch(url('/booking/create'), { method: 'POST', headers, body });
  assert.equal(reply.status, 201, await reply.clone().text());
  booked = { path: `/booking/${(await reply.json()).id}`, headers };
  const calendar = async () => (await (await fetch(url(booked.path), booked)).json()).calendar.state;
  await until('the event', async () => (await calendar()) === 'synced');
  assert.equal((await google.live(CALENDAR)).length, 1);
  const minutes = (Date.now() - began) / 60_000;
  t.diagnostic(`${minutes.toFixed(1)} minutes from the clone to the event`);
  assert.ok(minutes < MINUTES * PATIENCE, `${minutes} minutes`);
});

/** Waits until another process than `pid` is ready, and holds what was booked. */
async function isBackAfter(pid) {
  await until(
    'another process to be ready',
    async () => machine.property('MainPID') !== pid && (await answers('/readyz')) === 200,
    30_000,
  );
  assert.equal((await fetch(url(booked.path), booked)).status, 200);
}

test('killed, it is back and has what was booked', { skip }, async () => {
  const pid = machine.property('MainPID');
  machine.run(`kill -9 ${pid}`);
  await isBackAfter(pid);
});

test('with a bad setting it stays down, and the log names the setting', { skip }, async () => {
  machine.run("cp -p /etc/bookingd.env /root/good.env; echo 'WORKERS=many' >>/etc/bookingd.env");
  assert.notEqual(machine.try('systemctl restart bookingd').code, 0);
  await until('systemd to give up', () => machine.property('ActiveState') === 'failed');
  assert.equal(machine.property('ExecMainStatus'), '2');
  assert.match(machine.journal(), /WORKERS: /);
  machine.run('cp -p /root/good.env /etc/bookingd.env; systemctl restart bookingd');
  assert.equal(await answers('/readyz'), 200, 'started means ready');
});

test('while the database is away a start waits, and says for what', { skip }, async () => {
  machine.run('systemctl stop bookingd postgresql; systemctl start --no-block bookingd');
  await until('a sign of life', async () => (await answers('/healthz')) === 200);
  await until('the status', () => machine.property('StatusText').includes('Waiting for the database'));
  assert.equal(machine.property('ActiveState'), 'activating');
  const warnings = machine.run(`journalctl -u bookingd -p warning -o cat --no-pager | grep '^{"time"'`);
  assert.match(warnings, /"database_awaited"/);
  assert.doesNotMatch(warnings, /"level":"(info|debug)"/);
  machine.run('systemctl start postgresql');
  await until('the start to end', () => machine.property('ActiveState') === 'active');
  assert.equal(await answers('/readyz'), 200);
});

test('a reload takes a new limit over without a restart', { skip }, async () => {
  const pid = machine.property('MainPID');
  machine.run("echo 'RATE_LIMIT_READ=1' >>/etc/bookingd.env; systemctl reload bookingd");
  await until('the new limit', async () => (await fetch(url(booked.path), booked)).status === 429);
  machine.run('cp -p /root/good.env /etc/bookingd.env; systemctl reload bookingd');
  await until('the former limit', async () => (await fetch(url(booked.path), booked)).status === 200, 90_000);
  assert.equal(machine.property('MainPID'), pid);
});

test('a process that hangs is ended and started again', { skip }, async () => {
  machine.put(
    'etc/systemd/system/bookingd.service.d/quick.conf',
    '[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\n',
  );
  machine.run('systemctl daemon-reload; systemctl restart bookingd');
  const pid = machine.property('MainPID');
  machine.run(`kill -STOP ${pid}`);
  await isBackAfter(pid);
  assert.match(machine.run('journalctl -u bookingd --no-pager'), /[Ww]atchdog timeout/);
  machine.run(
    'rm -r /etc/systemd/system/bookingd.service.d; systemctl daemon-reload; systemctl restart bookingd',
  );
});

test('with the socket unit, 10,000 clients during restarts are all answered', {
  skip,
  timeout: 180_000,
}, async () => {
  machine.put(
    'etc/systemd/system/bookingd.socket.d/port.conf',
    `[Socket]\nListenStream=\nListenStream=127.0.0.1:${port}\n`,
  );
  machine.run('systemctl daemon-reload; systemctl stop bookingd; systemctl start bookingd.socket bookingd');
  // In the machine, so that the clients here go on meanwhile.
  machine.run(
    `systemd-run --quiet --unit restarts /bin/sh -c 'while systemctl restart bookingd; do echo again >>/root/restarts; sleep 0.3; done'`,
  );
  let left = 10_000;
  const refused = [];
  const client = async () => {
    while (left-- > 0) {
      const status = await answers('/healthz');
      if (status !== 200) refused.push(status);
    }
  };
  await Promise.all(Array.from({ length: 32 }, client));
  machine.run('systemctl stop restarts');
  const restarts = machine.run('wc -l </root/restarts').trim();
  assert.deepEqual(refused, [], `${restarts} restarts`);
  assert.ok(restarts > 2, `${restarts} restarts`);
  machine.run('systemctl stop bookingd.socket; systemctl restart bookingd');
});

test('an upgrade restarts it and keeps the settings and what was booked', { skip }, async () => {
  const pid = machine.property('MainPID');
  machine.run(
    "echo '# ours' >>/etc/bookingd.env; dpkg --install --force-confold /root/bookingd/build/deb/bookingd_*.deb",
  );
  await isBackAfter(pid);
  assert.match(machine.run('tail -n 1 /etc/bookingd.env'), /ours/);
  assert.equal(machine.run('stat -c "%a %U %G" /etc/bookingd.env').trim(), '640 root bookingd');
});

test('it runs as a user of its own, who owns nothing', { skip }, () => {
  const pid = machine.property('MainPID');
  assert.equal(machine.run(`ps -o user= -p ${pid} || stat -c %U /proc/${pid}`).trim(), 'bookingd');
  assert.equal(machine.run('find / -xdev -user bookingd -not -path "/proc/*" 2>/dev/null || true'), '');
});

test('a purge stops it and takes unit and settings away', { skip }, async () => {
  machine.run('DEBIAN_FRONTEND=noninteractive apt-get -y purge bookingd');
  assert.equal(await answers('/healthz'), 0);
  assert.notEqual(machine.try('ls /etc/bookingd.env').code, 0);
  assert.notEqual(machine.try('systemctl cat bookingd').code, 0);
  assert.match(
    machine.run('runuser -u postgres -- psql -Atc "select count(*) from bookingd.appointment" bookingd'),
    /^1$/m,
  );
});
