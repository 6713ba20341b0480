// A pooler between the daemon and PostgreSQL: its session mode serves; in its transaction mode notifications get lost, so
// the daemon is not ready and says so.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.mjs';
import { Pooler } from '../harness/pooler.mjs';
import { createDatabase, stopOwnServer } from '../harness/postgres.mjs';

const settings = (url) => ({
  DATABASE_URL: url,
  AUTH_JWT_SECRET: 'a secret of the tests that is long enough',
  COACH_ID: 'damian',
});

let database;
before(async () => {
  database = await createDatabase();
});
after(async () => {
  database.drop();
  await stopOwnServer();
});

const REMEDY =
  /a pooler in transaction mode .* use its session mode, or name PostgreSQL itself in DATABASE_URL/;

for (const size of [1, 4])
  test(`transaction mode with ${size} connection${size === 1 ? '' : 's'}: not ready, and told once why`, async () => {
    const pooler = await Pooler.start({ url: database.url, mode: 'transaction', size });
    const daemon = await Daemon.start({ env: settings(pooler.url), ready: false });
    await daemon.logged('database_not_heard', 20_000);
    assert.equal((await daemon.client.get('/readyz')).status, 503);
    assert.equal((await daemon.client.get('/health')).body.database.state, 'unavailable');
    assert.equal(daemon.events('database_not_heard').length, 1);
    assert.match(daemon.events('database_not_heard')[0].detail, REMEDY);
    await daemon.stop();
    await pooler.stop();
  });

test('session mode: ready, and changes are heard', async () => {
  const pooler = await Pooler.start({ url: database.url, mode: 'session', size: 60 });
  const daemon = await Daemon.start({ env: settings(pooler.url) });
  assert.equal(daemon.events('database_not_heard').length, 0);
  await daemon.stop();
  await pooler.stop();
});
