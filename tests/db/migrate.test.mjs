// Migrations: once each, safe for several daemons at once, and refused where they would do harm.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { runBookingd } from '../harness/daemon.mjs';
import { bookingd, createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { ROOT, freePort } from '../harness/run_folder.mjs';

after(stopOwnServer);

const KNOWN = fs
  .readdirSync(path.join(ROOT, 'sql/migrations'))
  .filter((name) => name.endsWith('.sql')).length;
const APPLIED = 'SELECT version, name, checksum, applied_at FROM bookingd.migration ORDER BY version';
const LOCK = '7092451062087214692';

/** What it came to; each step is told before, one line each. */
function migrate(database) {
  const result = runBookingd(['migrate'], { env: { DATABASE_URL: database.url } });
  return { ...result, stdout: result.stdout.replace(/^bookingd: applying .*\n/gm, '') };
}

/** The same, without waiting for its end; `said` takes what it says. */
function migrateMeanwhile(database, said = () => {}) {
  const stdio = ['ignore', 'pipe', 'ignore'];
  const child = spawn(bookingd(), ['migrate'], { env: { DATABASE_URL: database.url }, stdio });
  child.stdout.on('data', said);
  return new Promise((resolve) => child.on('close', resolve));
}

test('an empty database gets every migration, a second run applies none', async () => {
  const database = await createDatabase({ migrated: false });
  assert.deepEqual(migrate(database), {
    code: 0,
    stdout: `bookingd: applied ${KNOWN} migration${KNOWN === 1 ? '' : 's'}, the schema is at version ${KNOWN}\n`,
    stderr: '',
  });
  const applied = database.rows(APPLIED);
  assert.equal(applied.length, KNOWN);
  assert.deepEqual(migrate(database), {
    code: 0,
    stdout: `bookingd: the schema is up to date (version ${KNOWN})\n`,
    stderr: '',
  });
  assert.deepEqual(database.rows(APPLIED), applied);
  database.drop();
});

test('ten that start at once apply each migration once, and all succeed', async () => {
  const database = await createDatabase({ migrated: false });
  const codes = await Promise.all(Array.from({ length: 10 }, () => migrateMeanwhile(database)));
  assert.deepEqual(codes, Array(10).fill(0));
  assert.equal(database.rows(APPLIED).length, KNOWN);
  database.drop();
});

test('one that waits for another says so every few seconds, and goes on when that one is done', async () => {
  const database = await createDatabase({ migrated: false });
  const holder = database.session();
  holder.send(`SELECT pg_advisory_lock(${LOCK});`);
  const locks = (granted) =>
    database.value(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted = ${granted}
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) > 0;
  await until('the lock', () => locks(true));
  let said = '';
  const waiting = migrateMeanwhile(database, (text) => {
    said += text;
  });
  await until('the migration to wait for it', () => locks(false));
  assert.equal(database.value(`SELECT to_regclass('bookingd.migration') IS NULL`), true);
  await until('it to say how long', () => /^bookingd: applying what is missing, \d+ s so far$/m.test(said));
  holder.close();
  assert.equal(await waiting, 0);
  database.drop();
});

test('a deadlock with those who book is no failed migration: it is tried again', async () => {
  const database = await createDatabase();
  database.run(`ALTER TABLE appointment DISABLE TRIGGER ALL; ALTER TABLE coach DISABLE TRIGGER coach_tell;
    DELETE FROM function_set; ALTER DATABASE ${database.name} SET deadlock_timeout = '3s'`);
  const booker = database.session();
  booker.send(`SET deadlock_timeout = '1min'; BEGIN; LOCK TABLE coach IN ROW EXCLUSIVE MODE;`);
  await until('the lock', () =>
    database.locks(`granted AND mode = 'RowExclusiveLock' AND relation = 'coach'::regclass`),
  );
  const migrated = migrateMeanwhile(database);
  await until('the migration to wait for it', () => database.waiting('repair_objects'));
  booker.send('LOCK TABLE appointment IN ROW EXCLUSIVE MODE; COMMIT;');
  assert.equal(await migrated, 0);
  await until('the deadlock to be counted', () =>
    database.value('SELECT deadlocks = 1 FROM pg_stat_database WHERE datname = current_database()'),
  );
  booker.close();
  database.drop();
});

test('an applied migration that differs is refused, and nothing is changed', async () => {
  const database = await createDatabase();
  database.run(`UPDATE bookingd.migration SET checksum = repeat('0', 64) WHERE version = 1`);
  const { code, stdout, stderr } = migrate(database);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^bookingd: migration 0001_\w+ differs from the one applied to this database: .*\n$/);
  database.drop();
});

test('a database that a newer bookingd has migrated is used as it is', async () => {
  const database = await createDatabase();
  database.run(`INSERT INTO bookingd.migration (version, name, checksum) VALUES (9000, 'future', 'x');
    DELETE FROM bookingd.function_set;
    CREATE OR REPLACE FUNCTION bookingd.lock_client(p_user text) RETURNS void LANGUAGE sql AS 'SELECT';
    SELECT bookingd.record_objects()`);
  assert.deepEqual(migrate(database), {
    code: 0,
    stdout: `bookingd: the schema is of a newer bookingd (version 9000, this one knows ${KNOWN}) and is used as it is\n`,
    stderr: '',
  });
  assert.equal(database.value(`SELECT prosrc FROM pg_proc WHERE proname = 'lock_client'`), 'SELECT');
  database.drop();
});

test('functions are applied when they are not those of this release, and not when a later one has replaced them', async () => {
  const database = await createDatabase();
  const source = () => database.value(`SELECT prosrc FROM pg_proc WHERE proname = 'lock_client'`);
  const ours = source();
  database.run(`CREATE OR REPLACE FUNCTION bookingd.lock_client(p_user text) RETURNS void LANGUAGE sql AS 'SELECT';
    UPDATE bookingd.function_set SET checksum = 'of an earlier release'`);
  assert.equal(
    migrate(database).stdout,
    `bookingd: applied the functions of this release, the schema is at version ${KNOWN}\n`,
  );
  assert.equal(source(), ours);
  database.run(`CREATE OR REPLACE FUNCTION bookingd.lock_client(p_user text) RETURNS void LANGUAGE sql AS 'SELECT';
    INSERT INTO bookingd.function_set (checksum) VALUES ('of a later release');
    SELECT bookingd.record_objects()`);
  assert.match(migrate(database).stdout, /is up to date/);
  assert.equal(source(), 'SELECT');
  database.drop();
});

test('a migration that fails leaves nothing behind, and is named', async () => {
  const database = await createDatabase({ migrated: false });
  database.run('CREATE SCHEMA bookingd; CREATE TABLE bookingd.appointment (in_the_way integer)');
  const { code, stderr } = migrate(database);
  assert.equal(code, 1);
  assert.match(stderr, /^bookingd: migration 0001_\w+: 42P07 relation "appointment" already exists\n$/);
  assert.deepEqual(
    database.rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'bookingd' ORDER BY 1`),
    [{ tablename: 'appointment' }],
  );
  database.drop();
});

test('a database that cannot hold what people write is refused before anything is in it', async () => {
  for (const encoding of ['LATIN1', 'SQL_ASCII']) {
    const database = await createDatabase({ migrated: false, encoding });
    const { code, stderr } = migrate(database);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `bookingd: the database's encoding is ${encoding}, not UTF8: make it anew by createdb --encoding=UTF8 --template=template0\n`,
    );
    assert.equal(database.value(`SELECT to_regnamespace('bookingd')::text`), null);
    database.drop();
  }
});

test('a role that may create nothing is told so; in a schema of its own it needs no more', async () => {
  const database = await createDatabase({ migrated: false });
  const role = `${database.name}_role`;
  database.run(`CREATE ROLE ${role} LOGIN; REVOKE ALL ON SCHEMA public FROM public`);
  const url = new URL(database.url);
  url.username = role;
  const refused = migrate({ url: url.href });
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^bookingd: creating the schema "bookingd": 42501 permission denied for database .*\n$/,
  );
  database.run(`CREATE SCHEMA bookingd AUTHORIZATION ${role}; CREATE EXTENSION btree_gist`);
  assert.equal(migrate({ url: url.href }).code, 0);
  database.drop();
});

test('with PostgreSQL away it says so in one line and fails', async () => {
  const { code, stderr } = migrate({ url: `postgresql://postgres@127.0.0.1:${await freePort()}/none` });
  assert.equal(code, 1);
  assert.match(stderr, /^bookingd: cannot connect to the database: .*Connection refused.*\n$/);
});

test('tables of a platform with our names in the same database are left alone', async () => {
  const database = await createDatabase({ migrated: false });
  database.run(
    'CREATE TABLE public.appointment (theirs integer); CREATE TABLE public.schema_migration (theirs integer)',
  );
  assert.equal(migrate(database).code, 0);
  assert.deepEqual(
    database.rows(
      `SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name IN ('appointment', 'schema_migration')`,
    ),
    [{ column_name: 'theirs' }, { column_name: 'theirs' }],
  );
  database.drop();
});
