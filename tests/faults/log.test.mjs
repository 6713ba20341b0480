// Whoever reads the log stops reading: bookings go on, and the log says how much it misses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { bookingd } from '../harness/postgres.mjs';
import { temporaryFolder } from '../harness/run_folder.mjs';
import { startStack, until } from '../harness/stack.mjs';

const folder = temporaryFolder('log');
const pipe = path.join(folder, 'stderr');
let stack;
before(async () => {
  execFileSync('mkfifo', [pipe]);
  // Opened for both, so that it needs no reader to be opened.
  const program = path.join(folder, 'bookingd');
  fs.writeFileSync(program, `#!/bin/sh\nexec '${bookingd()}' "$@" 2<>'${pipe}'\n`, { mode: 0o755 });
  const { BOOKINGD } = process.env;
  stack = await startStack({ start: false });
  process.env.BOOKINGD = program;
  await stack.startDaemon();
  if (BOOKINGD === undefined) delete process.env.BOOKINGD;
  else process.env.BOOKINGD = BOOKINGD;
});
after(() => stack.stop());

/** All that the pipe holds just now. */
function read() {
  const file = fs.openSync(pipe, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const room = Buffer.alloc(1 << 20);
  let text = '';
  for (;;) {
    try {
      text += room.toString('utf8', 0, fs.readSync(file, room));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      fs.closeSync(file);
      return text;
    }
  }
}

const PATIENCE = { timeout: 60_000 };
test(
  'with a stuck reader of the log every call is answered, missed lines are counted',
  PATIENCE,
  async () => {
    const ann = stack.client('ann');
    const asked = 2000; // a line is some 200 bytes, and the pipe holds 64 KiB
    for (let i = 0; i < asked / 40; i++)
      for (const reply of await Promise.all(Array.from({ length: 40 }, () => ann.get('/booking/user/me'))))
        assertStatus(reply, 200);
    const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(0) }), 201);
    assertStatus(await ann.put(`/booking/${made.id}/cancel`, { reason: 'ill' }), 200);
    for (const what of ['/healthz', '/readyz', '/metrics']) assertStatus(await ann.get(what), 200);

    let text = read();
    assertStatus(await ann.get('/booking/user/me?status=past'), 200);
    text = await until('the log to go on', () => (text += read()).includes('log_lines_dropped') && text);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)); // each one whole
    const [{ lines: dropped }] = lines.filter(({ event }) => event === 'log_lines_dropped');
    const requests = lines.filter(({ event, route }) => event === 'request' && route !== '/readyz');
    assert.ok(dropped > asked / 2, `${dropped} dropped`);
    assert.ok(requests.length + dropped >= asked, `${requests.length} + ${dropped} of ${asked}`);
  },
);
