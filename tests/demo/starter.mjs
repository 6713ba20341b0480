// Ends the demo with whoever started it, however that ends.
//
// The terminal tells all its programs (INT, HUP), and `make` passes TERM on. When make is killed the kernel sends us TERM
// (setpriv --pdeathsig, in the Makefile). INT or HUP for make alone is told to nobody: make then waits for us, having taken
// its handler of that signal away, which /proc shows. Nor is the end of a shell that waits for make: another process is then
// make's parent. Under nohup, or with & in a script, that is as it should be; then HUP or INT is ignored.
import fs from 'node:fs';

const INT_AND_HUP = 0b11n;

/** What /proc says of a process, its parent or one of its signal masks; null if it is gone. */
function about(pid, name) {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    return new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(status)[1];
  } catch {
    return null;
  }
}
const mask = (pid, name) => BigInt(`0x${about(pid, name) ?? 0}`);

/** Calls `end` when we are told to end, or when our parent has ended or is about to, or whoever waits for it has. */
export function whenStarterEnds(end) {
  const parent = process.ppid;
  const handled = mask(parent, 'SigCgt');
  const ignored = mask(parent, 'SigIgn');
  const waiting = about(parent, 'PPid');
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, end);
  // Under nohup the terminal may go.
  process.on('SIGHUP', ignored & 1n ? () => {} : end);
  // A terminal that was closed takes no more lines.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  setInterval(() => {
    const left = (ignored & INT_AND_HUP) === 0n && about(parent, 'PPid') !== waiting;
    const ending = (handled & INT_AND_HUP) !== (mask(parent, 'SigCgt') & INT_AND_HUP); // or gone
    if (process.ppid !== parent || left || ending) end();
  }, 250).unref();
}
