// Point-in-time recovery as config/README.md has it: PostgreSQL is brought back to a moment before the last bookings. What the
// coach's calendar has beyond that is never deleted: it keeps its time, and an appointment that had moved since follows its event.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { sleep, until } from '../harness/child.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { Database, Postgres } from '../harness/postgres.mjs';
import { freePort, temporaryFolder } from '../harness/run_folder.mjs';
import { startStack } from '../harness/stack.mjs';

let stack, server, recovered, archive;

before(async () => {
  const folder = temporaryFolder('recovery');
  fs.chmodSync(folder, 0o755); // for the user postgres
  archive = path.join(folder, 'archive');
  fs.mkdirSync(archive, { mode: 0o777 });
  fs.chmodSync(archive, 0o777);
  server = await Postgres.start({
    folder: path.join(folder, 'data'),
    settings: { archive_mode: 'on', archive_command: `cp %p ${archive}/%f`, wal_level: 'replica' },
  });
  stack = await startStack({ google: 'delegated', start: false });
});
after(async () => {
  await stack.stop();
  await server.stop().catch(() => {});
  await recovered?.stop();
});

test('brought back to a moment: nothing in the calendar is deleted, and nothing is sold twice', async () => {
  new Database(server.url()).run('CREATE DATABASE bookings');
  const database = new Database(server.url('bookings'));
  await stack.startDaemon({ DATABASE_URL: database.url, CALENDAR_POLL_SECONDS: '1' });
  const ann = stack.client('ann');
  const [early, moved, late] = [stack.slot(10), stack.slot(12), stack.slot(14)];
  const book = (client, start) => client.post('/booking/create', { start, duration_minutes: 30 });
  const kept = (await book(ann, early)).body;
  await stack.settled(ann, kept.id);

  // The lines of the manual: a copy of the data folder, and the log that is archived from then on.
  const base = path.join(temporaryFolder('base'), 'data');
  fs.mkdirSync(base, { mode: 0o700 });
  execFileSync('pg_basebackup', ['-D', base, '-X', 'none', '-c', 'fast', '-d', server.url()], {
    stdio: 'ignore',
  });
  const moment = database.value('SELECT clock_timestamp()::text');
  await sleep(50); // what comes is after that moment

  const ben = stack.client('ben');
  const lost = (await book(ben, late)).body;
  assert.equal((await ann.put(`/booking/${kept.id}/reschedule`, { start: moved })).status, 200);
  await stack.settled(ben, lost.id);
  await stack.settled(ann, kept.id);
  await stack.daemon.stop();
  const last = new Database(server.url()).value('SELECT pg_walfile_name(pg_switch_wal())');
  await until('the log to be archived', () => fs.existsSync(path.join(archive, last)), 60_000);
  await server.stop();

  if (process.getuid() === 0) execFileSync('chown', ['-R', 'postgres', path.dirname(base)]);
  fs.writeFileSync(path.join(base, 'recovery.signal'), '');
  recovered = await Postgres.start({
    folder: base,
    port: await freePort(),
    settings: {
      restore_command: `cp ${archive}/%f %p`,
      recovery_target_time: moment,
      recovery_target_action: 'promote',
    },
  });
  const restored = new Database(recovered.url('bookings'));
  await until('its promotion', () => restored.value('SELECT pg_is_in_recovery()') === false, 60_000);
  assert.equal(restored.value('SELECT count(*)::int FROM appointment'), 1);

  const daemon = await Daemon.start({
    env: { ...stack.env, DATABASE_URL: restored.url, CALENDAR_POLL_SECONDS: '1' },
  });
  stack.daemon = daemon;
  const carl = stack.client('carl');
  const onLost = await book(carl, late);
  assert.equal(onLost.status, 409, 'the event of a lost booking keeps its time');
  const stray = JSON.parse(await daemon.logged('event_without_booking'));
  assert.deepEqual([stray.coach, stray.appointment, stray.start], ['damian', lost.id, late]);
  assert.match(stray.remedy, /book its client again, or delete the event/);
  await until(
    'the appointment to follow its event',
    async () => {
      const { body } = await stack.client('ann').get(`/booking/${kept.id}`);
      return body.start === moved;
    },
    60_000,
  );
  const live = await stack.google.live(stack.calendar);
  assert.deepEqual(live.map(({ start }) => start).sort(), [moved, late].sort());
  assert.ok(!daemon.events('event_without_booking').some(({ appointment }) => appointment === kept.id));
});
