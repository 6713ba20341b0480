// Busy times: asked once for everybody, never guessed, and nobody waits for a Google that does not answer.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startStack, until } from '../harness/stack.mjs';

const MEASURED = !process.env.SANITIZE && !process.env.VALGRIND; // such builds keep what was freed

const asked = async (stack) => (await stack.google.calls('freebusy.query')).length;

describe('with busy times remembered', () => {
  let stack;
  before(async () => {
    stack = await startStack({
      google: 'delegated',
      // So long that none of these tests sees them become old.
      env: { CALENDAR_FRESH_SECONDS: '600', CALENDAR_POLL_SECONDS: '0' },
    });
  });
  after(() => stack.stop());
  beforeEach(async () => {
    await stack.google.heal();
  });

  test('200 listings in 10 seconds cost at most 2 questions', async () => {
    const ann = stack.client('ann');
    const first = await asked(stack);
    for (let i = 0; i < 200; i++) {
      const from = stack.slot(24 * (i % 20)).slice(0, 10);
      const { status, body } = await ann.get(
        `/booking/availability?from=${from}&duration=${i % 2 ? 30 : 60}`,
      );
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.calendar.state, 'live');
    }
    assert.ok((await asked(stack)) - first <= 2);
  });

  test('500 listings at once on a cold cache cost 1', async () => {
    const ann = stack.client('ann');
    const booked = await ann.post('/booking/create', { start: stack.slot(5), duration_minutes: 30 });
    assert.equal(booked.status, 201);
    assert.equal((await ann.put(`/booking/${booked.body.id}/cancel`)).status, 200); // time given back drops what was known
    await stack.google.fault('latency', { method: 'freebusy.query', ms: 1000 });
    const first = await asked(stack);
    const clients = Array.from({ length: 50 }, (_, i) => stack.client(`c${i}`));
    const replies = await Promise.all(
      Array.from({ length: 500 }, (_, i) => clients[i % 50].get('/booking/availability?duration=30')),
    );
    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
    assert.equal((await asked(stack)) - first, 1);
    assert.ok(replies.every(({ body }) => body.slots.some(({ start }) => start === stack.slot(5))));
  });

  test('a booking makes no listing ask: what it takes is known, what a cancellation gives back is asked for', async () => {
    const ann = stack.client('ann');
    const offers = async (start) => {
      const { status, body } = await ann.get('/booking/availability?duration=30');
      assert.equal(status, 200, JSON.stringify(body));
      return body.slots.some((slot) => slot.start === start);
    };
    assert.ok(await offers(stack.slot(8)));
    const { body } = await ann.post('/booking/create', { start: stack.slot(8), duration_minutes: 30 });
    assert.equal(body.calendar.state, 'synced');
    let first = await asked(stack);
    assert.equal(await offers(stack.slot(8)), false);
    assert.equal((await asked(stack)) - first, 0);
    assert.equal((await ann.put(`/booking/${body.id}/cancel`)).body.calendar.state, 'synced');
    first = await asked(stack);
    assert.ok(await offers(stack.slot(8)));
    assert.equal((await asked(stack)) - first, 1);
  });

  test('a listing does not wait behind bookings, with Google as slow as it likes', async () => {
    const clients = Array.from({ length: 48 }, (_, i) => stack.client(`w${i}`));
    const ann = stack.client('ann');
    await ann.get('/booking/availability?duration=30');
    const first = await asked(stack);
    await stack.google.fault('latency', { ms: 300 });
    let done = false;
    const creates = Promise.all(
      clients.map((client, i) =>
        client.post('/booking/create', { start: stack.slot(60 + i), duration_minutes: 30 }),
      ),
    ).finally(() => {
      done = true;
    });
    let listings = 0;
    while (!done) {
      const { status } = await ann.get('/booking/availability?duration=30');
      assert.equal(status, 200);
      listings++;
    }
    const statuses = (await creates).map(({ status }) => status);
    assert.ok(statuses.filter((status) => status === 201).length >= 16, String(statuses));
    // The bookings take some three seconds: ten listings, if each waited for Google.
    assert.ok(listings > 20, `${listings} listings meanwhile`);
    const asks = (await stack.google.calls('freebusy.query')).slice(first);
    const wide = asks.filter(({ body }) => new Date(body.timeMax) - new Date(body.timeMin) > 10 * 86_400_000);
    assert.ok(wide.length <= 1, `${wide.length} of ${asks.length} questions were of listings`);
    await stack.google.heal();
  });

  test('looking at the end of time costs a client no question, and a coach few, once', async () => {
    const ann = stack.client('ann');
    const coach = stack.coach();
    const days = ['2030-01-01', '2099-01-01', '9998-12-31', '9999-12-30'];
    // Questions about that day and what is beyond: those of the bookings before may still come.
    const askedBeyond = async (day) =>
      (await stack.google.calls('freebusy.query')).filter(
        ({ body }) => Date.parse(body.timeMax) >= Date.parse(day),
      ).length;
    const look = async (who, path, day) => {
      const before = await askedBeyond(day);
      const { status, text } = await who.get(path);
      assert.equal(status, 200, text);
      return (await askedBeyond(day)) - before;
    };
    await look(ann, '/booking/availability', days[0]);
    for (const day of days)
      assert.equal(await look(ann, `/booking/availability?from=${day}&to=${day}`, day), 0, day);
    for (const day of days) {
      assert.ok((await look(coach, `/booking/availability?from=${day}&to=${day}`, day)) <= 1, day);
      assert.ok((await look(coach, `/coach/damian/busy?from=${day}&to=${day}`, day)) <= 1, day);
      assert.ok((await look(coach, `/coach/damian/busy?from=${day}`, day)) <= 7, day);
    }
    assert.equal(await look(ann, '/booking/availability', days[0]), 0, 'what is remembered is as it was');
  });

  test('a horizon beyond 60 days is asked in portions', async () => {
    const { status, body } = await stack.coach().put('/coach/damian/schedule', {
      ...(await stack.coach().get('/coach/damian/schedule')).body,
      policy: { ...(await stack.coach().get('/coach/damian/schedule')).body.policy, horizon_days: 150 },
    });
    assert.equal(status, 200, JSON.stringify(body));
    const far = await stack
      .client('ann')
      .get(`/booking/availability?from=${stack.slot(24 * 120).slice(0, 10)}&duration=30`);
    assert.equal(far.status, 200, JSON.stringify(far.body));
    assert.equal(far.body.calendar.state, 'live');
    for (const call of await stack.google.calls('freebusy.query'))
      assert.ok(new Date(call.body.timeMax) - new Date(call.body.timeMin) <= 60 * 86_400_000);
  });
});

test('calls that were begun too late to be answered say nothing against Google', async () => {
  const env = {
    CALENDAR_WORKERS: '4',
    CALENDAR_FRESH_SECONDS: '0',
    CALENDAR_STALE_SECONDS: '0',
    CALENDAR_POLL_SECONDS: '0',
  };
  const stack = await startStack({ google: 'delegated', env });
  try {
    await stack.google.fault('latency', { ms: 1100 });
    // The first four take two calls each; the others wait for them, and have some 0.8 s left of their 3.
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        stack.client(`l${i}`).post('/booking/create', { start: stack.slot(i), duration_minutes: 30 }),
      ),
    );
    const late = replies.filter(({ status }) => status === 503);
    assert.ok(late.length >= 3, `${late.length} came too late`);
    for (const { body } of late) assert.equal(body.code, 'calendar_unavailable');
    await stack.google.heal();
    const { status, text } = await stack.client('l0').get('/booking/availability?duration=30');
    assert.equal(status, 200, text);
  } finally {
    await stack.stop();
  }
});

test('busy times are asked for anew before they are too old, and only one listing waits for that', async () => {
  const stack = await startStack({
    google: 'delegated',
    env: { CALENDAR_FRESH_SECONDS: '6', CALENDAR_POLL_SECONDS: '0' },
  });
  try {
    const clients = Array.from({ length: 8 }, (_, i) => stack.client(`r${i}`));
    assert.equal((await clients[0].get('/booking/availability?duration=30')).status, 200);
    await stack.google.fault('latency', { method: 'freebusy.query', ms: 1000 });
    const first = await asked(stack);
    const until = Date.now() + 14_000;
    let waited = 0;
    await Promise.all(
      clients.map(async (client) => {
        while (Date.now() < until) {
          const before = performance.now();
          const { status, body } = await client.get('/booking/availability?duration=30');
          assert.deepEqual([status, body.calendar.state], [200, 'live']);
          if (performance.now() - before > 900) waited++;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }),
    );
    const asks = (await asked(stack)) - first;
    assert.ok(asks >= 2 && asks <= 4, `${asks} questions in 14 seconds`);
    assert.ok(waited <= asks, `${waited} listings waited for ${asks} questions`);
  } finally {
    await stack.stop();
  }
});

describe('with busy times asked each time', () => {
  let stack;
  before(async () => {
    stack = await startStack({
      google: 'delegated',
      env: { CALENDAR_FRESH_SECONDS: '0', CALENDAR_STALE_SECONDS: '0', CALENDAR_POLL_SECONDS: '0' },
    });
  });
  after(() => stack.stop());
  beforeEach(async () => {
    await stack.google.heal();
  });

  for (const lie of ['free_busy_error', 'free_busy_missing', 'free_busy_no_busy'])
    test(`${lie} is unknown, never free`, async () => {
      const ann = stack.client('ann');
      await stack.google.fault(lie);
      const list = await ann.get('/booking/availability?duration=30');
      assert.deepEqual([list.status, list.body.code], [503, 'calendar_unavailable']);
      const book = await ann.post('/booking/create', { start: stack.slot(7), duration_minutes: 30 });
      assert.deepEqual([book.status, book.body.code], [503, 'calendar_unavailable']);
      const { body } = await stack.coach().get('/coach/damian/google');
      assert.equal(body.state, 'failing');
      assert.equal(body.can.read_busy, false);
    });

  test('a listing says so when the calendar is unknown, and a coach sees the reason and the way out', async () => {
    const ann = stack.client('ann');
    await stack.google.fault('free_busy_error', { reason: 'notFound' });
    assert.equal((await ann.get('/booking/availability?duration=30')).status, 503);
    const { body } = await stack.coach().get('/coach/damian/google');
    assert.match(body.detail, /shared with this account/);
    await stack.google.heal();
    assert.equal((await ann.get('/booking/availability?duration=30')).status, 200);
    assert.equal((await stack.coach().get('/coach/damian/google')).body.state, 'ok');
  });

  test('an event that came a moment ago makes its time busy for a booking', async () => {
    await stack.google.busy(stack.calendar, stack.slot(30), stack.slot(31));
    const { status, body } = await stack
      .client('ann')
      .post('/booking/create', { start: stack.slot(30), duration_minutes: 30 });
    assert.deepEqual([status, body.code], [409, 'calendar_busy']);
  });

  test('a move may overlap its own old time, but not what else lies there', async () => {
    const bob = stack.client('bob');
    const { body: made, status } = await bob.post('/booking/create', {
      start: stack.slot(40),
      duration_minutes: 60,
    });
    assert.equal(status, 201, JSON.stringify(made));
    const half = stack.slot(40).replace(':00:00Z', ':30:00Z');
    await stack.google.busy(stack.calendar, half, stack.slot(41)); // the coach puts something beside our event
    const refused = await bob.put(`/booking/${made.id}/reschedule`, { start: half });
    assert.deepEqual([refused.status, refused.body.code], [409, 'calendar_busy']);
    const moved = await bob.put(`/booking/${made.id}/reschedule`, {
      start: stack.slot(40),
      duration_minutes: 30,
    });
    assert.equal(moved.status, 200, JSON.stringify(moved.body));
    assert.equal(moved.body.calendar.state, 'synced');
  });
});

describe('while Google hangs', () => {
  let stack;
  before(async () => {
    stack = await startStack({
      google: 'delegated',
      env: { CALENDAR_FRESH_SECONDS: '0', CALENDAR_STALE_SECONDS: '600', CALENDAR_POLL_SECONDS: '0' },
    });
  });
  after(() => stack.stop());

  test('creates answer within 4 s from what was known, the event follows, and nobody else waits', async () => {
    const ann = stack.client('ann');
    const bob = stack.client('bob');
    assert.equal((await ann.get('/booking/availability?duration=30')).status, 200);
    await stack.google.fault('hang_before', { ms: 60_000 });
    const threads = () =>
      Number(/^Threads:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${stack.daemon.child.pid}/status`, 'utf8'))[1]);
    const before = { threads: threads(), memory: stack.daemon.memory() };
    const began = Date.now();
    const creating = Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        stack.client(`d${i}`).post('/booking/create', { start: stack.slot(50 + i), duration_minutes: 30 }),
      ),
    );
    let slowest = 0;
    for (let i = 0; i < 100; i++) {
      const at = Date.now();
      assert.equal((await bob.get('/booking/user/me')).status, 200);
      slowest = Math.max(slowest, Date.now() - at);
    }
    assert.ok(slowest < 1000, `a list took ${slowest} ms`);
    const made = await creating;
    assert.ok(Date.now() - began < 4000, `creates took ${Date.now() - began} ms`);
    for (const { status, body } of made) {
      assert.equal(status, 201, JSON.stringify(body));
      assert.equal(body.calendar.state, 'pending');
    }
    const listed = await ann.get('/booking/availability?duration=30');
    assert.deepEqual([listed.status, listed.body.calendar.state], [200, 'stale']);
    assert.ok(threads() <= before.threads, `${threads()} threads, ${before.threads} before`);
    if (MEASURED) assert.ok(stack.daemon.memory() < before.memory + 16 * 2 ** 20);
    await stack.google.heal();
    for (const [i, { body }] of made.entries()) await stack.settled(stack.client(`d${i}`), body.id);
    assert.equal((await stack.google.live(stack.calendar)).length, 8);
  });
});

describe('when what is known is too old', () => {
  let stack;
  before(async () => {
    stack = await startStack({
      google: 'delegated',
      env: { CALENDAR_FRESH_SECONDS: '0', CALENDAR_STALE_SECONDS: '2', CALENDAR_POLL_SECONDS: '0' },
    });
  });
  after(() => stack.stop());

  test('nothing is offered and nothing is booked', async () => {
    const ann = stack.client('ann');
    assert.equal((await ann.get('/booking/availability?duration=30')).body.calendar.state, 'live');
    await stack.google.fault('backendError');
    assert.equal((await ann.get('/booking/availability?duration=30')).body.calendar.state, 'stale');
    await until(
      'the busy times to be too old',
      async () => (await ann.get('/booking/availability?duration=30')).status === 503,
    );
    const book = await ann.post('/booking/create', { start: stack.slot(7), duration_minutes: 30 });
    assert.deepEqual([book.status, book.body.code], [503, 'calendar_unavailable']);
    assert.equal(stack.database.value('select count(*) from bookingd.appointment'), 0);
  });
});
