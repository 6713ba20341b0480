// While codes can be mailed, a client has others invited only to addresses that they proved to read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { COACH, openSchedule, startStack } from '../harness/stack.mjs';

let stack, mail;
let hour = 0;
before(async () => {
  stack = await startStack({
    mail: true,
    env: {
      PUBLIC_URL: 'https://book.test',
      AUTH_SESSION_QUERY: `select $1 as user_id, $1 || '@client.test' as email,
        case $1 when 'vouched' then 'true' when 'since' then '2026-01-31 08:00' when 'never' then null
                when 'empty' then '' else $1 end as email_verified`,
    },
    document: openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
  });
  mail = stack.mail;
});
after(() => stack?.stop());

const create = (client, fields = {}) =>
  client.post('/booking/create', { start: stack.slot(hour++), ...fields });
const hold = async (client) =>
  assertStatus(await client.post('/booking/hold', { start: stack.slot(hour++) }), 201);
/** Has a code mailed by `ask` and waits for it. */
const mailed = (email, ask) =>
  mail.codeAfter(email, async () => assert.deepEqual(assertStatus(await ask(), 202), { sent: true }));
const forHold = (client, id, email) =>
  mailed(email, () => client.post(`/booking/${id}/verify`, { email, locale: 'en' }));
const forUser = (client, email) =>
  mailed(email, () => client.post('/booking/user/me/addresses', { email, locale: 'en' }));

test('a foreign address is refused until the code that was mailed to it comes along', async () => {
  const ann = stack.client('ann');
  const email = 'Wife@Other.test';
  const refused = await create(ann, { email });
  assertProblem(refused, 403, 'address_not_verified', 'email');
  assert.match(refused.body.detail, /enter the code/);
  const held = await hold(ann);
  const confirm = (body) => ann.put(`/booking/${held.id}/confirm`, body);
  assertProblem(await confirm({ email }), 403, 'address_not_verified', 'email');
  assertProblem(await confirm({ email, code: '123456' }), 401, 'wrong_code');
  const { code, mail: letter } = await forHold(ann, held.id, email);
  assert.match(letter.text, /Somebody is booking a session and gave this address/);
  assert.doesNotMatch(letter.text, /http|ann/i, 'nothing that the asker chose, and no link');
  assertProblem(await confirm({ email: 'other@other.test', code }), 401, 'wrong_code');
  const shown = `${code.slice(0, 3)} ${code.slice(3)}`;
  assert.equal(assertStatus(await confirm({ email, code: shown }), 200).email, email);
  // It stays theirs, with and without the code, and nobody else's.
  assertStatus(await create(ann, { email: email.toUpperCase() }), 201);
  assertStatus(await create(ann, { email, code }), 201);
  assertProblem(await create(stack.client('bob'), { email }), 403, 'address_not_verified', 'email');
  assertProblem(await create(stack.client('bob'), { email, code }), 401, 'wrong_code');
});

test('it can be proved before booking; one’s own needs no code; series heed it too', async () => {
  const cat = stack.client('cat');
  assertStatus(await create(cat), 201);
  assertStatus(await create(cat, { email: 'CAT@client.test' }), 201);
  const series = (more) =>
    cat.post('/booking/series', { start: stack.slot(hour), count: 2, on_conflict: 'refuse', ...more });
  assertProblem(await series({ email: 'cats@other.test' }), 403, 'address_not_verified', 'email');
  const { code } = await forUser(cat, 'cats@other.test');
  assertProblem(await series({ email: 'cats@other.test', code: '12' }), 401, 'wrong_code');
  assertStatus(await series({ email: 'cats@other.test', code }), 201);
  hour++;
});

test('whoever signs in with an address by mail has proved it', async () => {
  const email = 'dan@other.test';
  const { reply: asked, code } = await mail.codeAfter(email, async () =>
    assertStatus(await stack.stranger().post('/booking/sign-in', { email }), 202),
  );
  const dan = stack.client('dan', { email: 'dan@client.test' });
  // A code to sign in with proves nothing to somebody else's booking.
  assertProblem(await create(dan, { email, code }), 401, 'wrong_code');
  const body = { email, code, nonce: asked.nonce };
  const signed = assertStatus(await stack.stranger().post('/booking/sign-in/verify', body), 200);
  const session = new Client(stack.daemon.url, { token: signed.token });
  assert.equal(assertStatus(await create(session), 201).email, email);
  assertStatus(await create(session, { email }), 201);
  assertProblem(await create(session, { email: 'dan@client.test' }), 403, 'address_not_verified', 'email');
  session.close();
  // And a code that proves an address signs nobody in.
  const proof = await forUser(dan, 'dans@other.test');
  assertProblem(
    await stack
      .stranger()
      .post('/booking/sign-in/verify', { email: 'dans@other.test', code: proof.code, nonce: asked.nonce }),
    410,
    'code_expired',
  );
});

test('an address that the platform does not vouch for is nobody’s own', async () => {
  const eve = stack.client('eve', { email: 'victim@other.test', email_verified: false });
  assertProblem(await create(eve), 403, 'address_not_verified', 'email');
  assertProblem(await create(eve, { email: 'victim@other.test' }), 403, 'address_not_verified', 'email');
  const { code } = await forUser(eve, 'victim@other.test');
  assert.equal(
    assertStatus(await create(eve, { email: 'victim@other.test', code }), 201).email,
    'victim@other.test',
  );
  assertStatus(await create(eve), 201);
  // As some providers write it; and whatever else is said there is no vouching.
  for (const email_verified of [true, 'true'])
    assertStatus(await create(stack.client('eva', { email: 'eva@other.test', email_verified })), 201);
  for (const email_verified of ['false', 0, '', null, {}])
    assertProblem(
      await create(stack.client('evi', { email: 'evi@other.test', email_verified })),
      403,
      'address_not_verified',
      'email',
    );
  for (const [session, status] of [
    ['vouched', 201],
    ['since', 201],
    ...['false', 'False', 'f', '0', 'no', 'N', 'never', 'empty'].map((said) => [said, 403]),
  ]) {
    const client = new Client(stack.daemon.url, { headers: { 'x-session-id': session } });
    assertStatus(await create(client), status);
    client.close();
  }
});

test('coach and admin may use any', async () => {
  for (const client of [stack.coach(), stack.admin()])
    assertStatus(await create(client, { email: 'guest@other.test' }), 201);
  const made = await stack
    .coach()
    .post(`/coach/${COACH}/appointments`, { client: { email: 'new@other.test' }, start: stack.slot(hour++) });
  assertStatus(made, 201);
});

test('five tries, the newest code, ten minutes; and many at once are no more', async () => {
  const fay = stack.client('fay');
  const email = 'fays@other.test';
  const old = await forUser(fay, email);
  const { code } = await forUser(fay, email);
  const wrong = code === '000000' ? '000001' : '000000';
  if (old.code !== code) assertProblem(await create(fay, { email, code: old.code }), 401, 'wrong_code');
  const tries = await Promise.all(Array.from({ length: 12 }, () => create(fay, { email, code: wrong })));
  const counts = countStatuses(tries);
  assert.deepEqual(counts, old.code === code ? { 401: 5, 410: 7 } : { 401: 4, 410: 8 });
  assertProblem(await create(fay, { email, code }), 410, 'code_expired');
  const late = await forUser(fay, email);
  stack.database.run(`update bookingd.action_token set expires_at = now() where email = '${email}'`);
  assertProblem(await create(fay, { email, code: late.code }), 410, 'code_expired');
});

test('nobody has codes mailed to strangers all day long, nor one stranger by many', async () => {
  const gus = stack.client('gus');
  for (let i = 0; i < 10; i++)
    assertStatus(await gus.post('/booking/user/me/addresses', { email: `g${i}@many.test` }), 202);
  const ask = (client, email) => client.post('/booking/user/me/addresses', { email });
  assertProblem(await ask(gus, 'g10@many.test'), 429, 'rate_limited');
  assertStatus(await gus.delete('/booking/user/me'), 200);
  assertProblem(await ask(gus, 'g10@many.test'), 429, 'rate_limited');
  for (let i = 0; i < 9; i++)
    assert.deepEqual(assertStatus(await ask(stack.client(`h${i}`), 'one@many.test'), 202), { sent: true });
  await forUser(stack.client('ivy'), 'last@many.test'); // what was asked for after those has arrived
  assert.equal(mail.codesTo('one@many.test').length, 5);
});

test('a hold of somebody else is none, for the coach as well; a bad address is named', async () => {
  const jim = stack.client('jim');
  const held = await hold(jim);
  for (const client of [stack.client('kim'), stack.coach(), stack.admin()])
    assertProblem(
      await client.post(`/booking/${held.id}/verify`, { email: 'x@other.test' }),
      404,
      'not_found',
    );
  for (const email of ['x', 'x@', 'a@b..c', 'x@other.test\nBcc: y@other.test'])
    assertProblem(await jim.post(`/booking/${held.id}/verify`, { email }), 422, 'invalid_field', 'email');
  assertProblem(await jim.post('/booking/user/kim/addresses', { email: 'x@other.test' }), 403, 'forbidden');
});

test('what somebody proved goes when they are erased', async () => {
  const lea = stack.client('lea');
  const { code } = await forUser(lea, 'leas@other.test');
  assertStatus(await create(lea, { email: 'leas@other.test', code }), 201);
  assertStatus(await lea.delete('/booking/user/me'), 200);
  assert.ok(!stack.database.dump().includes('leas@other.test'));
  assertProblem(await create(lea, { email: 'leas@other.test' }), 403, 'address_not_verified', 'email');
});

test('an address that was proved by code leaves others’ guests as well, unless it is another’s', async () => {
  const [max, host] = [stack.client('max'), stack.client('max-host')];
  const [own, shared, read] = ['max2@other.test', 'nora@client.test', 'both@other.test'];
  for (const email of [own, shared, read]) {
    const { code } = await forUser(max, email);
    assertStatus(await create(max, { email, code }), 201);
  }
  // As a guest whose hold lapsed has left it.
  stack.database.run(`insert into bookingd.proved_address (user_id, email) values ('guest:max', '${own}')`);
  assertStatus(await stack.client('nora').get('/booking/user/me'), 200); // the platform says it is hers
  const { code } = await forUser(stack.client('otto'), read);
  assertStatus(await create(stack.client('otto'), { email: read, code }), 201);
  const invited = assertStatus(await create(host, { guests: [own, shared, read] }), 201);
  assert.deepEqual(invited.guests, [own, shared, read]);
  stack.database.run(`insert into bookingd.mail_suppression (email, reason)
    select a, 'bounced' from unnest(array['${own}', '${shared}', '${read}']) a`);
  assertStatus(await max.delete('/booking/user/me'), 200);
  assert.ok(!stack.database.dump().includes(own));
  assert.deepEqual(assertStatus(await host.get(`/booking/${invited.id}`), 200).guests, [shared, read]);
  const kept = stack.database.rows('select email from bookingd.mail_suppression order by email');
  assert.deepEqual(
    kept.map(({ email }) => email),
    [read, shared],
  );
});
