// The disk of PostgreSQL's write-ahead log is full, and that of its tables is not: PostgreSQL itself ends and tries again.
// What was acknowledged is there when there is room again, and the daemon serves without a restart.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { sleep, until } from '../harness/child.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { Database, Postgres } from '../harness/postgres.mjs';
import { freePort, temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule } from '../harness/stack.mjs';
import { mintHS256 } from '../harness/tokens.mjs';

const SECRET = 'a-secret-of-thirty-two-characters-or-more';
const disk = temporaryFolder('wal');
const place = {};
let server;
let mounted = false;

const startServer = () =>
  Postgres.start({ ...place, durable: false, settings: { max_wal_size: '32MB', min_wal_size: '32MB' } });

before(async () => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0755', 'tmpfs', disk], { stdio: 'ignore' });
    mounted = true;
  } catch {
    return; // no right to; the test is skipped with a sentence
  }
  Object.assign(place, { folder: path.join(temporaryFolder('wal-data'), 'data'), port: await freePort() });
  server = await startServer();
  await server.stop();
  const log = path.join(place.folder, 'pg_wal');
  execFileSync('cp', ['-a', log, path.join(disk, 'pg_wal')]);
  fs.rmSync(log, { recursive: true });
  fs.symlinkSync(path.join(disk, 'pg_wal'), log);
  server = await startServer();
});

after(async () => {
  if (!mounted) return;
  if (!server.child.end) await server.stop();
  execFileSync('umount', [disk]);
});

const SLOT_DAY = Math.floor(Date.now() / 86_400_000) + 3;
const startAt = (hours) =>
  new Date(SLOT_DAY * 86_400_000 + hours * 3_600_000).toISOString().replace('.000', '');

test('a full disk of the write-ahead log: what was acknowledged is there, and it serves when there is room', async (t) => {
  if (!mounted) return t.skip('no file system can be mounted here');
  new Database(server.url()).run('CREATE DATABASE bookings');
  const database = new Database(server.url('bookings'));
  const daemon = await Daemon.start({
    env: {
      DATABASE_URL: database.url,
      AUTH_JWT_SECRET: SECRET,
      COACH_ID: 'damian',
      COACH_SCHEDULE: JSON.stringify(openSchedule()),
      RATE_LIMIT_BOOK: '0',
      RATE_LIMIT_ADDRESS: '0',
    },
  });
  const headers = { authorization: `Bearer ${mintHS256(SECRET, { sub: 'ann', email: 'ann@example.org' })}` };
  const answers = new Map();
  let hours = 0;
  const book = async () => {
    const start = startAt(++hours % 700);
    const reply = await daemon.client.post('/booking/create', { start, duration_minutes: 30 }, headers);
    answers.set(start, reply.status);
    return reply;
  };
  assert.equal((await book()).status, 201);

  const ballast = path.join(disk, 'ballast');
  const file = fs.openSync(ballast, 'w');
  const fill = () => {
    try {
      for (;;) fs.writeSync(file, Buffer.alloc(4096, 1));
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
  };
  await until(
    'a booking to be refused because there is no room',
    async () => {
      fill();
      const reply = await book();
      assert.ok([201, 503].includes(reply.status), `${reply.status} ${JSON.stringify(reply.body)}`);
      if (reply.status === 503) return true;
      try {
        // The rest of this segment, so that the next one is needed.
        database.run('SELECT pg_switch_wal()');
      } catch {
        // it has ended
      }
      return false;
    },
    120_000,
  );
  for (let i = 0; i < 20; i++) {
    const reply = await book();
    assert.ok([201, 503].includes(reply.status), `${reply.status} ${JSON.stringify(reply.body)}`);
    await sleep(20);
  }
  assert.equal((await daemon.client.get('/healthz')).status, 200);

  fs.closeSync(file);
  fs.rmSync(ballast);
  // Whoever looks after PostgreSQL starts it, if it has given up.
  await until(
    'PostgreSQL and the daemon',
    async () => {
      if (server.child.end) server = await startServer();
      return (await daemon.client.get('/readyz')).status === 200;
    },
    120_000,
  );
  const booked = new Set(
    database
      .rows(`SELECT starts_at FROM bookingd.appointment WHERE status = 'scheduled'`)
      .map(({ starts_at: at }) => new Date(at).toISOString().replace('.000', '')),
  );
  for (const [start, status] of answers)
    if (status === 201) assert.ok(booked.has(start), `${start} was acknowledged`);
  for (const start of booked) assert.ok([201, 503].includes(answers.get(start)), `${start} was refused`);
  assert.equal((await book()).status, 201);
  t.diagnostic(`${[...answers.values()].filter((status) => status === 503).length} refused with 503`);
  await daemon.stop();
});
