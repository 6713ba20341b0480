// Faults strike as ordered, pushes arrive, and a saved world comes back.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { call, order, signIn } from './client.mjs';
import { startGoogle } from './server.mjs';

let google, coach;
const EVENTS = 'calendars/primary/events';
const EVENT = { start: { dateTime: '2026-11-24T14:00:00Z' }, end: { dateTime: '2026-11-24T15:00:00Z' } };
const insert = (id) => call(google, coach, 'POST', EVENTS, { id, ...EVENT });
const ids = async () =>
  (await order(google, 'GET', 'calendars/coach@example.com/events')).map(({ id }) => id);

before(async () => {
  google = await startGoogle();
  coach = (await signIn(google, { sub: 'coach@example.com' })).body.access_token;
});
beforeEach(() => order(google, 'POST', 'reset', {}));
after(() => google.close());

for (const [fault, status, reason] of [
  ['invalid', 400, 'invalid'],
  ['authError', 401, 'authError'],
  ['rateLimitExceeded403', 403, 'rateLimitExceeded'],
  ['userRateLimitExceeded', 403, 'userRateLimitExceeded'],
  ['quotaExceeded', 403, 'quotaExceeded'],
  ['forbiddenForNonOrganizer', 403, 'forbiddenForNonOrganizer'],
  ['accessNotConfigured', 403, 'accessNotConfigured'],
  ['notFound', 404, 'notFound'],
  ['conflict', 409, 'conflict'],
  ['updatedMinTooLongAgo', 410, 'updatedMinTooLongAgo'],
  ['conditionNotMet', 412, 'conditionNotMet'],
  ['rateLimitExceeded', 429, 'rateLimitExceeded'],
  ['backendError', 500, 'backendError'],
  ['html502', 502, undefined],
  ['backendError503', 503, 'backendError'],
]) {
  test(`order ${fault}: ${status}, nothing done, and only as often as said`, async () => {
    await order(google, 'POST', 'faults', { fault, method: 'events.insert', count: 1 });
    const reply = await insert('abc123');
    assert.deepEqual([reply.status, reply.reason], [status, reason]);
    assert.deepEqual(await ids(), []);
    assert.equal((await insert('abc123')).status, 200);
  });
}

for (const [fault, applied] of [
  ['cut_before', false],
  ['cut_after', true],
  ['cut_half', true],
]) {
  test(`order ${fault}: the connection breaks ${applied ? 'after' : 'before'} the event is there`, async () => {
    await order(google, 'POST', 'faults', { fault, method: 'events.*' });
    await assert.rejects(insert('abc123'));
    assert.deepEqual(await ids(), applied ? ['abc123'] : []);
    const [entry] = await order(google, 'GET', 'journal?method=events.insert');
    assert.deepEqual([entry.fault, entry.applied, entry.outcome], [fault, applied, 'lost']);
  });
}

test('a hanging call waits until all is healed', async () => {
  await order(google, 'POST', 'faults', { fault: 'hang_after', method: 'events.insert' });
  const hanging = assert.rejects(insert('abc123'));
  while (!(await ids()).length);
  await order(google, 'POST', 'heal');
  await hanging;
});

test('a seeded mix strikes its share, the same calls each time', async () => {
  const run = async () => {
    await order(google, 'POST', 'reset', {});
    await order(google, 'POST', 'faults', {
      fault: 'mix',
      probability: 0.3,
      seed: 5,
      of: ['backendError', 'html502'],
    });
    const struck = [];
    for (let i = 0; i < 100; i++)
      if ((await call(google, coach, 'GET', EVENTS)).status !== 200) struck.push(i);
    return struck;
  };
  const first = await run();
  assert.ok(first.length > 15 && first.length < 45, `${first.length} of 100`);
  assert.deepEqual(await run(), first);
});

test('freeBusy lies as ordered', async () => {
  const ask = async () =>
    (
      await call(google, coach, 'POST', 'freeBusy', {
        timeMin: '2026-11-24T00:00:00Z',
        timeMax: '2026-11-25T00:00:00Z',
        items: [{ id: 'primary' }],
      })
    ).body.calendars;
  const fault = (name) =>
    order(google, 'POST', 'faults', { fault: name, count: 1, calendar: 'coach@example.com' });
  await fault('free_busy_error');
  assert.deepEqual(await ask(), {
    primary: { errors: [{ domain: 'global', reason: 'internalError' }], busy: [] },
  });
  await fault('free_busy_missing');
  assert.deepEqual(await ask(), {});
  await fault('free_busy_no_busy');
  assert.deepEqual(await ask(), { primary: {} });
  assert.deepEqual(await ask(), { primary: { busy: [] } });
});

test('a watched calendar pushes its changes until the channel is stopped', async (t) => {
  const seen = [];
  const hook = http
    .createServer((request, response) => {
      seen.push(request.headers);
      response.writeHead(seen.length === 2 ? 503 : 204).end(); // one is refused, and must come again
    })
    .listen(0, '127.0.0.1');
  t.after(() => hook.close());
  const watch = (address, id = 'channel-1') =>
    call(google, coach, 'POST', `${EVENTS}/watch`, { id, type: 'web_hook', address, token: 'secret' });
  const http_ = await watch('http://book.example/hooks');
  assert.match(http_.body.error.message, /WebHook callback must be HTTPS/);
  await order(google, 'POST', 'settings', {
    push_routes: { 'https://book.example': `http://127.0.0.1:${hook.address().port}` },
    push_retry_ms: 1,
  });
  const { body: channel } = await watch('https://book.example/hooks');
  assert.match(channel.expiration, /^\d{13}$/);
  assert.equal((await watch('https://book.example/hooks')).reason, 'channelIdNotUnique');
  await insert('abc123');
  while (seen.length < 3) await new Promise(setImmediate);
  assert.deepEqual(
    seen.map((h) => h['x-goog-resource-state']),
    ['sync', 'exists', 'exists'],
  );
  assert.deepEqual(
    [seen[2]['x-goog-channel-token'], seen[2]['x-goog-resource-id']],
    ['secret', channel.resourceId],
  );
  const stop = () =>
    call(google, coach, 'POST', 'channels/stop', { id: channel.id, resourceId: channel.resourceId });
  assert.equal((await stop()).status, 204);
  assert.equal((await stop()).status, 404);
  await insert('abc124');
  assert.equal((await order(google, 'GET', 'journal?type=push')).length, 3);
});

test('a saved world keeps its keys and events', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stand-in-'));
  const stateFile = path.join(folder, 'state.json');
  const first = await startGoogle({ stateFile });
  await order(first, 'POST', 'calendars/coach@gmail.com/events', {
    start: '2026-11-24T14:00:00Z',
    end: '2026-11-24T15:00:00Z',
  });
  await first.close();
  const second = await startGoogle({ stateFile });
  t.after(async () => {
    await second.close();
    fs.rmSync(folder, { recursive: true });
  });
  assert.equal((await order(second, 'GET', 'calendars/coach@gmail.com/events')).length, 1);
  assert.equal(second.world.kept.serviceAccount.keyId, first.world.kept.serviceAccount.keyId);
});
