// What holds for every call: JSON in and out, errors, request ids, methods, CORS, unknown fields and parameters.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Daemon } from '../harness/daemon.mjs';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { startStack } from '../harness/stack.mjs';

const ORIGIN = 'https://shop.example';
const NOBODYS = '00000000-0000-4000-8000-000000000000';
let stack, ann;
before(async () => {
  stack = await startStack({
    env: { CORS_ALLOWED_ORIGINS: `${ORIGIN},https://Other.example:443,http://local.example:80` },
  });
  ann = stack.client('ann');
});
after(() => stack.stop());

const free = () => stack.slot(1);

test('a content type may carry parameters and any letter case; another one is 415 on every call with a body', async () => {
  for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/json;x=y']) {
    const reply = await ann.post('/booking/create', JSON.stringify({ start: 'x' }), { 'content-type': type });
    assertProblem(reply, 422, 'invalid_field', 'start');
  }
  for (const [method, path] of [
    ['POST', '/booking/create'],
    ['POST', '/booking/hold'],
    ['PUT', `/booking/${NOBODYS}/confirm`],
    ['PUT', `/booking/${NOBODYS}/reschedule`],
    ['PUT', `/booking/${NOBODYS}/cancel`],
    ['PUT', '/coach/damian/schedule'],
  ])
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'text/json'])
      assertProblem(
        await ann.request(method, path, '{}', { 'content-type': type }),
        415,
        'unsupported_media_type',
      );
});

test('a compressed body is 415 and says so', async () => {
  const gzip = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const reply = await ann.post('/booking/create', gzipSync('{"start":"x"}'), gzip);
  assertProblem(reply, 415, 'unsupported_media_type');
  assert.match(reply.body.detail, /uncompressed/);
});

test('JSON that is no object, repeats a name or holds U+0000 is told as what it is', async () => {
  for (const [text, told] of [
    ['null', /must be one JSON object/],
    ['"a"', /must be one JSON object/],
    ['{"start":1,"start":2}', /same name twice/],
    ['{"notes":"a\\u0000b"}', /U\+0000/],
    ['{"start":', /not valid JSON/],
  ]) {
    const reply = await ann.post('/booking/create', text, { 'content-type': 'application/json' });
    assertProblem(reply, 400, 'malformed_json');
    assert.match(reply.body.detail, told, text);
  }
});

test('a body of 64 KiB is read, one byte more is 413, on every call', async () => {
  const body = (bytes) => `{"start":"${' '.repeat(bytes - 12)}"}`;
  assertProblem(await ann.post('/booking/create', body(65_536)), 422, 'invalid_field', 'start');
  for (const path of ['create', 'hold', `${NOBODYS}/cancel`, `${NOBODYS}/reschedule`, `${NOBODYS}/confirm`])
    assertProblem(await ann.post(`/booking/${path}`, body(65_537)), 413, 'body_too_large');
  const schedule = await stack.coach().put('/coach/damian/schedule', body(65_537));
  assertProblem(schedule, 413, 'body_too_large');
});

test('an unknown field is refused by its name on every call with a body', async () => {
  const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(3) }), 201);
  for (const [method, path, good] of [
    ['POST', '/booking/create', { start: free() }],
    ['POST', '/booking/hold', { start: free() }],
    ['PUT', `/booking/${made.id}/confirm`, {}],
    ['PUT', `/booking/${made.id}/cancel`, { reason: 'ill' }],
    ['PUT', `/booking/${made.id}/reschedule`, { start: free() }],
    ['PUT', `/booking/${made.id}/status`, { status: 'completed' }],
  ]) {
    const who = path.endsWith('/status') ? stack.coach() : ann;
    const reply = await who.request(method, path, { ...good, surprise: 1 });
    assertProblem(reply, 422, 'unknown_field', 'surprise');
    assert.match(reply.body.detail, /"surprise"/, 'a page shows nothing but the detail');
  }
  assert.equal(assertStatus(await ann.get(`/booking/${made.id}`), 200).status, 'scheduled');
});

test('of an unknown field with a long name the refusal tells the beginning, in whole characters', async () => {
  const reply = await ann.post('/booking/create', { start: free(), [`x${'é'.repeat(20_000)}`]: 1 });
  assertProblem(reply, 422, 'unknown_field', `x${'é'.repeat(49)}`);
  assert.ok(reply.body.detail.length < 200);
});

test('hold knows no field of the person, reschedule none of the booking', async () => {
  assertProblem(
    await ann.post('/booking/hold', { start: free(), notes: 'x' }),
    422,
    'unknown_field',
    'notes',
  );
  const body = { start: free(), session_type: 'coaching' };
  assertProblem(await ann.put(`/booking/${NOBODYS}/reschedule`, body), 422, 'unknown_field', 'session_type');
});

test('lengths are counted in characters, not bytes', async () => {
  const body = { name: 'é'.repeat(200), phone: '٣'.repeat(32), notes: '😀'.repeat(2000) };
  const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(5), ...body }), 201);
  assert.deepEqual({ name: made.name, phone: made.phone, notes: made.notes }, body);
  // 64 characters before the at sign and labels of 63 behind it are what mail allows (RFC 5321).
  const email = (length) => {
    const labels = `${'a'.repeat(62)}.${'b'.repeat(62)}.`;
    return `${'x'.repeat(64)}@${labels}${'c'.repeat(length - 65 - labels.length - 3)}.uk`;
  };
  const long = assertStatus(
    await ann.post('/booking/create', { start: stack.slot(6), email: email(254) }),
    201,
  );
  assert.equal(long.email, email(254));
  const over = { start: free(), email: email(255) };
  assertProblem(await ann.post('/booking/create', over), 422, 'invalid_field', 'email');
  const reason = await ann.put(`/booking/${made.id}/cancel`, { reason: 'x'.repeat(2001) });
  assertProblem(reason, 422, 'invalid_field', 'reason');
});

test('a number without a fraction is whole, however it is written', async () => {
  for (const [i, minutes] of ['60', '60.0', '6e1'].entries()) {
    const made = await ann.post(
      '/booking/create',
      `{"start":"${stack.slot(24 + i)}","duration_minutes":${minutes}}`,
    );
    assert.equal(assertStatus(made, 201).duration_minutes, 60, minutes);
  }
  const coach = stack.coach();
  const { policy, ...rest } = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  const text = JSON.stringify({ ...rest, policy: { ...policy, step_minutes: 20 } });
  const put = await coach.put(
    '/coach/damian/schedule',
    text.replace('"step_minutes":20', '"step_minutes":20.0'),
  );
  assert.equal(assertStatus(put, 200).policy.step_minutes, 20);
  assertStatus(await coach.put('/coach/damian/schedule', { ...rest, policy }), 200);
});

test('optional fields may be null', async () => {
  const body = {
    start: stack.slot(8),
    duration_minutes: null,
    name: null,
    phone: null,
    notes: null,
    coach: null,
  };
  const made = assertStatus(await ann.post('/booking/create', body), 201);
  assert.deepEqual([made.duration_minutes, made.name, made.notes], [30, 'Name of ann', null]);
});

test('an instant: any offset, only whole seconds, T and Z in capitals', async () => {
  for (const start of [
    '2027-02-03T10:00:00z',
    '2027-02-03t10:00:00Z',
    '2027-02-03T10:00Z',
    '2027-02-03T10:00:00+0100',
    '2027-02-03T10:00:00.000001Z',
    '2027-02-03T24:00:00Z',
    '2027-02-03T23:59:60Z',
    '2027-13-03T10:00:00Z',
    '2027-02-29T10:00:00Z',
    '+02027-02-03T10:00:00Z',
    ' 2027-02-03T10:00:00Z',
    '2027-02-03',
    '',
    true,
    {},
  ])
    assertProblem(await ann.post('/booking/create', { start }), 422, 'invalid_field', 'start');
  const zero = stack.slot(10).replace('Z', '.000Z');
  assert.equal(assertStatus(await ann.post('/booking/create', { start: zero }), 201).start, stack.slot(10));
  const west = later(stack.slot(12), -5 * 60).replace('Z', '-05:00');
  assert.equal(assertStatus(await ann.post('/booking/create', { start: west }), 201).start, stack.slot(12));
});

test('the ends of time are refused by a rule, whoever asks', async () => {
  for (const who of [ann, stack.admin()]) {
    const far = await who.post('/booking/create', { start: '9999-12-31T23:30:00Z', duration_minutes: 60 });
    assertProblem(far, 422, 'too_far');
    assertProblem(await who.post('/booking/create', { start: '1970-01-01T00:00:00Z' }), 422, 'too_soon');
  }
});

test('every reply carries X-Request-Id: the sane one of the client, else one of ours', async () => {
  const ask = async (client, method, path, body) =>
    (await client.request(method, path, body)).headers['x-request-id'];
  const ids = [
    await ask(ann, 'GET', '/booking/availability'),
    await ask(ann, 'GET', '/nowhere'),
    await ask(ann, 'DELETE', '/booking/create'),
    await ask(ann, 'OPTIONS', '/booking/create'),
    await ask(ann, 'HEAD', '/booking/user/me'),
    await ask(ann, 'POST', '/booking/create', '{'),
    await ask(ann, 'POST', '/booking/create', 'x'.repeat(70_000)),
    await ask(stack.stranger(), 'GET', '/booking/user/me'),
    await ask(stack.stranger(), 'GET', '/healthz'),
    await ask(stack.stranger(), 'GET', '/booking/'),
  ];
  for (const id of ids) assert.match(id ?? '', /^[\w.:-]{8,}$/);
  assert.equal(new Set(ids).size, ids.length);
  for (const sane of ['a', 'trace-1.2:3_4', 'f'.repeat(32)]) {
    const reply = await ann.get('/booking/user/me', { 'x-request-id': sane });
    assert.equal(reply.headers['x-request-id'], sane);
  }
  for (const bad of ['a b', 'x'.repeat(500), '<b>', '"', 'é'])
    assert.notEqual((await ann.get('/healthz', { 'x-request-id': bad })).headers['x-request-id'], bad);
});

test('405 names the methods there are, a literal path before a parameter', async () => {
  for (const [method, path, allow] of [
    ['GET', '/booking/create', 'POST, OPTIONS'],
    ['GET', '/booking/hold', 'POST, OPTIONS'],
    ['POST', '/booking/availability', 'GET, HEAD, OPTIONS'],
    ['DELETE', `/booking/${NOBODYS}`, 'GET, HEAD, OPTIONS'],
    ['GET', `/booking/${NOBODYS}/cancel`, 'POST, PUT, OPTIONS'],
    ['PATCH', `/booking/${NOBODYS}/reschedule`, 'POST, PUT, OPTIONS'],
    ['PUT', '/booking/user/me', 'GET, HEAD, DELETE, OPTIONS'],
    ['DELETE', '/coach/damian/schedule', 'GET, HEAD, POST, PUT, OPTIONS'],
    ['POST', '/health', 'GET, HEAD, OPTIONS'],
  ]) {
    const reply = await ann.request(method, path);
    assertProblem(reply, 405, 'method_not_allowed');
    const sorted = (text) => text.split(/, */).sort();
    assert.deepEqual(sorted(reply.headers.allow), sorted(allow), `${method} ${path}`);
  }
});

test('every PUT is a POST too', async () => {
  const made = assertStatus(await ann.post('/booking/hold', { start: stack.slot(14) }), 201);
  assertStatus(await ann.post(`/booking/${made.id}/confirm`), 200);
  assertStatus(await ann.post(`/booking/${made.id}/reschedule`, { start: stack.slot(15) }), 200);
  assertStatus(await ann.post(`/booking/${made.id}/cancel`), 200);
  const coach = stack.coach();
  const document = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  assertStatus(await coach.post('/coach/damian/schedule', document), 200);
  assertProblem(await coach.post(`/booking/${made.id}/status`, { status: 'no_show' }), 409, 'not_active');
});

test('HEAD is GET without the body', async () => {
  const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(17) }), 201);
  for (const path of [
    `/booking/${made.id}`,
    `/booking/${made.id}/calendar.ics`,
    `/booking/availability?from=${stack.slot(0)}&to=${stack.slot(2)}`,
    '/booking/user/me',
    '/booking/user/me/export',
    '/healthz',
    '/openapi.json',
    '/booking/',
    '/booking/widget.js',
    '/nowhere',
  ]) {
    let get, head, after;
    do {
      // An export may grow meanwhile by what becomes of a booking that was just made.
      get = await ann.get(path);
      head = await ann.request('HEAD', path);
      after = await ann.get(path);
    } while (!get.bytes.equals(after.bytes));
    assert.deepEqual([head.status, head.text], [get.status, ''], path);
    for (const name of ['content-type', 'etag'])
      assert.equal(head.headers[name], get.headers[name], `${path} ${name}`);
    // Of a body that GET sends in chunks too.
    assert.equal(Number(head.headers['content-length']), get.bytes.length, path);
    assert.notEqual(head.headers.connection, 'close', path);
  }
});

test('a 304 says how long the body would be, and nothing comes behind it', async () => {
  for (const [client, path] of [
    [ann, '/booking/availability'],
    [stack.coach(), '/coach/damian/schedule'],
    [ann, '/booking/booking.js'],
  ])
    for (const coding of path.endsWith('schedule') ? [{}] : [{}, { 'accept-encoding': 'gzip' }]) {
      const whole = await client.get(path, coding);
      assert.equal(whole.status, 200);
      for (let turn = 0; turn < 3; turn++) {
        const none = await client.get(path, { ...coding, 'if-none-match': whole.headers.etag });
        assert.deepEqual([none.status, none.text], [304, ''], path);
        assert.equal(none.headers['content-length'], whole.headers['content-length'], path);
      }
    }
});

test('of many who get the same body, each gets the headers that are meant for it', async () => {
  const path = `/booking/availability?from=${stack.slot(0)}&to=${stack.slot(2)}`;
  const { etag } = (await ann.get(path)).headers;
  const kinds = [
    ['GET', {}],
    ['HEAD', {}],
    ['GET', { 'if-none-match': etag }],
    ['GET', { 'if-none-match': etag, origin: ORIGIN }],
    ['GET', { origin: ORIGIN }],
    ['GET', { origin: 'https://other.example' }],
    ['GET', {}, '/booking/widget.js'],
  ];
  const ask = async ([method, headers, other], id) => {
    const reply = await ann.request(method, other ?? path, undefined, { ...headers, 'x-request-id': id });
    const { date, 'x-request-id': own, ...rest } = reply.headers;
    assert.equal(own, id);
    const limit = rest.ratelimit;
    delete rest.ratelimit;
    return { status: reply.status, limited: limit !== undefined, rest };
  };
  const alone = [];
  for (const [i, kind] of kinds.entries()) alone.push(await ask(kind, `alone-${i}`));
  const turns = Array.from({ length: 300 }, (_, i) => (i * i + (i >> 2)) % kinds.length);
  await Promise.all(
    turns.map(async (kind, i) => assert.deepEqual(await ask(kinds[kind], `many-${i}`), alone[kind])),
  );
  for (const kind of turns) assert.deepEqual(await ask(kinds[kind], `next-${kind}`), alone[kind]);
});

test('what a client would take, in several lines, is read as one list, by its quality', async () => {
  const { etag } = (await ann.get('/booking/availability')).headers;
  for (const tags of [
    ['"x"', etag],
    [etag, '"x"'],
    ['"x", "y"', `"z", ${etag}`],
  ])
    assert.equal((await ann.get('/booking/availability', { 'if-none-match': tags })).status, 304, `${tags}`);
  const packed = async (codings) =>
    (await ann.get('/booking/booking.js', { 'accept-encoding': codings })).headers['content-encoding'];
  assert.equal(await packed(['br', 'gzip']), 'gzip');
  assert.equal(await packed(['gzip;q=0', '*']), undefined);
  const page = async (types) => (await ann.get('/nowhere', { accept: types })).headers['content-type'];
  assert.match(await page(['application/json', 'TEXT/HTML;q=0.5']), /^text\/html/);
  for (const types of ['application/json, text/html;q=0', 'text/html;charset=utf-8;q=0.0', 'text/htmlx'])
    assert.match(await page(types), /json/, types);
  for (const [languages, wanted] of [
    ['de', 'de'],
    ['de;q=0', null],
    ['en;q=0.5, fr, pl;q=0.9', 'fr'],
    [['*;q=1', 'pl;q=0.5'], 'pl'],
    [['en ; q=0.2', 'fr-CA;q=0.8'], 'fr-CA'],
    ['x, !, de;q=0.001', 'de'],
  ]) {
    const { id } = (
      await ann.post('/booking/create', { start: stack.slot(7) }, { 'accept-language': languages })
    ).body;
    const [{ locale }] = stack.database.rows(`SELECT locale FROM appointment WHERE id = '${id}'`);
    assert.equal(locale, wanted, `${languages}`);
    assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
  }
});

test('JSON ends with a newline: a terminal shows its prompt on a line of its own', async () => {
  const { id } = (await ann.post('/booking/create', { start: stack.slot(2) })).body;
  const replies = [
    await ann.get('/booking/availability'),
    await ann.get(`/booking/${id}`),
    await ann.put(`/booking/${id}/cancel`),
    await ann.get('/booking/user/me/export'),
    await ann.get('/booking/nothing/here'),
    await ann.post('/booking/create', { start: 'never' }),
    await ann.get('/healthz'),
    await ann.get('/openapi.json'),
  ];
  for (const reply of replies)
    assert.match(reply.text, /[^\n]\n$/, `${reply.status} ${reply.text.slice(-80)}`);
});

test('a problem says what it is in members that do not change', async () => {
  const { body, headers } = await ann.post('/booking/create', {
    start: stack.slot(17),
    duration_minutes: 45,
  });
  assert.match(headers['content-type'], /^application\/problem\+json/);
  assert.deepEqual(Object.keys(body).sort(), ['code', 'detail', 'status', 'title', 'type']);
  assert.deepEqual([body.code, body.status], ['bad_duration', 422]);
  assert.match(body.detail, /^[A-Z].*\.$/);
  assert.match(body.type, /bad_duration$/);
});

test('a refusal about an appointment names it', async () => {
  const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(19) }), 201);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
  const reply = await ann.put(`/booking/${made.id}/reschedule`, { start: stack.slot(20) });
  assertProblem(reply, 409, 'not_active');
  assert.equal(reply.body.appointment_id, made.id);
});

test('an id that is none is 404 like one that nobody has', async () => {
  for (const id of [
    'x',
    '123',
    'create2',
    `${NOBODYS}0`,
    NOBODYS.replace('-', ''),
    '%F0%9F%98%80',
    "1'--",
    NOBODYS,
  ])
    for (const [method, path, body] of [
      ['GET', `/booking/${id}`],
      ['GET', `/booking/${id}/calendar.ics`],
      ['PUT', `/booking/${id}/cancel`],
      ['PUT', `/booking/${id}/confirm`],
      ['PUT', `/booking/${id}/reschedule`, { start: free() }],
    ]) {
      const reply = await ann.request(method, path, body);
      assertProblem(reply, 404, 'not_found');
      assert.equal(reply.body.appointment_id, undefined);
    }
});

test('query parameters that a call does not know are let be, known ones may come once', async () => {
  assertStatus(await ann.get('/booking/availability?_=123&utm_source=mail&duration=30'), 200);
  assertStatus(await ann.get('/booking/user/me?_=1'), 200);
  assertProblem(
    await ann.get('/booking/availability?duration=30&duration=60'),
    400,
    'bad_parameter',
    'duration',
  );
  assertProblem(await ann.get('/booking/availability?tz=%FF'), 400, 'bad_parameter', 'tz');
});

test('nothing personal may be stored by a cache', async () => {
  const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(22) }), 201);
  for (const path of [
    `/booking/${made.id}`,
    '/booking/user/me',
    '/booking/user/me/export',
    `/booking/${NOBODYS}`,
  ])
    assert.match((await ann.get(path)).headers['cache-control'], /no-store/, path);
  const listing = await ann.get('/booking/availability');
  assert.match(listing.headers['cache-control'], /private/);
});

test('preflights: configured origins get the methods and headers, others nothing', async () => {
  const ask = (origin, path) =>
    stack.stranger().request('OPTIONS', path, undefined, {
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-session-id, content-type, if-match',
    });
  for (const path of [`/booking/${NOBODYS}/cancel`, '/coach/damian/schedule']) {
    const { status, headers } = await ask(ORIGIN, path);
    assert.equal(status, 204);
    assert.equal(headers['access-control-allow-origin'], ORIGIN);
    assert.match(headers['access-control-allow-methods'], /PUT/);
    for (const name of ['authorization', 'x-session-id', 'idempotency-key', 'if-match', 'content-type'])
      assert.match(headers['access-control-allow-headers'], new RegExp(name, 'i'));
  }
  for (const origin of ['https://evil.example', `${ORIGIN}.evil.example`, 'http://shop.example', 'null'])
    for (const name of ['origin', 'methods', 'headers', 'credentials'])
      assert.equal((await ask(origin, '/booking/create')).headers[`access-control-allow-${name}`], undefined);
});

test('replies, refusals too, can be read by pages of configured origins only', async () => {
  for (const path of ['/booking/user/me', '/booking/availability', `/booking/${NOBODYS}`, '/nowhere']) {
    const { headers } = await ann.get(path, { origin: ORIGIN });
    assert.equal(headers['access-control-allow-origin'], ORIGIN, path);
    assert.match(headers.vary, /origin/i);
    assert.match(headers['access-control-expose-headers'], /etag/i);
    const other = await ann.get(path, { origin: 'https://evil.example' });
    assert.equal(other.headers['access-control-allow-origin'], undefined);
  }
});

test('an origin may be configured with capitals and the port that browsers leave out', async () => {
  for (const origin of ['https://other.example', 'http://local.example']) {
    const { headers } = await ann.get('/booking/user/me', { origin });
    assert.equal(headers['access-control-allow-origin'], origin);
  }
});

test('OPTIONS of the whole server names its methods', async () => {
  const answer = await stack.stranger().raw('OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(answer, /^HTTP\/1.1 204 /);
  assert.match(answer, /^Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r$/m);
  assert.match(await stack.stranger().raw('GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), / 404 /);
});

test('credentials go with a configured origin, never with `*`', async () => {
  const { headers } = await ann.get('/booking/user/me', { origin: ORIGIN });
  assert.equal(headers['access-control-allow-credentials'], 'true');
  const daemon = await Daemon.start({ env: { ...stack.env, CORS_ALLOWED_ORIGINS: '*' } });
  for (const [method, path] of [
    ['GET', '/booking/user/me'],
    ['GET', '/booking/widget.js'],
    ['GET', '/nowhere'],
    ['OPTIONS', '/booking/create'],
  ]) {
    const asked = { origin: 'https://any.example', 'access-control-request-method': 'POST' };
    const reply = await daemon.client.request(method, path, undefined, asked);
    assert.equal(reply.headers['access-control-allow-origin'], '*', path);
    assert.equal(reply.headers['access-control-allow-credentials'], undefined, path);
  }
  await daemon.stop();
  for (const path of ['/booking/widget.js', '/coach/coach.css']) // for anybody's page
    assert.equal(
      (await ann.get(path, { origin: ORIGIN })).headers['access-control-allow-credentials'],
      undefined,
    );
});

test('the root and the pages without their slash lead to the pages, the query along', async () => {
  const stranger = stack.stranger();
  for (const [path, page] of [
    ['/', '/booking/'],
    ['/booking', '/booking/'],
    ['/coach', '/coach/'],
    ['/?lang=fr', '/booking/?lang=fr'],
    ['/booking?coach=a%2Fb&lang=fr', '/booking/?coach=a%2Fb&lang=fr'],
    ['/booking?a=%ff&a=//evil.example/', '/booking/?a=%ff&a=//evil.example/'],
    ['/coach?', '/coach/'],
    [`/booking?x=${'y'.repeat(4000)}`, `/booking/?x=${'y'.repeat(4000)}`],
    [`/booking?x=${'y'.repeat(10_000)}`, '/booking/'],
  ])
    for (const method of ['GET', 'HEAD']) {
      const reply = await stranger.request(method, path);
      assert.deepEqual([reply.status, reply.text], [302, ''], path);
      const from = new URL(path, stack.daemon.url);
      assert.equal(new URL(reply.headers.location, from).href, stack.daemon.url + page, path);
      // A proxy may have put all of it under a path of its own.
      const below = new URL(reply.headers.location, `https://shop.example/book${path}`);
      assert.ok(below.href.startsWith('https://shop.example/book/'), below.href);
    }
  // As long an address as is led on, with as many headers as there may be, is answered all the same.
  for (let length = 6000; length < 12_500; length += 100) {
    const head = `GET /booking?x=${'y'.repeat(4000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
    const answer = await stranger.raw(`${head}A: ${'a'.repeat(length)}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 (302|431) /, `${length}`);
  }
  const answer = await stranger.raw('GET /booking?a=\x01b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.ok(!/\r\nLocation:/i.test(answer), answer);
  const post = await stranger.post('/booking', {});
  assertProblem(post, 405, 'method_not_allowed');
  assert.equal(post.headers.allow, 'GET, HEAD, OPTIONS');
});

test('pages let nothing inline run, nothing foreign in and nobody frame them', async () => {
  for (const path of ['/booking/', '/coach/']) {
    const page = await ann.get(path);
    const policy = Object.fromEntries(
      page.headers['content-security-policy']
        .split('; ')
        .map((one) => [one.split(' ')[0], one.split(' ').slice(1)]),
    );
    assert.deepEqual(policy['default-src'], ["'none'"]);
    for (const kind of ['script-src', 'style-src', 'connect-src', 'form-action'])
      assert.deepEqual(policy[kind], ["'self'"], kind);
    for (const kind of ['frame-ancestors', 'base-uri']) assert.deepEqual(policy[kind], ["'none'"], kind);
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
    assert.match(page.headers['referrer-policy'], /./);
    assert.doesNotMatch(page.text, /<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)/i);
  }
});
