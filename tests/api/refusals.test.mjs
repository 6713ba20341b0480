// Hostile and broken requests: the contract's code each, nothing written, and the daemon lives.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { startStack } from '../harness/stack.mjs';
import { mintHS256, mintSigned, mintUnsigned } from '../harness/tokens.mjs';
import { Client } from '../harness/http.mjs';

let stack, ann, start;
before(async () => {
  stack = await startStack();
  ann = stack.client('ann');
  start = stack.slot(1);
});
after(() => stack.stop());

const rows = () => stack.database.value('SELECT count(*) FROM appointment');
const good = () => ({ start, duration_minutes: 30 });

for (const [what, body, status, code, field] of [
  ['malformed JSON', '{"start":', 400, 'malformed_json'],
  ['no body', '', 400, 'malformed_json'],
  ['an array', '[]', 400, 'malformed_json'],
  ['two documents', '{}{}', 400, 'malformed_json'],
  ['a name twice', () => `{"start":"${start}","start":"${start}"}`, 400, 'malformed_json'],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'malformed_json'],
  ['100,000 brackets', '['.repeat(60_000), 400, 'malformed_json'],
  ['no start', {}, 422, 'invalid_field', 'start'],
  ['a number for start', { start: 1 }, 422, 'invalid_field', 'start'],
  ['the 30th of February', { start: '2027-02-30T10:00:00Z' }, 422, 'invalid_field', 'start'],
  ['a start without offset', { start: '2027-02-03T10:00:00' }, 422, 'invalid_field', 'start'],
  ['a start with a blank', { start: '2027-02-03 10:00:00Z' }, 422, 'invalid_field', 'start'],
  ['a fraction of a second', { start: '2027-02-03T10:00:00.5Z' }, 422, 'invalid_field', 'start'],
  ['hour 25', { start: '2027-02-03T25:00:00Z' }, 422, 'invalid_field', 'start'],
  [
    'a text for the duration',
    () => ({ ...good(), duration_minutes: '30' }),
    422,
    'invalid_field',
    'duration_minutes',
  ],
  ['half a minute', () => ({ ...good(), duration_minutes: 30.5 }), 422, 'invalid_field', 'duration_minutes'],
  [
    'a duration of 1e400',
    () => `{"start":"${start}","duration_minutes":1e400}`,
    undefined,
    undefined,
    undefined,
  ],
  [
    'a duration of 2^63',
    () => `{"start":"${start}","duration_minutes":9223372036854775808}`,
    undefined,
    undefined,
    undefined,
  ],
  ['a duration not offered', () => ({ ...good(), duration_minutes: 45 }), 422, 'bad_duration', undefined],
  ['a misspelt field', () => ({ start, duration: 60 }), 422, 'unknown_field', 'duration'],
  ['an unknown coach', () => ({ ...good(), coach: 'nobody' }), 404, 'unknown_coach', 'coach'],
  [
    'an unknown session type',
    () => ({ ...good(), session_type: 'yoga' }),
    404,
    'unknown_session_type',
    'session_type',
  ],
  ['an unknown zone', () => ({ ...good(), time_zone: 'Mars/Base' }), 422, 'invalid_field', 'time_zone'],
  ['an email without @', () => ({ ...good(), email: 'ann' }), 422, 'invalid_field', 'email'],
  ['notes of 2001 characters', () => ({ ...good(), notes: 'é'.repeat(2001) }), 422, 'invalid_field', 'notes'],
  ['a name of 201 characters', () => ({ ...good(), name: 'é'.repeat(201) }), 422, 'invalid_field', 'name'],
  ['a phone of 33 characters', () => ({ ...good(), phone: '1'.repeat(33) }), 422, 'invalid_field', 'phone'],
  ['NUL in notes', () => ({ ...good(), notes: 'a\u0000b' }), undefined, undefined, undefined],
  ['a body over 64 KiB', () => ({ ...good(), notes: 'x'.repeat(70_000) }), 413, 'body_too_large'],
  ['a body of 1 MiB', 'x'.repeat(1 << 20), 413, 'body_too_large'],
]) {
  test(`create refuses ${what}`, async () => {
    const reply = await ann.post('/booking/create', typeof body === 'function' ? body() : body);
    if (status === undefined)
      assert.ok([400, 422].includes(reply.status), `got ${reply.status}: ${reply.text}`);
    else assertProblem(reply, status, code, field);
    assert.equal(rows(), 0);
  });
}

test('create refuses what does not say that it is JSON', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined])
    assertProblem(
      await ann.post('/booking/create', JSON.stringify(good()), { 'content-type': type }),
      415,
      'unsupported_media_type',
    );
  assert.equal(rows(), 0);
});

test('nobody gets in without a good token', async () => {
  const hour = Math.floor(Date.now() / 1000) + 3600;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const [what, token] of Object.entries({
    none: undefined,
    garbage: 'abc',
    unsigned: mintUnsigned({ sub: 'ann' }),
    'another secret': mintHS256('x'.repeat(64), { sub: 'ann' }),
    expired: mintHS256(stack.secret, { sub: 'ann', exp: hour - 7200 }),
    'no exp': mintHS256(stack.secret, { sub: 'ann', exp: undefined }),
    'no sub': mintHS256(stack.secret, {}),
    'not yet': mintHS256(stack.secret, { sub: 'ann', nbf: hour }),
    RS256: mintSigned(privateKey, { sub: 'ann' }),
    'very long': mintHS256(stack.secret, { sub: 'ann', pad: 'x'.repeat(20_000) }),
  })) {
    const client = new Client(stack.daemon.url, { token });
    const reply = await client.post('/booking/create', good());
    client.close();
    if (what === 'very long') assert.ok([401, 431].includes(reply.status), `${what}: ${reply.status}`);
    else {
      assert.equal(reply.status, 401, `${what}: ${reply.text}`);
      assertProblem(reply, 401, 'unauthenticated');
      assert.match(reply.headers['www-authenticate'], /^Bearer/);
    }
  }
  const headers = { 'x-user-id': 'ann' };
  assertProblem(await stack.stranger().post('/booking/create', good(), headers), 401, 'unauthenticated');
  assert.equal(rows(), 0);
});

test("another client's appointment is 404 to all but coach and admin, their list 403", async () => {
  const owner = stack.client('owner');
  const made = assertStatus(await owner.post('/booking/create', { start: stack.slot(5) }), 201);
  const stranger = stack.client('stranger');
  const none = '/booking/00000000-0000-4000-8000-000000000000';
  for (const call of [
    (path) => stranger.get(path),
    (path) => stranger.put(`${path}/cancel`),
    (path) => stranger.put(`${path}/reschedule`, { start: stack.slot(6) }),
  ]) {
    const [theirs, nobodys] = [await call(`/booking/${made.id}`), await call(none)];
    assertProblem(theirs, 404, 'not_found');
    assert.deepEqual(theirs.body, nobodys.body);
  }
  assertProblem(await stranger.get('/booking/user/owner'), 403, 'forbidden');
  assertProblem(await stranger.get('/booking/user/never-was'), 403, 'forbidden');
  assertProblem(
    await stack.client('other', { role: 'coach', coach: 'else' }).get(`/booking/${made.id}`),
    404,
    'not_found',
  );
  assertStatus(await stack.coach().get(`/booking/${made.id}`), 200);
  assertStatus(await stack.admin().get(`/booking/${made.id}`), 200);
  assertProblem(await stranger.get('/booking/no-uuid'), 404, 'not_found');
});

test('a method there is not is 405 with Allow, a path there is not 404', async () => {
  const reply = await ann.request('DELETE', '/booking/create');
  assertProblem(reply, 405, 'method_not_allowed');
  assert.match(reply.headers.allow, /POST/);
  assertProblem(await ann.get('/nowhere'), 404, 'not_found');
});

test('a request id comes back if it is sane, and the log line bears it', async () => {
  assert.equal(
    (await ann.get('/booking/user/me', { 'x-request-id': 'trace-42' })).headers['x-request-id'],
    'trace-42',
  );
  await stack.daemon.logged('trace-42');
  const replaced = (await ann.get('/booking/user/me', { 'x-request-id': 'a b<script>' })).headers[
    'x-request-id'
  ];
  assert.match(replaced, /^[A-Za-z0-9_-]{8,}$/);
});

test('requests that are no HTTP are refused or cut, and the daemon lives', async () => {
  for (const bytes of [
    '\r\n\r\n\r\n',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    '\x00\x01\x02\x03\r\n\r\n',
    'POST /booking/create HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'POST /booking/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n',
    'GET /booking/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  ]) {
    const answer = await ann.raw(bytes, { ms: 1500 });
    assert.doesNotMatch(answer, /^HTTP\/1\.[01] (2\d\d|50[0-4])/, JSON.stringify(bytes.slice(0, 60)));
  }
  assertStatus(await stack.stranger().get('/healthz'), 200);
});

test('all that left no trace but the one good booking', async () => {
  assert.equal(rows(), 1);
  assertStatus(await ann.post('/booking/create', good()), 201);
});
