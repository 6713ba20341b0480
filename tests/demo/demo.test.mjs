// `make run` as a newcomer has it: what it prints works, people sign in by mail, and nothing of it outlives whoever
// started it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { Client } from '../harness/http.mjs';
import { bookingd } from '../harness/postgres.mjs';
import { ROOT, freePort, temporaryFolder } from '../harness/run_folder.mjs';

const PATIENCE = 120_000;
const folder = temporaryFolder('demo');
fs.chmodSync(folder, 0o711); // PostgreSQL, as another user, passes through
const left = new Set();

/** Processes whose parent is `pid`, and theirs, from /proc. */
function descendants(pid) {
  const parents = new Map();
  for (const name of fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, parent] = /^.*\) \S (\d+)/s.exec(fs.readFileSync(`/proc/${name}/stat`, 'utf8'));
      parents.set(Number(name), Number(parent));
    } catch {
      // ended meanwhile
    }
  }
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found.slice(1);
}

/** Runs still; a program whose end nobody has asked for yet does not. */
function runs(pid) {
  try {
    return !/^.*\) [ZX]/s.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** `make run` without building, on this run's binary; `command` may wrap it. */
async function makeRun(command = (make) => make) {
  const out = path.dirname(bookingd());
  const make = ['make', '-C', ROOT, '-o', `${out}/bookingd`, 'run', `OUT=${out}`];
  const { MAKEFLAGS, MAKELEVEL, MFLAGS, ...env } = process.env;
  const [program, ...args] = command(make);
  const starter = spawn(program, args, {
    env: { ...env, PORT: String(await freePort()), DEMO_FOLDER: folder },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [starter.stdout, starter.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = new Promise((resolve) => starter.on('exit', resolve));
  await until(
    'the demo to be ready',
    () => {
      if (starter.exitCode !== null) throw new Error(`make run ended:\n${output}`);
      return output.includes('Ctrl-C stops everything');
    },
    PATIENCE,
  );
  const programs = descendants(starter.pid);
  for (const pid of programs) left.add(pid);
  return { starter, ended, programs, output };
}

const gone = (programs) => until('all programs of the demo to end', () => !programs.some(runs), PATIENCE);

// Ours by their ids: whatever a failed test has left.
after(() => {
  for (const pid of left) if (runs(pid)) process.kill(pid, 'SIGKILL');
});

const address = (output, what) => new RegExp(`(http://127.0.0.1:\\d+)/ +${what}`).exec(output)[1];

test('the curl lines work as printed, and client and coach sign in with a code out of the inbox', async () => {
  const { starter, ended, programs, output } = await makeRun();
  const lines = output.match(/^(TOKEN=|curl |ID=).*$/gm);
  const said = execFileSync('bash', ['-euc', lines.join('\necho\n')], { encoding: 'utf8' });
  for (const status of ['scheduled', 'cancelled']) assert.match(said, new RegExp(`"status":"${status}"`));
  assert.match(said, /"mails":\[/);

  assert.doesNotMatch(output, /#token=/);
  const inbox = new Client(address(output, 'the inbox'));
  const server = new Client(/bookingd is ready at (\S+);/.exec(output)[1]);
  for (const [page, role] of [
    ['booking', 'user'],
    ['coach', 'coach'],
  ]) {
    const email = new RegExp(`/${page}/ .*sign in as (\\S+)`).exec(output)[1];
    const { body: asked } = await server.post('/booking/sign-in', { email, page });
    const mail = await until('the code in the inbox', async () =>
      (await inbox.get('/mails')).body.mails.find(
        ({ to, text }) => to.includes(email) && /\b\d{3} ?\d{3}\b/.test(text) && text.includes('/#sign-in='),
      ),
    );
    const code = /\b\d{3} ?\d{3}\b/.exec(mail.text)[0];
    const { status, body } = await server.post('/booking/sign-in/verify', {
      email,
      code,
      nonce: asked.nonce,
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.role, role);
  }
  const page = await inbox.get('/');
  assert.match(page.text, /<article>/);
  assert.equal((await inbox.get('/mails/0')).status, 200);
  assert.match((await inbox.get('/styleguide/')).text, /Segmented control/);
  server.close();
  inbox.close();
  starter.kill('SIGTERM');
  await ended;
  await gone(programs);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'])
  test(`${signal} for make alone ends everything that it started`, async () => {
    const { starter, ended, programs } = await makeRun();
    assert.ok(programs.length >= 5, `only ${programs.length} programs`);
    starter.kill(signal);
    await ended;
    await gone(programs);
  });

test('the death of the demo itself ends everything', async () => {
  const { ended, programs } = await makeRun();
  process.kill(programs[0], 'SIGKILL');
  await ended;
  await gone(programs);
});

const quoted = (make) => make.map((word) => `'${word}'`).join(' ');

test('the end of a shell that waits for make ends everything', async () => {
  const { starter, ended, programs } = await makeRun((make) => ['sh', '-c', `${quoted(make)}; true`]);
  starter.kill('SIGTERM');
  await ended;
  await gone(programs);
});

test('a terminal that is closed ends everything', async () => {
  // script gives make a terminal of its own, and closes it when it ends.
  const { starter, ended, programs } = await makeRun((make) => [
    'script',
    '--quiet',
    '--command',
    quoted(make),
    '/dev/null',
  ]);
  starter.kill('SIGKILL');
  await ended;
  await gone(programs);
});
