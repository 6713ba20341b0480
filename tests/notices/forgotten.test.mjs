// A guest who is erased while a mail server has still to answer: nothing of what it says then is kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

test('a refusal that names an erased guest is noted without the address', async () => {
  const stack = await startStack({
    google: 'off',
    mail: true,
    document: openSchedule(),
    env: { PUBLIC_URL: 'https://book.test' },
  });
  try {
    const eve = 'eve@guest.test';
    const client = stack.client('ann');
    const made = assertStatus(await client.post('/booking/create', { start: stack.slot(1) }), 201);
    const states = () =>
      stack.database.rows(
        `select recipient, state, coalesce(detail, '') as detail from bookingd.notice
         where appointment_id = '${made.id}' and channel = 'email'`,
      );
    await until('the confirmations', () => {
      const rows = states();
      return rows.length === 2 && rows.every(({ state }) => state === 'sent');
    });
    await stack.mail.fault('RCPT', { do: 'hold', reply: `550 5.1.1 <${eve}>: unknown here`, times: -1 });
    assertStatus(await client.put(`/booking/${made.id}/guests`, { guests: [eve] }), 200);
    const guest = () => states().find(({ recipient }) => recipient === 'guest');
    await until('the invitation to be under way', () => guest()?.state === 'sending');
    stack.database.run(`insert into bookingd.known_address (email, user_id) values ('${eve}', 'eve')`);
    assertStatus(await stack.admin().delete('/booking/user/eve'), 200);
    await stack.mail.heal();
    await until('the refusal to be noted', () => guest().state === 'failed');
    assert.equal(guest().detail, '');
    assert.ok(!stack.database.dump().includes(eve));
  } finally {
    await stack.stop();
  }
});
