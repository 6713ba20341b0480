// Cancelling, moving and marking: cut-offs as promised when booking, counts, and all or nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const POLICY = {
  cancel_notice_minutes: 60,
  reschedule_notice_minutes: 120,
  max_reschedules: 2,
  step_minutes: 15,
};
const TYPES = [
  { id: 'coaching', name: 'Coaching', durations: [30, 60], meeting: 'google_meet' },
  { id: 'strict', durations: [30], meeting: 'phone', policy: { cancel_notice_minutes: 2880 } },
  {
    id: 'lax',
    durations: [30],
    meeting: 'none',
    policy: { cancel_notice_minutes: 0, max_reschedules: null },
  },
];
let stack;
before(async () => {
  stack = await startStack({ document: { ...openSchedule(POLICY), session_types: TYPES } });
});
after(() => stack.stop());

let hour = 0;
const nextStart = () => stack.slot((hour += 2));
let people = 0;
const somebody = () => stack.client(`client-${++people}`);
const booked = async (client, body) => assertStatus(await client.post('/booking/create', body), 201);
const offers = async (client, start) => {
  const reply = await client.get(`/booking/availability?from=${start}&to=${later(start, 1)}`);
  return assertStatus(reply, 200).slots.length === 1;
};
const inSeconds = (text) => Math.round((Date.parse(text) - Date.now()) / 1000);

/** Puts the appointment so that it starts in so many minutes, whatever the rules say. */
const startsIn = (id, minutes) =>
  stack.database.run(`UPDATE bookingd.appointment SET starts_at = t, blocked_from = t,
    ends_at = t + interval '30 min', blocked_to = t + interval '30 min'
    FROM (SELECT date_trunc('second', now()) + interval '${minutes * 60} seconds' AS t) AS moment WHERE id = '${id}'`);

test('the cut-offs are in the appointment, and hold to the minute', async () => {
  const ann = somebody();
  const made = await booked(ann, { start: nextStart() });
  assert.equal(made.cancel_before, later(made.start, -60));
  assert.equal(made.reschedule_before, later(made.start, -120));
  assert.deepEqual([made.can_cancel, made.can_reschedule], [true, true]);
  startsIn(made.id, 119);
  assertProblem(
    await ann.put(`/booking/${made.id}/reschedule`, { start: nextStart() }),
    409,
    'reschedule_closed',
  );
  const late = assertStatus(await ann.get(`/booking/${made.id}`), 200);
  assert.deepEqual([late.can_cancel, late.can_reschedule], [true, false]);
  startsIn(made.id, 59);
  const closed = await ann.put(`/booking/${made.id}/cancel`);
  assertProblem(closed, 409, 'cancellation_closed');
  assert.equal(closed.body.appointment_id, made.id);
  startsIn(made.id, 61);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
});

test('the last move that is allowed, sent again, is 200 with the same, also to a time too near to leave', async () => {
  const ann = somebody();
  const made = await booked(ann, { start: nextStart() });
  assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: nextStart() }), 200);
  const last = { start: nextStart() };
  const moved = assertStatus(await ann.put(`/booking/${made.id}/reschedule`, last), 200);
  assert.deepEqual(assertStatus(await ann.put(`/booking/${made.id}/reschedule`, last), 200), moved);
  const further = await ann.put(`/booking/${made.id}/reschedule`, { start: nextStart() });
  assertProblem(further, 409, 'reschedule_limit');
  startsIn(made.id, 30);
  const near = assertStatus(await ann.get(`/booking/${made.id}`), 200);
  assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: near.start }), 200);
  assertStatus(await stack.coach().put(`/booking/${made.id}/cancel`), 200);
});

test('what was promised when booking stays when the policy changes', async () => {
  const [ann, coach] = [somebody(), stack.coach()];
  const made = await booked(ann, { start: nextStart() });
  const before = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  const strict = { cancel_notice_minutes: 20160, reschedule_notice_minutes: 20160, max_reschedules: 0 };
  const changed = { ...before, policy: { ...before.policy, ...strict } };
  assertStatus(await coach.put('/coach/damian/schedule', changed), 200);
  assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: nextStart() }), 200);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
  assertStatus(await coach.put('/coach/damian/schedule', before), 200);
});

test('a session type with a cancel notice of its own moves by it too', async () => {
  const made = await booked(somebody(), { start: stack.slot(200), session_type: 'strict' });
  assert.deepEqual(
    [made.cancel_before, made.reschedule_before],
    [later(made.start, -2880), later(made.start, -120)],
    'the policy names a reschedule notice, the type only its cancel notice',
  );
  assert.deepEqual(made.meeting, { kind: 'phone', url: null });
});

test('without notice it may be cancelled until it starts, and not after', async () => {
  const ann = somebody();
  const made = await booked(ann, { start: nextStart(), session_type: 'lax' });
  assert.equal(made.meeting, null);
  startsIn(made.id, -1);
  assertProblem(await ann.put(`/booking/${made.id}/cancel`), 409, 'cancellation_closed');
  startsIn(made.id, 1);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
});

test('cancelling says when, by whom and why, and again is 200 with the same', async () => {
  for (const [client, by] of [
    [undefined, 'client'],
    [stack.coach(), 'coach'],
    [stack.admin(), 'admin'],
  ]) {
    const owner = somebody();
    const { id, start } = await booked(owner, { start: nextStart() });
    const who = client ?? owner;
    const gone = assertStatus(await who.put(`/booking/${id}/cancel`, { reason: 'Flu <b>' }), 200);
    assert.deepEqual([gone.status, gone.cancelled_by, gone.cancel_reason], ['cancelled', by, 'Flu <b>']);
    assert.ok(Math.abs(inSeconds(gone.cancelled_at)) < 5);
    assert.equal(gone.start, start);
    assert.deepEqual([gone.can_cancel, gone.can_reschedule], [false, false]);
    assert.deepEqual(assertStatus(await owner.put(`/booking/${id}/cancel`, { reason: 'Other' }), 200), gone);
    assert.equal(await offers(owner, start), true);
  }
});

test('cancel takes no body, an empty object, a reason that is empty or null', async () => {
  for (const body of [undefined, '', {}, { reason: '' }, { reason: null }]) {
    const ann = somebody();
    const { id } = await booked(ann, { start: nextStart() });
    assertStatus(await ann.put(`/booking/${id}/cancel`, body), 200);
  }
  const ann = somebody();
  const { id } = await booked(ann, { start: nextStart() });
  assertProblem(await ann.put(`/booking/${id}/cancel`, '[]'), 400, 'malformed_json');
  assertProblem(await ann.put(`/booking/${id}/cancel`, { reason: 1 }), 422, 'invalid_field', 'reason');
});

test('a coach or admin may cancel until the end, then it is history', async () => {
  const made = await booked(somebody(), { start: nextStart() });
  startsIn(made.id, -31);
  for (const who of [stack.coach(), stack.admin()])
    assertProblem(await who.put(`/booking/${made.id}/cancel`), 409, 'not_active');
  startsIn(made.id, -1);
  assertStatus(await stack.coach().put(`/booking/${made.id}/cancel`), 200);
});

test('moving keeps the id, counts, takes the new time and frees the old one', async () => {
  const ann = somebody();
  const made = await booked(ann, { start: nextStart(), name: 'Ann', notes: 'x', time_zone: 'Asia/Tokyo' });
  const to = nextStart();
  const moved = assertStatus(
    await ann.put(`/booking/${made.id}/reschedule`, { start: to, duration_minutes: 60 }),
    200,
  );
  const { updated_at: _, ...rest } = moved;
  const { updated_at: __, ...before } = made;
  assert.deepEqual(rest, {
    ...before,
    start: to,
    end: later(to, 60),
    duration_minutes: 60,
    reschedule_count: 1,
    cancel_before: later(to, -60),
    reschedule_before: later(to, -120),
  });
  assert.equal(await offers(somebody(), made.start), true);
  assert.equal(await offers(somebody(), to), false);
  assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: nextStart() }), 200);
  assertProblem(
    await ann.put(`/booking/${made.id}/reschedule`, { start: nextStart() }),
    409,
    'reschedule_limit',
  );
  const last = assertStatus(await ann.get(`/booking/${made.id}`), 200);
  assert.deepEqual([last.duration_minutes, last.reschedule_count, last.can_reschedule], [60, 2, false]);
  for (const who of [stack.coach(), stack.admin()])
    assertStatus(await who.put(`/booking/${made.id}/reschedule`, { start: nextStart() }), 200);
});

test('moving to where it is changes and counts nothing', async () => {
  const ann = somebody();
  const made = await booked(ann, { start: nextStart() });
  const same = await ann.put(`/booking/${made.id}/reschedule`, { start: made.start, duration_minutes: 30 });
  assert.deepEqual(assertStatus(same, 200), made);
});

test('moving by less than its length is no clash with itself', async () => {
  const ann = somebody();
  const made = await booked(ann, { start: nextStart(), duration_minutes: 60 });
  assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: later(made.start, 15) }), 200);
});

test('a refused move leaves everything as it was', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const mine = await booked(ann, { start: nextStart() });
  const theirs = await booked(bob, { start: nextStart() });
  for (const [body, status, code, field] of [
    [{ start: theirs.start }, 409, 'slot_taken'],
    [{ start: later(mine.start, 7) }, 422, 'not_aligned'],
    [{ start: stack.slot(-100) }, 422, 'too_soon'],
    [{ start: stack.slot(24 * 40) }, 422, 'too_far'],
    [{ start: nextStart(), duration_minutes: 45 }, 422, 'bad_duration'],
    [{ start: nextStart(), duration_minutes: 0 }, 422, 'invalid_field', 'duration_minutes'],
    [{}, 422, 'invalid_field', 'start'],
    [undefined, 400, 'malformed_json'],
  ])
    assertProblem(await ann.put(`/booking/${mine.id}/reschedule`, body), status, code, field);
  assert.deepEqual(assertStatus(await ann.get(`/booking/${mine.id}`), 200), mine);
});

test('two that swap at the same moment never hold both times or none', async () => {
  const [ann, bob] = [somebody(), somebody()];
  const a = await booked(ann, { start: nextStart() });
  const b = await booked(bob, { start: nextStart() });
  const replies = await Promise.all([
    ann.put(`/booking/${a.id}/reschedule`, { start: b.start }),
    bob.put(`/booking/${b.id}/reschedule`, { start: a.start }),
  ]);
  for (const reply of replies) assertProblem(reply, 409, 'slot_taken');
});

test('completed and no_show are for the coach, once it has started, and may be corrected', async () => {
  const [ann, coach] = [somebody(), stack.coach()];
  const made = await booked(ann, { start: nextStart() });
  const early = await coach.put(`/booking/${made.id}/status`, { status: 'completed' });
  assertProblem(early, 409, 'not_started');
  startsIn(made.id, -1);
  assertProblem(await ann.put(`/booking/${made.id}/status`, { status: 'completed' }), 403, 'forbidden');
  const elsewhere = stack.client('clara', { role: 'coach', coach: 'clara' });
  assertProblem(await elsewhere.put(`/booking/${made.id}/status`, { status: 'completed' }), 404, 'not_found');
  for (const [who, status] of [
    [coach, 'no_show'],
    [stack.admin(), 'completed'],
    [coach, 'completed'],
  ])
    assert.equal(assertStatus(await who.put(`/booking/${made.id}/status`, { status }), 200).status, status);
  for (const status of ['scheduled', 'cancelled', 'COMPLETED', '', 1, null])
    assertProblem(await coach.put(`/booking/${made.id}/status`, { status }), 422, 'invalid_field', 'status');
  assertProblem(await ann.put(`/booking/${made.id}/cancel`), 409, 'not_active');
  assertProblem(await ann.put(`/booking/${made.id}/reschedule`, { start: nextStart() }), 409, 'not_active');
  const gone = await booked(ann, { start: nextStart() });
  assertStatus(await ann.put(`/booking/${gone.id}/cancel`), 200);
  assertProblem(await coach.put(`/booking/${gone.id}/status`, { status: 'completed' }), 409, 'not_active');
});

test('the same create again is 200 with what stands, cancelled it is new', async () => {
  const ann = somebody();
  const body = { start: nextStart(), duration_minutes: 60, notes: 'first' };
  const first = await booked(ann, body);
  const again = await ann.post('/booking/create', { ...body, notes: 'second' });
  assert.deepEqual(assertStatus(again, 200), first);
  assert.equal(again.headers.location, undefined);
  assertProblem(await ann.post('/booking/create', { ...body, duration_minutes: 30 }), 409, 'slot_taken');
  assertStatus(await ann.put(`/booking/${first.id}/cancel`), 200);
  assert.notEqual((await booked(ann, body)).id, first.id);
});

test('the same create again is 200 also when the notice has run out since', async () => {
  const ann = somebody();
  const made = await booked(ann, { start: nextStart() });
  startsIn(made.id, 30);
  const { start } = assertStatus(await ann.get(`/booking/${made.id}`), 200);
  assert.equal(assertStatus(await ann.post('/booking/create', { start }), 200).id, made.id);
});
