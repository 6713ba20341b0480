// What is on its way to a mail server while the appointment changes: if it does not arrive, it is still owed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

test('a confirmation whose sender died while another place was announced is sent all the same, once', async () => {
  const stack = await startStack({
    google: 'off',
    mail: true,
    document: openSchedule(),
    env: { PUBLIC_URL: 'https://book.test' },
  });
  try {
    const { database, mail } = stack;
    await mail.fault('MAIL', { reply: '451 4.3.0 not now', times: -1 });
    const made = assertStatus(
      await stack.client('ann').post('/booking/create', { start: stack.slot(1) }),
      201,
    );
    const theirs = `appointment_id = '${made.id}' and channel = 'email'`;
    const states = () =>
      database.rows(`select state from bookingd.notice where ${theirs}`).map(({ state }) => state);
    await until('both to have failed once', () => states().join() === 'retry,retry');
    // As a process leaves them that dies while it sends.
    database.run(
      `update bookingd.notice set state = 'sending', due_at = now() + interval '1 hour' where ${theirs}`,
    );
    const place = { kind: 'in_person', address: 'Main Street 1' };
    assertStatus(await stack.coach().put(`/booking/${made.id}/meeting`, place), 200);
    const owed = `select version - noticed_version from bookingd.appointment where id = '${made.id}'`;
    await until('the other place to be announced', () => Number(database.value(owed)) === 0);
    await mail.heal();
    database.run(`update bookingd.notice set due_at = now() where ${theirs}`);
    const mails = await mail.wait(2);
    assert.deepEqual(mails.map((one) => one.to[0].replace(/@.*/, '')).sort(), ['ann', 'coach']);
    await until('the ledger to say so', () => states().join() === 'sent,sent');
    assert.equal(mail.mails.length, 2);
  } finally {
    await stack.stop();
  }
});
