// Signing in by mail, manage links, and what a scanner of mails can do with either: nothing.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { COACH, openSchedule, startStack, until } from '../harness/stack.mjs';

let stack, mail;
let count = 0;

before(async () => {
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  document.session_types.push({
    id: 'asked',
    name: 'Asked',
    durations: [60],
    meeting: 'none',
    approval: true,
  });
  stack = await startStack({
    mail: true,
    env: {
      PUBLIC_URL: 'https://book.test',
      ADMIN_EMAILS: 'Boss@coach.test, other@coach.test',
    },
    document,
  });
  mail = stack.mail;
});
afterEach(() => mail.heal());
after(() => stack?.stop());

const address = () => `ann-${++count}@client.test`;
const tokenOf = ({ text }) => /#sign-in=([\w-]+)/.exec(text)[1];
const ask = async (email, more = {}) =>
  assertStatus(await stack.stranger().post('/booking/sign-in', { email, ...more }), 202);
const verify = (body) => stack.stranger().post('/booking/sign-in/verify', body);
const as = (token) => new Client(stack.daemon.url, { token });
/** Asks for a code and waits for its mail. */
async function asked(email, more) {
  const { reply, code, mail: told } = await mail.codeAfter(email, () => ask(email, more));
  assert.equal(reply.sent, true);
  return { nonce: reply.nonce, code, token: tokenOf(told), mail: told };
}
const signIn = async (email, more) => {
  const { nonce, code } = await asked(email, more);
  return assertStatus(await verify({ email, code, nonce }), 200);
};

test('a code signs in; the session books, is listed, and ends when its owner says so', async () => {
  const email = address();
  const signed = await signIn(email);
  assert.deepEqual([signed.role, signed.coach, signed.email], ['user', null, email]);
  const days = (Date.parse(signed.expires_at) - Date.now()) / 86_400_000;
  assert.ok(days > 29.9 && days < 30.1);
  const client = as(signed.token);
  const made = assertStatus(await client.post('/booking/create', { start: stack.slot(count) }), 201);
  assert.deepEqual([made.user_id, made.email], [signed.user_id, email]);
  assert.deepEqual(assertStatus(await client.get('/session'), 200), {
    user_id: signed.user_id,
    role: 'user',
    coach: null,
    email,
    appointment_id: null,
    expires_at: signed.expires_at,
  });
  // Again, elsewhere: the same person.
  const other = await signIn(email.toUpperCase());
  assert.equal(other.user_id, signed.user_id);
  const { sessions } = assertStatus(await client.get('/booking/user/me/sessions'), 200);
  assert.deepEqual(sessions.map(({ current }) => current).sort(), [false, true]);
  const there = sessions.find(({ current }) => !current);
  assertStatus(await client.delete(`/booking/user/me/sessions/${there.id}`), 204);
  assertProblem(await as(other.token).get('/session'), 401, 'unauthenticated');
  assertStatus(await client.delete('/session'), 204);
  assertProblem(await client.get('/session'), 401, 'unauthenticated');
  assert.ok(!stack.database.dump().includes(signed.token), 'the token rests nowhere');
});

test('a code is good once, in the browser that asked, for five tries, the newest only', async () => {
  const email = address();
  const { nonce, code } = await asked(email);
  const wrong = code === '000000' ? '000001' : '000000';
  const { nonce: elsewhere } = await ask(address());
  assertProblem(await verify({ email, code, nonce: elsewhere }), 401, 'wrong_code');
  assertProblem(await verify({ email, code, nonce: 'guessed' }), 401, 'wrong_code');
  assertProblem(await verify({ email: 'someone@else.test', code, nonce }), 401, 'wrong_code');
  for (let i = 0; i < 3; i++) assertProblem(await verify({ email, code: wrong, nonce }), 401, 'wrong_code');
  const shown = `${code.slice(0, 3)} ${code.slice(3)}`;
  assertStatus(await verify({ email, code: shown, nonce }), 200);
  assertProblem(await verify({ email, code, nonce }), 410, 'code_expired');

  const many = await asked(email);
  for (let i = 0; i < 5; i++)
    assertProblem(await verify({ email, code: wrong, nonce: many.nonce }), 401, 'wrong_code');
  assertProblem(await verify({ email, code: many.code, nonce: many.nonce }), 410, 'code_expired');

  const old = await asked(email);
  const newest = await asked(email);
  assertProblem(await verify({ email, code: old.code, nonce: old.nonce }), 410, 'code_expired');
  stack.database.run(`update bookingd.action_token set expires_at = now() where email = '${email}'`);
  assertProblem(await verify({ email, code: newest.code, nonce: newest.nonce }), 410, 'code_expired');
});

test('the link completes with the nonce; without it nothing happens and nothing is used up', async () => {
  const email = address();
  const { nonce, token, code } = await asked(email);
  // A scanner of mails opens the link, runs scripts and presses buttons: it has no nonce.
  for (let i = 0; i < 20; i++) {
    await stack.stranger().get(`/booking/?x=${token}`);
    assertProblem(await verify({ token, nonce: `scanner-${i}` }), 401, 'wrong_code');
    assertProblem(await verify({ email, code, nonce: `scanner-${i}` }), 401, 'wrong_code');
  }
  assertStatus(await verify({ token, nonce }), 200);
});

test('whoever it is, the answer is alike; on the coach’s page only coaches and admins get mail', async () => {
  const nobody = address();
  const [one, two] = [
    await ask(nobody, { page: 'coach' }),
    await ask('coach@example.com', { page: 'coach' }),
  ];
  assert.deepEqual(Object.keys(one), Object.keys(two));
  await until('the coach’s mail', () => mail.codesTo('coach@example.com').length);
  assert.equal(mail.to(nobody).length, 0);
  const coach = await signIn('Coach@Example.com', { page: 'coach' });
  assert.deepEqual([coach.role, coach.coach], ['coach', COACH]);
  assertStatus(await as(coach.token).get(`/coach/${COACH}/appointments`), 200);
  const admin = await signIn('boss@coach.test', { page: 'coach' });
  assert.deepEqual([admin.role, admin.coach], ['admin', null]);
  assertStatus(await as(admin.token).get(`/coach/${COACH}/appointments`), 200);
});

test('an address gets five codes in ten minutes and no more, and nobody can tell', async () => {
  const email = address();
  for (let i = 0; i < 5; i++) await asked(email);
  for (let i = 0; i < 3; i++) await ask(email);
  const later = address();
  await asked(later); // what was asked for after those has arrived
  assert.equal(mail.to(email).length, 5);
});

test('an address is mailed twenty codes a day at most', () => {
  const asked = (count) =>
    stack.database.run(`set search_path = bookingd, public;
      insert into action_token (hash, purpose, email, created_at, expires_at)
      select sha256(('${count}' || n)::bytea), 'sign_in', 'many-${count}@client.test', now() - interval '3 hours', now()
      from generate_series(1, ${count}) n;
      select begin_sign_in('many-${count}@client.test', 'booking', sha256('a${count}'), sha256('b'), sha256('c'), 600, null)`);
  assert.deepEqual([asked(19).trim(), asked(20).trim()], ['t', 'f']);
});

test('on the coach’s page nobody can tell by a code’s end whether the address is somebody’s', async () => {
  const fares = async (email) => {
    const { nonce } = await ask(email, { page: 'coach' });
    const ends = [];
    for (let i = 0; i < 6; i++) ends.push((await verify({ email, code: 'no code', nonce })).body.code);
    return ends;
  };
  assert.deepEqual(await fares(address()), await fares('other@coach.test'));
});

test('codes asked for at once: one of them is good', async () => {
  const email = address();
  const lock = stack.database.session();
  const waiting = () =>
    stack.database.rows(`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%begin_sign_in%'`)
      .length;
  try {
    lock.send('begin; lock table bookingd.action_token in share row exclusive mode;');
    await until('the lock', () => stack.database.locks("mode = 'ShareRowExclusiveLock' and granted"));
    const asks = Array.from({ length: 4 }, () => ask(email));
    await until('two to wait for it', () => waiting() >= 2);
    lock.send('commit;');
    await Promise.all(asks);
  } finally {
    lock.close();
  }
  const good = `select from bookingd.action_token where email = '${email}' and expires_at > now()`;
  assert.equal(stack.database.rows(good).length, 1);
});

test('after fifty wrong tries in a day only the mail’s link signs in', async () => {
  const email = address();
  await asked(email);
  stack.database.run(`update bookingd.action_token set tries = 50, created_at = now() - interval '23 hours'
    where email = '${email}'`);
  const { nonce, code, token } = await asked(email);
  assertProblem(await verify({ email, code, nonce }), 410, 'code_expired');
  assertStatus(await verify({ token, nonce }), 200);
  // Next day codes are good again.
  stack.database.run(`update bookingd.action_token set created_at = now() - interval '25 hours'
    where email = '${email}' and tries = 50`);
  const next = await asked(email);
  assertStatus(await verify({ email, code: next.code, nonce: next.nonce }), 200);
});

test('codes speak the reader’s language, and come although ordinary mail waits', async () => {
  const { mail: told } = await asked(address(), { locale: 'fr' });
  assert.match(told.subject, /^Votre code/);
  assert.equal(told.headers['content-language'], 'fr');
});

test('what is no address, no page or both ways at once is refused', async () => {
  const post = (path, body) => stack.stranger().post(path, body);
  assertProblem(await post('/booking/sign-in', { email: 'nobody' }), 422, 'invalid_field', 'email');
  assertProblem(
    await post('/booking/sign-in', { email: 'a@b.test', page: 'admin' }),
    422,
    'invalid_field',
    'page',
  );
  assertProblem(await post('/booking/sign-in', {}), 422, 'invalid_field', 'email');
  assertProblem(
    await verify({ email: 'a@b.test', code: '123456', token: 'x', nonce: 'n' }),
    422,
    'invalid_field',
    'email',
  );
  assertProblem(await as('bks_nonsense').get('/session'), 401, 'unauthenticated');
});

test('the platform’s user is the same person by mail, whichever came first', async () => {
  const email = `user-${++count}@client.test`;
  const byMail = await signIn(email);
  const made = assertStatus(
    await as(byMail.token).post('/booking/create', { start: stack.slot(count) }),
    201,
  );
  const platform = stack.client(`user-${count}`); // its token carries that address
  const { appointments } = assertStatus(await platform.get('/booking/user/me'), 200);
  assert.deepEqual(
    appointments.map(({ id }) => id),
    [made.id],
  );
  assert.equal((await signIn(email)).user_id, `user-${count}`);
  // An address that the platform does not vouch for is nobody's.
  const other = address();
  await stack.client('mallory', { email: other, email_verified: false }).get('/booking/user/me');
  assert.match((await signIn(other)).user_id, /^mail:/);
});

/** Somebody who has signed in by mail asks for a session, holds a time and waits for one that is taken. */
async function begunByMail(name) {
  const byMail = await signIn(`${name}@client.test`);
  const client = as(byMail.token);
  const [asked, held, taken] = [0, 2, 4].map((hours) => stack.slot(100 + 6 * count++ + hours));
  const request = await client.post('/booking/create', { start: asked, session_type: 'asked', name: 'Gina' });
  assertStatus(await stack.client(`${name}-other`).post('/booking/create', { start: taken }), 201);
  const wait = { from: taken, to: later(taken, 1), session_type: 'coaching' };
  return {
    byMail,
    client,
    request: assertStatus(request, 201),
    hold: assertStatus(await client.post('/booking/hold', { start: held }), 201),
    wait: assertStatus(await client.post('/booking/waitlist', wait), 201),
  };
}
const waits = async (who) =>
  assertStatus(await who.get('/booking/waitlist'), 200).waitlist.map(({ id }) => id);
const books = async (who) =>
  assertStatus(await who.get('/booking/user/me?status=all'), 200)
    .appointments.map(({ id }) => id)
    .sort();

test('a request, a hold and a place in line go on as the platform’s user’s', async () => {
  const { client, request, hold, wait } = await begunByMail('gina');
  const platform = stack.client('gina'); // its token carries that address
  for (const who of [platform, client]) {
    await until(
      'the session to be the user’s',
      async () => (await who.get('/session')).body.user_id === 'gina',
    );
    assertStatus(await who.get(`/booking/${request.id}`), 200);
    assert.ok((await books(who)).includes(request.id));
    assert.deepEqual(await waits(who), [wait.id]);
  }
  // What they were filling in they finish, whichever way they came in.
  assertStatus(await client.put(`/booking/${hold.id}/confirm`, {}), 200);
  assertStatus(await stack.coach().put(`/booking/${request.id}/approve`, {}), 200);
  assert.deepEqual(await books(platform), [request.id, hold.id].sort());
  assertStatus(await platform.delete('/booking/user/me'), 200);
  assert.ok(!stack.database.dump().includes('gina@client.test'));
});

test('of two holds of one person the user’s own stays, and the other time is free again', async () => {
  const platform = stack.client('gwen', { email: 'gwen@elsewhere.test' });
  const own = assertStatus(await platform.post('/booking/hold', { start: stack.slot(300) }), 201);
  const { hold } = await begunByMail('gwen');
  await stack.client('gwen').get('/booking/user/me');
  assertStatus(await platform.put(`/booking/${own.id}/confirm`, {}), 200);
  assertProblem(await platform.put(`/booking/${hold.id}/confirm`, {}), 410, 'hold_expired');
  assertStatus(await stack.client('gus').post('/booking/create', { start: hold.start }), 201);
});

test('a hold of theirs that ran out is in nobody’s way', async () => {
  const platform = stack.client('gabi', { email: 'gabi@elsewhere.test' });
  const old = assertStatus(await platform.post('/booking/hold', { start: stack.slot(302) }), 201);
  stack.database.run(`update bookingd.appointment set hold_expires_at = now() where id = '${old.id}'`);
  const { hold } = await begunByMail('gabi');
  assertStatus(await stack.client('gabi').put(`/booking/${hold.id}/confirm`, {}), 200);
});

test('who waits under both names has one place in line, the earlier, and who waits for more keeps that', async () => {
  const platform = stack.client('gil', { email: 'gil@elsewhere.test' });
  const { client, wait } = await begunByMail('gil');
  const { from, to } = wait;
  const join = async (who, more = {}) =>
    assertStatus(await who.post('/booking/waitlist', { from, to, session_type: 'coaching', ...more }), 201);
  const again = await join(platform);
  const longer = await join(platform, { to: later(to, 24) });
  const later_ = { from: later(from, 48), to: later(from, 72) };
  const first = await join(platform, later_);
  const second = await join(client, later_);
  await stack.client('gil').get('/booking/user/me');
  const { waitlist } = assertStatus(await platform.get('/booking/waitlist'), 200);
  const states = Object.fromEntries(waitlist.map(({ id, state }) => [id, state]));
  assert.deepEqual(states, {
    [wait.id]: 'waiting',
    [again.id]: 'left',
    [longer.id]: 'waiting',
    [first.id]: 'waiting',
    [second.id]: 'left',
  });
});

test('a key that was used by mail replays its reply to the platform’s user', async () => {
  const { token } = await signIn('gala@client.test');
  const start = stack.slot(320);
  const hold = (who) => who.post('/booking/hold', { start }, { 'idempotency-key': 'gala-1' });
  const held = assertStatus(await hold(as(token)), 201);
  const platform = stack.client('gala');
  await platform.get('/booking/user/me');
  const again = await hold(platform);
  assert.equal(again.status, 201);
  assert.equal(again.headers['idempotent-replayed'], 'true');
  assert.equal(again.body.id, held.id);
});

test('the limits of a day are one person’s, whichever way they come in', async () => {
  const email = address();
  const byMail = as((await signIn(email)).token);
  const guess = (client, n) =>
    client.post('/booking/create', { start: stack.slot(300), promo_code: `guess-${n}` });
  for (let n = 0; n < 10; n++) assertProblem(await guess(byMail, n), 422, 'promo_code_invalid', 'promo_code');
  assertProblem(await guess(byMail, 10), 429, 'rate_limited');
  assertProblem(await guess(stack.client('met-late', { email }), 11), 429, 'rate_limited');
});

test('what a session that was not told of it yet did by mail is found later, and erased', async () => {
  const platform = stack.client('gerd');
  await platform.get('/booking/user/me');
  const { byMail } = await begunByMail('gerd');
  assert.equal(byMail.user_id, 'gerd');
  // As if it had still been somebody else's.
  const former = stack.database.value("select bookingd.person_of_address('gerd@client.test')");
  const left = (start, name) => {
    const { id } = start;
    stack.database.run(
      `update bookingd.appointment set user_id = '${former}', name = '${name}' where id = '${id}'`,
    );
    return id;
  };
  const make = async (hours) =>
    assertStatus(await platform.post('/booking/create', { start: stack.slot(hours) }), 201);
  const found = left(await make(310), 'Gerd');
  assert.ok((await books(stack.client('gerd', { name: 'Gerd' }))).includes(found)); // another token, so read afresh
  left(await make(312), 'Gerd Forgotten');
  assertStatus(await platform.delete('/booking/user/me'), 200);
  assert.ok(!stack.database.dump().includes('Gerd Forgotten'));
});

test('erased and met at once, somebody is both, whoever has to wait', async () => {
  const { database } = stack;
  for (const first of ['erase', 'meet']) {
    const user = `greta-${first}`; // before mail:… in the order of locks
    const email = `${user}@client.test`;
    const { user_id: former } = await signIn(email);
    await stack.client(user).get('/booking/user/me');
    // A request that was on its way when the two became one has come after it.
    const made = assertStatus(
      await stack.client(user).post('/booking/create', { start: stack.slot(340 + 2 * count++) }),
      201,
    );
    database.run(`update bookingd.appointment set user_id = '${former}' where id = '${made.id}';
      create table if not exists public.told (what text);`);
    const sessions = [];
    const run = (sql) => {
      const session = database.session();
      sessions.push(session);
      session.send(`set search_path = bookingd, public; ${sql}`);
    };
    const note = (what, call) =>
      run(`do $$ begin perform ${call}; insert into public.told values ('${user} ${what}');
        exception when deadlock_detected then insert into public.told values ('${user} deadlock'); end $$;`);
    const calls = {
      erase: () =>
        note('erase', `erase_user('${user}', 'client', make_actor('${user}', 'user', null), 'gone-${user}')`),
      meet: () => note('meet', `meet_user('${user}', '${email}')`),
    };
    const waiting = (n) =>
      until(`${n} to wait`, () => database.locks(`locktype = 'advisory' and not granted`) === n);
    run(`begin; select lock_client('${user}');`);
    await until('the lock', () => database.locks(`locktype = 'advisory' and classid = 1651469163`) > 0);
    calls[first]();
    await waiting(1);
    calls[first === 'erase' ? 'meet' : 'erase']();
    await until('both to wait', () =>
      database.value(`select count(*) = 2 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like 'do $$%${user}%'`),
    );
    sessions[0].send('commit;');
    const told = () =>
      database
        .rows(`select what from public.told where what like '${user} %' order by 1`)
        .map((row) => row.what);
    await until('both to be done', () => told().length === 2);
    assert.deepEqual(told(), [`${user} erase`, `${user} meet`]);
    for (const session of sessions) session.close();
  }
});

test('a manage link opens its appointment, moves and cancels it, and nothing else', async () => {
  const email = address();
  const client = as((await signIn(email)).token);
  const made = assertStatus(await client.post('/booking/create', { start: stack.slot(count) }), 201);
  const told = await until('the mail', () =>
    mail.to(email).find(({ subject }) => subject.startsWith('Booked')),
  );
  const manage = /#manage=([\w-]+)/.exec(told.text)[1];
  assert.ok(!stack.database.dump().includes(manage));
  const session = assertStatus(await stack.stranger().post('/booking/session', { manage }), 200);
  assert.equal(session.appointment_id, made.id);
  const minutes = (Date.parse(session.expires_at) - Date.now()) / 60_000;
  assert.ok(minutes > 14 && minutes <= 15.1);
  const guest = as(session.token);
  assert.equal(assertStatus(await guest.get(`/booking/${made.id}`), 200).id, made.id);
  assertStatus(await guest.get(`/booking/availability?rescheduling=${made.id}`), 200);
  assertStatus(await guest.get(`/booking/${made.id}/calendar.ics`), 200);
  assert.equal(assertStatus(await guest.get('/session'), 200).appointment_id, made.id);
  for (const [method, path, body] of [
    ['GET', '/booking/user/me'],
    ['GET', '/booking/user/me/export'],
    ['DELETE', '/booking/user/me'],
    ['GET', '/booking/user/me/sessions'],
    ['PUT', '/booking/user/me/preferences', { reminders: false }],
    ['POST', '/booking/create', { start: stack.slot(count + 50) }],
    ['POST', '/booking/hold', { start: stack.slot(count + 50) }],
    ['GET', `/coach/${COACH}/appointments`],
  ])
    assertProblem(await guest.request(method, path, body), 403, 'forbidden');
  const other = assertStatus(await client.post('/booking/create', { start: stack.slot(count + 60) }), 201);
  assertProblem(await guest.get(`/booking/${other.id}`), 403, 'forbidden');
  assertProblem(await guest.get(`/booking/availability?rescheduling=${other.id}`), 403, 'forbidden');
  assertStatus(await guest.put(`/booking/${made.id}/reschedule`, { start: stack.slot(count + 70) }), 200);
  assertStatus(await guest.put(`/booking/${made.id}/cancel`), 200);
  // A day after the end it is over.
  stack.database.run(`update bookingd.appointment set starts_at = now() - interval '26 hours', ends_at = now() - interval '25 hours',
    blocked_from = now() - interval '26 hours', blocked_to = now() - interval '25 hours' where id = '${made.id}'`);
  assertProblem(await stack.stranger().post('/booking/session', { manage }), 410, 'code_expired');
  assertProblem(
    await stack.stranger().post('/booking/session', { manage: 'x'.repeat(43) }),
    410,
    'code_expired',
  );
});

test('erasure ends sessions and links', async () => {
  const email = address();
  const { token } = await signIn(email);
  assertStatus(await as(token).post('/booking/create', { start: stack.slot(count) }), 201);
  assertStatus(await as(token).delete('/booking/user/me'), 200);
  assertProblem(await as(token).get('/session'), 401, 'unauthenticated');
  await until('nothing of the address to be left', () => !stack.database.dump().includes(email));
});

test('codes go to a hundred addresses a day from one network', async () => {
  const email = address();
  await ask(email);
  stack.database.run(`insert into bookingd.client_use (client, kind, about)
    select client, 'code', sha256(n::text::bytea)
    from (select distinct client from bookingd.client_use where client = any (
            select client from bookingd.client_use where about = sha256('${email}'::bytea))) one, generate_series(1, 100) n`);
  const other = await stack.stranger().post('/booking/sign-in', { email: address() });
  assertProblem(other, 429, 'rate_limited');
  stack.database.run("delete from bookingd.client_use where kind = 'code'");
  await ask(address());
});

test('who signs in with the address of several coaches is all of them, and no other', async () => {
  const session_types = [{ id: 'talk', name: 'Talk', durations: [60] }];
  for (const id of ['aaron', 'other', 'second'])
    assertStatus(await stack.admin().put(`/coach/${id}/schedule`, { ...openSchedule(), session_types }), 201);
  stack.database.run(`update bookingd.coach set email = case id when 'other' then 'else@coach.test' else 'Two@Coach.test' end
    where id in ('aaron', 'other', 'second')`);
  const two = await signIn('two@coach.test', { page: 'coach' });
  assert.deepEqual([two.role, two.coach], ['coach', 'aaron']);
  const person = as(two.token);
  for (let again = 0; again < 2; again++) {
    const me = assertStatus(await person.get('/coach/me'), 200);
    assert.deepEqual([me.role, me.coach, me.coaches], ['coach', 'aaron', ['aaron', 'second']]);
    for (const id of me.coaches) assertStatus(await person.get(`/coach/${id}/appointments`), 200);
    for (const id of ['other', COACH, 'aaron%20second', 'sec'])
      assert.notEqual((await person.get(`/coach/${id}/appointments`)).status, 200, id);
  }
  const now = assertStatus(await person.get('/session'), 200);
  assert.deepEqual([now.role, now.coach, now.email], ['coach', 'aaron', 'two@coach.test']);
  const start = stack.slot(40);
  const { id } = assertStatus(
    await stack.client('of-second').post('/booking/create', { coach: 'second', start }),
    201,
  );
  assertStatus(await person.put(`/booking/${id}/cancel`, {}), 200);
  assertProblem(await person.put('/coach/other/schedule', openSchedule()), 403, 'forbidden');
  stack.database.run("update bookingd.coach set email = 'else@coach.test' where id = 'second'");
  const one = await signIn('two@coach.test', { page: 'coach' });
  assert.deepEqual(assertStatus(await as(one.token).get('/coach/me'), 200).coaches, ['aaron']);
});

test('whose address is an admin’s or a coach’s no more is a client, with the session they have', async () => {
  const email = (id, to) =>
    stack.database.run(`update bookingd.coach set email = '${to}' where id = '${id}'`);
  const session_types = [{ id: 'talk', name: 'Talk', durations: [60] }];
  for (const id of ['left', 'stays'])
    assertStatus(await stack.admin().put(`/coach/${id}/schedule`, { ...openSchedule(), session_types }), 201);
  email('left', 'Gone@Coach.test');
  email('stays', 'gone@coach.test');
  const boss = as((await signIn('boss@coach.test', { page: 'coach' })).token);
  const gone = as((await signIn('gone@coach.test', { page: 'coach' })).token);
  const gone_too = as((await signIn('gone@coach.test', { page: 'coach' })).token);
  const who = async (person) => {
    const { role, coach } = assertStatus(await person.get('/session'), 200);
    const coaches = [];
    for (const id of ['left', 'stays'])
      if ((await person.get(`/coach/${id}/appointments`)).status === 200) coaches.push(id);
    return [role, coach, coaches.join(' ')];
  };
  assert.deepEqual(await who(boss), ['admin', null, 'left stays']);
  assert.deepEqual(await who(gone), ['coach', 'left', 'left stays']);
  email('left', 'next@coach.test');
  await stack.daemon.stop(); // whom it remembers it forgets by itself within half a minute
  await stack.daemon.restart({ env: { ADMIN_EMAILS: 'other@coach.test' } });
  assert.deepEqual(await who(boss), ['user', null, '']);
  assert.deepEqual(await who(gone), ['coach', 'stays', 'stays']);
  email('stays', 'next@coach.test');
  assert.deepEqual(await who(gone_too), ['user', null, '']);
  assertStatus(await gone_too.get('/booking/user/me'), 200);
});
