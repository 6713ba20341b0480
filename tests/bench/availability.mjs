// Availability: what a phone waits for. Against an empty server that sends as many bytes.
import { interleave, load, ratios, raw, startEmptyServer, writeRequests } from './measure.mjs';
import { instant, midnight } from './world.mjs';

/** About 300 free half hours of the busy coach. */
export const upcoming = () => {
  const from = midnight(2);
  return { from, to: new Date(from.getTime() + 9.4 * 86_400_000) };
};

export const target = ({ from, to }, coach = 'damian') =>
  `/booking/availability?coach=${coach}&from=${instant(from)}&to=${instant(to)}&duration=30`;

/**
 * Questions for other seconds, less than half an hour earlier, with the same slots as answer: each is a new one and has
 * to be computed. None is longer than the window.
 */
export function* computedRequests(world, coaches, { from, to }, count = 100_000) {
  for (let i = 0; i < count; i++) {
    const n = Math.floor(i / coaches.length);
    const earlier = from.getTime() - (n % 1700) * 1000;
    const window = {
      from: earlier,
      to: earlier + (to.getTime() - from.getTime()) - Math.floor(n / 1700) * 1000,
    };
    yield raw('GET', target(window, coaches[i % coaches.length]), {
      token: world.tokens[i % world.tokens.length],
    });
  }
}

export async function availability(world, report) {
  const daemon = await world.serve();
  const { from, to } = upcoming();
  const same = target({ from, to });
  const sample = await daemon.client.get(same);
  report.fact('availability: slots', sample.body.slots.length);
  report.fact('availability: bytes', sample.bytes.length);

  const ready = writeRequests(
    'ready',
    world.tokens.map((token) => raw('GET', same, { token })),
  );
  const computed = writeRequests('computed', computedRequests(world, ['damian'], { from, to }));
  const known = writeRequests(
    'known',
    world.tokens.map((token) =>
      raw('GET', same, { token, headers: { 'If-None-Match': sample.headers.etag } }),
    ),
  );
  const compressed = writeRequests(
    'compressed',
    world.tokens.map((token) => raw('GET', same, { token, headers: { 'Accept-Encoding': 'gzip' } })),
  );
  const empty = await startEmptyServer(sample.bytes.length);
  const copy = await startEmptyServer(sample.bytes.length, true);
  const before = world.transactions();
  const samples = await interleave({
    'empty server': () => load(empty, ready),
    'empty server, bytes copied': () => load(copy, ready),
    'body ready': () => load(daemon, ready),
    'computed from the snapshot': () => load(daemon, computed),
    'gzip, body ready': () => load(daemon, compressed),
    'known to the client (304)': () => load(daemon, known),
  });
  const asked = ['body ready', 'computed from the snapshot', 'gzip, body ready', 'known to the client (304)']
    .flatMap((name) => samples[name])
    .reduce((sum, { requests }) => sum + requests, 0);
  report.table('availability', samples);
  const known304 = samples['known to the client (304)'].at(-1).statuses;
  report.fact('availability: statuses when the client has it', JSON.stringify(known304));
  report.must('availability, body ready', ratios(samples, 'body ready', 'empty server'), '>=', 0.75);
  report.must(
    'availability, computed',
    ratios(samples, 'computed from the snapshot', 'empty server'),
    '>=',
    0.55,
  );
  report.must('availability, 304', ratios(samples, 'known to the client (304)', 'empty server'), '>=', 0.92);
  report.must(
    'availability, SQL transactions a request',
    (world.transactions() - before) / asked,
    '<=',
    0.01,
  );
  await Promise.all([empty.stop(), copy.stop(), daemon.stop()]);
}
