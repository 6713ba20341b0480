// Once, twice, five and ten times what create can do, offered in an open loop: what is served, what is refused, how fast,
// and how soon all is well again.
import fs from 'node:fs';
import path from 'node:path';
import { sleep } from '../harness/child.mjs';
import { PER_SECOND_MAX, WORKERS, distinct, sendOnce, warm } from './booking.mjs';
import {
  FOLDER,
  SECONDS,
  interleave,
  load,
  median,
  raw,
  startBookingServer,
  startEmptyServer,
  writeRequests,
} from './measure.mjs';
import { writeBooking } from './pgbench.mjs';

const PRESSURE_SECONDS = Number(process.env.BENCH_PRESSURE_SECONDS ?? 15);
const AROUND_SECONDS = 5; // watched before and after
const TIMES = [1, 2, 5, 10];
const CONNECTIONS = 1500; // more than the lane takes, fewer than one address may have
const REFUSAL_BYTES = 300;
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

/** So many times the capacity for a while, with somebody else booking and asking for the daemon's health all the while. */
async function storm(world, daemon, report, capacity, times) {
  const watched = (PRESSURE_SECONDS + 2 * AROUND_SECONDS) * WATCHED;
  const creates = watch(daemon, 'watched', distinct(world, watched), 250);
  const health = watch(daemon, 'health', [raw('GET', '/healthz')], 10);
  const wanted = Math.ceil(capacity * (PRESSURE_SECONDS + 5) * Math.min(times, 1.5));
  const file = writeRequests('overload', distinct(world, wanted)); // those refused come again
  await sleep(AROUND_SECONDS * 1000);
  const sent = load(daemon, file, {
    connections: CONNECTIONS,
    seconds: PRESSURE_SECONDS,
    mode: `paced:${Math.round(capacity * times)}`,
  });
  await sleep(500);
  if (times === TIMES.at(-1)) report.fact('overload: somebody refused is told', await refusal(world, daemon));
  const all = await sent;
  fs.rmSync(file);
  const [seen, answers] = [await creates, await health];
  const name = `overload, ${times} times the capacity`;
  report.fact(`${name}: statuses`, JSON.stringify(all.statuses));
  if (all.errors || all.unanswered)
    report.failure(name, `${all.errors} connections broken, ${all.unanswered} requests without an answer`);
  return { times, all, seen, before: seen.filter(({ due_us }) => due_us < all.began_us), answers };
}

/** Milliseconds, 50th and 99th percentile, of an empty server that gets as many requests while another one books all it can. */
async function floor(world, rate) {
  const seconds = PRESSURE_SECONDS;
  const empty = await startEmptyServer(REFUSAL_BYTES);
  const bare = await startBookingServer(
    world,
    writeBooking(world),
    WORKERS,
    world.take(seconds * PER_SECOND_MAX),
  );
  const anything = writeRequests('anything', distinct(world, 1)); // it counts by itself
  const booked = load(bare, anything, { seconds });
  const file = writeRequests('overload', distinct(world, 1000));
  const { served } = await load(empty, file, {
    connections: CONNECTIONS,
    seconds: seconds - 2,
    mode: `paced:${Math.round(rate)}`,
  });
  await booked;
  await Promise.all([empty.stop(), bare.stop()]);
  return { p50_ms: served.p50_us / 1000, p99_ms: served.p99_us / 1000 };
}

const perSecond = (count) => count / PRESSURE_SECONDS || 0;

export async function overload(world, report) {
  const daemon = await world.serve();
  await warm(world, daemon);
  const measured = await interleave({
    'create, 64 connections': sendOnce(daemon, 'create', () => distinct(world, SECONDS * PER_SECOND_MAX)),
  });
  report.table('capacity', measured);
  const capacity = median(measured['create, 64 connections'].map(({ rate }) => rate));
  const storms = [];
  for (const times of TIMES) storms.push(await storm(world, daemon, report, capacity, times));
  await daemon.stop();
  const least = await floor(world, capacity * TIMES.at(-1));

  const normal_ms = quantile(
    storms.flatMap(({ before }) => before),
    0.99,
  );
  const points = storms.map(({ times, all, seen, answers }) => ({
    x: times,
    'offered a second': perSecond(all.offered),
    'sent a second': perSecond(all.offered - all.unsent), // fewer: every connection waited for a reply
    'accepted a second': perSecond(all.statuses[201]),
    'refused a second': perSecond(all.statuses[503]),
    'accepted, p50 ms': all.served.p50_us / 1000,
    'accepted, p99 ms': all.served.p99_us / 1000,
    ...(all.refused.count && {
      'refused, p50 ms': all.refused.p50_us / 1000,
      'refused, p99 ms': all.refused.p99_us / 1000,
    }),
    '/healthz, p99 ms': quantile(answers, 0.99),
    'normal again after, ms': recovered(seen, all.ended_us, normal_ms),
    "the daemon's share of one core": (all.cpu_us * all.requests) / 1e6 / PRESSURE_SECONDS,
  }));
  report.fact('create without load, p50 and p99 ms', `${quantile(storms[0].before, 0.5)}, ${normal_ms}`);
  report.series('times the capacity', points, {
    'offered a second': 'linear',
    'sent a second': 'linear',
    'accepted a second': 'constant',
    'refused a second': 'what is over',
    'accepted, p50 ms': 'constant',
    'accepted, p99 ms': 'constant',
    'refused, p50 ms': 'constant',
    'refused, p99 ms': 'constant',
    '/healthz, p99 ms': 'constant',
    'normal again after, ms': 'constant',
    "the daemon's share of one core": 'a constant, and linear in what is refused',
  });
  const most = points.at(-1);
  const name = `overload, ${most.x} times the capacity`;
  const healthy = storms.flatMap(({ answers }) => answers);
  report.must(
    'overload: share of /healthz answered',
    healthy.filter(({ status }) => status === 200).length / healthy.length,
    '>=',
    1,
  );
  report.must(
    `${name}: accepted, p99 against that of a create without load`,
    most['accepted, p99 ms'] / normal_ms,
    '<=',
    5,
  );
  report.must(`${name}: refused, p99 ms`, most['refused, p99 ms'] ?? 0, '<=', Math.max(100, normal_ms));
  report.must(
    'overload: normal again after at most, ms',
    Math.max(...points.map((point) => point['normal again after, ms'])),
    '<=',
    1000,
  );
  report.fact(
    `${name}: an empty server beside one that books, p50 and p99 ms`,
    `${least.p50_ms}, ${least.p99_ms}`,
  );
  report.ratio(`${name}: refused, p99 against that empty server's`, most['refused, p99 ms'] / least.p99_ms);
  report.ratio(`${name}: accepted, p99 against that empty server's`, most['accepted, p99 ms'] / least.p99_ms);
  report.ratio(`${name}: accepted against capacity`, most['accepted a second'] / capacity);
  report.ratio(
    `${name}: share of what was due that was sent`,
    most['sent a second'] / most['offered a second'],
  );
}
