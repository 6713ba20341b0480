// How things are measured: programs started without a pipe in their way, load, processor time, interleaved rounds.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { sleep, until } from '../harness/child.mjs';
import { ROOT } from '../harness/run_folder.mjs';

export const OUT = path.dirname(path.resolve(ROOT, process.env.BOOKINGD ?? 'build/bookingd'));
export const FOLDER = path.join(OUT, 'bench');
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 1); // of one measurement
export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 15);
const LOOPS = 2; // as many as the daemon has (src/http/server.c)
const PAUSE_MS = 200; // between two measurements: what the last one set going comes to its end
const program = (name) => path.join(OUT, 'tests/bench', name);
const run = promisify(execFile);

/**
 * A command in a session of its own. Linux shares a processor out among sessions, and each process of PostgreSQL is one;
 * what is measured against it must not be a part of ours, as it is none of ours where systemd starts it.
 */
export const inSession = (command, args) => ['setsid', command, ...args];

/** Seconds of processor time a process has used so far, with all its threads. */
export function cpuOf(pid) {
  const fields = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/**
 * A program whose output goes to a file, not through us: a log line per request would make us the bottleneck.
 * It ends with us.
 */
export class Program {
  static #running = new Set();

  /** Stops what a part that failed left running: it would take time from the next part. */
  static async stopAll() {
    await Promise.all([...Program.#running].map((program) => program.stop()));
  }

  constructor(command, args, { name, env = process.env } = {}) {
    this.log = path.join(FOLDER, `${name}.log`);
    const log = fs.openSync(this.log, 'w');
    this.process = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...inSession(command, args)], {
      stdio: ['ignore', log, log],
      env,
    });
    fs.closeSync(log);
    this.pid = this.process.pid;
    Program.#running.add(this);
    this.exited = new Promise((resolve) => this.process.on('exit', resolve)).then(() =>
      Program.#running.delete(this),
    );
  }

  /** Waits for the first line of the log that `pattern` finds; its first group, or all of it. */
  line(pattern) {
    return until(`${pattern} in ${this.log}`, () => {
      const found = pattern.exec(fs.readFileSync(this.log, 'utf8'));
      return found && (found[1] ?? found[0]);
    });
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.exited;
  }

  cpu() {
    return cpuOf(this.pid);
  }

  /** Memory of its own in MiB: RssAnon, without the text of libraries that all programs share. */
  memory() {
    return Number(/^RssAnon:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]) / 1024;
  }
}

/** The empty server (empty_server.c) with a body of `bytes`; `copy` makes it copy them for each reply. */
export async function startEmptyServer(bytes, copy = false) {
  const server = new Program(
    program('empty_server'),
    [String(LOOPS), String(bytes), ...(copy ? ['copy'] : [])],
    {
      name: `empty_server_${bytes}${copy ? '_copy' : ''}`,
    },
  );
  server.port = Number(await server.line(/^(\d+)$/m));
  return server;
}

/** The server that does nothing but book (booking_server.c), by a statement whose parameter it counts from `first`. */
export async function startBookingServer(world, statement, workers, first) {
  const args = [LOOPS, workers, first, statement].map(String);
  const server = new Program(program('booking_server'), args, {
    name: 'booking_server',
    env: world.environment(),
  });
  server.port = Number(await server.line(/^(\d+)$/m));
  return server;
}

let files = 0;

/** Writes a file of raw requests for load.c and returns its path. */
export function writeRequests(name, requests) {
  const file = path.join(FOLDER, `${name}_${++files}.requests`);
  const out = fs.openSync(file, 'w');
  let text = [];
  const flush = () => {
    fs.writeSync(out, text.join(''));
    text = [];
  };
  for (const request of requests) {
    text.push(`${Buffer.byteLength(request)}\n${request}`);
    if (text.length === 10_000) flush();
  }
  flush();
  fs.closeSync(out);
  return file;
}

/** One raw request. */
export function raw(method, target, { token, headers = {}, body } = {}) {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost'];
  if (token) lines.push(`Authorization: Bearer ${token}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined)
    lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/**
 * Runs load.c against `server` (a Program with a port) and adds what the server's processor time was per
 * request, and the share of one core that the load generator itself took: near 1 it, not the server, may be
 * what is measured.
 */
export async function load(server, file, { connections = 64, seconds = SECONDS, mode = 'wrap', trace } = {}) {
  const before = server.cpu?.() ?? 0;
  const args = [server.port, connections, seconds, file, mode, ...(trace ? [trace] : [])].map(String);
  const [command, ...rest] = inSession(program('load'), args);
  const { stdout } = await run(command, rest, { maxBuffer: 1 << 24 });
  const result = JSON.parse(stdout);
  result.cpu_us = (((server.cpu?.() ?? 0) - before) * 1e6) / result.requests;
  result.load_share = result.cpu_seconds / result.seconds;
  return result;
}

/** Processor time of the whole machine: [idle, all] in ticks. */
function machine() {
  const fields = fs
    .readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return [fields[3] + fields[4], fields.slice(0, 8).reduce((a, b) => a + b)];
}

const PATIENCE = { once: 20, all: 180 }; // seconds
export const waiting = { seconds: 0, inVain: 0 };

/** Waits until the machine is nearly idle. On one that never is, it gives up, and after a while for good. */
export async function idle() {
  for (let tries = 0; tries < PATIENCE.once * 2 && waiting.seconds < PATIENCE.all; tries++) {
    const [idleBefore, allBefore] = machine();
    await sleep(500);
    const [idleAfter, allAfter] = machine();
    if ((idleAfter - idleBefore) / (allAfter - allBefore) > 0.9) return;
    waiting.seconds += 0.5;
  }
  if (waiting.inVain++ === 0)
    console.log('note: this machine has other things to do; measuring all the same');
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const summary = (numbers) => ({
  median: median(numbers),
  min: Math.min(...numbers),
  max: Math.max(...numbers),
});

/**
 * Runs every variant in turn, round after round (A B C, C B A), one right after the other: a machine that others
 * share is now fast, now slow, for seconds on end, and only neighbours in time can be compared. So rounds are short
 * and many.
 * `variants`: name -> async () => sample, or { prepare, measure } where measure(await prepare()) is what is
 * timed; all are prepared before a round. Resolves to name -> samples, one a round.
 */
export async function interleave(variants, rounds = ROUNDS) {
  const names = Object.keys(variants);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const prepared = {};
    for (const name of names) prepared[name] = await variants[name].prepare?.();
    await idle();
    for (const name of round % 2 ? [...names].reverse() : names) {
      samples[name].push(await (variants[name].measure ?? variants[name])(prepared[name]));
      await sleep(PAUSE_MS);
    }
  }
  return samples;
}

/** What `a` reached against `b` in the same round, for each round. */
export const ratios = (samples, a, b, of = (sample) => sample.rate) =>
  samples[a].map((sample, round) => of(sample) / of(samples[b][round]));

export const cores = () => os.cpus().length;

/** What a result was measured on. */
export const about = () => ({
  when: new Date().toISOString(),
  processor: os.cpus()[0].model,
  cores: cores(),
  kernel: os.release(),
  rounds: ROUNDS,
  seconds: SECONDS,
});

/** An output folder without what the last run left there, which is large. */
export function prepareFolder() {
  fs.mkdirSync(FOLDER, { recursive: true });
  for (const file of fs.readdirSync(FOLDER))
    if (/\.(requests|log|trace)$/.test(file)) fs.rmSync(path.join(FOLDER, file));
}
