// Up to four daemons on one database.
import { computedRequests, target, upcoming } from '../availability.mjs';
import { distinct, PER_SECOND_MAX, sendOnce, warm } from '../booking.mjs';
import { middle, rate } from './growth.mjs';
import { interleave, load, median, SECONDS, writeRequests } from '../measure.mjs';

const REPLICAS = [1, 2, 3, 4];

/** The same 64 connections, spread over one to four of the daemons that run on one database and one machine. */
export async function replicas(world, report) {
  const daemons = [];
  for (let i = 0; i < REPLICAS.at(-1); i++) {
    daemons.push(await world.serve());
    await warm(world, daemons[i]);
  }
  const file = writeRequests('computed', computedRequests(world, ['damian'], upcoming()));
  const variants = {};
  for (const count of REPLICAS) {
    const connections = Math.floor(64 / count);
    const asked = daemons.slice(0, count);
    const sends = asked.map((daemon) =>
      sendOnce(daemon, 'create', () => distinct(world, (SECONDS * PER_SECOND_MAX) / count), { connections }),
    );
    variants[`listings, ${count}`] = () =>
      together(asked.map((daemon) => load(daemon, file, { connections })));
    variants[`creates, ${count}`] = {
      prepare: () => Promise.all(sends.map((send) => send.prepare())),
      measure: (prepared) => together(sends.map((send, i) => send.measure(prepared[i]))),
    };
  }
  const samples = await interleave(variants);
  const points = [];
  for (const count of REPLICAS) {
    const asked = daemons.slice(0, count);
    points.push({
      x: count,
      'listings a second': middle(samples[`listings, ${count}`], rate),
      'creates a second': middle(samples[`creates, ${count}`], rate),
      ...(count > 1 && { 'a booking is seen elsewhere after, ms': await newsDelay(world, asked) }),
      'RssAnon of all, MiB': asked.reduce((sum, daemon) => sum + daemon.memory(), 0),
    });
  }
  report.series('replicas on one machine', points, {
    'listings a second': 'constant: they share the cores',
    'creates a second': 'constant: they share the cores and the database',
    'a booking is seen elsewhere after, ms': 'constant',
    'RssAnon of all, MiB': 'linear',
  });
  for (const daemon of daemons) await daemon.stop();
}

const together = async (samples) => ({
  rate: (await Promise.all(samples)).reduce((sum, sample) => sum + sample.rate, 0),
});

/** Milliseconds from the reply to a booking until the last replica no longer lists its time. */
async function newsDelay(world, [first, ...others]) {
  const delays = [];
  for (let n = 0; n < 20; n++) {
    const { coach, start } = world.slot(world.take(1));
    const listed = async (daemon) => {
      const end = new Date(Date.parse(start) + 1_800_000);
      const { body } = await daemon.client.get(target({ from: start, to: end }, coach));
      return body.slots.length > 0;
    };
    for (const daemon of others)
      if (!(await listed(daemon))) throw new Error(`${coach} is not free at ${start}`);
    const reply = await first.client.post('/booking/create', { coach, start, duration_minutes: 30 });
    if (reply.status !== 201) throw new Error(reply.text);
    const began = performance.now();
    for (const daemon of others) while (await listed(daemon));
    delays.push(performance.now() - began);
  }
  return median(delays);
}
