// Google's OAuth 2.0: the token endpoint (service accounts and refresh tokens), the consent page, revocation.
// Each function takes the world and the request as the server parsed it, and returns a reply or throws a
// Refusal.
import { createHash, randomBytes, timingSafeEqual, verify } from 'node:crypto';
import { refusals, tokenRefusal, tokenRefusals } from './replies.mjs';
import { SCOPE } from './world.mjs';

const KNOWN_SCOPES = new Set([
  ...[
    'calendar',
    'calendar.readonly',
    'calendar.events',
    'calendar.events.owned',
    'calendar.events.readonly',
    'calendar.events.owned.readonly',
    'calendar.events.public.readonly',
    'calendar.events.freebusy',
    'calendar.freebusy',
    'calendar.app.created',
    'calendar.calendarlist',
    'calendar.calendarlist.readonly',
    'calendar.calendars',
    'calendar.calendars.readonly',
    'calendar.acls',
    'calendar.acls.readonly',
    'calendar.settings.readonly',
  ].map((name) => SCOPE + name),
  'openid',
  'email',
  'profile',
  `${SCOPE}userinfo.email`,
  `${SCOPE}userinfo.profile`,
]);
const SHORT_LIVED =
  'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. ' +
  'Check your iat and exp values in the JWT claim.';

/** POST /token. `form` is the decoded body; `urls` are the audiences an assertion may name. */
export function token(world, { form, urls }) {
  switch (form.get('grant_type')) {
    case 'urn:ietf:params:oauth:grant-type:jwt-bearer':
      return assertionGrant(world, form, urls);
    case 'authorization_code':
      return codeGrant(world, form);
    case 'refresh_token':
      return refreshGrant(world, form);
    default:
      throw tokenRefusal(
        400,
        'unsupported_grant_type',
        `Invalid grant_type: ${form.get('grant_type') ?? ''}`,
      );
  }
}

function parseScopes(text) {
  const scopes = (text ?? '').split(' ');
  if (!scopes.every((scope) => KNOWN_SCOPES.has(scope))) throw tokenRefusals.invalid_scope();
  return scopes;
}

/** Hands out an access token that speaks for `user`; `bare` is a service account that impersonates nobody. */
function mint(world, { user, scopes, bare = false, grant = null }) {
  const access_token = `ya29.stand-in.${randomBytes(24).toString('base64url')}`;
  const expires_in = world.settings.access_token_seconds;
  world.tokens.set(access_token, { user, scopes, bare, grant, ends: Date.now() + expires_in * 1000 });
  return { access_token, expires_in, token_type: 'Bearer' };
}

function assertionGrant(world, form, urls) {
  const account = world.kept.serviceAccount;
  const parts = (form.get('assertion') ?? '').split('.');
  const decode = (part) => {
    try {
      return JSON.parse(Buffer.from(part, 'base64url'));
    } catch {
      throw tokenRefusal(400, 'invalid_grant', 'Invalid JWT: Failed to parse.');
    }
  };
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part)))
    throw tokenRefusal(400, 'invalid_grant', 'Invalid JWT Signature.');
  const [header, claims] = parts.slice(0, 2).map(decode);
  if (
    header.alg !== 'RS256' ||
    (header.typ ?? 'JWT') !== 'JWT' ||
    (header.kid ?? account.keyId) !== account.keyId
  )
    throw tokenRefusal(400, 'invalid_grant', 'Invalid JWT Signature.');
  if (claims.iss !== account.email)
    throw tokenRefusal(400, 'invalid_grant', 'Invalid grant: account not found');
  if (
    !verify(
      'sha256',
      Buffer.from(`${parts[0]}.${parts[1]}`),
      account.publicKey,
      Buffer.from(parts[2], 'base64url'),
    )
  )
    throw tokenRefusal(400, 'invalid_grant', 'Invalid JWT Signature.');
  if (!urls.includes(claims.aud)) throw tokenRefusal(400, 'invalid_grant', 'Invalid JWT: Invalid audience.');
  const now = Date.now() / 1000;
  const { iat, exp } = claims;
  if (
    !Number.isInteger(iat) ||
    !Number.isInteger(exp) ||
    exp <= iat ||
    exp - iat > 3600 ||
    iat > now + 300 ||
    exp < now
  )
    throw tokenRefusal(400, 'invalid_grant', SHORT_LIVED);
  const scopes = parseScopes(claims.scope);
  if (claims.sub === undefined || claims.sub === account.email)
    return mint(world, { user: account.email, scopes, bare: true });

  if (!world.kept.accounts[claims.sub]) throw tokenRefusal(400, 'invalid_grant', 'Invalid email or User ID');
  const delegated = account.delegation[claims.sub.split('@')[1]] ?? [];
  if (!scopes.some((scope) => delegated.includes(scope))) throw tokenRefusals.unauthorized_client();
  if (!scopes.every((scope) => delegated.includes(scope))) throw tokenRefusals.access_denied();
  return mint(world, { user: claims.sub, scopes });
}

function checkClient(world, form) {
  const { clientId, clientSecret } = world.kept.oauthClient;
  if (form.get('client_id') !== clientId) throw tokenRefusals.invalid_client();
  const given = Buffer.from(form.get('client_secret') ?? '');
  if (given.length !== clientSecret.length || !timingSafeEqual(given, Buffer.from(clientSecret)))
    throw tokenRefusal(401, 'invalid_client', 'Unauthorized');
}

function codeGrant(world, form) {
  checkClient(world, form);
  const code = form.get('code') ?? '';
  const consent = world.codes.get(code);
  world.codes.delete(code); // a code works once, a failed attempt included
  if (!consent || consent.ends < Date.now()) throw tokenRefusal(400, 'invalid_grant', 'Malformed auth code.');
  if (form.get('redirect_uri') !== consent.redirectUri)
    throw tokenRefusal(400, 'redirect_uri_mismatch', 'Bad Request');
  if (consent.challenge) {
    const verifier = form.get('code_verifier');
    if (!verifier) throw tokenRefusal(400, 'invalid_grant', 'Missing code verifier.');
    if (createHash('sha256').update(verifier).digest('base64url') !== consent.challenge)
      throw tokenRefusal(400, 'invalid_grant', 'Invalid code verifier.');
  }
  const { user, scopes } = consent;
  const known = Object.values(world.kept.grants).some((grant) => grant.user === user && !grant.dead);
  const reply = { scope: scopes.join(' ') };
  let grant = null;
  if (consent.offline && (consent.asked || !known)) {
    grant = `1//stand-in-${randomBytes(32).toString('base64url')}`;
    world.kept.grants[grant] = { user, scopes, dead: false };
    world.save();
    reply.refresh_token = grant;
  }
  return { ...mint(world, { user, scopes, grant }), ...reply };
}

function refreshGrant(world, form) {
  checkClient(world, form);
  const id = form.get('refresh_token') ?? '';
  const grant = world.kept.grants[id];
  if (!grant || grant.dead) throw tokenRefusals.invalid_grant();
  return {
    ...mint(world, { user: grant.user, scopes: grant.scopes, grant: id }),
    scope: grant.scopes.join(' '),
  };
}

/**
 * GET /o/oauth2/v2/auth: the consent page, which answers at once. Who consents and what they say comes from
 * the address (`stand_in_user`, `stand_in_answer` = allow | any error, `stand_in_scopes`), else from the next
 * order given under /_control/consents, else the account that `login_hint` names, or the first coach, allows
 * everything. Returns the address to redirect to.
 */
export function consent(world, query) {
  const client = world.kept.oauthClient;
  const redirectUri = query.get('redirect_uri') ?? '';
  // What is wrong before the redirect address can be trusted is shown as a page, never redirected.
  if (query.get('client_id') !== client.clientId)
    throw tokenRefusal(401, 'invalid_client', 'The OAuth client was not found.');
  if (
    !client.redirectUris.includes(redirectUri) &&
    !/^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+\/[^#]*$/.test(redirectUri)
  )
    throw tokenRefusal(400, 'redirect_uri_mismatch', `redirect_uri=${redirectUri}`);
  if (query.get('response_type') !== 'code')
    throw tokenRefusal(400, 'invalid_request', 'Required parameter is missing: response_type');
  const scopes = parseScopes(query.get('scope'));
  const challenge = query.get('code_challenge');
  if (challenge && (query.get('code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(challenge)))
    throw tokenRefusal(400, 'invalid_request', 'Invalid code_challenge_method or code_challenge.');

  const order = world.consents.shift() ?? {};
  const user =
    query.get('stand_in_user') ??
    order.user ??
    query.get('login_hint') ??
    Object.keys(world.kept.accounts)[0];
  const answer = query.get('stand_in_answer') ?? order.answer ?? 'allow';
  if (!world.kept.accounts[user]) throw tokenRefusal(400, 'invalid_request', `no account ${user}`);
  const granted = (query.get('stand_in_scopes') ?? order.scopes)?.split?.(' ') ?? order.scopes ?? scopes;
  const back = new URL(redirectUri);
  if (query.has('state')) back.searchParams.set('state', query.get('state'));
  if (answer !== 'allow') {
    back.searchParams.set('error', answer);
    return { location: back.href, user, answer };
  }
  const code = `4/${randomBytes(30).toString('base64url')}`;
  world.codes.set(code, {
    user,
    scopes: granted,
    redirectUri,
    challenge,
    offline: query.get('access_type') === 'offline',
    asked: query.get('prompt')?.split(' ').includes('consent') ?? false,
    ends: Date.now() + 600_000,
  });
  back.searchParams.set('iss', 'https://accounts.google.com');
  back.searchParams.set('code', code);
  back.searchParams.set('scope', granted.join(' '));
  return { location: back.href, user, answer };
}

/** POST /revoke: ends the whole consent, whichever of its tokens is given. */
export function revoke(world, given) {
  const id = world.kept.grants[given] ? given : world.tokens.get(given)?.grant;
  if (!id || world.kept.grants[id].dead) {
    if (world.tokens.delete(given)) return {};
    throw tokenRefusal(400, 'invalid_token', 'Token expired or revoked');
  }
  killGrants(world, (_, grant) => grant === id);
  return {};
}

/** Ends the refresh tokens that `matches(grant, id)` picks, and their access tokens; returns how many. */
export function killGrants(world, matches) {
  let killed = 0;
  for (const [id, grant] of Object.entries(world.kept.grants)) {
    if (grant.dead || !matches(grant, id)) continue;
    grant.dead = true;
    killed++;
    for (const [access, speaker] of world.tokens) if (speaker.grant === id) world.tokens.delete(access);
  }
  world.save();
  return killed;
}

/** Who an API request speaks for, by its Authorization header. */
export function authenticate(world, header) {
  if (!header) throw refusals.noCredentials();
  const speaker = world.tokens.get(/^Bearer (\S+)$/.exec(header)?.[1]);
  if (!speaker || speaker.ends <= Date.now()) throw refusals.authError();
  return speaker;
}
