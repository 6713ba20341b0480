// What a reply says may be done with an appointment is what the schema then does: every status, role and time.
import { randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack;
let callers;
before(async () => {
  stack = await startStack({ document: openSchedule({ max_per_day: null }) });
  callers = { client: stack.client('ann'), coach: stack.coach(), admin: stack.admin() };
});
after(() => stack.stop());

const MINUTE = 60_000;
const at = (minutes) => new Date(Date.now() + minutes * MINUTE).toISOString();

/** When the session of an hour starts, in minutes from now; the cut-offs are a day before. */
const TIMES = { far: 3 * 1440, near: 120, running: -10, ended: -120 };

/** What the row says besides. */
const STATUSES = {
  held: `'held', now() + interval '5 minutes'`,
  'run out': `'held', now() - interval '5 minutes'`,
  expired: `'expired', now() - interval '5 minutes'`,
  scheduled: `'scheduled', null`,
  cancelled: `'cancelled', null`,
  completed: `'completed', null`,
  no_show: `'no_show', null`,
};

const LIMITED = 1;

/** A fresh appointment and nothing besides; its id. */
function only(status, time, moves = 0) {
  const id = randomUUID();
  const starts = at(TIMES[time]);
  const ends = at(TIMES[time] + 60);
  stack.database.run(`
    DELETE FROM appointment;
    INSERT INTO appointment (id, coach_id, user_id, session_type, status, hold_expires_at, starts_at, ends_at,
      blocked_from, blocked_to, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes, max_reschedules,
      reschedule_count)
    VALUES ('${id}', 'damian', 'ann', 'coaching', ${STATUSES[status]}, '${starts}', '${ends}',
      '${starts}', '${ends}', 'none', 1440, 1440, ${LIMITED}, ${moves})`);
  return id;
}

/** The rule, told once more: null where it may be done, else the code. */
const EXPECTED = {
  cancel(status, role, time) {
    if (status === 'held') return null;
    if (status === 'cancelled') return null; // again: 200, nothing is done
    if (status !== 'scheduled') return 'not_active';
    if (time === 'ended') return role === 'client' ? 'cancellation_closed' : 'not_active';
    return role === 'client' && time !== 'far' ? 'cancellation_closed' : null;
  },
  reschedule(status, role, time, moves) {
    if (status !== 'scheduled') return 'not_active';
    if (time === 'ended') return 'reschedule_closed';
    if (role !== 'client') return null;
    if (time !== 'far') return 'reschedule_closed';
    return moves >= LIMITED ? 'reschedule_limit' : null;
  },
};

for (const status of Object.keys(STATUSES)) {
  test(`${status}: what GET promises each role at each time is what PUT does`, async () => {
    for (const time of Object.keys(TIMES)) {
      for (const [role, caller] of Object.entries(callers)) {
        for (const moves of status === 'scheduled' ? [0, LIMITED] : [0]) {
          const cell = `${status} ${time} ${role} after ${moves} moves`;
          const shown = assertStatus(await caller.get(`/booking/${only(status, time, moves)}`), 200);
          const cancelled = await caller.put(`/booking/${shown.id}/cancel`);
          const cancel = EXPECTED.cancel(status, role, time);
          assert.equal(cancelled.body.code ?? null, cancel, cell);
          assert.equal(shown.can_cancel, cancel === null && status !== 'cancelled', cell);

          const id = only(status, time, moves);
          const moved = await caller.put(`/booking/${id}/reschedule`, { start: stack.slot(200) });
          const reschedule = EXPECTED.reschedule(status, role, time, moves);
          assert.equal(moved.body.code ?? null, reschedule, cell);
          assert.equal(shown.can_reschedule, reschedule === null, cell);
          if (reschedule === null) assert.equal(moved.body.start, stack.slot(200), cell);
        }
      }
    }
  });
}

test('an outcome of the schema that the program does not know is 500 with a log line, and it goes on', async () => {
  const id = only('scheduled', 'running');
  const [{ text }] = stack.database.rows(
    `SELECT pg_get_functiondef(oid) AS text FROM pg_proc WHERE proname LIKE 'mark_appointment%' LIMIT 1`,
  );
  stack.database.run(text.replace(`'marked'`, `'perhaps'`));
  const reply = await callers.coach.put(`/booking/${id}/status`, { status: 'no_show' });
  assertProblem(reply, 500, 'internal_error');
  const line = await stack.daemon.logged('perhaps');
  assert.ok(line.includes(reply.headers['x-request-id']), line);
  stack.database.run(text);
  assertStatus(await callers.coach.put(`/booking/${id}/status`, { status: 'no_show' }), 200);
});
