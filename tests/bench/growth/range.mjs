// From a day to the 62 that may be asked for.
import { computedRequests, target } from '../availability.mjs';
import { mustAnswer } from '../booking.mjs';
import { middle } from './growth.mjs';
import { interleave, load, writeRequests } from '../measure.mjs';
import { DAY, midnight } from '../world.mjs';

const DAYS = [1, 7, 14, 31, 62];

export async function range(world, report) {
  const daemon = await world.serve();
  const windows = DAYS.map((days) => ({
    days,
    window: { from: midnight(2), to: new Date(midnight(2).getTime() + days * DAY) },
  }));
  const samples = await interleave(
    Object.fromEntries(
      windows.map(({ days, window }) => {
        const file = writeRequests(`range_${days}`, computedRequests(world, ['damian'], window, 10_000));
        return [`${days} days`, () => load(daemon, file)];
      }),
    ),
  );
  report.table('range', samples);
  for (const [name, list] of Object.entries(samples)) mustAnswer(report, name, list, 200);
  const points = [];
  for (const { days, window } of windows) {
    const { body, bytes } = await daemon.client.get(target(window));
    points.push({
      x: days,
      'slots listed': body.slots.length,
      'bytes of the reply': bytes.length,
      'CPU of a listing, µs': middle(samples[`${days} days`], ({ cpu_us }) => cpu_us),
    });
  }
  report.series('days asked for', points, {
    'slots listed': 'linear',
    'bytes of the reply': 'linear in the slots',
    'CPU of a listing, µs': 'a constant for the request, and linear in the slots',
  });
  await daemon.stop();
}
