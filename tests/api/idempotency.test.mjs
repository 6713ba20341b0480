// Idempotency-Key: the same request twice is one request, whatever happens in between.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack;
before(async () => {
  stack = await startStack({ document: openSchedule({ max_reschedules: 3 }) });
});
after(() => stack.stop());

let hour = 0;
const nextStart = () => stack.slot((hour += 2));
let people = 0;
const somebody = () => stack.client(`client-${++people}`);
const key = (value) => ({ 'idempotency-key': value });
const rows = () =>
  stack.database.value(`SELECT count(*) FROM bookingd.appointment WHERE user_id = 'client-${people}'`);

/** Both replies are one and the same, the second one marked as a replay. */
function assertReplay(first, again) {
  assert.deepEqual([again.status, again.text], [first.status, first.text]);
  assert.equal(first.headers['idempotent-replayed'], undefined);
  assert.equal(again.headers['idempotent-replayed'], 'true');
  assert.equal(again.headers.location, first.headers.location);
  assert.equal(again.headers['content-type'], first.headers['content-type']);
  assert.match(again.headers['cache-control'], /no-store/);
}

test('create: the first reply again, status and all, even after the appointment has changed', async () => {
  const ann = somebody();
  const body = { start: nextStart(), notes: 'é "x"' };
  const first = await ann.post('/booking/create', body, key('k'));
  assertStatus(first, 201);
  assertReplay(first, await ann.post('/booking/create', body, key('k')));
  assertStatus(await ann.put(`/booking/${first.body.id}/cancel`), 200);
  assertReplay(first, await ann.post('/booking/create', body, key('k')));
  assert.equal(rows(), 1);
});

test('every call that books takes a key: hold, confirm, reschedule, cancel', async () => {
  const ann = somebody();
  const hold = { start: nextStart() };
  const held = await ann.post('/booking/hold', hold, key('hold'));
  assertStatus(held, 201);
  const path = `/booking/${held.body.id}`;
  const [confirm, move, cancel] = [{ notes: 'x' }, { start: nextStart() }, { reason: 'ill' }];
  const confirmed = await ann.put(`${path}/confirm`, confirm, key('confirm'));
  const moved = await ann.put(`${path}/reschedule`, move, key('move'));
  const gone = await ann.put(`${path}/cancel`, cancel, key('cancel'));
  for (const reply of [confirmed, moved, gone]) assertStatus(reply, 200);
  assertReplay(held, await ann.post('/booking/hold', hold, key('hold')));
  assertReplay(confirmed, await ann.put(`${path}/confirm`, confirm, key('confirm')));
  assertReplay(moved, await ann.put(`${path}/reschedule`, move, key('move')));
  assertReplay(gone, await ann.put(`${path}/cancel`, cancel, key('cancel')));
  assert.equal(moved.body.reschedule_count, 1);
  assert.equal(rows(), 1);
});

test('moving there and back: each request counts once', async () => {
  const ann = somebody();
  const made = assertStatus(await ann.post('/booking/create', { start: nextStart() }), 201);
  const there = { start: nextStart() };
  const go = () => ann.put(`/booking/${made.id}/reschedule`, there, key('there'));
  assertStatus(await go(), 200);
  assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: made.start }, key('back')), 200);
  assert.equal((await go()).headers['idempotent-replayed'], 'true');
  const now = assertStatus(await ann.get(`/booking/${made.id}`), 200);
  assert.deepEqual([now.start, now.reschedule_count], [made.start, 2]);
});

test('POST and PUT are the same call', async () => {
  const ann = somebody();
  const made = assertStatus(await ann.post('/booking/create', { start: nextStart() }), 201);
  const first = await ann.put(`/booking/${made.id}/cancel`, undefined, key('c'));
  assertReplay(first, await ann.post(`/booking/${made.id}/cancel`, undefined, key('c')));
});

test('a key with another body, or on another call, is idempotency_key_reused, before anything else is looked at', async () => {
  const ann = somebody();
  const body = { start: nextStart() };
  const made = assertStatus(await ann.post('/booking/create', body, key('k')), 201);
  const reused = async (reply) => assertProblem(await reply, 422, 'idempotency_key_reused');
  await reused(ann.post('/booking/create', { ...body, notes: 'x' }, key('k')));
  await reused(ann.post('/booking/create', `${JSON.stringify(body)} `, key('k')));
  await reused(ann.post('/booking/create', '{', key('k')));
  await reused(ann.post('/booking/hold', body, key('k')));
  await reused(ann.put(`/booking/${made.id}/cancel`, undefined, key('k')));
  await reused(ann.put('/booking/00000000-0000-4000-8000-000000000000/cancel', undefined, key('k')));
  assert.equal(assertStatus(await ann.get(`/booking/${made.id}`), 200).status, 'scheduled');
});

test("a key is the caller's own", async () => {
  const body = () => ({ start: nextStart() });
  const [one, two] = [somebody(), somebody()];
  const first = assertStatus(await one.post('/booking/create', body(), key('shared')), 201);
  const second = assertStatus(await two.post('/booking/create', body(), key('shared')), 201);
  assert.notEqual(first.id, second.id);
});

test('a refused request frees its key', async () => {
  const ann = somebody();
  const taken = nextStart();
  assertStatus(await stack.client('other').post('/booking/create', { start: taken }), 201);
  for (const [body, status, code, field] of [
    ['{', 400, 'malformed_json'],
    [{ start: 1 }, 422, 'invalid_field', 'start'],
    [{ start: taken, x: 1 }, 422, 'unknown_field', 'x'],
    [{ start: taken }, 409, 'slot_taken'],
    [{ start: later(taken, 61) }, 422, 'not_aligned'],
    [{ start: taken, coach: 'x' }, 404, 'unknown_coach', 'coach'],
  ])
    assertProblem(await ann.post('/booking/create', body, key('k')), status, code, field);
  const good = await ann.post('/booking/create', { start: nextStart() }, key('k'));
  assertStatus(good, 201);
  assert.equal(good.headers['idempotent-replayed'], undefined);
});

test('a refusal is asked again, not replayed: it may have become possible', async () => {
  const [ann, bob] = [somebody(), stack.client('bob')];
  const body = { start: nextStart() };
  const theirs = assertStatus(await bob.post('/booking/create', body), 201);
  assertProblem(await ann.post('/booking/create', body, key('k')), 409, 'slot_taken');
  assertStatus(await bob.put(`/booking/${theirs.id}/cancel`), 200);
  assertStatus(await ann.post('/booking/create', body, key('k')), 201);
});

test('what stood already is kept under the key like any other reply', async () => {
  const ann = somebody();
  const body = { start: nextStart() };
  const made = assertStatus(await ann.post('/booking/create', body), 201);
  const again = await ann.post('/booking/create', body, key('k'));
  assertStatus(again, 200);
  assertReplay(again, await ann.post('/booking/create', body, key('k')));
  const same = await ann.put(`/booking/${made.id}/reschedule`, { start: made.start }, key('same'));
  assertStatus(same, 200);
  assertReplay(same, await ann.put(`/booking/${made.id}/reschedule`, { start: made.start }, key('same')));
});

test('1 to 255 visible ASCII characters make a key', async () => {
  const ann = somebody();
  for (const good of ['!', '~'.repeat(255), '5b0a-"x"', '%00'])
    assertStatus(await ann.post('/booking/create', { start: nextStart() }, key(good)), 201);
  for (const bad of ['', 'x'.repeat(256), 'a b', 'é', 'a\tb'])
    assertProblem(
      await ann.post('/booking/create', { start: nextStart() }, key(bad)),
      400,
      'bad_parameter',
      'Idempotency-Key',
    );
});

test('many at once with one key: one books, others hear that it is under way or get its reply', async () => {
  const ann = somebody();
  const body = { start: nextStart() };
  const replies = await Promise.all(
    Array.from({ length: 24 }, () => ann.post('/booking/create', body, key('k'))),
  );
  const first = replies.find(({ status, headers }) => status === 201 && !headers['idempotent-replayed']);
  for (const reply of replies) {
    if (reply === first) continue;
    if (reply.status === 409) assertProblem(reply, 409, 'request_in_progress');
    else assertReplay(first, reply);
  }
  assert.equal(rows(), 1);
  assertReplay(first, await ann.post('/booking/create', body, key('k')));
});

test('while the first is being answered the second is 409 request_in_progress, whatever its body', async () => {
  const ann = somebody();
  const body = { start: nextStart() };
  // A lock that booking needs keeps the first one inside PostgreSQL.
  const blocker = spawn('psql', ['-X', '-q', '-d', stack.database.url], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const done = new Promise((resolve) => blocker.on('close', resolve));
  blocker.stdin.write('BEGIN; LOCK TABLE bookingd.appointment IN SHARE ROW EXCLUSIVE MODE;\n');
  const lock = "relation = 'bookingd.appointment'::regclass AND granted AND mode = 'ShareRowExclusiveLock'";
  await until('the lock', () => stack.database.locks(lock));
  const first = ann.post('/booking/create', body, key('k'));
  await until('the first request to wait', () => stack.database.waiting('from book[(]'));
  assertProblem(await ann.post('/booking/create', body, key('k')), 409, 'request_in_progress');
  assertProblem(await ann.post('/booking/hold', body, key('k')), 409, 'request_in_progress');
  blocker.stdin.end('COMMIT;\n');
  await done;
  assertStatus(await first, 201);
  assertReplay(await first, await ann.post('/booking/create', body, key('k')));
});

test('without keys many at once with one body: one books, the others get what stands', async () => {
  const ann = somebody();
  const body = { start: nextStart() };
  const replies = await Promise.all(Array.from({ length: 16 }, () => ann.post('/booking/create', body)));
  assert.deepEqual(countStatuses(replies), { 200: 15, 201: 1 });
  assert.equal(new Set(replies.map((reply) => reply.body.id)).size, 1);
});

test('a key lives for 24 hours', async () => {
  const ann = somebody();
  const body = { start: nextStart() };
  const made = assertStatus(await ann.post('/booking/create', body, key('k')), 201);
  const age = (hours) =>
    stack.database.run(`UPDATE bookingd.idempotency_key SET created_at = now() - interval '${hours} hours'
      WHERE caller = 'client-${people}'`);
  age(23.9);
  assert.equal((await ann.post('/booking/create', body, key('k'))).headers['idempotent-replayed'], 'true');
  age(24.1);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`), 200);
  const anew = await ann.post('/booking/create', { start: nextStart() }, key('k'));
  assert.notEqual(assertStatus(anew, 201).id, made.id);
});

test('a daemon that died after the booking and before its reply answers with what stands', async () => {
  const ann = somebody();
  const body = { start: nextStart() };
  const made = assertStatus(await ann.post('/booking/create', body, key('k')), 201);
  stack.database.run(`UPDATE bookingd.idempotency_key SET body = NULL WHERE caller = 'client-${people}'`);
  const again = await ann.post('/booking/create', body, key('k'));
  assert.deepEqual(assertStatus(again, 201), made);
  assert.equal(again.headers['idempotent-replayed'], 'true');
});
