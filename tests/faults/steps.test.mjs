// The daemon's clock is set an hour forward and an hour back under it: holds and cut-offs go by PostgreSQL's clock, so nothing of a
// client's changes; uptime goes by a clock that is never set. (Google takes no signature from an hour ahead, so with a service
// account its calendar is away until the clock is right.) And a log whose disk is full costs lines, no booking.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { bookingd, stopOwnServer } from '../harness/postgres.mjs';
import { temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const skip = fs.existsSync(LIBRARY)
  ? process.env.SANITIZE || process.env.VALGRIND
    ? 'a sanitizer must be the first library'
    : false
  : 'libfaketime is not installed';

after(stopOwnServer);

test('a clock set by an hour, forward and back: holds and cut-offs are as they were', { skip }, async () => {
  const file = path.join(temporaryFolder('clock'), 'offset');
  const set = (offset) => fs.writeFileSync(file, `${offset}\n`);
  set('+0s');
  const stack = await startStack({
    document: openSchedule({ min_notice_minutes: 0, cancel_notice_minutes: 60 }),
    env: {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1', // setting the clock leaves it alone, too
    },
  });
  const ann = stack.client('ann');
  const uptime = async () => (await stack.daemon.client.get('/health')).body.uptime_seconds;
  let hour = 10;
  for (const offset of ['+3600s', '-3600s', '+0s']) {
    const before = await uptime();
    const hold = await ann.post('/booking/hold', { start: stack.slot(++hour), duration_minutes: 30 });
    assert.equal(hold.status, 201, JSON.stringify(hold.body));
    // Half an hour before the cut-off by PostgreSQL's clock, half an hour behind it by one that is an hour ahead.
    const booked = await ann.post('/booking/create', { start: stack.slot(++hour), duration_minutes: 30 });
    assert.equal(booked.status, 201, JSON.stringify(booked.body));
    stack.database.run(
      `UPDATE appointment SET starts_at = now() + interval '90 minutes', ends_at = now() + interval '120 minutes',
         blocked_from = now() + interval '90 minutes', blocked_to = now() + interval '120 minutes'
       WHERE id = '${booked.body.id}'`,
    );
    set(offset);
    const after = await uptime();
    const { headers } = await stack.daemon.client.get('/healthz');
    const wrong = (Date.parse(headers.date) - Date.now()) / 1000 - Number.parseInt(offset, 10);
    assert.ok(Math.abs(wrong) < 300, `the daemon's clock is ${wrong} s off what it was set to`);
    assert.ok(after >= before && after < before + 600, `uptime ${before} -> ${after}`);
    const confirmed = await ann.put(`/booking/${hold.body.id}/confirm`, {});
    assert.equal(confirmed.status, 200, `${offset}: ${JSON.stringify(confirmed.body)}`);
    const cancelled = await ann.put(`/booking/${booked.body.id}/cancel`, {});
    assert.equal(cancelled.status, 200, `${offset}: ${JSON.stringify(cancelled.body)}`);
  }
  await stack.stop();
});

test('a log whose disk is full: bookings go on', async () => {
  const program = path.join(temporaryFolder('full'), 'bookingd');
  fs.writeFileSync(program, `#!/bin/sh\nexec '${bookingd()}' "$@" 2>/dev/full\n`, { mode: 0o755 });
  const { BOOKINGD } = process.env;
  const stack = await startStack({ start: false });
  process.env.BOOKINGD = program;
  await stack.startDaemon();
  if (BOOKINGD === undefined) delete process.env.BOOKINGD;
  else process.env.BOOKINGD = BOOKINGD;
  for (let i = 0; i < 20; i++)
    assert.equal(
      (await stack.client('ann').post('/booking/create', { start: stack.slot(i), duration_minutes: 30 }))
        .status,
      201,
    );
  await stack.stop();
});
