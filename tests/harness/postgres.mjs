// A private PostgreSQL: its own data folder, its own port on the loopback, no system cluster touched.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Child, sleep } from './child.mjs';
import { ROOT, freePort, temporaryFolder } from './run_folder.mjs';

const TEMPLATE = 'bookingd_template';

function binary(name) {
  const home = '/usr/lib/postgresql';
  const versions = fs.existsSync(home) ? fs.readdirSync(home).sort((a, b) => b - a) : [];
  const found = versions
    .map((version) => `${home}/${version}/bin/${name}`)
    .find((file) => fs.existsSync(file));
  return found ?? name; // else wherever PATH has it
}

/**
 * How to run a PostgreSQL program on `folder`: it refuses to run as root, so root becomes the user postgres,
 * who may lack the right to walk down to the folder (below /root, say) and then keeps that one right and no
 * other. `env` is for the program itself, not for setpriv: a library that is loaded into both would keep what it shares as root.
 */
function command(folder, program, args, env = {}) {
  const run = [...Object.entries(env).map(([name, value]) => `${name}=${value}`), binary(program), ...args];
  if (process.getuid() !== 0) return ['env', run];
  // Becoming another user forgets the death signal that Child has set.
  const become = ['--reuid', 'postgres', '--regid', 'postgres', '--init-groups', '--pdeathsig', 'INT'];
  const rights = ['', 'dac_read_search', 'dac_override'].map((right) =>
    right ? [`--inh-caps=+${right}`, `--ambient-caps=+${right}`] : [],
  );
  for (const more of rights) {
    const options = [...become, ...more];
    try {
      execFileSync('setpriv', [...options, '--', 'ls', folder], { stdio: 'ignore' });
      return ['setpriv', [...options, '--', 'env', ...run]];
    } catch {
      // the next, stronger right
    }
  }
  throw new Error(`the user postgres cannot reach ${folder}`);
}

/** Makes `folder` and hands it to the user PostgreSQL runs as. */
function ownFolder(folder) {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.getuid() !== 0) return;
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres']));
  fs.chownSync(folder, id('-u'), id('-g'));
}

export class Postgres {
  /**
   * Starts a server on `folder`, made with initdb if it is new. `durable: false` gives up safety for speed;
   * `settings` are further ones of postgresql.conf, `env` what is set in the server's environment alone, `child`
   * options for the program. Resolves when it answers.
   */
  static async start({ folder, port, durable = true, settings = {}, env = {}, child = {} }) {
    ownFolder(folder);
    // Unix sockets have short names only, so theirs is a folder of its own.
    const socketFolder = fs.mkdtempSync(path.join(os.tmpdir(), 'bookingd-pg-'));
    ownFolder(socketFolder);
    if (!fs.existsSync(path.join(folder, 'PG_VERSION'))) {
      const [program, args] = command(folder, 'initdb', [
        '--pgdata',
        folder,
        '--username',
        'postgres',
        '--auth',
        'trust',
        '--encoding',
        'UTF8',
        '--locale',
        'C.UTF-8',
        ...(durable ? [] : ['--no-sync']),
      ]);
      execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: '/' });
    }
    port ??= await freePort();
    const all = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: socketFolder,
      max_connections: 400,
      shared_buffers: '64MB',
      ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
      ...settings,
    };
    const [program, args] = command(
      folder,
      'postgres',
      ['-D', folder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      env,
    );
    const server = new Postgres();
    Object.assign(server, { folder, port, socketFolder });
    server.run = () => new Child(program, args, { name: 'postgres', cwd: '/', deathSignal: 'INT', ...child });
    try {
      await server.#ready();
    } catch (error) {
      fs.rmSync(socketFolder, { recursive: true, force: true });
      throw error;
    }
    return server;
  }

  async #ready() {
    this.child = this.run();
    await this.child.line(
      (line) => line.includes('database system is ready to accept connections'),
      'readiness',
      60_000,
    );
  }

  /** The server dies as in a power cut, all its processes at once, and recovers from its log. */
  async crash() {
    await this.child.stop('SIGQUIT', 30_000); // immediate shutdown: nothing is written any more
    await this.#ready();
  }

  /** Nothing of the server runs while `work` does; its connections stay open. */
  async frozen(work) {
    const processes = [this.child.pid, ...this.#children()];
    for (const pid of processes) signal(pid, 'SIGSTOP');
    try {
      return await work();
    } finally {
      for (const pid of processes) signal(pid, 'SIGCONT');
    }
  }

  #children() {
    const list = fs.readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8');
    return list.trim().split(/\s+/).filter(Boolean).map(Number);
  }

  url(database = 'postgres') {
    return `postgresql://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** The same by its socket in the file system: less work for both sides than TCP. */
  socketUrl(database) {
    return `postgresql://postgres@localhost/${database}?host=${encodeURIComponent(this.socketFolder)}&port=${this.port}`;
  }

  async stop() {
    await this.child.stop('SIGINT', 30_000); // fast shutdown
    fs.rmSync(this.socketFolder, { recursive: true, force: true });
  }
}

/** Tells a process, unless it ended since it was listed. */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

// Tables are named as the daemon's own statements name them.
const psql = (url) => ({
  args: ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-d', url],
  env: { ...process.env, PGOPTIONS: '-c search_path=bookingd,public' },
});

/** A database of a test's own, spoken to through psql. */
export class Database {
  constructor(url) {
    this.url = url;
    this.name = new URL(url).pathname.slice(1);
  }

  /** Runs `sql` (one or several statements) and returns what psql prints, without alignment. */
  run(sql) {
    const { args, env } = psql(this.url);
    return execFileSync('psql', args, { env, input: sql, encoding: 'utf8', maxBuffer: 1 << 28 });
  }

  /** The same as a release would that is not ours: what it makes is recorded, or the guard would stop booking. */
  release(sql) {
    return this.run(`BEGIN; ${sql}; SELECT record_objects(); COMMIT`);
  }

  /** A connection that stays: `send(sql)` without waiting, `close()`. For tests that hold a lock. */
  session() {
    const { args, env } = psql(this.url);
    const child = new Child('psql', args, { env });
    return {
      send: (sql) => child.process.stdin.write(`${sql}\n`),
      close: () => child.process.stdin.end(),
    };
  }

  /** The rows of one query as objects. */
  rows(query) {
    return JSON.parse(this.run(`SELECT coalesce(json_agg(row), '[]') FROM (${query}) AS row`));
  }

  /** The only column of the only row of a query. */
  value(query) {
    return Object.values(this.rows(query)[0])[0];
  }

  /** How many locks of this database are such; others of the server may have the same numbers. */
  locks(where) {
    return this.value(`SELECT count(*) FROM pg_locks
      WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND ${where}`);
  }

  /** How many statements that match wait for a lock; the daemon's own threads have others. */
  waiting(pattern) {
    return this.value(`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~ '${pattern}'`);
  }

  /** The whole database as text, for tests that look for what must not be in it. */
  dump() {
    return execFileSync('pg_dump', ['-d', this.url], { encoding: 'utf8', maxBuffer: 1 << 28 });
  }
}

/**
 * The server of this run: the one tests/run.mjs started, else one of our own that ends with `stopOwnServer`.
 */
let own = null;

export async function testServer() {
  if (process.env.TEST_DATABASE_SERVER) return process.env.TEST_DATABASE_SERVER;
  own ??= startTestServer();
  return (await own).url();
}

/**
 * Starts the server for a test run, its time zone an odd one so that nothing leans on it, with the migrated
 * template.
 */
export async function startTestServer({ durable = false, env } = {}) {
  const server = await Postgres.start({
    folder: path.join(temporaryFolder('postgres'), 'data'),
    durable,
    settings: { timezone: 'Asia/Kathmandu' },
    env,
  });
  process.env.TEST_DATABASE_SERVER = server.url();
  new Database(server.url()).run(`CREATE DATABASE ${TEMPLATE}`);
  execFileSync(bookingd(), ['migrate'], {
    env: { ...process.env, DATABASE_URL: server.url(TEMPLATE) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (process.env.LEAST_RIGHTS) grantLeastRights(new Database(server.url(TEMPLATE)));
  return server;
}

/** A role that may do what `bookingd grants` says, and read what a test makes besides, in every copy of the template. */
function grantLeastRights(template) {
  const role = 'least_rights';
  template.run(execFileSync(bookingd(), ['grants', role], { encoding: 'utf8' }));
  template.run(`alter default privileges grant usage on schemas to ${role};
    alter default privileges grant select on tables to ${role}`);
  process.env.TEST_DATABASE_ROLE = role;
}

export async function stopOwnServer() {
  const server = await own;
  own = null;
  if (!server) return;
  delete process.env.TEST_DATABASE_SERVER;
  await server.stop();
}

/** The daemon's binary. */
export const bookingd = () => path.resolve(ROOT, process.env.BOOKINGD ?? 'build/bookingd');

let databases = 0;

/** A new database; `migrated: false` gives an empty one. */
export async function createDatabase({ migrated = true, encoding = 'UTF8' } = {}) {
  const server = await testServer();
  const name = `test_${process.pid}_${++databases}`;
  const admin = new Database(server);
  for (let tries = 0; ; tries++) {
    try {
      admin.run(
        `CREATE DATABASE ${name} TEMPLATE ${migrated ? TEMPLATE : 'template0'}
          ${encoding === 'UTF8' ? '' : `ENCODING '${encoding}' LOCALE 'C'`}`,
      );
      break;
    } catch (error) {
      if (tries === 5) throw error;
      await sleep(100); // somebody else was just copying the template
    }
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database = new Database(url.href);
  database.drop = () => admin.run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  return database;
}
