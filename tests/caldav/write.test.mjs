// What holds between a calendar that is written to and others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, SERVERS, USER } from '../harness/caldav.mjs';
import { until } from '../harness/child.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { ann, book, coach, compact, connect, KEY, name, stack, synced } from './writing.mjs';

test('one calendar is written to: a second one is refused with its field', async () => {
  const server = await SERVERS[0]();
  try {
    const { id } = await connect(server.url);
    const second = await coach.post('/coach/damian/calendars', {
      kind: 'caldav',
      url: server.url,
      user: USER,
      password: PASSWORD,
      write: true,
    });
    assertProblem(second, 422, 'invalid_field', 'write');
    assertStatus(await coach.delete(`/coach/damian/calendars/${id}`), 204);
    const status = assertStatus(await coach.get('/coach/damian/google'), 200);
    assert.equal(status.mode, 'off');
  } finally {
    await server.stop();
  }
});

const NOT_CONNECTED = 'The calendar it was written to is no longer connected.';

test('another account is written to: what lies ahead comes there, what is owed to the former one says so', async () => {
  const [former, latter] = [await SERVERS[0](), await SERVERS[0]()];
  try {
    const first = await connect(former.url);
    const [stays, moves, ends] = [await book(60), await book(62), await book(64)];
    for (const { id } of [stays, moves, ends]) await synced(id);
    assertStatus(await coach.delete(`/coach/damian/calendars/${first.id}`), 204);
    assertStatus(await ann.put(`/booking/${moves.id}/reschedule`, { start: stack.slot(66) }), 200);
    assertStatus(await ann.put(`/booking/${ends.id}/cancel`), 200);
    const second = await connect(latter.url);
    for (const { id } of [stays, moves]) await synced(id);
    assert.deepEqual((await latter.list()).sort(), [name(stays.id), name(moves.id)].sort());
    assert.match(await latter.get(name(moves.id)), new RegExp(`DTSTART:${compact(stack.slot(66))}`));
    assertStatus(await coach.post('/coach/damian/google/retry', {}), 202);
    const { calendar } = await stack.settled(ann, ends.id, 'failed', 60_000);
    assert.equal(calendar.detail, NOT_CONNECTED);
    assert.equal(assertStatus(await coach.get('/coach/damian/google'), 200).state, 'ok');
    // They are the new calendar's now.
    assertStatus(await ann.put(`/booking/${stays.id}/cancel`), 200);
    await synced(stays.id);
    assert.deepEqual(await latter.list(), [name(moves.id)]);
    assert.equal((await former.list()).length, 3);
    assertStatus(await coach.delete(`/coach/damian/calendars/${second.id}`), 204);
  } finally {
    stack.database.run('DELETE FROM bookingd.appointment');
    await former.stop();
    await latter.stop();
  }
});

test('an account that another daemon has connected is written to before this one has heard of it', async () => {
  const [former, latter] = [await SERVERS[0](), await SERVERS[0]()];
  const run = (sql) => stack.database.run(sql);
  try {
    const second = await connect(latter.url);
    run('CREATE TABLE public.sources AS SELECT * FROM busy_source');
    assertStatus(await coach.delete(`/coach/damian/calendars/${second.id}`), 204);
    await connect(former.url);
    const { id } = await book(60);
    await synced(id);
    run(`SET session_replication_role = replica; -- nobody is told
      DELETE FROM busy_source; INSERT INTO busy_source SELECT * FROM public.sources;
      UPDATE appointment SET calendar_id = '${new URL(latter.calendar, latter.url)}', event_written = false, synced_version = 0,
        calendar_due_at = now() WHERE id = '${id}'`);
    await synced(id);
    assert.deepEqual(await latter.list(), [name(id)]);
    assertStatus(await coach.delete(`/coach/damian/calendars/${second.id}`), 204);
  } finally {
    run('DELETE FROM bookingd.appointment');
    await former.stop();
    await latter.stop();
  }
});

for (const start of SERVERS)
  test(`${start.name.replace('start', '')}: the coach has taken their events along: what is in the way is told, and no write counts as done`, async () => {
    const [former, latter] = [await start(), await start()];
    try {
      const first = await connect(former.url);
      const { id } = await book(60);
      await synced(id);
      await latter.put('imported.ics', await former.get(name(id)));
      assertStatus(await coach.delete(`/coach/damian/calendars/${first.id}`), 204);
      await connect(latter.url);
      const { calendar } = await stack.settled(ann, id, 'failed', 60_000);
      assert.match(calendar.detail, /^The calendar has this session already/);
      await latter.delete('imported.ics');
      assertStatus(await coach.post('/coach/damian/google/retry', {}), 202);
      await synced(id);
      assert.deepEqual(await latter.list(), [name(id)]);
    } finally {
      for (const { id } of (await coach.get('/coach/damian/calendars')).body.calendars)
        await coach.delete(`/coach/damian/calendars/${id}`);
      stack.database.run('DELETE FROM bookingd.appointment');
      await former.stop();
      await latter.stop();
    }
  });

for (const connected of ['CalDAV after Google', 'Google after CalDAV'])
  test(`${connected}: what lies ahead comes into the new calendar, and nobody is left untold`, async () => {
    const own = await startStack({
      google: 'delegated',
      mail: true,
      env: { ...KEY, CALENDAR_ALLOW_PRIVATE: '1' },
    });
    const server = await SERVERS[0]();
    const bob = own.client('bob');
    const settings = ['GOOGLE_SERVICE_ACCOUNT_KEY', 'GOOGLE_IMPERSONATE'];
    const google = Object.fromEntries(settings.map((key) => [key, own.env[key]]));
    const nothing = Object.fromEntries(settings.map((key) => [key, null]));
    const wish = { kind: 'caldav', url: server.url, user: USER, password: PASSWORD, write: true };
    const restart = async (env) => {
      await own.daemon.stop();
      await own.daemon.restart({ env });
    };
    const make = async (n) =>
      assertStatus(await own.client('bob').post('/booking/create', { start: own.slot(n) }), 201);
    const told = () => own.mail.to('bob@client.test').map(({ subject }) => subject.split(':')[0]);
    try {
      if (connected === 'CalDAV after Google') {
        const [stays, ends] = [await make(60), await make(61)];
        for (const { id } of [stays, ends]) assert.equal((await own.settled(bob, id)).invited_by, 'google');
        await restart(nothing);
        assertStatus(await own.coach().post('/coach/damian/calendars', wish), 201);
        const now = await own.settled(own.client('bob'), stays.id, 'synced', 60_000);
        await until('the file', async () => (await server.list()).includes(name(now.id)), 60_000);
        assertStatus(await own.coach().put(`/booking/${ends.id}/cancel`), 200);
        await until('the mail', () => told().length, 30_000);
        assert.deepEqual(told(), ['Cancelled']);
      } else {
        await restart(nothing);
        const source = assertStatus(await own.coach().post('/coach/damian/calendars', wish), 201);
        const stays = await make(60);
        await own.settled(own.client('bob'), stays.id, 'synced', 60_000);
        await until('the mail', () => told().length, 90_000);
        assertStatus(await own.coach().delete(`/coach/damian/calendars/${source.id}`), 204);
        await restart(google);
        await until('the event', async () => (await own.google.live(own.calendar)).length, 30_000);
        const now = await own.settled(own.client('bob'), stays.id);
        assert.equal(now.invited_by, 'email');
        assertStatus(await own.client('bob').put(`/booking/${stays.id}/cancel`), 200);
        await until('the second mail', () => told().length === 2, 30_000);
        assert.deepEqual(told(), ['Booked', 'Cancelled']);
        assert.deepEqual(await own.google.mails(), []);
      }
    } finally {
      await own.stop();
      await server.stop();
    }
  });

test('what cannot be written to is not connected', async () => {
  const refused = await coach.post('/coach/damian/calendars', {
    kind: 'caldav',
    url: 'http://127.0.0.1:1/',
    user: USER,
    password: PASSWORD,
    write: true,
  });
  assertProblem(refused, 422, 'invalid_field', 'url');
  assert.deepEqual(assertStatus(await coach.get('/coach/damian/calendars'), 200).calendars, []);
});

test('what one replica has disconnected another does not write to either', async () => {
  assertStatus(await stack.admin().put('/coach/eva/schedule', openSchedule()), 201);
  const eva = stack.client('eva-herself', { role: 'coach', coach: 'eva' });
  const server = await SERVERS[0]();
  const other = await Daemon.start({ env: stack.env });
  const there = new Client(other.url, { token: eva.token });
  const mode = async () => assertStatus(await there.get('/coach/eva/google'), 200).mode;
  try {
    const wish = { kind: 'caldav', url: server.url, user: USER, password: PASSWORD, write: true };
    const { id } = assertStatus(await eva.post('/coach/eva/calendars', wish), 201);
    await until('the other replica to know the account', async () => (await mode()) === 'caldav');
    assertStatus(await eva.delete(`/coach/eva/calendars/${id}`), 204);
    await until('the other replica to know it is disconnected', async () => (await mode()) === 'off');
  } finally {
    there.close();
    await other.stop();
    await server.stop();
  }
});
