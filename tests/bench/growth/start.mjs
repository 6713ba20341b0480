// How soon it is there, against a program that starts and does nothing.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bookingd } from '../../harness/postgres.mjs';
import { FOLDER, Program, interleave, median } from '../measure.mjs';

const STARTS = 20;
const TRIPS = 500;

async function version() {
  const began = performance.now();
  await new Program(bookingd(), ['--version'], { name: 'version' }).exited;
  return performance.now() - began;
}

/** From the start of the program until it says that it is ready. */
async function ready(world) {
  const daemon = await world.serve();
  const connections = world.database.value(
    "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'bookingd%'",
  );
  await daemon.stop();
  return { ready_ms: daemon.ready_ms, connections };
}

/** Milliseconds of one round trip to the database. */
function roundTrip(world) {
  const file = path.join(FOLDER, 'trip.pgbench');
  fs.writeFileSync(file, 'select 1;\n');
  const args = ['-n', '-M', 'prepared', '-c', '1', '-t', String(TRIPS), '-f', file, world.database.url];
  const out = execFileSync('pgbench', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return Number(/latency average = (\S+) ms/.exec(out)[1]);
}

export async function start(world, report) {
  const samples = await interleave({ version, ready: () => ready(world) }, STARTS);
  const trip = roundTrip(world);
  report.fact('--version, ms', median(samples.version));
  report.fact(
    'start to ready with 200,000 appointments, ms',
    median(samples.ready.map((one) => one.ready_ms)),
  );
  report.fact('connections at start', samples.ready[0].connections);
  report.fact('a round trip to the database, ms', trip);
  report.must(
    `start to ready against 2.5 times --version and a round trip for each connection (${STARTS} starts)`,
    samples.ready.map(
      ({ ready_ms, connections }, i) => ready_ms / (2.5 * samples.version[i] + connections * trip),
    ),
    '<=',
    1,
  );
}
