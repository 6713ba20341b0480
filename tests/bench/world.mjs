// What is measured: PostgreSQL with a platform's worth of data, bookingd on it, callers with tokens.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { sleep } from '../harness/child.mjs';
import { runBookingd } from '../harness/daemon.mjs';
import { Client } from '../harness/http.mjs';
import { bookingd, Database, Postgres } from '../harness/postgres.mjs';
import { freePort, temporaryFolder } from '../harness/run_folder.mjs';
import { openSchedule } from '../harness/stack.mjs';
import { mintHS256 } from '../harness/tokens.mjs';
import { Program, cores } from './measure.mjs';

export const DAY = 86_400_000;
const CALLERS = 1000;
export const SCHEDULE = openSchedule({ horizon_days: 90, min_notice_minutes: 60 });
export const quote = (text) => `'${text.replaceAll("'", "''")}'`;

/** Midnight UTC, `days` from today. */
export const midnight = (days) => new Date(Math.floor(Date.now() / DAY) * DAY + days * DAY);
export const instant = (date) => new Date(date).toISOString().replace('.000', '');

const runLater = promisify(execFile);

/** Puts appointments in: `rows` is a query of id, coach, client, status, at, minutes. */
export const insertAppointments = (rows) => `
  set session_replication_role = replica; -- history is nobody's news: no events
  insert into appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to,
                           name, email, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes)
  select id, coach, 'u' || client, 'coaching', status, at, at + make_interval(mins => minutes), at,
         at + make_interval(mins => minutes), 'Client ' || client, 'u' || client || '@client.test', 'google_meet', 1440, 1440
  from (${rows}) rows`;

const today = "date_trunc('day', now(), 'UTC')";

export class World {
  /** A PostgreSQL of its own with a database `bench`: see fill(). */
  static async make(what = {}) {
    const postgres = await Postgres.start({
      folder: path.join(temporaryFolder('bench'), 'data'),
      settings: {
        shared_buffers: '256MB',
        max_wal_size: '4GB',
        checkpoint_timeout: '30min',
        max_connections: '300',
      },
    });
    return new World(postgres, 'bench').fill(what);
  }

  constructor(postgres, name) {
    this.postgres = postgres;
    this.secret = randomBytes(32).toString('hex');
    this.tokens = Array.from({ length: CALLERS }, (_, i) =>
      mintHS256(this.secret, { sub: `u${i}`, email: `u${i}@client.test`, name: `Client ${i}` }),
    );
    this.server = new Database(postgres.url());
    this.server.run(`CREATE DATABASE ${name}`);
    this.server.run(`ALTER DATABASE ${name} SET search_path = bookingd, public`); // as the daemon has it, for pgbench
    this.database = new Database(postgres.socketUrl(name));
    this.taken = 0;
  }

  /** Another database in the same PostgreSQL; drop() it after use. */
  another(name, what) {
    return new World(this.postgres, name).fill(what);
  }

  /**
   * Migrates, and puts in `coaches`: `damian` with `busy` appointments in the next 62 days, and c1, c2, … with
   * `appointments` spread over them: ten of each lie in the next ten days, the others in the past, four a day.
   */
  async fill({ coaches = 1000, appointments = 200_000, busy = 500 } = {}) {
    this.coaches = coaches - 1;
    const migrated = runBookingd(['migrate'], { env: { DATABASE_URL: this.database.url } });
    if (migrated.code !== 0) throw new Error(migrated.stderr);
    this.addCoaches(
      `select case n when 0 then 'damian' else 'c' || n end from generate_series(0, ${this.coaches}) n`,
    );
    if (busy > 0)
      this.database.run(
        insertAppointments(`
          select gen_random_uuid() as id, 'damian' as coach, n % ${CALLERS} as client, 'scheduled' as status,
                 ${today} + make_interval(hours => 24 + n * ${62 * 24} / ${busy}) as at, 60 as minutes
          from generate_series(0, ${busy - 1}) n`),
      );
    const each = Math.ceil((appointments - busy) / this.coaches);
    await this.insertSplit(
      1,
      this.coaches,
      (from, to) => `
        select gen_random_uuid() as id, 'c' || c as coach, (c * 7 + n) % ${CALLERS} as client,
               case when n <= 10 then 'scheduled' else 'completed' end as status,
               ${today} + case when n <= 10 then make_interval(days => n, hours => (n * 7 + c) % 24)
                               else make_interval(hours => -6 * (n - 10)) end as at, 60 as minutes
        from generate_series(${from}, ${to}) c, generate_series(1, ${each}) n`,
    );
    this.settle();
    return this;
  }

  /** Puts in the appointments that `rows(from, to)` gives for the numbers from `first` to `last`, on all cores. */
  async insertSplit(first, last, rows) {
    const portion = Math.ceil((last - first + 1) / cores());
    const inserts = [];
    for (let from = first; from <= last; from += portion) {
      const sql = insertAppointments(rows(from, Math.min(from + portion - 1, last)));
      inserts.push(
        runLater('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', this.database.url, '-c', sql]),
      );
    }
    await Promise.all(inserts);
  }

  /** Takes away what parts have booked and added since fill(), so that each part finds the same world. */
  restore() {
    const own = "coach_id ~ '^(damian|c[0-9]+)$'";
    this.database.run(`
      delete from appointment where starts_at >= ${quote(this.slot(0).start)} and coach_id <> 'damian' or not ${own};
      update appointment set calendar_id = null, synced_version = 0 where calendar_id is not null;
      delete from coach_calendar;
      delete from coach where not ${own.replace('coach_id', 'id')};
      truncate audit, idempotency_key`);
    this.taken = 0;
    this.settle();
  }

  /** Coaches with the ids that a query gives. */
  addCoaches(ids, schedule = SCHEDULE) {
    this.database.run(`insert into coach (id, schedule, feed_token)
      select id, ${quote(JSON.stringify(schedule))}::jsonb, md5(id) from (${ids}) coach (id)`);
  }

  /** As PostgreSQL would be after a while: statistics there, nothing left to clean. */
  settle() {
    this.database.run('vacuum analyze');
    this.database.run('checkpoint');
  }

  /** The environment of a daemon on this database. */
  environment(env = {}) {
    return {
      PATH: process.env.PATH,
      DATABASE_URL: this.database.url,
      AUTH_JWT_SECRET: this.secret,
      RATE_LIMIT_READ: '0',
      RATE_LIMIT_BOOK: '0',
      RATE_LIMIT_ADDRESS: '0',
      ...env,
    };
  }

  /** Starts bookingd on it and waits until it is ready; several may run at once. */
  async serve(env = {}) {
    const port = await freePort();
    const began = performance.now();
    const daemon = new Program(bookingd(), ['serve'], {
      name: `bookingd_${port}`,
      env: this.environment({ PORT: String(port), ...env }),
    });
    daemon.port = port;
    daemon.client = new Client(`http://127.0.0.1:${port}`, { token: this.tokens[0] });
    for (;;) {
      const ready = await daemon.client.get('/readyz').catch(() => null);
      daemon.ready_ms = performance.now() - began;
      if (ready?.status === 200) return daemon;
      if (daemon.ready_ms > 20_000) throw new Error(`bookingd does not get ready: see ${daemon.log}`);
      await sleep(1);
    }
  }

  /** The number of transactions the database has seen. */
  transactions() {
    this.database.run('select pg_stat_force_next_flush()');
    return this.database.value(
      `select xact_commit + xact_rollback as n from pg_stat_database where datname = '${this.database.name}'`,
    );
  }

  /**
   * The `k`th of all bookable half hours from the eleventh day on, over all coaches but damian: no two bookings
   * measured ever meet.
   */
  slot(k) {
    const start = midnight(11).getTime() + Math.floor(k / this.coaches) * 1_800_000;
    return { coach: `c${1 + (k % this.coaches)}`, start: instant(start) };
  }

  /** Takes at least the next `count` slots nobody was given yet; the first one's number, which is always one of c1's. */
  take(count) {
    const first = this.taken;
    this.taken += Math.ceil(count / this.coaches) * this.coaches;
    if (Date.parse(this.slot(this.taken).start) > midnight(89))
      throw new Error('the coaches have no more time to book');
    return first;
  }

  /** Books that many slots, in the database itself: the first one's number. See booked(). */
  async book(count) {
    const first = this.take(count);
    await this.insertSplit(
      first,
      first + count - 1,
      (from, to) => `
        select md5('bench ' || k)::uuid as id, 'c' || 1 + k % ${this.coaches} as coach, k % ${CALLERS} as client,
               'scheduled' as status,
               ${quote(this.slot(0).start)}::timestamptz + make_interval(mins => k / ${this.coaches} * 30) as at, 30 as minutes
        from generate_series(${from}, ${to}) k`,
    );
    return first;
  }

  /** The appointment that book() put into slot `k`: its id and its client's token. */
  booked(k) {
    const hex = createHash('md5').update(`bench ${k}`).digest('hex');
    return {
      id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
      token: this.tokens[k % CALLERS],
    };
  }

  /** Takes a further database away. */
  drop() {
    this.server.run(`DROP DATABASE ${this.database.name} WITH (FORCE)`);
  }

  async stop() {
    await this.postgres.stop();
    fs.rmSync(path.dirname(this.postgres.folder), { recursive: true, force: true });
  }
}
