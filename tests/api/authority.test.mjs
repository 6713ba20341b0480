// Who may do what: every endpoint times every kind of caller. The endpoints are read from the running server's
// own document, which is made from the table the router uses; one without a row here fails the test.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertStatus, later } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { COACH, openSchedule, startStack } from '../harness/stack.mjs';
import { mintHS256, mintUnsigned } from '../harness/tokens.mjs';

const SCHEDULE = openSchedule({ horizon_days: 365 });
const IN = 'in'; // let in: whatever the handler then says, it is none of the refusals below
const [UNKNOWN, FORBIDDEN, HIDDEN] = [401, 403, 404];

/** The callers, and how each shows who they are. `owner` is whose appointment, and whose path, it is about. */
const CALLERS = {
  nobody: () => ({}),
  'X-User-ID only': ({ owner }) => ({ 'x-user-id': owner }),
  'expired token': ({ owner }) => bearer({ sub: owner, exp: 1 }),
  'unsigned token': ({ owner }) => ({
    authorization: `Bearer ${mintUnsigned({ sub: owner, role: 'admin' })}`,
  }),
  'unknown session': () => ({ 'x-session-id': 'no-such-session' }),
  owner: ({ owner }) => bearer({ sub: owner }),
  'owner by session': ({ owner }) => ({ 'x-session-id': sessionOf(owner) }),
  'other client': () => bearer({ sub: 'mallory' }),
  'other client with X-User-ID': ({ owner }) => ({ ...bearer({ sub: 'mallory' }), 'x-user-id': owner }),
  'coach without an id': () => bearer({ sub: 'mallory', role: 'coach' }),
  'unknown role': () => bearer({ sub: 'mallory', role: 'root', coach: COACH }),
  'other coach': () => bearer({ sub: 'clara', role: 'coach', coach: 'clara' }),
  'own coach': () => bearer({ sub: 'damian', role: 'coach', coach: COACH }),
  admin: () => bearer({ sub: 'the-admin', role: 'admin' }),
};
const STRANGERS = ['nobody', 'X-User-ID only', 'expired token', 'unsigned token', 'unknown session'];
const CLIENTS = ['other client', 'other client with X-User-ID', 'coach without an id', 'unknown role'];

/** What each caller gets: strangers, the owner, other clients, the other coach, the own coach, an admin. */
function rule(strangers, owner, clients, otherCoach, ownCoach, admin) {
  return (caller) => {
    if (STRANGERS.includes(caller)) return strangers;
    if (CLIENTS.includes(caller)) return clients;
    return { 'other coach': otherCoach, 'own coach': ownCoach, admin }[caller] ?? owner;
  };
}
const WHO = {
  anyone: rule(IN, IN, IN, IN, IN, IN),
  'any signed-in caller': rule(UNKNOWN, IN, IN, IN, IN, IN),
  'a party to the appointment': rule(UNKNOWN, IN, HIDDEN, HIDDEN, IN, IN),
  'who holds the time': rule(UNKNOWN, IN, HIDDEN, HIDDEN, HIDDEN, HIDDEN),
  'the user in the path, or an admin': rule(UNKNOWN, IN, FORBIDDEN, FORBIDDEN, FORBIDDEN, IN),
  'the coach in the path, or an admin': rule(UNKNOWN, FORBIDDEN, FORBIDDEN, FORBIDDEN, IN, IN),
  'a coach or an admin': rule(UNKNOWN, FORBIDDEN, FORBIDDEN, IN, IN, IN),
  "the appointment's coach, or an admin": rule(UNKNOWN, FORBIDDEN, FORBIDDEN, HIDDEN, IN, IN),
};

/** Every endpoint: who may call it, and what is sent along; `missing`: what is said to have no such thing. */
const TABLE = {
  'GET /booking/availability': { who: 'any signed-in caller', query: () => `?coach=${COACH}` },
  'POST /booking/create': {
    who: 'any signed-in caller',
    body: () => ({ start: nextSlot(), coach: COACH }),
  },
  'GET /booking/series/preview': {
    who: 'any signed-in caller',
    query: () => `?start=${nextSlot()}&count=2&coach=${COACH}`,
  },
  'POST /booking/series': {
    who: 'any signed-in caller',
    body: () => ({ start: later(nextSlot(), 30), count: 2, every_weeks: 2, coach: COACH }),
  },
  'POST /booking/hold': { who: 'any signed-in caller', body: () => ({ start: nextSlot(), coach: COACH }) },
  'PUT /booking/{id}/confirm': { who: 'who holds the time', body: () => ({ name: 'Zoe' }) },
  'POST /booking/{id}/verify': { who: 'who holds the time', body: () => ({ email: 'a@b.test' }) },
  'PUT /booking/{id}/cancel': { who: 'a party to the appointment', body: () => ({ reason: 'changed' }) },
  'PUT /booking/{id}/reschedule': { who: 'a party to the appointment', body: () => ({ start: nextSlot() }) },
  'PUT /booking/{id}/meeting': {
    who: "the appointment's coach, or an admin",
    body: () => ({ kind: 'in_person', address: '1 Main Street' }),
  },
  'PUT /booking/{id}/approve': { who: "the appointment's coach, or an admin", body: () => ({}) },
  'PUT /booking/{id}/decline': {
    who: "the appointment's coach, or an admin",
    body: () => ({ reason: 'away' }),
  },
  'PUT /booking/{id}/guests': { who: 'a party to the appointment', body: () => ({ guests: [] }) },
  'PUT /booking/{id}/status': {
    who: "the appointment's coach, or an admin",
    body: () => ({ status: 'completed' }),
  },
  'POST /booking/{id}/credit-return': { who: "the appointment's coach, or an admin", body: () => ({}) },
  'GET /booking/{id}': { who: 'a party to the appointment' },
  'PUT /booking/{id}/answers': { who: 'a party to the appointment', body: () => ({ answers: {} }) },
  'PUT /booking/{id}/coach-notes': {
    who: "the appointment's coach, or an admin",
    body: () => ({ coach_notes: 'x' }),
  },
  'GET /booking/{id}/calendar.ics': { who: 'a party to the appointment' },
  'GET /booking/user/{user_id}': { who: 'the user in the path, or an admin' },
  'GET /booking/user/{user_id}/credits': { who: 'the user in the path, or an admin' },
  'GET /booking/user/{user_id}/export': { who: 'the user in the path, or an admin' },
  'DELETE /booking/user/{user_id}': { who: 'the user in the path, or an admin' },
  'GET /booking/sign-in': { who: 'anyone' },
  'POST /booking/sign-in': { who: 'anyone', body: () => ({ email: 'a@b.test' }) },
  // These prove themselves by what they carry: a code or a link with the browser's nonce, a manage link.
  'POST /booking/sign-in/verify': {
    who: 'anyone',
    body: () => ({ email: 'a@b.test', code: '1', nonce: 'n' }),
    missing: "That isn't the right code",
  },
  'POST /booking/session': {
    who: 'anyone',
    body: () => ({ manage: 'x' }),
    missing: "This link doesn't work any more",
  },
  'GET /session': { who: 'any signed-in caller' },
  'DELETE /session': { who: 'any signed-in caller', missing: "This sign-in couldn't be found" },
  'GET /booking/user/{user_id}/sessions': { who: 'the user in the path, or an admin' },
  'DELETE /booking/user/{user_id}/sessions/{session}': {
    who: 'the user in the path, or an admin',
    missing: "This sign-in couldn't be found",
  },
  'GET /booking/{id}/notices': { who: 'a party to the appointment' },
  'POST /booking/{id}/notices': {
    who: 'a party to the appointment',
    body: () => ({ kind: 'confirmed' }),
  },
  'GET /booking/user/{user_id}/notices': { who: 'the user in the path, or an admin' },
  'PUT /booking/user/{user_id}/notices/read': {
    who: 'the user in the path, or an admin',
    body: () => ({ up_to: 0 }),
  },
  'GET /booking/user/{user_id}/preferences': { who: 'the user in the path, or an admin' },
  'PUT /booking/user/{user_id}/preferences': {
    who: 'the user in the path, or an admin',
    body: () => ({ reminders: true }),
  },
  'POST /booking/user/{user_id}/addresses': {
    who: 'the user in the path, or an admin',
    body: () => ({ email: 'a@b.test' }),
  },
  'GET /coach/{coach}/webhooks': { who: 'the coach in the path, or an admin' },
  'POST /coach/{coach}/webhooks': {
    who: 'the coach in the path, or an admin',
    body: () => ({ url: 'https://receiver.invalid/' }),
  },
  'PUT /coach/{coach}/webhooks/{id}': {
    who: 'the coach in the path, or an admin',
    body: () => ({ active: true }),
    missing: "This webhook couldn't be found",
  },
  ...Object.fromEntries(
    [
      'DELETE /coach/{coach}/webhooks/{id}',
      'POST /coach/{coach}/webhooks/{id}/secret',
      'POST /coach/{coach}/webhooks/{id}/test',
      'GET /coach/{coach}/webhooks/{id}/deliveries',
      'POST /coach/{coach}/webhooks/{id}/replay',
      'POST /coach/{coach}/webhooks/{id}/deliveries/{event}/retry',
    ].map((call) => [
      call,
      { who: 'the coach in the path, or an admin', missing: "This webhook couldn't be found" },
    ]),
  ),
  'GET /coach/{coach}/events': { who: 'the coach in the path, or an admin' },
  'GET /coach/{coach}/notices': { who: 'the coach in the path, or an admin' },
  // Their token is their identity.
  'GET /booking/stop/{token}': { who: 'anyone', missing: "This link doesn't work any more" },
  'POST /booking/stop/{token}': { who: 'anyone', missing: "This link doesn't work any more" },
  'GET /booking/coaches': { who: 'any signed-in caller' },
  'GET /coach/{coach}/profile': { who: 'any signed-in caller' },
  'PUT /coach/{coach}/profile': { who: 'the coach in the path, or an admin', body: () => ({ name: 'Ana' }) },
  'GET /coach/{coach}/picture': { who: 'anyone', missing: 'no picture' },
  'PUT /coach/{coach}/picture': {
    who: 'the coach in the path, or an admin',
    body: () => Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  },
  'DELETE /coach/{coach}/picture': { who: 'the coach in the path, or an admin' },
  'GET /coach/me': { who: 'a coach or an admin' },
  'GET /coach/{coach}/appointments': { who: 'the coach in the path, or an admin' },
  'POST /coach/{coach}/appointments': {
    who: 'the coach in the path, or an admin',
    body: () => ({ client: { user_id: 'zoe', email: 'zoe@b.test' }, start: nextSlot() }),
  },
  'POST /coach/{coach}/series': {
    who: 'the coach in the path, or an admin',
    body: () => ({ client: { user_id: 'zoe', email: 'zoe@b.test' }, start: later(nextSlot(), 30), count: 2 }),
  },
  'POST /booking/waitlist': { who: 'any signed-in caller', body: () => ({ coach: 'damian' }) },
  'GET /booking/waitlist': { who: 'any signed-in caller' },
  'DELETE /booking/waitlist/{entry}': { who: 'any signed-in caller', missing: 'not on this waiting list' },
  'GET /coach/{coach}/waitlist': { who: 'the coach in the path, or an admin' },
  'GET /coach/{coach}/groups/{group_id}': {
    who: 'the coach in the path, or an admin',
    missing: "This booking couldn't be found",
  },
  'PUT /coach/{coach}/groups/{group_id}/cancel': {
    who: 'the coach in the path, or an admin',
    missing: "This booking couldn't be found",
  },
  'PUT /coach/{coach}/groups/{group_id}/reschedule': {
    who: 'the coach in the path, or an admin',
    body: () => ({ start: nextSlot() }),
    missing: "This booking couldn't be found",
  },
  'GET /coach/{coach}/busy': { who: 'the coach in the path, or an admin' },
  'GET /coach/{coach}/schedule': { who: 'the coach in the path, or an admin' },
  'PUT /coach/{coach}/schedule': { who: 'the coach in the path, or an admin', body: () => SCHEDULE },
  'GET /coach/{coach}/explain': {
    who: 'the coach in the path, or an admin',
    query: () => `?start=${nextSlot()}&duration=30`,
  },
  'GET /coach/{coach}/feed': { who: 'the coach in the path, or an admin' },
  'GET /coach/{coach}/calendars': { who: 'the coach in the path, or an admin' },
  'POST /coach/{coach}/calendars': {
    who: 'the coach in the path, or an admin',
    missing: "can't be added here",
  },
  'DELETE /coach/{coach}/calendars/{id}': {
    who: 'the coach in the path, or an admin',
    missing: "This calendar couldn't be found",
  },
  'POST /coach/{coach}/calendars/{id}/refresh': {
    who: 'the coach in the path, or an admin',
    missing: "This calendar couldn't be found",
  },
  'GET /coach/{coach}/credits': { who: 'the coach in the path, or an admin' },
  'POST /coach/{coach}/credits': {
    who: 'the coach in the path, or an admin',
    body: () => ({ user_id: 'zoe', amount: 1 }),
  },
  'DELETE /coach/{coach}/credits/{grant}': {
    who: 'the coach in the path, or an admin',
    missing: "These credits couldn't be found",
  },
  'GET /coach/{coach}/promo-codes': { who: 'the coach in the path, or an admin' },
  'POST /coach/{coach}/promo-codes': {
    who: 'the coach in the path, or an admin',
    body: () => ({ code: randomUUID(), kind: 'free' }),
  },
  'PUT /coach/{coach}/promo-codes/{code}': {
    who: 'the coach in the path, or an admin',
    body: () => ({ kind: 'free' }),
    missing: "This code couldn't be found",
  },
  'DELETE /coach/{coach}/promo-codes/{code}': {
    who: 'the coach in the path, or an admin',
    missing: "This code couldn't be found",
  },
  'POST /coach/{coach}/feed': { who: 'the coach in the path, or an admin' },
  // Its token is its identity, and a wrong one is as good as no feed: asked with the right one here.
  'GET /coach/{coach}/feed.ics': { who: 'anyone', query: async () => `?token=${await feedToken()}` },
  'GET /coach/{coach}/google': { who: 'the coach in the path, or an admin' },
  'POST /coach/{coach}/google/connect': {
    who: 'the coach in the path, or an admin',
    missing: "can't be connected here",
  },
  'DELETE /coach/{coach}/google': { who: 'the coach in the path, or an admin' },
  'POST /coach/{coach}/google/retry': { who: 'the coach in the path, or an admin' },
  // Both prove themselves by what they carry: a signed state, a channel's token.
  'GET /oauth/google/callback': { who: 'anyone' },
  'POST /hooks/mail': {
    who: 'anyone',
    body: () => ({ token: 'x', event: 'delivered' }),
    missing: "can't be reported here",
  },
  'DELETE /booking/{id}/suppression': { who: "the appointment's coach, or an admin" },
  'POST /hooks/google-calendar': { who: 'anyone', missing: 'no such channel' },
  'GET /health': { who: 'anyone' },
  'GET /healthz': { who: 'anyone' },
  'GET /readyz': { who: 'anyone' },
  'GET /metrics': { who: 'anyone' },
  'GET /openapi.json': { who: 'anyone' },
};
/** Pages, what they load, and addresses that lead to them. */
const PAGES = /^GET \/((booking|coach)(\/([a-z-]+\.(js|css)|\{coach\}\/\{session_type\})?)?)?$/;

let stack;
let endpoints;
let slots = 0;
const nextSlot = () => stack.slot(slots++);
/** The token of the coach's feed as it is now: calls of this test renew it. */
const feedToken = async () =>
  new URL((await stack.admin().get(`/coach/${COACH}/feed`)).body.url).searchParams.get('token');
const bearer = (claims) => ({ authorization: `Bearer ${mintHS256(stack.secret, claims)}` });

function sessionOf(user) {
  const id = randomUUID();
  stack.database.run(`insert into platform.session values ('${id}', '${user}', now() + interval '1 hour')`);
  return id;
}

before(async () => {
  stack = await startStack({
    document: SCHEDULE,
    env: {
      MAIL_URL: 'smtp://127.0.0.1:1',
      MAIL_FROM: 'bookings@coach.test',
      AUTH_SESSION_QUERY: 'select user_id from platform.session where id = $1 and ends_at > now()',
    },
  });
  stack.database.run(`
    create schema platform;
    create table platform.session (id text primary key, user_id text not null, ends_at timestamptz not null);
    insert into bookingd.coach (id, schedule, feed_token)
      select 'clara', schedule, 'token-of-clara' from bookingd.coach where id = '${COACH}'`);
  const { body } = await stack.stranger().get('/openapi.json');
  endpoints = Object.entries(body.paths).flatMap(([path, calls]) =>
    Object.entries(calls).map(([method, call]) => ({ name: `${method.toUpperCase()} ${path}`, ...call })),
  );
});
after(() => stack.stop());

/** An appointment of a user of its own, so that no pair sees what another did. */
async function appointmentOf(owner) {
  const claims = { sub: owner, email: 'owner@client.test' };
  const client = new Client(stack.daemon.url, { headers: bearer(claims) });
  const reply = await client.post('/booking/create', {
    start: nextSlot(),
    coach: COACH,
    name: 'The Owner',
    email: 'owner@client.test',
    notes: 'private matters',
  });
  client.close();
  return assertStatus(reply, 201);
}

const seenByAdmin = async (id) => (await stack.admin().get(`/booking/${id}`)).text;

async function ask(name, caller, world, { method, id, coach, body: given, headers } = {}) {
  const [declared, path] = name.split(' ');
  const { body, query } = TABLE[name];
  const filled = path
    .replace('{id}', id ?? world.appointment?.id)
    .replace('{user_id}', encodeURIComponent(world.owner))
    .replace('{coach}', encodeURIComponent(coach ?? COACH));
  const client = new Client(stack.daemon.url, { headers: { ...CALLERS[caller](world), ...headers } });
  const sent = given !== undefined ? given : body?.();
  const reply = await client.request(method ?? declared, filled + ((await query?.()) ?? ''), sent);
  client.close();
  return reply;
}

const CODES = { [UNKNOWN]: 'unauthenticated', [FORBIDDEN]: 'forbidden', [HIDDEN]: 'not_found' };

function check(reply, expected, what, missing) {
  if (expected === IN && missing !== undefined) {
    // Let in, and then told that what it is about is not there.
    assert.ok([404, 401, 410].includes(reply.status), `${what}: ${reply.text}`);
    assert.ok(reply.body.detail.includes(missing), `${what}: ${reply.text}`);
    return;
  }
  if (expected === IN) {
    assert.ok(![UNKNOWN, FORBIDDEN, HIDDEN].includes(reply.status), `${what}: ${reply.status} ${reply.text}`);
    assert.ok(reply.status < 500 || reply.status === 503, `${what}: ${reply.status} ${reply.text}`);
    return;
  }
  assert.deepEqual([reply.status, reply.body?.code], [expected, CODES[expected]], `${what}: ${reply.text}`);
  assert.equal('www-authenticate' in reply.headers, expected === UNKNOWN, what);
  for (const secret of ['private matters', 'The Owner', 'owner@client.test'])
    assert.ok(!reply.text.includes(secret), `${what} shows ${secret}`);
}

test('every endpoint has its row, and no row is left over', () => {
  const served = endpoints.map(({ name }) => name).filter((name) => !PAGES.test(name));
  assert.deepEqual(served.sort(), Object.keys(TABLE).sort());
});

test('the document tells the truth about who may call', () => {
  const told = {
    'a party to the appointment': 'any signed-in caller',
    'who holds the time': 'any signed-in caller',
    "the appointment's coach, or an admin": 'a coach or an admin',
  };
  for (const endpoint of endpoints) {
    const who = TABLE[endpoint.name]?.who ?? 'anyone';
    const says = endpoint['x-who-may-call'].replace(/, or anyone with PUBLIC_(AVAILABILITY|BOOKING)$/, '');
    assert.equal(says, told[who] ?? who, endpoint.name);
    assert.equal(endpoint.security.length === 0, who === 'anyone', endpoint.name);
  }
});

for (const name of Object.keys(TABLE)) {
  test(`${name}: ${TABLE[name].who}`, async () => {
    const [method] = name.split(' ');
    for (const caller of Object.keys(CALLERS)) {
      const expected = WHO[TABLE[name].who](caller);
      // PUT calls take POST as well; GET calls take HEAD.
      for (const alias of { PUT: ['PUT', 'POST'], GET: ['GET', 'HEAD'] }[method] ?? [method]) {
        const what = `${alias} ${name} by ${caller}`;
        const world = { owner: `owner ${slots}` };
        if (/\{(id|user_id)\}/.test(name)) world.appointment = await appointmentOf(world.owner);
        const unchanged = expected !== IN && world.appointment && (await seenByAdmin(world.appointment.id));
        const reply = await ask(name, caller, world, { method: alias });
        if (alias === 'HEAD') {
          assert.equal(reply.text, '', what);
          if (expected !== IN) assert.equal(reply.status, expected, what);
          continue;
        }
        check(reply, expected, what, TABLE[name].missing);
        if (unchanged)
          assert.equal(await seenByAdmin(world.appointment.id), unchanged, `${what} changed something`);
        if (expected === HIDDEN) {
          const none = await ask(name, caller, world, { method: alias, id: randomUUID() });
          assert.equal(none.text, reply.text, `${what} can tell it from none at all`);
        }
      }
    }
  });
}

test('pages and their scripts are for anyone', async () => {
  for (const { name } of endpoints.filter((endpoint) => PAGES.test(endpoint.name)))
    for (const caller of STRANGERS) {
      const client = new Client(stack.daemon.url, { headers: CALLERS[caller]({ owner: 'ann' }) });
      const { status } = await client.get(name.split(' ')[1], { accept: 'text/html' });
      assert.ok([200, 302].includes(status), `${name} by ${caller}: ${status}`);
      client.close();
    }
});

/** All of a reply that could tell one thing from another. */
const seen = ({ status, text, headers }) => {
  const { date, 'x-request-id': id, ...rest } = headers;
  return [status, text, rest];
};
/** What to put for a path's parameter: the first is there, the others are not there at all. */
const STRANGE = {
  id: ({ appointment: { id } }) => [id, id.toUpperCase(), randomUUID(), 'no-uuid', '0', `${id}0`],
  user_id: ({ owner }) => [owner, 'never heard of', '00', 'x'.repeat(900)],
  coach: () => [COACH, 'nobody', randomUUID(), 'no coach!'],
  entry: () => [randomUUID(), 'no-uuid', '0'],
};
/** Besides what suits the call: a request refused for another reason must not tell either. */
const SENT = [
  {},
  { headers: { 'idempotency-key': 'one' } },
  { body: {} },
  { body: { nonsense: 1 } },
  { body: '{' },
  { body: { start: 'never' } },
];

for (const name of Object.keys(TABLE).filter((key) => key.includes('{')))
  test(`${name}: whom it is not for cannot tell what is there from what is not`, async () => {
    const parameter = /\{(\w+)\}/.exec(name)[1];
    const world = { owner: `owner ${slots}` };
    world.appointment = await appointmentOf(world.owner);
    const before = await seenByAdmin(world.appointment.id);
    const callers = Object.keys(CALLERS).filter((caller) => WHO[TABLE[name].who](caller) !== IN);
    for (const caller of callers)
      for (const sent of TABLE[name].body ? SENT : SENT.slice(0, 1)) {
        let first;
        for (const value of STRANGE[parameter](world)) {
          const other = parameter === 'user_id' ? { ...world, owner: value } : world;
          const reply = seen(await ask(name, caller, other, { ...sent, [parameter]: value }));
          assert.deepEqual(
            reply,
            (first ??= reply),
            `${caller} can tell ${value} by ${JSON.stringify(sent)}`,
          );
        }
      }
    assert.equal(await seenByAdmin(world.appointment.id), before);
  });

test('who asks for times to move an appointment to cannot tell another’s from none', async () => {
  const { id } = await appointmentOf('mover');
  const mallory = stack.client('mallory');
  const times = async (other) => seen(await mallory.get(`/booking/availability?rescheduling=${other}`));
  const there = await times(id);
  assert.equal(there[0], 404);
  for (const other of [randomUUID(), id.toUpperCase()]) assert.deepEqual(await times(other), there);
});

test('a wrong token does not tell which coach there is', async () => {
  const feed = async (coach) =>
    seen(await stack.stranger().get(`/coach/${encodeURIComponent(coach)}/feed.ics?token=wrong`));
  const there = await feed(COACH);
  assert.equal(there[0], 404);
  for (const other of ['nobody', randomUUID(), 'no coach!']) assert.deepEqual(await feed(other), there);
});

test('`me` is the caller, whoever else they claim to be', async () => {
  const ann = stack.client('ann');
  const { body: made } = await ann.post('/booking/create', { start: nextSlot(), coach: COACH });
  const { body } = await ann.get('/booking/user/me', { 'x-user-id': 'mallory' });
  assert.deepEqual(
    body.appointments.map(({ id }) => id),
    [made.id],
  );
  const mallory = await stack.client('mallory').get('/booking/user/me?status=all', { 'x-user-id': 'ann' });
  assert.ok(!mallory.text.includes(made.id));
});

test('an idempotency key is its caller’s own', async () => {
  const key = { 'idempotency-key': 'the-same-key' };
  const wish = (notes) => ({ start: nextSlot(), coach: COACH, notes });
  const [ann, bob] = [stack.client('ann2'), stack.client('bob2')];
  const first = await ann.post('/booking/create', wish('private matters'), key);
  const second = await bob.post('/booking/create', wish(null), key);
  assert.notEqual(assertStatus(first, 201).id, assertStatus(second, 201).id);
});
