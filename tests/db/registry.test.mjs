// The two awk programs that turn SQL files into tables: what they write, and which mistakes stop the build.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';

let folders = 0;

/** Runs one of the programs on `files` ({ name: text }). */
function generate(program, files) {
  const folder = path.join(temporaryFolder('registry'), String(++folders));
  fs.mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  const paths = Object.keys(files)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => path.join(folder, name));
  const { status, stdout, stderr } = spawnSync(
    'awk',
    ['-f', path.join(ROOT, 'sql', program), ...paths, '/dev/null'],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

const queries = (text, more = {}) => generate('queries.awk', { 'a.sql': text, ...more });

test('a statement becomes a row: name, shape, highest parameter, text without comments', () => {
  const { status, stdout } = queries(
    '-- About.\n\n-- name: thing_get one\n-- why $9\nselect a -- not a $ number\nfrom thing where x = $2 and y = $12\n\n-- name: thing_drop exec\ndelete from thing\n',
  );
  assert.equal(status, 0);
  assert.equal(
    stdout,
    'QUERY(THING_GET, "thing_get", QUERY_SHAPE_ONE, false, 12,\n\t"select a -- not a $ number\\n"\n\t"from thing where x = $2 and y = $12\\n")\n' +
      'QUERY(THING_DROP, "thing_drop", QUERY_SHAPE_EXEC, false, 0,\n\t"delete from thing\\n")\n',
  );
});

test('quotes and backslashes survive', () => {
  assert.ok(
    queries(String.raw`-- name: a many
select "x" || E'\n\\'
`).stdout.includes(String.raw`"select \"x\" || E'\\n\\\\'\n"`),
  );
});

test('mistakes stop the build and are named with their place', () => {
  const mistakes = [
    ['-- name: a\nselect 1\n', ':1: expected `-- name:'],
    ['-- name: a several\nselect 1\n', ':1: expected `-- name:'],
    ['-- name: Wrong one\nselect 1\n', ':1: expected `-- name:'],
    ['select 1\n', ':1: a statement without a name above it'],
    ['-- name: a one\nselect 1\n-- name: a one\nselect 2\n', ':3: a second statement called a'],
    ['-- name: a one\n-- name: b one\nselect 2\n', 'the statement a is empty'],
    ['-- name: a one\n', 'the statement a is empty'],
  ];
  for (const [text, complaint] of mistakes) {
    const { status, stderr } = queries(text);
    assert.equal(status, 1, text);
    assert.ok(stderr.includes(complaint), `${JSON.stringify(text)}: ${stderr}`);
  }
  assert.ok(
    queries('-- name: a one\nselect 1\n', { 'b.sql': '-- name: a one\nselect 1\n' }).stderr.includes(
      'b.sql:1: a second statement',
    ),
  );
});

test('migrations carry version, name, checksum, text, and the seconds they took', () => {
  const text = 'create table "t" (a text default E\'\\n\');\n-- $1\n';
  const { status, stdout } = generate('migrations.awk', {
    '0001_first.sql': text,
    '0002_second.sql': 'select 1;\n',
    'seconds.txt': '# on a million rows\n0002 1.5\n',
  });
  assert.equal(status, 0);
  const sum = (what) => createHash('sha256').update(what).digest('hex');
  assert.equal(
    stdout,
    `MIGRATION(1, "first", "${sum(text)}", -1,\n\t"create table \\"t\\" (a text default E'\\\\n');\\n"\n\t"-- $1\\n"\n)\n` +
      `MIGRATION(2, "second", "${sum('select 1;\n')}", 1.5,\n\t"select 1;\\n"\n)\n`,
  );
});

test('a gap between migrations and a bad name stop the build', () => {
  for (const files of [
    { '0002_second.sql': 'x' },
    { '0001_a.sql': 'x', '0003_c.sql': 'x' },
    { '0001_Big.sql': 'x' },
    { '1_a.sql': 'x' },
  ]) {
    const { status, stderr } = generate('migrations.awk', files);
    assert.equal(status, 1, JSON.stringify(files));
    assert.match(stderr, /expected 000\d_some_name\.sql here/);
  }
});

test('functions carry their file and text, and one checksum for all', () => {
  const text = 'create or replace function "f"() returns void language sql as $$ $$;\n';
  const { status, stdout } = generate('functions.awk', { 'a.sql': text, 'b.sql': '-- nothing\n' });
  assert.equal(status, 0);
  assert.equal(
    stdout,
    'FUNCTIONS("a.sql",\n\t"create or replace function \\"f\\"() returns void language sql as $$ $$;\\n"\n)\n' +
      'FUNCTIONS("b.sql",\n\t"-- nothing\\n"\n)\n' +
      `CHECKSUM("${createHash('sha256').update(`${text}-- nothing\n`).digest('hex')}")\n`,
  );
});

test('a function that does not replace itself, and a bad name, stop the build', () => {
  const plain = generate('functions.awk', {
    'a.sql': '\ncreate function f() returns void language sql as $$ $$;\n',
  });
  assert.equal(plain.status, 1);
  assert.match(plain.stderr, /a\.sql: line 2: expected `create or replace function`/);
  assert.equal(generate('functions.awk', { '1.sql': '-- x\n' }).status, 1);
});
