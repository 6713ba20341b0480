// How many further guests a client may have invited, and what is taken for one. (What they are told: tests/notices/invited.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack;
let count = 0;
const document = {
  ...openSchedule({
    cancel_notice_minutes: 0,
    reschedule_notice_minutes: 0,
    max_active_per_user: null,
  }),
  session_types: [
    { id: 'coaching', name: 'Coaching', durations: [30] },
    { id: 'group', name: 'Group', durations: [30], seats: 4 },
  ],
};
const people = (from, to) => Array.from({ length: to - from }, (_, i) => `p${from + i}@guest.test`);

before(async () => {
  stack = await startStack({ google: 'delegated', document, env: { RATE_LIMIT_BOOK: '0' } });
});
after(() => stack.stop());
const create = (client, guests, more = {}) =>
  client.post('/booking/create', { start: stack.slot(count++), guests, ...more });

test('each guest is kept once, in lower case, without the client', async () => {
  const client = stack.client('ann');
  const made = assertStatus(
    await create(client, [' Ben@Guest.test', 'ben@guest.test ', 'ANN@client.test', 'eve@guest.test']),
    201,
  );
  assert.deepEqual(made.guests, ['ben@guest.test', 'eve@guest.test']);
  assert.deepEqual(assertStatus(await create(client, null), 201).guests, []);
  assert.deepEqual(assertStatus(await create(client, []), 201).guests, []);
  const again = assertStatus(
    await client.put(`/booking/${made.id}/guests`, {
      guests: ['EVE@guest.test', 'ann@client.test', 'ben@guest.test'],
    }),
    200,
  );
  assert.deepEqual(again.guests, ['eve@guest.test', 'ben@guest.test']);
});

test('what is no list of ten addresses is refused, with the place of the fault', async () => {
  const client = stack.client('bea');
  for (const [guests, field] of [
    ['ben@guest.test', 'guests'],
    [{}, 'guests'],
    [people(0, 11), 'guests'],
    [['ben@guest.test', 'ben@guest'], 'guests[1]'],
    [[''], 'guests[0]'],
    [['a@guest.test b@guest.test'], 'guests[0]'],
    [['a@guest.test\r\nBcc: b@guest.test'], 'guests[0]'],
    [['a@client..example'], 'guests[0]'],
    [[{ email: 'a@guest.test' }], 'guests[0]'],
    [[null], 'guests[0]'],
    [[7], 'guests[0]'],
    [[`${'a'.repeat(250)}@guest.test`], 'guests[0]'],
  ]) {
    assertProblem(await create(client, guests), 422, 'invalid_field', field);
  }
  const made = assertStatus(await create(client, people(0, 10)), 201);
  assert.deepEqual(made.guests, people(0, 10));
  assertProblem(await client.put(`/booking/${made.id}/guests`, {}), 422, 'invalid_field', 'guests');
});

test('a session that several clients share has no guests besides', async () => {
  const client = stack.client('joy');
  const asks = { start: stack.slot(count++), session_type: 'group' };
  const guests = ['ben@guest.test'];
  assertProblem(await client.post('/booking/create', { ...asks, guests }), 422, 'invalid_field', 'guests');
  const made = assertStatus(await client.post('/booking/create', asks), 201);
  assertProblem(await client.put(`/booking/${made.id}/guests`, { guests }), 422, 'invalid_field', 'guests');
});

test('a client has twenty addresses invited in a day, whichever way; the coach as many as they like', async () => {
  const client = stack.client('cid');
  assertStatus(await create(client, people(0, 10)), 201);
  const made = assertStatus(await create(client, people(5, 15)), 201);
  assertProblem(await create(client, people(12, 22)), 429, 'rate_limited', 'guests');
  assertProblem(
    await client.put(`/booking/${made.id}/guests`, { guests: people(15, 25) }),
    429,
    'rate_limited',
    'guests',
  );
  assertStatus(await client.put(`/booking/${made.id}/guests`, { guests: people(13, 20) }), 200);
  // The same ones again are no more; cancelling does not give any back.
  assertStatus(await client.put(`/booking/${made.id}/cancel`), 200);
  assertStatus(await create(client, people(0, 10)), 201);
  assertProblem(await create(client, ['new@guest.test']), 429, 'rate_limited', 'guests');
  const held = assertStatus(await client.post('/booking/hold', { start: stack.slot(count++) }), 201);
  assertProblem(
    await client.put(`/booking/${held.id}/confirm`, { guests: ['new@guest.test'] }),
    429,
    'rate_limited',
    'guests',
  );
  assertStatus(await client.put(`/booking/${held.id}/confirm`, { guests: ['p3@guest.test'] }), 200);
  assertStatus(await stack.coach().put(`/booking/${held.id}/guests`, { guests: people(50, 60) }), 200);
  assertStatus(await stack.admin().put(`/booking/${held.id}/guests`, { guests: people(60, 70) }), 200);
});

test('whose own address is not known to be theirs has three invited in a day, that one among them', async () => {
  const client = stack.client('dan', { email: undefined });
  const own = { email: 'dan@elsewhere.test' };
  assertProblem(await create(client, people(0, 3), own), 429, 'rate_limited', 'guests');
  assertStatus(await create(client, people(0, 2), own), 201);
  assertProblem(await create(client, people(2, 3), own), 429, 'rate_limited', 'guests');
});

test('racing, no more than twenty are invited', async () => {
  const client = stack.client('eli');
  const made = await Promise.all(
    Array.from({ length: 12 }, (_, i) => create(client, people(i * 5, i * 5 + 5))),
  );
  const statuses = made.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [...Array(4).fill(201), ...Array(8).fill(429)]);
});

test('guests are changed 30 times a day at most', async () => {
  const client = stack.client('fay');
  const made = assertStatus(await create(client, ['a@guest.test']), 201);
  for (let i = 0; i < 30; i++)
    assertStatus(
      await client.put(`/booking/${made.id}/guests`, { guests: i % 2 ? ['a@guest.test'] : [] }),
      200,
    );
  assertProblem(await client.put(`/booking/${made.id}/guests`, { guests: [] }), 429, 'rate_limited');
});

test('a guest whom Google refuses later is left out; the others, and their answers, stay', async () => {
  const client = stack.client('gil');
  const made = assertStatus(await create(client, ['good@guest.test']), 201);
  const event = async () =>
    (await stack.google.live(stack.calendar)).find(({ id }) => id === made.id.replaceAll('-', ''));
  assert.deepEqual((await event()).attendees.map(({ email }) => email).sort(), [
    'gil@client.test',
    'good@guest.test',
  ]);
  await stack.google.fault('invalid', { method: 'events.patch', count: 1 });
  const after = assertStatus(
    await client.put(`/booking/${made.id}/guests`, { guests: ['good@guest.test', 'bad@guest.test'] }),
    200,
  );
  assert.equal(after.calendar.state, 'synced');
  assert.match(after.calendar.detail, /guests/);
  assert.equal((await event()).attendees.length, 2);
  assertStatus(
    await client.put(`/booking/${made.id}/guests`, { guests: ['good@guest.test', 'third@guest.test'] }),
    200,
  );
  assert.deepEqual((await event()).attendees.map(({ email }) => email).sort(), [
    'gil@client.test',
    'good@guest.test',
    'third@guest.test',
  ]);
});
