/* Calls to the server, and what to tell a person about those that failed. */

/* Why a call failed: the server's problem document, or `offline`, `unreachable`. */
export class Problem extends Error {
  constructor(fields) {
    super(fields.detail || fields.title || fields.code);
    Object.assign(this, fields);
  }
}

/* The server's clock, by what heard() is told of its replies: what is past and what may still be done goes by it. */
export class ServerClock {
  off = 0; // how far this device's clock is behind, in milliseconds

  now = () => Date.now() + this.off;

  /* The clocks agree where the server's time lies between the call and its reply, however long that took. */
  heard = (date, sent) => {
    const at = Date.parse(date);
    if (!at) return;
    const off = Math.min(at - sent, 0) || Math.max(at - Date.now(), 0);
    this.off = Math.abs(off) > 120000 ? off : 0;
  };
}

/*
 * One JSON call. `headers` gives the identity; `key` is the Idempotency-Key; `heard` gets the server's time, where it may be
 * read, and when it was asked; answers the body or throws a Problem.
 */
export async function call(
  server,
  headers,
  method,
  path,
  { body, key, keepalive, raw, etag, heard, credentials = 'omit' } = {},
) {
  const identity = typeof headers === 'function' ? await headers() : headers;
  const sent = Date.now();
  let reply, content;
  try {
    reply = await fetch(new URL(path, server), {
      method,
      keepalive,
      credentials,
      signal: AbortSignal.timeout?.(30000),
      headers: {
        ...identity,
        ...(body && { 'Content-Type': body instanceof Blob ? body.type : 'application/json' }),
        ...(key && { 'Idempotency-Key': key }),
        ...(etag && { 'If-Match': etag }),
      },
      body: body instanceof Blob ? body : body && JSON.stringify(body),
    });
    heard?.(reply.headers.get('Date'), sent);
    content =
      raw && reply.ok
        ? await reply.blob()
        : reply.status === 204
          ? null
          : await reply.json().catch(() => ({}));
  } catch {
    if (navigator.onLine !== false)
      await import('./origin.js?v=@VERSION@').then((it) => it.blameOrigin(server)).catch(() => {});
    throw new Problem({ code: navigator.onLine === false ? 'offline' : 'unreachable', status: 0 });
  }
  if (!reply.ok) {
    const wait = Number(reply.headers.get('Retry-After')) || undefined;
    throw new Problem({ code: 'failed', retry_after: wait, ...content, status: reply.status });
  }
  if (etag !== undefined) return { content, etag: reply.headers.get('ETag') };
  return content;
}

/* Whether the same call may fare better a moment later. */
export const mayHelp = (problem) => problem.status === 0 || problem.status >= 500 || problem.status === 429;

/* What to tell a person about a Problem. */
export function explain(problem, t) {
  if (problem.code === 'offline') return t('offline');
  if (problem.code === 'unreachable') return t('unreachable');
  if (problem.status === 401) return t('expired');
  /* A limit of a minute is over soon; longer ones have a sentence that says what was too much. */
  if (problem.code === 'rate_limited' && problem.retry_after <= 120)
    return t('busyNow', { n: problem.retry_after });
  return t.code(problem.code) ?? (problem.detail || t('failed'));
}

/* What a token says about its bearer, for filling in the form; nothing is trusted to it. */
export function claimsOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (c) =>
      c.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
