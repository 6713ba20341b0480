// PUBLIC_BOOKING: people book without an identity. A hold is theirs by its token; who they are is what a code proves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runBookingd } from '../harness/daemon.mjs';
import { assertProblem, assertStatus, countStatuses } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { COACH, openSchedule, startStack, until } from '../harness/stack.mjs';

let stack, mail;
let hour = 0;
let networks = 0;
const clients = [];
before(async () => {
  const document = openSchedule({
    cancel_notice_minutes: 0,
    reschedule_notice_minutes: 0,
    max_active_per_user: 2,
  });
  document.session_types.push({ id: 'circle', name: 'Circle', durations: [30], meeting: 'none', seats: 3 });
  document.session_types.push({
    id: 'asked',
    name: 'Asked',
    durations: [30],
    meeting: 'none',
    approval: true,
  });
  document.session_types.push({
    id: 'priced',
    name: 'Priced',
    durations: [30],
    meeting: 'none',
    price: { amount: 8000, currency: 'EUR' },
  });
  stack = await startStack({
    mail: true,
    env: {
      PUBLIC_BOOKING: '1',
      PUBLIC_URL: 'https://book.test',
      HOLD_MINUTES: '60',
      TRUSTED_PROXY_HOPS: '1',
    },
    document,
  });
  mail = stack.mail;
});
after(async () => {
  for (const client of clients) client.close();
  await stack?.stop();
});

/** Somebody without an identity, at an address of their own or of the given network. */
function stranger({ network = ++networks, token } = {}) {
  const from = `198.51.${network >> 8}.${network & 255}`;
  const client = new Client(stack.daemon.url, { token, headers: { 'x-forwarded-for': from } });
  client.network = network;
  clients.push(client);
  return client;
}
const askHold = (client, more) => client.post('/booking/hold', { start: stack.slot(hour++), ...more });
/** A time held by a guest: the hold, and the client that has its token. */
async function hold(from = stranger(), more = {}) {
  const held = assertStatus(await askHold(from, more), 201);
  const guest = stranger({ network: from.network, token: held.token });
  guest.verify = (email) => guest.post(`/booking/${held.id}/verify`, { email, locale: 'en' });
  guest.confirm = (body) => guest.put(`/booking/${held.id}/confirm`, body);
  guest.read = () => guest.get(`/booking/${held.id}`);
  return { held, guest };
}
/** The code that this guest's address is proved with. */
async function codeFor(guest, email) {
  const { reply, code } = await mail.codeAfter(email, () => guest.verify(email));
  assert.deepEqual(assertStatus(reply, 202), { sent: true });
  return code;
}
async function book(email, more) {
  const { held, guest } = await hold();
  const code = await codeFor(guest, email);
  return { guest, held, booked: assertStatus(await guest.confirm({ email, code, ...more }), 200) };
}
/** What signing in by mail with this address says who one is. */
async function signIn(email) {
  const { reply, code } = await mail.codeAfter(email, () => stranger().post('/booking/sign-in', { email }));
  const { nonce } = assertStatus(reply, 202);
  return assertStatus(await stranger().post('/booking/sign-in/verify', { email, code, nonce }), 200);
}
const other = (code) => (code === '000000' ? '000001' : '000000');

test('a guest sees free times, holds one, proves an address and has a session', async () => {
  const guest = stranger();
  assertStatus(await guest.get('/booking/availability'), 200);
  assertStatus(await guest.get('/booking/coaches'), 200);
  assert.equal(assertStatus(await guest.get('/booking/sign-in'), 200).guests, true);
  const { held, guest: own } = await hold(guest);
  assert.equal(held.status, 'held');
  assert.match(held.user_id, /^guest:/);
  const lasts = Date.parse(held.hold_expires_at) - Date.parse(held.created_at);
  assert.ok(lasts <= 601_000, `held for ${lasts} ms though HOLD_MINUTES is 60`);
  assert.ok(Date.parse(held.token_expires_at) > Date.parse(held.hold_expires_at));
  const code = await codeFor(own, 'gil@client.test');
  const booked = assertStatus(
    await own.confirm({
      email: 'gil@client.test',
      code: `${code.slice(0, 3)} ${code.slice(3)}`,
      name: 'Gil',
    }),
    200,
  );
  assert.equal(booked.status, 'scheduled');
  assert.equal(booked.email, 'gil@client.test');
  assert.match(booked.user_id, /^mail:[0-9a-f]{32}$/);
  assert.equal(booked.token, undefined);
  await mail.wait(1, ({ to, subject }) => to[0] === 'gil@client.test' && /^Booked/.test(subject));
  // The token goes on: it confirms again, reads, moves and cancels this one.
  assertStatus(await own.confirm({ email: 'gil@client.test', code }), 200);
  assert.equal(assertStatus(await own.read(), 200).user_id, booked.user_id);
  assert.match((await own.get(`/booking/${held.id}/calendar.ics`)).text, /BEGIN:VEVENT/);
  const moved = await own.put(`/booking/${held.id}/reschedule`, { start: stack.slot(hour++) });
  assertStatus(moved, 200);
  assertStatus(await own.put(`/booking/${held.id}/cancel`), 200);
});

test('a guest may ask for any coach: the hold is with somebody, and the choice is recorded', async () => {
  const held = assertStatus(await askHold(stranger(), { coach: 'any' }), 201);
  assert.equal(held.coach, COACH);
  assert.ok(held.token);
  const choices = stack.database.rows(
    `SELECT candidates[1] AS first FROM coach_choice WHERE appointment_id = '${held.id}'`,
  );
  assert.deepEqual(choices, [{ first: COACH }]);
});

test('the token is for that appointment alone, and nobody else’s token is for it', async () => {
  const [one, two] = [await hold(), await hold()];
  for (const path of ['/booking/user/me', '/booking/user/me/export', `/booking/${two.held.id}`])
    assertProblem(await one.guest.get(path), 403, 'forbidden');
  assertProblem(await one.guest.put(`/booking/${two.held.id}/cancel`), 403, 'forbidden');
  assertProblem(
    await one.guest.post(`/booking/${two.held.id}/verify`, { email: 'x@y.test' }),
    403,
    'forbidden',
  );
  assertProblem(await askHold(one.guest), 403, 'forbidden');
  assertProblem(await one.guest.post('/booking/create', { start: stack.slot(hour) }), 403, 'forbidden');
  assertProblem(await one.guest.post('/booking/user/me/addresses', { email: 'x@y.test' }), 403, 'forbidden');
  assertProblem(await stack.client('somebody').get(`/booking/${one.held.id}`), 404, 'not_found');
  assertProblem(await stranger().get(`/booking/${one.held.id}`), 401, 'unauthenticated');
  const dump = stack.database.dump();
  assert.ok(!dump.includes(one.held.token), 'tokens are kept as digests');
});

test('only a hold is for guests, and a bad identity is no guest', async () => {
  const guest = stranger();
  for (const [method, path, body] of [
    ['POST', '/booking/create', { start: stack.slot(hour) }],
    ['POST', '/booking/series', { start: stack.slot(hour), count: 2 }],
    ['GET', '/booking/user/me'],
    ['GET', '/session'],
  ])
    assertProblem(await guest.request(method, path, body), 401, 'unauthenticated');
  assertProblem(await askHold(stranger({ token: 'bks_made-up' })), 401, 'unauthenticated');
  assertProblem(await askHold(stranger({ token: 'a.b.c' })), 401, 'unauthenticated');
});

test('one address is one person, guest or signed in, whoever books for them', async () => {
  const email = 'hana@client.test';
  const { booked } = await book(email);
  const signed = await signIn(email.toUpperCase());
  assert.equal(signed.user_id, booked.user_id);
  const session = stranger({ token: signed.token });
  const { appointments } = assertStatus(await session.get('/booking/user/me'), 200);
  assert.deepEqual(
    appointments.map(({ id }) => id),
    [booked.id],
  );
  const made = await stack.coach().post(`/coach/${COACH}/appointments`, {
    client: { email: 'Hana@Client.test' },
    start: stack.slot(hour++),
  });
  assert.equal(assertStatus(made, 201).user_id, booked.user_id);
  assert.notEqual((await book('hanna@client.test')).booked.user_id, booked.user_id);
});

test('what a coach booked for an address is the platform’s user’s once they come', async () => {
  const made = await stack.coach().post(`/coach/${COACH}/appointments`, {
    client: { email: 'Wes@client.test' },
    start: stack.slot(hour++),
  });
  const { id, user_id } = assertStatus(made, 201);
  assert.match(user_id, /^mail:/);
  const { appointments } = assertStatus(await stack.client('wes').get('/booking/user/me'), 200);
  assert.deepEqual(
    appointments.map((one) => [one.id, one.user_id]),
    [[id, 'wes']],
  );
});

test('whoever has an account at the platform signs in; nobody hears of it before the code', async () => {
  assertStatus(await stack.client('ida').get('/booking/user/me'), 200); // her address is ida@client.test
  const { held, guest } = await hold();
  const known = await guest.verify('ida@client.test');
  const unknown = await guest.verify('nobody@client.test');
  assert.deepEqual([known.status, known.body], [unknown.status, unknown.body]);
  assertProblem(await guest.confirm({ email: 'ida@client.test' }), 403, 'address_not_verified', 'email');
  await until('her first code', () => mail.codesTo('ida@client.test').length);
  const code = await codeFor(guest, 'ida@client.test');
  assertProblem(await guest.confirm({ email: 'ida@client.test', code: other(code) }), 401, 'wrong_code');
  assertProblem(await guest.confirm({ email: 'ida@client.test', code }), 403, 'sign_in_required');
  assert.equal(assertStatus(await guest.read(), 200).status, 'held');
  const made = await stack.coach().post(`/coach/${COACH}/appointments`, {
    client: { email: 'ida@client.test' },
    start: stack.slot(hour++),
  });
  assert.equal(assertStatus(made, 201).user_id, 'ida');
  assertStatus(await guest.put(`/booking/${held.id}/cancel`), 200);
});

test('nobody books as somebody else', async () => {
  const [mine, theirs] = [await hold(), await hold()];
  const victim = 'jo@client.test';
  assertProblem(await mine.guest.confirm({}), 422, 'invalid_field', 'email');
  assertProblem(await mine.guest.confirm({ email: victim }), 403, 'address_not_verified', 'email');
  assertProblem(await mine.guest.confirm({ email: victim, code: '123456' }), 401, 'wrong_code');
  const own = await codeFor(mine.guest, 'kit@client.test');
  const foreign = await codeFor(theirs.guest, victim);
  // A code of another address, and that of another guest for this one.
  assertProblem(await mine.guest.confirm({ email: victim, code: own }), 401, 'wrong_code');
  assertProblem(await mine.guest.confirm({ email: victim, code: foreign }), 401, 'wrong_code');
  assertProblem(
    await mine.guest.confirm({ email: victim, code: own, user_id: 'jo' }),
    422,
    'unknown_field',
    'user_id',
  );
  // What was proved is what is booked with.
  const kit = { email: 'kit@client.test', code: own };
  assertProblem(
    await mine.guest.confirm({ ...kit, email: `${victim}, kit@client.test` }),
    422,
    'invalid_field',
    'email',
  );
  assert.equal(assertStatus(await mine.guest.confirm(kit), 200).email, 'kit@client.test');
  assertProblem(
    await theirs.guest.confirm({ email: 'kit@client.test' }),
    403,
    'address_not_verified',
    'email',
  );
});

test('the address that is typed and the one that is kept are the same', async () => {
  for (const [asked, confirmed] of [
    [' Leo@Client.TEST ', 'leo@client.test'],
    ['mia@client.test', 'MIA@client.test '],
  ]) {
    const { guest } = await hold();
    const code = await codeFor(guest, asked);
    const booked = assertStatus(await guest.confirm({ email: confirmed, code }), 200);
    assert.equal(booked.email, confirmed.trim());
  }
});

test('a code takes five tries, however many come at once', async () => {
  const { guest } = await hold();
  const email = 'ned@client.test';
  const code = await codeFor(guest, email);
  const tries = await Promise.all(
    Array.from({ length: 20 }, () => guest.confirm({ email, code: other(code) })),
  );
  assert.deepEqual(countStatuses(tries), { 401: 5, 410: 15 });
  assertProblem(await guest.confirm({ email, code }), 410, 'code_expired');
  // Nor does another hold from elsewhere have what this one was sent.
  const { guest: elsewhere } = await hold();
  assertProblem(await elsewhere.confirm({ email, code }), 401, 'wrong_code');
});

test('one network keeps five times open, however many it asks for at once; others are not in its way', async () => {
  const network = ++networks;
  const replies = await Promise.all(Array.from({ length: 12 }, () => askHold(stranger({ network }))));
  assert.deepEqual(countStatuses(replies), { 201: 5, 429: 7 });
  const refused = replies.find(({ status }) => status === 429);
  assertProblem(refused, 429, 'rate_limited');
  assert.equal(refused.headers['retry-after'], '600');
  const { held, guest } = await hold();
  assertStatus(await guest.put(`/booking/${held.id}/cancel`), 200);
  const [one] = replies.filter(({ status }) => status === 201);
  const owner = stranger({ network, token: one.body.token });
  assertStatus(await owner.put(`/booking/${one.body.id}/cancel`), 200);
  assertStatus(await askHold(stranger({ network })), 201);
  assertStatus(await askHold(stack.client('olga')), 201);
  release();
});

test('a request whose manage link is opened is no guest’s hold', async () => {
  const network = ++networks;
  const gus = stack.client('gus');
  const asked = { start: stack.slot(hour++), session_type: 'asked' };
  const { id } = assertStatus(await gus.post('/booking/create', asked), 201);
  const [told] = await mail.wait(1, ({ to }) => to[0] === 'gus@client.test');
  const manage = /#manage=([\w-]+)/.exec(told.text)[1];
  assertStatus(await stranger({ network }).post('/booking/session', { manage }), 200);
  const replies = await Promise.all(Array.from({ length: 6 }, () => askHold(stranger({ network }))));
  assert.deepEqual(countStatuses(replies), { 201: 5, 429: 1 });
  // Nor does it give way to a guest's who proves an address that its client proves just now.
  const email = 'gus@elsewhere.test';
  assertStatus(await gus.post('/booking/user/me/addresses', { email }), 202);
  const { token, id: theirs } = replies.find(({ status }) => status === 201).body;
  assertStatus(
    await stranger({ network, token }).post(`/booking/${theirs}/verify`, { email, locale: 'en' }),
    202,
  );
  assert.equal(assertStatus(await gus.get(`/booking/${id}`), 200).status, 'requested');
  assertStatus(await gus.put(`/booking/${id}/cancel`), 200);
  release();
});

/** What a test has left open counts for the coach. */
function release() {
  stack.database.run(
    "update bookingd.appointment set status = 'expired' where status = 'held' and user_id like 'guest:%'",
  );
}

test('the guests of one coach keep twenty times open', async () => {
  release();
  const replies = await Promise.all(Array.from({ length: 26 }, () => askHold(stranger())));
  assert.deepEqual(countStatuses(replies), { 201: 20, 429: 6 });
  assertStatus(await askHold(stack.client('pia')), 201);
  release();
});

test('an address keeps one time open from a network: the newest', async () => {
  const first = await hold();
  const second = await hold(stranger({ network: first.guest.network }));
  const elsewhere = await hold();
  const email = 'quin@client.test';
  const old = await codeFor(first.guest, email);
  await codeFor(elsewhere.guest, email);
  const code = await codeFor(second.guest, email);
  assertProblem(await first.guest.confirm({ email, code: old }), 410, 'hold_expired');
  assertProblem(await first.guest.verify(email), 410, 'hold_expired');
  assert.equal(assertStatus(await elsewhere.guest.read(), 200).status, 'held');
  assertStatus(await second.guest.confirm({ email, code }), 200);
  // The time that gave way is free again.
  const { slots } = assertStatus(await stranger().get('/booking/availability?duration=30'), 200);
  assert.ok(slots.some(({ start }) => start === first.held.start));
});

test('a network asks for codes to twenty addresses a day, a hold for as many as that leaves', async () => {
  const { guest, held } = await hold();
  for (let n = 0; n < 10; n++) assertStatus(await guest.verify(`r${n}@many.test`), 202);
  assertProblem(await guest.verify('r10@many.test'), 429, 'rate_limited');
  const next = await hold(stranger({ network: guest.network }));
  for (let n = 10; n < 20; n++) assertStatus(await next.guest.verify(`r${n}@many.test`), 202);
  const third = await hold(stranger({ network: guest.network }));
  assertProblem(await third.guest.verify('r20@many.test'), 429, 'rate_limited');
  assertStatus(await guest.read(), 200);
  assertStatus(await guest.put(`/booking/${held.id}/cancel`), 200);
  release();
});

test('a network has twenty guests invited in a day, whoever books from there', async () => {
  const network = ++networks;
  const from = async (name, where = network) => {
    const { guest } = await hold(stranger({ network: where }));
    const email = `${name}@twenty.test`;
    const code = await codeFor(guest, email);
    return (guests) => guest.confirm({ email, code, guests });
  };
  const ten = (name) => Array.from({ length: 10 }, (_, n) => `${name}-${n}@invited.test`);
  // At once, so that neither sees the other's before both have asked.
  const asked = await Promise.all(['ann', 'bob', 'cid'].map((name) => from(name)));
  const replies = await Promise.all(asked.map((confirm, n) => confirm(ten(`g${n}`))));
  assert.deepEqual(countStatuses(replies), { 200: 2, 429: 1 });
  const refused = asked[replies.findIndex(({ status }) => status === 429)];
  assertProblem(await refused(['one-more@invited.test']), 429, 'rate_limited', 'guests');
  assertStatus(await refused(ten(`g${replies.findIndex(({ status }) => status === 200)}`)), 200); // whom it has invited today
  assertStatus(await (await from('dan', ++networks))(ten('dan')), 200);
});

/** Somebody who has signed in by mail, from this network. */
async function signedIn(email, network) {
  const anyone = stranger({ network });
  const { reply, code } = await mail.codeAfter(email, () => anyone.post('/booking/sign-in', { email }));
  const { nonce } = assertStatus(reply, 202);
  const { token } = assertStatus(await anyone.post('/booking/sign-in/verify', { email, code, nonce }), 200);
  return stranger({ network, token });
}

test('of those who sign in by mail from one network twenty new ones book in a day, however many at once', async () => {
  const network = ++networks;
  const create = (client) => client.post('/booking/create', { start: stack.slot(hour++) });
  const people = await Promise.all(
    ['uma', 'vic', 'wim'].map((name) => signedIn(`${name}@network.test`, network)),
  );
  assertStatus(await create(people[0]), 201);
  stack.database.run(`insert into bookingd.client_use (client, kind, about)
    select client, 'person', sha256(n::text::bytea) from bookingd.client_use, generate_series(1, 18) n
    where kind = 'person'`);
  const replies = await Promise.all(people.slice(1).map(create));
  assert.deepEqual(countStatuses(replies), { 201: 1, 429: 1 });
  const refused = people[1 + replies.findIndex(({ status }) => status === 429)];
  assertProblem(await askHold(refused), 429, 'rate_limited');
  const series = { start: stack.slot(hour++), every_weeks: 1, count: 2 };
  assertProblem(await refused.post('/booking/series', series), 429, 'rate_limited');
  const wish = { from: stack.slot(hour), to: stack.slot(hour + 48) };
  assertProblem(await refused.post('/booking/waitlist', wish), 429, 'rate_limited');
  // Whoever has booked goes on, and so do others: from elsewhere, by the platform, or who have been here before.
  assertStatus(await create(people[0]), 201);
  assertStatus(await create(await signedIn('xia@network.test', ++networks)), 201);
  assertStatus(await create(stack.client('yan')), 201);
  const { id } = assertStatus(await create(await signedIn('zoe@network.test', ++networks)), 201);
  stack.database.run(
    `update bookingd.appointment set created_at = now() - interval '2 days' where id = '${id}'`,
  );
  assertStatus(await create(await signedIn('zoe@network.test', network)), 201);
});

test('whom they invite, by a manage link too, counts for their network', async () => {
  const network = ++networks;
  const ten = (name) => Array.from({ length: 10 }, (_, n) => `${name}-${n}@invited.test`);
  const create = (client, more) => client.post('/booking/create', { start: stack.slot(hour++), ...more });
  for (const name of ['abe', 'bea'])
    assertStatus(await create(await signedIn(`${name}@ten.test`, network), { guests: ten(name) }), 201);
  const third = await signedIn('cal@ten.test', network);
  assertProblem(await create(third, { guests: ['one@invited.test'] }), 429, 'rate_limited', 'guests');
  const known = stack.client('dee');
  const { id } = assertStatus(await create(known), 201);
  const [told] = await mail.wait(1, ({ to }) => to[0] === 'dee@client.test');
  const manage = /#manage=([\w-]+)/.exec(told.text)[1];
  const { token } = assertStatus(await stranger({ network }).post('/booking/session', { manage }), 200);
  const invite = { guests: ['two@invited.test'] };
  const put = (client) => client.put(`/booking/${id}/guests`, invite);
  assertProblem(await put(stranger({ network, token })), 429, 'rate_limited', 'guests');
  const elsewhere = ++networks;
  const again = assertStatus(
    await stranger({ network: elsewhere }).post('/booking/session', { manage }),
    200,
  );
  assertStatus(await put(stranger({ network: elsewhere, token: again.token })), 200);
});

test('confirmed several times at once, it is booked for each of them', async () => {
  const email = 'twice@client.test';
  const { guest, held } = await hold();
  const code = await codeFor(guest, email);
  const lock = stack.database.session();
  const waiting = () =>
    stack.database.rows(`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%confirm_for_guest%'`)
      .length;
  let replies = [];
  try {
    lock.send(`set search_path = bookingd, public; begin;
      select lock_guests(encode(network, 'hex')) from own_session where appointment_id = '${held.id}';`);
    await until('the lock', () => stack.database.locks(`locktype = 'advisory' and classid = 1651469169`));
    replies = Array.from({ length: 2 }, () => guest.confirm({ email, code }));
    await until('both to wait for it', () => waiting() === 2);
    lock.send('commit;');
    replies = await Promise.all(replies);
  } finally {
    lock.close();
  }
  assert.deepEqual(countStatuses(replies), { 200: 2 });
  for (const { body } of replies) assert.deepEqual([body.id, body.status], [held.id, 'scheduled']);
});

test('whoever was a guest when the other request came first is answered as who they are now', async () => {
  const email = 'heard-late@client.test';
  const { guest, held } = await hold();
  const code = await codeFor(guest, email);
  assertStatus(await guest.read(), 200); // so memory knows them as a guest
  // Another replica has confirmed it, and this one has not heard of it.
  stack.database.run(`set search_path = bookingd, public;
    update appointment set user_id = (meet_address('${email}')).user_id, status = 'scheduled', hold_expires_at = null,
      email = '${email}' where id = '${held.id}';
    update own_session set user_id = (meet_address('${email}')).user_id, email = '${email}'
      where appointment_id = '${held.id}';
    delete from action_token where user_id = '${held.user_id}'`);
  const booked = assertStatus(await guest.confirm({ email, code }), 200);
  assert.deepEqual([booked.id, booked.status], [held.id, 'scheduled']);
  assertStatus(await guest.put(`/booking/${held.id}/cancel`), 200);
});

test('a person’s limit holds for their bookings as a guest, also of two at once', async () => {
  const email = 'sam@client.test';
  const { booked } = await book(email);
  const pair = [await hold(), await hold()];
  const codes = [await codeFor(pair[0].guest, email), await codeFor(pair[1].guest, email)];
  const replies = await Promise.all(pair.map(({ guest }, n) => guest.confirm({ email, code: codes[n] })));
  assert.deepEqual(countStatuses(replies), { 200: 1, 409: 1 });
  const refused = replies.find(({ status }) => status === 409);
  assertProblem(refused, 409, 'booking_limit');
  const scheduled = stack.database.value(
    `select count(*) from bookingd.appointment where user_id = '${booked.user_id}' and status = 'scheduled'`,
  );
  assert.equal(scheduled, 2);
});

test('who has a seat gets no second one by holding it as somebody else', async () => {
  const start = stack.slot(hour++);
  const circle = { start, session_type: 'circle' };
  const seat = async () => {
    const { held, guest } = await hold(stranger(), circle);
    const code = await codeFor(guest, 'una@client.test');
    return { held, reply: await guest.confirm({ name: 'Una', email: 'una@client.test', code }) };
  };
  const first = await seat();
  assertStatus(first.reply, 200);
  const second = await seat();
  assertProblem(second.reply, 409, 'slot_taken');
  assert.equal(second.held.group_id, first.held.group_id);
});

test('a hold that ran out is not confirmed, and its token ends nothing else', async () => {
  const { held, guest } = await hold();
  const code = await codeFor(guest, 'tia@client.test');
  stack.database.run(`update bookingd.appointment set hold_expires_at = now() where id = '${held.id}'`);
  assertProblem(await guest.confirm({ email: 'tia@client.test', code }), 410, 'hold_expired');
  assertProblem(await guest.verify('tia@client.test'), 410, 'hold_expired');
});

test('an Idempotency-Key is its caller’s own, so a guest’s is not looked at', async () => {
  const headers = { 'idempotency-key': 'the-same-for-all' };
  const body = { start: stack.slot(hour++) };
  const first = assertStatus(await stranger().post('/booking/hold', body, headers), 201);
  assertProblem(await stranger().post('/booking/hold', body, headers), 409, 'slot_taken');
  const guest = stranger({ token: first.token });
  guest.verify = (email) => guest.post(`/booking/${first.id}/verify`, { email });
  const code = await codeFor(guest, 'uma@client.test');
  const confirm = () =>
    guest.put(`/booking/${first.id}/confirm`, { email: 'uma@client.test', code }, headers);
  const confirmed = assertStatus(await confirm(), 200);
  assert.deepEqual(assertStatus(await confirm(), 200).id, confirmed.id);
});

test('who is erased leaves nothing of what a guest did', async () => {
  const email = 'vera@client.test';
  const { guest, booked } = await book(email, { name: 'Vera Secret', phone: '+1 555 0199' });
  const { token } = await signIn(email);
  assertStatus(await stranger({ token }).delete('/booking/user/me'), 200);
  const dump = stack.database.dump();
  for (const text of [email, 'Vera Secret', '555 0199', booked.user_id])
    assert.ok(!dump.includes(text), `${text} is still there`);
  await until('the guest’s session to end', async () => (await guest.read()).status === 401);
});

test('PUBLIC_BOOKING needs mail, and without it nobody books who is not known', async () => {
  const { code, stderr } = runBookingd(['serve'], {
    env: { DATABASE_URL: stack.database.url, AUTH_JWT_SECRET: stack.secret, PUBLIC_BOOKING: '1' },
  });
  assert.equal(code, 2);
  assert.match(stderr, /MAIL_URL: must be set when PUBLIC_BOOKING is/);
  const closed = await startStack({ env: mail.settings });
  try {
    assert.equal(assertStatus(await closed.stranger().get('/booking/sign-in'), 200).guests, false);
    const body = { start: closed.slot(0) };
    assertProblem(await closed.stranger().post('/booking/hold', body), 401, 'unauthenticated');
    assertProblem(await closed.stranger().get('/booking/availability'), 401, 'unauthenticated');
  } finally {
    await closed.stop();
  }
});

test('a code that is good once a person is good once for a guest, whichever way it was given', async () => {
  const code = { code: 'ONCE', kind: 'percent', value: 50, per_user: 1 };
  assertStatus(await stack.coach().post(`/coach/${COACH}/promo-codes`, code), 201);
  const email = 'once@client.test';
  const priced = async (withHold, withConfirm) => {
    const { held, guest } = await hold(stranger(), { session_type: 'priced', promo_code: withHold });
    const proof = await codeFor(guest, email);
    return { held, guest, reply: await guest.confirm({ email, code: proof, promo_code: withConfirm }) };
  };
  const first = await priced('once');
  const { id, price, user_id } = assertStatus(first.reply, 200);
  assert.equal(price.amount, 4000);
  assert.deepEqual(stack.database.rows(`SELECT user_id, n FROM promo_use WHERE appointment_id = '${id}'`), [
    { user_id, n: 1 },
  ]);
  const again = await priced('ONCE');
  assertProblem(again.reply, 422, 'promo_code_invalid', 'promo_code');
  assertProblem((await priced(undefined, 'ONCE')).reply, 422, 'promo_code_invalid', 'promo_code');
  // Given back it is good once more, for the hold that waits as well; a confirmation that was refused for something else
  // takes no further use.
  assertStatus(await first.guest.put(`/booking/${id}/cancel`), 200);
  assertProblem(
    await again.guest.confirm({ email, promo_code: 'OTHER' }),
    422,
    'promo_code_invalid',
    'promo_code',
  );
  assertStatus(await again.guest.confirm({ email, promo_code: 'ONCE' }), 200);
  assertStatus((await priced()).reply, 200);
  assert.deepEqual(stack.database.rows('SELECT * FROM credit_faults()'), []);
});

test('whoever tries codes has ten a day, as a guest from one network, too', async () => {
  const right = { code: 'RIGHT-ONE', kind: 'free' };
  assertStatus(await stack.coach().post(`/coach/${COACH}/promo-codes`, right), 201);
  const from = stranger();
  const start = stack.slot(hour++);
  const attempt = (promo_code, coach) =>
    from.post('/booking/hold', { start, session_type: 'priced', promo_code, coach });
  for (let i = 0; i < 10; i++)
    assertProblem(
      await attempt(`GUESS-${i}`, i % 2 ? 'any' : undefined),
      422,
      'promo_code_invalid',
      'promo_code',
    );
  for (const coach of ['any', undefined])
    assertProblem(await attempt(right.code, coach), 429, 'rate_limited');
  assertStatus(await askHold(stranger(), { session_type: 'priced', promo_code: right.code }), 201);
  assertStatus(await from.post('/booking/hold', { start, session_type: 'priced' }), 201);
});
