// A minimal client of the stand-in for its own tests: signs assertions, calls, remembers nothing.
import { sign } from 'node:crypto';
import { SCOPE } from './world.mjs';

export const MINIMAL = `${SCOPE}calendar.events ${SCOPE}calendar.freebusy`;

/** A JWT-bearer assertion as a service account signs it; `claims` and `header` override single members. */
export function assertion(google, claims = {}, header = {}) {
  const { serviceAccount } = google.world.kept;
  const iat = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part({
    iss: serviceAccount.email,
    scope: MINIMAL,
    aud: `${google.url}/token`,
    iat,
    exp: iat + 3600,
    ...claims,
  })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), serviceAccount.privateKey).toString('base64url')}`;
}

export async function form(google, path, fields) {
  const reply = await fetch(google.url + path, { method: 'POST', body: new URLSearchParams(fields) });
  return { status: reply.status, body: await reply.json() };
}

export const signIn = (google, claims, header) =>
  form(google, '/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: assertion(google, claims, header),
  });

/** Calls the API: { status, body, etag, reason }. */
export async function call(google, token, verb, path, body, headers = {}) {
  const reply = await fetch(`${google.url}/calendar/v3/${path}`, {
    method: verb,
    body: body && JSON.stringify(body),
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
  });
  const text = await reply.text();
  const json = text && /json/.test(reply.headers.get('content-type')) ? JSON.parse(text) : null;
  return {
    status: reply.status,
    body: json ?? text,
    etag: reply.headers.get('etag'),
    reason: json?.error?.errors?.[0]?.reason,
  };
}

export async function order(google, verb, path, body) {
  const reply = await fetch(`${google.url}/_control/${path}`, {
    method: verb,
    body: body && JSON.stringify(body),
  });
  const json = await reply.json();
  if (!reply.ok) throw new Error(json.error);
  return json;
}
