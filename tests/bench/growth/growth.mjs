// What the parts on growth share. They measure listings that are computed each time, from the snapshot in memory; a
// `cold` one has its snapshot read from the database first.
import { target, upcoming } from '../availability.mjs';
import { load, median, raw, writeRequests } from '../measure.mjs';

export const coachNames = (count) =>
  count === 0 ? ['damian'] : Array.from({ length: count }, (_, i) => `c${i + 1}`);
export const middle = (list, of) => median(list.map(of));
export const rate = (sample) => sample.rate;

/** Each coach listed once, one after the other, by a daemon that knows none: microseconds of one. */
export async function coldListing(world, daemon, coaches) {
  const questions = coaches.map((coach) => raw('GET', target(upcoming(), coach), { token: world.tokens[0] }));
  const file = writeRequests('cold', questions);
  const { served } = await load(daemon, file, { connections: 1, seconds: 60, mode: 'once' });
  return served.p50_us;
}
