// A database of the release before is taken over as it is, and that release's daemons go on while it is.
//
// former/0b18508.sql is such a database, filled by its own binary; the binary itself is built from the history.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { Daemon, runBookingd } from '../harness/daemon.mjs';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { Google } from '../harness/google.mjs';
import { Client } from '../harness/http.mjs';
import { bookingd, createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';
import { mintHS256 } from '../harness/tokens.mjs';

const FORMER = '0b18508';
const SECRET = 'a secret of the tests that is long enough';
/** What sealed the consent in the dump. */
const KEY = Buffer.from('a key of thirty-two bytes, tests').toString('base64');
const TABLES = ['appointment', 'audit', 'coach', 'coach_calendar', 'google_grant', 'idempotency_key'];

after(stopOwnServer);

/** The dump in a database of its own, its appointments in the days to come. */
async function formerDatabase() {
  const database = await createDatabase({ migrated: false });
  database.run(fs.readFileSync(path.join(ROOT, `tests/db/former/${FORMER}.sql`), 'utf8'));
  database.run(`
    UPDATE bookingd.appointment SET starts_at = starts_at + by, ends_at = ends_at + by, blocked_from = blocked_from + by,
      blocked_to = blocked_to + by, hold_expires_at = CASE WHEN status = 'held' THEN now() + interval '10 min' END
    FROM (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') + interval '2 days' - '2026-11-30' AS by) days;
    UPDATE bookingd.idempotency_key SET created_at = now()`);
  return database;
}

const contents = (database) =>
  Object.fromEntries(
    TABLES.map((table) => [table, database.rows(`SELECT * FROM bookingd.${table} ORDER BY 1, 2`)]),
  );
/** `rows` with the columns that `like` has: a later migration may have added some. */
const columnsOf = (like, rows) =>
  Object.fromEntries(
    Object.entries(rows).map(([table, list]) => [
      table,
      list.map((row) =>
        Object.fromEntries(Object.keys(like[table][0]).map((column) => [column, row[column]])),
      ),
    ]),
  );
const migrate = (database) => runBookingd(['migrate'], { env: { DATABASE_URL: database.url } });
const settings = (database) => ({
  DATABASE_URL: database.url,
  AUTH_JWT_SECRET: SECRET,
  RATE_LIMIT_READ: '0',
  RATE_LIMIT_BOOK: '0',
  RATE_LIMIT_ADDRESS: '0',
});
const clientOf = (daemon, user, claims = {}) =>
  new Client(daemon.url, {
    token: mintHS256(SECRET, { sub: user, name: user, email: `${user}@client.test`, ...claims }),
  });

/** The statements that make the schema. The one comment tells of the rows of this very database's catalog. */
const schemaOf = (database) =>
  execFileSync('pg_dump', ['-d', database.url, '--schema-only', '--no-comments'], { encoding: 'utf8' })
    .split(/\n\n\n/)
    .map((statement) => statement.replace(/^(--|\\(un)?restrict).*$/gm, '').trim());

describe('a database of the release before', () => {
  let database;
  let was;
  before(async () => {
    database = await formerDatabase();
    was = contents(database);
  });
  after(() => database.drop());

  test('is taken over with every row as it was', () => {
    const { code, stdout } = migrate(database);
    assert.equal(code, 0);
    assert.match(stdout, /\nbookingd: applied \d+ migrations?, the schema is at version \d+\n$/);
    for (const table of TABLES) assert.ok(was[table].length > 0, `${table} has rows`);
    const now = columnsOf(was, contents(database));
    // But for the tokens of feeds, which are kept as digests from now on.
    for (const [i, coach] of was.coach.entries()) {
      const digest = createHash('sha256').update(coach.feed_token).digest('hex');
      assert.equal(now.coach[i].feed_token, `sha256:${digest}`);
      now.coach[i].feed_token = coach.feed_token;
    }
    assert.deepEqual(now, was);
    assert.match(migrate(database).stdout, /is up to date/);
  });

  test('has the very schema that a new one has', async () => {
    const fresh = await createDatabase();
    const [taken, made] = [schemaOf(database), schemaOf(fresh)];
    assert.deepEqual(
      [taken.filter((one) => !made.includes(one)), made.filter((one) => !taken.includes(one))],
      [[], []],
    );
    assert.equal(taken.length, made.length);
    fresh.drop();
  });

  test('is served: appointments, a hold, a kept reply, and the sealed consent', async () => {
    const google = await Google.start();
    const { web } = JSON.parse(fs.readFileSync(google.oauth_client, 'utf8'));
    const env = {
      ...settings(database),
      GOOGLE_CALENDAR_API: google.calendar_api,
      GOOGLE_OAUTH_TOKEN_URL: google.token_url,
      GOOGLE_OAUTH_CLIENT_ID: web.client_id,
      GOOGLE_OAUTH_CLIENT_SECRET: web.client_secret,
      GOOGLE_OAUTH_AUTH_URL: google.auth_url,
      GOOGLE_OAUTH_REVOKE_URL: google.revoke_url,
    };
    const wrong = runBookingd(['serve'], {
      env: { ...env, PORT: '0', TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
    });
    assert.notEqual(wrong.code, 0, 'a key that does not open the consent');
    const daemon = await Daemon.start({ env: { ...env, TOKEN_ENCRYPTION_KEY: KEY } });
    const coach = clientOf(daemon, 'the-coach', { role: 'coach', coach: 'damian' });
    const connected = await until('the consent to be used', async () => {
      const { body } = await coach.get('/coach/damian/google');
      return body.state === 'needs_consent' && body; // it was opened and shown; this Google does not know it
    });
    assert.equal(connected.account, 'coach@gmail.com');
    assertStatus(await coach.delete('/coach/damian/google'), 204);
    const [ann, hal, zoe] = ['ann', 'hal', 'zoe'].map((user) => clientOf(daemon, user));
    const { appointments } = assertStatus(await ann.get('/booking/user/me'), 200);
    assert.deepEqual(
      appointments.map(({ status, notes }) => [status, notes]),
      [['scheduled', 'A note']],
    );
    assertProblem(
      await zoe.post('/booking/create', { start: appointments[0].start, duration_minutes: 30 }),
      409,
      'slot_taken',
    );

    const first = {
      start: '2026-11-30T01:00:00Z',
      duration_minutes: 30,
      notes: 'A note',
      phone: '+43 1 234',
    };
    const again = await ann.post('/booking/create', first, { 'idempotency-key': 'ann-1' });
    assert.equal(assertStatus(again, 201).id, appointments[0].id);

    const held = database.value(`SELECT id FROM appointment WHERE user_id = 'hal'`);
    assert.equal(assertStatus(await hal.put(`/booking/${held}/confirm`, {}), 200).status, 'scheduled');
    for (const client of [ann, hal, zoe, coach]) client.close();
    await daemon.stop();
    await google.stop();
  });

  test('that lost the exclusion constraint is refused by name', async () => {
    const broken = await formerDatabase();
    broken.run('ALTER TABLE bookingd.appointment DROP CONSTRAINT appointment_overlap');
    const { code, stderr } = migrate(broken);
    assert.equal(code, 1);
    assert.match(stderr, /the constraint appointment_overlap is missing: restore a complete backup/);
    broken.drop();
  });

  test('that lacks one of its migrations is refused', async () => {
    const older = await formerDatabase();
    older.run('DELETE FROM bookingd.schema_migration WHERE version = 9');
    const { code, stderr } = migrate(older);
    assert.equal(code, 1);
    assert.match(stderr, /^bookingd: the database has 8 of the 9 migrations of the releases before: .*\n$/);
    older.drop();
  });
});

/** The binary of the release before, built from the history; null, and why, where it cannot be. */
function formerBinary() {
  const folder = path.join(temporaryFolder('former'), 'source');
  fs.mkdirSync(folder, { recursive: true });
  const archive = spawnSync('git', ['archive', FORMER], { cwd: ROOT, maxBuffer: 1 << 28 });
  if (archive.status !== 0) return [null, `the history does not reach back to ${FORMER}`];
  execFileSync('tar', ['x', '-C', folder], { input: archive.stdout });
  // Its own sources as it built them: neither our flags nor our build folder.
  const env = { ...process.env };
  for (const name of Object.keys(env))
    if (/^(MAKE|MFLAGS|BUILD|SANITIZE|WERROR|VERSION)/.test(name)) delete env[name];
  execFileSync('make', ['-s', '-j2', 'all', 'OPTIMIZE=-O1'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return [path.join(folder, 'build/bookingd'), null];
}

describe('the release before', async () => {
  const [binary, why] = formerBinary();
  const options = { skip: why ?? false };
  const former = bookingd();
  /** Runs `work` with the former binary in the place of ours. */
  async function asFormer(work) {
    process.env.BOOKINGD = binary;
    try {
      return await work();
    } finally {
      process.env.BOOKINGD = former;
    }
  }

  test(
    'answers every request while the schema is migrated under it, and is restarted on it',
    options,
    async () => {
      const database = await formerDatabase();
      const daemon = await asFormer(() =>
        Daemon.start({ env: { ...settings(database), TOKEN_ENCRYPTION_KEY: KEY } }),
      );
      const day = Math.floor(Date.now() / 86_400_000) + 4;
      const slot = (n) => new Date(day * 86_400_000 + n * 1_800_000).toISOString().replace('.000', '');
      let stop = false;
      let booked = 0;
      const load = (async () => {
        for (let n = 0; !stop; n++) {
          const client = clientOf(daemon, `load-${n}`);
          const made = assertStatus(
            await client.post('/booking/create', { start: slot(n), duration_minutes: 30 }),
            201,
          );
          assertStatus(await client.put(`/booking/${made.id}/reschedule`, { start: slot(500 + n) }), 200);
          assertStatus(await client.put(`/booking/${made.id}/cancel`, {}), 200);
          assertStatus(await client.post('/booking/hold', { start: slot(n), duration_minutes: 30 }), 201);
          client.close();
          booked++;
        }
      })();
      const settled = load.catch(() => {}); // looked at below
      while (
        booked < 3 &&
        !(await Promise.race([settled.then(() => true), new Promise((r) => setTimeout(r, 20, false))]))
      );
      assert.equal(migrate(database).code, 0);
      const then = booked;
      while (
        booked < then + 3 &&
        !(await Promise.race([settled.then(() => true), new Promise((r) => setTimeout(r, 20, false))]))
      );
      stop = true;
      await load;

      await daemon.stop();
      await asFormer(() => daemon.restart());
      const [ann, bea, cat] = ['ann', 'bea', 'cat'].map((user) => clientOf(daemon, user));
      const admin = clientOf(daemon, 'admin', { role: 'admin' });
      const key = { 'idempotency-key': 'k' };
      const made = assertStatus(
        await bea.post('/booking/create', { start: slot(200), duration_minutes: 30 }, key),
        201,
      );
      assert.equal(
        assertStatus(await bea.post('/booking/create', { start: slot(200), duration_minutes: 30 }, key), 201)
          .id,
        made.id,
      );
      const hold = assertStatus(
        await cat.post('/booking/hold', { start: slot(202), duration_minutes: 30 }),
        201,
      );
      assertStatus(await cat.put(`/booking/${hold.id}/confirm`, {}), 200);
      database.run(`UPDATE appointment SET starts_at = now() - interval '1 h', ends_at = now() - interval '30 min',
      blocked_from = now() - interval '1 h', blocked_to = now() - interval '30 min' WHERE id = '${hold.id}'`);
      assertStatus(await admin.put(`/booking/${hold.id}/status`, { status: 'completed' }), 200);
      assertStatus(await bea.delete('/booking/user/me'), 200);
      assert.equal(assertStatus(await ann.get('/booking/user/me'), 200).appointments.length, 1);

      // Both releases at once, one slot: one booking.
      const newer = await Daemon.start({ env: { ...settings(database), TOKEN_ENCRYPTION_KEY: KEY } });
      for (let round = 0; round < 10; round++) {
        const racers = [daemon, newer, daemon, newer, daemon, newer].map((one, i) =>
          clientOf(one, `race-${round}-${i}`),
        );
        const replies = await Promise.all(
          racers.map((racer) =>
            racer.post('/booking/create', { start: slot(300 + round), duration_minutes: 30 }),
          ),
        );
        assert.deepEqual(replies.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409]);
        for (const racer of racers) racer.close();
      }
      for (const client of [ann, bea, cat, admin]) client.close();
      await newer.stop();
      await daemon.stop();
      database.drop();
    },
  );

  test('starts on a schema that was never its own', options, async () => {
    const database = await createDatabase();
    const daemon = await asFormer(() =>
      Daemon.start({ env: { ...settings(database), COACH_ID: 'damian', TOKEN_ENCRYPTION_KEY: KEY } }),
    );
    await daemon.stop();
    database.drop();
  });
});
