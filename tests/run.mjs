// Runs the end-to-end tests: one private PostgreSQL for all, each file in a process of its own, Node's own
// summary.
//
//   node tests/run.mjs [file or folder]...      (all but tests/browser, tests/bench, tests/container, tests/fuzz, tests/system, tests/crash, tests/cluster and tests/monitoring when none is named)
//
// TEST_JOBS=N files at once (three a core: they mostly wait). Files under tests/race measure times, so they run by
// themselves after the others. EXCEPT="tests/api" leaves folders out. BOOKINGD=path to the binary, VALGRIND=1, POOLER=1, LEAST_RIGHTS=1, SCHEMA_PROXY=path: see tests/harness.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { PATIENCE } from './harness/child.mjs';
import { Pooler } from './harness/pooler.mjs';
import { startTestServer } from './harness/postgres.mjs';
import { ROOT, runFolder } from './harness/run_folder.mjs';

const APART = [
  ...['browser', 'bench', 'container', 'fuzz', 'system', 'crash', 'cluster', 'monitoring'].map((name) =>
    path.join(ROOT, 'tests', name),
  ),
  ...(process.env.EXCEPT ?? '')
    .split(' ')
    .filter(Boolean)
    .map((name) => path.resolve(name)),
];

function discover(place) {
  if (fs.statSync(place).isFile()) return [place];
  return fs
    .readdirSync(place, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => {
      const inside = path.join(place, entry.name);
      if (entry.isDirectory()) return discover(inside);
      return entry.name.endsWith('.test.mjs') ? [inside] : [];
    });
}

/** Begun first: begun among the last, it would be waited for alone. */
const LONGEST = path.join(ROOT, 'tests/browser/views.test.mjs');

const named = process.argv.slice(2).map((name) => path.resolve(name));
/** On a bare Debian, with all that building needs. */
const builds = named.some((name) => name.startsWith(path.join(ROOT, 'tests/system')));
/** What each file may take; under Valgrind, or in a long run that was asked for (tests/crash, tests/cluster, kill.test.mjs), more. */
const FILE_MS =
  (builds ? 1_800_000 : 600_000) * (process.env.VALGRIND ? 6 : 1) +
  Number(process.env.SECONDS ?? 0) * 2000 +
  Number(process.env.NOTICES ?? 0) * 1000 +
  Number(process.env.FAILOVERS ?? 0) * 120_000;

const files = (named.length ? named : [path.join(ROOT, 'tests')])
  .flatMap(discover)
  .filter((file) => named.length || !APART.some((folder) => file.startsWith(folder + path.sep)))
  .sort((a, b) => (b === LONGEST) - (a === LONGEST) || (a < b ? -1 : 1));
const alone = files.filter((file) => file.startsWith(path.join(ROOT, 'tests/race') + path.sep));
const together = files.filter((file) => !alone.includes(file));

const server = await startTestServer();
const pooler = process.env.POOLER
  ? await Pooler.start({ url: server.url(), mode: 'transaction', all: true })
  : null;
if (pooler) process.env.TEST_POOLER = pooler.url;
let failed = 0;
for (const [batch, concurrency] of [
  [together, Number(process.env.TEST_JOBS ?? 3 * os.cpus().length)],
  [alone, 1],
]) {
  if (!batch.length) continue;
  const stream = run({ files: batch, concurrency, timeout: FILE_MS * PATIENCE }).on(
    'test:fail',
    () => failed++,
  );
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
}
await pooler?.stop();
await server.stop();
if (failed) console.log(`logs are kept in ${path.join(runFolder(), 'logs')}`);
process.exitCode = failed || !files.length ? 1 : 0;
