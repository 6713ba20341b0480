// A platform of 10,000 coaches: time stays, memory grows by a little each.
import { computedRequests, upcoming } from '../availability.mjs';
import { mustAnswer } from '../booking.mjs';
import { coachNames, coldListing, middle, rate } from './growth.mjs';
import { interleave, load, writeRequests } from '../measure.mjs';

const COACHES = [1, 100, 1_000, 10_000];
const CROWD = 2000;

/** Each with ten appointments ahead and twenty past ones; all of them listed, so all are in memory. */
export async function coaches(world, report) {
  const sizes = [];
  for (const count of COACHES) {
    const what = { coaches: count + (count > 1), appointments: count * 30, busy: count > 1 ? 0 : 10 };
    const own = await world.another(`coaches_${count}`, what);
    const daemon = await own.serve();
    const names = coachNames(own.coaches);
    const cold_us = count > 1 ? await coldListing(own, daemon, names) : undefined;
    const file = writeRequests('all', computedRequests(own, names, upcoming()));
    sizes.push({ count, own, daemon, cold_us, file });
  }
  const samples = await interleave(
    Object.fromEntries(
      sizes.map(({ count, daemon, file }) => [`${count} coaches`, () => load(daemon, file)]),
    ),
  );
  report.table('coaches', samples);
  for (const [name, list] of Object.entries(samples)) mustAnswer(report, name, list, 200);
  report.series(
    'coaches',
    sizes.map(({ count, daemon, cold_us }) => ({
      x: count,
      'listings a second': middle(samples[`${count} coaches`], rate),
      ...(cold_us && { 'cold listing, µs': cold_us }),
      'RssAnon, MiB': daemon.memory(),
    })),
    {
      'listings a second': 'constant',
      'cold listing, µs': 'constant',
      'RssAnon, MiB': 'a constant, and a few KiB each',
    },
  );
  const [thousand, all] = [1_000, 10_000].map((wanted) => sizes.find(({ count }) => count === wanted));
  report.must('RssAnon with 1,000 coaches and 64 connections, MiB', thousand.daemon.memory(), '<=', 16);
  const crowd = await load(all.daemon, all.file, { connections: CROWD });
  mustAnswer(report, `10,000 coaches, ${CROWD} connections`, [crowd], 200);
  report.fact(`10,000 coaches, ${CROWD} connections: listings a second`, crowd.rate);
  report.fact(`10,000 coaches, ${CROWD} connections: longest wait, ms`, crowd.served.max_us / 1000);
  report.must(`RssAnon with 10,000 coaches and ${CROWD} connections, MiB`, all.daemon.memory(), '<=', 48);
  for (const { own, daemon } of sizes) {
    await daemon.stop();
    own.drop();
  }
}
