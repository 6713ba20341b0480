// What is measured: PostgreSQL with a platform's worth of data, bookingd on it, callers with tokens.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { until } from '../harness/child.mjs';
import { runBookingd } from '../harness/daemon.mjs';
import { Client } from '../harness/http.mjs';
import { bookingd, Database, Postgres } from '../harness/postgres.mjs';
import { freePort, temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule } from '../harness/stack.mjs';
import { mintHS256 } from '../harness/tokens.mjs';
import { Program } from './measure.mjs';

export const DAY = 86_400_000;
export const CALLERS = 1000;
const SCHEDULE = openSchedule({ horizon_days: 90, min_notice_minutes: 60 });
const quote = (text) => `'${text.replaceAll("'", "''")}'`;

/** Midnight UTC, `days` from today. */
export const midnight = (days) => new Date(Math.floor(Date.now() / DAY) * DAY + days * DAY);
export const instant = (date) => date.toISOString().replace('.000', '');

/**
 * Rows of appointments: for coach number c and row n, an hour each. The past is spread over half a year, one in
 * twenty lies in the next ten days; bookings are measured on the days after those.
 */
const APPOINTMENTS = `
  insert into appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to,
                           name, email, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes)
  select gen_random_uuid(), coach, 'u' || (n * 7 + length(coach)) % 1000, 'coaching',
         case when at < now() then 'completed' else 'scheduled' end, at, at + interval '1 hour', at,
         at + interval '1 hour', 'Somebody', 'somebody@client.test', 'google_meet', 1440, 1440
  from (select coach, n, date_trunc('day', now()) + make_interval(hours => case
          when n % 20 = 0 then 24 + (n / 20) % 240 else -1 - n end) as at`;

export class World {
  /** A database with `coaches` (c1, c2, …) and `appointments` spread over them, and a coach `damian`. */
  static async make({ coaches = 1000, appointments = 200_000, busy = 500, settings = {} } = {}) {
    const world = new World();
    world.secret = randomBytes(32).toString('hex');
    world.coaches = coaches - 1;
    world.postgres = await Postgres.start({
      folder: path.join(temporaryFolder('bench'), 'data'),
      settings: { shared_buffers: '256MB', max_wal_size: '4GB', checkpoint_timeout: '30min', ...settings },
    });
    const server = new Database(world.postgres.url());
    server.run('CREATE DATABASE bench');
    server.run('ALTER DATABASE bench SET search_path = bookingd, public'); // as the daemon has it, for pgbench
    world.database = new Database(world.postgres.url('bench'));
    const migrated = runBookingd(['migrate'], { env: { DATABASE_URL: world.database.url } });
    if (migrated.code !== 0) throw new Error(migrated.stderr);
    const schedule = quote(JSON.stringify(SCHEDULE));
    world.database.run(`
      insert into coach (id, schedule, feed_token)
      select case n when 0 then 'damian' else 'c' || n end, ${schedule}::jsonb, md5(n::text)
      from generate_series(0, ${coaches - 1}) n`);
    if (world.coaches > 0) {
      const each = Math.ceil((appointments - busy) / world.coaches);
      world.database.run(`${APPOINTMENTS} from (select 'c' || c as coach from generate_series(1, ${world.coaches}) c) c,
        generate_series(1, ${each}) n) rows`);
    }
    /* The busy coach: every third hour or so of the next 62 days. */
    world.database.run(`
      insert into appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to,
                               meeting_kind, cancel_notice_minutes, reschedule_notice_minutes)
      select gen_random_uuid(), 'damian', 'u' || n % 1000, 'coaching', 'scheduled', at, at + interval '1 hour', at,
             at + interval '1 hour', 'none', 1440, 1440
      from (select n, date_trunc('day', now()) + make_interval(hours => 24 + n * ${62 * 24} / ${Math.max(busy, 1)}) as at
            from generate_series(0, ${busy - 1}) n) rows`);
    world.database.run('vacuum analyze');
    world.database.run('checkpoint');
    world.tokens = Array.from({ length: CALLERS }, (_, i) =>
      mintHS256(world.secret, { sub: `u${i}`, email: `u${i}@client.test`, name: `Client ${i}` }),
    );
    return world;
  }

  /** Starts bookingd on it; several may run at once. */
  async serve(env = {}) {
    const port = await freePort();
    const started = performance.now();
    const daemon = new Program(bookingd(), ['serve'], {
      name: `bookingd_${port}`,
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        DATABASE_URL: this.database.url,
        AUTH_JWT_SECRET: this.secret,
        RATE_LIMIT_READ: '0',
        RATE_LIMIT_BOOK: '0',
        RATE_LIMIT_ADDRESS: '0',
        ...env,
      },
    });
    daemon.port = port;
    daemon.client = new Client(`http://127.0.0.1:${port}`, { token: this.tokens[0] });
    await until('readiness', async () => {
      try {
        return (await daemon.client.get('/readyz')).status === 200;
      } catch {
        return false;
      }
    });
    daemon.ready_ms = performance.now() - started;
    return daemon;
  }

  /** The number of transactions the database has seen. */
  transactions() {
    this.database.run('select pg_stat_force_next_flush()');
    return this.database.value(
      `select xact_commit + xact_rollback as n from pg_stat_database where datname = 'bench'`,
    );
  }

  /**
   * The `k`th of all bookable half hours from the eleventh day on, over all coaches: no two bookings measured
   * ever meet.
   */
  slot(k) {
    const start = midnight(11).getTime() + Math.floor(k / this.coaches) * 1_800_000;
    return { coach: `c${1 + (k % this.coaches)}`, start: instant(new Date(start)) };
  }

  /** Takes the next `count` slots nobody was given yet; the first one's number. */
  take(count) {
    const first = this.taken ?? 0;
    this.taken = first + count;
    return first;
  }

  async stop() {
    await this.postgres.stop();
    fs.rmSync(path.dirname(this.postgres.folder), { recursive: true, force: true });
  }
}

/** How a program of PostgreSQL is called. */
export const pgbench = (args) => execFileSync('pgbench', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
