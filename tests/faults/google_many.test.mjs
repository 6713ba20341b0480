// Several of everything: calendars of one coach, coaches, daemons.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Daemon } from '../harness/daemon.mjs';
import { Client } from '../harness/http.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });

describe('a coach with three calendars', () => {
  const FAMILY = 'family@group.calendar.google.com';
  const CHOIR = 'choir@group.calendar.google.com';
  let stack;
  before(async () => {
    stack = await startStack({
      google: 'delegated',
      document,
      start: false,
      env: { COACH_GOOGLE_CALENDAR_ID: `coach@example.com, ${FAMILY},${CHOIR}` },
    });
    for (const id of [FAMILY, CHOIR])
      await stack.google.order('POST', 'calendars', { id, owner: 'coach@example.com' });
    await stack.startDaemon();
  });
  after(() => stack.stop());

  test('events go to the first, busy times come from all', async () => {
    await stack.google.busy(CHOIR, stack.slot(10), stack.slot(11));
    const ann = stack.client('ann');
    const busy = await ann.post('/booking/create', { start: stack.slot(10), duration_minutes: 30 });
    assert.deepEqual([busy.status, busy.body.code], [409, 'calendar_busy']);
    const made = await ann.post('/booking/create', { start: stack.slot(12), duration_minutes: 30 });
    assert.deepEqual([made.status, made.body.calendar.state], [201, 'synced']);
    assert.equal((await stack.google.live('coach@example.com')).length, 1);
    assert.equal((await stack.google.live(FAMILY)).length, 0);
    const { body } = await stack.coach().get('/coach/damian/google');
    assert.deepEqual(
      body.calendars.map(({ id, write }) => [id, write]).sort(),
      [
        [CHOIR, false],
        ['coach@example.com', true],
        [FAMILY, false],
      ].sort(),
    );
  });

  test('our own event does not hide what another calendar has at that time', async () => {
    const bob = stack.client('bob');
    const { body: made } = await bob.post('/booking/create', { start: stack.slot(20), duration_minutes: 60 });
    await stack.google.busy(FAMILY, stack.slot(20), stack.slot(21));
    const refused = await bob.put(`/booking/${made.id}/reschedule`, {
      start: stack.slot(20),
      duration_minutes: 30,
    });
    assert.deepEqual([refused.status, refused.body.code], [409, 'calendar_busy']);
  });

  test('one calendar that is unknown makes all times unknown', async () => {
    await stack.google.fault('free_busy_error', { calendar: FAMILY, reason: 'notFound' });
    assert.equal((await stack.client('ann').get('/booking/availability?duration=30')).status, 503);
    await stack.google.heal();
    assert.equal((await stack.client('ann').get('/booking/availability?duration=30')).status, 200);
  });
});

describe('two coaches with consents of their own', () => {
  let stack;
  before(async () => {
    const env = { CALENDAR_STALE_SECONDS: '0', CALENDAR_FRESH_SECONDS: '0' };
    stack = await startStack({ google: 'oauth', document, env });
    stack.database.run(
      `insert into bookingd.coach (id, schedule, feed_token) select 'eve', schedule, 'f2' from bookingd.coach where id = 'damian'`,
    );
    for (const [coach, user] of [
      ['damian', 'coach@gmail.com'],
      ['eve', 'coach@example.com'],
    ]) {
      const { body, headers } = await stack.admin().post(`/coach/${coach}/google/connect`, {});
      const cookie = headers['set-cookie'][0].split(';')[0];
      const page = await fetch(`${body.url}&stand_in_user=${user}`, { redirect: 'manual' });
      const back = await fetch(page.headers.get('location'), { redirect: 'manual', headers: { cookie } });
      assert.equal(back.headers.get('location'), '/coach/?google=connected');
    }
  });
  after(() => stack.stop());

  const book = (who, coach, n) =>
    stack.client(who).post('/booking/create', { coach, start: stack.slot(n), duration_minutes: 30 });
  const list = (who, coach) => stack.client(who).get(`/booking/availability?coach=${coach}&duration=30`);

  /**
   * Whether `other` is answered while the first of `hanging` still waits for Google: by turns, since on a slow machine
   * the 3 s that a call may take can be over too soon.
   */
  async function isServedMeanwhile(hanging, other) {
    for (let round = 0; round < 10; round++) {
      await stack.google.fault('hang_before', { user: 'coach@gmail.com', ms: 60_000 });
      let firstWaits = true;
      const calls = hanging(round);
      const first = calls[0].then((reply) => {
        firstWaits = false;
        return reply;
      });
      await until('the first to be with Google', async () =>
        (await stack.google.order('GET', 'faults')).some(({ hits }) => hits > 0),
      );
      const reply = await other(round);
      const meanwhile = firstWaits && reply.status < 300;
      for (const { status, body } of [await first, ...(await Promise.all(calls))])
        assert.deepEqual([status, body.code], [503, 'calendar_unavailable']);
      await stack.google.heal();
      await until('the first to be well', async () => (await list('ann', 'damian')).status === 200);
      if (meanwhile) return true;
    }
    return false;
  }

  test('while Google hangs for one, the other is booked and listed', async () => {
    const bookings = (round) => Array.from({ length: 12 }, (_, i) => book(`h${i}`, 'damian', round * 12 + i));
    assert.ok(await isServedMeanwhile(bookings, (round) => book(`e${round}`, 'eve', round)), 'bookings');
    const listings = () => Array.from({ length: 6 }, (_, i) => list(`h${i}`, 'damian'));
    assert.ok(await isServedMeanwhile(listings, () => list('eva', 'eve')), 'listings');
    assert.equal((await stack.google.live('coach@gmail.com')).length, 0);
  });

  test('while Google hangs for one, its state says so, and that of the other does not', async () => {
    await stack.google.fault('hang_before', { user: 'coach@gmail.com', ms: 60_000 });
    await until('the breaker to open', async () => {
      await list('ann', 'damian');
      return (await stack.admin().get('/coach/damian/google')).body.state === 'backing_off';
    });
    assert.equal((await stack.admin().get('/coach/eve/google')).body.state, 'ok');
    await stack.google.heal();
    await until('the other to be well', async () => (await list('ann', 'damian')).status === 200);
  });
});

describe('two daemons on one database', () => {
  let stack;
  let second;
  before(async () => {
    stack = await startStack({
      google: 'delegated',
      document,
      env: { CALENDAR_POLL_SECONDS: '1', CALENDAR_STALE_SECONDS: '3600' },
    });
    second = await Daemon.start({ env: stack.env });
  });
  after(async () => {
    await second.stop();
    await stack.stop();
  });

  test('share the debts: each event and each mail once', async () => {
    const clients = Array.from({ length: 30 }, (_, i) => stack.client(`c${i}`));
    const there = (client) => new Client(second.url, { token: client.token });
    await clients[0].get('/booking/availability?duration=30');
    await there(clients[0]).get('/booking/availability?duration=30');
    await stack.google.fault('backendError', { method: 'events.*' });
    const made = await Promise.all(
      clients.map((client, i) =>
        (i % 2 ? client : there(client)).post('/booking/create', {
          start: stack.slot(i),
          duration_minutes: 30,
        }),
      ),
    );
    assert.ok(made.every(({ status }) => status === 201));
    await stack.google.heal();
    for (const [i, { body }] of made.entries()) await stack.settled(clients[i], body.id, 'synced', 30_000);
    assert.equal((await stack.google.live(stack.calendar)).length, 30);
    assert.equal((await stack.google.mails()).length, 30);
    const lines = (name) => [stack.daemon, second].flatMap((daemon) => daemon.events(name));
    const paid = () =>
      lines('google_call').filter(({ call, outcome }) => call === 'events.insert' && outcome === 'ok').length;
    await until('the lines of the log', () => paid() >= 30);
    assert.equal(paid(), 30);
    await stack.google.remove(stack.calendar, made[3].body.id.replaceAll('-', ''));
    await until(
      'the cancellation',
      async () => (await there(clients[3]).get(`/booking/${made[3].body.id}`)).body.status === 'cancelled',
    );
    const followed = () => lines('calendar_followed').length;
    await until('its line', followed); // written after the row
    assert.equal(followed(), 1);
  });
});
