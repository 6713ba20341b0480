// bookingd doctor: one line a check, with the remedy; exit 1 if any fails.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { runBookingd } from '../harness/daemon.mjs';
import { createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { freePort, runFolder } from '../harness/run_folder.mjs';

after(stopOwnServer);

const SECRET = 'a-secret-of-thirty-two-characters-or-more';

/** The findings as { subject: [state, text] }, each line having the form of one. */
function doctor(env) {
  const { code, stdout, stderr } = runBookingd(['doctor'], { env });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => /^(ok|note|FAIL) +(\S+(?: \S+)?) {2,}(.+)$/.exec(line) ?? assert.fail(line));
  const of = (subject) => lines.filter((line) => line[2] === subject).map((line) => `${line[1]} ${line[3]}`);
  return { code, stderr, of, failed: lines.filter((line) => line[1] === 'FAIL').map((line) => line[2]) };
}

test('a good installation has no failure', async () => {
  const database = await createDatabase();
  const { code, stderr, of, failed } = doctor({
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: SECRET,
    COACH_ID: 'damian',
  });
  assert.deepEqual(failed, []);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.match(of('database')[0], /^ok PostgreSQL 1[5-9]/);
  assert.match(of('zone data')[0], /^(ok|note) release 20\d\d[a-z]/);
  assert.deepEqual(of('btree_gist'), ['ok installed']);
  assert.match(of('schema')[0], /^ok .*up to date/);
  assert.deepEqual(of('clock'), ["ok agrees with the database's"]);
  assert.deepEqual(of('coaches'), ['note damian will be made when the daemon starts']);
  database.drop();
});

test('zone data of a former year, behind the installed package, or of unknown age is noted', () => {
  const folder = fs.mkdtempSync(path.join(runFolder(), 'zones-'));
  const zones = (first) => {
    if (first) fs.writeFileSync(path.join(folder, 'tzdata.zi'), `${first}\n`);
    return doctor({
      DATABASE_URL: 'postgresql://nowhere.invalid/x',
      AUTH_JWT_SECRET: SECRET,
      TZDIR: folder,
    }).of('zone data');
  };
  assert.match(zones()[0], /^FAIL there is none; install the package tzdata/);
  for (const name of ['America/New_York', 'Australia/Lord_Howe']) {
    fs.mkdirSync(path.join(folder, path.dirname(name)));
    fs.copyFileSync(path.join('/usr/share/zoneinfo', name), path.join(folder, name));
  }
  assert.match(zones()[0], /^note release unknown .*install the package tzdata/);
  assert.match(
    zones('# version 1999a')[0],
    /^note release 1999a is older than the installed package tzdata.*\(20\d\d[a-z]+\)/,
  );
  assert.match(zones('# version 2099a')[0], /^ok release 2099a$/);
  assert.match(zones('a line of another kind')[0], /^note release unknown/);
});

test('an empty database is noted when the daemon will migrate it, and a failure when it will not', async () => {
  const database = await createDatabase({ migrated: false });
  const env = { DATABASE_URL: database.url, AUTH_JWT_SECRET: SECRET };
  assert.match(doctor(env).of('schema')[0], /^note version 0 of \d+; the daemon brings it up to date/);
  const manual = doctor({ ...env, MIGRATE: '0' });
  assert.match(manual.of('schema')[0], /^FAIL \d+ migrations? to apply: run bookingd migrate/);
  assert.equal(manual.code, 1);
  database.drop();
});

test('a database that is away fails, with the reason', async () => {
  const { code, of } = doctor({
    DATABASE_URL: `postgresql://u@127.0.0.1:${await freePort()}/x`,
    AUTH_JWT_SECRET: SECRET,
  });
  assert.equal(code, 1);
  assert.match(of('database')[0], /^FAIL .*Connection refused.*DATABASE_URL/);
});

test('a session query is tried: bad SQL and a missing user_id are told', async () => {
  const database = await createDatabase();
  database.run('CREATE TABLE session (id uuid, "user" text)');
  const ask = (query) => doctor({ DATABASE_URL: database.url, AUTH_SESSION_QUERY: query });
  assert.deepEqual(ask('SELECT "user" AS user_id FROM session WHERE id = $1').of('identity'), [
    'ok AUTH_SESSION_QUERY can be run',
  ]);
  assert.match(
    ask('SELECT "user" FROM session WHERE id::text = $1').of('identity')[0],
    /^FAIL .* no column user_id/,
  );
  assert.match(
    ask('SELECT "user" AS user_id FROM sessions WHERE id = $1').of('identity')[0],
    /^FAIL AUTH_SESSION_QUERY: .*42P01/,
  );
  assert.match(ask("SELECT 1 AS user_id WHERE $1 = ''; DROP TABLE session").of('identity')[0], /^FAIL/);
  assert.equal(database.value("SELECT to_regclass('session') IS NOT NULL"), true);
  database.drop();
});

test('without any way to sign in, or with a guessable secret, it says so', async () => {
  const database = await createDatabase();
  assert.match(doctor({ DATABASE_URL: database.url }).of('identity')[0], /^note nobody can sign in/);
  assert.match(
    doctor({ DATABASE_URL: database.url, AUTH_JWT_SECRET: 'short' }).of('identity')[0],
    /^note .*shorter than 32 bytes/,
  );
  database.drop();
});
