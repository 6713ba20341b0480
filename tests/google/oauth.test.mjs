// What the stand-in promises of Google's OAuth: who gets a token, who is refused and how, how a consent ends.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { MINIMAL, call, form, order, signIn } from './client.mjs';
import { startGoogle } from './server.mjs';

let google;
const REDIRECT = 'http://127.0.0.1:1234/oauth/google/callback';
const VERIFIER = 'v'.repeat(43);
const client = () => ({
  client_id: google.world.kept.oauthClient.clientId,
  client_secret: google.world.kept.oauthClient.clientSecret,
});

before(async () => {
  google = await startGoogle();
});
after(() => google.close());

async function consent(more = {}) {
  const query = new URLSearchParams({
    client_id: client().client_id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: MINIMAL,
    state: 's&1',
    access_type: 'offline',
    prompt: 'consent',
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    ...more,
  });
  const reply = await fetch(`${google.url}/o/oauth2/v2/auth?${query}`, { redirect: 'manual' });
  return reply.status === 302 ? new URL(reply.headers.get('location')).searchParams : reply.json();
}
const redeem = (code, more = {}) =>
  form(google, '/token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    ...client(),
    ...more,
  });
const refresh = (refresh_token) =>
  form(google, '/token', { grant_type: 'refresh_token', refresh_token, ...client() });

const now = Math.floor(Date.now() / 1000);
for (const [what, claims, header, status, error] of [
  ['a good assertion', {}, {}, 200, undefined],
  ['a delegated one', { sub: 'coach@example.com' }, {}, 200, undefined],
  ['another issuer', { iss: 'x@y.iam.gserviceaccount.com' }, {}, 400, 'invalid_grant'],
  ['another audience', { aud: 'https://example.com/token' }, {}, 400, 'invalid_grant'],
  ['over an hour', { exp: now + 4000 }, {}, 400, 'invalid_grant'],
  ['a slow clock', { iat: now - 7200, exp: now - 3600 }, {}, 400, 'invalid_grant'],
  ['scopes by comma', { scope: MINIMAL.replace(' ', ',') }, {}, 400, 'invalid_scope'],
  ['no RS256', {}, { alg: 'HS256' }, 400, 'invalid_grant'],
  ['a user there is not', { sub: 'nobody@example.com' }, {}, 400, 'invalid_grant'],
  ['a user outside the delegation', { sub: 'coach@gmail.com' }, {}, 401, 'unauthorized_client'],
  [
    'a scope too many',
    { sub: 'coach@example.com', scope: `${MINIMAL} https://www.googleapis.com/auth/calendar` },
    {},
    403,
    'access_denied',
  ],
]) {
  test(`service account: ${what}: ${error ?? 'a token'}`, async () => {
    const reply = await signIn(google, claims, header);
    assert.deepEqual([reply.status, reply.body.error], [status, error]);
  });
}

test('a forged signature is refused', async () => {
  const { serviceAccount } = google.world.kept;
  const other = {
    url: google.url,
    world: { kept: { serviceAccount: { ...serviceAccount, privateKey: await startOther() } } },
  };
  assert.equal((await signIn(other)).body.error_description, 'Invalid JWT Signature.');
});

async function startOther() {
  const second = await startGoogle();
  await second.close();
  return second.world.kept.serviceAccount.privateKey;
}

test('code flow: consent, redeem once, refresh, revoke', async () => {
  const back = await consent({ stand_in_user: 'coach@gmail.com' });
  assert.equal(back.get('state'), 's&1');
  const first = await redeem(back.get('code'));
  assert.deepEqual([first.status, first.body.scope], [200, MINIMAL]);
  assert.equal((await redeem(back.get('code'))).body.error, 'invalid_grant');
  assert.equal(
    (await call(google, first.body.access_token, 'GET', 'calendars/coach%40gmail.com/events')).status,
    200,
  );
  const second = await refresh(first.body.refresh_token);
  assert.deepEqual([second.status, second.body.refresh_token], [200, undefined]);
  assert.equal((await form(google, '/revoke', { token: first.body.refresh_token })).status, 200);
  assert.deepEqual((await refresh(first.body.refresh_token)).body, {
    error: 'invalid_grant',
    error_description: 'Token has been expired or revoked.',
  });
  assert.equal((await call(google, second.body.access_token, 'GET', 'calendars/primary/events')).status, 401);
});

test('a refresh token comes only with offline access and a fresh consent', async () => {
  const tokens = async (more) => (await redeem((await consent(more)).get('code'))).body;
  assert.ok((await tokens({ stand_in_user: 'coach@gmail.com' })).refresh_token);
  assert.equal((await tokens({ stand_in_user: 'coach@gmail.com', prompt: 'none' })).refresh_token, undefined);
  assert.equal(
    (await tokens({ stand_in_user: 'coach@gmail.com', access_type: 'online' })).refresh_token,
    undefined,
  );
});

test('the consent page refuses, denies, and grants less, as told', async () => {
  assert.equal((await consent({ redirect_uri: 'https://evil.example/' })).error, 'redirect_uri_mismatch');
  assert.equal((await consent({ code_challenge_method: 'plain' })).error, 'invalid_request');
  assert.equal((await consent({ stand_in_answer: 'access_denied' })).get('error'), 'access_denied');
  await order(google, 'POST', 'consents', {
    user: 'coach@gmail.com',
    scopes: ['https://www.googleapis.com/auth/calendar.events'],
  });
  const { body } = await redeem((await consent()).get('code'));
  assert.equal(body.scope, 'https://www.googleapis.com/auth/calendar.events');
});

test('a wrong verifier, secret or redirect address gets no token', async () => {
  for (const [more, error] of [
    [{ code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    [{ client_secret: 'x' }, 'invalid_client'],
    [{ redirect_uri: `${REDIRECT}2` }, 'redirect_uri_mismatch'],
  ])
    assert.equal((await redeem((await consent()).get('code'), more)).body.error, error);
});

test('refresh tokens and access tokens can be killed on order', async () => {
  const { body } = await redeem((await consent({ stand_in_user: 'coach@gmail.com' })).get('code'));
  await order(google, 'POST', 'expire-access-tokens');
  assert.equal(
    (await call(google, body.access_token, 'GET', 'calendars/primary/events')).reason,
    'authError',
  );
  await order(google, 'POST', 'kill-grants', { user: 'coach@gmail.com' });
  assert.equal((await refresh(body.refresh_token)).body.error, 'invalid_grant');
});
