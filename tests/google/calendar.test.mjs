// What the stand-in promises of Calendar v3: the replies, and the refusals that catch people out.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { call, order, signIn } from './client.mjs';
import { startGoogle } from './server.mjs';

let google, coach, bare;
const EVENTS = 'calendars/primary/events';
const SHARED = 'calendars/coach%40gmail.com/events';
const at = (start, end, more) => ({ start: { dateTime: start }, end: { dateTime: end }, ...more });
const MORNING = at('2026-11-24T09:00:00-05:00', '2026-11-24T09:30:00-05:00');
const MEET = {
  conferenceData: { createRequest: { requestId: 'r1', conferenceSolutionKey: { type: 'hangoutsMeet' } } },
};
const mails = async () =>
  (await order(google, 'GET', 'journal?type=mail')).map(({ kind, to }) => `${kind} ${to}`);

before(async () => {
  google = await startGoogle();
  coach = (await signIn(google, { sub: 'coach@example.com' })).body.access_token;
  bare = (await signIn(google)).body.access_token;
});
beforeEach(() => order(google, 'POST', 'reset', {}));
after(() => google.close());

test('an event is inserted with its own id, a Meet link, guests and one invitation each', async () => {
  const body = { id: 'abc123', summary: 'S', attendees: [{ email: 'ann@client.test' }], ...MORNING, ...MEET };
  const made = await call(google, coach, 'POST', `${EVENTS}?conferenceDataVersion=1&sendUpdates=all`, body);
  assert.equal(made.status, 200);
  assert.equal(made.body.start.dateTime, '2026-11-24T09:00:00-05:00');
  assert.match(made.body.hangoutLink, /^https:\/\/meet\.google\.com\/[a-z]{3}-[a-z]{4}-[a-z]{3}$/);
  assert.equal(made.body.conferenceData.entryPoints[0].uri, made.body.hangoutLink);
  assert.equal(made.body.attendees[0].responseStatus, 'needsAction');
  assert.equal(made.body.etag, made.etag);
  assert.deepEqual(await mails(), ['invitation ann@client.test']);
  const again = await call(google, coach, 'POST', EVENTS, body);
  assert.deepEqual([again.status, again.reason], [409, 'duplicate']);
});

test('conference data is ignored without conferenceDataVersion=1', async () => {
  const made = await call(google, coach, 'POST', EVENTS, { ...MORNING, ...MEET });
  assert.equal(made.body.conferenceData, undefined);
});

test('a service account that impersonates nobody can write, but neither invite nor make Meet links', async () => {
  assert.equal((await call(google, bare, 'POST', SHARED, MORNING)).status, 200);
  const guests = await call(google, bare, 'POST', SHARED, {
    ...MORNING,
    attendees: [{ email: 'ann@client.test' }],
  });
  assert.deepEqual([guests.status, guests.reason], [403, 'forbiddenForServiceAccounts']);
  const meet = await call(google, bare, 'POST', `${SHARED}?conferenceDataVersion=1`, { ...MORNING, ...MEET });
  assert.deepEqual([meet.status, meet.body.error.message], [400, 'Invalid conference type value.']);
  assert.equal((await order(google, 'GET', 'calendars/coach@gmail.com/events')).length, 1);
});

test('a deleted event: 204, then 410, cancelled on get, its id never free again, one cancellation', async () => {
  await call(google, coach, 'POST', `${EVENTS}?sendUpdates=all`, {
    id: 'abc123',
    attendees: [{ email: 'ann@client.test' }],
    ...MORNING,
  });
  const path = `${EVENTS}/abc123`;
  assert.equal((await call(google, coach, 'DELETE', `${path}?sendUpdates=all`)).status, 204);
  const again = await call(google, coach, 'DELETE', path);
  assert.deepEqual([again.status, again.reason], [410, 'deleted']);
  assert.equal((await call(google, coach, 'GET', path)).body.status, 'cancelled');
  assert.equal((await call(google, coach, 'POST', EVENTS, { id: 'abc123', ...MORNING })).status, 409);
  assert.equal((await call(google, coach, 'DELETE', `${EVENTS}/neverwas`)).status, 404);
  assert.deepEqual(await mails(), ['invitation ann@client.test', 'cancellation ann@client.test']);
});

test('a patch merges objects, replaces guests whole, and minds If-Match', async () => {
  const guests = [{ email: 'ann@client.test' }, { email: 'bob@client.test' }];
  const made = (
    await call(google, coach, 'POST', EVENTS, { id: 'abc123', summary: 'S', attendees: guests, ...MORNING })
  ).body;
  const path = `${EVENTS}/abc123?sendUpdates=all`;
  const moved = await call(
    google,
    coach,
    'PATCH',
    path,
    at('2026-11-25T14:00:00Z', '2026-11-25T15:00:00Z', { attendees: guests.slice(1) }),
    { 'if-match': made.etag },
  );
  assert.equal(moved.status, 200);
  assert.deepEqual(
    [moved.body.summary, moved.body.start.dateTime, moved.body.sequence],
    ['S', '2026-11-25T09:00:00-05:00', 1],
  );
  assert.deepEqual((await mails()).sort(), ['cancellation ann@client.test', 'update bob@client.test']);
  const stale = await call(google, coach, 'PATCH', path, { summary: 'T' }, { 'if-match': made.etag });
  assert.deepEqual([stale.status, stale.reason], [412, 'conditionNotMet']);
  assert.equal(
    (await call(google, coach, 'GET', `${EVENTS}/abc123`, null, { 'if-none-match': moved.body.etag })).status,
    304,
  );
});

test('a second Meet beside a living one is refused, the same request ignored, a failed one may be asked anew', async () => {
  await order(google, 'POST', 'settings', { meet: { outcome: 'failure', after_ms: 0 } });
  const made = await call(google, coach, 'POST', `${EVENTS}?conferenceDataVersion=1`, {
    id: 'abc123',
    ...MORNING,
    ...MEET,
  });
  assert.equal(made.body.conferenceData.createRequest.status.statusCode, 'failure');
  await order(google, 'POST', 'settings', { meet: { outcome: 'success', after_ms: 0 } });
  const patch = (requestId) =>
    call(google, coach, 'PATCH', `${EVENTS}/abc123?conferenceDataVersion=1`, {
      conferenceData: { createRequest: { requestId, conferenceSolutionKey: { type: 'hangoutsMeet' } } },
    });
  assert.equal((await patch('r1')).body.hangoutLink, undefined);
  assert.ok((await patch('r2')).body.hangoutLink);
  assert.equal((await patch('r3')).status, 400);
  assert.equal((await patch('r2')).status, 200);
});

test('a conference can be pending first; then the etag changes', async () => {
  await order(google, 'POST', 'settings', { meet: { outcome: 'success', after_ms: 30 } });
  const made = await call(google, coach, 'POST', `${EVENTS}?conferenceDataVersion=1`, {
    id: 'abc123',
    ...MORNING,
    ...MEET,
  });
  assert.deepEqual(
    [made.body.conferenceData.createRequest.status.statusCode, made.body.hangoutLink],
    ['pending', undefined],
  );
  let later;
  do later = (await call(google, coach, 'GET', `${EVENTS}/abc123`)).body;
  while (!later.hangoutLink);
  assert.notEqual(later.etag, made.body.etag);
});

for (const [what, change, reason] of [
  ['an id with a dash', { id: 'abc-123' }, 'invalid'],
  ['id and iCalUID together', { id: 'abc123', iCalUID: 'x@y' }, 'invalid'],
  ['no end', { end: null }, 'required'],
  ['a time without offset or zone', { start: { dateTime: '2026-11-24T09:00:00' } }, 'required'],
  ['an end before the start', { end: { dateTime: '2026-11-24T08:00:00-05:00' } }, 'timeRangeEmpty'],
  ['a day and a time', { start: { date: '2026-11-24' } }, 'invalid'],
  ['a zone there is not', { start: { ...MORNING.start, timeZone: 'Mars/Base' } }, 'invalid'],
  ['a guest without an address', { attendees: [{ displayName: 'Ann' }] }, 'invalid'],
  [
    'default reminders and others',
    { reminders: { useDefault: true, overrides: [{ method: 'popup', minutes: 5 }] } },
    'cannotUseDefaultRemindersAndSpecifyOverride',
  ],
  ['a field there is not', { title: 'S' }, 'badRequest'],
  ['a number for a text', { summary: 5 }, 'invalid'],
]) {
  test(`insert refuses ${what}`, async () => {
    const reply = await call(google, coach, 'POST', EVENTS, { ...MORNING, ...change });
    assert.deepEqual([reply.status, reply.reason], [400, reason]);
  });
}

test('unknown parameters, a foreign calendar, no token and a mere reader are refused', async () => {
  const outcome = async (...args) => {
    const { status, reason } = await call(google, ...args);
    return `${status} ${reason}`;
  };
  assert.equal(await outcome(coach, 'POST', `${EVENTS}?sendUpdate=all`, MORNING), '400 badRequest');
  assert.equal(await outcome(coach, 'POST', `${EVENTS}?sendUpdates=some`, MORNING), '400 invalidParameter');
  assert.equal(await outcome(coach, 'GET', SHARED), '404 notFound');
  assert.equal(await outcome(null, 'GET', EVENTS), '401 required');
  assert.equal(await outcome('ya29.other', 'GET', EVENTS), '401 authError');
  await order(google, 'POST', 'calendars/coach@gmail.com/share', {
    user: 'coach@example.com',
    role: 'reader',
  });
  assert.equal(await outcome(coach, 'POST', SHARED, MORNING), '403 requiredAccessLevel');
});

test('freeBusy merges and clips, skips the free and the declined, and reports a hidden calendar inside a 200', async () => {
  for (const event of [
    { start: '2026-11-24T14:00:00Z', end: '2026-11-24T15:00:00Z' },
    { start: '2026-11-24T14:30:00Z', end: '2026-11-24T16:00:00Z' },
    { start: '2026-11-25T14:00:00Z', end: '2026-11-25T15:00:00Z', transparency: 'transparent' },
    {
      start: '2026-11-26T14:00:00Z',
      end: '2026-11-26T15:00:00Z',
      attendees: [{ email: 'coach@example.com', responseStatus: 'declined' }],
    },
    { start: '2026-11-27', end: '2026-11-28' },
  ])
    await order(google, 'POST', 'calendars/coach@example.com/events', event);
  const ask = (timeMin, timeMax) =>
    call(google, coach, 'POST', 'freeBusy', { timeMin, timeMax, items: [{ id: 'primary' }, { id: 'x@y' }] });
  const { status, body } = await ask('2026-11-24T14:15:00Z', '2026-11-29T00:00:00Z');
  assert.equal(status, 200);
  assert.deepEqual(body.calendars.primary.busy, [
    { start: '2026-11-24T14:15:00Z', end: '2026-11-24T16:00:00Z' },
    { start: '2026-11-27T05:00:00Z', end: '2026-11-28T05:00:00Z' }, // midnights of the calendar's zone
  ]);
  assert.deepEqual(body.calendars['x@y'], { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] });
  assert.equal((await ask('2026-11-24T00:00:00Z', '2027-03-01T00:00:00Z')).reason, 'timeRangeTooLong');
  assert.equal((await ask('2026-11-24T00:00:00Z', '2026-11-24T00:00:00Z')).reason, 'timeRangeEmpty');
});

test('freeBusy is not covered by calendar.events, nor events by calendar.freebusy', async () => {
  const scope = (name) => `https://www.googleapis.com/auth/${name}`;
  const events = (await signIn(google, { scope: scope('calendar.events') })).body.access_token;
  const busy = (await signIn(google, { scope: scope('calendar.freebusy') })).body.access_token;
  const range = { timeMin: '2026-11-24T00:00:00Z', timeMax: '2026-11-25T00:00:00Z' };
  const refused = await call(google, events, 'POST', 'freeBusy', range);
  assert.deepEqual(
    [refused.status, refused.body.error.details[0].reason],
    [403, 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'],
  );
  assert.equal((await call(google, busy, 'POST', 'freeBusy', range)).status, 200);
  assert.equal((await call(google, busy, 'GET', EVENTS)).status, 403);
});

test('sync tokens bring every change after them, the deleted by id only, and end with 410 on order', async () => {
  for (const id of ['aaaa1', 'aaaa2', 'aaaa3']) await call(google, coach, 'POST', EVENTS, { id, ...MORNING });
  const first = (await call(google, coach, 'GET', `${EVENTS}?maxResults=2`)).body;
  assert.equal(first.nextSyncToken, undefined);
  const last = (await call(google, coach, 'GET', `${EVENTS}?maxResults=2&pageToken=${first.nextPageToken}`))
    .body;
  assert.deepEqual(
    [...first.items, ...last.items].map(({ id }) => id),
    ['aaaa1', 'aaaa2', 'aaaa3'],
  );
  await order(google, 'DELETE', 'calendars/coach@example.com/events/aaaa1');
  await order(google, 'PATCH', 'calendars/coach@example.com/events/aaaa2', {
    start: '2026-11-26T10:00:00Z',
    end: '2026-11-26T11:00:00Z',
  });
  const sync = `${EVENTS}?syncToken=${last.nextSyncToken}`;
  const changes = (await call(google, coach, 'GET', sync)).body;
  assert.deepEqual(
    changes.items.map(({ id, status, start }) => [id, status, start?.dateTime]),
    [
      ['aaaa1', 'cancelled', undefined],
      ['aaaa2', 'confirmed', '2026-11-26T05:00:00-05:00'],
    ],
  );
  assert.deepEqual(
    (await call(google, coach, 'GET', `${EVENTS}?syncToken=${changes.nextSyncToken}`)).body.items,
    [],
  );
  assert.equal((await call(google, coach, 'GET', `${sync}&timeMin=2026-11-24T00:00:00Z`)).status, 400);
  await order(google, 'POST', 'calendars/coach@example.com/expire-sync-tokens');
  const dead = await call(google, coach, 'GET', sync);
  assert.deepEqual([dead.status, dead.reason], [410, 'fullSyncRequired']);
});

test('fields= cuts the reply down', async () => {
  await call(google, coach, 'POST', EVENTS, { id: 'abc123', ...MORNING });
  const { body } = await call(google, coach, 'GET', `${EVENTS}?fields=timeZone,items(id,start/dateTime)`);
  assert.deepEqual(body, {
    timeZone: 'America/New_York',
    items: [{ id: 'abc123', start: { dateTime: '2026-11-24T09:00:00-05:00' } }],
  });
});
