// A coach with 5,000 busy times.
import { openSchedule } from '../../harness/stack.mjs';
import { computedRequests, target } from '../availability.mjs';
import { mustAnswer, warm } from '../booking.mjs';
import { middle } from './growth.mjs';
import { interleave, load, median, writeRequests } from '../measure.mjs';
import { DAY, insertAppointments, instant, midnight } from '../world.mjs';

const BUSY = [0, 50, 500, 1_500, 5_000];

/** Sessions begin at whole hours and busy times lie after them, so as many slots are listed, whatever is busy. */
export async function busy(world, report) {
  const schedule = openSchedule({ horizon_days: 90, min_notice_minutes: 60, step_minutes: 60 });
  const window = { from: midnight(2), to: new Date(midnight(2).getTime() + 62 * DAY) };
  const hours = 62 * 24;
  for (const count of BUSY) {
    world.addCoaches(`select 'busy${count}'`, schedule);
    world.database.run(
      insertAppointments(`
        select gen_random_uuid() as id, 'busy${count}' as coach, n % 1000 as client, 'scheduled' as status,
               '${instant(window.from)}'::timestamptz
               + make_interval(hours => n * 7 % ${hours}, mins => 30 + 5 * (n / ${hours})) as at, 5 as minutes
        from generate_series(0, ${count - 1}) n`),
    );
  }
  const daemon = await world.serve();
  await warm(world, daemon);
  const cold = [];
  for (const count of BUSY) cold.push(await listingAfterBooking(world, daemon, `busy${count}`, window));
  const samples = await interleave(
    Object.fromEntries(
      BUSY.map((count) => {
        const file = writeRequests(`busy${count}`, computedRequests(world, [`busy${count}`], window, 10_000));
        return [`${count} busy times`, () => load(daemon, file)];
      }),
    ),
  );
  report.table('busy times', samples);
  for (const [name, list] of Object.entries(samples)) mustAnswer(report, name, list, 200);
  report.series(
    'busy times of one coach',
    BUSY.map((count, i) => ({
      x: count,
      'CPU of a listing, µs': middle(samples[`${count} busy times`], ({ cpu_us }) => cpu_us),
      'cold listing, µs': cold[i],
    })),
    {
      'CPU of a listing, µs': 'constant for the 1,488 slots listed, and linear in busy times',
      'cold listing, µs': 'constant, and linear in busy times',
    },
  );
  await daemon.stop();
}

/** Each booking drops the snapshot, so the next listing reads it anew: microseconds of that one. */
async function listingAfterBooking(world, daemon, coach, window) {
  const took = [];
  for (let n = 0; n < 15; n++) {
    const start = instant(midnight(70).getTime() + n * 3_600_000);
    const reply = await daemon.client.post('/booking/create', { coach, start, duration_minutes: 30 });
    if (reply.status !== 201) throw new Error(reply.text);
    took.push((await daemon.client.get(target(window, coach))).ms * 1000);
  }
  return median(took);
}
