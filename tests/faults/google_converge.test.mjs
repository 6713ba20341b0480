// A thousand bookings, moves and cancellations against a Google that fails three calls in ten: once it is well again, both
// sides agree, and nobody was mailed twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const OPERATIONS = Number(process.env.OPERATIONS ?? 1000);
const CLIENTS = 12;

let stack;
before(async () => {
  stack = await startStack({
    google: 'delegated',
    document: openSchedule({ horizon_days: 365, cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
    env: { CALENDAR_FRESH_SECONDS: '30', CALENDAR_POLL_SECONDS: '2', CALENDAR_STALE_SECONDS: '86400' },
  });
});
after(() => stack.stop());

/** A seeded generator, so that a failing run can be repeated. */
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('appointments and events are one to one after the storm, and every mail was written once', {
  timeout: 400_000,
}, async () => {
  const { google, calendar } = stack;
  // Known busy times, so that bookings go on while Google does not answer.
  const list = await stack.client('looker').get('/booking/availability?duration=30');
  assert.equal(list.status, 200);
  await google.fault('mix', { probability: 0.3, seed: 7, ms: 60_000 });

  const appointments = new Map(); // id -> { status, start, email, moves }
  let operations = 0;
  let nextSlot = 0;
  const worker = async (number) => {
    const random = randomFrom(number + 1);
    const own = [];
    while (operations < OPERATIONS) {
      operations++;
      const what = own.length === 0 ? 0 : random(10);
      // A client may move and cancel thirty times a day, so each worker plays several.
      const name = `client${number}-${Math.floor(operations / 200)}`;
      if (what < 5) {
        const start = stack.slot(nextSlot++);
        const client = stack.client(name);
        const { status, body } = await client.post('/booking/create', { start, duration_minutes: 30 });
        assert.equal(status, 201, JSON.stringify(body));
        appointments.set(body.id, {
          status: 'scheduled',
          start,
          email: `${name}@client.test`,
          moves: 0,
          client,
        });
        own.push(body.id);
      } else {
        const id = own[random(own.length)];
        const known = appointments.get(id);
        if (what < 8) {
          const start = stack.slot(nextSlot++);
          const { status, body } = await known.client.put(`/booking/${id}/reschedule`, { start });
          assert.equal(status, 200, JSON.stringify(body));
          Object.assign(known, { start, moves: known.moves + 1 });
        } else {
          const { status, body } = await known.client.put(`/booking/${id}/cancel`, {});
          assert.equal(status, 200, JSON.stringify(body));
          known.status = 'cancelled';
          own.splice(own.indexOf(id), 1);
        }
      }
    }
  };
  const began = Date.now();
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => worker(number)));
  console.log(`# ${operations} operations in ${Date.now() - began} ms`);

  await google.heal();
  const healed = Date.now();
  const owed = () =>
    Number(
      stack.database.value(
        'select count(*) from bookingd.appointment where calendar_id is not null and (version > synced_version or conference_pending)',
      ),
    );
  await until('nothing to be owed', () => owed() === 0, 60_000);
  console.log(`# converged ${Date.now() - healed} ms after Google was well again`);

  const events = await google.events(calendar);
  const live = new Map(
    events.filter(({ status }) => status !== 'cancelled').map((event) => [event.id, event]),
  );
  const mails = await google.mails();
  const byEvent = Map.groupBy
    ? Map.groupBy(mails, ({ event }) => event)
    : mails.reduce((map, mail) => map.set(mail.event, [...(map.get(mail.event) ?? []), mail]), new Map());
  const kinds = (id, kind) => (byEvent.get(id) ?? []).filter((mail) => mail.kind === kind);
  for (const [id, wanted] of appointments) {
    const eventId = id.replaceAll('-', '');
    const event = live.get(eventId);
    live.delete(eventId);
    if (wanted.status === 'cancelled') {
      assert.equal(event, undefined, `${id} was cancelled, its event stands`);
      // An event that never was invites nobody, and nobody has to be told of its end.
      assert.equal(
        kinds(eventId, 'cancellation').length,
        kinds(eventId, 'invitation').length,
        `cancellations of ${id}`,
      );
      assert.ok(kinds(eventId, 'invitation').length <= 1);
    } else {
      assert.ok(event, `${id} has no event`);
      assert.equal(new Date(event.start).getTime(), new Date(wanted.start).getTime(), `${id} lies elsewhere`);
      assert.deepEqual(event.guests, [wanted.email]);
      assert.equal(kinds(eventId, 'invitation').length, 1, `invitations of ${id}`);
      assert.equal(kinds(eventId, 'cancellation').length, 0);
    }
    assert.ok(
      kinds(eventId, 'update').length <= wanted.moves,
      `${id}: ${kinds(eventId, 'update').length} updates for ${wanted.moves} moves`,
    );
  }
  assert.deepEqual([...live.keys()], [], 'events of no appointment');
  const seen = new Set();
  for (const { id } of events) assert.ok(!seen.has(id) && seen.add(id));
  // The daemon did not take its own writes for the coach's.
  assert.equal(
    Number(stack.database.value(`select count(*) from bookingd.appointment where cancelled_by = 'calendar'`)),
    0,
  );
});
