// The floor for booking: pgbench running the very statement that a call of the daemon runs.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../harness/run_folder.mjs';
import { FOLDER, SECONDS, inSession } from './measure.mjs';

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
 * What pgbench gives for the statement's arguments, of the kinds that the daemon sends for a plain booking; null for the
 * others. The script's variables: k the slot's number, c its coach, t its start, d its day, i the number of the
 * appointment, u its client.
 */
const TIMES = {
  p_starts_at: 'to_timestamp(:t)',
  p_ends_at: 'to_timestamp(:t + 1800)',
  p_blocked_from: 'to_timestamp(:t)',
  p_blocked_to: 'to_timestamp(:t + 1800)',
  p_day_from: 'to_timestamp(:d)',
  p_day_to: 'to_timestamp(:d + 86400)',
  p_calendar_lease: '10',
};
const ACTOR = { p_user_id: "'u' || :u", p_role: "'user'", p_request_id: "'0123456789abcdef'" };
const APPOINTMENT = "md5('bench ' || :i)::uuid"; // as World.book() names them
// An id as the daemon makes it (base/uuid.h): the time, then what is random.
const NEW_ID = `(lpad(to_hex(extract(epoch from now())::bigint * 1000), 12, '0')
    || substr(replace(gen_random_uuid()::text, '-', ''), 13))::uuid`;
const ARGUMENTS = {
  appointment_book: {
    ...TIMES,
    ...ACTOR,
    p_id: NEW_ID,
    p_coach_id: "'c' || :c",
    p_session_type: "'coaching'",
    p_status: "'scheduled'",
    p_client_time_zone: "'UTC'",
    p_name: "'Client ' || :u",
    p_email: "'u' || :u || '@client.test'",
    p_meeting_kind: "'google_meet'",
    p_cancel_notice_minutes: '1440',
    p_reschedule_notice_minutes: '1440',
    p_hold_minutes: '10',
    p_created_by: "'client'",
    p_notify: 'true',
  },
  appointment_move: { ...TIMES, ...ACTOR, p_id: APPOINTMENT, p_coach_id: "'c' || :c", p_exempt: 'false' },
  appointment_cancel: { ...ACTOR, p_id: APPOINTMENT, p_by: "'client'", p_exempt: 'false', p_lease: '10' },
};

/** The statement with those arguments in place, on one line. */
function filledIn(name) {
  const unused = new Set(Object.keys(ARGUMENTS[name]));
  const text = statement(name)
    .replace(/--.*\n/g, '')
    .replace(/(p_\w+) => \$\d+/g, (_, argument) => {
      unused.delete(argument);
      return `${argument} => (${ARGUMENTS[name][argument] ?? 'null'})`;
    })
    .replaceAll('\n', ' ');
  if (/\$\d/.test(text)) throw new Error(`${name} has an argument without a name: ${text}`);
  if (unused.size) throw new Error(`${name} has no ${[...unused].join(', ')}`);
  return text;
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
function writeScript(world, name, connections, { slot, appointment }) {
  const file = path.join(FOLDER, `${name}.pgbench`);
  fs.writeFileSync(
    file,
    `\\set n :n + 1
\\set j :client_id + :n * ${connections}
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
 * Runs that statement on as many connections; a sample as load() gives it. `action` is what the statement writes into the
 * audit when it does its work: pgbench itself does not look at answers. A daemon may still be at work on what was asked
 * of it last, so only what names pgbench's request counts.
 */
export function runPgbench(world, name, action, from, connections = CLIENTS) {
  const audited = () =>
    world.database.value(
      `select count(*) as n from audit where action = '${action}' and request_id = ${ACTOR.p_request_id}`,
    );
  const file = writeScript(world, name, connections, from);
  const clients = ['-c', connections, '-j', 1, '-T', WARM + SECONDS, '-D', 'n=-1'];
  const options = ['-n', '-M', 'prepared', ...clients, '-f', file, '-l', `--log-prefix=${LOG}`];
  const before = audited();
  const began = process.hrtime.bigint();
  const [shell, ...rest] = inSession('sh', ['-c', '"$@" && times', 'sh', 'pgbench', ...options.map(String)]);
  const out = execFileSync(shell, [...rest, world.database.url], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
