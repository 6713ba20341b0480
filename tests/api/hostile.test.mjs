// Hostile input against the real daemon: bodies, paths, headers, and texts that others will read.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { metric } from '../harness/metrics.mjs';
import { bookingd } from '../harness/postgres.mjs';
import { freePort } from '../harness/run_folder.mjs';
import { startStack, until } from '../harness/stack.mjs';

const NOBODYS = '00000000-0000-4000-8000-000000000000';
const MEASURED = !process.env.SANITIZE && !process.env.VALGRIND; // such builds keep what was freed
let stack;
let ann;
let slots = 0;
let fresh;
const openFiles = () => fs.readdirSync(`/proc/${stack.daemon.child.pid}/fd`).length;
before(async () => {
  stack = await startStack({ google: 'delegated' });
  ann = stack.client('ann');
  // Everything it keeps for good is there after some of the usual.
  await Promise.all(
    Array.from({ length: 100 }, (_, i) => stack.client(`first-${i}`).get('/booking/user/me')),
  );
  fresh = { memory: stack.daemon.memory(), files: openFiles() };
});
after(() => stack.stop());

const appointments = () => Number(stack.database.value('select count(*) from bookingd.appointment'));
const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
const authorization = () => `Authorization: Bearer ${ann.token}\r\n`;

/** Every call that reads a body. */
const CALLS = [
  ['POST', '/booking/create'],
  ['POST', '/booking/hold'],
  ['PUT', `/booking/${NOBODYS}/confirm`],
  ['PUT', `/booking/${NOBODYS}/cancel`],
  ['PUT', `/booking/${NOBODYS}/reschedule`],
];

test('bodies that are no JSON object are refused and write nothing', async () => {
  const before = appointments();
  const start = stack.slot(slots++);
  const bodies = {
    nothing: ' ',
    'half an object': `{"start":"${start}"`,
    'two objects': `{"start":"${start}"}{}`,
    'a list': `[{"start":"${start}"}]`,
    'a text': `"${start}"`,
    '20,000 nested lists': '['.repeat(20_000) + ']'.repeat(20_000),
    '10,000 nested objects': '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
    'a name twice': `{"start":"${start}","start":"${start}"}`,
    'a name twice, escaped': `{"start":"${start}","st\\u0061rt":"${start}"}`,
    'invalid UTF-8': Buffer.from(`{"start":"${start}","name":"\xff\xfe"}`, 'latin1'),
    'an overlong slash': Buffer.from(`{"start":"${start}","name":"\xc0\xaf"}`, 'latin1'),
    'a surrogate': Buffer.from(`{"start":"${start}","name":"\xed\xa0\x80"}`, 'latin1'),
    'half a surrogate pair': `{"start":"${start}","name":"\\ud83d"}`,
    'a NUL, escaped': `{"start":"${start}","name":"a\\u0000b"}`,
    'a NUL': `{"start":"${start}","name":"a\0b"}`,
    'a line break in a text': `{"start":"${start}","name":"a\nb"}`,
    'a byte order mark': `\ufeff{"start":"${start}"}`,
    NaN: `{"start":"${start}","duration_minutes":NaN}`,
    'a comment': `{"start":"${start}"/* */}`,
    'a trailing comma': `{"start":"${start}",}`,
  };
  for (const [method, path] of CALLS)
    for (const [what, body] of Object.entries(bodies)) {
      const reply = await ann.request(method, path, body);
      const got = [reply.status, reply.body?.code];
      assert.deepEqual(got, [400, 'malformed_json'], `${what} to ${path}: ${reply.text}`);
    }
  assert.equal(appointments(), before);
});

test('numbers and types that no field takes are named', async () => {
  const start = stack.slot(slots++);
  const lasting = (minutes) =>
    ann.post('/booking/create', `{"start":"${start}","duration_minutes":${minutes}}`);
  const huge = ['9223372036854775808', '-9223372036854775809'];
  for (const value of [...huge, '30.5', '1e308', '"30"', 'true', '[30]', '{}'])
    assertProblem(await lasting(value), 422, 'invalid_field', 'duration_minutes');
  // No parser can hold this one, so none can say which field it stood in: only where.
  const reply = await lasting('1e400');
  assertProblem(reply, 400, 'malformed_json');
  assert.match(reply.body.detail, /number .* too large.*line 1, column \d+/);
  for (const value of ['0', '-30', '9223372036854775807', '2147483648'])
    assertStatus(await lasting(value), 422);
  const noTimes = ['"2026-02-30T10:00:00Z"', '"2026-11-24T10:00:00"', '["2026"]'];
  for (const value of ['1795528800', 'null', '""', ...noTimes])
    assertProblem(await ann.post('/booking/create', `{"start":${value}}`), 422, 'invalid_field', 'start');
});

test('100,000 nested brackets are too much to be read', async () => {
  for (const body of ['['.repeat(100_000), '['.repeat(50_000) + ']'.repeat(50_000), '{"a":'.repeat(20_000)])
    for (const [method, path] of CALLS)
      assertProblem(await ann.request(method, path, body), 413, 'body_too_large');
});

test('10 MB of JSON are 413 or a closed connection, and cost no memory that stays', async () => {
  const body = `{"start":"${'x'.repeat(10 << 20)}"}`;
  const head =
    'POST /booking/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
    `Content-Type: application/json\r\n${authorization()}`;
  await ann.raw(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
  const before = stack.daemon.memory();
  for (let i = 0; i < 20; i++) {
    const answer = await ann.raw(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    assert.ok([0, 413].includes(statusOf(answer)), answer.slice(0, 200));
  }
  const chunks = `1000\r\n${'x'.repeat(4096)}\r\n`.repeat(100);
  for (let i = 0; i < 20; i++) {
    const answer = await ann.raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    assert.ok([0, 413].includes(statusOf(answer)), answer.slice(0, 200));
  }
  const grown = stack.daemon.memory() - before;
  assert.ok(grown < 8 << 20, `grew by ${grown} bytes`);
});

test('paths that climb, hide a NUL or are no UTF-8 lead nowhere', async () => {
  for (const path of [
    '/booking/../coach/',
    '/booking/%2e%2e/coach/',
    '/booking/..%2fcoach%2f',
    '/booking/widget.js%00.html',
    '/booking/%00',
    '/booking/%c0%af',
    '/booking/%ff',
    '/booking/%',
    '/booking/%zz/cancel',
    '//booking/create',
    '/booking//cancel',
    '/booking/user/%00',
    '/booking/user/me%00',
    `/booking/${NOBODYS}%00`,
    `/booking/${'x'.repeat(8_000)}`,
    '/booking/availability?from=%00',
    '/booking/availability?tz=../../../../etc/passwd',
    '/booking/availability?tz=/etc/passwd',
    '/booking/availability?tz=America%2fNew_York%00',
    '/booking/availability?coach=%27%3b+drop+table+coach',
    '/coach/..%2f..%2fetc%2fpasswd/schedule',
  ]) {
    const head = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
    const answer = await ann.raw(`${head}${authorization()}\r\n`);
    assert.ok([400, 403, 404, 405, 414, 431].includes(statusOf(answer)), `${path}: ${answer.slice(0, 300)}`);
    assert.ok(!answer.includes('root:'), path);
  }
});

test('a coach whose id is too long cannot be made, and ends nobody', async () => {
  const document = assertStatus(await stack.coach().get('/coach/damian/schedule'), 200);
  for (const length of [65, 1100, 4000])
    assertProblem(
      await stack.admin().put(`/coach/${'x'.repeat(length)}/schedule`, document),
      404,
      'unknown_coach',
    );
});

test('no header is injected by anything that is echoed', async () => {
  const evil = '%0d%0aX-Evil:%201%0d%0a%0d%0a<script>';
  const decoded = decodeURIComponent(evil);
  const replies = [
    await ann.get(`/oauth/google/callback?error=${evil}&state=${evil}`),
    await ann.get(`/oauth/google/callback?code=${evil}&state=${evil}`),
    await ann.get(`/booking/${evil}`),
    await ann.get(`/booking/user/${evil}`),
    await ann.get(`/booking/availability?${evil}=1&coach=${evil}`),
    await ann.get(`/coach/${evil}/feed.ics?token=${evil}`),
    await ann.post('/booking/create', { start: stack.slot(slots++), [decoded]: 1 }),
    await ann.post('/booking/create', { start: decoded }),
    await stack.coach().get('/coach/damian/feed', { host: 'evil.example' }),
  ];
  for (const reply of replies) {
    assert.ok(!('x-evil' in reply.headers), reply.text);
    assert.ok(reply.status < 500, reply.text);
    if (!/^text\/html/.test(reply.headers['content-type'] ?? '')) continue;
    assert.ok(!reply.text.includes('<script>'), reply.text);
  }
  // The link the coach copies is that of PUBLIC_URL, whatever Host says.
  assert.ok(replies.at(-1).body.url.startsWith(stack.daemon.url), replies.at(-1).text);
  for (const id of ['a\tb', '<script>', 'x'.repeat(500), '"', 'ä']) {
    const line = `X-Request-Id: ${id}`;
    const answer = await ann.raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${line}\r\n\r\n`);
    assert.equal(statusOf(answer), 200, line);
    assert.ok(!answer.includes(line), answer);
  }
});

async function eventOf(appointment) {
  const events = await stack.google.live(stack.calendar);
  return events.find(({ id }) => id === appointment.id.replaceAll('-', ''));
}

/** Texts that mean something to a browser, a spreadsheet, a terminal or a calendar. */
const NASTY = {
  name: '<img src=x onerror=alert(1)>',
  notes: [
    '=HYPERLINK("http://evil.example";"click")',
    'BEGIN:VEVENT\r\nATTENDEE:mailto:evil@evil.example',
    '</div><script>',
  ].join('\n'),
  phone: '+49 30 <b>1</b>',
};

test('what a stranger writes reaches everybody as plain text', async () => {
  const start = stack.slot(slots++);
  const made = assertStatus(await ann.post('/booking/create', { start, ...NASTY }), 201);
  assert.deepEqual({ name: made.name, notes: made.notes, phone: made.phone }, NASTY);

  const event = await eventOf(made);
  assert.ok(!/<(img|script|b|div)/i.test(event.description), event.description);
  assert.ok(event.description.includes('&lt;script&gt;'), event.description);
  assert.deepEqual(
    event.attendees.map(({ email }) => email),
    ['ann@client.test'],
  );
  assert.ok(!/[\x00-\x1f]/.test(event.summary), event.summary);

  const file = await ann.get(`/booking/${made.id}/calendar.ics`);
  assertStatus(file, 200);
  assert.match(file.headers['content-type'], /^text\/calendar/);
  assert.equal(file.headers['x-content-type-options'], 'nosniff');
  const lines = file.text.replaceAll('\r\n ', '').split('\r\n');
  assert.equal(lines.filter((line) => line === 'BEGIN:VEVENT').length, 1);
  assert.ok(!lines.some((line) => line.startsWith('ATTENDEE') && line.includes('evil')), file.text);

  for (const path of [`/booking/${made.id}`, '/booking/user/me']) {
    const reply = await ann.get(path);
    assert.match(reply.headers['content-type'], /^application\/json/);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff');
  }
  // What its canceller writes is told as text too, and to nobody but the parties.
  const cancelled = assertStatus(await ann.put(`/booking/${made.id}/cancel`, { reason: NASTY.notes }), 200);
  assert.equal(cancelled.cancel_reason, NASTY.notes);
  const ended = await ann.get(`/booking/${made.id}/calendar.ics`);
  assert.equal(ended.text.match(/^BEGIN:VEVENT\r$/gm).length, 1);
  const gone = (await stack.google.events(stack.calendar)).find(({ id }) => id === event.id);
  assert.ok(!/<(img|script|b|div)/i.test(gone.description), gone.description);

  const log = stack.daemon.log.join('\n');
  for (const text of ['onerror', 'HYPERLINK', 'evil.example']) assert.ok(!log.includes(text), text);
});

test('names of every script and length reach the calendar whole', async () => {
  for (const letter of ['漢', '😀', 'é', 'a']) {
    const name = letter.repeat(200);
    const client = stack.client(`long-${slots}`);
    const wish = { start: stack.slot(slots++), name, notes: name.repeat(10) };
    const reply = await client.post('/booking/create', wish);
    const made = assertStatus(reply, 201);
    assert.equal(made.calendar.state, 'synced', JSON.stringify(made.calendar));
    const event = await eventOf(made);
    assert.ok(event.summary.includes(name), event.summary);
    assert.ok(!event.description.includes('\ufffd'));
    assertStatus(await client.get(`/booking/${made.id}/calendar.ics`), 200);
  }
});

test('control characters in texts do no harm', async () => {
  const codes = Array.from({ length: 31 }, (_, code) => String.fromCharCode(code + 1));
  const wild = `${codes.join('x')}\x7f\u202e\u2028`;
  const client = stack.client('controlled');
  const made = await client.post('/booking/create', { start: stack.slot(slots++), name: wild, notes: wild });
  // Refused or kept, but nobody stumbles over it.
  if (made.status !== 201) return assertProblem(made, 422, 'invalid_field', 'name');
  assert.equal(made.body.calendar.state, 'synced', made.text);
  const file = await client.get(`/booking/${made.body.id}/calendar.ics`);
  assertStatus(file, 200);
  assert.ok(!/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(file.text), file.text);
  assertStatus(await stack.coach().get('/coach/damian/appointments'), 200);
});

test('a hundred slow connections hold nobody up', async () => {
  const { hostname, port } = new URL(stack.daemon.url);
  const halfHeaders = 'GET /booking/user/me HTTP/1.1\r\nHo';
  const halfBody =
    `POST /booking/create HTTP/1.1\r\nHost: x\r\n${authorization()}` +
    'Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{';
  const sockets = Array.from({ length: 100 }, (_, i) => {
    const socket = net.connect({ host: hostname, port: Number(port) });
    socket.on('error', () => {}).on('connect', () => socket.write(i % 2 ? halfHeaders : halfBody));
    return socket;
  });
  await until(
    'all of them to be connected',
    async () => (await metric(stack.stranger(), 'bookingd_http_connections')) > 100,
  );
  for (const path of ['/health', '/booking/user/me', '/booking/availability'])
    assertStatus(await ann.get(path), 200);
  for (const socket of sockets) socket.destroy();
});

test('a flood from one address takes half of the connections, others are served', async () => {
  const limit = 64;
  const daemon = await Daemon.start({ env: { ...stack.env, MAX_CONNECTIONS: String(limit) } });
  const { hostname: host, port } = new URL(daemon.url);
  daemon.client.close();
  const sockets = Array.from({ length: 4 * limit }, () =>
    net.connect({ host, port: Number(port) }).on('error', () => {}),
  );
  const count = (state) => sockets.filter(({ readyState }) => readyState === state).length;
  await until('the flood to be cut off', () => count('opening') === 0 && count('open') <= limit / 2);
  assert.equal(count('open'), limit / 2);

  const neighbour = net.connect({ host, port: Number(port), localAddress: '127.0.0.2' });
  neighbour.end('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').setEncoding('latin1');
  let answer = '';
  for await (const text of neighbour) answer += text;
  assert.equal(statusOf(answer), 200, answer);

  for (const socket of sockets) socket.destroy();
  await until('the address to be let in again', async () => {
    try {
      return (await daemon.client.get('/health')).status === 200;
    } catch {
      return false;
    }
  });
  await daemon.stop();
});

test('where few files may be open, a flood leaves those that the database needs', async () => {
  const port = await freePort();
  const env = { ...stack.env, PATH: process.env.PATH, PORT: String(port), BIND_ADDRESS: '127.0.0.1' };
  const child = new Child('sh', ['-c', 'ulimit -n 300 && exec "$0" serve', bookingd()], {
    name: 'few-files',
    env,
  });
  await child.line((line) => line.includes('"database_ready"'), 'its database');
  const limited = JSON.parse(child.lines.find((line) => line.includes('"open_files_limited"')) ?? '{}');
  assert.deepEqual([limited.files, limited.connections], [300, 172]);
  const sockets = Array.from({ length: 400 }, () =>
    net.connect({ host: '127.0.0.1', port }).on('error', () => {}),
  );
  const count = (state) => sockets.filter(({ readyState }) => readyState === state).length;
  await until('the flood to be cut off', () => count('opening') === 0 && count('open') <= 86);
  assert.equal(count('open'), 86);
  assert.ok(fs.readdirSync(`/proc/${child.pid}/fd`).length < 200);
  const neighbour = net.connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' });
  neighbour.write(`GET /booking/user/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${authorization()}\r\n`);
  let answer = '';
  for await (const text of neighbour.setEncoding('latin1')) answer += text;
  assert.equal(statusOf(answer), 200, answer);
  for (const socket of sockets) socket.destroy();
  assert.equal((await child.stop('SIGTERM')).code, 0);
});

test('after all this the daemon is well, and as small as before', async () => {
  for (const client of stack.clients) client.close();
  await until('connections to be let go', () => openFiles() <= fresh.files);
  const grown = stack.daemon.memory() - fresh.memory;
  if (MEASURED) assert.ok(grown < 16 << 20, `grew by ${grown} bytes`);
  const health = assertStatus(await stack.stranger().get('/health'), 200);
  assert.equal(health.ok, true);
  const replies = stack.daemon.events('request').filter(({ route }) => route !== '/readyz');
  const fives = replies.filter(({ status }) => status >= 500);
  assert.deepEqual(fives, []);
});
