// A daemon that dies (kill -9) at a named place: include/base/crash_point.h.
import assert from 'node:assert/strict';
import { bookingd } from '../harness/postgres.mjs';
import { startStack, until } from '../harness/stack.mjs';

const { CRASHING } = process.env;

/** Why the tests of a file are skipped; false: they are not. */
export const skip = CRASHING ? false : 'CRASHING names no binary that was built with -DCRASH_POINTS';

const usual = bookingd();

/** As startStack(), with the binary that can die. */
export function startCrashing(options) {
  process.env.BOOKINGD = CRASHING;
  return startStack(options);
}

/** Stops it, if it was started. */
export async function stopCrashing(stack) {
  process.env.BOOKINGD = usual;
  await stack?.stop();
}

/** Runs `call` at a daemon that dies at `place`, and starts it again. */
export async function dieAt(stack, place, call) {
  await stack.daemon.stop();
  await stack.daemon.restart({ env: { CRASH_AT: place } });
  // A background thread may come to the place before the call does.
  await call().catch(() => null);
  await until(`the daemon to die at ${place}`, () => stack.daemon.child.end, 30_000);
  assert.equal(stack.daemon.child.end.signal, 'SIGKILL');
  await stack.daemon.restart({ env: { CRASH_AT: undefined } });
}
