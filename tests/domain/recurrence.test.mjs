// Rules of recurrence and whole calendar files, held against other programs: no busy minute may be missing.
//
// RECURRENCE_RULES=10000 and RECURRENCE_FILES=1500 for the long form (make test-recurrence); RECURRENCE_SEED for another.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT, runFolder } from '../harness/run_folder.mjs';

const OUT = path.dirname(path.resolve(process.env.BOOKINGD ?? path.join(ROOT, 'build/bookingd')));
const HERE = path.join(ROOT, 'tests/domain');
const { RECURRENCE_RULES = '1500', RECURRENCE_FILES = '100', RECURRENCE_SEED = '1' } = process.env;

/** Runs a script of this folder: what it counted; it prints nothing unless there are faults. */
function compare(script, program, ...args) {
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/python3',
    [path.join(HERE, script), path.join(OUT, 'tests/domain', program), ...args],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  return JSON.parse(stderr.trim().split('\n').at(-1));
}

test(`${RECURRENCE_RULES} random rules and 370 by hand miss no instance of python3-dateutil's, with less than 1 % besides`, () => {
  const rules = path.join(HERE, 'rules.txt');
  const { instances, extra } = compare(
    'recurrence.py',
    'recurrences',
    rules,
    RECURRENCE_RULES,
    RECURRENCE_SEED,
  );
  assert.ok(
    instances.ordinary > 40 * RECURRENCE_RULES && instances['by hand'] > 100_000,
    JSON.stringify(instances),
  );
  // Of unclear ones, which RFC 5545 forbids or does not settle, all that they could mean.
  for (const kind of ['ordinary', 'weeks', 'below a day', 'by hand'])
    assert.ok(extra[kind] < instances[kind] / 100, `${kind}: ${extra[kind]} of ${instances[kind]}`);
});

test(`${RECURRENCE_FILES} random files miss no minute of python3-recurring-ical-events'`, () => {
  const folder = fs.mkdtempSync(path.join(runFolder(), 'calendars-'));
  const counted = compare('busy_times.py', 'busy_times', folder, RECURRENCE_FILES, RECURRENCE_SEED);
  assert.ok(counted['busy minutes'] > 10_000 * RECURRENCE_FILES, JSON.stringify(counted));
  assert.ok(counted['blocked besides'] < counted['busy minutes'] / 100, JSON.stringify(counted));
});
