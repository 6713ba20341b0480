// The same booking sent many times at once, with a calendar: one appointment, one event, one mail, and nobody is refused
// for what is their own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus, countStatuses } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack;
before(async () => {
  stack = await startStack({ google: 'delegated', document: openSchedule({ max_active_per_user: 1 }) });
});
after(() => stack.stop());

const times = (n, ask) => Promise.all(Array.from({ length: n }, (_, i) => ask(i)));

test('16 identical creates at once, five times: one 201, 15 times 200 with the same', async () => {
  for (let round = 0; round < 5; round++) {
    const ann = stack.client(`ann-${round}`);
    const start = stack.slot(round);
    const replies = await times(16, () => ann.post('/booking/create', { start }));
    assert.deepEqual(
      countStatuses(replies),
      { 200: 15, 201: 1 },
      JSON.stringify(replies.map(({ text }) => text).slice(0, 3)),
    );
    assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
    const [id] = new Set(replies.map(({ body }) => body.id));
    const { calendar } = await stack.settled(ann, id);
    const mails = await stack.google.mails({ event: calendar.event_id });
    assert.deepEqual(
      mails.map(({ kind }) => kind),
      ['invitation'],
    );
  }
});

test('a create or move that Google answers late for, while the same one sent again was faster, finds its own', async () => {
  const slow = () => stack.google.fault('latency', { method: 'freebusy.query', count: 1, ms: 2000 });
  const cleo = stack.client('cleo');
  const twice = async (ask) => {
    await slow();
    const late = ask();
    // A fault that has struck for the last time is gone.
    await until(
      'its question to be on its way',
      async () => !(await stack.google.order('GET', 'faults')).length,
    );
    const first = await ask();
    return [first, await late];
  };
  const created = await twice(() => cleo.post('/booking/create', { start: stack.slot(12) }));
  assert.deepEqual(
    created.map(({ status }) => status),
    [201, 200],
    created[1].text,
  );
  const { id } = created[0].body;
  await stack.settled(cleo, id);
  const moved = await twice(() => cleo.put(`/booking/${id}/reschedule`, { start: stack.slot(14) }));
  assert.deepEqual(
    moved.map(({ status }) => status),
    [200, 200],
    moved[1].text,
  );
  assert.equal(moved[1].body.reschedule_count, 1);
});

test('16 identical moves and then cancellations at once: each counts once', async () => {
  const bob = stack.client('bob');
  const made = assertStatus(await bob.post('/booking/create', { start: stack.slot(20) }), 201);
  await stack.settled(bob, made.id);
  const moves = await times(16, () => bob.put(`/booking/${made.id}/reschedule`, { start: stack.slot(22) }));
  assert.deepEqual(countStatuses(moves), { 200: 16 }, moves.find(({ status }) => status !== 200)?.text);
  assert.equal(assertStatus(await bob.get(`/booking/${made.id}`), 200).reschedule_count, 1);
  const cancels = await times(16, () => bob.put(`/booking/${made.id}/cancel`));
  assert.deepEqual(countStatuses(cancels), { 200: 16 });
  const { calendar } = await stack.settled(bob, made.id);
  const mails = await stack.google.mails({ event: calendar.event_id });
  assert.deepEqual(
    mails.map(({ kind }) => kind),
    ['invitation', 'update', 'cancellation'],
  );
});
