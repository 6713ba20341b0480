// How callers prove who they are: tokens of every kind, sessions of a platform, and all that is neither.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.mjs';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { metric } from '../harness/metrics.mjs';
import { runBookingd, startStack, until } from '../harness/stack.mjs';
import { keyPair, mintHS256, mintSigned, mintUnsigned } from '../harness/tokens.mjs';

const ISSUER = 'https://id.example.test';
const AUDIENCE = 'bookingd';
const CLAIMS = { sub: 'ann', iss: ISSUER, aud: AUDIENCE };
const now = () => Math.floor(Date.now() / 1000);

const rsa = keyPair();
const other = keyPair();
const curve = keyPair('ec');

let stack;
let provider; // an identity provider's key set, { keys, asked, broken }

async function startProvider() {
  const state = { keys: [], asked: 0, broken: false };
  const server = http.createServer((request, reply) => {
    state.asked++;
    const keys = JSON.stringify({ keys: state.keys });
    if (state.broken) reply.writeHead(500).end('<html>no</html>');
    else reply.writeHead(200, { 'content-type': 'application/json' }).end(keys);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${server.address().port}/jwks.json`;
  state.stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    });
  return state;
}

before(async () => {
  provider = await startProvider();
  provider.keys = [curve.jwk('curve')];
  stack = await startStack({
    env: {
      AUTH_JWT_PUBLIC_KEY: rsa.pem,
      AUTH_JWKS_URL: provider.url,
      AUTH_JWT_ISSUER: ISSUER,
      AUTH_JWT_AUDIENCE: AUDIENCE,
      AUTH_SESSION_QUERY: `select user_id, email, full_name as name, role, coach
        from platform.session where id = $1 and ends_at > now()`,
      SESSION_CACHE_SECONDS: '2',
    },
  });
  stack.database.run(`
    create schema platform;
    create table platform.session (
      id uuid primary key default gen_random_uuid(), user_id bigint not null, email varchar(100),
      full_name text, role text, coach text, ends_at timestamptz default now() + interval '1 hour')`);
});
after(async () => {
  await stack.stop();
  await provider.stop();
});

const session = (columns, values) =>
  stack.database.run(`insert into platform.session (${columns}) values (${values}) returning id`).trim();
const ask = (headers, path = '/booking/user/me') => stack.stranger().get(path, headers);
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const refused = async (headers, what) => {
  const reply = await ask(headers);
  assertProblem(reply, 401, 'unauthenticated');
  assert.match(reply.headers['www-authenticate'], /^Bearer /, what);
  assert.match(reply.body.detail, /^[A-Z].*\.$/, 'a sentence for a person');
};

test('each kind of key takes tokens of its own algorithm', async () => {
  assertStatus(await ask(bearer(mintHS256(stack.secret, CLAIMS))), 200);
  assertStatus(await ask(bearer(mintSigned(rsa.privateKey, CLAIMS))), 200);
  assertStatus(await ask(bearer(mintSigned(rsa.privateKey, CLAIMS, { kid: 'named all the same' }))), 200);
  assertStatus(await ask(bearer(mintSigned(curve.privateKey, CLAIMS, { kid: 'curve' }))), 200);
  assertStatus(await ask(bearer(mintHS256(stack.secret, { ...CLAIMS, aud: ['other', AUDIENCE] }))), 200);
});

test('a key the provider rotated in is found at once', async () => {
  const fresh = keyPair();
  const asked = provider.asked;
  provider.keys = [fresh.jwk('fresh'), curve.jwk('curve')];
  assertStatus(await ask(bearer(mintSigned(fresh.privateKey, CLAIMS, { kid: 'fresh' }))), 200);
  assert.equal(provider.asked, asked + 1);
  // Made-up names do not make us ask again and again.
  for (let i = 0; i < 20; i++)
    await refused(bearer(mintSigned(other.privateKey, CLAIMS, { kid: `made up ${i}` })), `made up ${i}`);
  assert.equal(provider.asked, asked + 1);
});

test('a new key under the old name, or without a name, is found at once, and forged tokens ask no more often', async () => {
  for (const [what, header] of Object.entries({ 'the old name': { kid: 'only' }, 'no name': {} })) {
    const [former, fresh, own] = [keyPair('ec'), keyPair('ec'), await startProvider()];
    own.keys = [former.jwk(header.kid)];
    const daemon = await Daemon.start({
      env: { ...stack.env, AUTH_JWT_PUBLIC_KEY: null, AUTH_JWKS_URL: own.url, AUTH_SESSION_QUERY: null },
    });
    const asks = (pair, n) =>
      daemon.client.get('/booking/user/me', bearer(mintSigned(pair.privateKey, { ...CLAIMS, n }, header)));
    assertStatus(await asks(former), 200);
    const { asked } = own;
    own.keys = [fresh.jwk(header.kid)];
    assertStatus(await asks(fresh), 200, what);
    assert.equal(own.asked, asked + 1, what);
    own.broken = true;
    for (let n = 0; n < 20; n++) assertProblem(await asks(other, n), 401, 'unauthenticated');
    assert.equal(own.asked, asked + 1, what);
    await daemon.stop();
    await own.stop();
  }
});

test('a forged token is a refusal, not an outage, also while the provider is away', async () => {
  const own = await startProvider();
  own.keys = [curve.jwk('curve')];
  const daemon = await Daemon.start({
    env: { ...stack.env, AUTH_JWT_PUBLIC_KEY: null, AUTH_JWKS_URL: own.url, AUTH_SESSION_QUERY: null },
  });
  const good = mintSigned(curve.privateKey, CLAIMS, { kid: 'curve' });
  assertStatus(await daemon.client.get('/booking/user/me', bearer(good)), 200); // it has the keys
  own.broken = true;
  const forged = mintSigned(keyPair('ec').privateKey, CLAIMS, { kid: 'curve' });
  assertProblem(await daemon.client.get('/booking/user/me', bearer(forged)), 401, 'unauthenticated');
  assertStatus(await daemon.client.get('/booking/user/me', bearer(good)), 200);
  await daemon.stop();
  await own.stop();
});

/** Well signed, whatever it says. */
function mintBytes(claims, header = '{"alg":"HS256","typ":"JWT"}') {
  const signed = [header, claims].map((text) => Buffer.from(text).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', stack.secret).update(signed).digest('base64url')}`;
}

test('no token is accepted that somebody else could have made', async () => {
  for (const [what, token] of Object.entries({
    'alg none': mintUnsigned(CLAIMS),
    'alg none with an admin': mintUnsigned({ ...CLAIMS, role: 'admin' }),
    'HS256 signed with the public key': mintHS256(rsa.pem, CLAIMS),
    'HS256 signed with the public key without its last line break': mintHS256(rsa.pem.trimEnd(), CLAIMS),
    'HS256 called RS256': mintHS256(stack.secret, CLAIMS, { alg: 'RS256' }),
    'another secret': mintHS256('another secret', CLAIMS),
    'an empty secret': mintHS256('', CLAIMS),
    'another key': mintSigned(other.privateKey, CLAIMS),
    'another key under a known name': mintSigned(other.privateKey, CLAIMS, { kid: 'curve' }),
    'a key in the header': mintSigned(other.privateKey, CLAIMS, { jwk: other.jwk('x') }),
    'a key set in the header': mintSigned(other.privateKey, CLAIMS, { jku: 'http://127.0.0.1:1/jwks' }),
    'a critical extension': mintHS256(stack.secret, CLAIMS, { crit: ['b64'], b64: false }),
    expired: mintHS256(stack.secret, { ...CLAIMS, exp: now() - 60 }),
    'without exp': mintHS256(stack.secret, { ...CLAIMS, exp: undefined }),
    'exp as text': mintHS256(stack.secret, { ...CLAIMS, exp: '2999999999' }),
    'not yet': mintHS256(stack.secret, { ...CLAIMS, nbf: now() + 120 }),
    'another issuer': mintHS256(stack.secret, { ...CLAIMS, iss: 'https://evil.test' }),
    'no issuer': mintHS256(stack.secret, { ...CLAIMS, iss: undefined }),
    'another audience': mintHS256(stack.secret, { ...CLAIMS, aud: 'other' }),
    'no audience': mintHS256(stack.secret, { ...CLAIMS, aud: undefined }),
    'no sub': mintHS256(stack.secret, { ...CLAIMS, sub: undefined }),
    'an empty sub': mintHS256(stack.secret, { ...CLAIMS, sub: '' }),
    'sub as a number': mintHS256(stack.secret, { ...CLAIMS, sub: 1 }),
    'a line break in sub': mintHS256(stack.secret, { ...CLAIMS, sub: 'a\nb' }),
    nothing: '',
    rubbish: 'a.b.c',
    'nested brackets': mintBytes('['.repeat(5000)),
    'nested brackets for a header': mintBytes('{}', '['.repeat(5000)),
    'a NUL in sub': mintHS256(stack.secret, { ...CLAIMS, sub: 'ann\0' }),
    'exp that no number holds': mintBytes(JSON.stringify({ ...CLAIMS, exp: 0 }).replace(':0', ':1e400')),
    'exp of 2^63': mintBytes(JSON.stringify({ ...CLAIMS, exp: 0 }).replace(':0', ':9223372036854775808')),
    'sub twice': mintBytes(
      `{"sub":"ann","sub":"root","iss":"${ISSUER}","aud":"${AUDIENCE}","exp":2999999999}`,
    ),
    '10 KB': mintHS256(stack.secret, { ...CLAIMS, filler: 'x'.repeat(10_000) }),
  }))
    await refused(bearer(token), what);
});

test('a 100 KB token is refused and the daemon lives', async () => {
  const token = mintHS256(stack.secret, { ...CLAIMS, filler: 'x'.repeat(100_000) });
  const head = 'GET /booking/user/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';
  const answer = await stack.stranger().raw(`${head}Authorization: Bearer ${token}\r\n\r\n`);
  assert.match(answer, /^(HTTP\/1.1 (401|413|431)|$)/);
  assertStatus(await stack.stranger().get('/healthz'), 200);
});

test('a header that any browser can set is nobody', async () => {
  for (const name of ['x-user-id', 'x-user', 'x-forwarded-user', 'x-user-email', 'remote-user', 'cookie'])
    await refused({ [name]: 'ann' }, name);
  await refused({ authorization: 'Basic YW5uOmFubg==' }, 'Basic');
  await refused({ authorization: 'ann' }, 'no scheme');
});

test('a session of the platform is its user', async () => {
  const id = session('user_id, email, full_name, role', "7, 'seven@client.test', 'Seven', 'user'");
  const list = assertStatus(await ask({ 'x-session-id': id }, '/booking/user/7'), 200);
  assert.deepEqual(list.appointments, []);
  assertProblem(await ask({ 'x-session-id': id }, '/booking/user/8'), 403, 'forbidden');
  const made = await stack
    .stranger()
    .post('/booking/create', { start: stack.slot(0) }, { 'x-session-id': id });
  const { user_id, email, name } = assertStatus(made, 201);
  assert.deepEqual([user_id, email, name], ['7', 'seven@client.test', 'Seven']);
});

test("a session's role counts, and a coach needs an id", async () => {
  const admin = session('user_id, role', "1, 'admin'");
  assertStatus(await ask({ 'x-session-id': admin }, '/coach/damian/schedule'), 200);
  const coach = session('user_id, role, coach', "2, 'coach', 'damian'");
  assertStatus(await ask({ 'x-session-id': coach }, '/coach/damian/schedule'), 200);
  const nameless = session('user_id, role', "3, 'coach'");
  assertProblem(await ask({ 'x-session-id': nameless }, '/coach/damian/schedule'), 403, 'forbidden');
  const unknown = session('user_id, role', "4, 'root'");
  assertProblem(await ask({ 'x-session-id': unknown }, '/coach/damian/schedule'), 403, 'forbidden');
});

test('what is no session is refused, also when it is no value of its column', async () => {
  const nobodys = '00000000-0000-4000-8000-000000000000';
  for (const id of [nobodys, 'no-uuid', "'; drop table platform.session; --", '7', 'x'.repeat(5000)])
    await refused({ 'x-session-id': id }, id);
});

test('a session that ended dies within the cache time', async () => {
  const id = session('user_id', '9');
  assertStatus(await ask({ 'x-session-id': id }), 200);
  stack.database.run(`delete from platform.session where id = '${id}'`);
  await until(
    'SESSION_CACHE_SECONDS to pass',
    async () => (await ask({ 'x-session-id': id })).status !== 200,
  );
  await refused({ 'x-session-id': id }, 'after SESSION_CACHE_SECONDS');
});

test('the token decides when both are sent', async () => {
  const id = session('user_id', '10');
  const both = (token) => ({ ...bearer(token), 'x-session-id': id });
  assertStatus(await ask(both(mintHS256(stack.secret, CLAIMS)), '/booking/user/ann'), 200);
  assertProblem(await ask(both(mintHS256(stack.secret, CLAIMS)), '/booking/user/10'), 403, 'forbidden');
  await refused(both('a.b.c'), 'a bad token beside a good session');
});

test('with the provider away from the start nobody is called a liar', async () => {
  const away = await startProvider();
  away.broken = true;
  const daemon = await Daemon.start({
    env: { ...stack.env, AUTH_JWT_PUBLIC_KEY: null, AUTH_JWKS_URL: away.url, AUTH_SESSION_QUERY: null },
  });
  const signed = mintSigned(curve.privateKey, CLAIMS, { kid: 'curve' });
  const reply = await daemon.client.get('/booking/user/me', bearer(signed));
  assert.equal(reply.status, 503, reply.text);
  assert.match(reply.headers['retry-after'], /^\d+$/);
  // Other ways in are not touched by it.
  assertStatus(await daemon.client.get('/booking/user/me', bearer(mintHS256(stack.secret, CLAIMS))), 200);
  await daemon.stop();
  await away.stop();
});

test('bookingd token mints what the daemon takes', async () => {
  const options = '--user the-boss --role coach --coach damian --email b@client.test --ttl 60';
  const { code, stdout } = runBookingd(['token', ...options.split(' ')], { env: stack.env });
  assert.equal(code, 0);
  const me = assertStatus(await ask(bearer(stdout.trim()), '/coach/me'), 200);
  assert.deepEqual([me.user_id, me.role, me.coach], ['the-boss', 'coach', 'damian']);
});

test('no token, session id, email or name is in the log', async () => {
  const id = session('user_id, email, full_name', "11, 'eleven@client.test', 'Eleven Person'");
  const person = { sub: 'logged', email: 'ann@client.test', name: 'Ann Person' };
  const token = mintHS256(stack.secret, { ...CLAIMS, ...person });
  await ask({ 'x-session-id': id });
  await ask(bearer(token));
  await ask(bearer(`${token}x`));
  await ask({ 'x-session-id': `${id.slice(0, -1)}_` });
  const log = stack.daemon.log.join('\n');
  for (const secret of [id, token, token.split('.')[2], 'client.test', 'Person', stack.secret])
    assert.ok(!log.includes(secret), `the log has ${secret}`);
});

test('why callers were refused is counted, and logged now and then, without what they sent', async () => {
  const count = (reason) => metric(stack.stranger(), 'bookingd_identity_refused_total', { reason });
  const claims = { sub: 'ann', iss: ISSUER, aud: 'another-service' };
  const before = { wrong_audience: await count('wrong_audience'), malformed: await count('malformed') };
  const tokens = Array.from({ length: 20 }, (_, i) => mintSigned(rsa.privateKey, { ...claims, n: i }));
  for (const token of tokens) await refused(bearer(token));
  await refused(bearer('no.token.at.all'));
  assert.equal(await count('wrong_audience'), before.wrong_audience + 20);
  assert.ok((await count('malformed')) > before.malformed);

  const lines = await until('a line', () => {
    const found = stack.daemon.events('identity_refused').filter(({ reason }) => reason === 'wrong_audience');
    return found.length > 0 && found;
  });
  assert.ok(lines.length <= 3, `${lines.length} lines for 20 refusals`);
  assert.match(lines[0].request_id, /./);
  const log = stack.daemon.log.join('\n');
  for (const token of tokens)
    for (const part of token.split('.').slice(1))
      assert.ok(!log.includes(part), 'a part of a token in the log');
});

test('what is wrong with the claims of a token is told apart', async () => {
  const count = (reason) => metric(stack.stranger(), 'bookingd_identity_refused_total', { reason });
  for (const [reason, wrong] of [
    ['unusable_user', { sub: undefined }],
    ['unusable_user', { sub: 42 }],
    ['unusable_user', { sub: '' }],
    ['unusable_user', { sub: ' ' }],
    ['unusable_dates', { exp: undefined }],
    ['unusable_dates', { exp: 'soon' }],
    ['unusable_dates', { exp: Date.now() }],
    ['unusable_dates', { nbf: 'now' }],
    ['expired', { exp: 1 }],
    ['not_yet', { nbf: now() + 3600 }],
  ]) {
    const before = (await count(reason)) ?? 0;
    await refused(bearer(mintSigned(rsa.privateKey, { ...CLAIMS, ...wrong })), JSON.stringify(wrong));
    assert.equal(await count(reason), before + 1, `${reason}: ${JSON.stringify(wrong)}`);
  }
});
