// What is on its way to a mail server while something changes: it is still owed if it does not arrive, and nothing that was
// erased meanwhile comes back with the answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { startStack, until } from '../harness/stack.mjs';

let stack, database, mail;
before(async () => {
  stack = await startStack({ mail: true, env: { PUBLIC_URL: 'https://book.test' } });
  ({ database, mail } = stack);
});
after(() => stack?.stop());

/** The mails that are owed or were sent about an appointment. */
const noticesOf = (id) =>
  database.rows(
    `select recipient, state, coalesce(detail, '') as detail from bookingd.notice
     where appointment_id = '${id}' and channel = 'email'`,
  );
const statesOf = (id) =>
  noticesOf(id)
    .map(({ state }) => state)
    .join();

test('a confirmation whose sender died while another guest was announced is sent all the same, once', async () => {
  await mail.fault('MAIL', { reply: '451 4.3.0 not now', times: -1 });
  const { id } = assertStatus(
    await stack.client('ann').post('/booking/create', { start: stack.slot(1) }),
    201,
  );
  const theirs = `appointment_id = '${id}' and channel = 'email'`;
  const both = () => noticesOf(id).filter(({ recipient }) => recipient !== 'guest');
  await until('both to have failed once', () => statesOf(id) === 'retry,retry');
  // As a process leaves them that dies while it sends.
  database.run(
    `update bookingd.notice set state = 'sending', due_at = now() + interval '1 hour' where ${theirs}`,
  );
  // Of which the two are told nothing.
  assertStatus(await stack.coach().put(`/booking/${id}/guests`, { guests: ['gil@guest.test'] }), 200);
  const owed = `select version - noticed_version from bookingd.appointment where id = '${id}'`;
  await until('the guest to be announced', () => Number(database.value(owed)) === 0);
  await mail.heal();
  database.run(`update bookingd.notice set due_at = now() where ${theirs}`);
  await until('the ledger to say that both are out', () => both().every(({ state }) => state === 'sent'));
  await mail.heal(); // whose answer comes after all that it took
  assert.deepEqual(
    mail
      .read()
      .map((one) => one.to[0].replace(/@.*/, ''))
      .filter((to) => to !== 'gil')
      .sort(),
    ['ann', 'coach'],
  );
});

test('a refusal that names an erased guest is noted without the address', async () => {
  const guest = 'eve@guest.test';
  const client = stack.client('ben');
  const { id } = assertStatus(await client.post('/booking/create', { start: stack.slot(3) }), 201);
  await until('the confirmations', () => statesOf(id) === 'sent,sent');
  await mail.fault('RCPT', { do: 'hold', reply: `550 5.1.1 <${guest}>: unknown here`, times: -1 });
  assertStatus(await client.put(`/booking/${id}/guests`, { guests: [guest] }), 200);
  const invitation = () => noticesOf(id).find(({ recipient }) => recipient === 'guest');
  await until('the invitation to be under way', () => invitation()?.state === 'sending');
  database.run(`insert into bookingd.known_address (email, user_id) values ('${guest}', 'eve')`);
  assertStatus(await stack.admin().delete('/booking/user/eve'), 200);
  await mail.heal();
  await until('the refusal to be noted', () => invitation().state === 'failed');
  assert.equal(invitation().detail, '');
  assert.ok(!database.dump().includes(guest));
});

const sortedStates = (id) => statesOf(id).split(',').sort().join();

for (const [what, later, told] of [
  ['a guest is added', (id) => ['PUT', `/booking/${id}/guests`, { guests: ['gil@guest.test'] }], 22],
  [
    'the place changes',
    (id) => ['PUT', `/booking/${id}/meeting`, { kind: 'phone', number: '+44 20 7946 0000' }],
    24,
  ],
  ['it is moved once more', (id) => ['PUT', `/booking/${id}/reschedule`, { start: stack.slot(26) }], 26],
])
  test(`a move that waited for the mail server is told although ${what}`, async () => {
    const client = stack.client(`wait-${told}`);
    const { id } = assertStatus(await client.post('/booking/create', { start: stack.slot(told - 13) }), 201);
    await until('the confirmations', () => statesOf(id) === 'sent,sent');
    const before = mail.read().length;
    await mail.fault('MAIL', { reply: '451 4.3.0 not now', times: -1 });
    const first = told === 26 ? 25 : told;
    assertStatus(await client.put(`/booking/${id}/reschedule`, { start: stack.slot(first) }), 200);
    await until('the move to have failed', () => sortedStates(id) === 'retry,retry,sent,sent');
    const [method, path, body] = later(id);
    assertStatus(await stack.coach().request(method, path, body), 200);
    const news = `select version - noticed_version from bookingd.appointment where id = '${id}'`;
    await until('the change to be announced', () => Number(database.value(news)) === 0);
    await mail.heal();
    database.run(
      `update bookingd.notice set due_at = now() where appointment_id = '${id}' and state = 'retry'`,
    );
    const moved = `select recipient, was_at::text as was from bookingd.notice
      where appointment_id = '${id}' and channel = 'email' and kind = 'moved' and state = 'sent' order by recipient`;
    await until('client and coach to be told of the move', () => database.rows(moved).length === 2);
    const was = database.value(`select '${stack.slot(told - 13)}'::timestamptz::text`);
    assert.deepEqual(database.rows(moved), [
      { recipient: 'client', was },
      { recipient: 'coach', was },
    ]);
    const times = mail.read().slice(before);
    assert.ok(times.some((one) => one.to[0].startsWith(`wait-${told}`)));
  });

test('who never heard of a move is told nothing when it is moved back', async () => {
  const client = stack.client('ida');
  const { id } = assertStatus(await client.post('/booking/create', { start: stack.slot(15) }), 201);
  await until('the confirmations', () => statesOf(id) === 'sent,sent');
  await mail.fault('MAIL', { reply: '451 4.3.0 not now', times: -1 });
  for (const [slot, states] of [
    [27, 'retry,retry,sent,sent'],
    [15, 'sent,sent,skipped,skipped'],
  ]) {
    assertStatus(await client.put(`/booking/${id}/reschedule`, { start: stack.slot(slot) }), 200);
    await until('the move to be announced', () => sortedStates(id) === states);
  }
  await mail.heal();
});
