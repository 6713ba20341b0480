// Nobody sends strangers invitations through the coach's calendar: whose addresses a client may use, and how often.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack;
let hour = 0;
before(async () => {
  stack = await startStack({
    google: 'delegated',
    document: openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
    env: { RATE_LIMIT_BOOK: '0' },
  });
});
after(() => stack.stop());

const create = (client, fields = {}) =>
  client.post('/booking/create', { start: stack.slot(hour++), ...fields });

test('three other addresses a day, one’s own as often as one likes, whatever its letters’ case', async () => {
  const ann = stack.client('ann');
  for (const email of ['one@other.test', 'two@other.test', 'ONE@other.test', 'three@other.test'])
    assertStatus(await create(ann, { email }), 201);
  assertProblem(await create(ann, { email: 'four@other.test' }), 403, 'address_not_verified', 'email');
  assertStatus(await create(ann, { email: 'Two@Other.test' }), 201);
  assertStatus(await create(ann, { email: 'ANN@client.test' }), 201);
  assertStatus(await create(ann), 201);
  assert.deepEqual(await stack.google.mails({ to: 'four@other.test' }), []);
});

test('a hold does not help, nor erasing oneself, nor cancelling', async () => {
  const bob = stack.client('bob');
  for (const n of [1, 2, 3]) {
    const made = assertStatus(await create(bob, { email: `bob${n}@other.test` }), 201);
    assertStatus(await bob.put(`/booking/${made.id}/cancel`), 200);
  }
  const held = assertStatus(await bob.post('/booking/hold', { start: stack.slot(hour++) }), 201);
  const confirm = (email) => bob.put(`/booking/${held.id}/confirm`, { email });
  assertProblem(await confirm('bob4@other.test'), 403, 'address_not_verified', 'email');
  assert.equal(assertStatus(await confirm('bob1@other.test'), 200).status, 'scheduled');
  assertStatus(await bob.delete('/booking/user/me'), 200);
  assertProblem(await create(bob, { email: 'bob5@other.test' }), 403, 'address_not_verified', 'email');
  const kept = JSON.stringify(stack.database.rows('SELECT * FROM client_use'));
  assert.ok(kept.length > 10 && !kept.includes('other.test') && !kept.includes('bob'));
});

test('who has no address of their own may use three as well', async () => {
  const nameless = stack.client('noaddress', { email: undefined });
  for (const n of [1, 2, 3]) assertStatus(await create(nameless, { email: `n${n}@other.test` }), 201);
  assertProblem(await create(nameless, { email: 'n4@other.test' }), 403, 'address_not_verified', 'email');
});

test('coach and admin may use any', async () => {
  for (const client of [stack.coach(), stack.admin()])
    for (const n of [1, 2, 3, 4, 5])
      assertStatus(await create(client, { email: `guest${n}@other.test` }), 201);
});

test('many at once get no more than three', async () => {
  const eve = stack.client('eve');
  const replies = await Promise.all(
    Array.from({ length: 12 }, (_, n) => create(eve, { email: `eve${n}@other.test` })),
  );
  assert.deepEqual(countStatuses(replies), { 201: 3, 403: 9 });
});

test('an address that the platform does not vouch for counts as another', async () => {
  const una = stack.client('una', { email: 'una@victim.test', email_verified: false });
  assertStatus(await create(una), 201);
  for (const n of [1, 2]) assertStatus(await create(una, { email: `una${n}@other.test` }), 201);
  assertProblem(await create(una, { email: 'una3@other.test' }), 403, 'address_not_verified', 'email');
  assertStatus(await create(una), 201);
});

test('a refused booking uses up no address', async () => {
  const fay = stack.client('fay');
  const taken = assertStatus(await create(stack.client('gus')), 201).start;
  for (const n of [1, 2, 3, 4])
    assert.equal(
      (await fay.post('/booking/create', { start: taken, email: `fay${n}@other.test` })).status,
      409,
    );
  assertStatus(await create(fay, { email: 'fay9@other.test' }), 201);
});

test('booking and cancelling, or moving to and fro, ends after thirty a day', async () => {
  const zed = stack.client('zed');
  const start = stack.slot(hour++);
  let reply;
  let rounds = 0;
  for (; rounds < 40; rounds++) {
    reply = await zed.post('/booking/create', { start });
    if (reply.status !== 201) break;
    assertStatus(await zed.put(`/booking/${reply.body.id}/cancel`), 200);
  }
  assert.equal(rounds, 30);
  assertProblem(reply, 429, 'rate_limited');
  const yan = stack.client('yan');
  const made = assertStatus(await create(yan), 201);
  const other = stack.slot(hour++);
  for (rounds = 0; rounds < 40; rounds++) {
    reply = await yan.put(`/booking/${made.id}/reschedule`, { start: rounds % 2 ? made.start : other });
    if (reply.status !== 200) break;
  }
  assert.equal(rounds, 30);
  assertProblem(reply, 429, 'rate_limited');
  // It can still be cancelled, and the coach is not bound.
  assertStatus(await stack.coach().put(`/booking/${made.id}/reschedule`, { start: stack.slot(hour++) }), 200);
  assertStatus(await yan.put(`/booking/${made.id}/cancel`), 200);
});
