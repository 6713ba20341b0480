// What many tests check alike.
import assert from 'node:assert/strict';

/** `reply` is the contract's problem+json with this status and code, and names this field. */
export function assertProblem(reply, status, code, field) {
  assert.deepEqual(
    [reply.status, reply.body?.code, reply.body?.field],
    [status, code, field],
    `got: ${reply.text}`,
  );
  assert.match(reply.headers['content-type'], /^application\/problem\+json/);
  assert.equal(reply.body.status, status);
  for (const name of ['type', 'title', 'detail']) assert.equal(typeof reply.body[name], 'string', name);
  assert.ok(reply.headers['x-request-id']);
  if (status === 401) assert.match(reply.headers['www-authenticate'] ?? 'none', /^Bearer /);
  if (status === 429 || status === 503) assert.match(reply.headers['retry-after'], /^\d+$/);
}

/** `reply` has this status; its body, for more. */
export function assertStatus(reply, status) {
  assert.equal(reply.status, status, `got ${reply.status}: ${reply.text}`);
  return reply.body;
}

/** How often each status occurs: { 201: 1, 409: 63 }. */
export function countStatuses(replies) {
  const counts = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** `text` later by so many minutes, as the contract writes instants. */
export const later = (text, minutes) =>
  new Date(Date.parse(text) + minutes * 60_000).toISOString().replace('.000', '');
