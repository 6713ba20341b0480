// Ten times what create can do, offered in an open loop: who is refused, how fast, and how soon all is well again.
import fs from 'node:fs';
import path from 'node:path';
import { sleep } from '../harness/child.mjs';
import { PER_SECOND_MAX, distinct, sendOnce, warm } from './booking.mjs';
import { FOLDER, SECONDS, interleave, load, median, raw, writeRequests } from './measure.mjs';

const PRESSURE_SECONDS = Number(process.env.BENCH_PRESSURE_SECONDS ?? 60);
const AROUND_SECONDS = 5; // watched before and after
const TIMES = 10;
const CONNECTIONS = 1500; // more than the lane takes, fewer than one address may have
const WATCHED = 50; // creates a second from somebody else, who books before, meanwhile and after

/** A stream of requests at fixed times from connections of its own, so that none waits for one: [{ due_us, took_us, status }, …]. */
async function watch(daemon, name, requests, connections) {
  const trace = path.join(FOLDER, `${name}.trace`);
  const file = writeRequests(name, requests);
  const seconds = PRESSURE_SECONDS + 2 * AROUND_SECONDS;
  await load(daemon, file, { connections, seconds, mode: `paced:${WATCHED}`, trace });
  const rows = fs.readFileSync(trace, 'utf8').trim().split('\n');
  return rows
    .map((line) => line.split(' ').map(Number))
    .map(([due_us, took_us, status]) => ({ due_us, took_us, status }));
}

const quantile = (rows, part) => {
  const sorted = rows.map(({ took_us }) => took_us).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] / 1000;
};

/** Milliseconds from `end_us` until a fifth of a second goes by with all served, most as fast as `normal_ms`. */
function recovered(rows, end_us, normal_ms) {
  const after = rows.filter(({ due_us }) => due_us >= end_us).sort((a, b) => a.due_us - b.due_us);
  for (const { due_us } of after) {
    const window = after.filter((row) => row.due_us >= due_us && row.due_us < due_us + 200_000);
    if (window.every(({ status }) => status === 201) && quantile(window, 0.5) <= normal_ms)
      return (due_us - end_us) / 1000;
  }
  return Infinity;
}

/** What somebody who is refused reads. */
async function refusal(world, daemon) {
  const { coach, start } = world.slot(world.take(1));
  for (let tries = 0; tries < 200; tries++) {
    const reply = await daemon.client.post('/booking/create', { coach, start, duration_minutes: 30 });
    if (reply.status === 503) return `${reply.body.code}, retry after ${reply.headers['retry-after']} s`;
  }
  return 'nobody';
}

export async function overload(world, report) {
  const daemon = await world.serve();
  await warm(world, daemon);
  const measured = await interleave({
    'create, 64 connections': sendOnce(daemon, 'create', () => distinct(world, SECONDS * PER_SECOND_MAX)),
  });
  report.table('capacity', measured);
  const capacity = median(measured['create, 64 connections'].map(({ rate }) => rate));

  const watched = (PRESSURE_SECONDS + 2 * AROUND_SECONDS) * WATCHED;
  const creates = watch(daemon, 'watched', distinct(world, watched), 250);
  const health = watch(daemon, 'health', [raw('GET', '/healthz')], 10);
  const file = writeRequests('overload', distinct(world, Math.ceil(capacity * (PRESSURE_SECONDS + 5) * 1.5)));
  await sleep(AROUND_SECONDS * 1000);
  const storm = load(daemon, file, {
    connections: CONNECTIONS,
    seconds: PRESSURE_SECONDS,
    mode: `paced:${Math.round(capacity * TIMES)}`,
  });
  await sleep(500);
  const told = await refusal(world, daemon);
  const all = await storm;
  fs.rmSync(file);
  const seen = await creates;
  const answers = await health;

  const during = ({ due_us }) => due_us >= all.began_us && due_us < all.ended_us;
  const before = seen.filter(({ due_us }) => due_us < all.began_us);
  const accepted = seen.filter((row) => during(row) && row.status === 201);
  const refused = seen.filter((row) => during(row) && row.status === 503);
  report.fact('overload: offered a second', capacity * TIMES);
  report.fact('overload: statuses', JSON.stringify(all.statuses));
  report.fact('overload: connections broken, requests never answered', `${all.errors}, ${all.unanswered}`);
  report.fact('overload: somebody refused is told', told);
  report.fact("overload: the load generator's share of one core", all.load_share);
  report.fact(
    "overload: the daemon's share of one core",
    (all.cpu_us * all.requests) / 1e6 / PRESSURE_SECONDS,
  );
  /* Less than all: every connection waited for a reply, so this machine can neither send nor refuse more. */
  report.ratio('overload: share of what was due that was sent', 1 - all.unsent / all.offered);
  report.ratio(
    'overload: bookings accepted against capacity',
    all.statuses[201] / PRESSURE_SECONDS / capacity,
  );
  for (const [name, rows] of Object.entries({
    'before the overload, create': before,
    'overload: accepted': accepted,
    'overload: refused': refused,
    'overload: /healthz': answers.filter(during),
  }))
    report.fact(`${name}, p50 and p99 ms`, `${quantile(rows, 0.5)}, ${quantile(rows, 0.99)}`);
  const alive = answers.filter(({ status }) => status === 200).length / answers.length;
  report.must('overload: share of /healthz answered', alive, '>=', 1);
  report.must('overload: refused at once, p99 ms', quantile(refused, 0.99), '<=', 100);
  report.must('overload: accepted, p99 ms', quantile(accepted, 0.99), '<=', 1000);
  const normal = quantile(before, 0.99);
  report.must('overload: normal again after, ms', recovered(seen, all.ended_us, normal), '<=', 1000);
  await daemon.stop();
}
