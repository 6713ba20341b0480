// The coach's own consent: given, refused, forged, ended, and what rests in the database.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { openSchedule, runBookingd, startStack, until } from '../harness/stack.mjs';

const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
const GOOGLE = '/coach/damian/google';

/** The cookie of the browser that began the last consent. */
let cookie;

/** The callback address that a browser is sent to after the consent page. */
async function consent(stack, { user = 'coach@gmail.com', google = GOOGLE, ...answers } = {}) {
  const { status, body, headers } = await stack.admin().post(`${google}/connect`, {});
  assert.equal(status, 200, JSON.stringify(body));
  cookie = headers['set-cookie'][0].split(';')[0];
  const page = new URL(body.url);
  page.searchParams.set('stand_in_user', user);
  for (const [name, value] of Object.entries(answers)) page.searchParams.set(`stand_in_${name}`, value);
  const reply = await fetch(page, { redirect: 'manual' });
  // A front end that ends TLS hands the browser's call on to the daemon.
  return reply.headers.get('location').replace('https://book.example', stack.daemon.url);
}

async function visit(address, headers = { cookie }) {
  const reply = await fetch(address, { redirect: 'manual', headers });
  assert.equal(reply.status, 302);
  return reply.headers.get('location');
}

const connect = async (stack, answers) =>
  assert.equal(await visit(await consent(stack, answers)), '/coach/?google=connected');
const status = async (stack) => (await stack.coach().get(GOOGLE)).body;
const book = async (stack, name, hour) =>
  (
    await stack
      .client(name)
      .post('/booking/create', { start: stack.slot(hour), duration_minutes: 30, coach: 'damian' })
  ).body;

describe('a coach with a Gmail account', () => {
  let stack;
  let early;
  before(async () => {
    stack = await startStack({
      google: 'oauth',
      document,
      env: { CALENDAR_POLL_SECONDS: '1', CALENDAR_STALE_SECONDS: '600' },
    });
  });
  after(() => stack.stop());

  test('before the consent: needs_consent, calendars off, bookings go on', async () => {
    const { body } = await stack.coach().get(GOOGLE);
    assert.deepEqual([body.mode, body.state, body.account], ['oauth', 'needs_consent', null]);
    assert.deepEqual(body.can, {
      read_busy: null,
      write_events: null,
      invite_guests: null,
      create_meet: null,
    });
    assert.equal(
      (await stack.client('ann').get('/booking/availability?duration=30')).body.calendar.state,
      'off',
    );
    early = await book(stack, 'early', 1);
    assert.deepEqual([early.calendar.state, early.meeting.url], ['off', null]);
  });

  test('the address asks for exactly two scopes, offline, with PKCE and a state', async () => {
    const { body } = await stack.coach().post(`${GOOGLE}/connect`, {});
    const query = new URL(body.url).searchParams;
    assert.deepEqual(query.get('scope').split(' ').sort(), [
      'https://www.googleapis.com/auth/calendar.events',
      'https://www.googleapis.com/auth/calendar.freebusy',
    ]);
    assert.deepEqual(
      [query.get('access_type'), query.get('code_challenge_method'), query.get('redirect_uri')],
      ['offline', 'S256', `${stack.daemon.url}/oauth/google/callback`],
    );
    assert.ok(query.get('state').length > 40);
  });

  test('a consent ends in the browser that began it, and in no other', async () => {
    const { headers } = await stack.coach().post(`${GOOGLE}/connect`, {});
    assert.match(
      headers['set-cookie'][0],
      /^bookingd_consent=[\w-]{43}; Path=\/oauth\/google\/callback; Max-Age=600; HttpOnly; SameSite=Lax$/,
    );
    const other = headers['set-cookie'][0].split(';')[0];
    const back = await consent(stack, { answer: 'access_denied' });
    for (const lured of [
      {},
      { cookie: other },
      { cookie: 'bookingd_consent=' },
      { cookie: 'bookingd_consent' },
    ]) {
      assert.equal(await visit(back, lured), '/coach/?google=bad_state');
      assert.equal((await status(stack)).state, 'needs_consent');
    }
    assert.equal(stack.daemon.events('calendar_consent_refused').at(-1).reason, 'other_browser');
    // The rightful browser has lost nothing by that, not even one that came back from an older tab first.
    const older = await fetch(back, { redirect: 'manual', headers: { cookie: other } });
    assert.equal(older.headers.get('set-cookie'), null);
    const reply = await fetch(back, { redirect: 'manual', headers: { cookie: `a=b; ${cookie}; c=d` } });
    assert.equal(reply.headers.get('location'), '/coach/?google=access_denied');
    assert.match(reply.headers.get('set-cookie'), /^bookingd_consent=; .*Max-Age=0/);
  });

  test('only the coach and an admin may connect', async () => {
    assert.equal((await stack.client('ann').post(`${GOOGLE}/connect`, {})).status, 403);
    assert.equal(
      (await stack.client('rival', { role: 'coach', coach: 'other' }).post(`${GOOGLE}/connect`, {})).status,
      403,
    );
    assert.equal((await stack.stranger().post(`${GOOGLE}/connect`, {})).status, 401);
    assert.equal((await stack.admin().post(`${GOOGLE}/connect`, {})).status, 200);
  });

  test('forged, changed, replayed and denied: refused, logged, nothing changed', async () => {
    const callback = (query) =>
      visit(`${stack.daemon.url}/oauth/google/callback?${new URLSearchParams(query)}`);
    assert.equal(await callback({}), '/coach/?google=bad_state');
    assert.equal(await callback({ state: 'x', code: 'y' }), '/coach/?google=bad_state');
    const back = new URL(await consent(stack));
    const own = cookie;
    const [payload, mac] = back.searchParams.get('state').split('.');
    const other = Buffer.from(
      Buffer.from(payload, 'base64url').toString().replace('damian', 'mallory'),
    ).toString('base64url');
    for (const state of [
      `${other}.${mac}`,
      `${payload}.${mac[0] === 'A' ? 'B' : 'A'}${mac.slice(1)}`,
      payload,
      `${payload}.`,
      `.${mac}`,
    ])
      assert.equal(
        await callback({ state, code: back.searchParams.get('code') }),
        '/coach/?google=bad_state',
      );
    assert.equal((await status(stack)).state, 'needs_consent');
    assert.equal(
      await visit(await consent(stack, { answer: 'access_denied' })),
      '/coach/?google=access_denied',
    );
    assert.equal((await status(stack)).state, 'needs_consent');
    const state = back.searchParams.get('state');
    cookie = own;
    assert.equal(await callback({ state, code: 'not-the-code' }), '/coach/?google=exchange_failed');
    assert.equal(await visit(back.href), '/coach/?google=bad_state'); // its one use is over
    const strange = new URL(await consent(stack));
    assert.equal(
      await callback({ state: strange.searchParams.get('state'), error: '<script>\r\nX: y' }),
      '/coach/?google=exchange_failed',
    );
    const refused = stack.daemon.events('calendar_consent_refused');
    const forged = refused.filter((line) => line.reason === 'forged_or_expired');
    assert.equal(forged.length, 7);
    // What anybody can make up is no warning.
    for (const line of refused) assert.equal(line.level, forged.includes(line) ? 'debug' : 'warning');
    assert.ok(refused.some((line) => line.reason === 'used_before'));
    assert.equal(stack.database.value('select count(*) from bookingd.google_grant'), 0);
  });

  test('a state ends after ten minutes', async () => {
    const back = await consent(stack);
    stack.database.run(`update bookingd.google_consent set created_at = now() - interval '601 seconds'`);
    assert.equal(await visit(back), '/coach/?google=bad_state');
  });

  test("given: busy times, events, guests and Meet, and Google's word on whose calendar it is", async () => {
    await connect(stack);
    const made = await book(stack, 'ann', 10);
    assert.equal(made.calendar.state, 'synced', JSON.stringify(made));
    assert.match(made.meeting.url, /^https:\/\/meet/);
    const body = await until('the account', async () => {
      const now = await status(stack);
      return now.account && now;
    });
    assert.deepEqual([body.mode, body.state, body.account], ['oauth', 'ok', 'coach@gmail.com']);
    assert.deepEqual(body.can, {
      read_busy: true,
      write_events: true,
      invite_guests: true,
      create_meet: true,
    });
    assert.deepEqual(body.calendars, [{ id: 'primary', write: true }]);
  });

  test('what was booked before the consent gets its event, its guest and its Meet link', async () => {
    const settled = await stack.settled(stack.client('early'), early.id);
    assert.match(settled.meeting.url, /^https:\/\/meet/);
    const events = await stack.google.live('coach@gmail.com');
    assert.equal(events.length, 2);
    assert.ok(events.some(({ id }) => id === settled.calendar.event_id));
    const inserts = await stack.google.calls('events.insert');
    const { body } = inserts.find(({ body }) => body.id === settled.calendar.event_id);
    assert.equal(Date.parse(body.start.dateTime), Date.parse(early.start));
    assert.deepEqual(
      body.attendees.map(({ email }) => email),
      [early.email],
    );
    assert.equal(stack.daemon.events('calendar_adopted').at(0).appointments, 1);
  });

  test('a token that ends early is renewed once, also for many at once', async () => {
    await stack.google.order('POST', 'expire-access-tokens');
    const first = (await stack.google.calls('oauth.token')).length;
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => stack.client(`t${i}`).get('/booking/availability?duration=30')),
    );
    assert.ok(replies.every(({ status, body }) => status === 200 && body.calendar.state === 'live'));
    assert.equal((await stack.google.calls('oauth.token')).length - first, 1);
  });

  test('nothing in the database or in the log can be read by a thief', async () => {
    const dump = stack.database.dump();
    const log = stack.daemon.log.join('\n');
    for (const secret of [
      '1//stand-in',
      'ya29.',
      stack.env.TOKEN_ENCRYPTION_KEY,
      stack.env.GOOGLE_OAUTH_CLIENT_SECRET,
    ]) {
      assert.ok(!dump.includes(secret), `${secret.slice(0, 12)} is in the database`);
      assert.ok(!log.includes(secret), `${secret.slice(0, 12)} is in the log`);
    }
    for (const personal of ['@client.test', 'Name of', '@gmail.com'])
      assert.ok(!log.includes(personal), `${personal} is in the log`);
  });

  test('a row copied to another coach does not open', async () => {
    stack.database.run(
      `insert into bookingd.coach (id, schedule, feed_token) select 'mallory', schedule, 'f2' from bookingd.coach where id = 'damian'`,
    );
    stack.database.run(
      `insert into bookingd.google_grant (coach_id, sealed_token, scopes) select 'mallory', sealed_token, scopes from bookingd.google_grant`,
    );
    const { body } = await stack.admin().get('/coach/mallory/google');
    assert.equal(body.state, 'failing');
    assert.match(body.detail, /cannot be read/);
    const list = await stack.client('ann').get('/booking/availability?coach=mallory&duration=30');
    assert.deepEqual([list.status, list.body.code], [503, 'calendar_unavailable']);
    stack.database.run(
      `delete from bookingd.coach_calendar where coach_id = 'mallory'; delete from bookingd.google_grant where coach_id = 'mallory'; delete from bookingd.coach where id = 'mallory'`,
    );
  });

  test('a dead grant stops at once, asks for consent, and what waited goes on after it', async () => {
    assert.equal(
      (await stack.client('ann').get('/booking/availability?duration=30')).body.calendar.state,
      'live',
    );
    await stack.google.order('POST', 'kill-grants', {});
    const made = await book(stack, 'bob', 20);
    assert.equal(made.calendar.state, 'pending', JSON.stringify(made));
    const body = await status(stack);
    assert.deepEqual([body.mode, body.state], ['oauth', 'needs_consent']);
    assert.match(body.detail, /Connect the calendar again/);
    assert.equal(stack.daemon.events('calendar_needs_consent').length, 1);
    const tokens = (await stack.google.calls('oauth.token')).length;
    const second = await book(stack, 'carl', 21);
    assert.equal(second.calendar.state, 'pending');
    assert.equal((await stack.google.calls('oauth.token')).length, tokens, 'Google was asked again');
    await stack.daemon.stop();
    await stack.daemon.restart();
    assert.equal((await status(stack)).state, 'needs_consent');
    await connect(stack);
    await stack.settled(stack.client('bob'), made.id);
    await stack.settled(stack.client('carl'), second.id);
    assert.equal((await status(stack)).state, 'ok');
  });

  test('both boxes are needed: an unticked one is named', async () => {
    await connect(stack, { scopes: 'https://www.googleapis.com/auth/calendar.events' });
    const body = await status(stack);
    assert.deepEqual([body.state, body.can.read_busy], ['failing', false]);
    assert.match(body.detail, /busy times/);
    assert.equal((await stack.client('ann').get('/booking/availability?duration=30')).status, 503);
    await connect(stack);
    assert.equal(
      (await stack.client('ann').get('/booking/availability?duration=30')).body.calendar.state,
      'live',
    );
  });

  test('keys are rotated: the old one opens, rekey seals anew, then it can go', async () => {
    const old = stack.env.TOKEN_ENCRYPTION_KEY;
    const fresh = randomBytes(32).toString('base64');
    const sealed = () => stack.database.value('select sealed_token from bookingd.google_grant');
    const before = sealed();
    const wrong = await runBookingd(['serve'], {
      env: { ...stack.env, PORT: '0', TOKEN_ENCRYPTION_KEY: fresh },
    });
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /TOKEN_ENCRYPTION_KEY/);
    assert.equal(wrong.stderr.split('\n').filter((line) => line.includes('TOKEN_ENCRYPTION_KEY')).length, 1);
    assert.equal(sealed(), before);
    const rekeyed = await runBookingd(['rekey'], {
      env: { ...stack.env, TOKEN_ENCRYPTION_KEY: `${fresh},${old}` },
    });
    assert.equal(rekeyed.code, 0, rekeyed.stderr);
    assert.notEqual(sealed(), before);
    await stack.daemon.stop();
    stack.env.TOKEN_ENCRYPTION_KEY = fresh;
    await stack.daemon.restart({ env: { TOKEN_ENCRYPTION_KEY: fresh } });
    assert.equal(
      (await stack.client('ann').get('/booking/availability?duration=30')).body.calendar.state,
      'live',
    );
    const refused = await runBookingd(['rekey'], { env: { ...stack.env, TOKEN_ENCRYPTION_KEY: old } });
    assert.notEqual(refused.code, 0);
  });

  test('disconnected: revoked at Google, forgotten here, what was owed is said, and connecting takes it up', async () => {
    await stack.google.fault('backendError', { method: 'events.insert' });
    const owed = await book(stack, 'dora', 30);
    assert.equal(owed.calendar.state, 'pending');
    assert.equal((await stack.client('ann').delete(GOOGLE)).status, 403);
    assert.equal((await stack.coach().delete(GOOGLE)).status, 204);
    assert.equal((await stack.google.calls('oauth.revoke')).length, 1);
    const body = await status(stack);
    assert.deepEqual([body.mode, body.state, body.account], ['oauth', 'needs_consent', null]);
    assert.equal(stack.database.value('select count(*) from bookingd.google_grant'), 0);
    assert.equal(
      (await stack.client('ann').get('/booking/availability?duration=30')).body.calendar.state,
      'off',
    );
    assert.equal((await stack.client('dora').get(`/booking/${owed.id}`)).body.calendar.state, 'failed');
    assert.equal((await stack.coach().delete(GOOGLE)).status, 204);
    await stack.google.heal();
    await connect(stack);
    await stack.settled(stack.client('dora'), owed.id);
  });

  // Where the other coach writes into a calendar of their own, and where both write into one.
  for (const [calendar, ending, hour] of [
    ['coach@example.com', 'ends', 40],
    ['coach@gmail.com', 'ends', 50],
    ['coach@example.com', 'is taken back', 60],
  ])
    test(`moved into ${calendar} when the former coach's consent ${ending}: written at once, removed there later`, async () => {
      const eve = stack.client('eve');
      assert.ok([200, 201].includes((await stack.admin().put('/coach/ben/schedule', document)).status));
      const made = await book(stack, 'eve', hour);
      const [start, target] = [made.start, stack.slot(hour + 1)];
      if (ending === 'ends') {
        await stack.google.order('POST', 'kill-grants', { user: 'coach@gmail.com' });
        assert.equal((await eve.get('/booking/availability?duration=30&coach=damian')).status, 503);
      } else {
        await book(stack, 'carl', hour + 1); // they have no time then, but there is nothing else to say so
        assert.equal((await stack.coach().delete(GOOGLE)).status, 204);
      }
      await connect(stack, { user: calendar, google: '/coach/ben/google' });
      const moved = await eve.put(`/booking/${made.id}/reschedule`, { start: target, coach: 'any' });
      assert.deepEqual([moved.status, moved.body.coach], [200, 'ben'], JSON.stringify(moved.body));
      await stack.settled(eve, made.id);
      const starts = async (id) =>
        (await stack.google.live(id))
          .filter((event) => event.id === made.calendar.event_id)
          .map((event) => Date.parse(event.start));
      const shared = calendar === 'coach@gmail.com';
      assert.deepEqual(await starts(calendar), [Date.parse(target)]);
      if (!shared) assert.deepEqual(await starts('coach@gmail.com'), [Date.parse(start)]);
      await connect(stack);
      await until(
        'nothing to be left',
        () => stack.database.value('select count(*) from bookingd.left_event') === 0,
      );
      assert.deepEqual(await starts(calendar), [Date.parse(target)]);
      if (!shared) assert.deepEqual(await starts('coach@gmail.com'), []);
      assert.equal((await stack.admin().delete('/coach/ben/google')).status, 204);
    });
});

test('a calendar that another daemon has connected is written to before this one has heard of it', async () => {
  const stack = await startStack({ google: 'oauth', document });
  const run = (sql) => stack.database.run(sql);
  try {
    await connect(stack, { user: 'coach@gmail.com' });
    const ann = stack.client('ann');
    const made = await book(stack, 'ann', 10);
    await stack.settled(ann, made.id);
    run(`CREATE TABLE public.grants AS SELECT * FROM google_grant; CREATE TABLE public.calendars AS SELECT * FROM coach_calendar;
      DELETE FROM google_grant; DELETE FROM coach_calendar`);
    run(`SELECT pg_notify('bookingd_coach', 'damian')`);
    await until(
      'the daemon to hear that nothing is connected',
      async () => (await status(stack)).state === 'needs_consent',
    );
    const moved = await ann.put(`/booking/${made.id}/reschedule`, { start: stack.slot(11) });
    assert.deepEqual([moved.status, moved.body.calendar.state], [200, 'failed'], JSON.stringify(moved.body));
    run(`SET session_replication_role = replica; -- nobody is told
      INSERT INTO google_grant SELECT * FROM public.grants; INSERT INTO coach_calendar SELECT * FROM public.calendars;
      UPDATE appointment SET refused_version = 0, calendar_attempts = 0, calendar_due_at = now() WHERE id = '${made.id}'`);
    await stack.settled(ann, made.id);
  } finally {
    await stack.stop();
  }
});

for (const between of ['over the first', 'after disconnecting the first'])
  test(`another account, connected ${between}: bookings stand and come into its calendar, and their clients hear of it once`, async () => {
    const stack = await startStack({
      google: 'oauth',
      document,
      mail: true,
      env: { CALENDAR_STALE_SECONDS: '600' },
    });
    const eventOf = ({ id }) => id.replaceAll('-', '');
    const [first, second] = ['coach@gmail.com', 'new@gmail.com'];
    const mails = async (made, name) => ({
      google: (await stack.google.mails({ event: eventOf(made), to: `${name}@client.test` })).map(
        ({ kind }) => kind,
      ),
      ours: stack.mail.to(`${name}@client.test`).map(({ subject }) => subject.split(':')[0]),
    });
    try {
      await stack.google.order('POST', 'accounts', { email: second });
      await connect(stack, { user: first });
      const [stays, moves, ends] = [
        await book(stack, 'stays', 10),
        await book(stack, 'moves', 11),
        await book(stack, 'ends', 12),
      ];
      assert.equal(stays.calendar.state, 'synced');
      await until('a look that finds them', () =>
        stack.database.value('select sync_token is not null from bookingd.coach_calendar'),
      );
      assert.equal((await stack.client('ann').get('/booking/availability?duration=30')).status, 200);
      if (between !== 'over the first') assert.equal((await stack.coach().delete(GOOGLE)).status, 204);
      else await stack.google.order('POST', 'kill-grants', { user: first });
      const start = stack.slot(20);
      const moved = await stack.client('moves').put(`/booking/${moves.id}/reschedule`, { start });
      assert.equal(moved.status, 200);
      assert.equal((await stack.client('ends').put(`/booking/${ends.id}/cancel`)).status, 200);
      await connect(stack, { user: second });
      const starts = async () =>
        (await stack.google.live(second)).map((event) => [event.id, Date.parse(event.start)]).sort();
      const wanted = [
        [eventOf(stays), Date.parse(stays.start)],
        [eventOf(moves), Date.parse(start)],
      ].sort();
      await until('both to be there', async () => (await starts()).length === 2, 30_000);
      assert.deepEqual(await starts(), wanted);
      for (const [name, made] of [
        ['stays', stays],
        ['moves', moves],
      ]) {
        const now = await stack.settled(stack.client(name), made.id);
        assert.deepEqual([now.status, now.cancelled_by], ['scheduled', undefined]);
        assert.match(now.meeting.url, /^https:\/\/meet/);
        assert.notEqual(now.meeting.url, made.meeting.url, 'the conference is the other account’s');
      }
      await stack.settled(stack.client('ends'), ends.id);
      assert.equal((await stack.google.live(first)).length, 3, 'the former calendar is out of reach');
      await until('the mail', () => stack.mail.to('ends@client.test').length);
      assert.deepEqual(await mails(stays, 'stays'), { google: ['invitation', 'invitation'], ours: [] });
      assert.deepEqual(await mails(ends, 'ends'), { google: ['invitation'], ours: ['Cancelled'] });
      // Of the other account's link only who was told of the first one by us.
      const { google, ours } = await mails(moves, 'moves');
      const link = ours.indexOf('New meeting place');
      assert.ok(link === -1 || ours[link - 1] === 'New time', JSON.stringify(ours));
      assert.equal(google.length + ours.length - (link === -1 ? 0 : 1), 2, JSON.stringify({ google, ours }));
      // Whoever told them last tells them of the end.
      assert.equal((await stack.client('stays').put(`/booking/${stays.id}/cancel`)).status, 200);
      await stack.settled(stack.client('stays'), stays.id);
      assert.deepEqual(await mails(stays, 'stays'), {
        google: ['invitation', 'invitation', 'cancellation'],
        ours: [],
      });
    } finally {
      await stack.stop();
    }
  });

test('an account that is connected again: what it still has, or has deleted meanwhile, is not the coach’s word', async () => {
  const stack = await startStack({
    google: 'oauth',
    document,
    env: { CALENDAR_POLL_SECONDS: '1', CALENDAR_STALE_SECONDS: '600' },
  });
  const eventOf = ({ id }) => id.replaceAll('-', '');
  const [first, second] = ['coach@gmail.com', 'new@gmail.com'];
  const starts = async (user) =>
    Object.fromEntries((await stack.google.live(user)).map((event) => [event.id, Date.parse(event.start)]));
  try {
    await stack.google.order('POST', 'accounts', { email: second });
    await connect(stack, { user: first });
    const made = [];
    for (const [name, hour] of [
      ['moves', 10],
      ['ends', 12],
      ['stays', 14],
    ])
      made.push(await book(stack, name, hour));
    const [moves, ends, stays] = made;
    assert.equal((await stack.client('ann').get('/booking/availability?duration=30')).status, 200);
    await connect(stack, { user: second });
    await until('all to be there', async () => Object.keys(await starts(second)).length === 3, 30_000);
    for (const one of ['moves', 'ends', 'stays'].entries())
      await stack.settled(stack.client(one[1]), made[one[0]].id);
    const start = stack.slot(20);
    const moved = await stack.client('moves').put(`/booking/${moves.id}/reschedule`, { start });
    assert.equal(moved.status, 200);
    await stack.settled(stack.client('moves'), moves.id);
    await stack.google.remove(first, eventOf(ends)); // cleared away, for there are others now
    await connect(stack, { user: first });
    const wanted = {
      [eventOf(moves)]: Date.parse(start),
      [eventOf(ends)]: Date.parse(ends.start),
      [eventOf(stays)]: Date.parse(stays.start),
    };
    await until(
      'the first to have them',
      async () =>
        JSON.stringify(Object.entries(await starts(first)).sort()) ===
        JSON.stringify(Object.entries(wanted).sort()),
      30_000,
    );
    for (const [name, one, at] of [
      ['moves', moves, start],
      ['ends', ends, ends.start],
      ['stays', stays, stays.start],
    ]) {
      const now = await stack.settled(stack.client(name), one.id);
      assert.deepEqual([now.status, Date.parse(now.start)], ['scheduled', Date.parse(at)]);
    }
    // From now on the coach's hand counts there.
    await stack.google.remove(first, eventOf(stays));
    await until(
      'it to be followed',
      async () => (await stack.client('stays').get(`/booking/${stays.id}`)).body.status === 'cancelled',
      30_000,
    );
  } finally {
    await stack.stop();
  }
});

test('disconnecting stops the pushes', async () => {
  const stack = await startStack({ google: 'oauth', document, env: { PUBLIC_URL: 'https://book.example' } });
  try {
    await stack.google.order('POST', 'redirect-uris', {
      uris: ['https://book.example/oauth/google/callback'],
    });
    await connect(stack);
    const channels = async () => (await stack.google.order('GET', 'state')).channels;
    await until('a channel', async () => (await channels()).some(({ stopped }) => !stopped));
    assert.equal((await stack.coach().delete(GOOGLE)).status, 204);
    assert.ok((await channels()).every(({ stopped }) => stopped));
  } finally {
    await stack.stop();
  }
});

test('below a path of its host the browser is led back below it', async () => {
  const stack = await startStack({
    google: 'oauth',
    env: { PUBLIC_URL: 'https://book.example/sessions/' },
  });
  try {
    assert.equal(
      await visit(`${stack.daemon.url}/oauth/google/callback?state=x`, {}),
      '/sessions/coach/?google=bad_state',
    );
  } finally {
    await stack.stop();
  }
});

test('without an OAuth client there is nothing to connect', async () => {
  const stack = await startStack({ google: 'off' });
  try {
    assert.equal((await stack.coach().post(`${GOOGLE}/connect`, {})).status, 404);
    assert.deepEqual((await status(stack)).mode, 'off');
    assert.equal((await stack.coach().delete(GOOGLE)).status, 204);
    assert.deepEqual((await stack.coach().post(`${GOOGLE}/retry`, {})).body, { retried: 0 });
  } finally {
    await stack.stop();
  }
});

test('a service account that is given later writes what was booked before, and nothing that is over', async () => {
  const stack = await startStack({
    google: 'delegated',
    document,
    env: { GOOGLE_SERVICE_ACCOUNT_KEY: null, GOOGLE_IMPERSONATE: null },
  });
  try {
    const ahead = await book(stack, 'ann', 30);
    const [over, cancelled] = [await book(stack, 'bob', 31), await book(stack, 'carl', 32)];
    assert.equal(ahead.calendar.state, 'off');
    assert.equal((await stack.client('carl').put(`/booking/${cancelled.id}/cancel`, {})).status, 200);
    stack.database.run(`update bookingd.appointment set starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour',
      blocked_from = now() - interval '2 hours', blocked_to = now() - interval '1 hour' where id = '${over.id}'`);
    await stack.daemon.stop();
    // The database cannot take it at first: it is tried again.
    stack.database.run(`create function bookingd.fail() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$;
      create trigger fail after update of calendar_id on bookingd.appointment for each row execute function bookingd.fail()`);
    await stack.daemon.restart({
      env: {
        GOOGLE_SERVICE_ACCOUNT_KEY: stack.google.service_account_key,
        GOOGLE_IMPERSONATE: stack.calendar,
      },
    });
    await until('the failure', () => stack.daemon.events('calendar_not_adopted').length > 0);
    stack.database.run('drop trigger fail on bookingd.appointment');
    await stack.settled(stack.client('ann'), ahead.id);
    for (const [name, { id }] of [
      ['bob', over],
      ['carl', cancelled],
    ])
      assert.equal((await stack.client(name).get(`/booking/${id}`)).body.calendar.state, 'off');
    assert.equal((await stack.google.live(stack.calendar)).length, 1);
  } finally {
    await stack.stop();
  }
});
