// `bookingd backup-check` says of a dump, without a database, whether it has everything; `bookingd migrate --plan` says what
// would be done, and does nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import { runBookingd } from '../harness/daemon.mjs';
import { bookingd, createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';

let database;
let folder;
before(async () => {
  database = await createDatabase();
  folder = temporaryFolder('dumps');
});
after(async () => {
  database.drop();
  await stopOwnServer();
});

const WHOLE = ['--schema=bookingd', '--extension=btree_gist'];

function dump(name, ...options) {
  const file = path.join(folder, name);
  execFileSync('pg_dump', [...options, `--file=${file}`, '-d', database.url]);
  return file;
}
const check = (file) => runBookingd(['backup-check', file]);

for (const [name, ...options] of [
  ['custom.dump', '--format=custom', ...WHOLE],
  ['plain.sql', ...WHOLE],
  ['all.dump', '--format=custom'],
  ['archive.tar', '--format=tar', ...WHOLE],
])
  test(`a whole dump is good: pg_dump ${options.join(' ')}`, () => {
    const { code, stdout } = check(dump(name, ...options));
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^ok +objects +all \d{3,} of the record$/m);
    assert.match(stdout, /^ok +appointments +0$/m);
  });

for (const [missing, name, ...options] of [
  [/extension btree_gist/, 'extension.dump', '--format=custom', '--schema=bookingd'],
  [/extension btree_gist/, 'extension.sql', '--schema=bookingd'],
  [
    /the rows of table appointment/,
    'rows.dump',
    '--format=custom',
    '--exclude-table-data=bookingd.appointment',
    ...WHOLE,
  ],
  [/table coach$/m, 'table.sql', '--exclude-table=bookingd.coach', ...WHOLE],
  [/constraint appointment_overlap/, 'data.sql', '--data-only', '--schema=bookingd'],
  [/no backup of bookingd, or one without its rows/, 'schema.sql', '--schema-only'],
  [/without --inserts/, 'inserts.sql', '--inserts', ...WHOLE],
  [/without --quote-all-identifiers/, 'quoted.dump', '--format=custom', '--quote-all-identifiers', ...WHOLE],
])
  test(`what is missing is named: pg_dump ${options.join(' ')}`, () => {
    const { code, stdout } = check(dump(name, ...options));
    assert.equal(code, 1, stdout);
    assert.match(stdout, missing);
  });

test('what is another than was recorded is named, though it has its name', async () => {
  const weak = await createDatabase();
  const differs = (sql) => {
    if (sql) weak.run(sql);
    return [[], ['--format=custom']].map((format, i) => {
      const file = path.join(folder, `weak-${i}`);
      execFileSync('pg_dump', [...format, ...WHOLE, `--file=${file}`, '-d', weak.url]);
      const { code, stdout } = check(file);
      return [code, ...[...stdout.matchAll(/^FAIL +differs +(.*)$/gm)].map(([, what]) => what)];
    });
  };
  const both = (...lines) => [lines, lines];
  assert.deepEqual(differs(''), both(0));
  const found = [];
  for (const [sql, what] of [
    [
      `CREATE OR REPLACE FUNCTION lock_client(p_user text) RETURNS void LANGUAGE plpgsql AS 'begin end'`,
      'function lock_client',
    ],
    ['ALTER FUNCTION lock_day(text, timestamptz) SET search_path = public', 'function lock_day'],
    [
      `ALTER TABLE appointment DROP CONSTRAINT appointment_overlap, ADD CONSTRAINT appointment_overlap EXCLUDE USING gist
         (hashtextextended(coach_id, 0) WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status = 'scheduled')`,
      'constraint appointment_overlap',
    ],
    [
      `DROP INDEX appointment_open_hold; CREATE INDEX appointment_open_hold ON appointment (user_id)`,
      'index appointment_open_hold',
    ],
    [
      `CREATE OR REPLACE TRIGGER coach_tell AFTER DELETE ON coach FOR EACH ROW EXECUTE FUNCTION tell_coach()`,
      'trigger coach_tell',
    ],
  ]) {
    found.push(what);
    for (const [code, ...named] of differs(sql))
      assert.deepEqual([code, ...named.sort()], [1, ...found.sort()]);
  }
  weak.run(`CREATE FUNCTION zzz_theirs() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 1; END`);
  assert.equal(differs('')[0].length, 1 + found.length);
  assert.equal(runBookingd(['migrate'], { env: { DATABASE_URL: weak.url } }).code, 0);
  assert.deepEqual(differs(''), both(0));
  weak.drop();
});

test('a dump that was cut off, no dump and no file are refused', () => {
  for (const [whole, cut, wanted] of [
    [dump('cut.dump', '--format=custom', ...WHOLE), 'half.dump', /pg_restore cannot read it to its end/],
    [dump('cut.sql', ...WHOLE), 'half.sql', /the dump was cut off/],
    // On which pg_restore of PostgreSQL 15 never ends.
    [dump('cut.tar', '--format=tar', ...WHOLE), 'half.tar', /the dump was cut off/],
  ]) {
    const text = fs.readFileSync(whole);
    const half = path.join(folder, cut);
    fs.writeFileSync(half, text.subarray(0, text.length / 2));
    const { code, stdout } = check(half);
    assert.equal(code, 1);
    assert.match(stdout, wanted);
  }
  const packed = path.join(folder, 'packed.sql.gz');
  fs.writeFileSync(packed, zlib.gzipSync(fs.readFileSync(path.join(folder, 'cut.sql'))));
  const { code, stdout } = check(packed);
  assert.equal(code, 1);
  assert.match(stdout, /^FAIL +file +it is compressed: unpack it first \(gzip -d\)$/m);
  assert.equal(check('/etc/passwd').code, 1);
  assert.match(check(path.join(folder, 'none')).stdout, /No such file/);
  assert.equal(runBookingd(['backup-check']).code, 2);
});

test('the lines of the manual bring a backup back, also where the role of the daemon is not there', async () => {
  const manual = fs.readFileSync(path.join(ROOT, 'config', 'README.md'), 'utf8');
  const block = /^### Backing up$[^]*?^```sh\n([^]*?)^```$/m.exec(manual)[1];
  const whole = await createDatabase();
  const owner = `${whole.name}_owner`;
  const role = `${whole.name}_daemon`;
  whole.run(`CREATE ROLE ${owner} LOGIN; ALTER DATABASE ${whole.name} OWNER TO ${owner}`);
  const as = (name) => Object.assign(new URL(whole.url), { username: owner, pathname: `/${name}` }).href;
  const server = new URL(whole.url);
  const cwd = temporaryFolder('manual');
  const run = (lines) =>
    execFileSync(
      'sh',
      [
        '-euc',
        lines.join('\n').replace('restored --owner booker', `${whole.name}_restored --owner ${owner}`),
      ],
      {
        cwd,
        encoding: 'utf8',
        env: {
          ...process.env,
          PATH: `${path.dirname(path.resolve(bookingd()))}:${process.env.PATH}`,
          PGHOST: server.hostname,
          PGPORT: server.port,
          PGUSER: server.username,
          DATABASE_URL: whole.url,
          RESTORED_URL: as(`${whole.name}_restored`),
          PORT: '0',
        },
      },
    );
  const lines = block.trim().split('\n');
  const { stdout: grants } = runBookingd(['grants', role]);
  whole.run(grants);
  assert.match(run(lines.slice(0, 2)), /^ok +objects/m);
  whole.run(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  assert.match(run(lines.slice(2)), /^ok +overlaps +no two appointments/m);
  whole.run(
    `DROP DATABASE ${whole.name}_restored; ALTER DATABASE ${whole.name} OWNER TO postgres; DROP ROLE ${owner}`,
  );
  whole.drop();
});

test('migrate --plan names each step and how long it took, changes nothing, and says by its exit code whether there is one', async () => {
  const empty = await createDatabase({ migrated: false });
  const plan = (args = ['--plan']) => runBookingd(['migrate', ...args], { env: { DATABASE_URL: empty.url } });
  const planned = plan();
  assert.equal(planned.code, 1);
  const steps = planned.stdout.trimEnd().split('\n');
  assert.match(steps[0], /^would apply: migration 0001_schema \(/);
  assert.equal(steps.at(-2), 'would apply: the functions of this release (under a second)');
  // Each was measured (sql/migrations/seconds.txt).
  for (const step of steps.slice(0, -2))
    assert.match(step, / \((under a second|about \d+ s) on a million appointments\)$/);
  assert.equal(empty.value(`SELECT count(*) FROM pg_namespace WHERE nspname = 'bookingd'`), 0);
  const done = plan([]);
  assert.equal(done.code, 0);
  assert.match(done.stdout, /^bookingd: applying migration 0001_schema\n/);
  const after = plan();
  assert.deepEqual([after.code, /up to date/.test(after.stdout)], [0, true]);
  assert.equal(plan(['--plans']).code, 2);
  empty.drop();
});
