// Sessions that several clients share, while everybody changes their mind at once and the calendar is written.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const SEATS = 4;
const ROUNDS = 25;
let stack;
before(async () => {
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  document.session_types.push({
    id: 'circle',
    name: 'Breathing circle',
    durations: [60],
    meeting: 'google_meet',
    seats: SEATS,
  });
  stack = await startStack({ google: 'delegated', document });
});
after(() => stack?.stop());

test('seats taken, left, held, moved and waited for at once: each has its session, its link and nobody two', async () => {
  const starts = [0, 2, 4].map((hour) => stack.slot(hour));
  const coach = stack.coach();
  const pick = (list) => list[Math.floor(Math.random() * list.length)];
  const seats = async (client) =>
    assertStatus(await client.get('/booking/user/me'), 200).appointments.filter(
      ({ status }) => status === 'scheduled' || status === 'held',
    );
  const wish = { session_type: 'circle' };
  const acts = [
    (client) => client.post('/booking/create', { start: pick(starts), ...wish }),
    (client) => client.post('/booking/create', { start: pick(starts), ...wish }),
    (client) => client.post('/booking/hold', { start: pick(starts), ...wish }),
    (client) => {
      const start = pick(starts);
      return client.post('/booking/waitlist', {
        from: start,
        to: later(start, 1),
        duration_minutes: 60,
        ...wish,
      });
    },
    async (client) => {
      const mine = pick(await seats(client));
      return mine && client.put(`/booking/${mine.id}/cancel`, {});
    },
    async (client) => {
      const mine = pick(await seats(client));
      return mine && client.put(`/booking/${mine.id}/reschedule`, { start: pick(starts) });
    },
    async (client) => {
      const mine = pick((await seats(client)).filter(({ status }) => status === 'held'));
      return mine && client.put(`/booking/${mine.id}/confirm`, {});
    },
    async (client) => {
      const mine = pick((await seats(client)).filter(({ group_id: group }) => group));
      const path = mine && `/coach/damian/groups/${mine.group_id}`;
      return mine && Math.random() < 0.3
        ? coach.put(`${path}/cancel`, {})
        : mine && coach.put(`${path}/reschedule`, { start: pick(starts) });
    },
  ];
  const faults = [];
  await Promise.all(
    Array.from({ length: 12 }, async (_, n) => {
      const client = stack.client(`client-${n}`);
      for (let round = 0; round < ROUNDS; round++) {
        const reply = await pick(acts)(client);
        // An offer that nobody was told of yet may wait for the calendar.
        if (reply?.status >= 500 && reply.body.code !== 'calendar_unavailable') faults.push(reply.body);
      }
    }),
  );
  assert.deepEqual(faults, []);
  await until('the calendar to be written', () =>
    stack.database.value(`SELECT count(*) = 0 FROM bookingd.appointment
      WHERE calendar_id IS NOT NULL AND (version > synced_version OR conference_pending)`),
  );
  const wrong =
    stack.database.rows(`SELECT seat.id, seat.status, seat.meeting_url, session.meeting_url AS of_session
    FROM bookingd.appointment seat JOIN bookingd.appointment session ON session.id = seat.group_id
    WHERE seat.id <> session.id AND seat.status IN ('held', 'scheduled')
      AND (session.status, session.starts_at, session.ends_at, session.blocked_from, session.blocked_to, session.meeting_url)
          IS DISTINCT FROM ('scheduled', seat.starts_at, seat.ends_at, seat.blocked_from, seat.blocked_to, seat.meeting_url)`);
  assert.deepEqual(wrong, []);
  const uncounted = stack.database.rows(`SELECT s.*, count(a.id) FROM bookingd.group_session s
    LEFT JOIN bookingd.appointment a ON a.group_id = s.id AND a.id <> s.id AND a.status IN ('held', 'scheduled')
    GROUP BY s.id HAVING count(a.id) <> s.taken`);
  assert.deepEqual(uncounted, []);
  const twice = stack.database.rows(`SELECT group_id, user_id FROM bookingd.appointment
    WHERE group_id <> id AND status IN ('held', 'scheduled') GROUP BY 1, 2 HAVING count(*) > 1`);
  assert.deepEqual(twice, []);
});
