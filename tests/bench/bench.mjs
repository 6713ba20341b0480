// make bench: everything measured side by side on this machine, with a PostgreSQL of its own.
//
//   node tests/bench/bench.mjs [part]...
//
// BENCH_ROUNDS=5 and BENCH_SECONDS=4 of each measurement, BENCH_PRESSURE_SECONDS=60 of overload; less makes a quick
// trial. Results: result.json and result.svg in build/bench.
// Exits 1 when something that must hold does not.
import fs from 'node:fs';
import os from 'node:os';
import { availability } from './availability.mjs';
import { booking } from './booking.mjs';
import { change } from './change.mjs';
import { google } from './google.mjs';
import { overload } from './overload.mjs';
import { pressure } from './pressure.mjs';
import { FOLDER, ROUNDS, SECONDS, cores, waiting } from './measure.mjs';
import { Report } from './report.mjs';
import { World } from './world.mjs';

const parts = { availability, booking, change, google, pressure, overload };
const wanted = process.argv.slice(2);
for (const name of wanted)
  if (!parts[name]) throw new Error(`no part ${name}; there are ${Object.keys(parts).join(', ')}`);

fs.mkdirSync(FOLDER, { recursive: true });
const report = new Report({
  when: new Date().toISOString(),
  processor: os.cpus()[0].model,
  cores: cores(),
  kernel: os.release(),
  rounds: ROUNDS,
  seconds: SECONDS,
});
console.log(JSON.stringify(report.result.about));
const world = await World.make();
try {
  for (const [name, part] of Object.entries(parts))
    if (!wanted.length || wanted.includes(name)) await part(world, report);
} finally {
  await world.stop();
}
report.fact('measurements begun on a busy machine', waiting.inVain);
process.exitCode = report.write() ? 0 : 1;
