// A thousand coaches whose calendars take their time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const COACHES = 1000;
const ANSWER_MS = 200;
const WITHIN_MS = 120_000;

let stack;
before(async () => {
  stack = await startStack({
    google: 'bare',
    document: openSchedule(),
    env: { CALENDAR_POLL_SECONDS: '3600' },
  });
  await stack.daemon.stop();
  stack.database.run(
    `insert into bookingd.coach (id, schedule, feed_token)
     select 'coach-' || n, schedule, 'feed-' || n from bookingd.coach, generate_series(2, ${COACHES}) n where id = 'damian';
     insert into bookingd.coach_calendar (coach_id, calendar_id, writes)
     select id, '${stack.calendar}', true from bookingd.coach on conflict do nothing;
     update bookingd.coach_calendar set synced_at = null, poll_due_at = now() + interval '1 day'`,
  );
  await stack.google.fault('latency', { ms: ANSWER_MS });
});
after(() => stack.stop());

test(`${COACHES} coaches are all looked at within two minutes of a start`, async () => {
  const looked = () =>
    Number(stack.database.value('select count(*) from bookingd.coach_calendar where synced_at is not null'));
  await stack.startDaemon({ LOG_LEVEL: 'info' });
  await until('all to be looked at', () => looked() === COACHES, WITHIN_MS);
  assert.equal((await stack.google.calls('events.list')).length >= COACHES, true);
});
