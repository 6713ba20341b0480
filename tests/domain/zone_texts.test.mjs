// The zones that calendar files describe, as another program reads them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../harness/run_folder.mjs';

const OUT = path.dirname(path.resolve(process.env.BOOKINGD ?? path.join(ROOT, 'build/bookingd')));

test('python3-dateutil reads every zone as the system has it, from 2020 to 2044', () => {
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/python3',
    [path.join(ROOT, 'tests/domain/zone_texts.py'), path.join(OUT, 'tests/domain/zone_texts')],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  const [, compared, zones] = /^(\d+) wall clocks of (\d+) zones compared/.exec(stderr) ?? [];
  assert.ok(compared > 50_000 && zones > 500, stderr);
});
