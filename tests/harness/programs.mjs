// Programs that a test runs to their end, and a bare Debian that one of them makes.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Runs a program to its end: { code, out, err }. `options` as for spawnSync(). */
export function tryProgram(command, args, options) {
  const quiet = { encoding: 'utf8', maxBuffer: 64 << 20, timeout: 900_000 };
  const done = spawnSync(command, args, { ...quiet, ...options });
  return { code: done.status ?? -1, out: done.stdout ?? '', err: done.stderr || String(done.error ?? '') };
}

/** The same; throws when it fails. Returns what it wrote. */
export function mustRun(command, args, options) {
  const { code, out, err } = tryProgram(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${out}${err}`);
  return out;
}

/** Why `what` cannot be had here, which needs root and these programs; null: it can. */
export function whyNot(what, programs) {
  if (process.getuid() !== 0) return `${what} needs root`;
  const missing = programs.find((program) => tryProgram('sh', ['-c', `command -v ${program}`]).code !== 0);
  return missing ? `${missing} is not installed` : null;
}

/** The smallest root of Debian 12 that debootstrap makes, in `folder`, once; `finish(folder)` changes it before it is kept. */
export function bareDebian(folder, options = [], finish = () => {}) {
  if (fs.existsSync(folder)) return;
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const fresh = `${folder}.new`;
  fs.rmSync(fresh, { recursive: true, force: true });
  mustRun('debootstrap', ['--variant=minbase', ...options, 'bookworm', fresh]);
  finish(fresh);
  fs.renameSync(fresh, folder);
}
