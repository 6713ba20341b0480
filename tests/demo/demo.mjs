// The demo behind `make run`: everything bookingd needs, on this machine only, until Ctrl-C.
//
// A private PostgreSQL, the Google stand-in and a mail server on free loopback ports, bookingd on PORT (8080), the
// inbox on the next free port after it; data, keys and logs under build/demo (or DEMO_FOLDER), so that the next run finds
// what this one left. Removing that folder starts afresh.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { sleep } from '../harness/child.mjs';
import { Daemon, runBookingd } from '../harness/daemon.mjs';
import { Google } from '../harness/google.mjs';
import { Client } from '../harness/http.mjs';
import { Database, Postgres } from '../harness/postgres.mjs';
import { ROOT, isFree } from '../harness/run_folder.mjs';
import { Inbox } from './inbox.mjs';
import { whenStarterEnds } from './starter.mjs';

const folder = path.resolve(ROOT, process.env.DEMO_FOLDER ?? path.join(process.env.BUILD ?? 'build', 'demo'));
const port = Number(process.env.PORT || 8080);
const coach = process.env.COACH_ID || 'damian';
const account = 'coach@example.com'; // a coach of the stand-in whom the service account may impersonate

const started = [];
let stopping = false;

async function stop(code) {
  if (stopping) return;
  stopping = true;
  for (const part of started.reverse()) await part.stop().catch((error) => console.error(error.message));
  process.exit(code);
}
// Each program has a session of its own, so that Ctrl-C reaches only us and we stop them in order.
const child = (name) => ({ logFile: path.join(folder, 'logs', `${name}.log`), detached: true });

async function main() {
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Error(`PORT=${process.env.PORT} is no port`);
  if (!(await isFree(port)))
    throw new Error(`port ${port} is taken; choose another: make run PORT=${port === 8080 ? 8081 : 8080}`);
  fs.mkdirSync(path.join(folder, 'logs'), { recursive: true });

  const postgres = await Postgres.start({ folder: path.join(folder, 'postgres'), child: child('postgres') });
  started.push(postgres);
  const server = new Database(postgres.url());
  if (server.value("SELECT count(*) FROM pg_database WHERE datname = 'bookingd'") === 0)
    server.run('CREATE DATABASE bookingd');

  const google = await Google.start({
    credentials: path.join(folder, 'google'),
    stateFile: path.join(folder, 'google', 'state.json'),
    child: child('google'),
  });
  started.push(google);

  const inbox = await Inbox.start({
    port: await freeAfter(port),
    child: child('mail'),
    pages: `http://127.0.0.1:${port}`,
  });
  started.push(inbox);

  const env = {
    ...inbox.settings,
    DATABASE_URL: postgres.url('bookingd'),
    AUTH_JWT_SECRET: secret('jwt-secret'),
    COACH_ID: coach,
    COACH_EMAIL: account,
    GOOGLE_SERVICE_ACCOUNT_KEY: google.service_account_key,
    GOOGLE_IMPERSONATE: account,
    GOOGLE_CALENDAR_API: google.calendar_api,
    GOOGLE_OAUTH_TOKEN_URL: google.token_url,
    PUBLIC_BOOKING: process.env.PUBLIC_BOOKING ?? '0',
  };
  const migrated = runBookingd(['migrate'], { env });
  if (migrated.code !== 0) throw new Error(`bookingd migrate failed:\n${migrated.stderr}`);
  const daemon = await Daemon.start({ env, port, child: child('bookingd') });
  started.push(daemon);
  daemon.child.exited.then(() => {
    if (stopping) return;
    console.error(`bookingd ended by itself; see ${daemon.child.logFile}`);
    stop(1);
  });
  await tour(env, google, inbox);
}

/** The next port after `taken` that nobody listens on. */
async function freeAfter(taken) {
  let next = taken + 1;
  while (!(await isFree(next))) next++;
  return next;
}

/** A secret that stays the same from run to run, so that yesterday's tokens still do. */
function secret(name) {
  const file = path.join(folder, name);
  if (!fs.existsSync(file)) fs.writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return fs.readFileSync(file, 'utf8');
}

function mint(env, ...args) {
  const { code, stdout, stderr } = runBookingd(['token', '--ttl', '86400', ...args], { env });
  if (code !== 0) throw new Error(`bookingd token failed:\n${stderr}`);
  return stdout.trim();
}

/** Prints the lines to paste; the times in them are free, and far enough ahead to be moved and cancelled. */
async function tour(env, google, inbox) {
  const url = `http://127.0.0.1:${port}`;
  const coachToken = mint(env, '--user', coach, '--role', 'coach', '--coach', coach);
  const before = await new Client(url, { token: coachToken }).get(`/coach/${coach}/appointments`);
  const upcoming = before.body?.appointments ?? [];
  // One booking at a time is the rule for a client, so somebody without one shows how it is done.
  const busy = new Set(upcoming.map(({ user_id }) => user_id));
  const user =
    ['ann', 'bob', 'cleo', 'dora', 'emil'].find((name) => !busy.has(name)) ?? `guest-${Date.now()}`;
  const name = user[0].toUpperCase() + user.slice(1);
  const token = mint(env, '--user', user, '--email', `${user}@client.example`, '--name', name);
  const { body } = await new Client(url, { token }).get('/booking/availability');
  const free = (body?.slots ?? [])
    .filter(({ start }) => Date.parse(start) > Date.now() + 48 * 3600_000)
    .map(({ start }) => start);
  if (free.length < 2) throw new Error(`no free times: ${JSON.stringify(body)}`);
  const [first, second] = [free[0], free[Math.min(3, free.length - 1)]];

  const json = "-H 'Content-Type: application/json'";
  console.log(`
bookingd is ready at ${url}; coach ${coach}, database, keys and logs in ${path.relative(ROOT, folder)}.`);
  for (const { start, status, name: who } of upcoming)
    console.log(`  from before: ${start} ${who ?? ''} (${status})`);
  console.log(`
Paste these into another terminal (${name} books, moves and cancels a session):

TOKEN=${token}
curl -s -H "Authorization: Bearer $TOKEN" ${url}/booking/availability
curl -s -H "Authorization: Bearer $TOKEN" ${json} -d '{"start":"${first}","duration_minutes":30}' ${url}/booking/create
ID=$(curl -s -H "Authorization: Bearer $TOKEN" ${url}/booking/user/me | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4)
curl -s -H "Authorization: Bearer $TOKEN" ${url}/booking/$ID
curl -s -H "Authorization: Bearer $TOKEN" -X PUT ${json} -d '{"start":"${second}"}' ${url}/booking/$ID/reschedule
curl -s -H "Authorization: Bearer $TOKEN" ${url}/booking/user/me
curl -s -H "Authorization: Bearer $TOKEN" -X PUT ${url}/booking/$ID/cancel

What Google has of it, which mails Google would have sent, and which bookingd sent:

curl -s ${google.control}/calendars/${account}/events
curl -s '${google.control}/journal?type=mail'
curl -s ${inbox.url}/mails

In a browser, with a code by mail to sign in:

${inbox.url}/   the inbox: every mail that bookingd sends
${url}/booking/   the client's page: sign in as ${user}@client.example
${url}/coach/   the coach's page: sign in as ${account}
${inbox.url}/styleguide/   what the pages are made of

Ctrl-C stops everything; the next run finds it as you left it.`);
}

whenStarterEnds(() => stop(0));
try {
  await main();
  for (;;) await sleep(3_600_000);
} catch (error) {
  console.error(error.message);
  await stop(1);
}
