// Promo codes: what they take off, how often they may be used, and that a wrong one tells nothing.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack, coach;
const type = (id, more) => ({ id, name: id, durations: [30], meeting: 'none', ...more });
before(async () => {
  stack = await startStack({
    document: {
      ...openSchedule({ horizon_days: 365 }),
      session_types: [
        type('double', { price: { credits: 2 } }),
        type('money', { price: { amount: 9999, currency: 'EUR' } }),
        type('kept', {
          price: { credits: 1 },
          policy: { late_cancel: 'keep', cancel_notice_minutes: 527040 },
        }),
        type('nothing'),
      ],
    },
    env: { RATE_LIMIT_BOOK: '0', RATE_LIMIT_READ: '0', RATE_LIMIT_ADDRESS: '0' },
  });
  coach = stack.coach();
});
after(() => stack.stop());
afterEach(() => assert.deepEqual(stack.database.rows('SELECT * FROM credit_faults()'), []));

let hour = 0;
const nextStart = () => stack.slot((hour += 1));
let people = 0;
const somebody = () => {
  const id = `person-${++people}`;
  return Object.assign(stack.client(id), { id });
};
let codes = 0;
const make = async (terms) =>
  assertStatus(await coach.post('/coach/damian/promo-codes', { code: `code-${++codes}`, ...terms }), 201);
const book = (who, promo_code, session_type = 'double', more = {}) =>
  who.post('/booking/create', { start: nextStart(), session_type, promo_code, ...more });
const grant = async (who, amount) =>
  assertStatus(await coach.post('/coach/damian/credits', { user_id: who.id, amount }), 201);
const balance = async (who) => assertStatus(await who.get('/booking/user/me/credits'), 200).balance;
const used = async (code) =>
  assertStatus(await coach.get('/coach/damian/promo-codes'), 200).promo_codes.find((one) => one.code === code)
    .used;

test('a code takes credits off, or a percentage of the shown price, or all', async () => {
  const ann = somebody();
  await grant(ann, 1);
  const half = await make({ kind: 'credits', value: 1 });
  const one = assertStatus(await book(ann, half.code.toLowerCase()), 201);
  assert.deepEqual([one.payment, one.promo_code], [{ kind: 'credits', state: 'paid', amount: 1 }, half.code]);
  assert.equal(await balance(ann), 0);
  const free = await make({ kind: 'free' });
  const two = assertStatus(await book(ann, free.code), 201);
  assert.deepEqual(two.payment, { kind: 'promo_code', state: 'paid', amount: 0 });
  const third = await make({ kind: 'percent', value: 33 });
  const three = assertStatus(await book(ann, third.code, 'money'), 201);
  assert.deepEqual(three.price, { amount: 6699, currency: 'EUR' });
  const all = assertStatus(await book(ann, free.code, 'money'), 201);
  assert.deepEqual(all.price, { amount: 0, currency: 'EUR' });
});

test('it is used as often as it may be, in all and by one person, and given back in time', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const { code } = await make({ kind: 'free', max_uses: 2, per_user: 1 });
  const one = assertStatus(await book(ann, code), 201);
  assertProblem(await book(ann, code), 422, 'promo_code_invalid', 'promo_code');
  assertStatus(await ann.put(`/booking/${one.id}/cancel`), 200);
  assert.equal(await used(code), 0);
  assertStatus(await book(ann, code), 201);
  assertStatus(await book(bob, code), 201);
  assert.equal(await used(code), 2);
  assertProblem(await book(somebody(), code), 422, 'promo_code_invalid', 'promo_code');
});

test('it is kept by a late cancellation, and comes back when the coach says so', async () => {
  const ann = somebody();
  const { code } = await make({ kind: 'free', max_uses: 1 });
  const one = assertStatus(await book(ann, code, 'kept'), 201);
  assert.deepEqual(one.cancel_costs, { credits: 0, promo_code: code });
  assert.equal(assertStatus(await ann.put(`/booking/${one.id}/cancel`), 200).payment.state, 'kept');
  assertProblem(await book(somebody(), code), 422, 'promo_code_invalid', 'promo_code');
  assertStatus(await coach.post(`/booking/${one.id}/credit-return`), 200);
  assertStatus(await book(somebody(), code), 201);
});

test('dates and session types bind; a withdrawn code is none; its name is free again', async () => {
  const ann = somebody();
  const in_vain = async (terms, session_type) =>
    assertProblem(
      await book(somebody(), (await make(terms)).code, session_type),
      422,
      'promo_code_invalid',
      'promo_code',
    );
  const [past, soon] = ['2020-01-01T00:00:00Z', stack.slot(0)];
  await in_vain({ kind: 'free', to: past });
  await in_vain({ kind: 'free', from: soon });
  await in_vain({ kind: 'free', session_types: ['money'] });
  await in_vain({ kind: 'free' }, 'nothing');
  await in_vain({ kind: 'percent', value: 10 });
  await in_vain({ kind: 'credits', value: 1 }, 'money');
  const { code } = await make({ kind: 'free', from: past, to: soon, session_types: ['double'] });
  assertStatus(await book(ann, code), 201);
  assertStatus(await coach.delete(`/coach/damian/promo-codes/${code.toLowerCase()}`), 204);
  assertProblem(await coach.delete(`/coach/damian/promo-codes/${code}`), 404, 'not_found');
  assertProblem(await book(ann, code), 422, 'promo_code_invalid', 'promo_code');
  assertStatus(await coach.post('/coach/damian/promo-codes', { code, kind: 'free' }), 201);
  assertStatus(await book(ann, code), 201);
});

test('a hold takes a code, or its confirmation does, and gives back the difference', async () => {
  const ann = somebody();
  await grant(ann, 2);
  const hold = async (more) =>
    assertStatus(
      await ann.post('/booking/hold', { start: nextStart(), session_type: 'double', ...more }),
      201,
    );
  const confirm = (id, promo_code) => ann.put(`/booking/${id}/confirm`, { promo_code });
  const { code } = await make({ kind: 'credits', value: 1, max_uses: 1 });
  const held = await hold();
  assert.equal(await balance(ann), 0);
  assertProblem(await confirm(held.id, 'wrong'), 422, 'promo_code_invalid', 'promo_code');
  const one = assertStatus(await confirm(held.id, code), 200);
  assert.deepEqual([one.payment.amount, one.promo_code, await balance(ann)], [1, code, 1]);
  assertStatus(await ann.put(`/booking/${one.id}/cancel`), 200);
  assert.equal(await balance(ann), 2);
  const other = await hold({ promo_code: code });
  assert.equal(await balance(ann), 1);
  assertProblem(await confirm(other.id, 'other'), 422, 'promo_code_invalid', 'promo_code');
  assert.equal(assertStatus(await confirm(other.id, code), 200).status, 'scheduled');
  assert.equal(await used(code), 1);
});

test('each date of a series takes a use and gives back its own; a wrong code is one try', async () => {
  const ann = somebody();
  await grant(ann, 1);
  const series = (promo_code, more) =>
    ann.post('/booking/series', {
      start: nextStart(),
      session_type: 'double',
      count: 3,
      promo_code,
      ...more,
    });
  const wrong = await series('NO-SUCH');
  assertProblem(wrong, 422, 'promo_code_invalid', 'promo_code');
  assertProblem(await series('NO-SUCH', { on_conflict: 'skip' }), 422, 'promo_code_invalid', 'promo_code');
  const tries = stack.database.value(`SELECT count(*) FROM client_use
    WHERE client = sha256(convert_to('${ann.id}', 'UTF8')) AND kind = 'promo'`);
  assert.equal(Number(tries), 1);

  const { code } = await make({ kind: 'free', max_uses: 2 });
  const start = nextStart();
  const none = await series(code, { start });
  assertProblem(none, 409, 'series_conflict');
  assert.deepEqual(
    none.body.occurrences.map(({ reasons }) => reasons.map(({ rule }) => rule)),
    [[], [], ['promo_code_invalid']],
  );
  assert.equal(await used(code), 0);
  const some = assertStatus(await series(code, { start, on_conflict: 'skip' }), 201);
  assert.deepEqual(
    [some.appointments.map(({ payment }) => payment.kind), some.skipped.map((one) => one.code)],
    [['promo_code', 'promo_code'], ['promo_code_invalid']],
  );
  assert.equal(await used(code), 2);
  assertStatus(await ann.put(`/booking/${some.appointments[0].id}/cancel`), 200);
  assert.equal(await used(code), 1);

  // What it leaves of the price is taken for each date.
  const { code: half } = await make({ kind: 'credits', value: 1 });
  assertProblem(await series(half), 409, 'series_conflict');
  const one = assertStatus(await series(half, { on_conflict: 'skip' }), 201);
  assert.deepEqual(
    one.skipped.map((skipped) => skipped.code),
    ['credits_required', 'credits_required'],
  );
  assert.equal(await balance(ann), 0);
  assertStatus(await ann.put(`/booking/${one.appointments[0].id}/cancel`, { scope: 'all' }), 200);
  assert.deepEqual([await balance(ann), await used(half)], [1, 0]);
});

test('all wrong codes have one answer, and after ten a right one has no other', async () => {
  const ann = somebody();
  await grant(ann, 1);
  const spent = await make({ kind: 'free', max_uses: 1 });
  assertStatus(await book(somebody(), spent.code), 201);
  const replies = [];
  for (const code of ['NO-SUCH', spent.code, "x'; drop table", ' ... ']) replies.push(await book(ann, code));
  for (const reply of replies) assertProblem(reply, 422, 'promo_code_invalid', 'promo_code');
  const told = new Set(replies.map(({ body }) => JSON.stringify({ ...body })));
  assert.equal(told.size, 1);
  // Over one's own hold, too: the hold stays and the try is counted.
  const start = nextStart();
  const held = assertStatus(await ann.post('/booking/hold', { start, session_type: 'kept' }), 201);
  for (let i = 0; i < 6; i++)
    assertProblem(
      await ann.post('/booking/create', { start, session_type: 'double', promo_code: `GUESS-${i}` }),
      422,
      'promo_code_invalid',
      'promo_code',
      'promo_code',
    );
  const right = await make({ kind: 'free' });
  assertProblem(await book(ann, right.code), 429, 'rate_limited');
  assert.equal(assertStatus(await ann.get(`/booking/${held.id}`), 200).status, 'held');
  assertStatus(await book(somebody(), right.code), 201);
});

test('a code is refused where it makes no sense, and changed where it does', async () => {
  const bad = async (terms, field) =>
    assertProblem(
      await coach.post('/coach/damian/promo-codes', { code: 'SPRING', kind: 'free', ...terms }),
      422,
      'invalid_field',
      field,
    );
  await bad({ code: 'a b' }, 'code');
  await bad({ code: 'ab' }, 'code');
  await bad({ kind: 'amount' }, 'kind');
  await bad({ kind: 'percent', value: 101 }, 'value');
  await bad({ kind: 'percent' }, 'value');
  await bad({ kind: 'credits', value: 0 }, 'value');
  await bad({ value: 1 }, 'value');
  await bad({ max_uses: 0 }, 'max_uses');
  await bad({ from: stack.slot(2), to: stack.slot(1) }, 'to');
  const { code } = await make({ kind: 'free', max_uses: 3 });
  assertProblem(
    await coach.post('/coach/damian/promo-codes', { code: code.toLowerCase(), kind: 'free' }),
    409,
    'reference_used',
    'code',
  );
  for (let i = 0; i < 2; i++) assertStatus(await book(somebody(), code), 201);
  const change = (terms) => coach.put(`/coach/damian/promo-codes/${code}`, terms);
  assertProblem(await change({ kind: 'free', max_uses: 1 }), 422, 'invalid_field', 'max_uses');
  const changed = assertStatus(await change({ kind: 'credits', value: 1, per_user: 2 }), 200);
  assert.deepEqual([changed.kind, changed.value, changed.max_uses, changed.used], ['credits', 1, null, 2]);
  assertProblem(await coach.put('/coach/damian/promo-codes/NONE', { kind: 'free' }), 404, 'not_found');
});
