// Servers and feeds that mean harm: refused within their bounds, while other coaches are served.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import zlib from 'node:zlib';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const KEY = { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
const MEMORY_MAX_KIB = 64 * 1024;
let stack, coach, server, base;
/** What the server answers: (request, response, body) => void. */
let answer;
before(async () => {
  server = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    response.on('error', () => {});
    answer(request, response, body);
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

const add = (kind) =>
  coach.post('/coach/damian/calendars', {
    kind,
    url: `${base}/`,
    ...(kind === 'caldav' ? { user: 'ana', password: 'secret' } : {}),
  });
/** The daemon's own memory is within its bound; what a sanitizer keeps beside it is not counted. */
function assertSmall() {
  const status = fs.readFileSync(`/proc/${stack.daemon.child.pid}/status`, 'utf8');
  const kib = Number(/RssAnon:\s+(\d+)/.exec(status)[1]);
  assert.ok(process.env.SANITIZE || kib < MEMORY_MAX_KIB, `${kib} KiB`);
}
const XML = { 'content-type': 'application/xml' };
const multistatus = (inside) =>
  `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">${inside}</d:multistatus>`;
const calendar = multistatus(
  '<d:response><d:href>/</d:href><d:propstat><d:prop><d:resourcetype><c:calendar/></d:resourcetype></d:prop>' +
    '<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>',
);
/** Writes parts as fast as they are taken, until the reader has gone. */
async function pour(response, parts) {
  for (const part of parts) {
    if (response.destroyed) return;
    if (!response.write(part)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}
function* repeat(count, part, first = '', last = '') {
  yield first;
  for (let i = 0; i < count; i++) yield typeof part === 'function' ? part(i) : part;
  yield last;
}
/** The source fails with that sentence, memory stays in its bounds, and it can be removed. */
async function refused(kind, sentence) {
  const { id } = assertStatus(await add(kind), 201);
  // On a busy machine it may be read only after that.
  const made = await until(
    'it to be read',
    async () => {
      const { calendars } = assertStatus(await coach.get('/coach/damian/calendars'), 200);
      return calendars.find((one) => one.id === id && one.state !== 'pending');
    },
    60_000,
  );
  assert.equal(made.state, 'failing');
  assert.match(made.detail, sentence);
  assertSmall();
  assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
}

test('a document that declares entities is refused before any of them means something', async () => {
  let entities = '<!ENTITY a0 "lol">';
  for (let i = 1; i < 20; i++) entities += `<!ENTITY a${i} "${`&a${i - 1};`.repeat(10)}">`;
  for (const doctype of [
    `<!DOCTYPE x [${entities}]>`,
    '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
    '<!DOCTYPE x [<!ENTITY a0 SYSTEM "file:///etc/passwd">]>',
  ]) {
    answer = (_, response) =>
      response.writeHead(207, XML).end(`<?xml version="1.0"?>${doctype}${multistatus('<d:x>&a0;</d:x>')}`);
    await refused('caldav', /does not answer as a CalDAV server/);
  }
});

test('XML that is deep, cut or something else is refused', async () => {
  for (const text of [
    '<a>'.repeat(100_000),
    calendar.slice(0, -5),
    '<html/>',
    '',
    'x',
    `${calendar}${calendar}`,
  ]) {
    answer = (_, response) => response.writeHead(207, XML).end(text);
    await refused('caldav', /does not answer as a CalDAV server/);
  }
});

test('ten thousand million zeros in gzip end where the limit is', async () => {
  const block = zlib.deflateRawSync(Buffer.alloc(1 << 20), { finishFlush: zlib.constants.Z_FULL_FLUSH });
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  let most = 0;
  const zeros = () => {
    let blocks = 0;
    return repeat(
      10_000,
      () => {
        most = Math.max(most, ++blocks);
        return block;
      },
      head,
    );
  };
  for (const kind of ['ical', 'caldav']) {
    most = 0;
    answer = (_, response) => {
      response.writeHead(kind === 'ical' ? 200 : 207, { ...XML, 'content-encoding': 'gzip' });
      pour(response, zeros());
    };
    await refused(kind, /larger than 10 MB/);
    assert.ok(most < 10_000, 'the rest is not even taken');
  }
});

test('a million events end where the limit is', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/calendar' });
    pour(
      response,
      repeat(
        1_000_000,
        (i) => `BEGIN:VEVENT\r\nUID:${i}\r\nDTSTART:20270101T100000Z\r\nEND:VEVENT\r\n`,
        'BEGIN:VCALENDAR\r\n',
        'END:VCALENDAR\r\n',
      ),
    );
  };
  await refused('ical', /larger than 10 MB/);
  answer = (request, response) => {
    if (request.method === 'PROPFIND') return response.writeHead(207, XML).end(calendar);
    response.writeHead(207, XML);
    return pour(
      response,
      repeat(
        1_000_000,
        (i) => `<d:response><d:href>/${i}.ics</d:href><d:status>HTTP/1.1 200 OK</d:status></d:response>`,
        '<d:multistatus xmlns:d="DAV:">',
        '</d:multistatus>',
      ),
    );
  };
  await refused('caldav', /larger than 10 MB/);
});

test('a rule of every second for ever blocks whole days, in a feed and in an account, and other coaches go on', async () => {
  const text =
    'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTART:20200101T000000Z\r\n' +
    'DTEND:20200101T000001Z\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n';
  assertStatus(await stack.admin().put('/coach/eva/schedule', openSchedule()), 201);
  for (const kind of ['ical', 'caldav']) {
    answer = (request, response, body) => {
      if (kind === 'ical') return response.writeHead(200).end(text);
      if (request.method === 'PROPFIND') return response.writeHead(207, XML).end(calendar);
      const file = body.includes('multiget') ? `<c:calendar-data>${text}</c:calendar-data>` : '';
      return response
        .writeHead(207, XML)
        .end(
          multistatus(
            `<d:response><d:href>/1.ics</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag>${file}</d:prop>` +
              `<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response><d:sync-token>t</d:sync-token>`,
          ),
        );
    };
    const made = assertStatus(await add(kind), 201);
    assert.equal(made.state, 'degraded', made.detail);
    assert.match(made.detail, /it may block more time/);
    const { slots } = assertStatus(await stack.client('ann').get('/booking/availability?coach=damian'), 200);
    assert.deepEqual(slots, []);
    const other = assertStatus(await stack.client('ann').get('/booking/availability?coach=eva'), 200);
    assert.ok(other.slots.length > 0);
    assertSmall();
    assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
  }
});

test('a file that the server fails to give keeps its times; what the account declined is free, a session with another coach is not', async () => {
  const at = (n) => stack.slot(n).replace(/[-:]/g, '');
  const eva = { start: stack.slot(68), coach: 'eva' };
  const guest = assertStatus(await stack.client('damian').post('/booking/create', eva), 201);
  const event = (n, more = '', uid = n) =>
    `BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTART:${at(n)}\r\nDURATION:PT30M\r\n${more}END:VEVENT\r\nEND:VCALENDAR\r\n`;
  const files = {
    '/1.ics': event(60),
    '/2.ics': event(64, 'ATTENDEE;PARTSTAT=DECLINED:mailto:ana@work.test\r\n'),
    '/3.ics': event(68, '', `${guest.id.replaceAll('-', '')}@google.com`),
  };
  let status = 200;
  let looks = 0;
  answer = (request, response, body) => {
    if (request.method === 'PROPFIND') return response.writeHead(207, XML).end(calendar);
    const one = ([href, text]) => {
      const data = body.includes('multiget') ? `<c:calendar-data>${text}</c:calendar-data>` : '';
      const good = body.includes('multiget') ? status : 200;
      return (
        `<d:response><d:href>${href}</d:href><d:propstat><d:prop><d:getetag>"${looks}"</d:getetag>${data}</d:prop>` +
        `<d:status>HTTP/1.1 ${good} So</d:status></d:propstat></d:response>`
      );
    };
    const all = Object.entries(files).map(one).join('');
    response.writeHead(207, XML).end(multistatus(`${all}<d:sync-token>t${looks++}</d:sync-token>`));
  };
  const wish = { kind: 'caldav', url: `${base}/`, user: 'ana@work.test', password: 'secret' };
  const made = assertStatus(await coach.post('/coach/damian/calendars', wish), 201);
  assert.deepEqual([made.state, made.events], ['ok', 3], made.detail);
  const refresh = async () =>
    assertStatus(await coach.post(`/coach/damian/calendars/${made.id}/refresh`, {}), 200);
  const offered = async (n) => {
    const { slots } = assertStatus(await stack.client('ann').get('/booking/availability?coach=damian'), 200);
    return slots.some(({ start }) => start === stack.slot(n));
  };
  assert.deepEqual([await offered(60), await offered(64), await offered(68)], [false, true, false]);
  status = 503;
  const failing = await refresh();
  assert.equal(failing.state, 'failing');
  assert.match(failing.detail, /error \(503\)/);
  assert.equal(await offered(60), false);
  status = 200;
  assert.equal((await refresh()).state, 'ok');
  assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
});

test('files that are gone are told of in one response or in several (RFC 4918 section 14.24)', async () => {
  const at = (n) => stack.slot(n).replace(/[-:]/g, '');
  const file = (n) =>
    `BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:${n}\r\nDTSTART:${at(n)}\r\nDURATION:PT30M\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
  const numbers = [60, 62, 64];
  const href = (n) => `<d:href>/${n}.ics</d:href>`;
  const there = (n, more) =>
    `<d:response>${href(n)}<d:propstat><d:prop><d:getetag>"1"</d:getetag>${more}</d:prop>` +
    `<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`;
  const gone = (some) =>
    `<d:response>${some.map(href).join('')}<d:status>HTTP/1.1 404 Not Found</d:status></d:response>`;
  let news = null;
  answer = (request, response, body) => {
    if (request.method === 'PROPFIND') return response.writeHead(207, XML).end(calendar);
    const data = (n) => (body.includes('multiget') ? `<c:calendar-data>${file(n)}</c:calendar-data>` : '');
    const all = news && body.includes('<sync-token>') ? news : numbers.map((n) => there(n, data(n))).join('');
    response.writeHead(207, XML).end(multistatus(`${all}<d:sync-token>t</d:sync-token>`));
  };
  for (const [said, left] of [
    [gone([60, 62]), 1],
    [gone([60, 62, 64]), 0],
    [gone([60]) + gone([62]), 1],
  ]) {
    news = null;
    const made = assertStatus(await add('caldav'), 201);
    assert.deepEqual([made.state, made.events], ['ok', 3], made.detail);
    news = said;
    const read = assertStatus(await coach.post(`/coach/damian/calendars/${made.id}/refresh`, {}), 200);
    assert.deepEqual([read.state, read.events], ['ok', left], read.detail);
    assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
  }
});

test('servers that never answer keep nobody waiting: three of eight hang, and the others stay fresh', async () => {
  const feed = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n';
  const hanging = new Set();
  const readMeanwhile = new Set();
  const waited = []; // ms, until each was given up
  let hang = false;
  answer = (request, response) => {
    if (hang && request.url.startsWith('/never')) {
      const began = performance.now();
      hanging.add(response);
      response.on('close', () => {
        hanging.delete(response);
        waited.push(performance.now() - began);
      });
      return;
    }
    readMeanwhile.add(request.url);
    response.writeHead(200, { 'content-type': 'text/calendar' }).end(feed);
  };
  const made = [];
  const addFeed = async (path) => {
    const wish = { kind: 'ical', url: `${base}${path}` };
    const source = assertStatus(await coach.post('/coach/damian/calendars', wish), 201);
    assert.equal(source.state, 'ok', source.detail);
    made.push({ ...source, path });
  };
  for (let n = 0; n < 3; n++) await addFeed(`/never/${n}`);
  for (let n = 0; n < 5; n++) await addFeed(`/good/${n}`);
  hang = true;
  readMeanwhile.clear();
  const change = (kind, what) => {
    const ids = made.flatMap(({ id, path }) => (path.startsWith(`/${kind}`) ? [`'${id}'`] : []));
    stack.database.run(`UPDATE bookingd.busy_source SET due_at = now()${what} WHERE id IN (${ids.join()})`);
  };
  // All at once, for the first time: each has less time than the one before, and the others follow.
  stack.database.run(`UPDATE bookingd.busy_source SET due_at = now()`);
  await until('the five others to be read', () => readMeanwhile.size === 5, 60_000);
  assert.ok(waited.length >= 3 && Math.min(...waited.slice(1)) < waited[0] / 1.5, waited.join());
  // What coaches ask for does not wait either, nor what is left to the patient reading every time.
  await until('a server to keep us waiting', () => hanging.size > 0, 30_000);
  await addFeed('/new');
  readMeanwhile.clear();
  change('good/0', ', failures = 1');
  change('never', `- interval '1 hour', failures = 5, last_success_at = now() - interval '1 hour'`);
  const before = waited.length;
  for (const response of hanging) response.destroy();
  await until('what was left to be read', () => readMeanwhile.has('/good/0'), 60_000);
  assert.ok(waited.length <= before + 2, `${waited.length - before} came first`);
  hang = false;
  for (const response of hanging) response.destroy();
  for (const { id } of made) assertStatus(await coach.delete(`/coach/damian/calendars/${id}`), 204);
});

const LARGE_HEAD = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\n';
const largeEvents = (count) =>
  Array.from(
    { length: count },
    (_, i) =>
      `BEGIN:VEVENT\r\nUID:${i}\r\nDTSTART:20200101T${String(i % 24).padStart(2, '0')}0000Z\r\n` +
      `X-FILL:${'x'.repeat(2000)}\r\nEND:VEVENT\r\n`,
  ).join('');

test('one file of ten megabytes is read at a time, however many coaches have one', async () => {
  const file = Buffer.from(`${LARGE_HEAD}${largeEvents(4500)}END:VCALENDAR\r\n`);
  answer = (_, response) => response.writeHead(200, { 'content-type': 'text/calendar' }).end(file);
  // A machine that is busy with something else may say so (503).
  const addOnce = () =>
    until('a worker', async () => {
      const reply = await add('ical');
      return reply.status !== 503 && reply;
    });
  const replies = await Promise.all(Array.from({ length: 6 }, addOnce));
  for (const reply of replies) {
    const source = assertStatus(reply, 201);
    assert.ok(['ok', 'pending'].includes(source.state), source.detail);
  }
  await until(
    'all to be read',
    async () => {
      const { calendars } = assertStatus(await coach.get('/coach/damian/calendars'), 200);
      assert.ok(calendars.every(({ state }) => state !== 'failing'));
      return calendars.every(({ state, events }) => state === 'ok' && events === 4500);
    },
    60_000,
  );
  assertSmall();
  for (const { body } of replies) assertStatus(await coach.delete(`/coach/damian/calendars/${body.id}`), 204);
});

test('a large file for which whoever asks has no time is no failure: it is read after that', async () => {
  let asked = 0; // quickly, which finds that it is large; while the coach waits; and after that
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/calendar' }).write(`${LARGE_HEAD}${largeEvents(600)}`);
    if (++asked > 2) response.end('END:VCALENDAR\r\n');
  };
  const made = assertStatus(await add('ical'), 201);
  assert.deepEqual([made.state, made.detail], ['pending', null]);
  const read = await until(
    'it to be read',
    async () => {
      const { calendars } = assertStatus(await coach.get('/coach/damian/calendars'), 200);
      return calendars[0].state !== 'pending' && calendars[0];
    },
    60_000,
  );
  assert.deepEqual([read.state, read.events], ['ok', 600], read.detail);
  assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
});

test('private addresses are refused for accounts as for feeds, and nothing is sent there', async () => {
  const own = await startStack({ env: KEY });
  let asked = 0;
  answer = (_, response) => {
    asked++;
    response.end();
  };
  try {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '10.0.0.1', '169.254.169.254', '0.0.0.0']) {
      const made = assertStatus(
        await own.coach().post('/coach/damian/calendars', {
          kind: 'caldav',
          url: `https://${host}:${server.address().port}/`,
          user: 'ana',
          password: 'secret-4711',
        }),
        201,
      );
      assert.equal(made.state, 'failing');
      assert.match(made.detail, /not public/, host);
    }
    assert.equal(asked, 0);
    assert.ok(!own.daemon.log.some((line) => line.includes('secret-4711')));
  } finally {
    await own.stop();
  }
});
