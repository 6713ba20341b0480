// A series of 12 that costs credits is booked, moved and cancelled by a daemon that dies (kill -9) at each named place
// (include/base/crash_point.h), in the middle of the transaction, or whose connection is cut there. Whatever happens it is all
// twelve or none, credits and all, and tried again it is as if nothing had happened.
//
//   make build/crash/bookingd && CRASHING=build/crash/bookingd node tests/run.mjs tests/crash/series.test.mjs
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, until } from '../harness/stack.mjs';
import { dieAt, skip, startCrashing, stopCrashing } from './crashing.mjs';

const DATES = 12;
const WEEK = 7 * 1440;
let stack, coach;
let hour = 0;

before(async () => {
  if (skip) return;
  const policy = { horizon_days: 100, cancel_notice_minutes: 0, reschedule_notice_minutes: 0 };
  stack = await startCrashing({
    google: 'bare',
    document: {
      ...openSchedule(policy),
      session_types: [{ id: 'paid', durations: [30], meeting: 'none', price: { credits: 1 } }],
    },
  });
  coach = stack.coach();
});
after(() => stopCrashing(stack));
afterEach(() => {
  if (!skip) assert.deepEqual(stack.database.rows('SELECT * FROM credit_faults()'), []);
});

/** Somebody with just the credits for one series, and what they do to it. */
async function somebody(name) {
  assertStatus(await coach.post('/coach/damian/credits', { user_id: name, amount: DATES }), 201);
  const client = stack.client(name);
  const [start, target] = [stack.slot(++hour), stack.slot(++hour)];
  const key = (what) => ({ 'idempotency-key': `${what}-${name}` });
  const first = () =>
    stack.database.value(
      `SELECT id FROM appointment WHERE user_id = '${name}' ORDER BY series_index LIMIT 1`,
    );
  return {
    name,
    start,
    target,
    book: () => client.post('/booking/series', { start, count: DATES }, key('book')),
    move: () => client.put(`/booking/${first()}/reschedule`, { start: target, scope: 'all' }, key('move')),
    cancel: () => client.put(`/booking/${first()}/cancel`, { scope: 'all' }, key('cancel')),
  };
}

/** What stands of theirs: 'twelve at start' and the like; anything between all and nothing fails. */
function standing({ name, start, target }) {
  const rows = stack.database.rows(`SELECT starts_at, series_index FROM appointment
    WHERE user_id = '${name}' AND status = 'scheduled' ORDER BY starts_at`);
  const left = stack.database.value(`SELECT coalesce(sum(e.delta), 0)::int FROM credit_entry e
    JOIN credit_grant g ON g.id = e.grant_id WHERE g.user_id = '${name}'`);
  assert.equal(left, DATES - rows.length, 'credits that are left');
  if (rows.length === 0) return 'none';
  assert.equal(rows.length, DATES, 'all or nothing');
  const place = Date.parse(rows[0].starts_at) === Date.parse(start) ? 'start' : 'target';
  const from = place === 'start' ? start : target;
  assert.deepEqual(
    rows.map(({ starts_at }) => Date.parse(starts_at)),
    rows.map((_, date) => Date.parse(later(from, date * WEEK))),
  );
  return place;
}

/** The calendar has their events and no others once nothing is owed. */
async function settles({ name }, count) {
  await until(
    `nothing to be owed for ${name}`,
    () => {
      // What was claimed when it died waits for the end of its lease; no longer here.
      stack.database.run(`UPDATE appointment SET calendar_due_at = now()
        WHERE user_id = '${name}' AND version > synced_version AND calendar_due_at > now()`);
      return stack.database.value(`SELECT NOT EXISTS (SELECT FROM appointment WHERE user_id = '${name}'
        AND (version > synced_version OR conference_pending))`);
    },
    60_000,
  );
  const ids = stack.database.rows(`SELECT id FROM appointment WHERE user_id = '${name}'`).map(({ id }) => id);
  const events = (await stack.google.live(stack.calendar)).filter(({ extendedProperties }) =>
    ids.includes(extendedProperties.private.bookingId),
  );
  assert.equal(events.length, count);
}

for (const place of ['begun', 'committed', 'after_google', 'before_reply'])
  test(`death at ${place}: a series is booked whole, moved whole, cancelled whole`, { skip }, async () => {
    const before = place === 'begun';
    const ann = await somebody(`dies-at-${place.replace('_', '-')}`);
    await dieAt(stack, place, ann.book);
    assert.equal(standing(ann), before ? 'none' : 'start');
    assert.equal(assertStatus(await ann.book(), 201).appointments.length, DATES);
    assert.equal(standing(ann), 'start');

    await dieAt(stack, place, ann.move);
    assert.equal(standing(ann), before ? 'start' : 'target');
    assertStatus(await ann.move(), 200);
    assert.equal(standing(ann), 'target');
    await settles(ann, DATES);

    await dieAt(stack, place, ann.cancel);
    assert.equal(standing(ann), before ? 'target' : 'none');
    const again = await ann.cancel();
    assert.ok(again.status === 200 || again.body.code === 'not_active', again.text);
    assert.equal(standing(ann), 'none');
    await settles(ann, 0);
  });

/**
 * Somebody else has the seventh date of `from`, but has not committed: what `call` does waits there, in the middle of its
 * transaction. Resolves to what ends that and to the reply.
 */
async function halfWay(who, from, call) {
  const other = stack.database.session();
  const at = `timestamptz '${later(from, 6 * WEEK)}'`;
  other.send(`BEGIN; INSERT INTO appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from,
      blocked_to, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes)
    VALUES (gen_random_uuid(), 'damian', 'other-${who.name}', 'paid', 'scheduled', ${at}, ${at} + interval '30 minutes',
      ${at}, ${at} + interval '30 minutes', 'none', 0, 0);`);
  await until('the other to have written', () =>
    stack.database.value(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
      AND state = 'idle in transaction'`),
  );
  const reply = call().catch(() => null);
  const waiting = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND query ~ 'book_series|move_series'`;
  await until('the series to wait for the other', () => stack.database.value(`SELECT count(*) ${waiting}`));
  return {
    reply,
    cut: () => stack.database.run(`SELECT pg_terminate_backend(pid) ${waiting}`),
    commit: () => other.send('COMMIT;'),
    end: async () => {
      other.send('ROLLBACK;');
      other.close();
      await until('nobody to be at work any more', () =>
        stack.database.value(`SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database()
          AND pid <> pg_backend_pid() AND state <> 'idle'`),
      );
    },
  };
}

for (const [what, before, from, to] of [
  ['book', 'none', 'start', 'start'],
  ['move', 'start', 'target', 'target'],
]) {
  const ready = async (how) => {
    const ann = await somebody(`${what}-${how}`);
    if (what === 'move') assertStatus(await ann.book(), 201);
    return ann;
  };
  test(`the daemon dies half-way through its transaction: ${what}`, { skip }, async () => {
    const ann = await ready('killed');
    const half = await halfWay(ann, ann[from], ann[what]);
    await stack.daemon.kill();
    await half.end();
    assert.ok([before, to].includes(standing(ann)), standing(ann));
    await stack.daemon.restart();
    await ann[what]();
    assert.equal(standing(ann), to);
  });

  test(`the connection is cut half-way: an error, and nothing is left behind: ${what}`, {
    skip,
  }, async () => {
    const ann = await ready('cut');
    const half = await halfWay(ann, ann[from], ann[what]);
    half.cut();
    const reply = await half.reply;
    await half.end();
    assert.ok(reply.status >= 500 || reply.status < 300, reply.text);
    assert.equal(standing(ann), reply.status >= 500 ? before : to, reply.text);
    await ann[what]();
    assert.equal(standing(ann), to);
  });
}

test('the seventh date goes to somebody else half-way: a refusal, and nothing is left behind', {
  skip,
}, async () => {
  const ann = await somebody('too-late');
  const half = await halfWay(ann, ann.start, ann.book);
  half.commit();
  const reply = await half.reply;
  await half.end();
  assertProblem(reply, 409, 'series_conflict');
  assert.deepEqual(
    reply.body.occurrences.map(({ bookable }) => bookable),
    Array.from({ length: DATES }, (_, date) => date !== 6),
  );
  assert.equal(standing(ann), 'none');
});
