// A million appointments: nothing should notice.
import { computedRequests, upcoming } from '../availability.mjs';
import { distinct, mustAnswer, PER_SECOND_MAX, sendOnce, warm } from '../booking.mjs';
import { coachNames, coldListing, middle, rate } from './growth.mjs';
import { interleave, load, ratios, SECONDS, writeRequests } from '../measure.mjs';

const APPOINTMENTS = [1_000, 10_000, 100_000, 1_000_000];

/** 100 coaches with ten appointments ahead each; all others are past, as they are after some years. */
export async function appointments(world, report) {
  const sizes = [];
  for (const size of APPOINTMENTS) {
    const own = await world.another(`appointments_${size}`, { coaches: 101, appointments: size, busy: 0 });
    const daemon = await own.serve();
    const cold_us = await coldListing(own, daemon, coachNames(own.coaches));
    await warm(own, daemon);
    const listings = writeRequests(
      `computed_${size}`,
      computedRequests(own, coachNames(own.coaches), upcoming()),
    );
    sizes.push({ size, own, daemon, cold_us, listings });
  }
  const variants = {};
  for (const { size, own, daemon, listings } of sizes) {
    variants[`listing, ${size}`] = () => load(daemon, listings);
    variants[`create, ${size}`] = sendOnce(daemon, 'create', () => distinct(own, SECONDS * PER_SECOND_MAX));
  }
  const samples = await interleave(variants);
  report.table('appointments', samples);
  report.series(
    'appointments',
    sizes.map(({ size, daemon, cold_us }) => ({
      x: size,
      'listings a second': middle(samples[`listing, ${size}`], rate),
      'creates a second': middle(samples[`create, ${size}`], rate),
      'cold listing, µs': cold_us,
      'RssAnon, MiB': daemon.memory(),
    })),
    {
      'listings a second': 'constant',
      'creates a second': 'constant (an index has one more level each hundredfold)',
      'cold listing, µs': 'constant',
      'RssAnon, MiB': 'constant',
    },
  );
  const [small, large] = [APPOINTMENTS[0], APPOINTMENTS.at(-1)];
  for (const what of ['listing', 'create']) {
    mustAnswer(report, `${what}, ${large}`, samples[`${what}, ${large}`], what === 'create' ? 201 : 200);
    report.must(
      `${what} with ${large} appointments against ${small}`,
      ratios(samples, `${what}, ${large}`, `${what}, ${small}`),
      '>=',
      1 / 1.2,
    );
  }
  for (const { own, daemon } of sizes) {
    await daemon.stop();
    own.drop();
  }
}
