// bookingd and PostgreSQL are killed, frozen and restarted at random under load, with a Google that fails three calls in
// ten and a mail server that fails at every verb in turn. After every round of blows everything settles within a minute,
// and check.mjs finds no promise broken. Half of the time Google invites the clients, half of it the mails do.
//
//   SECONDS=1800 node tests/run.mjs tests/crash/kills.test.mjs        (20 by default; SEED= to repeat what was drawn)
//
// A run of ten minutes or more has rounds of 150 blows in quicker succession.
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
const LONG = SECONDS >= 600;
const ROUND_BLOWS = LONG ? 150 : 12;
const PAUSE_MS = LONG ? [50, 250] : [100, 900]; // at least, and so much more at random
const PATIENCE_MS = 60_000;
/** A mail's, each followed by some that go through. */
const MAIL_FAULTS = [
  { fault: 'CONNECT', do: 'cut' },
  { fault: 'MAIL', reply: '451 4.3.0 later' },
  { fault: 'DATA', do: 'cut' },
  { fault: 'DOT', reply: '451 4.3.0 later' },
  { fault: 'DOT', do: 'cut', take: true },
].flatMap((fault) => [fault, {}, {}, {}]);
const FAULTS = ['backendError', 'rateLimitExceeded', 'html502', 'cut_before', 'cut_after', 'hang_after'];

let server, stack;
before(async () => {
  server = await startTestServer({ durable: true });
});
after(async () => {
  await stack?.stop();
  await server.stop();
});

async function start(google) {
  await stack?.stop();
  stack = null;
  stack = await startStack({ google, mail: true, document: openSchedule({ min_notice_minutes: 0 }) });
}

const draw = random(SEED);
const BLOWS = [
  [0.72, 'bookingd killed', () => stack.daemon.kill()],
  [0.08, 'bookingd stopped', () => stack.daemon.stop()],
  [0.08, 'PostgreSQL crashed', () => server.crash()],
  [0.06, 'PostgreSQL frozen', () => server.frozen(() => sleep(200 + draw() * 1500))],
  [0.06, 'both crashed', () => Promise.all([stack.daemon.kill(), server.crash()])],
];

async function strike(struck) {
  let chance = draw();
  const [, name, blow] = BLOWS.find(([share]) => (chance -= share) < 0) ?? BLOWS[0];
  struck[name] = (struck[name] ?? 0) + 1;
  await blow();
  if (stack.daemon.child.end) await stack.daemon.restart();
}

const count = (condition, table = 'appointment') =>
  stack.database.value(`SELECT count(*) FROM ${table} WHERE ${condition}`);

/** Waits for the last debt to Google and to people. */
async function settle() {
  await until(
    'everything to settle',
    () => count('version > synced_version OR conference_pending') === 0,
    PATIENCE_MS,
  );
  await until(
    'every mail to be sent',
    () => {
      // Waits between tries, and leases of those who died, are over sooner than by the clock.
      stack.database.run(`UPDATE notice SET due_at = now() WHERE state IN ('retry', 'sending')`);
      return (
        count(`version > noticed_version AND status IN ('scheduled', 'cancelled')`) === 0 &&
        count(`channel = 'email' AND state IN ('owed', 'retry', 'sending')`, 'notice') === 0
      );
    },
    PATIENCE_MS,
  );
}

/** Everybody is well again; when all has settled the other program judges. */
async function judge(crowd) {
  await stack.google.heal();
  await stack.mail.heal();
  const healed = Date.now();
  await settle();
  const settled = Date.now() - healed;
  await stack.mail.heal(); // whose answer comes after all that it took
  const { status, stdout, stderr } = check(crowd.file);
  assert.equal(status, 0, `seed ${SEED}:\n${stdout}${stderr}`);
  return { settled, said: stdout.trim() };
}

const mailsTaken = () => stack.mail.mails.map(({ raw }) => /^message-id: *<(.*)@/im.exec(raw.toString())[1]);

function check(file, mails = mailsTaken()) {
  fs.writeFileSync(`${file}-mails`, mails.map((mail) => `${mail}\n`).join(''));
  const where = [file, stack.database.url, stack.google.control, stack.calendar, `${file}-mails`];
  return spawnSync(process.execPath, [path.join(ROOT, 'tests/crash/check.mjs'), ...where], {
    encoding: 'utf8',
  });
}

for (const [google, circumstances] of [
  ['delegated', 'Google invites'],
  ['bare', 'the mails invite'],
])
  test(`killed, frozen and restarted at random while ${circumstances}: nothing acknowledged is lost, nothing refused is booked`, {
    timeout: (SECONDS * 2 + 300) * 1000,
  }, async (t) => {
    await start(google);
    const file = path.join(temporaryFolder('crash'), 'journal');
    const crowd = new Crowd(stack, { file, slots: 200, seed: SEED + 1 });
    const end = Date.now() + (SECONDS / 2) * 1000;
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
      await stack.mail.cycle(MAIL_FAULTS);
      crowd.start(CLIENTS);
      for (let blow = 0; blow < ROUND_BLOWS && Date.now() < end; blow++) {
        await sleep(PAUSE_MS[0] + draw() * PAUSE_MS[1]);
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
  await start('bare');
  const file = path.join(temporaryFolder('crash'), 'journal');
  const client = stack.client('honest');
  const { body } = await client.post('/booking/create', { start: stack.slot(300), duration_minutes: 30 });
  const other = stack.client('another');
  await other.post('/booking/create', { start: stack.slot(305), duration_minutes: 30 });
  await settle();
  await stack.mail.heal(); // whose answer comes after all that it took
  const mails = mailsTaken();
  assert.equal(mails.length, 4, 'each to the client and to the coach');
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
  fs.writeFileSync(file, `${JSON.stringify(told)}\n`);
  const [first, ...rest] = mails;
  assert.match(check(file, mails).stdout, / 0 promises broken/);
  assert.match(check(file, rest).stdout, /^said to be sent, but it is not there/m);
  assert.match(check(file, [...mails, first]).stdout, /^mailed more often than it was tried/m);
  assert.match(check(file, [...mails, `${first}s`]).stdout, /^a mail that nobody owes/m);
  const afterwards = (change) => {
    stack.database.run(`CREATE TABLE kept AS SELECT * FROM notice; ${change}`);
    const { stdout } = check(file, mails);
    stack.database.run(
      `DELETE FROM notice; INSERT INTO notice OVERRIDING SYSTEM VALUE SELECT * FROM kept; DROP TABLE kept`,
    );
    return stdout;
  };
  assert.match(
    afterwards(`UPDATE notice SET state = 'retry' WHERE recipient = 'coach'`),
    /^a mail is owed still/m,
  );
  assert.match(
    afterwards(`UPDATE notice SET state = 'failed' WHERE recipient = 'client'`),
    /^not told how it stands/m,
  );
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
