// The real bookingd: started with an environment of the test's choice, waited for, stopped gently or killed.
//
// VALGRIND=1 runs it under Valgrind; a leak or a bad access then makes stop() fail, as a sanitizer's report
// does.
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Child, PATIENCE, until } from './child.mjs';
import { Client } from './http.mjs';
import { bookingd } from './postgres.mjs';
import { ROOT, freePort } from './run_folder.mjs';

const VALGRIND = [
  '--quiet',
  '--leak-check=full',
  '--show-leak-kinds=definite,indirect',
  '--errors-for-leak-kinds=definite,indirect',
  '--error-exitcode=99',
  `--suppressions=${path.join(ROOT, 'tests/harness/valgrind.supp')}`,
];
const READY_MS = 60_000; // no promise: only so that a test ends
const STOP_MS = 15_000;

/** Only what the daemon needs of our own environment: a developer's settings must not leak into a test. */
const inherited = () =>
  Object.fromEntries(
    [
      'PATH',
      'HOME',
      'LANG',
      'TZ',
      'ASAN_OPTIONS',
      'UBSAN_OPTIONS',
      'TSAN_OPTIONS',
      'LSAN_OPTIONS',
      'DEVELOPER',
    ]
      .filter((name) => process.env[name] !== undefined)
      .map((name) => [name, process.env[name]]),
  );

/**
 * With POOLER=1 a daemon on the run's server speaks to it through the pooler that tests/run.mjs has started,
 * unless the test is about that itself.
 */
function throughPooler(env) {
  const { TEST_POOLER: pooler, TEST_DATABASE_SERVER: server } = process.env;
  if (!pooler || !env.DATABASE_URL || env.DATABASE_DIRECT_URL) return env;
  const url = new URL(env.DATABASE_URL);
  if (url.port !== new URL(server).port) return env;
  const through = new URL(pooler);
  through.pathname = url.pathname;
  return { ...env, DATABASE_URL: through.href, DATABASE_DIRECT_URL: url.href };
}

/**
 * With LEAST_RIGHTS=1 a daemon on the run's server that would speak to it as its owner has the rights of `bookingd grants`
 * instead, which startTestServer() has given.
 */
function withLeastRights(env) {
  const { TEST_DATABASE_ROLE: role, TEST_DATABASE_SERVER: server } = process.env;
  if (!role || !env.DATABASE_URL) return env;
  const url = new URL(env.DATABASE_URL);
  const own = new URL(server);
  if (url.host !== own.host || url.username !== own.username) return env;
  url.username = role;
  return { ...env, DATABASE_URL: url.href, MIGRATE: '0' };
}

export class Daemon {
  /** Starts `bookingd serve` and waits until it is ready (or, with `ready: false`, only alive). */
  static async start({ env = {}, args = [], ready = true, port, child = {} } = {}) {
    const daemon = new Daemon();
    daemon.args = args;
    daemon.childOptions = child;
    daemon.port = port ?? (await freePort());
    daemon.url = `http://127.0.0.1:${daemon.port}`;
    daemon.env = { BIND_ADDRESS: '127.0.0.1', PORT: String(daemon.port), PUBLIC_URL: daemon.url, ...env };
    daemon.client = new Client(daemon.url);
    await daemon.#spawn(ready);
    return daemon;
  }

  async #spawn(ready) {
    const env = { ...inherited(), ...throughPooler(withLeastRights(this.env)) };
    for (const name of Object.keys(env)) if (env[name] === undefined || env[name] === null) delete env[name];
    const command = [
      ...(process.env.VALGRIND ? ['valgrind', ...VALGRIND] : []),
      bookingd(),
      'serve',
      ...this.args,
    ];
    this.child = new Child(command[0], command.slice(1), { name: 'bookingd', env, ...this.childOptions });
    await until(
      `${ready ? 'readiness' : 'a sign of life'} of bookingd (see ${this.child.logFile})`,
      async () => {
        if (this.child.end)
          throw new Error(
            `bookingd ended (${JSON.stringify(this.child.end)}):\n${this.child.lines.slice(-20).join('\n')}`,
          );
        try {
          return (await this.client.get(ready ? '/readyz' : '/healthz')).status === 200;
        } catch {
          return false;
        }
      },
      READY_MS,
    );
  }

  /** Every line logged since the (last) start, as text. */
  get log() {
    return this.child.lines;
  }

  /** The log lines of one kind, parsed. */
  events(name) {
    return this.log
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === name);
  }

  /** Waits for a log line that contains `text`. */
  logged(text, ms) {
    return this.child.line((line) => line.includes(text), `a line with ${text}`, ms);
  }

  /** Memory of its own in bytes: RssAnon, without the text of libraries that all programs share. */
  memory() {
    return (
      Number(/^RssAnon:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]) *
      1024
    );
  }

  /** SIGTERM; the daemon must finish and exit 0, and neither Valgrind nor a sanitizer nor a lack of rights may have shown. */
  async stop() {
    this.client.close();
    const end = await this.child.stop('SIGTERM', STOP_MS);
    if (end.code !== 0)
      throw new Error(
        `bookingd ended with ${JSON.stringify(end)}; see ${this.child.logFile}:\n${this.child.lines.slice(-40).join('\n')}`,
      );
    const denied = process.env.TEST_DATABASE_ROLE && this.log.find((line) => /\b42501\b/.test(line));
    if (denied) throw new Error(`the role lacks a right: ${denied}`);
  }

  /** kill -9. */
  kill() {
    return this.child.stop('SIGKILL');
  }

  /** Starts again after stop() or kill(), on the same port, with `env` on top of what it had. */
  async restart({ env = {}, ready = true } = {}) {
    Object.assign(this.env, env);
    this.client = new Client(this.url);
    await this.#spawn(ready);
  }
}

/** Runs a subcommand to its end: { code, stdout, stderr }. */
export function runBookingd(args, { env = {}, input } = {}) {
  const { status, stdout, stderr } = spawnSync(bookingd(), args, {
    env: { ...inherited(), ...env },
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: READY_MS * PATIENCE, // a code of null: it went on running
    killSignal: 'SIGKILL',
  });
  return { code: status, stdout, stderr };
}

/** The same while this process goes on, so that it can answer what the subcommand asks. */
export function runBookingdBeside(args, { env = {} } = {}) {
  const given = Object.entries({ ...inherited(), ...env }).filter(([, value]) => value !== undefined);
  const options = { env: Object.fromEntries(given), timeout: READY_MS * PATIENCE, killSignal: 'SIGKILL' };
  return new Promise((resolve) =>
    execFile(bookingd(), args, options, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    ),
  );
}
