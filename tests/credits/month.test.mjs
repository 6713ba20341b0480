// A month of one practice, with the clock moved: what expires, what comes back after that, who cancels late, which codes
// end. And the same ledger under blows: nothing is lost when the daemon and the database die in between.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { passTime } from '../harness/clock.mjs';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { startTestServer } from '../harness/postgres.mjs';

const DAY = 86_400_000;
let server, stack, coach;
const type = (id, more) => ({ id, name: id, durations: [30], meeting: 'none', ...more });
before(async () => {
  server = await startTestServer({ durable: true });
  stack = await startStack({
    document: {
      ...openSchedule({ min_notice_minutes: 0, horizon_days: 365 }),
      session_types: [
        type('session', {
          price: { credits: 1 },
          policy: { late_cancel: 'keep', cancel_notice_minutes: 1440 },
        }),
        type('strict', { price: { credits: 1 }, policy: { cancel_notice_minutes: 1440 } }),
      ],
    },
    env: { RATE_LIMIT_BOOK: '0', RATE_LIMIT_READ: '0', RATE_LIMIT_ADDRESS: '0' },
  });
  coach = stack.coach();
});
after(async () => {
  await stack.stop();
  await server.stop();
});
const sound = () => assert.deepEqual(stack.database.rows('SELECT * FROM credit_faults()'), []);
afterEach(sound);

/** Days that have passed so far; `at(day, hour)` is a time of the story. */
let passed = 0;
const begin = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const at = (day, hour) =>
  new Date(begin + (day - passed) * DAY + hour * 3_600_000).toISOString().replace('.000', '');

function pass(days) {
  passed += days;
  passTime(stack.database, days * (DAY / 1000));
}

test('a month: three packages, late and in time, expiry and return, a code that ends', async () => {
  const ann = stack.client('ann');
  const book = (day, hour, more) =>
    ann.post('/booking/create', { start: at(day, hour), session_type: 'session', ...more });
  const balance = async () => assertStatus(await ann.get('/booking/user/me/credits'), 200).balance;
  const cancel = async (id) => assertStatus(await ann.put(`/booking/${id}/cancel`), 200).payment.state;
  const grant = async (amount, day) =>
    assertStatus(
      await coach.post('/coach/damian/credits', { user_id: 'ann', amount, expires_at: day && at(day, 12) }),
      201,
    );

  // Day 0: a package for ten days and one without an end; four sessions, the first package first.
  await grant(3, 10);
  await grant(2);
  const sessions = [];
  for (const day of [2, 5, 13, 20]) sessions.push(assertStatus(await book(day, 9 + sessions.length), 201).id);
  assert.equal(await balance(), 1);
  assertStatus(
    await coach.post('/coach/damian/promo-codes', {
      code: 'TENDAYS',
      kind: 'free',
      max_uses: 1,
      to: at(10, 0),
    }),
    201,
  );
  const gift = assertStatus(await book(25, 8, { promo_code: 'tendays' }), 201);

  // Day 2: the session of today is cancelled too late, that of day 5 in time.
  pass(2);
  assert.deepEqual(assertStatus(await ann.get(`/booking/${sessions[0]}`), 200).cancel_costs, { credits: 1 });
  assert.equal(await cancel(sessions[0]), 'kept');
  assert.equal(assertStatus(await ann.get(`/booking/${sessions[1]}`), 200).cancel_costs, null);
  assert.equal(await cancel(sessions[1]), 'returned');
  assert.equal(await balance(), 2);

  // Day 4: the coach gives back what was kept. Day 9: the code's one use comes back, and is used again.
  pass(2);
  assertStatus(await coach.post(`/booking/${sessions[0]}/credit-return`), 200);
  assert.equal(await balance(), 3);
  pass(5);
  assert.equal(await cancel(gift.id), 'returned');
  const again = assertStatus(await book(26, 8, { promo_code: 'TENDAYS' }), 201);

  // Day 12: the first package is over with two credits in it, and so is the code.
  pass(3);
  assert.equal(await balance(), 1);
  assert.equal(await cancel(again.id), 'returned');
  assertProblem(await book(26, 8, { promo_code: 'TENDAYS' }), 422, 'promo_code_invalid', 'promo_code');

  // Still day 12: the session of day 13 was paid out of the first package. It is too late to have it back, but the coach
  // does cancel: one credit for 14 days more, the two that had expired stay expired.
  assert.equal(
    assertStatus(await coach.put(`/booking/${sessions[2]}/cancel`), 200).payment.state,
    'returned',
  );
  assert.equal(await balance(), 2);
  pass(13); // day 25: a day left
  assert.equal(await balance(), 2);
  pass(2); // day 27
  assert.equal(await balance(), 1);

  // The session of day 20 took place; a no-show keeps it.
  assert.equal(
    assertStatus(await coach.put(`/booking/${sessions[3]}/status`, { status: 'no_show' }), 200).payment.state,
    'kept',
  );
  assertStatus(await book(29, 9), 201);
  assertProblem(await book(29, 11), 402, 'credits_required');
  const { grants, entries } = assertStatus(await ann.get('/booking/user/me/credits'), 200);
  assert.equal(
    entries.reduce((sum, { delta }) => sum + delta, 0),
    grants.reduce((sum, { balance: left }) => sum + left, 0),
  );
});

test('expiry between booking and cancellation, and between a hold and its confirmation, costs nobody anything', async () => {
  const bob = stack.client('bob');
  const grant = assertStatus(
    await coach.post('/coach/damian/credits', { user_id: 'bob', amount: 1, expires_at: at(passed + 2, 0) }),
    201,
  );
  const end = () =>
    stack.database.run(
      `UPDATE credit_grant SET usable_until = now() - interval '1 hour' WHERE id = '${grant.id}'`,
    );
  const wish = (day) => ({ start: at(passed + day, 10), session_type: 'strict' });
  const held = assertStatus(await bob.post('/booking/hold', wish(5)), 201);
  end();
  assert.equal(assertStatus(await bob.put(`/booking/${held.id}/confirm`, {}), 200).payment.state, 'paid');
  assert.equal(assertStatus(await bob.put(`/booking/${held.id}/cancel`), 200).payment.state, 'returned');
  const one = assertStatus(await bob.post('/booking/create', wish(6)), 201);
  end();
  assertStatus(await bob.put(`/booking/${one.id}/cancel`), 200);
  assert.equal(assertStatus(await bob.get('/booking/user/me/credits'), 200).balance, 1);
});

test('killed in between, no credit is lost and none is made', async () => {
  const names = Array.from({ length: 6 }, (_, i) => `crash-${i}`);
  for (const user_id of names)
    assertStatus(await coach.post('/coach/damian/credits', { user_id, amount: 2 }), 201);
  let over = false;
  let made = 0;
  const acknowledged = new Map(); // appointment to what we were told of it last
  const client = async (name, index) => {
    const me = stack.client(name);
    for (let n = 0; !over; n++) {
      let mine = null;
      try {
        const start = at(passed + 40 + index, (n % 48) / 2);
        const { status, body } = await me.post('/booking/create', { start, session_type: 'session' });
        assert.ok([201, 200, 402, 409, 500, 503].includes(status), `${status} ${JSON.stringify(body)}`);
        if (status > 201) continue;
        mine = body.id;
        acknowledged.set(mine, 'scheduled');
        made++;
        const gone = await me.put(`/booking/${body.id}/cancel`);
        if (gone.status === 200) acknowledged.set(body.id, 'cancelled');
        else acknowledged.delete(body.id);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        acknowledged.delete(mine); // its cancellation was cut off: open
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const crowd = names.map(client);
  for (let blow = 0; blow < 4; blow++) {
    const before = made;
    await until('more to be booked', () => made > before + 10, 60_000);
    if (blow % 3 === 2) await server.crash();
    else await stack.daemon.kill();
    if (stack.daemon.child.end) await stack.daemon.restart();
  }
  over = true;
  await Promise.all(crowd);
  sound();
  const rows = new Map(
    stack.database
      .rows(`SELECT id, status FROM appointment WHERE user_id LIKE 'crash-%'`)
      .map(({ id, status }) => [id, status]),
  );
  for (const [id, status] of acknowledged) assert.equal(rows.get(id), status, id);
  const taken = [...rows.values()].filter((status) => status === 'scheduled').length;
  assert.equal(
    stack.database.value(`SELECT sum(balance)::integer FROM credit_grant WHERE user_id LIKE 'crash-%'`),
    2 * names.length - taken,
  );
});
