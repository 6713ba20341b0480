// Reschedule and cancel, beside create: each against pgbench running the very statement that it runs.
import { CLIENTS, runPgbench } from './pgbench.mjs';
import { PER_SECOND_MAX, distinct, mustAnswer, sendOnce, warm } from './booking.mjs';
import { SECONDS, interleave, median, ratios, raw } from './measure.mjs';

const CHANGES_MAX = 6_000; // a second; so many appointments are booked beforehand

/** Each appointment from number `appointment` on goes to the slots from number `slot` on. */
function* moves(world, { appointment, slot }, count) {
  for (let k = 0; k < count; k++) {
    const { id, token } = world.booked(appointment + k);
    yield raw('PUT', `/booking/${id}/reschedule`, {
      token,
      body: JSON.stringify({ start: world.slot(slot + k).start }),
    });
  }
}

function* cancellations(world, { appointment }, count) {
  for (let k = 0; k < count; k++) {
    const { id, token } = world.booked(appointment + k);
    yield raw('PUT', `/booking/${id}/cancel`, { token, body: '{}' });
  }
}

export async function change(world, report) {
  const daemon = await world.serve();
  await warm(world, daemon);
  const count = (SECONDS + 1) * CHANGES_MAX;
  const booked = async () => ({ appointment: await world.book(count) });
  const bookedAndFree = async () => ({ ...(await booked()), slot: world.take(count) });
  const samples = await interleave({
    create: sendOnce(daemon, 'create', () => distinct(world, SECONDS * PER_SECOND_MAX)),
    'pgbench, the move': {
      prepare: bookedAndFree,
      measure: async (from) => runPgbench(world, 'appointment_move', 'reschedule', from),
    },
    reschedule: sendOnce(daemon, 'reschedule', async () => moves(world, await bookedAndFree(), count)),
    'pgbench, the cancellation': {
      prepare: booked,
      measure: async (from) => runPgbench(world, 'appointment_cancel', 'cancel', from),
    },
    cancel: sendOnce(daemon, 'cancel', async () => cancellations(world, await booked(), count)),
  });
  report.table(`change, ${CLIENTS} connections`, samples);
  for (const [name, floor] of [
    ['reschedule', 'pgbench, the move'],
    ['cancel', 'pgbench, the cancellation'],
  ]) {
    mustAnswer(report, name, samples[name], 200);
    report.ratio(`${name} against pgbench`, ratios(samples, name, floor));
    report.ratio(`${name} against create`, ratios(samples, name, 'create'));
    report.fact(`${name}: daemon CPU each, µs`, median(samples[name].map(({ cpu_us }) => cpu_us)));
  }
  await daemon.stop();
}
