// The daemon dies at each named place (include/base/crash_point.h) of booking, moving, cancelling and mailing, is started again,
// and the client tries again with the same Idempotency-Key. There is one appointment, one event as it should be, and
// nobody is told nothing.
//
//   make build/crash/bookingd && CRASHING=build/crash/bookingd node tests/run.mjs tests/crash/points.test.mjs
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSchedule, until } from '../harness/stack.mjs';
import { dieAt, skip, startCrashing, stopCrashing } from './crashing.mjs';

let stack, mail;
let hour = 0;

before(async () => {
  if (skip) return;
  stack = await startCrashing({
    google: 'bare', // it cannot invite, so the mail does
    mail: true,
    document: openSchedule({ min_notice_minutes: 0 }),
  });
  mail = stack.mail;
});
after(() => stopCrashing(stack));

/** One row and one event for it, both as `wanted`, and nothing owed. */
async function settles(user, { status, start }) {
  const rows = () => stack.database.rows(`SELECT * FROM appointment WHERE user_id = '${user}'`);
  await until(
    `nothing to be owed for ${user}`,
    () =>
      rows().every(
        ({ version, synced_version: synced, conference_pending: pending }) => version === synced && !pending,
      ),
    60_000,
  );
  const [row, ...others] = rows();
  assert.equal(others.length, 0, 'booked twice');
  assert.equal(row.status, status);
  assert.equal(new Date(row.starts_at).getTime(), new Date(start).getTime());
  const events = (await stack.google.live(stack.calendar)).filter(
    (event) => event.extendedProperties.private.bookingId === row.id,
  );
  assert.equal(events.length, status === 'scheduled' ? 1 : 0, 'events of the appointment');
  for (const event of events) assert.equal(new Date(event.start).getTime(), new Date(start).getTime());
  return row;
}

for (const place of ['begun', 'committed', 'before_google', 'after_google', 'noted', 'before_reply'])
  test(`death at ${place}: booked once, moved once, cancelled once`, { skip }, async () => {
    const user = `dies-at-${place}`;
    const client = stack.client(user);
    const key = (what) => ({ 'idempotency-key': `${what}-${place}` });
    const [first, second] = [stack.slot(++hour), stack.slot(++hour)];
    const book = () => client.post('/booking/create', { start: first, duration_minutes: 30 }, key('create'));
    await dieAt(stack, place, book);
    const again = await book();
    assert.ok([200, 201].includes(again.status), JSON.stringify(again.body));
    const { id } = again.body;
    await settles(user, { status: 'scheduled', start: first });

    const move = () => client.put(`/booking/${id}/reschedule`, { start: second }, key('move'));
    await dieAt(stack, place, move);
    const moved = await move();
    assert.equal(moved.status, 200, JSON.stringify(moved.body));
    await settles(user, { status: 'scheduled', start: second });

    const cancel = () => client.put(`/booking/${id}/cancel`, {}, key('cancel'));
    await dieAt(stack, place, cancel);
    const cancelled = await cancel();
    assert.equal(cancelled.status, 200, JSON.stringify(cancelled.body));
    await settles(user, { status: 'cancelled', start: second });
  });

for (const place of ['before_mail', 'after_mail'])
  test(`death at ${place}: the client gets the confirmation, if twice, then as one message`, {
    skip,
  }, async () => {
    const user = `mailed-${place.replace('_', '-')}`;
    const client = stack.client(user);
    const start = stack.slot(++hour);
    let booked;
    await dieAt(stack, place, async () => {
      booked = await client.post('/booking/create', { start, duration_minutes: 30 });
    });
    // It may have died of another's mail before this one was booked.
    if (booked?.status !== 201)
      assert.ok(
        [200, 201].includes((await client.post('/booking/create', { start, duration_minutes: 30 })).status),
      );
    // What was claimed when it died waits for the end of its lease; no longer here.
    stack.database.run(`UPDATE notice SET due_at = now() WHERE state IN ('owed', 'sending', 'retry')`);
    const to = `${user}@client.test`;
    const mails = () => mail.mails.filter((each) => String(each.to).includes(to));
    await until(`a mail to ${to}`, () => mails().length > 0, 90_000);
    const ids = new Set(mails().map(({ raw }) => /^message-id: *(\S+)/im.exec(raw.toString())[1]));
    assert.equal(ids.size, 1);
  });
