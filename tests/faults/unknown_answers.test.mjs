// The schema may answer what this binary does not know (a function replaced by hand, a newer release): the request
// fails with 500 and a line in the log, and the daemon lives.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack;
let ann;
let booked;
before(async () => {
  stack = await startStack({ document: openSchedule() });
  ann = stack.client('ann');
  booked = assertStatus(
    await ann.post('/booking/create', { start: stack.slot(1), duration_minutes: 30 }),
    201,
  );
});
after(() => stack.stop());

/** `call` is refused with 500 and told in the log by `text`; a call after it is served. */
async function fails(call, text) {
  const reply = await call();
  assertProblem(reply, 500, 'internal_error');
  await stack.daemon.logged(text);
  assert.equal((await stack.stranger().get('/readyz')).status, 200);
}

const replace = (name, args, body) =>
  stack.database.release(
    `CREATE OR REPLACE FUNCTION bookingd.${name}(${args})
    RETURNS TABLE (outcome text, booked bookingd.appointment) LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEXT; END $$`,
  );
const MARK = 'p_id uuid, p_status text, p_actor bookingd.actor';
const mark = () => stack.coach().put(`/booking/${booked.id}/status`, { status: 'completed' });

test('an outcome that is unknown', async () => {
  replace('mark_appointment', MARK, `outcome := 'postponed';`);
  await fails(mark, 'postponed');
});

test('an outcome that is null', async () => {
  replace('mark_appointment', MARK, '');
  await fails(mark, 'the outcome of a booking function');
});

test('a status, a kind of meeting and somebody who cancelled, each unknown', async () => {
  stack.database.release('ALTER TABLE bookingd.appointment DROP CONSTRAINT appointment_is_sound');
  for (const column of ['status', 'meeting_kind', 'cancelled_by']) {
    const old = stack.database.value(`SELECT ${column} FROM appointment WHERE id = '${booked.id}'`);
    stack.database.run(`UPDATE appointment SET ${column} = 'mislaid' WHERE id = '${booked.id}'`);
    await fails(() => ann.get(`/booking/${booked.id}`), `an appointment's ${column}: mislaid`);
    await fails(() => ann.get('/booking/user/me?status=all'), `an appointment's ${column}: mislaid`);
    stack.database.run(
      `UPDATE appointment SET ${column} = ${old === null ? 'NULL' : `'${old}'`} WHERE id = '${booked.id}'`,
    );
  }
  assertStatus(await ann.get(`/booking/${booked.id}`), 200);
});

/** What drops the table's own triggers: a column they name cannot be changed. */
const triggers = (database) =>
  database.value(`SELECT string_agg(format('DROP TRIGGER %I ON appointment;', tgname), ' ')
    FROM pg_trigger WHERE tgrelid = 'bookingd.appointment'::regclass AND NOT tgisinternal`);

test('columns of another type, and fewer of them', async () => {
  for (const [what, status, sql] of [
    ['an instant', 500, 'ALTER TABLE appointment ALTER starts_at TYPE text USING starts_at::text'],
    [
      'an integer',
      500,
      `ALTER TABLE appointment ALTER max_reschedules TYPE text, ALTER reschedule_count DROP DEFAULT,
       ALTER reschedule_count TYPE text USING reschedule_count::text`,
    ],
    ['a column that is gone', 503, 'ALTER TABLE appointment DROP COLUMN erased CASCADE'],
  ]) {
    const broken = await startStack({ document: openSchedule() });
    const bob = broken.client('bob');
    const made = assertStatus(
      await bob.post('/booking/create', { start: broken.slot(1), duration_minutes: 30 }),
      201,
    );
    broken.database.release(
      `ALTER TABLE appointment DROP CONSTRAINT appointment_is_sound, DROP CONSTRAINT appointment_overlap;
       ${triggers(broken.database)} ${sql}`,
    );
    for (let i = 0; i < 3; i++) {
      const reply = await bob.get(`/booking/${made.id}`);
      assert.equal(reply.status, status, what);
      assert.match(reply.headers['content-type'], /^application\/problem\+json/);
    }
    // Found out by us where the row is read, or by the server where the statement names the column.
    await broken.daemon.child.line((line) => /of a row is not|column .* does not exist/.test(line), what);
    assert.equal((await broken.stranger().get('/healthz')).status, 200);
    await broken.stop();
  }
});
