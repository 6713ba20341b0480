// Ends the demo with whoever started it, however that ends.
//
// The terminal tells all its programs (INT, HUP), and `make` passes TERM on. When make is killed the kernel sends us TERM
// (setpriv --pdeathsig, in the Makefile). INT or HUP for make alone is told to nobody: make then waits for us, having taken
// its handler of that signal away, which /proc shows.
import fs from 'node:fs';

const INT_AND_HUP = 0b11n;

/** One of the signal masks of a process, such as SigCgt; null if it is gone. */
function mask(pid, name) {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    return BigInt(`0x${new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(status)[1]}`);
  } catch {
    return null;
  }
}

/** Calls `end` when we are told to end, or when our parent has ended or is about to. */
export function whenStarterEnds(end) {
  const parent = process.ppid;
  const handled = mask(parent, 'SigCgt');
  const ignored = mask(parent, 'SigIgn') ?? 0n;
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, end);
  // Under nohup the terminal may go.
  process.on('SIGHUP', ignored & 1n ? () => {} : end);
  // A terminal that was closed takes no more lines.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  setInterval(() => {
    const now = process.ppid === parent ? mask(parent, 'SigCgt') : null;
    if (now === null || (handled & INT_AND_HUP) !== (now & INT_AND_HUP)) end();
  }, 250).unref();
}
