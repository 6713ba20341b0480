// make bench: everything measured side by side on this machine, with a PostgreSQL of its own.
//
//   node tests/bench/bench.mjs [part]...
//
// BENCH_ROUNDS=15 and BENCH_SECONDS=1 of each measurement, BENCH_PRESSURE_SECONDS=15 of overload; less makes a quick
// trial. Each part tells how long it took. Results: result.json and result.svg in build/bench.
// Exits 1 when something that must hold does not, or a part fails.
import { availability } from './availability.mjs';
import { booking } from './booking.mjs';
import { change } from './change.mjs';
import { feeds } from './feeds.mjs';
import { appointments } from './growth/appointments.mjs';
import { busy } from './growth/busy.mjs';
import { coaches } from './growth/coaches.mjs';
import { practice } from './growth/practice.mjs';
import { range } from './growth/range.mjs';
import { replicas } from './growth/replicas.mjs';
import { start } from './growth/start.mjs';
import { kinds } from './kinds.mjs';
import { google } from './google.mjs';
import { notices } from './notices.mjs';
import { overload } from './overload.mjs';
import { pressure } from './pressure.mjs';
import { Program, about, prepareFolder, waiting } from './measure.mjs';
import { Report } from './report.mjs';
import { switchedOn } from './switched_on.mjs';
import { World } from './world.mjs';

const growth = { appointments, coaches, practice, busy, range, replicas, start };
const parts = {
  availability,
  booking,
  change,
  switched_on: switchedOn,
  kinds,
  notices,
  google,
  feeds,
  pressure,
  overload,
  ...growth,
};
const asked = process.argv.slice(2);
const wanted = asked.flatMap((name) => (name === 'growth' ? Object.keys(growth) : name));
for (const name of wanted)
  if (!parts[name]) throw new Error(`no part ${name}; there are ${Object.keys(parts).join(', ')}, growth`);

prepareFolder();
const report = new Report(about());
console.log(JSON.stringify(report.result.about));
const world = await World.make();
try {
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const began = performance.now();
    await part(world, report).catch((error) => report.failure(name, error.stack)); // the others are still of use
    await Program.stopAll();
    world.restore();
    report.fact(`${name}: minutes that it took`, (performance.now() - began) / 60_000);
  }
} finally {
  await world.stop();
}
report.fact('measurements begun on a busy machine', waiting.inVain);
process.exit(report.end() ? 0 : 1); // at once: a part that failed may have left a connection or a program open
