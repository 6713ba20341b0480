// A program started by a test: its output line by line, waiting for a line, its end.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import { runFolder } from './run_folder.mjs';

let count = 0;

/** Resolves after `ms` milliseconds. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** How much longer everything may take than on an ordinary machine, under what slows programs down. */
export const PATIENCE = Number(
  process.env.TEST_PATIENCE ??
    (process.env.VALGRIND ? 10 : ({ thread: 8, address: 3 }[process.env.SANITIZE] ?? 1)),
);

const LEFT_MS = 240_000 * PATIENCE; // more than any `after` that stops everything

// What a failed test left behind, a server of its own say, does not keep a file from ending until tests/run.mjs gives it up.
if (process.argv[1]?.endsWith('.test.mjs'))
  after(() => {
    setTimeout(() => {
      console.error(`${process.argv[1]}: something that the tests left behind goes on`);
      process.exit(1);
    }, LEFT_MS).unref();
  });

/**
 * Asks `question` until it answers something true, and returns that; throws what it was waiting for after
 * `ms`.
 */
export async function until(what, question, ms = 30_000) {
  const end = Date.now() + ms * PATIENCE;
  for (let pause = 5; ; pause = Math.min(pause * 1.5, 200)) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${ms * PATIENCE} ms in vain for ${what}`);
    await sleep(pause);
  }
}

export class Child {
  /**
   * `options`: as for spawn; `logFile` receives all output, by default a file of the run's logs that `name`
   * names. The program ends with us, however we end: by `deathSignal`.
   */
  constructor(
    command,
    args,
    { name = path.basename(command), logFile, deathSignal = 'KILL', ...options } = {},
  ) {
    this.name = name;
    this.lines = [];
    this.logFile = logFile ?? path.join(runFolder(), 'logs', `${process.pid}-${++count}-${name}.log`);
    this.process = spawn('setpriv', ['--pdeathsig', deathSignal, '--', command, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...options,
    });
    this.pid = this.process.pid; // setpriv becomes the program, so this is its process
    const log = fs.createWriteStream(this.logFile);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.pipe(log, { end: false });
      this.#read(stream);
    }
    this.#exited = new Promise((resolve) => {
      this.process.on('error', (error) => resolve({ code: null, signal: null, error }));
      this.process.on('close', (code, signal) => {
        log.end();
        resolve((this.end = { code, signal }));
      });
    });
    // A program that a failed test left behind does not keep us from ending, which ends it.
    for (const held of [this.process, ...this.process.stdio]) held.unref();
  }

  #exited;

  /** Resolves at the program's end to { code, signal }; who asks waits. */
  get exited() {
    for (const held of [this.process, ...this.process.stdio]) held.ref();
    return this.#exited;
  }

  #read(stream) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      this.lines.push(...lines);
    });
  }

  /**
   * The first line, already printed or yet to come, that `matches`; fails when the program ends without it.
   */
  line(matches, what = 'a line', ms = 30_000) {
    return until(
      `${what} from ${this.name} (see ${this.logFile})`,
      () => {
        const line = this.lines.find(matches);
        if (!line && this.end)
          throw new Error(
            `${this.name} ended (${JSON.stringify(this.end)}) without ${what}:\n${this.lines.slice(-20).join('\n')}`,
          );
        return line;
      },
      ms,
    );
  }

  /**
   * Sends `signal` and waits for the end; a program that does not end in `ms` is killed, and that is an
   * error.
   */
  async stop(signal = 'SIGTERM', ms = 15_000) {
    if (!this.end) this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), ms * PATIENCE);
    const end = await this.exited;
    clearTimeout(timer);
    if (end.signal === 'SIGKILL' && signal !== 'SIGKILL')
      throw new Error(`${this.name} did not end on ${signal} within ${ms * PATIENCE} ms`);
    return end;
  }
}
