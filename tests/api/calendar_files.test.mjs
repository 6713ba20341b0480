// Calendar files as somebody else's program reads them: the right instants by the file's own zone, whatever the clocks do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { ROOT } from '../harness/run_folder.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const READER = path.join(ROOT, 'tests/api/read_calendar.py');
let stack, coach;
before(async () => {
  stack = await startStack({
    document: {
      ...openSchedule({ horizon_days: 800, step_minutes: 15 }),
      time_zone: 'America/New_York',
      session_types: [{ id: 'coaching', name: 'Coaching; really, "yes"', durations: [30], meeting: 'none' }],
    },
  });
  coach = stack.coach();
});
after(() => stack.stop());

/** What the foreign parser makes of files, each [reply, zone], after the rules of RFC 5545 that it forgives. */
function understand(files, how = '--apart') {
  for (const [{ headers, text, bytes }] of files) {
    assert.match(headers['content-type'], /^text\/calendar; *charset=utf-8$/i);
    assert.doesNotMatch(text, /[^\r]\n|\r[^\n]/, 'every line ends with CRLF');
    assert.ok(text.endsWith('END:VCALENDAR\r\n'));
    for (const line of bytes.toString('latin1').split('\r\n')) assert.ok(line.length <= 75, line);
  }
  const input = JSON.stringify(files.map(([{ text }, zone]) => ({ zone, text })));
  return JSON.parse(execFileSync('/usr/bin/python3', [READER, how], { input, encoding: 'utf8' }));
}

let people = 0;
const book = async (body) => {
  const client = stack.client(`client-${++people}`);
  return [client, assertStatus(await client.post('/booking/create', body), 201)];
};
const file = async (client, id) => {
  const reply = await client.get(`/booking/${id}/calendar.ics`);
  assertStatus(reply, 200);
  return reply;
};
const oneEvent = async (client, { id, time_zone }) =>
  understand([[await file(client, id), time_zone]])[0].events[0];

/** The next moment from two days on at which the offset of `zone` changes, by trying every hour. */
function nextChange(zone) {
  const clock = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  const offset = (at) => clock.formatToParts(at).find(({ type }) => type === 'timeZoneName').value;
  const first = Math.ceil(Date.now() / 3600_000 + 48) * 3600_000;
  const before = offset(first);
  for (let at = first; ; at += 1800_000) if (offset(at) !== before) return at;
}
const text = (at) => new Date(at).toISOString().replace('.000', '');

for (const zone of [
  ...['America/New_York', 'Europe/Paris', 'Europe/London', 'Australia/Lord_Howe', 'America/Santiago'],
  ...['Europe/Dublin', 'America/St_Johns', 'Antarctica/Troll', 'Atlantic/Azores', 'Africa/Casablanca'],
])
  test(`${zone}: the instants around the next change of the clocks`, async () => {
    const change = nextChange(zone);
    const starts = [-24, -1.5, -1, -0.5, 0, 0.5, 1, 24].map((hours) => text(change + hours * 3600_000));
    const files = [];
    for (const start of starts) {
      const [client, made] = await book({ start, time_zone: zone });
      files.push([await file(client, made.id), zone]);
      assertStatus(await client.put(`/booking/${made.id}/cancel`), 200);
    }
    assert.deepEqual(
      understand(files).map(({ events: [{ start, end }] }) => [start, end]),
      starts.map((start) => [start, later(start, 30)]),
    );
  });

test('an ordinary day in zones of all kinds', async () => {
  const zones = ['Asia/Kathmandu', 'UTC', 'Pacific/Apia', 'Africa/Cairo'];
  const files = [];
  for (const [i, zone] of zones.entries()) {
    const [client, made] = await book({ start: stack.slot(30 + i), time_zone: zone });
    files.push([await file(client, made.id), zone]);
  }
  assert.deepEqual(
    understand(files).map(({ events: [{ start }] }) => start),
    zones.map((_, i) => stack.slot(30 + i)),
  );
});

test('the UID stays, SEQUENCE grows with a move and a cancellation, STATUS says what is', async () => {
  const [client, made] = await book({ start: stack.slot(50) });
  const first = await oneEvent(client, made);
  assert.equal(first.status, 'CONFIRMED');
  assert.equal(first.uid, `${made.id.replaceAll('-', '')}@google.com`);
  assertStatus(await client.put(`/booking/${made.id}/reschedule`, { start: stack.slot(52) }), 200);
  const moved = await oneEvent(client, made);
  assert.deepEqual([moved.uid, moved.start, moved.status], [first.uid, stack.slot(52), 'CONFIRMED']);
  assertStatus(await client.put(`/booking/${made.id}/cancel`), 200);
  const gone = await oneEvent(client, made);
  assert.deepEqual([gone.uid, gone.status], [first.uid, 'CANCELLED']);
  assert.ok(first.sequence < moved.sequence && moved.sequence < gone.sequence);
});

test('a hold is tentative', async () => {
  const client = stack.client('holder');
  const held = assertStatus(await client.post('/booking/hold', { start: stack.slot(54) }), 201);
  assert.equal((await oneEvent(client, { ...held, time_zone: 'America/New_York' })).status, 'TENTATIVE');
  assertStatus(await client.put(`/booking/${held.id}/cancel`), 200);
});

test('texts come out as they went in, whatever is in them', async () => {
  const name = 'Zoë "Z" <b>; x, y\\n 😀'.padEnd(180, 'é');
  const notes = 'one\ntwo\r\n=1+1;\\, "q"\nBEGIN:VEVENT\nATTENDEE:mailto:x@y.z\n' + 'long 😀 '.repeat(100);
  const [client, made] = await book({ start: stack.slot(56), name, notes });
  const event = await oneEvent(client, made);
  assert.ok(event.summary.includes('Coaching; really, "yes"') && event.summary.includes(name));
  assert.equal(event.description.trim(), notes.replaceAll('\r', '').trim());
  const reply = await file(client, made.id);
  assert.equal(reply.text.match(/BEGIN:VEVENT\r\n/g).length, 1);
  assert.doesNotMatch(reply.text, /\r\nATTENDEE:mailto:x@y/);
  assert.match(reply.headers['content-disposition'], /^attachment; filename="[\w.-]+\.ics"$/);
});

test("the file is for who may see the appointment, nobody else's business", async () => {
  const [, made] = await book({ start: stack.slot(58) });
  await file(coach, made.id);
  await file(stack.admin(), made.id);
  assertProblem(await stack.client('mallory').get(`/booking/${made.id}/calendar.ics`), 404, 'not_found');
  assertProblem(await stack.stranger().get(`/booking/${made.id}/calendar.ics`), 401, 'unauthenticated');
});

test("the coach's feed has every appointment with the right instants, cancelled ones too, no hold", async () => {
  const own = await startStack({
    document: { ...openSchedule({ horizon_days: 800 }), time_zone: 'America/New_York' },
  });
  try {
    const damian = own.coach();
    const change = nextChange('America/New_York');
    const expected = {};
    for (const [i, at] of [
      change - 3600_000,
      change,
      change + 3600_000,
      change + 200 * 86400_000,
    ].entries()) {
      const client = own.client(`c${i}`);
      const { id, start } = assertStatus(await client.post('/booking/create', { start: text(at) }), 201);
      const uid = `${id.replaceAll('-', '')}@google.com`;
      expected[uid] = [start, 'CONFIRMED'];
      if (i === 1) {
        assertStatus(await client.put(`/booking/${id}/cancel`), 200);
        expected[uid][1] = 'CANCELLED';
      }
    }
    assertStatus(await own.client('h').post('/booking/hold', { start: own.slot(3) }), 201);
    const released = assertStatus(await own.client('r').post('/booking/hold', { start: own.slot(5) }), 201);
    assertStatus(await own.client('r').put(`/booking/${released.id}/cancel`), 200);
    const { url } = assertStatus(await damian.get('/coach/damian/feed'), 200);
    assert.ok(url.startsWith(own.daemon.url));
    const reply = await own.stranger().get(url.slice(own.daemon.url.length));
    assertStatus(reply, 200);
    const [{ method, name, events }] = understand([[reply, 'America/New_York']]);
    assert.equal(method, 'PUBLISH');
    assert.match(name, /damian/);
    const seen = Object.fromEntries(events.map(({ uid, start, status }) => [uid, [start, status]]));
    assert.deepEqual(seen, expected);
  } finally {
    await own.stop();
  }
});

test('a feed is whole, whatever somebody books and cancels all day long', async () => {
  const own = await startStack();
  try {
    own.database.run(`INSERT INTO bookingd.appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at,
        blocked_from, blocked_to, name, email, notes, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes)
      SELECT gen_random_uuid(), 'damian', 'mallory', 'coaching', 'cancelled', t, t + interval '30 min', t,
        t + interval '30 min', 'M', 'm@client.test', repeat('N', 2000), 'none', 0, 0
      FROM (SELECT date_trunc('hour', now()) + n / 10 * interval '1 hour' AS t
        FROM generate_series(10, 6009) n) AS moment`);
    const made = assertStatus(await own.client('ann').post('/booking/create', { start: own.slot(650) }), 201);
    const { url } = assertStatus(await own.coach().get('/coach/damian/feed'), 200);
    const path = url.slice(own.daemon.url.length);
    const { text, bytes } = await own.stranger().get(path);
    const head = await own.stranger().request('HEAD', path);
    assert.deepEqual(
      [head.status, head.text, Number(head.headers['content-length'])],
      [200, '', bytes.length],
    );
    assert.notEqual(head.headers.connection, 'close');
    const lines = text.split('\r\n');
    const count = (line) => lines.filter((other) => other === line).length;
    assert.deepEqual([count('BEGIN:VEVENT'), count('END:VEVENT')], [6001, 6001]);
    assert.deepEqual([count('BEGIN:VCALENDAR'), count('BEGIN:VTIMEZONE')], [1, 1]);
    assert.ok(text.endsWith('END:VEVENT\r\nEND:VCALENDAR\r\n'));
    assert.ok(text.includes(`UID:${made.id.replaceAll('-', '')}@google.com\r\n`));
  } finally {
    await own.stop();
  }
});

test('files of one zone, read one after the other by a program that keeps zones, have the right times', async () => {
  const files = [];
  const zones = ['America/New_York', 'Europe/Paris', 'Africa/Casablanca', 'Australia/Lord_Howe'];
  for (const zone of zones) {
    for (const days of [30, 150, 300, 500, 700]) {
      const [client, made] = await book({ start: stack.slot(days * 24), time_zone: zone });
      files.push([await file(client, made.id), zone, made.start]);
      assertStatus(await client.put(`/booking/${made.id}/cancel`), 200);
    }
  }
  assert.deepEqual(
    understand(files, '--together').map(({ events: [{ start }] }) => start),
    files.map(([, , start]) => start),
  );
  const texts = files.map(([{ text }]) => /BEGIN:VTIMEZONE[\s\S]*END:VTIMEZONE/.exec(text)[0]);
  assert.equal(new Set(texts).size, zones.length, 'one text a zone');
});

test('who has a feed gets 304 until something in it changes', async () => {
  const own = await startStack();
  try {
    const { url } = assertStatus(await own.coach().get('/coach/damian/feed'), 200);
    const feed = (etag) =>
      own.stranger().get(url.slice(own.daemon.url.length), etag && { 'if-none-match': etag });
    let { etag } = (await feed()).headers;
    const unchanged = async () => {
      const reply = await feed(etag);
      assert.deepEqual([reply.status, reply.text, reply.headers.etag], [304, '', etag]);
    };
    const changed = async () => {
      const reply = await feed(etag);
      assertStatus(reply, 200);
      assert.notEqual(reply.headers.etag, etag);
      etag = reply.headers.etag;
    };
    await unchanged();
    const ann = own.client('ann');
    const made = assertStatus(await ann.post('/booking/create', { start: own.slot(60) }), 201);
    await changed();
    own.database.run('update bookingd.appointment set calendar_attempts = 7, noticed_version = version');
    await unchanged(); // what is kept beside an appointment is not in its feed
    assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: own.slot(62) }), 200);
    await changed();
    assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
    await changed();
    const schedule = assertStatus(await own.coach().get('/coach/damian/schedule'), 200);
    assertStatus(
      await own.coach().put('/coach/damian/schedule', { ...schedule, time_zone: 'Asia/Calcutta' }),
      200,
    );
    await changed();
    assert.match((await feed()).text, /TZID:Asia\/Calcutta/);
    assertStatus(await own.client('h').post('/booking/hold', { start: own.slot(64) }), 201);
    await unchanged();
  } finally {
    await own.stop();
  }
});

test("a file's UID is that of the event in Google's calendar", async () => {
  const own = await startStack({ google: 'delegated' });
  try {
    const ann = own.client('ann');
    const made = assertStatus(await ann.post('/booking/create', { start: own.slot(60) }), 201);
    const [event] = await own.google.live(own.calendar);
    const reply = await ann.get(`/booking/${made.id}/calendar.ics`);
    assert.ok(reply.text.includes(`UID:${event.iCalUID}\r\n`), event.iCalUID);
  } finally {
    await own.stop();
  }
});

test('an empty feed is a calendar all the same', async () => {
  const own = await startStack();
  try {
    const { url } = assertStatus(await own.coach().get('/coach/damian/feed'), 200);
    const { text } = await own.stranger().get(url.slice(own.daemon.url.length));
    assert.match(text, /^BEGIN:VCALENDAR\r\n[\s\S]*END:VCALENDAR\r\n$/);
  } finally {
    await own.stop();
  }
});

test('the token of a feed is nowhere in the database, and what is there opens no feed', async () => {
  const { url } = assertStatus(await coach.get('/coach/damian/feed'), 200);
  const token = new URL(url).searchParams.get('token');
  const [row] = stack.database.rows("select * from bookingd.coach where id = 'damian'");
  assert.ok(!JSON.stringify(row).includes(token));
  assert.match(row.feed_token, /^sha256:[0-9a-f]{64}$/);
  const stranger = stack.stranger();
  for (const stolen of [row.feed_token, row.feed_token.slice(7), row.feed_sealed])
    assertProblem(
      await stranger.get(`/coach/damian/feed.ics?token=${encodeURIComponent(stolen)}`),
      404,
      'not_found',
    );
});

test('a token that an earlier release wrote goes on, and cannot be shown any more', async () => {
  stack.database.run(
    `insert into bookingd.coach (id, schedule, feed_token) select 'earlier', schedule, 'their-token' from bookingd.coach where id = 'damian'`,
  );
  assert.notEqual(
    stack.database.value("select feed_token from bookingd.coach where id = 'earlier'"),
    'their-token',
  );
  assert.deepEqual(assertStatus(await stack.admin().get('/coach/earlier/feed'), 200), { url: null });
  assertStatus(await stack.stranger().get('/coach/earlier/feed.ics?token=their-token'), 200);
  const { url } = assertStatus(await stack.admin().post('/coach/earlier/feed'), 200);
  assertStatus(await stack.stranger().get(url.slice(stack.daemon.url.length)), 200);
  assert.deepEqual(assertStatus(await stack.admin().get('/coach/earlier/feed'), 200), { url });
  assertProblem(await stack.stranger().get('/coach/earlier/feed.ics?token=their-token'), 404, 'not_found');
});

test('a feed holds no notes of clients; the file of one appointment does', async () => {
  const [client, made] = await book({ start: stack.slot(60), coach: 'damian', notes: 'told in confidence' });
  assert.match((await client.get(`/booking/${made.id}/calendar.ics`)).text, /told in confidence/);
  const { url } = assertStatus(await coach.get('/coach/damian/feed'), 200);
  const { text } = await stack.stranger().get(url.slice(stack.daemon.url.length));
  assert.match(text.replaceAll('\r\n ', ''), new RegExp(made.id.replaceAll('-', '')));
  assert.ok(!text.replaceAll('\r\n ', '').includes('confidence'));
});

test('behind proxies of ours that ended TLS, addresses begin with https without PUBLIC_URL', async () => {
  const own = await startStack({ env: { TRUSTED_PROXY_HOPS: '1', PUBLIC_URL: null } });
  try {
    const origin = async (headers) =>
      new URL((await own.coach().get('/coach/damian/feed', { host: 'book.example', ...headers })).body.url)
        .origin;
    assert.equal(await origin({ 'x-forwarded-proto': 'https' }), 'https://book.example');
    assert.equal(await origin({ 'x-forwarded-proto': 'http, https' }), 'https://book.example');
    assert.equal(await origin({ 'x-forwarded-proto': 'https, http' }), 'http://book.example');
    assert.equal(await origin({ 'x-forwarded-proto': 'gopher' }), 'http://book.example');
    assert.equal(await origin({ 'x-forwarded-proto': ['http', 'https'] }), 'https://book.example');
    assert.equal(await origin({ 'x-forwarded-proto': ['https', 'http'] }), 'http://book.example');
    assert.equal(await origin({}), 'http://book.example');
  } finally {
    await own.stop();
  }
  const { url } = assertStatus(await coach.get('/coach/damian/feed', { 'x-forwarded-proto': 'https' }), 200);
  assert.match(url, /^http:/); // nobody in front is trusted here
});

test('a new feed token ends the old one at once; a wrong one is 404', async () => {
  const path = ({ url }) => url.slice(stack.daemon.url.length);
  const old = assertStatus(await coach.get('/coach/damian/feed'), 200);
  assert.deepEqual(assertStatus(await coach.get('/coach/damian/feed'), 200), old);
  const renewed = assertStatus(await coach.post('/coach/damian/feed'), 200);
  assert.notEqual(renewed.url, old.url);
  const stranger = stack.stranger();
  assertStatus(await stranger.get(path(renewed)), 200);
  for (const address of [
    path(old),
    '/coach/damian/feed.ics',
    '/coach/damian/feed.ics?token=',
    '/coach/clara/feed.ics?token=x',
  ])
    assertProblem(await stranger.get(address), 404, 'not_found');
  assert.ok(!stack.daemon.log.some((line) => line.includes(new URL(renewed.url).searchParams.get('token'))));
});
