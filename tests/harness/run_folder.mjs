// The folder all parts of one test run share: logs, sockets, credentials, and which ports are taken.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** Absolute path of the repository. */
export const ROOT = path.resolve(new URL('../..', import.meta.url).pathname);

/**
 * The run's folder: made by tests/run.mjs for all files, by a file that runs by itself when it first needs
 * it.
 */
export function runFolder() {
  if (process.env.TEST_RUN_FOLDER) return process.env.TEST_RUN_FOLDER;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bookingd-test-'));
  fs.chmodSync(folder, 0o711); // PostgreSQL, as another user, passes through
  for (const name of ['logs', 'ports']) fs.mkdirSync(path.join(folder, name));
  process.env.TEST_RUN_FOLDER = folder;
  process.on('exit', (code) => code === 0 && fs.rmSync(folder, { recursive: true, force: true })); // else kept for its logs
  return folder;
}

/** A fresh folder of the caller's own below the run's. */
export const temporaryFolder = (name) => fs.mkdtempSync(path.join(runFolder(), `${name}-`));

/**
 * A port on the loopback that nobody in this run will be given again, below the range the kernel takes the
 * ports of outgoing connections from.
 */
export async function freePort() {
  for (let tries = 0; tries < 200; tries++) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    try {
      fs.writeFileSync(path.join(runFolder(), 'ports', String(port)), '', { flag: 'wx' });
    } catch {
      continue;
    }
    if (await isFree(port)) return port;
  }
  throw new Error('no free port');
}

export function isFree(port, address = '127.0.0.1') {
  return new Promise((resolve) => {
    const probe = net.createServer().once('error', () => resolve(false));
    probe.listen(port, address, () => probe.close(() => resolve(true)));
  });
}
