// Whether the time of a 404 tells another's appointment from none: medians over requests that take turns.
//
//   node tests/bench/foreign_ids.mjs [how many of each, 2000]
//
// Two kinds of unknown ids are compared with each other as well, which says how far a ratio is off 1 by chance.
import { randomUUID } from 'node:crypto';
import { openSchedule, startStack } from '../harness/stack.mjs';

const ROUNDS = Number(process.argv[2] ?? 2000);
const WARM_UP = 200;
const stack = await startStack({ document: openSchedule() });
const ann = stack.client('ann');
const foreign = [];
for (let i = 0; i < 200; i++)
  foreign.push(
    (await ann.post('/booking/create', { start: stack.slot(i), notes: 'n'.repeat(2000) })).body.id,
  );
const client = stack.client('mallory', {}, { connections: 1 });
const coach = stack.client('clara', { role: 'coach', coach: 'clara' }, { connections: 1 });

const CALLS = {
  'GET /booking/:id': (id) => client.get(`/booking/${id}`),
  'GET /booking/:id by another coach': (id) => coach.get(`/booking/${id}`),
  'GET /booking/:id/calendar.ics': (id) => client.get(`/booking/${id}/calendar.ics`),
  'GET /booking/availability?rescheduling': (id) => client.get(`/booking/availability?rescheduling=${id}`),
  'PUT /booking/:id/confirm': (id) => client.put(`/booking/${id}/confirm`, {}),
  'PUT /booking/:id/cancel': (id) => client.put(`/booking/${id}/cancel`, {}),
  'PUT /booking/:id/reschedule': (id) => client.put(`/booking/${id}/reschedule`, { start: stack.slot(300) }),
  'PUT /booking/:id/status by another coach': (id) =>
    coach.put(`/booking/${id}/status`, { status: 'completed' }),
};
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1] * 1000;

console.log(`${'µs, medians of'.padEnd(42)} unknown  again  another's  ratio  by chance`);
for (const [name, call] of Object.entries(CALLS)) {
  const times = { unknown: [], foreign: [], again: [] };
  for (let i = 0; i < ROUNDS + WARM_UP; i++)
    for (const kind of i % 2 ? ['unknown', 'foreign', 'again'] : ['again', 'foreign', 'unknown']) {
      const { status, ms, text } = await call(
        kind === 'foreign' ? foreign[i % foreign.length] : randomUUID(),
      );
      if (status !== 404) throw new Error(`${name}: ${text}`);
      if (i >= WARM_UP) times[kind].push(ms);
    }
  const [unknown, again, others] = [median(times.unknown), median(times.again), median(times.foreign)];
  console.log(
    name.padEnd(42) +
      [unknown, again, others].map((us) => us.toFixed(0).padStart(8)).join('') +
      (others / ((unknown + again) / 2)).toFixed(3).padStart(11) +
      (unknown / again).toFixed(3).padStart(8),
  );
}
await stack.stop();
