// Many keep-alive connections that all ask at once, round after round. By tests/bench/load.c: a client in Node is slower
// than what it measures.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../harness/run_folder.mjs';

const LOAD = path.join(
  path.dirname(path.resolve(ROOT, process.env.BOOKINGD ?? 'build/bookingd')),
  'tests/bench/load',
);

/** Sends the raw `request` on all connections, `rounds` times: { statuses, errors, worst_round_ms }. */
export async function crowd(port, request, { connections = 1000, rounds = 100 } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bookingd-crowd-'));
  const file = path.join(folder, 'requests');
  fs.writeFileSync(file, `${Buffer.byteLength(request)}\n${request}`);
  try {
    const args = [port, connections, rounds, file, 'barrier'].map(String);
    const { worst_round_us, ...result } = JSON.parse((await promisify(execFile)(LOAD, args)).stdout);
    return { ...result, worst_round_ms: worst_round_us / 1000 };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
