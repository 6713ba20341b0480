// Create: against pgbench running the very statement that it runs.
import fs from 'node:fs';
import {
  ROUNDS,
  SECONDS,
  interleave,
  load,
  median,
  ratios,
  raw,
  startBookingServer,
  writeRequests,
} from './measure.mjs';
import { CLIENTS, runPgbench, writeBooking } from './pgbench.mjs';

export const PER_SECOND_MAX = 12_000; // prepared for; nothing here is faster

export const createRequest = (world, { coach, start }, caller, minutes = 30) =>
  raw('POST', '/booking/create', {
    token: world.tokens[caller],
    body: JSON.stringify({ coach, start, duration_minutes: minutes, time_zone: 'UTC' }),
  });

export const WORKERS = 13; // that the daemon has by default for calls to the database, without a calendar (src/commands/compose.c)

const anybody = (world) => Math.floor(Math.random() * world.tokens.length);

/** Requests for slots of their own. */
export function* distinct(world, count) {
  const first = world.take(count);
  for (let k = 0; k < count; k++) yield createRequest(world, world.slot(first + k), anybody(world));
}

/** 64 requests for each slot, by as many callers. */
function* racing(world, count) {
  const first = world.take(Math.ceil(count / CLIENTS));
  for (let k = 0; k < count; k++)
    yield createRequest(world, world.slot(first + Math.floor(k / CLIENTS)), (k * 7) % world.tokens.length);
}

/** A variant for interleave(): each of the requests is sent once. `requests` makes them for each round. */
export const sendOnce = (daemon, name, requests, { connections = CLIENTS, seconds = SECONDS } = {}) => ({
  prepare: async () => writeRequests(name, await requests()),
  measure: async (file) => {
    const sample = await load(daemon, file, { connections, seconds, mode: 'once' });
    fs.rmSync(file);
    return sample;
  },
});

/** Every worker has its connection and its plans. */
export async function warm(world, daemon) {
  const file = writeRequests('warm', distinct(world, 1000));
  await load(daemon, file, { connections: CLIENTS, mode: 'once' });
}

/** Every reply must have this status. */
export function mustAnswer(report, name, samples, status) {
  for (const { statuses, errors } of samples)
    if (Object.keys(statuses).join() !== String(status) || errors)
      report.failure(name, `${JSON.stringify(statuses)}, ${errors} connections broken`);
}

/** A slot has one winner; the last one's race may not have been run to its end. */
function mustHaveOneWinner(report, samples) {
  for (const { statuses, requests } of samples) {
    const slots = requests / CLIENTS;
    const won = statuses[201];
    if (won < Math.floor(slots) || won > Math.ceil(slots) + 1 || won + statuses[409] !== requests)
      report.failure('racing', `${JSON.stringify(statuses)} for ${slots} slots`);
  }
}

/*
 * pgbench has a connection for each of its 64 clients, the daemon 13 for as many: a PostgreSQL that waits for its disk
 * writes more bookings down at once where more are on their way. So the daemon is measured on as many connections as
 * pgbench, twice: by its default, and one for each client. What the default costs against pgbench with 64 is told.
 */
export async function booking(world, report) {
  const daemon = await world.serve();
  const broad = await world.serve({ WORKERS: String(CLIENTS) });
  await warm(world, daemon);
  await warm(world, broad);
  const wanted = (SECONDS + 1) * PER_SECOND_MAX;
  const floor = `pgbench, the same statement, ${CLIENTS} connections`;
  const floorAlike = `pgbench, the same statement, ${WORKERS} connections`;
  const one = 'create, distinct slots';
  const oneBroad = `create, distinct slots, ${CLIENTS} connections`;
  const raced = 'create, 64 racing for one slot';
  const bare = 'a server that does nothing but book';
  const rounds = ROUNDS + 1; // and a warm one
  const nothing = await startBookingServer(world, writeBooking(world), WORKERS, world.take(rounds * wanted));
  const anything = writeRequests('anything', distinct(world, 1)); // it counts by itself
  await load(nothing, anything);
  const samples = await interleave({
    [floor]: () => runPgbench(world, 'appointment_book', 'create', { slot: world.take(wanted) }),
    [oneBroad]: sendOnce(broad, 'create', () => distinct(world, wanted)),
    [floorAlike]: () =>
      runPgbench(world, 'appointment_book', 'create', { slot: world.take(wanted) }, WORKERS),
    [one]: sendOnce(daemon, 'create', () => distinct(world, wanted)),
    [bare]: () => load(nothing, anything),
    [raced]: sendOnce(daemon, 'create', () => racing(world, wanted * 2)),
  });
  report.table('booking', samples);
  mustAnswer(report, one, samples[one], 201);
  mustAnswer(report, oneBroad, samples[oneBroad], 201);
  mustAnswer(report, bare, samples[bare], 201);
  mustHaveOneWinner(report, samples[raced]);
  const p99 = ({ served }) => served.p99_us;
  const p99All = ({ served, refused }) => Math.max(served.p99_us, refused.p99_us);
  report.must(`create against ${floorAlike}`, ratios(samples, one, floorAlike), '>=', 1);
  report.must(
    `create against pgbench, ${CLIENTS} connections each`,
    ratios(samples, oneBroad, floor),
    '>=',
    1,
  );
  report.must(
    `create, p99 against pgbench, ${CLIENTS} connections each`,
    ratios(samples, oneBroad, floor, p99),
    '<=',
    0.6,
  );
  report.must('racing against distinct', ratios(samples, raced, one), '>=', 1.5);
  report.must(
    'racing, p99 against distinct',
    samples[raced].map((sample, i) => p99All(sample) / p99(samples[one][i])),
    '<=',
    1,
  );
  report.ratio(`create against ${floor}`, ratios(samples, one, floor));
  report.must(
    `create, daemon CPU against ${bare}`,
    ratios(samples, one, bare, ({ cpu_us }) => cpu_us),
    '<=',
    1.4,
  );
  report.fact('CPU each, µs: pgbench itself', median(samples[floor].map(({ own_cpu_us }) => own_cpu_us)));
  report.fact('CPU each, µs: the daemon', median(samples[one].map(({ cpu_us }) => cpu_us)));
  await Promise.all([nothing.stop(), broad.stop(), daemon.stop()]);
}
