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
    // More threads than one coach's calls can hold until the breaker answers for Google.
    const env = { CALENDAR_STALE_SECONDS: '0', CALENDAR_WORKERS: '16' };
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

  test('while Google hangs for one, the other is not slowed', async () => {
    await stack.google.fault('hang_before', { user: 'coach@gmail.com', ms: 60_000 });
    const hanging = Array.from({ length: 12 }, (_, i) =>
      stack
        .client(`h${i}`)
        .post('/booking/create', { coach: 'damian', start: stack.slot(i), duration_minutes: 30 }),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 10; i++) {
      const began = Date.now();
      const { status, body } = await stack
        .client(`e${i}`)
        .post('/booking/create', { coach: 'eve', start: stack.slot(i), duration_minutes: 30 });
      assert.deepEqual([status, body.calendar?.state], [201, 'synced'], JSON.stringify(body));
      assert.ok(Date.now() - began < 1500, `took ${Date.now() - began} ms`);
    }
    for (const { status, body } of await Promise.all(hanging))
      assert.deepEqual([status, body.code], [503, 'calendar_unavailable']);
    assert.equal((await stack.admin().get('/coach/eve/google')).body.state, 'ok');
    assert.equal((await stack.admin().get('/coach/damian/google')).body.state, 'backing_off');
    await stack.google.heal();
    await until(
      'the other to be well',
      async () =>
        (await stack.client('ann').get('/booking/availability?coach=damian&duration=30')).status === 200,
    );
    assert.equal((await stack.google.live('coach@example.com')).length, 10);
    assert.equal((await stack.google.live('coach@gmail.com')).length, 0);
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
    const paid = [stack.daemon, second].map(
      (daemon) =>
        daemon
          .events('google_call')
          .filter(({ call, outcome }) => call === 'events.insert' && outcome === 'ok').length,
    );
    assert.equal(paid[0] + paid[1], 30);
    await stack.google.remove(stack.calendar, made[3].body.id.replaceAll('-', ''));
    await until(
      'the cancellation',
      async () => (await there(clients[3]).get(`/booking/${made[3].body.id}`)).body.status === 'cancelled',
    );
    const followed = [stack.daemon, second].flatMap((daemon) => daemon.events('calendar_followed'));
    assert.equal(followed.length, 1);
  });
});
