// A client's list, a coach's list: what belongs where, in which order, page by page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack, ann, coach;
const ids = {};
before(async () => {
  stack = await startStack({ document: openSchedule({ horizon_days: 10 }) });
  ann = stack.client('ann');
  coach = stack.coach();
  const book = async (name, start) => {
    ids[name] = assertStatus(await ann.post('/booking/create', { start, notes: name, phone: '1' }), 201).id;
  };
  for (const name of ['third', 'first', 'second'])
    await book(name, stack.slot({ first: 1, second: 2, third: 3 }[name]));
  for (const name of ['cancelled', 'ended', 'completed', 'missed', 'running'])
    await book(name, stack.slot(10 + Object.keys(ids).length));
  assertStatus(await ann.put(`/booking/${ids.cancelled}/cancel`), 200);
  const begins = (name, hours) =>
    stack.database.run(`UPDATE bookingd.appointment SET starts_at = t, ends_at = t + interval '30 min', blocked_from = t,
      blocked_to = t + interval '30 min'
      FROM (SELECT date_trunc('second', now()) + interval '${hours} hours' AS t) AS moment WHERE id = '${ids[name]}'`);
  begins('ended', -50);
  begins('completed', -40);
  begins('missed', -30);
  begins('running', -0.25);
  assertStatus(await coach.put(`/booking/${ids.completed}/status`, { status: 'completed' }), 200);
  assertStatus(await coach.put(`/booking/${ids.missed}/status`, { status: 'no_show' }), 200);
  ids.held = assertStatus(await ann.post('/booking/hold', { start: stack.slot(4) }), 201).id;
  ids.bobs = assertStatus(
    await stack.client('bob').post('/booking/create', { start: stack.slot(5) }),
    201,
  ).id;
});
after(() => stack.stop());

const named = (list) => list.map(({ id }) => Object.keys(ids).find((name) => ids[name] === id));
const list = async (client, path) => assertStatus(await client.get(path), 200);
const names = async (client, path) => named((await list(client, path)).appointments);

const MINE = {
  upcoming: ['running', 'first', 'second', 'third', 'held'],
  past: ['ended', 'completed', 'missed'],
  cancelled: ['cancelled'],
  all: ['ended', 'completed', 'missed', 'running', 'first', 'second', 'third', 'held', 'cancelled'],
};

for (const [status, expected] of Object.entries(MINE))
  test(`a client's ${status}`, async () => {
    for (const path of [`/booking/user/me?status=${status}`, `/booking/user/ann?status=${status}`])
      assert.deepEqual(await names(ann, path), expected);
    assert.deepEqual(await names(stack.admin(), `/booking/user/ann?status=${status}`), expected);
  });

test('upcoming is the default; each item is what GET answers', async () => {
  const body = await list(ann, '/booking/user/me');
  assert.deepEqual(named(body.appointments), MINE.upcoming);
  assert.equal(body.next_cursor, null);
  for (const item of body.appointments)
    assert.deepEqual(assertStatus(await ann.get(`/booking/${item.id}`), 200), item);
});

test('a client of whom nothing is known has an empty list', async () => {
  for (const path of ['me', 'me?status=all'])
    assert.deepEqual(await list(stack.client('new'), `/booking/user/${path}`), {
      appointments: [],
      next_cursor: null,
    });
});

test('pages of any size make up the whole list', async () => {
  for (const limit of [1, 2, 4, 8, 9, 100]) {
    const seen = [];
    let cursor = '';
    do {
      const page = await list(ann, `/booking/user/me?status=all&limit=${limit}${cursor}`);
      assert.ok(page.appointments.length <= limit);
      seen.push(...named(page.appointments));
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
      assert.ok(!cursor || page.appointments.length === limit);
    } while (cursor);
    assert.deepEqual(seen, MINE.all);
  }
});

test('what is booked between two pages does not shift them', async () => {
  const first = await list(ann, '/booking/user/me?limit=2');
  const { id } = assertStatus(await ann.post('/booking/create', { start: stack.slot(0) }), 201);
  const second = await list(ann, `/booking/user/me?limit=2&cursor=${first.next_cursor}`);
  assert.deepEqual(named(second.appointments), MINE.upcoming.slice(2, 4));
  assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
  stack.database.run(`DELETE FROM bookingd.appointment WHERE id = '${id}'`);
});

for (const [query, field] of [
  ['status=soon', 'status'],
  ['status=', 'status'],
  ['limit=0', 'limit'],
  ['limit=101', 'limit'],
  ['limit=ten', 'limit'],
  ['cursor=x', 'cursor'],
  ['cursor=MjAyNnx4', 'cursor'],
])
  test(`${query} is a malformed parameter`, async () => {
    assertProblem(await ann.get(`/booking/user/me?${query}`), 400, 'bad_parameter', field);
    assertProblem(await coach.get(`/coach/damian/appointments?${query}`), 400, 'bad_parameter', field);
  });

test("others' lists are 403 whether or not they exist, for coaches too", async () => {
  for (const user of ['ann', 'nobody', 'ANN', 'me%20'])
    for (const who of [stack.client('bob'), coach]) {
      assertProblem(await who.get(`/booking/user/${user}`), 403, 'forbidden');
      assertProblem(await who.get(`/booking/user/${user}/export`), 403, 'forbidden');
    }
});

test('the coach sees who is coming, with contact data, from now to the horizon', async () => {
  const body = await list(coach, '/coach/damian/appointments');
  assert.deepEqual(named(body.appointments), ['running', 'first', 'second', 'third', 'held', 'bobs']);
  const first = body.appointments.find(({ id }) => id === ids.first);
  assert.deepEqual(
    [first.name, first.email, first.phone, first.notes],
    ['Name of ann', 'ann@client.test', '1', 'first'],
  );
  const far = { start: stack.slot(24 * 15) };
  const { id } = assertStatus(await coach.post('/booking/create', far), 201);
  assert.deepEqual(
    await names(coach, '/coach/damian/appointments'),
    [...MINE.upcoming, 'bobs'],
    'beyond the horizon',
  );
  assert.equal((await list(coach, '/coach/damian/appointments?to=9999-12-31')).appointments.at(-1).id, id);
  stack.database.run(`DELETE FROM bookingd.appointment WHERE id = '${id}'`);
});

test("the coach's list goes by status, window and page like the client's", async () => {
  const from = new Date(Date.now() - 45 * 3600_000).toISOString().slice(0, 19) + 'Z';
  const path = (query) => `/coach/damian/appointments?${query}`;
  assert.deepEqual(await names(coach, path('status=past')), MINE.past);
  assert.deepEqual(await names(coach, path(`status=past&from=${from}`)), ['completed', 'missed']);
  assert.deepEqual(await names(coach, path('status=cancelled')), ['cancelled']);
  assert.deepEqual(await names(coach, path('status=all&from=2020-01-01&to=2100-01-01')), [
    ...['ended', 'completed', 'missed', 'running', 'first', 'second', 'third', 'held', 'bobs', 'cancelled'],
  ]);
  assert.deepEqual(await names(coach, path(`from=${stack.slot(2)}&to=${stack.slot(4)}`)), [
    'second',
    'third',
  ]);
  assert.deepEqual(await names(coach, path(`from=${later(stack.slot(2), 30)}&to=${stack.slot(3)}`)), []);
  const page = await list(coach, path('limit=2'));
  assert.deepEqual(named(page.appointments), ['running', 'first']);
  assert.deepEqual(await names(coach, path(`limit=3&cursor=${page.next_cursor}`)), [
    'second',
    'third',
    'held',
  ]);
  for (const query of ['from=x', 'to=x', `from=${stack.slot(4)}&to=${stack.slot(2)}`])
    assertProblem(
      await coach.get(path(query)),
      400,
      'bad_parameter',
      query.startsWith('from=x') ? 'from' : 'to',
    );
});

test('a window that ends on the day before it begins is refused, as availability does; one day is a window', async () => {
  for (const path of ['/coach/damian/appointments', '/coach/damian/busy', '/booking/availability']) {
    for (const query of ['from=2027-01-02&to=2027-01-01', 'from=2027-01-09&to=2027-01-01'])
      assertProblem(await coach.get(`${path}?${query}`), 400, 'bad_parameter', 'to');
    assertStatus(await coach.get(`${path}?from=2027-01-02&to=2027-01-02`), 200);
    const instant = '2027-01-02T00:00:00Z'; // nothing lies in it, but nothing is wrong with it
    assertStatus(await coach.get(`${path}?from=${instant}&to=${instant}`), 200);
  }
});

test('days of the window are days of the coach', async () => {
  const day = stack.slot(0).slice(0, 10);
  const seen = await names(coach, `/coach/damian/appointments?from=${day}&to=${day}`);
  assert.deepEqual(seen, ['first', 'second', 'third', 'held', 'bobs']);
});

test("another coach's list is 403, an unknown coach's 404 to an admin", async () => {
  assertProblem(await coach.get('/coach/clara/appointments'), 403, 'forbidden');
  assertProblem(await ann.get('/coach/damian/appointments'), 403, 'forbidden');
  assertProblem(await stack.admin().get('/coach/clara/appointments'), 404, 'unknown_coach');
  assert.equal((await list(stack.admin(), '/coach/damian/appointments')).appointments.length, 6);
});
