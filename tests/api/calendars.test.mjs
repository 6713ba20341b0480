// A coach's further calendars: feeds of real-looking servers, read for busy times.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import zlib from 'node:zlib';
import { after, before, beforeEach, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { Daemon, runBookingd } from '../harness/daemon.mjs';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const KEY = { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
let stack, coach, server, base;
/** What the feed server does, by path: (request, response) => void. */
const feeds = new Map();
const asked = [];

before(async () => {
  server = http.createServer((request, response) => {
    asked.push({ path: request.url, headers: request.headers });
    const feed = feeds.get(request.url);
    if (feed) feed(request, response);
    else response.writeHead(404).end();
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  base = `http://127.0.0.1:${server.address().port}`;
  stack = await startStack({ env: { ...KEY, CALENDAR_ALLOW_PRIVATE: '1' } });
  coach = stack.coach();
});
after(async () => {
  await stack.stop();
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  for (const { id } of assertStatus(await coach.get('/coach/damian/calendars'), 200).calendars)
    assertStatus(await coach.delete(`/coach/damian/calendars/${id}`), 204);
  feeds.clear();
  asked.length = 0;
});

const compact = (text) => text.replace(/[-:]/g, '');
const event = (start, minutes, uid = `${start}@example.org`, more = '') =>
  `BEGIN:VEVENT\r\nUID:${uid}\r\nDTSTART:${compact(start)}\r\nDTEND:${compact(later(start, minutes))}\r\n${more}END:VEVENT\r\n`;
const calendar = (...events) => `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${events.join('')}END:VCALENDAR\r\n`;
const serve = (path, text, headers = {}) =>
  feeds.set(path, (request, response) =>
    response.writeHead(200, { 'content-type': 'text/calendar', ...headers }).end(text),
  );
const add = (path, more = {}) =>
  coach.post('/coach/damian/calendars', {
    kind: 'ical',
    url: path.startsWith('/') ? base + path : path,
    ...more,
  });
const starts = async () =>
  assertStatus(await stack.client('ann').get('/booking/availability'), 200).slots.map(({ start }) => start);

test('a feed takes its times away, is named where it stands in the way, and gives them back when removed', async () => {
  const at = stack.slot(60);
  serve('/feed', calendar(event(at, 30)));
  assert.ok((await starts()).includes(at));
  const added = await add('/feed', { name: 'Family' });
  const made = assertStatus(added, 201);
  assert.deepEqual(
    [made.kind, made.name, made.blocks, made.write, made.state, made.detail, made.events],
    ['ical', 'Family', true, false, 'ok', null, 1],
  );
  assert.ok(Date.parse(made.last_success_at) > 0);
  assert.equal(added.headers.location, `/coach/damian/calendars/${made.id}`);
  assert.deepEqual(assertStatus(await coach.get('/coach/damian/calendars'), 200).calendars, [made]);
  const times = await starts();
  assert.ok(!times.includes(at) && times.includes(later(at, 30)));
  assertProblem(await stack.client('ann').post('/booking/create', { start: at }), 409, 'calendar_busy');
  const { reasons } = assertStatus(await coach.get(`/coach/damian/explain?start=${at}`), 200);
  const [reason] = reasons.filter(({ rule }) => rule === 'calendar_busy');
  assert.deepEqual([reason.source, reason.start, reason.end], ['Family', at, later(at, 30)]);
  const { busy } = assertStatus(await coach.get('/coach/damian/busy'), 200);
  assert.deepEqual(
    busy.filter(({ source }) => source === 'calendar'),
    [{ start: at, end: later(at, 30), source: 'calendar', calendar: 'Family' }],
  );
  const { calendar: state } = assertStatus(await stack.client('ann').get('/booking/availability'), 200);
  assert.equal(state.state, 'live');
  assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
  assert.ok((await starts()).includes(at));
  assertProblem(await coach.delete(`/coach/damian/calendars/${made.id}`), 404, 'not_found');
});

test('a feed is asked conditionally, and read anew when it changed', async () => {
  let text = calendar(event(stack.slot(60), 30));
  let tag = '"1"';
  feeds.set('/feed', (request, response) =>
    request.headers['if-none-match'] === tag
      ? response.writeHead(304).end()
      : response.writeHead(200, { etag: tag }).end(text),
  );
  const { id } = assertStatus(await add('/feed'), 201);
  const refresh = async () =>
    assertStatus(await coach.post(`/coach/damian/calendars/${id}/refresh`, {}), 200);
  assert.equal((await refresh()).events, 1);
  assert.equal(asked.at(-1).headers['if-none-match'], '"1"');
  [text, tag] = [calendar(event(stack.slot(60), 30), event(stack.slot(62), 30)), '"2"'];
  assert.equal((await refresh()).events, 2);
  const times = await starts();
  assert.ok(!times.includes(stack.slot(60)) && !times.includes(stack.slot(62)));
});

test('our own appointments that come back through a feed do not block their own slot, others do', async () => {
  const ann = stack.client('anna');
  const booked = assertStatus(await ann.post('/booking/create', { start: stack.slot(70) }), 201);
  const uid = `${booked.id.replaceAll('-', '')}@google.com`;
  const strange = '0197f0de4f0e7b8e9a521c5a6d9d2f11@google.com';
  serve('/feed', calendar(event(stack.slot(70), 30, uid), event(stack.slot(74), 30, strange)));
  assertStatus(await add('/feed'), 201);
  assertStatus(await ann.put(`/booking/${booked.id}/cancel`), 200);
  const times = await starts();
  assert.ok(times.includes(stack.slot(70)), 'the feed still has what was cancelled');
  assert.ok(!times.includes(stack.slot(74)), 'a UID like ours that is none of ours');
});

test('what is no calendar fails with a sentence, and nothing is offered', async () => {
  // Made before anybody waits for them.
  const large = `BEGIN:VCALENDAR\r\n${`X-A:${'x'.repeat(1000)}\r\n`.repeat(12_000)}END:VCALENDAR\r\n`;
  const bomb = zlib.gzipSync(Buffer.alloc(200 << 20));
  const faults = {
    '/page': [
      (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Sign in</title>'),
      /web page/,
    ],
    '/nothing': [(r) => r.writeHead(200).end(''), /web page/],
    '/cut': [(r) => r.writeHead(200).end(calendar(event(stack.slot(60), 30)).slice(0, -20)), /breaks off/],
    '/gone': [(r) => r.writeHead(410).end(), /no calendar at this address.*410/],
    '/secret': [(r) => r.writeHead(403).end(), /403/],
    '/broken': [(r) => r.writeHead(500).end(), /500/],
    '/round': [(r) => r.writeHead(302, { location: '/round' }).end(), /redirects too often/],
    '/file': [(r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end(), /not https/],
    '/large': [(r) => r.writeHead(200).end(large), /larger than 10 MB/],
    '/bomb': [(r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb), /larger than 10 MB/],
  };
  for (const [path, [answer, sentence]] of Object.entries(faults)) {
    feeds.set(path, (request, response) => answer(response));
    const made = assertStatus(await add(path), 201);
    assert.deepEqual([made.state, made.last_success_at], ['failing', null], path);
    assert.match(made.detail, sentence, path);
    assertProblem(await stack.client('ann').get('/booking/availability'), 503, 'calendar_unavailable');
    assertProblem(
      await stack.client('ann').post('/booking/create', { start: stack.slot(60) }),
      503,
      'calendar_unavailable',
    );
    assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
  }
  assert.ok((await starts()).length > 0);
});

test('a time that is later than all that was read of a feed is told as such, not as busy until the year 9999', async () => {
  serve('/feed', calendar(event(stack.slot(60), 30)));
  assertStatus(await add('/feed'), 201);
  const start = stack.slot(24 * 150);
  const { reasons } = assertStatus(await coach.get(`/coach/damian/explain?start=${start}`), 200);
  const known =
    /^The calendar is known only up to \d\d:\d\d on \w+, \w+ \d+, 20\d\d; what comes later may be busy\.$/;
  assert.match(reasons.find(({ rule }) => rule === 'calendar_busy').detail, known);
  const body = { start, duration_minutes: 30, client: { user_id: 'far', email: 'far@client.test' } };
  const refused = await coach.post('/coach/damian/appointments', body);
  assertProblem(refused, 409, 'calendar_busy');
  assert.match(refused.body.detail, known);
});

test('a feed that fails later keeps its times for an hour, then nothing is offered and explain says why', async () => {
  const at = stack.slot(60);
  serve('/feed', calendar(event(at, 30)));
  const { id } = assertStatus(await add('/feed', { name: 'Work' }), 201);
  feeds.delete('/feed');
  const failing = assertStatus(await coach.post(`/coach/damian/calendars/${id}/refresh`, {}), 200);
  assert.deepEqual([failing.state, failing.events], ['failing', 1]);
  const times = await starts();
  assert.ok(times.length > 0 && !times.includes(at));
  stack.database.run(`UPDATE bookingd.busy_source SET last_success_at = now() - interval '61 minutes'`);
  await until('the hour to be over', async () => {
    const { status } = await stack.client('ann').get('/booking/availability');
    return status === 503;
  });
  const { bookable, reasons } = assertStatus(
    await coach.get(`/coach/damian/explain?start=${stack.slot(61)}`),
    200,
  );
  assert.equal(bookable, false);
  const [reason] = reasons.filter(({ rule }) => rule === 'calendar_unavailable');
  assert.match(reason.detail, /Work/);
});

test('a feed that suddenly is empty is believed the second time', async () => {
  const at = stack.slot(60);
  serve('/feed', calendar(event(at, 30)));
  const { id } = assertStatus(await add('/feed'), 201);
  serve('/feed', calendar());
  const refresh = async () =>
    assertStatus(await coach.post(`/coach/damian/calendars/${id}/refresh`, {}), 200);
  const first = await refresh();
  assert.deepEqual([first.state, first.events], ['failing', 1]);
  assert.match(first.detail, /suddenly is empty/);
  assert.ok(!(await starts()).includes(at));
  const second = await refresh();
  assert.deepEqual([second.state, second.events, second.detail], ['ok', 0, null]);
  assert.ok((await starts()).includes(at));
});

test('what is not followed exactly is told', async () => {
  const doubtful = event(stack.slot(60), 30, 'd@example.org', 'RRULE:FREQ=WEEKLY;BYMONTHDAY=3\r\n');
  const strange = event(stack.slot(90), 30).replace(/DTSTART:(\w+)Z/, 'DTSTART;TZID=Mars/Olympus:$1');
  const text = calendar(doubtful, strange);
  let fails = false;
  feeds.set('/feed', (request, response) =>
    fails
      ? response.writeHead(503).end()
      : request.headers['if-none-match']
        ? response.writeHead(304).end()
        : response.writeHead(200, { etag: '"1"' }).end(text),
  );
  const made = assertStatus(await add('/feed'), 201);
  assert.equal(made.state, 'degraded');
  assert.match(
    made.detail,
    /1 of its events repeats .*: it may block more time than it takes\. .*Mars\/Olympus/,
  );
  // It stays told after a failure in between.
  const refresh = async () =>
    assertStatus(await coach.post(`/coach/damian/calendars/${made.id}/refresh`, {}), 200);
  fails = true;
  assert.equal((await refresh()).state, 'failing');
  fails = false;
  for (let round = 0; round < 2; round++) {
    const { state, detail } = await refresh();
    assert.deepEqual([state, detail], ['degraded', made.detail]);
  }
});

test("when the coach's zone changes, times without a zone are read anew before anything is offered", async () => {
  const at = stack.slot(60);
  const floating = event(at, 30).replace(/(DT\w+:\w+)Z/g, '$1');
  feeds.set('/feed', (request, response) =>
    request.headers['if-none-match']
      ? response.writeHead(304).end()
      : response.writeHead(200, { etag: '"1"' }).end(calendar(floating)),
  );
  const { id } = assertStatus(await add('/feed'), 201);
  assert.ok(!(await starts()).includes(at));
  const zone = async (time_zone) =>
    assertStatus(await coach.put('/coach/damian/schedule', { ...openSchedule(), time_zone }), 200);
  await zone('Asia/Tokyo'); // nine hours ahead of UTC all the year
  const { status, body } = await stack.client('ann').get('/booking/availability');
  assert.ok(
    status === 503 || !body.slots.some(({ start }) => start === later(at, -540)),
    'offered before it was read again',
  );
  assertStatus(await coach.post(`/coach/damian/calendars/${id}/refresh`, {}), 200);
  await until('the time in the new zone', async () => {
    const { status, body } = await stack.client('ann').get('/booking/availability');
    const has = (start) => body.slots.some((slot) => slot.start === start);
    return status === 200 && has(at) && !has(later(at, -540));
  });
  await zone('UTC');
});

test('a wish that makes no sense is refused with its field', async () => {
  for (const [body, field] of [
    [{ kind: 'ical' }, 'url'],
    [{ kind: 'exchange', url: `${base}/x` }, 'kind'],
    [{ kind: 'ical', url: 'ftp://example.org/x' }, 'url'],
    [{ kind: 'ical', url: 'https://' }, 'url'],
    [{ kind: 'ical', url: 'https://user:pw@example.org/x' }, 'url'],
    [{ kind: 'ical', url: 'https://example.org/a b' }, 'url'],
    [{ kind: 'ical', url: `https://example.org/${'x'.repeat(2000)}` }, 'url'],
    [{ kind: 'ical', url: `${base}/x`, write: true }, 'write'],
    [{ kind: 'ical', url: `${base}/x`, blocks: 'yes' }, 'blocks'],
    [{ kind: 'ical', url: `${base}/x`, name: ' ' }, 'name'],
  ])
    assertProblem(await coach.post('/coach/damian/calendars', body), 422, 'invalid_field', field);
  assertProblem(await stack.client('ann').get('/coach/damian/calendars'), 403, 'forbidden');
  assertProblem(await coach.post('/coach/damian/calendars/x/refresh', {}), 404, 'not_found');
});

test('private addresses are refused, redirects and names that lead to them too, and the log tells no address', async () => {
  const own = await startStack({ env: KEY });
  try {
    const refused = async (url) => {
      const made = assertStatus(
        await own.coach().post('/coach/damian/calendars', { kind: 'ical', url }),
        201,
      );
      assert.equal(made.state, 'failing');
      assert.match(made.detail, /not public/, url);
    };
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '169.254.169.254',
      '10.0.0.1',
      '0.0.0.0',
      '2130706433',
    ])
      await refused(`https://${host}:${server.address().port}/secret-token`);
    assertProblem(
      await own.coach().post('/coach/damian/calendars', { kind: 'ical', url: `${base}/x` }),
      422,
      'invalid_field',
      'url',
    );
    assert.equal(asked.length, 0);
    assert.ok(!own.daemon.log.some((line) => line.includes('secret-token')));
    assert.ok(!own.database.dump().includes('secret-token'), 'sealed at rest');
  } finally {
    await own.stop();
  }
});

test('without a key to seal addresses with there are no further calendars', async () => {
  const own = await startStack({ document: openSchedule() });
  try {
    const reply = await own
      .coach()
      .post('/coach/damian/calendars', { kind: 'ical', url: 'https://example.org/x' });
    assertProblem(reply, 404, 'not_found');
    assert.match(reply.body.detail, /TOKEN_ENCRYPTION_KEY/);
    assert.deepEqual(assertStatus(await own.coach().get('/coach/damian/calendars'), 200), { calendars: [] });
  } finally {
    await own.stop();
  }
});

test('another replica knows the same', async () => {
  const at = stack.slot(60);
  serve('/feed', calendar(event(at, 30)));
  const other = await Daemon.start({ env: stack.env });
  const bob = new Client(other.url, { token: stack.client('bob').token });
  const { id } = assertStatus(await add('/feed'), 201);
  const there = async () =>
    assertStatus(await bob.get('/booking/availability'), 200).slots.some(({ start }) => start === at);
  await until('the other replica to know', async () => !(await there()));
  assertStatus(await coach.delete(`/coach/damian/calendars/${id}`), 204);
  await until('the other replica to know it is removed', there);
  bob.close();
  await other.stop();
});

test('doctor tells of each, with a note where one is too old or fails, and neither address nor name', async () => {
  serve('/good-secret', calendar(event(stack.slot(60), 30)));
  serve('/old-secret', calendar());
  const good = assertStatus(await add('/good-secret', { name: 'Family' }), 201);
  const old = assertStatus(await add('/old-secret'), 201);
  const failing = assertStatus(await add('/none-secret', { blocks: false }), 201);
  stack.database.run(
    `UPDATE bookingd.busy_source SET last_success_at = now() - interval '61 minutes', due_at = now() + interval '1 hour'
     WHERE id = '${old.id}'`,
  );
  const { code, stdout } = runBookingd(['doctor'], { env: { ...stack.env, PORT: '0' } });
  const line = (id) => stdout.split('\n').find((one) => one.includes(id));
  assert.match(line(good.id), /^ok +calendars +damian: ical .*: ok, 1 events, last read 2\d{3}-\S+Z$/);
  assert.match(line(old.id), /^note +calendars .*last read \S+Z: too old, so nothing is offered$/);
  assert.match(
    line(failing.id),
    /^note .*: failing, 0 events, last read never: too old: There is no calendar .*404/,
  );
  assert.equal(code, 0, stdout);
  for (const text of ['secret', base, 'Family']) assert.ok(!stdout.includes(text), text);
  const without = runBookingd(['doctor'], { env: { ...stack.env, PORT: '0', TOKEN_ENCRYPTION_KEY: '' } });
  assert.match(without.stdout, /^FAIL +calendars +TOKEN_ENCRYPTION_KEY is missing/m);
  assert.equal(without.code, 1);
});
