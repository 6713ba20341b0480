// The checks of `make lint` that are our own find what they are for, when it is put in on purpose.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';

const folder = temporaryFolder('lint');

/** Runs one of config/*.awk over `input`, or over files. */
function check(script, { input, files = [] }) {
  const { status, stdout } = spawnSync('awk', ['-f', path.join(ROOT, 'config', script), ...files], {
    input,
    encoding: 'utf8',
    cwd: folder,
  });
  return { status, stdout };
}

function write(name, text) {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return name;
}

/** The symbols of C files, as the Makefile has them listed. */
function symbols(sources) {
  const objects = Object.entries(sources).map(([name, text]) => {
    write(`${name}.c`, text);
    execFileSync('gcc', ['-c', '-o', `${name}.o`, `${name}.c`], { cwd: folder });
    return `${name}.o`;
  });
  return execFileSync('nm', ['-o', '--format=posix', ...objects], { cwd: folder, encoding: 'utf8' });
}

const CALLS_DOWN = {
  top: 'int middle(void); int top(void) { return middle(); }',
  middle: 'int bottom(void); int middle(void) { return bottom(); }',
  bottom: 'static int own(void) { return 1; } int bottom(void) { return own(); }',
};

test('files that only call downwards are no circle', () => {
  assert.deepEqual(check('circles.awk', { input: symbols(CALLS_DOWN) }), { status: 0, stdout: '' });
});

test('a circle over three files is found, with what makes it', () => {
  const bottom = 'int top(void); int bottom(void) { return top(); }';
  const { status, stdout } = check('circles.awk', { input: symbols({ ...CALLS_DOWN, bottom }) });
  assert.equal(status, 1);
  for (const line of [
    'top.o uses middle.o: middle',
    'middle.o uses bottom.o: bottom',
    'bottom.o uses top.o: top',
  ])
    assert.ok(stdout.includes(line), stdout);
});

test('a circle by a variable alone is found as well', () => {
  const sources = {
    one: 'extern int two_count; int one_count; int one(void) { return two_count; }',
    two: 'extern int one_count; int two_count; int two(void) { return one_count; }',
  };
  assert.equal(check('circles.awk', { input: symbols(sources) }).status, 1);
});

test('an include that points up is found, one that points down is not', () => {
  const down = write('src/app/fine.c', '#include "base/log.h"\n');
  assert.equal(check('includes.awk', { files: [down] }).status, 0);
  const up = write('src/base/bad.c', '#include "app/booking.h"\n');
  const { status, stdout } = check('includes.awk', { files: [up] });
  assert.equal(status, 1);
  assert.match(stdout, /src\/base\/bad\.c:1: base may not use app/);
});

test('a foreign header outside its home is found', () => {
  const bad = write('src/app/curl.c', '#include <curl/curl.h>\n');
  assert.equal(check('includes.awk', { files: [bad] }).status, 1);
});

test('a file of over 600 lines is found, unless it says why', () => {
  const long = write('long.c', 'int x;\n'.repeat(601));
  const excused = write('excused.c', '/* It is over 600 lines: one table. */\n' + 'int x;\n'.repeat(601));
  const { status, stdout } = check('lengths.awk', { files: [long, excused] });
  assert.equal(status, 1);
  assert.match(stdout, /^long\.c: 601 lines/);
  assert.doesNotMatch(stdout, /excused/);
});

const WARNS = (parameters, lines) =>
  `int f(${Array.from({ length: parameters }, (_, i) => `int p${i}`).join(', ')})\n{\n` +
  '\tp0++;\n'.repeat(lines) +
  '\treturn p0;\n}\n';

test('a function of 61 lines or seven parameters is found', (t) => {
  if (spawnSync('clang-tidy-14', ['--version']).error) return t.skip('clang-tidy-14 is not installed');
  const tidy = (text) => {
    const file = write('size.c', `int f();\n${text}`);
    return spawnSync(
      'clang-tidy-14',
      [
        '--quiet',
        `--config-file=${path.join(ROOT, '.clang-tidy')}`,
        '--checks=-*,readability-function-size',
        file,
        '--',
      ],
      { cwd: folder, encoding: 'utf8' },
    ).stdout;
  };
  assert.equal(tidy(WARNS(6, 55)), '');
  assert.match(tidy(WARNS(6, 62)), /readability-function-size/);
  assert.match(tidy(WARNS(7, 1)), /readability-function-size/);
});

test('make goes on when nothing is there yet but what make deb has left', () => {
  fs.mkdirSync(path.join(folder, 'build/deb/bookingd/debian/bookingd/usr/lib/sysusers.d'), {
    recursive: true,
  });
  fs.copyFileSync(path.join(ROOT, 'Makefile'), path.join(folder, 'Makefile'));
  const { status, stderr } = spawnSync('make', ['help'], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
