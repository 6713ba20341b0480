// bookingd and PostgreSQL are killed, frozen and restarted at random under load, with a Google that fails three calls in
// ten. After every round of blows everything settles within a minute, and check.mjs finds no promise broken.
//
//   SECONDS=1800 node tests/run.mjs tests/crash/kills.test.mjs        (20 by default; SEED= to repeat what was drawn)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openSchedule, sleep, startStack, until } from '../harness/stack.mjs';
import { startTestServer } from '../harness/postgres.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';
import { Crowd, random } from './clients.mjs';

const SECONDS = Number(process.env.SECONDS ?? 20);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const CLIENTS = 12;
const ROUND_BLOWS = 12;
const PATIENCE_MS = 60_000;
const FAULTS = ['backendError', 'rateLimitExceeded', 'html502', 'cut_before', 'cut_after', 'hang_after'];

let server, stack;
before(async () => {
  server = await startTestServer({ durable: true });
  stack = await startStack({ google: 'delegated', document: openSchedule({ min_notice_minutes: 0 }) });
});
after(async () => {
  await stack.stop();
  await server.stop();
});

const draw = random(SEED);
const BLOWS = [
  [0.72, 'bookingd killed', () => stack.daemon.kill()],
  [0.08, 'bookingd stopped', () => stack.daemon.stop()],
  [0.08, 'PostgreSQL crashed', () => server.crash()],
  [0.06, 'PostgreSQL frozen', () => server.freeze(200 + draw() * 1500)],
  [0.06, 'both crashed', () => Promise.all([stack.daemon.kill(), server.crash()])],
];

async function strike(struck) {
  let chance = draw();
  const [, name, blow] = BLOWS.find(([share]) => (chance -= share) < 0) ?? BLOWS[0];
  struck[name] = (struck[name] ?? 0) + 1;
  await blow();
  if (stack.daemon.child.end) await stack.daemon.restart();
}

/** Heal Google, wait for the last debt, and let the other program judge. */
async function judge(crowd) {
  await stack.google.heal();
  const healed = Date.now();
  await until(
    'everything to settle',
    () =>
      stack.database.value(
        'SELECT count(*) FROM appointment WHERE version > synced_version OR conference_pending',
      ) === 0,
    PATIENCE_MS,
  );
  const settled = Date.now() - healed;
  const { status, stdout, stderr } = check(crowd.file);
  assert.equal(status, 0, `seed ${SEED}:\n${stdout}${stderr}`);
  return { settled, said: stdout.trim() };
}

const check = (file) =>
  spawnSync(
    process.execPath,
    [
      path.join(ROOT, 'tests/crash/check.mjs'),
      file,
      stack.database.url,
      stack.google.control,
      stack.calendar,
    ],
    { encoding: 'utf8' },
  );

test(`killed, frozen and restarted at random for ${SECONDS} s: nothing acknowledged is lost, nothing refused is booked`, {
  timeout: (SECONDS * 2 + 180) * 1000,
}, async (t) => {
  const file = path.join(temporaryFolder('crash'), 'journal');
  const crowd = new Crowd(stack, { file, slots: 200, seed: SEED + 1 });
  const end = Date.now() + SECONDS * 1000;
  const struck = {};
  let slowest = 0;
  let said;
  while (Date.now() < end) {
    await stack.google.fault('mix', {
      method: 'events.*',
      probability: 0.3,
      seed: SEED,
      of: FAULTS,
      ms: 2000,
    });
    crowd.start(CLIENTS);
    for (let blow = 0; blow < ROUND_BLOWS && Date.now() < end; blow++) {
      await sleep(100 + draw() * 900);
      await strike(struck);
    }
    await crowd.goHome();
    const verdict = await judge(crowd);
    slowest = Math.max(slowest, verdict.settled);
    said = verdict.said;
  }
  t.diagnostic(`seed ${SEED}: ${JSON.stringify(struck)}; settled within ${slowest} ms; ${said}`);
});

test('the judge finds each promise that is broken', async () => {
  const file = path.join(temporaryFolder('crash'), 'journal');
  const client = stack.client('honest');
  const { body } = await client.post('/booking/create', { start: stack.slot(300), duration_minutes: 30 });
  await stack.settled(client, body.id);
  const told = {
    n: 1,
    user: 'honest',
    call: 'create',
    status: 201,
    state: 'scheduled',
    start: body.start,
    id: body.id,
  };
  const findings = (...lies) => {
    const forged = `${file}-${lies.length}-forged`;
    fs.writeFileSync(forged, lies.map((lie) => `${JSON.stringify(lie)}\n`).join(''));
    return check(forged).stdout;
  };
  assert.match(findings(told), / 0 promises broken/);
  assert.match(findings({ ...told, id: crypto.randomUUID() }), /^acknowledged, but lost/m);
  assert.match(findings({ ...told, status: 409 }), /^refused, but booked/m);
  assert.match(findings({ ...told, state: 'cancelled' }), /^not in the state that was acknowledged/m);
  assert.match(findings({ ...told, start: stack.slot(301) }), /^not at the time that was acknowledged/m);
  await stack.daemon.stop();
  const [event] = (await stack.google.live(stack.calendar)).filter((each) =>
    JSON.stringify(each).includes(body.id),
  );
  await stack.google.move(stack.calendar, event.id, stack.slot(302), stack.slot(303));
  assert.match(findings(told), /^the event has another time/m);
  await stack.google.remove(stack.calendar, event.id);
  assert.match(findings(told), /^appointments and events differ/m);
  stack.database.run(`UPDATE bookingd.appointment SET version = version + 1 WHERE id = '${body.id}'`);
  assert.match(findings(told), /^something is owed still/m);
  stack.database.run(`ALTER TABLE bookingd.appointment DROP CONSTRAINT appointment_overlap;
    UPDATE bookingd.appointment a SET blocked_to = blocked_to + interval '40 days' WHERE id = '${body.id}';
    UPDATE bookingd.appointment a SET blocked_from = blocked_from - interval '40 days' WHERE id = '${body.id}'`);
  assert.match(findings(told), /^two appointments at one time/m);
});
