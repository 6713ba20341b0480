// The C programs of this folder, each on a database of its own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, test } from 'node:test';
import { bookingd, createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { ROOT } from '../harness/run_folder.mjs';

after(stopOwnServer);

async function run(name, { migrated }) {
  const database = await createDatabase({ migrated });
  const { status, signal, stdout, stderr } = spawnSync(
    path.join(path.dirname(bookingd()), 'tests/db', name),
    [],
    {
      cwd: ROOT,
      env: { ...process.env, DATABASE_URL: database.url },
      encoding: 'utf8',
      timeout: 120_000,
    },
  );
  database.drop();
  assert.equal(status, 0, `${name} ended with ${status ?? signal}:\n${stdout}\n${stderr}`);
}

test('the database layer keeps what its headers promise', () => run('test_db', { migrated: false }));
test('every statement can be prepared against a freshly migrated database', () =>
  run('test_statements', { migrated: true }));
