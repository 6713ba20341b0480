// What the network layer promises, against the stand-in, before any use case is in the way.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { Google } from '../harness/google.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';

const BUILT = process.env.BOOKINGD ? path.dirname(process.env.BOOKINGD) : path.join(ROOT, 'build');
const PROGRAM = path.join(BUILT, 'tests/net/google_calls');
const PART = { text: 1, time: 2, guests: 4, conference: 8, revive: 16 };
const GUEST = 'ann@client.test';

let google, delegated, bare;
const open = [];

/** A google_calls of its own: `caller({do: 'get', ...})` resolves to the answer. */
function startCaller(who) {
  const child = new Child(PROGRAM, [], { name: 'google_calls' });
  child.process.stdin.write(JSON.stringify(who) + '\n');
  let asked = 0;
  const caller = async (command) => {
    child.process.stdin.write(JSON.stringify(command) + '\n');
    const index = asked++;
    await child.line(() => child.lines.length > index, `answer ${index} (${command.do})`, 30_000);
    return JSON.parse(child.lines[index]);
  };
  caller.end = async () => {
    child.process.stdin.end();
    assert.deepEqual(await child.exited, { code: 0, signal: null });
  };
  open.push(caller);
  return caller;
}

const serviceAccount = (subject) =>
  startCaller({
    api: google.calendar_api,
    key: fs.readFileSync(google.service_account_key, 'utf8'),
    subject,
  });
const newId = () => randomBytes(16).toString('hex');
const draft = (more = {}) => ({
  id: newId(),
  booking_id: 'b-1',
  summary: 'Coaching',
  description: 'd',
  time_zone: 'America/New_York',
  start: '2026-11-24T14:00:00Z',
  end: '2026-11-24T14:30:00Z',
  ...more,
});
const full = (more) => draft({ guests: [GUEST], conference_request: newId(), ...more });
const insert = (caller, what, calendar = 'primary') => caller({ do: 'insert', calendar, draft: what });
const busyBetween = (
  calendars,
  from = '2026-11-24T00:00:00Z',
  to = '2026-11-25T00:00:00Z',
  caller = delegated,
) => caller({ do: 'busy', calendars, from, to });
const mailsTo = async (event) => (await google.mails({ event })).map(({ kind }) => kind);

before(async () => {
  google = await Google.start();
  delegated = serviceAccount('coach@example.com');
  bare = serviceAccount();
});
afterEach(() => google.order('POST', 'reset', {}));
after(async () => {
  for (const caller of open) await caller.end();
  await google.stop();
});

test('an event is inserted with Meet link and guest, read, moved, deleted, and the guest hears of it once each', async () => {
  const what = full();
  const made = await insert(delegated, what);
  assert.equal(made.outcome, 'ok', made.message);
  assert.match(made.event.meet_url, /^https:\/\/meet\.google\.com\//);
  assert.deepEqual(
    [made.event.conference, made.event.booking_id, made.event.id],
    ['success', 'b-1', what.id],
  );
  assert.deepEqual(made.event.attendees, [{ email: GUEST, response: 'needsAction' }]);
  assert.match(made.event.html_link, /^https:/);

  const read = await delegated({ do: 'get', calendar: 'primary', event: what.id });
  assert.deepEqual(read.event, made.event);

  const moved = await delegated({
    do: 'patch',
    calendar: 'primary',
    event: what.id,
    parts: PART.time,
    if_match: made.event.etag,
    draft: draft({ start: '2026-11-25T14:00:00Z', end: '2026-11-25T15:00:00Z' }),
  });
  assert.equal(moved.outcome, 'ok', moved.message);
  assert.deepEqual([moved.event.start, moved.event.end], ['2026-11-25T14:00:00Z', '2026-11-25T15:00:00Z']);
  assert.equal(moved.event.meet_url, made.event.meet_url);

  const stale = await delegated({
    do: 'patch',
    calendar: 'primary',
    event: what.id,
    parts: PART.time,
    if_match: made.event.etag,
    draft: draft(),
  });
  assert.deepEqual([stale.outcome, stale.reason], ['precondition_failed', 'conditionNotMet']);

  assert.equal((await delegated({ do: 'delete', calendar: 'primary', event: what.id })).outcome, 'ok');
  assert.equal((await delegated({ do: 'delete', calendar: 'primary', event: what.id })).outcome, 'gone');
  assert.equal(
    (await delegated({ do: 'get', calendar: 'primary', event: what.id })).event.status,
    'cancelled',
  );
  assert.equal((await insert(delegated, what)).outcome, 'duplicate');
  assert.equal((await delegated({ do: 'delete', calendar: 'primary', event: newId() })).outcome, 'not_found');
  assert.deepEqual(await mailsTo(what.id), ['invitation', 'update', 'cancellation']);
});

test('erasing the guest and the text silently writes to nobody', async () => {
  const what = full();
  await insert(delegated, what);
  const erased = await delegated({
    do: 'patch',
    calendar: 'primary',
    event: what.id,
    parts: PART.text | PART.guests,
    draft: { ...what, summary: '', description: '', guests: [], silent: true },
  });
  assert.equal(erased.outcome, 'ok', erased.message);
  assert.deepEqual(erased.event.attendees, []);
  assert.deepEqual(await mailsTo(what.id), ['invitation']);
});

test('a service account that impersonates nobody is refused guests and Meet, told apart, and can write without', async () => {
  const calendar = 'coach@gmail.com';
  const guests = await insert(bare, draft({ guests: [GUEST] }), calendar);
  assert.deepEqual(
    [guests.outcome, guests.refused_guests, guests.may_be_applied],
    ['forbidden', true, false],
  );
  const meet = await insert(bare, draft({ conference_request: 'r' }), calendar);
  assert.deepEqual([meet.outcome, meet.refused_meet, meet.may_be_applied], ['invalid', true, false]);
  assert.match(meet.remedy, /GOOGLE_IMPERSONATE/);
  assert.equal((await insert(bare, draft(), calendar)).outcome, 'ok');
});

test('a conference that is pending becomes ready; one that fails is asked for again', async () => {
  await google.settings({ meet: { outcome: 'success', after_ms: 50 } });
  const what = full();
  assert.equal((await insert(delegated, what)).event.conference, 'pending');
  let event;
  do ({ event } = await delegated({ do: 'get', calendar: 'primary', event: what.id }));
  while (event.conference === 'pending');
  assert.equal(event.conference, 'success');
  assert.match(event.meet_url, /^https:/);

  await google.settings({ meet: { outcome: 'failure', after_ms: 0 } });
  const failing = full();
  assert.equal((await insert(delegated, failing)).event.conference, 'failure');
  await google.settings({ meet: { outcome: 'success', after_ms: 0 } });
  const again = await delegated({
    do: 'patch',
    calendar: 'primary',
    event: failing.id,
    parts: PART.conference,
    draft: full(),
  });
  assert.equal(again.event.conference, 'success');
});

test('busy times come in order, over many portions, whatever their offsets', async () => {
  await google.busy('coach@example.com', '2026-12-24T09:00:00-05:00', '2026-12-24T10:00:00-05:00');
  await google.busy('coach@example.com', '2027-05-01T09:00:00Z', '2027-05-01T10:00:00Z');
  const { outcome, busy } = await busyBetween(['primary'], '2026-11-24T00:00:00Z', '2027-06-01T00:00:00Z');
  assert.equal(outcome, 'ok');
  assert.deepEqual(busy, [
    {
      known: true,
      problem: null,
      items: [
        { start: '2026-12-24T14:00:00Z', end: '2026-12-24T15:00:00Z' },
        { start: '2027-05-01T09:00:00Z', end: '2027-05-01T10:00:00Z' },
      ],
    },
  ]);
});

for (const [fault, problem] of [
  ['free_busy_error', 'internalError'],
  ['free_busy_missing', 'missing'],
  ['free_busy_no_busy', 'no_busy'],
]) {
  test(`${fault}: that calendar is unknown, never free`, async () => {
    await google.fault(fault);
    const { outcome, busy } = await busyBetween(['primary']);
    assert.equal(outcome, 'ok');
    assert.deepEqual(busy, [{ known: false, problem, items: [] }]);
  });
}

test('a calendar that is not shared is unknown beside one that is known', async () => {
  const { busy } = await busyBetween(['primary', 'nobody@elsewhere.test']);
  assert.deepEqual(
    busy.map(({ known, problem }) => [known, problem]),
    [
      [true, null],
      [false, 'notFound'],
    ],
  );
});

for (const [fault, outcome, applied = false] of [
  ['rateLimitExceeded', 'rate_limited'],
  ['rateLimitExceeded403', 'rate_limited'],
  ['userRateLimitExceeded', 'rate_limited'],
  ['quotaExceeded', 'quota_exceeded'],
  ['requiredAccessLevel', 'forbidden'],
  ['forbiddenForNonOrganizer', 'forbidden'],
  ['insufficientPermissions', 'operator'],
  ['accessNotConfigured', 'operator'],
  ['notFound', 'not_found'],
  ['conflict', 'temporary'],
  ['timeRangeTooLong', 'invalid'],
  ['required', 'invalid'],
  ['authError', 'unauthorized'],
  ['backendError', 'temporary', true],
  ['internalError', 'temporary', true],
  ['backendError503', 'temporary', true],
  ['backendError504', 'temporary', true],
  ['html502', 'temporary', true],
  ['html503', 'temporary', true],
  ['cut_before', 'temporary', true],
  ['cut_after', 'temporary', true],
  ['cut_half', 'temporary', true],
  ['garbage', 'temporary', true],
  ['empty', 'temporary', true],
]) {
  test(`${fault} on an insert is ${outcome}${applied ? ' and may have been applied' : ''}`, async () => {
    await google.fault(fault, { method: 'events.insert' });
    const answer = await insert(delegated, full());
    assert.deepEqual([answer.outcome, answer.may_be_applied], [outcome, applied]);
  });
}

test('Retry-After comes through', async () => {
  await google.fault('rateLimitExceeded', { method: 'events.insert', retry_after: 12, count: 1 });
  assert.equal((await insert(delegated, full())).retry_after, 12);
});

test('a lost reply to a patch is reported, not answered by a second patch', async () => {
  const what = full();
  await insert(delegated, what);
  await google.fault('cut_after', { method: 'events.patch', count: 1 });
  const lost = await delegated({
    do: 'patch',
    calendar: 'primary',
    event: what.id,
    parts: PART.time,
    draft: draft({ start: '2026-11-25T14:00:00Z', end: '2026-11-25T15:00:00Z' }),
  });
  assert.deepEqual([lost.outcome, lost.may_be_applied], ['temporary', true]);
  assert.equal(
    (await delegated({ do: 'get', calendar: 'primary', event: what.id })).event.start,
    '2026-11-25T14:00:00Z',
  );
  assert.deepEqual(await mailsTo(what.id), ['invitation', 'update']);
});

test('a lost reply to an insert leaves one event and one invitation, however it is sent again', async () => {
  const what = full();
  await google.fault('cut_after', { method: 'events.insert', count: 1 });
  const first = await insert(delegated, what);
  assert.ok(['temporary', 'duplicate'].includes(first.outcome), first.outcome);
  assert.equal((await insert(delegated, what)).outcome, 'duplicate');
  assert.equal((await google.live('coach@example.com')).length, 1);
  assert.deepEqual(await mailsTo(what.id), ['invitation']);
});

test('silence ends as temporary at the deadline', async () => {
  await google.fault('hang_before', { method: 'events.insert', ms: 60_000 });
  const answer = await delegated({ do: 'insert', calendar: 'primary', draft: full(), ms: 300 });
  assert.deepEqual([answer.outcome, answer.reason, answer.may_be_applied], ['temporary', 'timeout', true]);
  await google.heal();
});

test('expired access tokens cost one renewal and one repetition', async () => {
  assert.equal((await insert(delegated, full())).outcome, 'ok');
  const tokens = (await google.calls('oauth.token')).length;
  await google.order('POST', 'expire-access-tokens', {});
  assert.equal((await insert(delegated, full())).outcome, 'ok');
  assert.equal((await insert(delegated, full())).outcome, 'ok');
  assert.equal((await google.calls('oauth.token')).length, tokens + 1);
});

test('changes come page by page with a sync token, the deleted ones too, and a dead token asks for a full list', async () => {
  await google.settings({ page_size: 2, empty_first_page: true });
  for (let hour = 10; hour < 15; hour++)
    await insert(delegated, full({ start: `2026-11-24T${hour}:00:00Z`, end: `2026-11-24T${hour}:30:00Z` }));
  const list = async (query) => {
    const events = [];
    for (let page_token; ; ) {
      const page = await delegated({ do: 'page', calendar: 'primary', ...query, page_token });
      assert.equal(page.outcome, 'ok', page.message);
      events.push(...page.events);
      if (!page.next_page) return { ...page, events };
      assert.equal(page.next_sync, null);
      page_token = page.next_page;
    }
  };
  const all = await list({ from: '2026-11-01T00:00:00Z' });
  assert.equal(all.events.length, 5);
  assert.deepEqual([all.title, all.access_role], ['coach@example.com', 'owner']);
  assert.ok(all.next_sync);
  const [first, second] = all.events;
  await google.move('coach@example.com', first.id, '2026-11-26T10:00:00Z', '2026-11-26T10:30:00Z');
  await google.remove('coach@example.com', second.id);
  const news = await list({ sync_token: all.next_sync });
  assert.deepEqual(
    new Map(news.events.map(({ id, status, start }) => [id, [status, start]])),
    new Map([
      [first.id, ['confirmed', '2026-11-26T10:00:00Z']],
      [second.id, ['cancelled', undefined]],
    ]),
  );
  await google.order('POST', 'calendars/coach@example.com/expire-sync-tokens', {});
  assert.equal(
    (await delegated({ do: 'page', calendar: 'primary', sync_token: news.next_sync })).outcome,
    'full_sync_required',
  );
  assert.equal(
    (await delegated({ do: 'page', calendar: 'primary', sync_token: 'nonsense' })).outcome,
    'full_sync_required',
  );
});

test("an all-day event spans the days of the calendar's zone", async () => {
  await google.busy('coach@example.com', '2026-11-01', '2026-11-02');
  const { events, time_zone: zone } = await delegated({
    do: 'page',
    calendar: 'primary',
    from: '2026-10-01T00:00:00Z',
  });
  const [event] = events;
  assert.equal(event.all_day, true);
  assert.equal(zone, 'America/New_York');
  assert.deepEqual([event.start, event.end], ['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z']);
});

test('a channel is opened and stopped; plain http is refused for good', async () => {
  const watch = (more) =>
    delegated({
      do: 'watch',
      calendar: 'primary',
      channel: newId(),
      token: 't',
      address: 'https://book.example/hooks/google-calendar',
      ...more,
    });
  const channel = newId();
  const opened = await watch({ channel });
  assert.equal(opened.outcome, 'ok', opened.message);
  assert.ok(Date.parse(opened.expires) > Date.now());
  assert.equal((await watch({ channel })).outcome, 'invalid');
  const plain = await watch({ address: 'http://book.example/' });
  assert.deepEqual([plain.outcome, plain.reason], ['invalid', 'push.webhookUrlNotHttps']);
  assert.equal((await delegated({ do: 'stop', channel, resource_id: opened.resource_id })).outcome, 'ok');
  assert.equal(
    (await delegated({ do: 'stop', channel, resource_id: opened.resource_id })).outcome,
    'not_found',
  );
});

for (const [fault, outcome] of [
  ['invalid_grant', 'operator'],
  ['unauthorized_client', 'operator'],
  ['access_denied', 'operator'],
  ['admin_policy_enforced', 'operator'],
  ['invalid_client', 'operator'],
  ['deleted_client', 'operator'],
  ['disabled_client', 'operator'],
  ['invalid_scope', 'operator'],
  ['org_internal', 'operator'],
  ['html503', 'temporary'],
  ['backendError', 'temporary'],
  ['cut_after', 'temporary'],
  ['garbage', 'temporary'],
]) {
  test(`a service account whose token request meets ${fault}: ${outcome}, nothing sent to the calendar`, async () => {
    const caller = serviceAccount('coach@example.com');
    await google.fault(fault, { method: 'oauth.token' });
    const answer = await insert(caller, full());
    assert.deepEqual([answer.outcome, answer.may_be_applied], [outcome, false]);
    assert.equal((await google.calls('events.insert')).length, 0);
  });
}

test("a coach outside the delegation is the operator's matter", async () => {
  const answer = await insert(serviceAccount('coach@gmail.com'), full());
  assert.deepEqual([answer.outcome, answer.reason], ['operator', 'unauthorized_client']);
  assert.match(answer.remedy, /domain-wide delegation/);
});

test('a coach consents, books, and after the grant is killed nothing is sent until they consent again', async () => {
  const { web } = JSON.parse(fs.readFileSync(google.oauth_client, 'utf8'));
  const redirect = 'http://127.0.0.1:1/oauth/google/callback';
  const caller = startCaller({
    api: google.calendar_api,
    client: {
      id: web.client_id,
      secret: web.client_secret,
      redirect_url: redirect,
      auth_url: google.auth_url,
      token_url: google.token_url,
      revoke_url: google.revoke_url,
    },
  });
  const consent = async (scopes) => {
    const { url, verifier } = await caller({ do: 'consent_url', state: 'st&te' });
    await google.order('POST', 'consents', { user: 'coach@gmail.com', ...(scopes && { scopes }) });
    const back = new URL((await fetch(url, { redirect: 'manual' })).headers.get('location'));
    assert.equal(back.searchParams.get('state'), 'st&te');
    return caller({ do: 'exchange', code: back.searchParams.get('code'), verifier });
  };
  assert.equal((await insert(caller, full())).outcome, 'dead_grant');

  const granted = await consent();
  assert.deepEqual([granted.outcome, granted.read_busy, granted.write_events], ['ok', true, true]);
  const made = await insert(caller, full());
  assert.equal(made.outcome, 'ok', made.message);
  assert.equal(made.event.conference, 'success');

  await google.order('POST', 'kill-grants', { user: 'coach@gmail.com' });
  await google.order('POST', 'expire-access-tokens', {});
  const dead = await insert(caller, full());
  assert.deepEqual([dead.outcome, dead.reason], ['dead_grant', 'invalid_grant']);
  assert.match(dead.remedy, /7 days/);
  const calls = (await google.calls('oauth.token')).length;
  assert.equal((await insert(caller, full())).outcome, 'dead_grant');
  assert.equal((await google.calls('oauth.token')).length, calls);

  const half = await consent(['https://www.googleapis.com/auth/calendar.events']);
  assert.deepEqual([half.outcome, half.read_busy, half.write_events], ['ok', false, true]);
  assert.equal((await busyBetween(['primary'], undefined, undefined, caller)).outcome, 'operator');

  assert.equal(
    (await caller({ do: 'exchange', code: 'nonsense', verifier: 'v'.repeat(43) })).outcome,
    'dead_grant',
  );
  assert.equal((await caller({ do: 'revoke', refresh_token: half.refresh_token })).outcome, 'ok');
  assert.equal((await caller({ do: 'revoke', refresh_token: half.refresh_token })).outcome, 'ok');
  await google.order('POST', 'expire-access-tokens', {});
  assert.equal((await insert(caller, full())).outcome, 'dead_grant');
});

test('a server whose certificate nobody signed gets neither token nor request', async () => {
  const folder = temporaryFolder('tls');
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  let requests = 0;
  const server = https.createServer(
    { key: fs.readFileSync(key), cert: fs.readFileSync(cert) },
    (request, response) => {
      requests++;
      response.end('{}');
    },
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const token_uri = `https://127.0.0.1:${server.address().port}/token`;
  const account = { ...JSON.parse(fs.readFileSync(google.service_account_key)), token_uri };
  const answer = await insert(
    startCaller({ api: google.calendar_api, key: JSON.stringify(account) }),
    draft(),
  );
  assert.deepEqual([answer.outcome, answer.reason], ['temporary', 'tls']);
  assert.equal(requests, 0);
  await new Promise((resolve) => server.close(resolve));
});
