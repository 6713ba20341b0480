// The container image: built from the sources, small, and run as it is meant to be: as nobody, with nothing to write to.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { Client } from '../harness/http.mjs';
import { bookingd, createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { ROOT, freePort } from '../harness/run_folder.mjs';
import { openSchedule } from '../harness/stack.mjs';
import { mintHS256 } from '../harness/tokens.mjs';
import { Image, packagesLinked, packagesOf, whyNoImage } from './image.mjs';

const CONTAINERFILE = path.join(ROOT, 'config/Containerfile');
const SECRET = 'a-secret-of-thirty-two-characters-or-more';
const MEGABYTE = 1_000_000;
const why = whyNoImage();
const skip = why ?? false;

let image, cannotRun;
before(() => {
  if (skip) return;
  image = Image.build();
  cannotRun = image.whyNotRun();
});
after(async () => {
  image?.remove();
  await stopOwnServer();
});

test('it is under 60 MB as it is pulled', { skip }, (t) => {
  const size = image.compressedSize();
  t.diagnostic(`${(size / MEGABYTE).toFixed(1)} MB`);
  assert.ok(size < 60 * MEGABYTE, `${size} bytes`);
});

test('it runs as a user without a name and says whether it is well', { skip }, () => {
  const { Config, Healthcheck, HealthCheck } = image.inspect();
  assert.equal(Config.User, '10001:10001');
  assert.deepEqual(Config.Entrypoint, ['/usr/bin/bookingd']);
  const check = Config.Healthcheck ?? Healthcheck ?? HealthCheck;
  assert.deepEqual(check.Test, ['CMD', '/usr/bin/bookingd', 'healthcheck']);
});

test('it installs what the daemon links, and what that reads', { skip }, () => {
  const linked = packagesLinked(bookingd());
  for (const name of packagesOf(CONTAINERFILE).filter(
    (each) => !['ca-certificates', 'tzdata'].includes(each),
  ))
    assert.ok(linked.has(name), `${name} is installed, but not linked`);
});

test('with nothing to write to and no right it serves, is healthy, books, and ends in order', {
  skip,
}, async (t) => {
  if (cannotRun) return t.skip(cannotRun);
  const database = await createDatabase({ migrated: false });
  const port = await freePort();
  const settings = {
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: SECRET,
    COACH_ID: 'damian',
    COACH_SCHEDULE: JSON.stringify(openSchedule()),
    PORT: String(port),
    BIND_ADDRESS: '127.0.0.1',
  };
  const variables = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const name = image.start('bookingd', variables);
  const client = new Client(`http://127.0.0.1:${port}`, {
    token: mintHS256(SECRET, { sub: 'ann', email: 'ann@example.org' }),
  });
  await until(
    'the container to be ready',
    async () => {
      try {
        return (await client.get('/readyz')).status === 200;
      } catch {
        return false;
      }
    },
    60_000,
  );
  assert.match(image.podman('exec', name, 'id'), /uid=10001/);
  assert.notEqual(image.try('exec', name, 'touch', '/tmp/x').code, 0, 'its root is read-only');
  assert.equal(image.try('healthcheck', 'run', name).code, 0);
  const { slots } = (await client.get('/booking/availability?duration=30')).body;
  const made = await client.post('/booking/create', { start: slots[0].start, duration_minutes: 30 });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  client.close();
  const health = image.run(variables, ['doctor']);
  assert.match(health.out, /^ok +database/m, `${health.out}${health.err}`);
  image.podman('stop', '--time', '40', name);
  assert.equal(image.podman('inspect', '--format', '{{.State.ExitCode}}', name).trim(), '0');
  database.drop();
});
