// Create: against pgbench running the very statement that it runs.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../harness/run_folder.mjs';
import { FOLDER, SECONDS, interleave, load, median, raw, ratio, writeRequests } from './measure.mjs';
import { pgbench } from './world.mjs';

const CLIENTS = 64;
const PER_SECOND_MAX = 12_000; // prepared for; nothing here is faster

/** The statement of that name in sql/queries. */
function statement(name) {
  for (const file of fs.readdirSync(path.join(ROOT, 'sql/queries'))) {
    const text = fs.readFileSync(path.join(ROOT, 'sql/queries', file), 'utf8');
    const found = new RegExp(`^-- name: ${name} \\w+\\n([\\s\\S]*?;)`, 'm').exec(text);
    if (found) return found[1];
  }
  throw new Error(`no statement ${name}`);
}

/** The parameters of appointment_book as pgbench is to make them; the daemon's are of the same kinds. */
const PARAMETERS = [
  'gen_random_uuid()', "('c' || :c)", "('u' || :u)", "'coaching'", "'scheduled'", 'to_timestamp(:t)',
  'to_timestamp(:t + 1800)', 'to_timestamp(:t)', 'to_timestamp(:t + 1800)', "'UTC'", "('Client ' || :u)",
  "('u' || :u || '@client.test')", 'null', 'null', "'google_meet'", '1440', '1440', 'null', '10', 'null', '10',
  'null', 'null', 'null', 'null', 'to_timestamp(:d)', 'to_timestamp(:d + 86400)', "('u' || :u)", "'user'",
  "'0123456789abcdef'", 'null', 'null',
];

function pgbenchScript(world, first) {
  const start = Date.parse(world.slot(0).start) / 1000;
  const sql = statement('appointment_book')
    .replace(/\$(\d+)/g, (_, n) => PARAMETERS[n - 1])
    .replace(/--.*\n/g, '');
  const file = path.join(FOLDER, 'book.pgbench');
  fs.writeFileSync(
    file,
    `\\set n :n + 1
\\set k ${first} + :client_id + :n * ${CLIENTS}
\\set c 1 + :k % ${world.coaches}
\\set t ${start} + :k / ${world.coaches} * 1800
\\set d :t / 86400 * 86400
\\set u random(0, ${world.tokens.length - 1})
${sql.replaceAll('\n', ' ')}
`,
  );
  return file;
}

/** One round of pgbench: { rate, p99_us, … } as load gives it. */
function runPgbench(world) {
  const file = pgbenchScript(world, world.take(SECONDS * PER_SECOND_MAX));
  const prefix = path.join(FOLDER, 'pgbench_log');
  const out = pgbench([
    '-n', '-M', 'prepared', '-c', String(CLIENTS), '-j', '1', '-T', String(SECONDS), '-D', 'n=0',
    '-l', `--log-prefix=${prefix}`, '-f', file, world.database.url,
  ]);
  const logs = fs.readdirSync(FOLDER).filter((name) => name.startsWith('pgbench_log'));
  const times = logs
    .flatMap((name) => fs.readFileSync(path.join(FOLDER, name), 'utf8').trim().split('\n'))
    .map((line) => Number(line.split(' ')[2]))
    .sort((a, b) => a - b);
  for (const name of logs) fs.rmSync(path.join(FOLDER, name));
  const failed = Number(/number of failed transactions: (\d+)/.exec(out)?.[1] ?? 0);
  if (failed) throw new Error(`pgbench: ${failed} transactions failed`);
  return {
    rate: Number(/tps = ([\d.]+)/.exec(out)[1]),
    requests: times.length,
    served: { p50_us: times[times.length >> 1], p99_us: times[Math.floor(times.length * 0.99)], max_us: times.at(-1) },
  };
}

const createRequest = (world, slot, caller) =>
  raw('POST', '/booking/create', {
    token: world.tokens[caller],
    body: JSON.stringify({ coach: slot.coach, start: slot.start, duration_minutes: 30, time_zone: 'UTC' }),
  });

/** Requests for slots of their own. */
function* distinct(world, count) {
  const first = world.take(count);
  for (let k = 0; k < count; k++)
    yield createRequest(world, world.slot(first + k), Math.floor(Math.random() * world.tokens.length));
}

/** 64 requests for each slot, by as many callers. */
function* racing(world, count) {
  const first = world.take(Math.ceil(count / CLIENTS));
  for (let k = 0; k < count; k++)
    yield createRequest(world, world.slot(first + Math.floor(k / CLIENTS)), (k * 7) % world.tokens.length);
}

async function runCreate(world, daemon, requests) {
  const file = writeRequests('create', requests);
  const sample = await load(daemon, file, { connections: CLIENTS, mode: 'once' });
  fs.rmSync(file);
  return sample;
}

export async function booking(world, report) {
  const daemon = await world.serve();
  const wanted = SECONDS * PER_SECOND_MAX;
  const samples = await interleave({
    'pgbench, the same statement': async () => runPgbench(world),
    'create, distinct slots': () => runCreate(world, daemon, distinct(world, wanted)),
    'create, 64 racing for one slot': () => runCreate(world, daemon, racing(world, wanted * 2)),
  });
  report.table('booking', samples);
  const one = 'create, distinct slots';
  for (const sample of samples[one])
    if (Object.keys(sample.statuses).join() !== '201') report.failure('create', JSON.stringify(sample.statuses));
  // A slot has one winner; the last one's race may not have been run to its end.
  for (const { statuses, requests } of samples['create, 64 racing for one slot']) {
    const slots = requests / CLIENTS;
    if (statuses[201] < Math.floor(slots) || statuses[201] > Math.ceil(slots) + 1 || statuses[201] + statuses[409] !== requests)
      report.failure('racing', `${JSON.stringify(statuses)} for ${slots} slots`);
  }
  const p99 = ({ served }) => served.p99_us;
  const p99All = ({ served, refused }) => Math.max(served.p99_us, refused.p99_us);
  const raced = 'create, 64 racing for one slot';
  report.must('create against pgbench', ratio(samples, one, 'pgbench, the same statement'), '>=', 0.9);
  report.must('create, p99 against pgbench', ratio(samples, one, 'pgbench, the same statement', p99), '<=', 1.5);
  report.must('create, daemon CPU each, µs', median(samples[one].map(({ cpu_us }) => cpu_us)), '<=', 60);
  report.must('racing against distinct', ratio(samples, raced, one), '>=', 1.5);
  report.must('racing, p99 against distinct', median(samples[raced].map((raced_, i) => p99All(raced_) / p99(samples[one][i]))), '<=', 1);
  await daemon.stop();
}
