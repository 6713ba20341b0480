// The daemon's clock is set an hour forward and an hour back under it: holds and cut-offs go by PostgreSQL's clock, so nothing of a
// client's changes; uptime goes by a clock that is never set. (Google takes no signature from an hour ahead, so with a service
// account its calendar is away until the clock is right.) Then PostgreSQL's own clock is set. And a log whose disk is full costs
// lines, no booking.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { passTime } from '../harness/clock.mjs';
import { assertStatus } from '../harness/expect.mjs';
import { bookingd, startTestServer, stopOwnServer } from '../harness/postgres.mjs';
import { temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const skip = fs.existsSync(LIBRARY)
  ? process.env.SANITIZE || process.env.VALGRIND
    ? 'a sanitizer must be the first library'
    : false
  : 'libfaketime is not installed';

after(stopOwnServer);

/** The library's settings, and how its clock is set: set('+3600s'). */
function settableClock(name) {
  const file = path.join(temporaryFolder(name), 'offset');
  fs.chmodSync(path.dirname(file), 0o755); // PostgreSQL reads it, too
  const set = (offset) => fs.writeFileSync(file, `${offset}\n`);
  set('+0s');
  const env = {
    LD_PRELOAD: LIBRARY,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1', // setting the clock leaves it alone, too
  };
  return { set, env };
}

test('a clock set by an hour, forward and back: holds and cut-offs are as they were', { skip }, async () => {
  const { set, env } = settableClock('clock');
  const stack = await startStack({
    document: openSchedule({ min_notice_minutes: 0, cancel_notice_minutes: 60 }),
    env,
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

test("the daemon's clock an hour off: reminders come when they are due, and a session that ended is nobody's", {
  skip,
}, async () => {
  const { set, env } = settableClock('reminders');
  const stack = await startStack({
    mail: true,
    document: {
      ...openSchedule({ min_notice_minutes: 0 }),
      session_types: [{ id: 'coaching', name: 'Coaching', durations: [15], meeting: 'none' }],
      notices: { reminders: [{ before_minutes: 60, to: ['client'] }] },
    },
    env: { ...env, AUTH_SESSION_QUERY: 'SELECT user_id FROM public.signed_in WHERE id = $1' },
  });
  stack.database.run('CREATE TABLE public.signed_in (id text, user_id text)');
  const session = { 'x-session-id': '9f7c2b4e-session-of-the-platform' };
  const mine = async () => (await stack.stranger().get('/booking/user/me', session)).status;
  const told = ({ id }, also = '') =>
    stack.database.value(`SELECT coalesce(string_agg(channel || ' ' || state, ', ' ORDER BY channel), '') FROM notice
      WHERE appointment_id = '${id}' AND kind = 'reminder' ${also}`);
  const announced = ({ id }) =>
    until('the confirmation', () =>
      stack.database.value(`SELECT noticed_version = version FROM appointment WHERE id = '${id}'`),
    );
  for (const offset of ['+3600s', '-3600s']) {
    set('+0s');
    stack.database.run(`INSERT INTO public.signed_in VALUES ('${session['x-session-id']}', 'sue')`);
    await until('the session', async () => (await mine()) === 200);
    const booked = [];
    for (const n of [10, 11]) {
      const reply = await stack
        .client(`ann${offset}`)
        .post('/booking/create', { start: stack.slot(n), duration_minutes: 15 });
      booked.push(assertStatus(reply, 201));
      await announced(booked.at(-1));
    }
    const [soon, later] = booked;
    set(offset);
    stack.database.run('DELETE FROM public.signed_in');
    if (offset[0] === '-')
      assert.equal(await mine(), 401, 'a session that ended before the clock was set back');
    // In 50 minutes and in 110.
    passTime(stack.database, Math.round(Date.parse(soon.start) / 1000 - Date.now() / 1000 - 50 * 60));
    await until('the reminder', () => told(soon, `AND state <> 'owed' AND channel = 'email'`));
    assert.deepEqual([told(soon), told(later)], ['email sent, in_app sent', ''], offset);
    passTime(stack.database, 3600);
    await until('the other', () => told(later, `AND state <> 'owed' AND channel = 'email'`));
    assert.equal(told(later), 'email sent, in_app sent', offset);
  }
  await stack.stop();
});

test("PostgreSQL's own clock set by an hour, forward and back: holds and cut-offs go by it, no debt waits for it", {
  skip,
}, async () => {
  const clock = settableClock('postgres-clock');
  const { TEST_DATABASE_SERVER } = process.env;
  const server = await startTestServer({ env: clock.env });
  const stack = await startStack({
    google: 'delegated',
    mail: true,
    document: openSchedule({ min_notice_minutes: 0, cancel_notice_minutes: 60 }),
  });
  const [ann, bob] = [stack.client('ann'), stack.client('bob')];
  const book = (client, n, call = 'create') =>
    client.post(`/booking/${call}`, { start: stack.slot(n), duration_minutes: 30 });
  const count = (table, condition) =>
    stack.database.value(`SELECT count(*) FROM ${table} WHERE ${condition}`);
  let n = 0;
  for (const forward of [false, true]) {
    const told = forward ? 'an hour forward' : 'an hour back';
    const held = assertStatus(await book(ann, ++n, 'hold'), 201);
    const near = assertStatus(await book(ann, ++n), 201);
    // Half an hour before its cut-off. The calendar would put it back.
    stack.database.run(
      `UPDATE appointment SET starts_at = now() + interval '90 minutes', ends_at = now() + interval '120 minutes',
         blocked_from = now() + interval '90 minutes', blocked_to = now() + interval '120 minutes', calendar_id = NULL
       WHERE id = '${near.id}'`,
    );
    await stack.google.fault('backendError', { method: 'events.insert' });
    const owed = assertStatus(await book(ann, ++n), 201);
    const mail = `appointment_id = '${near.id}' AND recipient = 'coach' AND channel = 'email'`;
    await until('a mail', () => count('notice', `${mail} AND state = 'sent'`) === 1);
    // As if the mail server had asked for another try.
    stack.database.run(
      `UPDATE notice SET state = 'retry', due_at = now() + interval '5 seconds' WHERE ${mail}`,
    );
    clock.set(forward ? '+0s' : '-3600s');
    await stack.google.heal();
    assert.equal((await book(bob, n - 2)).status, forward ? 201 : 409, told);
    assert.equal((await ann.put(`/booking/${held.id}/confirm`, {})).status, forward ? 410 : 200, told);
    assert.equal((await ann.put(`/booking/${near.id}/cancel`, {})).status, forward ? 409 : 200, told);
    await stack.settled(ann, owed.id, 'synced', 120_000);
    const unsent = `appointment_id = '${near.id}' AND state IN ('owed', 'retry', 'sending')`;
    await until('its mails', () => count('notice', unsent) === 0, 120_000);
  }
  // Ours, and the two that were taken out of the calendar's sight.
  const starts = (await stack.google.live(stack.calendar)).map(({ start }) => JSON.stringify(start));
  assert.equal(starts.length, 2 + count('appointment', `status = 'scheduled' AND calendar_id IS NOT NULL`));
  assert.equal(new Set(starts).size, starts.length);
  const [set] = stack.daemon.events('database_clock_set');
  assert.equal(Math.round(set.seconds / 3600), -1);
  await stack.stop();
  await server.stop();
  if (TEST_DATABASE_SERVER === undefined) delete process.env.TEST_DATABASE_SERVER;
  else process.env.TEST_DATABASE_SERVER = TEST_DATABASE_SERVER;
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
