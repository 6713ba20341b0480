// Few credits left, credits that end within a week: told once, in the page and by mail, and as events.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack, mail, coach;
before(async () => {
  const document = openSchedule();
  document.session_types[0] = { ...document.session_types[0], meeting: 'none', price: { credits: 1 } };
  stack = await startStack({ document, mail: true, env: { PUBLIC_URL: 'https://book.test' } });
  mail = stack.mail;
  coach = stack.coach();
});
after(() => stack?.stop());

let hour = 0;
const book = async (client, more) =>
  assertStatus(
    await client.post('/booking/create', {
      start: stack.slot((hour += 2)),
      time_zone: 'Europe/Paris',
      ...more,
    }),
    201,
  );
const grant = async (user_id, amount, expires_at) =>
  assertStatus(await coach.post('/coach/damian/credits', { user_id, amount, expires_at }), 201);
const mails = (user, pattern) =>
  mail.to(`${user}@client.test`).filter(({ subject }) => pattern.test(subject));
const inApp = async (client) =>
  assertStatus(await client.get('/booking/user/me/notices'), 200)
    .notices.map(({ kind }) => kind)
    .filter((kind) => kind.startsWith('credits'));
/** What the keeper does every few seconds, done now and twice. */
const announce = () => stack.database.run('SELECT announce_credits(true); SELECT announce_credits(true)');

test('a package of several that is down to one is told, once', async () => {
  const ann = stack.client('ann');
  await grant('ann', 3);
  const first = await book(ann, { locale: 'en' });
  announce();
  assert.deepEqual(await inApp(ann), []);
  await book(ann);
  announce();
  await until('the mail', () => mails('ann', /^Few credits left/).length > 0);
  const [told] = mails('ann', /^Few credits left/);
  assert.match(told.text, /You have 1 credit left\./);
  assert.doesNotMatch(told.text, /Video call/);
  assertStatus(await ann.put(`/booking/${first.id}/cancel`), 200);
  await book(ann);
  announce();
  assert.deepEqual(await inApp(ann), ['credits_low']);
  assert.equal(mails('ann', /^Few credits left/).length, 1);
});

test('what ends within a week is told once for each end, also in French; a spent package is not', async () => {
  const bob = stack.client('bob');
  const { id } = await grant('bob', 9, stack.slot(24 * 30));
  await book(bob, { locale: 'fr' });
  announce();
  assert.deepEqual(await inApp(bob), []);
  stack.database.run(`UPDATE credit_grant SET usable_until = now() + interval '6 days' WHERE id = '${id}'`);
  // Whoever has used theirs up has nothing that could end.
  const eve = stack.client('eve');
  const spent = await grant('eve', 1, stack.slot(24 * 30));
  await book(eve);
  stack.database.run(`UPDATE credit_grant SET usable_until = now() + interval '6 days',
    created_at = now() - interval '30 days' WHERE id IN ('${spent.id}', '${id}')`);
  announce();
  await until('the mail', () => mails('bob', /expirent bientôt/).length > 0);
  assert.match(mails('bob', /expirent bientôt/)[0].text, /Il vous reste 8 crédits\.\s+Une partie expire/);
  assert.deepEqual(await inApp(bob), ['credits_ending']);
  assert.deepEqual(await inApp(eve), []);
});

test('every change is an event, without more about the person than who it is', async () => {
  const zoe = stack.client('zoe');
  const { id } = await grant('zoe', 2);
  const booked = await book(zoe);
  assertStatus(await zoe.put(`/booking/${booked.id}/cancel`), 200);
  const changes = () =>
    stack.database
      .rows(`SELECT body FROM event WHERE type = 'credits.changed' AND user_id = 'zoe' ORDER BY serial`)
      .map(({ body }) => body);
  const common = { coach: 'damian', user_id: 'zoe', grant_id: id };
  assert.deepEqual(changes(), [
    { ...common, appointment_id: null, delta: 2, reason: 'granted', balance: 2 },
    { ...common, appointment_id: booked.id, delta: -1, reason: 'booked', balance: 1 },
    { ...common, appointment_id: booked.id, delta: 1, reason: 'returned', balance: 2 },
  ]);
  assertStatus(await zoe.delete('/booking/user/me'), 200);
  assert.deepEqual(changes(), []);
  assert.equal(
    stack.database.value(`SELECT count(*)::integer FROM event WHERE body ->> 'user_id' = 'zoe'`),
    0,
  );
});
