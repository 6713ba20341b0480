// The floor for booking: pgbench running the very statement that a call of the daemon runs.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../harness/run_folder.mjs';
import { FOLDER, SECONDS } from './measure.mjs';

export const CLIENTS = 64;
const LOG = path.join(FOLDER, 'pgbench_log');
const WARM = 1; // seconds that do not count: each session of pgbench's plans the functions anew

/** The statement of that name in sql/queries. */
function statement(name) {
  for (const file of fs.readdirSync(path.join(ROOT, 'sql/queries'))) {
    const text = fs.readFileSync(path.join(ROOT, 'sql/queries', file), 'utf8');
    const found = new RegExp(`^-- name: ${name} \\w+\\n([\\s\\S]*?;)`, 'm').exec(text);
    if (found) return found[1];
  }
  throw new Error(`no statement ${name}`);
}

/*
 * Parameters as pgbench is to make them, of the kinds that the daemon sends, separated by semicolons. The script's
 * variables: k the slot's number, c its coach, t its start, d its day, i the number of the appointment, u its client.
 */
const TIMES = 'to_timestamp(:t); to_timestamp(:t + 1800); to_timestamp(:t); to_timestamp(:t + 1800)';
const PERSON = `'UTC'; 'Client ' || :u; 'u' || :u || '@client.test'; null; null`;
const DAY = 'to_timestamp(:d); to_timestamp(:d + 86400)';
const ACTOR = `'u' || :u; 'user'; '0123456789abcdef'; null; null`;
const APPOINTMENT = `md5('bench ' || :i)::uuid`; // as World.book() names them
// An id as the daemon makes it (base/uuid.h): the time, then what is random.
const NEW_ID = `(lpad(to_hex(extract(epoch from now())::bigint * 1000), 12, '0')
    || substr(replace(gen_random_uuid()::text, '-', ''), 13))::uuid`;
const PARAMETERS = {
  appointment_book: `${NEW_ID}; 'c' || :c; 'u' || :u; 'coaching'; 'scheduled'; ${TIMES}; ${PERSON};
    'google_meet'; 1440; 1440; null; 10; null; 10; null; null; null; null; ${DAY}; ${ACTOR}`,
  appointment_move: `${APPOINTMENT}; 'c' || :c; ${TIMES}; 10; false; null; null; ${DAY}; ${ACTOR}`,
  appointment_cancel: `${APPOINTMENT}; 'client'; false; null; 10; ${ACTOR}`,
};

/** The statement with those parameters in place, on one line. */
function filledIn(name) {
  const parameters = PARAMETERS[name].split(';');
  const text = statement(name);
  const numbers = [...text.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n));
  if (Math.max(...numbers) !== parameters.length) throw new Error(`${name} has other parameters now`);
  return text
    .replace(/\$(\d+)/g, (_, n) => `(${parameters[n - 1].trim()})`)
    .replace(/--.*\n/g, '')
    .replaceAll('\n', ' ');
}

const firstStart = (world) => Date.parse(world.slot(0).start) / 1000;

/** The file of a statement that books the slot whose number is its parameter: for booking_server.c. */
export function writeBooking(world) {
  const variables = {
    c: `(1 + $1::bigint % ${world.coaches})`,
    t: `(${firstStart(world)} + $1::bigint / ${world.coaches} * 1800)`,
    d: `(${firstStart(world)} + $1::bigint / ${world.coaches} * 1800) / 86400 * 86400`,
    u: `($1::bigint * 7919 % ${world.tokens.length})`,
  };
  const file = path.join(FOLDER, 'booking.sql');
  fs.writeFileSync(
    file,
    filledIn('appointment_book').replace(/(?<!:):([a-z])\b/g, (_, name) => variables[name]),
  );
  return file;
}

/**
 * The script: each run takes the next slot from number `slot` on, and the next appointment from number
 * `appointment` on.
 */
function writeScript(world, name, { slot, appointment }) {
  const file = path.join(FOLDER, `${name}.pgbench`);
  fs.writeFileSync(
    file,
    `\\set n :n + 1
\\set j :client_id + :n * ${CLIENTS}
\\set k ${slot ?? 0} + :j
\\set c 1 + :k % ${world.coaches}
\\set t ${firstStart(world)} + :k / ${world.coaches} * 1800
\\set d :t / 86400 * 86400
\\set i ${appointment ?? 0} + :j
\\set u ${appointment === undefined ? `random(0, ${world.tokens.length - 1})` : `:i % ${world.tokens.length}`}
${filledIn(name)}
`,
  );
  return file;
}

/** pgbench's log of every transaction, in order of their ends: [{ us, ended }, …]. */
function readLog() {
  const rows = [];
  for (const name of fs.readdirSync(FOLDER).filter((name) => name.startsWith('pgbench_log'))) {
    for (const line of fs.readFileSync(path.join(FOLDER, name), 'utf8').trim().split('\n')) {
      const [, , us, , second, more] = line.split(' ').map(Number);
      rows.push({ us, ended: second * 1e6 + more });
    }
    fs.rmSync(path.join(FOLDER, name));
  }
  return rows.sort((a, b) => a.ended - b.ended);
}

/**
 * Runs that statement with 64 clients; a sample as load() gives it. `action` is what the statement writes into the
 * audit when it does its work: pgbench itself does not look at answers.
 */
export function runPgbench(world, name, action, from) {
  const audited = () => world.database.value(`select count(*) as n from audit where action = '${action}'`);
  const file = writeScript(world, name, from);
  const clients = ['-c', CLIENTS, '-j', 1, '-T', WARM + SECONDS, '-D', 'n=-1'];
  const options = ['-n', '-M', 'prepared', ...clients, '-f', file, '-l', `--log-prefix=${LOG}`];
  const before = audited();
  const began = process.hrtime.bigint();
  const out = execFileSync(
    'sh',
    ['-c', '"$@" && times', 'sh', 'pgbench', ...options.map(String), world.database.url],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const took = Number(process.hrtime.bigint() - began) / 1e9;
  const log = readLog();
  const done = audited() - before;
  if (done !== log.length) throw new Error(`pgbench: ${done} of ${log.length} ${action}s done`);
  const warm = log[0].ended - log[0].us + WARM * 1e6;
  const times = log
    .filter(({ ended }) => ended > warm)
    .map(({ us }) => us)
    .sort((a, b) => a - b);
  const [, user, system] = /(\S+)s (\S+)s\s*$/.exec(out.trimEnd()); // the last line: of children, as 0m1.5s 0m0.2s
  const cpu = [user, system]
    .map((text) => text.split('m'))
    .reduce((sum, [m, s]) => sum + m * 60 + Number(s), 0);
  return {
    rate: (times.length * 1e6) / (log.at(-1).ended - warm),
    requests: times.length,
    load_share: cpu / took,
    own_cpu_us: (cpu * 1e6) / log.length,
    served: {
      p50_us: times[times.length >> 1],
      p99_us: times[Math.floor(times.length * 0.99)],
      max_us: times.at(-1),
    },
  };
}
