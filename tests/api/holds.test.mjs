// A hold keeps a time while its booker fills in a form; confirm makes it an appointment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack;
before(async () => {
  stack = await startStack({
    document: openSchedule({ buffer_after_minutes: 10, step_minutes: 10 }),
    env: { HOLD_MINUTES: '7' },
  });
});
after(() => stack.stop());

let hour = 0;
const nextStart = () => stack.slot((hour += 3));
let people = 0;
const somebody = (claims) => stack.client(`client-${++people}`, claims);
const hold = async (client, start, more) =>
  assertStatus(await client.post('/booking/hold', { start, ...more }), 201);
const status = async (client, id) => assertStatus(await client.get(`/booking/${id}`), 200).status;
const offered = async (client, start) => {
  const query = `from=${start}&to=${later(start, 10)}`;
  return assertStatus(await client.get(`/booking/availability?${query}`), 200).slots.length === 1;
};

/** The hold runs out now, in the database's own time; the daemon is told as another replica would. */
function runOut(id) {
  stack.database.run(`UPDATE bookingd.appointment SET hold_expires_at = now() - interval '1 second' WHERE id = '${id}';
    SELECT pg_notify('bookingd_coach', 'test:damian')`);
}

test('a hold is an appointment that says how long it is kept, HOLD_MINUTES on', async () => {
  const ann = somebody();
  const start = nextStart();
  const before = Date.now();
  const reply = await ann.post('/booking/hold', {
    start,
    duration_minutes: 60,
    session_type: 'coaching',
    coach: 'damian',
  });
  const held = assertStatus(reply, 201);
  assert.equal(reply.headers.location, `/booking/${held.id}`);
  assert.deepEqual([held.status, held.start, held.end], ['held', start, later(start, 60)]);
  const kept = Date.parse(held.hold_expires_at) - before;
  assert.ok(kept > 7 * 60_000 - 2000 && kept < 7 * 60_000 + 10_000, `${kept} ms`);
  assert.deepEqual(assertStatus(await ann.get(`/booking/${held.id}`), 200), held);
  assert.equal(held.calendar.state, 'off');
});

test('what is held is offered to nobody and refused to others, with its buffer', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const start = nextStart();
  await hold(ann, start);
  for (const who of [ann, bob]) assert.equal(await offered(who, start), false);
  assertProblem(await bob.post('/booking/create', { start }), 409, 'slot_taken');
  assertProblem(await bob.post('/booking/hold', { start: later(start, 30) }), 409, 'slot_taken');
  assertStatus(await bob.post('/booking/hold', { start: later(start, 40) }), 201);
});

test('confirm takes the rest of what create takes, and again is 200 with the same', async () => {
  const ann = somebody();
  const held = await hold(ann, nextStart());
  const body = { name: 'Ann', email: 'a@client.test', phone: '1', notes: 'Hi', time_zone: 'Asia/Tokyo' };
  const confirmed = assertStatus(await ann.put(`/booking/${held.id}/confirm`, body), 200);
  const { name, email, phone, notes, time_zone } = confirmed;
  assert.deepEqual({ name, email, phone, notes, time_zone }, body);
  assert.deepEqual([confirmed.id, confirmed.status, confirmed.start], [held.id, 'scheduled', held.start]);
  assert.equal(confirmed.hold_expires_at, undefined);
  assert.deepEqual(
    assertStatus(await ann.put(`/booking/${held.id}/confirm`, { name: 'Other' }), 200),
    confirmed,
  );
});

test('confirm without a body takes name and email from the identity', async () => {
  const ann = somebody();
  const held = await hold(ann, nextStart());
  const confirmed = assertStatus(await ann.put(`/booking/${held.id}/confirm`), 200);
  assert.deepEqual([confirmed.name, confirmed.email], [held.name ?? confirmed.name, confirmed.email]);
  assert.match(confirmed.email, /@client\.test$/);
});

test('confirm refuses what create refuses in the same fields, and the hold stays', async () => {
  const ann = somebody();
  const held = await hold(ann, nextStart());
  for (const [body, code, field] of [
    [{ email: 'x' }, 'invalid_field', 'email'],
    [{ time_zone: 'Mars/Base' }, 'invalid_field', 'time_zone'],
    [{ notes: 'x'.repeat(2001) }, 'invalid_field', 'notes'],
    [{ start: held.start }, 'unknown_field', 'start'],
  ])
    assertProblem(await ann.put(`/booking/${held.id}/confirm`, body), 422, code, field);
  assert.equal(await status(ann, held.id), 'held');
});

test("confirming somebody else's hold is 404, for coach and admin too", async () => {
  const held = await hold(somebody(), nextStart());
  for (const who of [somebody(), stack.coach(), stack.admin()])
    assertProblem(await who.put(`/booking/${held.id}/confirm`), 404, 'not_found');
});

test('what was booked without a hold counts as confirmed', async () => {
  const ann = somebody();
  const made = assertStatus(await ann.post('/booking/create', { start: nextStart() }), 201);
  assert.equal(assertStatus(await ann.put(`/booking/${made.id}/confirm`), 200).id, made.id);
});

test('a hold that ran out is 410 to confirm, free for others, and gone from the list', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const start = nextStart();
  const held = await hold(ann, start);
  runOut(held.id);
  const late = await ann.put(`/booking/${held.id}/confirm`);
  assertProblem(late, 410, 'hold_expired');
  assert.equal(late.body.appointment_id, held.id);
  assert.deepEqual(assertStatus(await ann.get('/booking/user/me?status=all'), 200).appointments, []);
  const taken = assertStatus(await bob.post('/booking/create', { start }), 201);
  assert.equal(taken.status, 'scheduled');
  assertProblem(await ann.put(`/booking/${held.id}/confirm`), 410, 'hold_expired');
  assertProblem(await ann.put(`/booking/${held.id}/cancel`), 409, 'not_active');
});

test('a hold that ran out is offered again', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const start = nextStart();
  const held = await hold(ann, start);
  runOut(held.id);
  await until('the time to be offered', () => offered(bob, start));
});

test('until it runs out it confirms whatever became of schedule and limits', async () => {
  const ann = somebody();
  const held = await hold(ann, nextStart());
  const coach = stack.coach();
  const before = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  const closed = {
    ...before,
    weekly: [],
    session_types: [{ id: 'other', durations: [45], meeting: 'none' }],
  };
  assertStatus(await coach.put('/coach/damian/schedule', closed), 200);
  assertStatus(await ann.put(`/booking/${held.id}/confirm`), 200);
  assertStatus(await coach.put('/coach/damian/schedule', before), 200);
});

test('one open hold per caller: a new one replaces it', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const [first, second] = [nextStart(), nextStart()];
  const old = await hold(ann, first);
  const renewed = await hold(ann, first);
  assert.notEqual(renewed.id, old.id);
  const held = await hold(ann, second);
  assert.equal(await offered(bob, first), true);
  assert.equal(await offered(bob, second), false);
  assertProblem(await ann.put(`/booking/${old.id}/confirm`), 410, 'hold_expired');
  assertProblem(await ann.put(`/booking/${renewed.id}/confirm`), 410, 'hold_expired');
  assertStatus(await ann.put(`/booking/${held.id}/confirm`), 200);
});

test("a time that is offered to who holds another is theirs to hold, and one that lapsed is in nobody's way", async () => {
  for (const lapsed of [false, true]) {
    const [ann, bob] = [somebody(), somebody()];
    const [start, other, third] = [nextStart(), nextStart(), nextStart()];
    const made = assertStatus(await bob.post('/booking/create', { start }), 201);
    const wish = { from: start, to: later(start, 1), session_type: 'coaching' };
    const { id } = assertStatus(await ann.post('/booking/waitlist', wish), 201);
    await hold(ann, other);
    assertStatus(await bob.put(`/booking/${made.id}/cancel`, {}), 200);
    const { waitlist } = assertStatus(await ann.get('/booking/waitlist'), 200);
    const offer = waitlist.find((one) => one.id === id);
    assert.equal(offer.state, 'offered');
    if (lapsed) runOut(offer.appointment_id);
    const held = await hold(ann, lapsed ? third : start);
    assert.equal(await offered(bob, other), true, 'the hold that it replaces is over');
    assertStatus(await ann.put(`/booking/${held.id}/confirm`), 200);
  }
});

test('a new hold that is refused leaves the old one as it is', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const [mine, theirs] = [nextStart(), nextStart()];
  assertStatus(await bob.post('/booking/create', { start: theirs }), 201);
  const held = await hold(ann, mine);
  assertProblem(await ann.post('/booking/hold', { start: theirs }), 409, 'slot_taken');
  assertProblem(await ann.post('/booking/hold', { start: later(mine, 5) }), 422, 'not_aligned');
  assert.equal(await status(ann, held.id), 'held');
  assertStatus(await ann.put(`/booking/${held.id}/confirm`), 200);
});

test("creating over one's own hold takes its place; elsewhere it stays", async () => {
  const ann = somebody();
  const [first, second] = [nextStart(), nextStart()];
  const held = await hold(ann, first);
  const made = assertStatus(await ann.post('/booking/create', { start: first }), 201);
  assert.notEqual(made.id, held.id);
  assertProblem(await ann.put(`/booking/${held.id}/confirm`), 410, 'hold_expired');
  const other = await hold(ann, second);
  assertStatus(await ann.post('/booking/create', { start: nextStart() }), 201);
  assertStatus(await ann.put(`/booking/${other.id}/confirm`), 200);
});

test('cancel releases a hold, also when cancelling a session would be too late', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const start = nextStart();
  const held = await hold(ann, start);
  stack.database.run(
    `UPDATE bookingd.appointment SET cancel_notice_minutes = 100000 WHERE id = '${held.id}'`,
  );
  const released = assertStatus(await ann.put(`/booking/${held.id}/cancel`), 200);
  assert.deepEqual([released.status, released.cancelled_by], ['cancelled', 'client']);
  assert.equal(await offered(bob, start), true);
  assertProblem(await ann.put(`/booking/${held.id}/confirm`), 409, 'not_active');
  assertStatus(await ann.put(`/booking/${held.id}/cancel`), 200);
});

test('a released hold is no cancelled session: no list has it', async () => {
  const ann = somebody();
  const held = await hold(ann, nextStart());
  assertStatus(await ann.put(`/booking/${held.id}/cancel`), 200);
  const booked = assertStatus(await ann.post('/booking/create', { start: nextStart() }), 201);
  assertStatus(await ann.put(`/booking/${booked.id}/cancel`), 200);
  const ids = async (client, path) =>
    assertStatus(await client.get(path), 200).appointments.map(({ id }) => id);
  for (const word of ['cancelled', 'all']) {
    assert.deepEqual(await ids(ann, `/booking/user/me?status=${word}`), [booked.id]);
    const coachs = await ids(stack.coach(), `/coach/damian/appointments?status=${word}`);
    assert.deepEqual([coachs.includes(held.id), coachs.includes(booked.id)], [false, true]);
  }
});

test('who holds a time and may have no more is told of the hold, not of a session', async () => {
  const ann = somebody();
  const held = await hold(ann, nextStart());
  const before = assertStatus(await stack.coach().get('/coach/damian/schedule'), 200);
  const one = { ...before, policy: { ...before.policy, max_active_per_user: 1 } };
  assertStatus(await stack.coach().put('/coach/damian/schedule', one), 200);
  const reply = await ann.post('/booking/create', { start: nextStart() });
  assertStatus(await stack.coach().put('/coach/damian/schedule', before), 200);
  assertProblem(reply, 409, 'booking_limit');
  assert.match(reply.body.detail, /held for you/);
  assertStatus(await ann.put(`/booking/${held.id}/cancel`), 200);
});

test('a hold can be neither moved nor marked', async () => {
  const ann = somebody();
  const held = await hold(ann, nextStart());
  const moved = await ann.put(`/booking/${held.id}/reschedule`, { start: nextStart() });
  assertProblem(moved, 409, 'not_active');
  assert.match(moved.body.detail, /only being held/);
  assertProblem(
    await stack.coach().put(`/booking/${held.id}/status`, { status: 'no_show' }),
    409,
    'not_active',
  );
});

test('a hold obeys every rule that create obeys', async () => {
  const ann = somebody();
  const soon = new Date(Math.ceil(Date.now() / 3600_000) * 3600_000).toISOString().replace('.000', '');
  for (const [body, code] of [
    [{ start: soon }, 'too_soon'],
    [{ start: stack.slot(40 * 24) }, 'too_far'],
    [{ start: later(stack.slot(500), 5) }, 'not_aligned'],
    [{ start: stack.slot(500), duration_minutes: 31 }, 'bad_duration'],
  ])
    assertProblem(await ann.post('/booking/hold', body), 422, code);
});

test('many racing to hold one time: one does; one caller racing holds one', async () => {
  const start = nextStart();
  const crowd = Array.from({ length: 16 }, () => somebody());
  const replies = await Promise.all(crowd.map((client) => client.post('/booking/hold', { start })));
  assert.deepEqual(countStatuses(replies), { 201: 1, 409: 15 });
  const greedy = somebody();
  const starts = Array.from({ length: 8 }, nextStart);
  await Promise.all(starts.map((at) => greedy.post('/booking/hold', { start: at })));
  const { appointments } = assertStatus(await greedy.get('/booking/user/me'), 200);
  assert.equal(appointments.length, 1);
});

test('confirm and cancel racing leave one of the two, and the replies say which', async () => {
  const ann = somebody();
  const held = await hold(ann, nextStart());
  const [confirm, cancel] = await Promise.all([
    ann.put(`/booking/${held.id}/confirm`),
    ann.put(`/booking/${held.id}/cancel`),
  ]);
  assert.equal(cancel.status, 200);
  assert.ok(confirm.status === 200 || confirm.body.code === 'not_active');
  assert.equal(await status(ann, held.id), 'cancelled');
});

test('a hold with another coach frees the time with the first', async () => {
  const document = assertStatus(await stack.coach().get('/coach/damian/schedule'), 200);
  assertStatus(await stack.admin().put('/coach/clara/schedule', document), 201);
  const [ann, bob] = [somebody(), somebody()];
  const start = nextStart();
  const free = async () => {
    const query = `coach=damian&from=${start}&to=${later(start, 10)}`;
    return assertStatus(await bob.get(`/booking/availability?${query}`), 200).slots.length === 1;
  };
  await hold(ann, start, { coach: 'damian' });
  assert.equal(await free(), false);
  await hold(ann, start, { coach: 'clara' });
  await until('the time to be offered', free, 1000);
});
