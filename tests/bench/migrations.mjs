// What each migration takes of a processor on a million appointments, for `bookingd migrate --plan`:
//
//   node tests/bench/migrations.mjs >sql/migrations/seconds.txt
//
// The schema is as released at each step, with what a platform has by then: the appointments of a thousand coaches, a line
// of audit and an event for each, and two notices. Seconds of one processor, so that a busy machine changes little.
import fs from 'node:fs';
import path from 'node:path';
import { Database, Postgres } from '../harness/postgres.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';

const MILLION = Number(process.env.ROWS ?? 1_000_000);
const FOLDER = path.join(ROOT, 'sql/migrations');
const TICKS = 100; // of /proc, a second

/** What is there once a migration has run. */
const filled = {
  '0001': `
    INSERT INTO coach (id, schedule, feed_token) SELECT 'coach-' || n, '{}', 'token-' || n FROM generate_series(1, 1000) n;
    INSERT INTO appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to, name,
      email, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes, calendar_id, synced_version, event_written)
    SELECT gen_random_uuid(), 'coach-' || 1 + n % 1000, 'user-' || n % 100000, 'coaching', 'scheduled', at,
      at + interval '30 min', at, at + interval '30 min', 'Somebody', 'user-' || n % 100000 || '@example.org', 'none', 60, 60,
      'primary', 1, true
    FROM generate_series(1, ${MILLION}) n, LATERAL (SELECT timestamptz '2026-01-01' + n / 1000 * interval '8 hours' AS at) when_it_is;
    INSERT INTO audit (at, actor, role, action, coach_id, appointment_id)
    SELECT starts_at, user_id, 'user', 'create', coach_id, id FROM appointment;`,
  '0007': `
    INSERT INTO notice (appointment_id, recipient, channel, kind, about, state, sent_at)
    SELECT id, recipient, 'email', 'confirmed', '1', 'sent', now() FROM appointment, unnest('{client,coach}'::text[]) recipient;`,
  '0016': `
    INSERT INTO event (place, id, type, at, coach_id, appointment_id, body)
    SELECT row_number() OVER (), gen_random_uuid(), 'appointment.booked', starts_at, coach_id, id, '{}' FROM appointment;`,
  '0039': `
    ALTER TABLE credit_entry DISABLE TRIGGER USER; -- which keep balances
    INSERT INTO credit_grant (coach_id, user_id, amount, source)
    SELECT coach_id, user_id, 10, 'coach' FROM appointment LIMIT ${MILLION / 10};
    INSERT INTO credit_entry (grant_id, appointment_id, delta, reason, actor)
    SELECT g.id, a.id, -1, 'booked', 'client' FROM credit_grant g JOIN appointment a USING (coach_id, user_id);`,
};

/** The text of `sql` with what it took of its own process in front of and behind it. */
const measured = (sql) => {
  const used = `SELECT 'used ' || pg_read_file('/proc/self/stat');`;
  return `BEGIN;\n${used}\n${sql}\n;${used}\nCOMMIT;\n`;
};

const server = await Postgres.start({
  folder: path.join(temporaryFolder('migrations'), 'data'),
  durable: false,
  settings: { max_parallel_maintenance_workers: 0, max_parallel_workers_per_gather: 0, max_wal_size: '4GB' },
});
const database = new Database(server.url());
database.run('CREATE SCHEMA bookingd; CREATE EXTENSION btree_gist');
console.log(
  `# Seconds of one processor that each migration takes on ${MILLION} appointments (tests/bench/migrations.mjs).`,
);
for (const file of fs
  .readdirSync(FOLDER)
  .filter((name) => name.endsWith('.sql'))
  .sort()) {
  const lines = database.run(measured(fs.readFileSync(path.join(FOLDER, file), 'utf8'))).split('\n');
  const [before, after] = lines
    .filter((line) => line.startsWith('used '))
    .map((line) => line.slice(line.lastIndexOf(')') + 2).split(' '))
    .map((fields) => Number(fields[11]) + Number(fields[12]));
  console.log(`${file.slice(0, 4)} ${((after - before) / TICKS).toFixed(1)}`);
  if (filled[file.slice(0, 4)]) database.run(`${filled[file.slice(0, 4)]}\nVACUUM ANALYZE;`);
}
await server.stop();
