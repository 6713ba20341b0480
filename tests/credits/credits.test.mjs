// Credits: granted, taken, returned, kept; the ledger and the balances agree after every test.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack, coach, admin;
const TYPES = [
  { id: 'coaching', name: 'Coaching', durations: [30], meeting: 'none', price: { credits: 1 } },
  { id: 'double', name: 'Double', durations: [30], meeting: 'none', price: { credits: 2 } },
  {
    id: 'kept',
    name: 'Kept',
    durations: [30],
    meeting: 'none',
    price: { credits: 1 },
    policy: { late_cancel: 'keep', cancel_notice_minutes: 527040, max_reschedules: 1 },
  },
  { id: 'free', name: 'Free', durations: [30], meeting: 'none' },
  {
    id: 'shown',
    name: 'Shown',
    durations: [30],
    meeting: 'none',
    price: { credits: 2, amount: 8000, currency: 'EUR' },
  },
  { id: 'first', name: 'First', durations: [30], meeting: 'none', policy: { max_total_per_user: 1 } },
];
before(async () => {
  stack = await startStack({
    document: { ...openSchedule({ horizon_days: 365 }), session_types: TYPES },
    env: { RATE_LIMIT_BOOK: '0', RATE_LIMIT_READ: '0', RATE_LIMIT_ADDRESS: '0' },
  });
  coach = stack.coach();
  admin = stack.admin();
});
after(() => stack.stop());
afterEach(() => assert.deepEqual(stack.database.rows('SELECT * FROM credit_faults()'), []));

/** The problem of a reply that must be one; a field at fault is looked at by whoever names it. */
function refused(reply, status, code, field = reply.body?.field) {
  assertProblem(reply, status, code, field);
  return reply.body;
}
let hour = 0;
const nextStart = () => stack.slot((hour += 2));
let people = 0;
const somebody = () => {
  const id = `person-${++people}`;
  return Object.assign(stack.client(id), { id });
};
const grant = async (who, amount, more = {}, by = admin) =>
  assertStatus(await by.post('/coach/damian/credits', { user_id: who.id, amount, ...more }), 201);
const book = (who, session_type = 'coaching', more = {}) =>
  who.post('/booking/create', { start: nextStart(), session_type, ...more });
const booked = async (...args) => assertStatus(await book(...args), 201);
const credits = async (who) => assertStatus(await who.get('/booking/user/me/credits'), 200);
const balance = async (who) => (await credits(who)).balance;
const cancel = (who, id, body) => who.put(`/booking/${id}/cancel`, body);
const reasons = async (who) => (await credits(who)).entries.map(({ reason, delta }) => `${reason} ${delta}`);

test('a session that costs a credit is refused without one, and the balance is told', async () => {
  const ann = somebody();
  const problem = refused(await book(ann, 'double'), 402, 'credits_required');
  assert.equal(problem.balance, 0);
  assert.match(problem.detail, /costs 2 credits, and you have none/);
  await grant(ann, 1);
  assert.equal(refused(await book(ann, 'double'), 402, 'credits_required').balance, 1);
  assert.deepEqual(stack.database.rows(`SELECT * FROM appointment WHERE user_id = '${ann.id}'`), []);
});

test('a booking takes its credits, a cancellation in time returns them to the same grant', async () => {
  const ann = somebody();
  const { id } = await grant(ann, 3, { session_types: ['coaching', 'double'] });
  const one = await booked(ann);
  assert.deepEqual(one.payment, { kind: 'credits', state: 'paid', amount: 1 });
  assert.equal(one.cancel_costs, null);
  const two = await booked(ann, 'double');
  assert.equal(await balance(ann), 0);
  refused(await book(ann), 402, 'credits_required');
  const over = assertStatus(await cancel(ann, two.id), 200);
  assert.deepEqual(over.payment, { kind: 'credits', state: 'returned', amount: 2 });
  assert.equal(await balance(ann), 2);
  // Cancelled twice, it is returned once.
  assertStatus(await cancel(ann, two.id), 200);
  assert.equal(await balance(ann), 2);
  assert.deepEqual(await reasons(ann), ['returned 2', 'booked -2', 'booked -1', 'granted 3']);
  const { grants } = await credits(ann);
  assert.deepEqual([grants[0].id, grants[0].balance, grants[0].usable], [id, 2, 2]);
});

test('what ends first is taken first, from several grants if need be', async () => {
  const ann = somebody();
  const lasting = await grant(ann, 1);
  const soon = await grant(ann, 1, { expires_at: stack.slot(100) });
  const two = await booked(ann, 'double');
  const entries = stack.database.rows(`SELECT grant_id, delta FROM credit_entry
    WHERE appointment_id = '${two.id}' ORDER BY id`);
  assert.deepEqual(entries, [
    { grant_id: soon.id, delta: -1 },
    { grant_id: lasting.id, delta: -1 },
  ]);
  assertStatus(await cancel(ann, two.id), 200);
  assert.equal(await balance(ann), 2);
});

test('credits for other kinds, other coaches, expired or revoked ones pay for nothing', async () => {
  const ann = somebody();
  await grant(ann, 5, { session_types: ['free'] });
  refused(await book(ann), 402, 'credits_required');
  const revoked = await grant(ann, 5);
  const gone = assertStatus(await coach.delete(`/coach/damian/credits/${revoked.id}`), 200);
  assert.equal(gone.balance, 0);
  assert.ok(gone.revoked_at);
  assertStatus(await coach.delete(`/coach/damian/credits/${revoked.id}`), 200);
  assert.equal(refused(await book(ann), 402, 'credits_required').balance, 0);
  const old = await grant(ann, 5);
  stack.database.run(
    `UPDATE credit_grant SET usable_until = now() - interval '1 second' WHERE id = '${old.id}'`,
  );
  assert.equal(refused(await book(ann), 402, 'credits_required').balance, 0);
  refused(await coach.delete('/coach/damian/credits/no-uuid'), 404, 'not_found');
});

test('what is returned to a grant that has expired lasts 14 days more, the rest of it does not', async () => {
  const ann = somebody();
  const old = await grant(ann, 3, { expires_at: stack.slot(10) });
  const one = await booked(ann);
  stack.database.run(
    `UPDATE credit_grant SET usable_until = now() - interval '1 second' WHERE id = '${old.id}'`,
  );
  assert.equal(await balance(ann), 0);
  assertStatus(await cancel(ann, one.id), 200);
  assert.equal(await balance(ann), 1);
  const { grants } = await credits(ann);
  const days = (Date.parse(grants[0].usable_until) - Date.now()) / 86_400_000;
  assert.ok(days > 13.9 && days < 14.1, `${days} days`);
  assert.deepEqual(await reasons(ann), ['returned 1', 'expired -2', 'booked -1', 'granted 3']);
  await booked(ann);
});

test('what is returned to a grant that was revoked is gone with it', async () => {
  const ann = somebody();
  const { id } = await grant(ann, 2);
  const one = await booked(ann);
  assertStatus(await admin.delete(`/coach/damian/credits/${id}`), 200);
  assertStatus(await cancel(ann, one.id), 200);
  assert.equal(await balance(ann), 0);
  assert.deepEqual(await reasons(ann), ['revoked -1', 'returned 1', 'revoked -1', 'booked -1', 'granted 2']);
});

test('a hold takes credits, its end returns them, its confirmation takes no more', async () => {
  const ann = somebody();
  await grant(ann, 1);
  const hold = async (start = nextStart()) =>
    assertStatus(await ann.post('/booking/hold', { start, session_type: 'coaching' }), 201);
  const first = await hold();
  assert.equal(await balance(ann), 0);
  const second = await hold(); // replaces the first
  assert.equal(await balance(ann), 0);
  assert.equal(assertStatus(await ann.get(`/booking/${first.id}`), 200).payment.state, 'returned');
  stack.database.run(
    `UPDATE appointment SET hold_expires_at = now() - interval '1 second' WHERE id = '${second.id}'`,
  );
  refused(await ann.put(`/booking/${second.id}/confirm`, {}), 410, 'hold_expired');
  const third = await hold();
  assertStatus(await ann.put(`/booking/${third.id}/confirm`, {}), 200);
  assertStatus(await ann.put(`/booking/${third.id}/confirm`, {}), 200);
  assert.equal(await balance(ann), 0);
  assertStatus(await cancel(ann, third.id), 200);
  assert.equal(await balance(ann), 1);
});

test('late: the cost is said before, what was taken is kept, the coach may give it back once', async () => {
  const ann = somebody();
  await grant(ann, 1);
  const one = await booked(ann, 'kept');
  assert.equal(one.late_cancel, 'keep');
  assert.equal(one.can_cancel, true);
  assert.deepEqual(one.cancel_costs, { credits: 1 });
  const asCoach = assertStatus(await coach.get(`/booking/${one.id}`), 200);
  assert.equal(asCoach.cancel_costs, null); // theirs costs the client nothing
  refused(await coach.post(`/booking/${one.id}/credit-return`, {}), 409, 'not_active');
  const over = assertStatus(await cancel(ann, one.id), 200);
  assert.deepEqual([over.status, over.payment.state, over.cancel_costs], ['cancelled', 'kept', null]);
  assert.equal(await balance(ann), 0);
  refused(await ann.post(`/booking/${one.id}/credit-return`, {}), 403, 'forbidden');
  for (let i = 0; i < 2; i++)
    assert.equal(
      assertStatus(await coach.post(`/booking/${one.id}/credit-return`, { reason: 'Ill' }), 200).payment
        .state,
      'returned',
    );
  assert.equal(await balance(ann), 1);
  assert.deepEqual(await reasons(ann), ['given_back 1', 'kept_late 0', 'booked -1', 'granted 1']);
});

test('late: cancelled by the coach, nothing is kept; where late means no, it stays no', async () => {
  const ann = somebody();
  await grant(ann, 2);
  const one = await booked(ann, 'kept');
  assert.equal(assertStatus(await cancel(coach, one.id), 200).payment.state, 'returned');
  const two = await booked(ann, 'coaching');
  stack.database.run(`UPDATE appointment SET cancel_notice_minutes = 527040 WHERE id = '${two.id}'`);
  refused(await cancel(ann, two.id), 409, 'cancellation_closed');
  assert.equal(await balance(ann), 1);
});

test('the policy is the one that was booked under', async () => {
  const ann = somebody();
  await grant(ann, 2);
  const one = await booked(ann, 'kept');
  const { version, ...document } = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  const changed = structuredClone(document);
  const kept = changed.session_types.find(({ id }) => id === 'kept');
  kept.policy = { late_cancel: 'refuse', cancel_notice_minutes: 0 };
  kept.price = { credits: 7 };
  assertStatus(await coach.put('/coach/damian/schedule', { ...changed }), 200);
  assert.equal(assertStatus(await cancel(ann, one.id), 200).payment.state, 'kept');
  assertStatus(await coach.put('/coach/damian/schedule', { ...document }), 200);
  const two = await booked(ann, 'kept');
  assert.equal(two.max_reschedules, 1);
  assert.equal(await balance(ann), 0);
});

test('a move keeps what was taken, as often as is free of charge', async () => {
  const ann = somebody();
  await grant(ann, 1);
  const one = await booked(ann);
  const moved = assertStatus(await ann.put(`/booking/${one.id}/reschedule`, { start: nextStart() }), 200);
  assert.deepEqual(moved.payment, { kind: 'credits', state: 'paid', amount: 1 });
  assert.deepEqual(await reasons(ann), ['booked -1', 'granted 1']);
});

test('a no-show keeps, the coach may give back; completed after all is paid again', async () => {
  const ann = somebody();
  await grant(ann, 1);
  const one = await booked(ann);
  stack.database.run(`UPDATE appointment SET starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour',
    blocked_from = now() - interval '2 hours', blocked_to = now() - interval '1 hour' WHERE id = '${one.id}'`);
  const mark = async (status) => assertStatus(await coach.put(`/booking/${one.id}/status`, { status }), 200);
  assert.equal((await mark('no_show')).payment.state, 'kept');
  assert.equal((await mark('completed')).payment.state, 'paid');
  assert.equal((await mark('no_show')).payment.state, 'kept');
  assert.equal(
    assertStatus(await coach.post(`/booking/${one.id}/credit-return`), 200).payment.state,
    'returned',
  );
  assert.equal((await mark('completed')).payment.state, 'returned');
  assert.equal(await balance(ann), 1);
});

test('a reference grants once, however often and however late it is sent', async () => {
  const ann = somebody();
  const body = {
    user_id: ann.id,
    amount: 3,
    external_ref: 'order-1',
    expires_at: stack.slot(40),
    session_types: ['coaching'],
  };
  const first = assertStatus(await admin.post('/coach/damian/credits', body), 201);
  assert.equal(first.source, 'platform');
  const again = assertStatus(await admin.post('/coach/damian/credits', body), 200);
  assert.deepEqual(again, first);
  refused(await admin.post('/coach/damian/credits', { ...body, amount: 4 }), 409, 'reference_used');
  // A year later it has expired, the session type is gone, and some of it is spent.
  stack.database.run(`UPDATE credit_grant SET usable_until = now() - interval '300 days',
    created_at = now() - interval '364 days' WHERE id = '${first.id}'`);
  assert.equal(assertStatus(await admin.post('/coach/damian/credits', body), 200).id, first.id);
  const replies = await Promise.all(
    Array.from({ length: 16 }, () =>
      admin.post('/coach/damian/credits', { user_id: ann.id, amount: 2, external_ref: 'order-2' }),
    ),
  );
  assert.equal(replies.filter(({ status }) => status === 201).length, 1);
  assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
  assert.equal(await balance(ann), 2);
});

test('a grant is refused where it makes no sense', async () => {
  const bad = async (body, field, code = 'invalid_field', status = 422) => {
    refused(await coach.post('/coach/damian/credits', body), status, code, field);
  };
  await bad({ user_id: 'ann' }, 'amount');
  await bad({ user_id: 'ann', amount: 0 }, 'amount');
  await bad({ user_id: 'ann', amount: 10001 }, 'amount');
  await bad({ user_id: 'ann', amount: 1.5 }, 'amount');
  await bad({ amount: 1 }, 'user_id');
  await bad({ user_id: 'ann', email: 'a@b.test', amount: 1 }, 'user_id');
  await bad({ email: 'nonsense', amount: 1 }, 'email');
  await bad({ user_id: 'ann', amount: 1, expires_at: '2020-01-01T00:00:00Z' }, 'expires_at');
  await bad({ user_id: 'ann', amount: 1, session_types: [] }, 'session_types');
  await bad({ user_id: 'ann', amount: 1, session_types: ['a"b'] }, 'session_types[0]');
  await bad(
    { user_id: 'ann', amount: 1, session_types: ['none'] },
    'session_types',
    'unknown_session_type',
    404,
  );
});

test('the coach sees what everybody has left, in pages', async () => {
  const ann = somebody();
  for (let i = 0; i < 3; i++) await grant(ann, i + 1, {}, coach);
  const list = async (query) =>
    assertStatus(await coach.get(`/coach/damian/credits?user_id=${ann.id}${query}`), 200);
  assert.deepEqual(
    (await list('')).grants.map(({ amount, source }) => [amount, source]),
    [3, 2, 1].map((amount) => [amount, 'coach']),
  );
  const first = await list('&limit=2');
  assert.equal(first.grants.length, 2);
  const second = await list(`&limit=2&cursor=${first.next_cursor}`);
  assert.deepEqual([second.grants.map(({ amount }) => amount), second.next_cursor], [[1], null]);
  refused(await coach.get('/coach/damian/credits?cursor=x'), 400, 'bad_parameter');
});

test('listing and explain know what it costs and what there is', async () => {
  const ann = somebody();
  await grant(ann, 1);
  const listing = async (type) =>
    assertStatus(await ann.get(`/booking/availability?session_type=${type}`), 200);
  const { credits: told, slots, session_types } = await listing('double');
  assert.deepEqual(told, { required: 2, balance: 1 });
  assert.ok(slots.length > 0); // a code may pay for it
  assert.deepEqual(session_types.find(({ id }) => id === 'shown').price, {
    credits: 2,
    amount: 8000,
    currency: 'EUR',
  });
  assert.equal((await listing('free')).credits, undefined);
  const start = nextStart();
  const explain = async (type) =>
    assertStatus(
      await coach.get(`/coach/damian/explain?start=${start}&session_type=${type}&user_id=${ann.id}`),
      200,
    ).reasons.map(({ rule, detail }) => `${rule}: ${detail}`);
  assert.deepEqual(await explain('double'), [
    'credits_required: This session costs 2 credits, and this client has 1.',
  ]);
  assert.deepEqual(await explain('coaching'), []);
});

test('one introductory session, ever', async () => {
  const ann = somebody();
  const one = await booked(ann, 'first');
  refused(await book(ann, 'first'), 409, 'booking_limit');
  assert.equal(
    assertStatus(await ann.get('/booking/availability?session_type=first'), 200).refusal.code,
    'booking_limit',
  );
  assertStatus(await cancel(ann, one.id), 200);
  const two = await booked(ann, 'first');
  stack.database.run(`UPDATE appointment SET status = 'completed', starts_at = starts_at - interval '400 days',
    ends_at = ends_at - interval '400 days', blocked_from = blocked_from - interval '400 days',
    blocked_to = blocked_to - interval '400 days' WHERE id = '${two.id}'`);
  const problem = refused(await book(ann, 'first'), 409, 'booking_limit');
  assert.match(problem.detail, /as many sessions of this kind/);
});

test('a series takes a credit for each date, or none at all', async () => {
  const ann = somebody();
  await grant(ann, 2);
  const body = { start: nextStart(), session_type: 'coaching', count: 3, every_weeks: 1 };
  refused(await ann.post('/booking/series', body), 409, 'series_conflict');
  assert.equal(await balance(ann), 2);
  const some = assertStatus(await ann.post('/booking/series', { ...body, on_conflict: 'skip' }), 201);
  assert.deepEqual(
    [some.appointments.length, some.skipped.map(({ code }) => code)],
    [2, ['credits_required']],
  );
  assertStatus(await cancel(ann, some.appointments[0].id, { scope: 'all' }), 200);
  assert.equal(await balance(ann), 2);
});

test('a coach who books for a client takes the credits, unless they say otherwise', async () => {
  const ann = somebody();
  const bookFor = (more) =>
    coach.post('/coach/damian/appointments', {
      client: { user_id: ann.id, email: 'ann@client.test', name: 'Ann' },
      start: nextStart(),
      session_type: 'coaching',
      ...more,
    });
  const problem = refused(await bookFor(), 402, 'credits_required');
  assert.deepEqual(
    [problem.balance, problem.detail],
    [0, 'This session costs 1 credit, and this client has none.'],
  );
  assert.equal(assertStatus(await bookFor({ override: ['credits_required'] }), 201).payment, undefined);
  assert.equal(assertStatus(await bookFor({ credits: 'free' }), 201).payment, undefined);
  await grant(ann, 2);
  assert.equal(assertStatus(await bookFor({ credits: 'free' }), 201).payment, undefined);
  assert.equal(assertStatus(await bookFor(), 201).payment.state, 'paid');
  assert.equal(assertStatus(await bookFor({ credits: 'debit' }), 201).payment.state, 'paid');
  assert.equal(await balance(ann), 0);
  refused(await bookFor({ credits: 'debit' }), 402, 'credits_required');
  refused(await bookFor({ credits: 'gratis' }), 422, 'invalid_field');
  const series = await coach.post('/coach/damian/series', {
    client: { user_id: ann.id },
    start: nextStart(),
    session_type: 'coaching',
    count: 2,
    credits: 'free',
  });
  assert.deepEqual(
    assertStatus(series, 201).appointments.map(({ payment }) => payment),
    [undefined, undefined],
  );
});

test('erasure keeps the ledger without the person; export has it', async () => {
  const ann = somebody();
  await grant(ann, 3, { external_ref: 'order of ann@client.test' });
  const one = await booked(ann, 'kept');
  assertStatus(await cancel(ann, one.id), 200);
  assertStatus(await coach.post(`/booking/${one.id}/credit-return`, { reason: 'Ann was ill' }), 200);
  await booked(ann);
  const { credits: told } = assertStatus(await ann.get('/booking/user/me/export'), 200);
  assert.deepEqual(
    told.entries.map(({ reason }) => reason),
    ['booked', 'given_back', 'kept_late', 'booked', 'granted'],
  );
  assert.equal(told.grants[0].external_ref, 'order of ann@client.test');
  const sum = () => stack.database.value('SELECT sum(balance) FROM credit_grant');
  const before = sum();
  assertStatus(await ann.delete('/booking/user/me'), 200);
  assert.equal(Number(sum()), Number(before) + 1); // the session ahead was cancelled with it
  const dump = stack.database.dump();
  for (const planted of [`'${ann.id}'`, `\t${ann.id}\t`, 'order of ann', 'Ann was ill'])
    assert.ok(!dump.includes(planted), planted);
  assert.equal((await credits(ann)).grants.length, 0);
  refused(
    await admin.post('/coach/damian/credits', {
      user_id: ann.id,
      amount: 3,
      external_ref: 'order of ann@client.test',
    }),
    409,
    'reference_used',
  );
});

test('the database keeps the ledger: no entry changes, no balance is written, none goes below nothing', async () => {
  const ann = somebody();
  const { id } = await grant(ann, 1);
  const fails = (sql, words) => assert.throws(() => stack.database.run(sql), words);
  fails(`UPDATE credit_entry SET delta = 5 WHERE grant_id = '${id}'`, /never changed/);
  fails(`DELETE FROM credit_entry WHERE grant_id = '${id}'`, /never changed/);
  fails('TRUNCATE credit_entry', /never changed/);
  fails(`UPDATE credit_grant SET balance = 5 WHERE id = '${id}'`, /sum of its entries/);
  fails(`DELETE FROM credit_grant WHERE id = '${id}'`, /sum of its entries/);
  fails(`UPDATE credit_grant SET amount = 5 WHERE id = '${id}'`, /stays/);
  fails('TRUNCATE credit_grant', /stays/);
  fails(
    `INSERT INTO credit_grant (coach_id, user_id, amount, source) VALUES ('damian', '${ann.id}', 0, 'coach')`,
    /stays/,
  );
  fails(
    `INSERT INTO credit_entry (grant_id, delta, reason, actor) VALUES (gen_random_uuid(), 1, 'granted', 'coach')`,
    /there is no grant/,
  );
  fails(
    `INSERT INTO credit_entry (grant_id, delta, reason, actor) VALUES ('${id}', -1, 'booked', 'client')`,
    /credit_entry_is_sound/,
  );
  fails(
    `INSERT INTO credit_entry (grant_id, appointment_id, delta, reason, actor)
     VALUES ('${id}', gen_random_uuid(), -2, 'booked', 'client')`,
    /credit_grant_balance/,
  );
  fails(
    `INSERT INTO credit_entry (grant_id, appointment_id, delta, reason, actor)
     VALUES ('${id}', gen_random_uuid(), 1, 'returned', 'client')`,
    /more would be returned/,
  );
});
