// What stays of keys, tokens and the dead: nothing that is not in use.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { bookingd } from '../harness/postgres.mjs';
import { temporaryFolder } from '../harness/run_folder.mjs';
import { startStack, until } from '../harness/stack.mjs';

/** How often each of the needles lies in what the process has written to its memory. */
function countInMemory(pid, needles) {
  const counts = needles.map(() => 0);
  const memory = fs.openSync(`/proc/${pid}/mem`);
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n')) {
    const [, from, to, rights] = /^(\w+)-(\w+) (\S+)/.exec(line);
    if (!rights.startsWith('rw')) continue;
    const bytes = Buffer.alloc(parseInt(to, 16) - parseInt(from, 16));
    fs.readSync(memory, bytes, 0, bytes.length, parseInt(from, 16));
    needles.forEach((needle, i) => {
      for (let at = -1; (at = bytes.indexOf(needle, at + 1)) >= 0; ) counts[i]++;
    });
  }
  fs.closeSync(memory);
  return counts;
}

const MAY_LOOK = process.getuid() === 0 && !process.env.SANITIZE && !process.env.VALGRIND;
const skip = MAY_LOOK ? false : 'only root may look, and only into a usual build';

test('a key lies in memory once, where it is used, and a token nowhere', { skip }, async () => {
  const stack = await startStack({
    google: 'delegated',
    env: { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
  });
  try {
    const ann = stack.client('ann');
    const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(0) }), 201);
    assert.equal(made.calendar.state, 'synced', 'the service account has signed');
    const { private_key: pem } = JSON.parse(fs.readFileSync(stack.env.GOOGLE_SERVICE_ACCOUNT_KEY, 'utf8'));
    const needles = [
      pem.split('\n')[5],
      stack.env.TOKEN_ENCRYPTION_KEY,
      stack.secret,
      ann.token.split('.')[2],
    ];
    // The client may have the reply before the daemon has wiped what the request took.
    const right = [1, 0, 1, 0];
    let counts;
    await until('a key to lie in memory once and a token nowhere', () => {
      counts = countInMemory(stack.daemon.child.pid, needles);
      return counts.join() === right.join();
    }).catch(() => assert.deepEqual(counts, right, 'key, sealing key, secret, token'));
  } finally {
    await stack.stop();
  }
});

/** Runs it without a limit for core dumps, kills it as a fault would, and tells whether it left one. */
const DUMPED = `
import os, resource, signal, sys, time
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
name = os.path.basename(sys.argv[1])
def runs():
    try:
        status = open('/proc/%d/status' % pid).read()
    except OSError:
        return False
    threads = int(status.split('Threads:')[1].split()[0])
    return status.split()[1] == name and (name == 'sleep' or threads > 1)
end = time.time() + 20
while not runs() and time.time() < end and not os.waitpid(pid, os.WNOHANG)[0]: time.sleep(0.01)
if os.waitpid(pid, os.WNOHANG)[0]: sys.exit('ended by itself')
os.kill(pid, signal.SIGSEGV)
print('dumped' if os.WCOREDUMP(os.waitpid(pid, 0)[1]) else 'gone')
`;
function fate(command, env = process.env) {
  const options = { encoding: 'utf8', cwd: temporaryFolder('core'), env };
  return spawnSync('python3', ['-c', DUMPED, ...command], options).stdout.trim();
}

test('whatever kills it, it leaves no core dump, for that would have the keys, but to a developer', async (t) => {
  if (process.env.SANITIZE) return t.skip('a sanitizer lets no core be dumped');
  if (fate(['/bin/sleep', '10']) !== 'dumped') return t.skip('nothing dumps core here');
  const stack = await startStack({ start: false });
  try {
    const env = { PATH: process.env.PATH, ...stack.env, PORT: '0' };
    assert.equal(fate([bookingd(), 'serve'], env), 'gone');
    assert.equal(fate([bookingd(), 'serve'], { ...env, DEVELOPER: '1' }), 'dumped');
  } finally {
    await stack.stop();
  }
});
