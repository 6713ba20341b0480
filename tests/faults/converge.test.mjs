// A Google that fails three calls in ten, in every way it can: once it is well again, appointments and events are one to
// one, no second event ever existed, and each guest was told once of each thing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack, until } from '../harness/stack.mjs';

const BOOKINGS = Number(process.env.CONVERGE_BOOKINGS ?? 400); // with moves and cancels about 1,000 changes
const SEED = Number(process.env.SEED ?? 20261122);
const AT_ONCE = 24;

let stack;
before(async () => {
  stack = await startStack({ google: 'delegated' });
});
after(() => stack.stop());

test(`${BOOKINGS} bookings, half of them moved, a third cancelled, seed ${SEED}`, {
  timeout: 540_000,
}, async (t) => {
  const names = [
    'backendError',
    'backendError503',
    'rateLimitExceeded',
    'userRateLimitExceeded',
    'html502',
    'cut_before',
    'cut_after',
    'cut_half',
    'hang_before',
    'hang_after',
    'garbage',
  ];
  // freeBusy fails less: without busy times there would be no bookings to test with.
  await stack.google.fault('mix', {
    method: 'events.*',
    probability: 0.3,
    seed: SEED,
    of: names,
    ms: 3000,
  });
  await stack.google.fault('mix', {
    method: 'oauth.*',
    probability: 0.3,
    seed: SEED + 1,
    of: names,
    ms: 3000,
  });
  await stack.google.fault('mix', {
    method: 'freebusy.query',
    probability: 0.1,
    seed: SEED + 2,
    of: ['backendError', 'cut_after', 'html502'],
  });

  const unexpected = [];
  const insist = async (allowed, ask) => {
    for (let tries = 0; tries < 30; tries++) {
      const reply = await ask();
      if (allowed.includes(reply.status)) return reply.body;
      if (reply.status !== 503) unexpected.push(`${reply.status} ${reply.text}`);
    }
    return null;
  };
  let next = 0;
  const worker = async () => {
    while (next < BOOKINGS) {
      const n = next++;
      const client = stack.client(`guest-${n}`);
      const made = await insist([200, 201], () =>
        client.post('/booking/create', { start: stack.slot(n), duration_minutes: 30 }),
      );
      const half = (text) => new Date(Date.parse(text) + 1_800_000).toISOString().replace('.000', '');
      if (made && n % 2)
        await insist([200], () =>
          client.put(`/booking/${made.id}/reschedule`, { start: half(stack.slot(n)) }),
        );
      if (made && n % 3 === 0) await insist([200], () => client.put(`/booking/${made.id}/cancel`));
      client.close();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.deepEqual(unexpected, []);

  // While Google fails calls are held back, so it stays ill until it has really hurt.
  const struck = async () =>
    (await stack.google.journal({ type: 'call' })).filter(({ fault }) => fault).length;
  await until('enough faults to strike', async () => (await struck()) > BOOKINGS / 5, 120_000);
  await stack.google.heal();
  const healed = Date.now();
  const owed = () =>
    stack.database.value(
      'SELECT count(*) FROM appointment WHERE version > synced_version OR conference_pending',
    );
  await until('every debt to be paid', () => owed() === 0, 60_000);
  t.diagnostic(
    `${stack.database.value('SELECT count(*) FROM appointment')} appointments, settled ${Date.now() - healed} ms after healing`,
  );

  const events = await stack.google.events(stack.calendar);
  const mails = await stack.google.mails();
  const faults = (await stack.google.journal({ type: 'call' })).filter(({ fault }) => fault).length;
  assert.ok(faults > BOOKINGS / 5, `only ${faults} faults struck`);
  for (const row of stack.database.rows(
    'SELECT id, status, starts_at, ends_at, email, reschedule_count FROM appointment',
  )) {
    const own = events.filter((event) => JSON.stringify(event.extendedProperties).includes(row.id));
    const seen = JSON.stringify({ row, own });
    if (row.status === 'scheduled') assert.equal(own.length, 1, seen);
    else assert.ok(own.length <= 1, seen);
    const [event] = own;
    if (!event) continue;
    assert.equal(event.status, row.status === 'scheduled' ? 'confirmed' : 'cancelled', seen);
    assert.deepEqual(event.guests, [row.email], seen);
    if (row.status === 'scheduled') {
      assert.deepEqual(
        [Date.parse(event.start), Date.parse(event.end)],
        [Date.parse(row.starts_at), Date.parse(row.ends_at)],
        seen,
      );
      assert.ok(event.conference?.code, seen);
    }
    const told = mails.filter((mail) => mail.event === event.id);
    const count = (kind) => told.filter((mail) => mail.kind === kind).length;
    assert.deepEqual(
      [count('invitation'), count('cancellation')],
      [1, row.status === 'scheduled' ? 0 : 1],
      JSON.stringify({ row, told }),
    );
    assert.ok(count('update') <= row.reschedule_count, JSON.stringify({ row, told }));
    if (row.status === 'scheduled')
      assert.equal(Date.parse(told.at(-1).start), Date.parse(row.starts_at), JSON.stringify({ row, told }));
  }
  assert.equal(
    events.length,
    new Set(
      events.map((event) => event.extendedProperties && JSON.stringify(event.extendedProperties.private)),
    ).size,
  );
});
