// Sessions that several clients share: a seat each, one event, and nobody learns who else comes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const SEATS = 8;
const WRITTEN = 4711; // an advisory lock that says how far another session is
let stack, mail, coach;
let hour = 0;
before(async () => {
  mail = await MailServer.start();
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  document.session_types.push(
    {
      id: 'circle',
      name: 'Breathing circle',
      durations: [60],
      meeting: 'google_meet',
      seats: SEATS,
      min_seats: 3,
    },
    { id: 'pair', name: 'Pair', durations: [60], meeting: 'in_person', seats: 2, show_seats_left: false },
    { id: 'paid', name: 'Paid circle', durations: [60], meeting: 'none', seats: 3, price: { credits: 1 } },
    { id: 'varying', name: 'Varying', durations: [60], meeting: 'none', seats: 2 },
    { id: 'asked', name: 'Asked', durations: [60], meeting: 'none', seats: 3, approval: true },
    { id: 'daily', name: 'Daily', durations: [60], meeting: 'none', seats: 4, policy: { max_per_day: 1 } },
  );
  stack = await startStack({
    google: 'delegated',
    document,
    env: { ...mail.settings, PUBLIC_URL: 'https://book.test' },
  });
  coach = stack.coach();
});
after(async () => {
  await stack?.stop();
  await mail.stop();
});

const slot = () => stack.slot((hour += 2));
const join = (who, start, more = {}) =>
  stack.client(who).post('/booking/create', { start, session_type: 'circle', ...more });
const joined = async (who, start, more) => assertStatus(await join(who, start, more), 201);
const group = async (id) => assertStatus(await coach.get(`/coach/damian/groups/${id}`), 200);
const names = (count, prefix) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

/** The slot of the listing at this start, if there is one. */
async function listed(start, type = 'circle') {
  const query = new URLSearchParams({ session_type: type, from: start, to: later(start, 60) });
  const { slots } = assertStatus(await stack.client('looker').get(`/booking/availability?${query}`), 200);
  return slots.find((one) => one.start === start);
}

/** The session's event once it says that so many come, and that is noted; null: once it is gone. */
const event = (id, coming) =>
  until(`the event of ${id} to tell of ${coming}`, async () => {
    const events = await stack.google.live(stack.calendar);
    const found = events.find((one) => one.id === id.replaceAll('-', ''));
    if (coming === null) return !found;
    if (found?.summary !== `Breathing circle (${coming} of ${SEATS} seats taken)`) return false;
    return (await group(id)).calendar.state === 'synced' && found;
  });

test('clients share a session: one time, one event without guests, a seat and an invitation each', async () => {
  const start = slot();
  assert.equal((await listed(start)).seats_left, SEATS);
  const first = await joined('ann', start);
  assert.match(first.group_id, /^[0-9a-f-]{36}$/);
  assert.notEqual(first.group_id, first.id);
  assert.equal((await listed(start)).seats_left, SEATS - 1);
  const second = await joined('bob', start);
  assert.equal(second.group_id, first.group_id);
  assert.equal((await listed(start)).seats_left, SEATS - 2);
  assert.equal(assertStatus(await join('bob', start), 200).id, second.id, 'a second seat is no seat');

  assertProblem(await stack.client('eve').post('/booking/create', { start }), 409, 'slot_taken');
  const half = { start: later(start, 30), session_type: 'circle' };
  assertProblem(await stack.client('eve').post('/booking/create', half), 409, 'slot_taken');

  const { attendees, description } = await event(first.group_id, 2);
  assert.equal(attendees, undefined);
  for (const planted of ['ann', 'bob', 'client.test'])
    assert.ok(!description?.includes(planted), description);
  const events = await stack.google.live(stack.calendar);
  assert.equal(events.filter((one) => Date.parse(one.start) === Date.parse(start)).length, 1);
  await until('the link', async () =>
    (await group(first.group_id)).appointments.every((one) => one.meeting.url),
  );
  const whole = await group(first.group_id);
  assert.deepEqual(
    [whole.seats, whole.min_seats, whole.seats_taken, whole.status, whole.start],
    [SEATS, 3, 2, 'scheduled', start],
  );
  assert.deepEqual(
    whole.appointments.map(({ id }) => id),
    [first.id, second.id],
  );
  assert.equal(new Set(whole.appointments.map(({ meeting }) => meeting.url)).size, 1);
  const invited = await mail.wait(2, ({ to, calendar }) => /^(ann|bob)@/.test(to[0]) && calendar);
  assert.equal(new Set(invited.map(({ calendar }) => calendar.uid)).size, 2);
  const list = assertStatus(await coach.get('/coach/damian/appointments?limit=100'), 200).appointments;
  assert.deepEqual(
    list
      .filter(({ group_id }) => group_id === first.group_id)
      .map(({ name }) => name)
      .sort(),
    ['Name of ann', 'Name of bob'],
  );
});

/** Google's link for the session: written, in a transaction that stays open, as the daemon's own exchange would. */
const paid = (id, link) => `begin;
  select event_paid(id, version, true, event_etag, event_link, '${link}', false, conference_attempt, null, 0, false,
                    'none') from bookingd.appointment where id = '${id}';
  select pg_advisory_xact_lock(${WRITTEN});`;
const linkOf = (id, count) =>
  until('the link', async () => {
    const urls = (await group(id)).appointments.map(({ meeting }) => meeting.url);
    return urls.length === count && urls.every(Boolean) && urls[0];
  });
const forget = (id) =>
  stack.database.run(`UPDATE bookingd.appointment SET meeting_url = NULL WHERE group_id = '${id}'`);

test('a seat that is taken just while the link comes has it', async () => {
  const start = slot();
  const { group_id: id } = await joined('ann', start);
  await event(id, 1);
  const link = await linkOf(id, 1);
  forget(id);
  const google = stack.database.session();
  try {
    google.send(paid(id, link));
    await until('the link to be written', () => stack.database.locks(`granted and objid = ${WRITTEN}`));
    const bob = joined('bob', start);
    await until('bob to wait', () => stack.database.waiting('freed_coach'));
    google.send('commit;');
    assert.equal((await bob).meeting.url, link);
  } finally {
    google.close();
  }
  await event(id, 2);
  assert.equal(await linkOf(id, 2), link);
});

test('a seat that is given back just while the link comes and the link do not wait for each other', async () => {
  const start = slot();
  const { group_id: id, ...ann } = await joined('ann', start);
  await joined('bob', start);
  await event(id, 2);
  const link = await linkOf(id, 2);
  forget(id);
  const [google, other] = [stack.database.session(), stack.database.session()];
  try {
    other.send(`begin; select from bookingd.group_session where id = '${id}' for update;
      select pg_advisory_xact_lock(${WRITTEN + 1});`);
    await until('the seats to be held', () => stack.database.locks(`granted and objid = ${WRITTEN + 1}`));
    const cancelled = stack.client('ann').put(`/booking/${ann.id}/cancel`, {});
    await until('ann to wait', () => stack.database.waiting('cancel_appointment'));
    google.send(paid(id, link));
    await until('the link to wait', () => stack.database.waiting('event_paid'));
    other.send('commit;');
    assertStatus(await cancelled, 200);
    await until('the link to be written', () => stack.database.locks(`granted and objid = ${WRITTEN}`));
  } finally {
    google.close();
    other.close();
  }
});

test('who leaves frees a seat, the last one the time; the event goes with them', async () => {
  const start = slot();
  const [ann, bob] = [await joined('ann', start), await joined('bob', start)];
  await event(ann.group_id, 2);
  assertStatus(await stack.client('ann').put(`/booking/${ann.id}/cancel`, {}), 200);
  await event(ann.group_id, 1);
  assert.equal((await listed(start)).seats_left, SEATS - 1);
  assert.equal(assertStatus(await stack.client('bob').get(`/booking/${bob.id}`), 200).status, 'scheduled');
  assertStatus(await stack.client('bob').put(`/booking/${bob.id}/cancel`, {}), 200);
  await event(ann.group_id, null);
  assert.equal((await listed(start)).seats_left, SEATS);
  assert.equal((await group(ann.group_id)).status, 'cancelled');
  assertStatus(await stack.client('eve').post('/booking/create', { start }), 201);
});

test('a session that is full is offered to nobody, and explain says why', async () => {
  const start = slot();
  const body = { start, session_type: 'pair' };
  for (const who of ['ann', 'bob']) assertStatus(await stack.client(who).post('/booking/create', body), 201);
  assertProblem(await stack.client('eve').post('/booking/create', body), 409, 'session_full');
  assertProblem(await stack.client('eve').post('/booking/hold', body), 409, 'session_full');
  assert.equal(await listed(start, 'pair'), undefined);
  const asked = `/coach/damian/explain?start=${start}&session_type=pair`;
  const { bookable, reasons } = assertStatus(await coach.get(asked), 200);
  assert.equal(bookable, false);
  assert.deepEqual(
    reasons.map(({ rule }) => rule),
    ['session_full'],
  );
  const forClient = { ...body, client: { user_id: 'eve' }, override: [] };
  assertProblem(await coach.post('/coach/damian/appointments', forClient), 409, 'session_full');
  const wrong = { ...forClient, override: ['session_full'] };
  assertProblem(await coach.post('/coach/damian/appointments', wrong), 422, 'invalid_field', 'override[0]');
  const free = await listed(slot(), 'pair');
  assert.ok(!Object.hasOwn(free, 'seats_left'), 'this type does not tell');
});

test('a hold keeps a seat until it ends, and becomes it', async () => {
  const start = slot();
  const ann = stack.client('ann');
  const held = assertStatus(await ann.post('/booking/hold', { start, session_type: 'pair' }), 201);
  assertStatus(await stack.client('bob').post('/booking/create', { start, session_type: 'pair' }), 201);
  assertProblem(
    await stack.client('eve').post('/booking/create', { start, session_type: 'pair' }),
    409,
    'session_full',
  );
  stack.database.run(
    `UPDATE bookingd.appointment SET hold_expires_at = now() - interval '1 second' WHERE id = '${held.id}'`,
  );
  const eve = assertStatus(
    await stack.client('eve').post('/booking/hold', { start, session_type: 'pair' }),
    201,
  );
  assertProblem(await ann.put(`/booking/${held.id}/confirm`, {}), 410, 'hold_expired');
  assert.equal(
    assertStatus(await stack.client('eve').put(`/booking/${eve.id}/confirm`, {}), 200).status,
    'scheduled',
  );
  assert.deepEqual([(await group(eve.group_id)).seats_taken, eve.group_id], [2, held.group_id]);
});

test('a seat moves to another session, and begins or ends one', async () => {
  const [from, to] = [slot(), slot()];
  const ann = await joined('ann', from);
  const bob = await joined('bob', to);
  await event(ann.group_id, 1);
  const moved = assertStatus(
    await stack.client('ann').put(`/booking/${ann.id}/reschedule`, { start: to }),
    200,
  );
  assert.deepEqual([moved.id, moved.group_id, moved.start], [ann.id, bob.group_id, to]);
  await event(ann.group_id, null);
  await event(bob.group_id, 2);
  const alone = assertStatus(
    await stack.client('ann').put(`/booking/${ann.id}/reschedule`, { start: later(from, 30) }),
    200,
  );
  assert.ok(![ann.group_id, bob.group_id].includes(alone.group_id));
  await event(alone.group_id, 1);
  await event(bob.group_id, 1);
  const near = assertStatus(
    await stack.client('ann').put(`/booking/${ann.id}/reschedule`, { start: from }),
    200,
  );
  assert.equal(near.start, from, 'its own event does not stand in its way');
});

test('nobody gets a second seat: not by a hold, not by a move', async () => {
  const [start, other] = [slot(), slot()];
  const ann = stack.client('ann');
  const { group_id: id } = await joined('ann', start);
  const second = { start, session_type: 'circle' };
  assertProblem(await ann.post('/booking/hold', second), 409, 'slot_taken');
  const elsewhere = await joined('ann', other);
  const to = { start };
  assertProblem(await ann.put(`/booking/${elsewhere.id}/reschedule`, to), 409, 'slot_taken');
  assertProblem(await coach.put(`/booking/${elsewhere.id}/reschedule`, to), 409, 'slot_taken');
  assert.equal((await group(id)).seats_taken, 1);
  assert.equal((await group(elsewhere.group_id)).seats_taken, 1);

  const asked = { start: slot(), session_type: 'asked' };
  assert.equal(assertStatus(await ann.post('/booking/create', asked), 201).status, 'requested');
  assertProblem(await ann.post('/booking/hold', asked), 409, 'slot_taken');
});

test('who holds a seat is offered no second one of the same session', async () => {
  const start = slot();
  for (const user of ['una', 'vic', 'wim'])
    assertStatus(await coach.post('/coach/damian/credits', { user_id: user, amount: 2 }), 201);
  const paid = { session_type: 'paid' };
  const una = await joined('una', start, paid);
  await joined('vic', start, paid);
  const wish = { from: start, to: later(start, 1), session_type: 'paid', duration_minutes: 60 };
  const wim = stack.client('wim');
  assertStatus(await wim.post('/booking/waitlist', wish), 201);
  const held = assertStatus(await wim.post('/booking/hold', { start, ...paid }), 201);
  assertStatus(await stack.client('una').put(`/booking/${una.id}/cancel`, {}), 200);
  const [entry] = assertStatus(await wim.get('/booking/waitlist'), 200).waitlist;
  assert.deepEqual([entry.state, entry.appointment_id], ['waiting', null]);
  assertStatus(await wim.put(`/booking/${held.id}/confirm`, {}), 200);
  assert.equal(assertStatus(await wim.get('/booking/user/me/credits'), 200).balance, 1);
});

test('who turns out to be one person with two seats asks for a seat and is told of the first', async () => {
  const start = slot();
  const [first] = [await joined('cara', start), await joined('dora', start)];
  stack.database.run(`select become_user('cara', 'dora')`);
  assert.equal(assertStatus(await join('dora', start), 200).id, first.id);
});

test('who books a seat just while one is offered to them has one, and waits no more', async () => {
  const start = slot();
  const ann = await joined('ann', start);
  await joined('bob', start);
  const wish = { from: start, to: later(start, 1), session_type: 'circle', duration_minutes: 60 };
  const yin = stack.client('yin');
  assertStatus(await yin.post('/booking/waitlist', wish), 201);
  const leaving = stack.database.session();
  try {
    leaving.send(`begin; select lock_moves('damian'); select pg_advisory_xact_lock(${WRITTEN});`);
    await until('the lock', () => stack.database.locks(`granted and objid = ${WRITTEN}`));
    const booked = joined('yin', start);
    await until('yin to wait', () => stack.database.waiting('freed_coach'));
    leaving.send(`update bookingd.appointment set status = 'cancelled', cancelled_at = now(), cancelled_by = 'client',
      version = version + 1 where id = '${ann.id}'; commit;`);
    await booked;
  } finally {
    leaving.close();
  }
  const { appointments } = assertStatus(await yin.get('/booking/user/me'), 200);
  assert.deepEqual(
    appointments.filter(({ group_id: id }) => id === ann.group_id).map(({ status }) => status),
    ['scheduled'],
  );
  const [entry] = assertStatus(await yin.get('/booking/waitlist'), 200).waitlist;
  assert.equal(entry.state, 'booked');
});

test('a seat moves to a session that has more seats or fewer than its own had', async () => {
  const [small, large] = [slot(), slot()];
  const seats = async (count) => {
    const { body, headers } = await coach.get('/coach/damian/schedule');
    body.session_types.find((type) => type.id === 'varying').seats = count;
    const matching = { headers: { 'if-match': headers.etag } };
    assertStatus(await coach.put('/coach/damian/schedule', body, matching), 200);
  };
  const varying = async (who, start) => joined(who, start, { session_type: 'varying' });
  const ann = await varying('ann', small);
  await seats(4);
  const { group_id: id } = await varying('bob', large);
  for (const who of ['cem', 'dan']) await varying(who, large);
  assertStatus(await stack.client('ann').put(`/booking/${ann.id}/reschedule`, { start: large }), 200);
  assert.deepEqual([(await group(id)).seats, (await group(id)).seats_taken], [4, 4]);
  // Until the calendar has lost the session that nobody comes to, its time is busy there.
  await event(ann.group_id, null);
  assertStatus(await stack.client('ann').put(`/booking/${ann.id}/reschedule`, { start: small }), 200);
  await seats(3);
  const full = await coach.put(`/booking/${ann.id}/reschedule`, { start: large });
  assertProblem(full, 409, 'session_full');
});

test('the coach moves a session with all seats, and ends it; everybody is told, each alone', async () => {
  const start = slot();
  const target = slot();
  const seats = [];
  for (const who of ['mia', 'noa', 'oda']) seats.push(await joined(who, start));
  const [{ group_id: id }] = seats;
  const letters = (method) => (one) => one.calendar?.method === method && /^(mia|noa|oda)@/.test(one.to[0]);
  await mail.wait(3, letters('REQUEST'));
  const path = `/coach/damian/groups/${id}`;
  assertStatus(await stack.client('eve').post('/booking/create', { start: target }), 201);
  const refused = await coach.put(`${path}/reschedule`, { start: target });
  assertProblem(refused, 409, 'slot_taken');
  const later30 = later(start, 30);
  const moved = assertStatus(await coach.put(`${path}/reschedule`, { start: later30 }), 200);
  assert.deepEqual(
    [moved.start, moved.appointments.map((one) => [one.start, one.status])],
    [later30, seats.map(() => [later30, 'scheduled'])],
  );
  await until('the event to be moved', async () =>
    (await stack.google.live(stack.calendar)).some(
      (one) => one.id === id.replaceAll('-', '') && Date.parse(one.start) === Date.parse(later30),
    ),
  );
  assertProblem(await stack.client('mia').put(`${path}/cancel`, {}), 403, 'forbidden');
  assertProblem(await stack.client('mia').get(path), 403, 'forbidden');
  assertProblem(await stack.client('mia').get(`/booking/${id}`), 404, 'not_found');
  assertProblem(await coach.get(`/booking/${id}`), 404, 'not_found');
  const ended = assertStatus(await coach.put(`${path}/cancel`, { reason: 'I am ill.' }), 200);
  assert.deepEqual(
    ended.appointments.map((one) => [one.status, one.cancelled_by, one.cancel_reason]),
    seats.map(() => ['cancelled', 'coach', 'I am ill.']),
  );
  assert.equal(assertStatus(await coach.put(`${path}/cancel`, {}), 200).status, 'cancelled');
  await event(id, null);
  const told = await mail.wait(3, letters('CANCEL'));
  assert.deepEqual(
    told.map(({ to }) => to.length),
    told.map(() => 1),
  );
  assert.equal((await listed(start)).seats_left, SEATS);
});

test('a session that is made longer is held to the rules as one that is moved', async () => {
  const start = stack.slot(24 * 12);
  const made = await joined('zed', start, { session_type: 'varying' });
  const path = `/coach/damian/groups/${made.group_id}/reschedule`;
  const longer = await coach.put(path, { start, duration_minutes: 300 });
  assertProblem(longer, 422, 'bad_duration');
  const own = { start, duration_minutes: 90, override: ['bad_duration'] };
  await stack.google.busy(stack.calendar, later(start, 60), later(start, 90));
  assertProblem(await coach.put(path, own), 409, 'calendar_busy');
  const { end } = assertStatus(await coach.put(path, { ...own, duration_minutes: 45 }), 200);
  assert.equal(end, later(start, 45));
});

test('what the coach does to the event in the calendar happens to all seats', async () => {
  const start = slot();
  const target = slot();
  const [ann, bob] = [await joined('ann', start), await joined('bob', start)];
  const { id } = await event(ann.group_id, 2);
  await stack.google.move(stack.calendar, id, target, later(target, 60));
  stack.database.run('UPDATE bookingd.coach_calendar SET poll_due_at = now()');
  for (const [who, seat] of [
    ['ann', ann],
    ['bob', bob],
  ])
    await until(`${who}'s seat to be moved`, async () => {
      stack.database.run('UPDATE bookingd.coach_calendar SET poll_due_at = now()');
      return (await stack.client(who).get(`/booking/${seat.id}`)).body.start === target;
    });
  await stack.google.remove(stack.calendar, id);
  await until('the seats to be cancelled', async () => {
    stack.database.run('UPDATE bookingd.coach_calendar SET poll_due_at = now()');
    const { appointments } = await group(ann.group_id);
    return appointments.every((one) => one.status === 'cancelled' && one.cancelled_by === 'calendar');
  });
  assert.equal((await listed(target)).seats_left, SEATS);
});

test('a session ends a day before when too few come, with credits back; enough or late ones take place', async () => {
  const start = slot();
  for (const user of ['pia', 'quin'])
    assertStatus(await coach.post('/coach/damian/credits', { user_id: user, amount: 1 }), 201);
  const few = await joined('ann', start);
  const other = slot();
  const paid = [];
  for (const user of ['pia', 'quin'])
    paid.push(
      assertStatus(
        await stack.client(user).post('/booking/create', { start: other, session_type: 'paid' }),
        201,
      ),
    );
  const late = await joined('bob', slot());
  const JUDGE = 'SELECT bookingd.judge_group() FROM generate_series(1, 9)';
  // In one transaction: its event is where it was, and the calendar would move it back.
  const judgedSoon = (id, since) =>
    stack.database.run(`BEGIN;
      UPDATE bookingd.appointment SET starts_at = now() + interval '20 hours', ends_at = now() + interval '21 hours',
        blocked_from = now() + interval '20 hours', blocked_to = now() + interval '21 hours' WHERE id = '${id}';
      UPDATE bookingd.group_session SET created_at = now() - interval '${since}', min_seats = 3 WHERE id = '${id}';
      ${JUDGE};
      COMMIT`);
  await until('the booking to be told', () =>
    stack.database.value(`SELECT noticed_version > 0 AND NOT EXISTS (
      SELECT FROM bookingd.notice WHERE appointment_id = a.id AND state IN ('owed', 'sending', 'retry'))
      FROM bookingd.appointment a WHERE id = '${few.id}'`),
  );
  judgedSoon(few.group_id, '30 hours');
  assert.deepEqual(
    (await group(few.group_id)).appointments.map((one) => [one.status, one.cancelled_by]),
    [['cancelled', 'coach']],
  );
  await event(few.group_id, null);
  // Which was not the coach's doing.
  const ended = await until('the coach to be told', () =>
    mail.to('coach@example.com').find(({ text }) => text.includes('Reason: Too few people have booked it.')),
  );
  assert.match(ended.text, /^The session with Name of ann was cancelled\r?\n/);
  judgedSoon(paid[0].group_id, '30 hours');
  for (const { payment } of (await group(paid[0].group_id)).appointments)
    assert.equal(payment.state, 'returned');
  for (const user of ['pia', 'quin'])
    assert.equal(assertStatus(await stack.client(user).get('/booking/user/me/credits'), 200).balance, 1);
  judgedSoon(late.group_id, '1 hour');
  assert.equal((await group(late.group_id)).status, 'scheduled');
  // It was decided that it takes place: that the coach moves it within the day does not end it.
  stack.database.run(`
    UPDATE bookingd.group_session SET created_at = now() - interval '30 hours' WHERE id = '${late.group_id}';
    UPDATE bookingd.appointment SET starts_at = starts_at + interval '30 minutes', ends_at = ends_at + interval '30 minutes',
      blocked_from = blocked_from + interval '30 minutes', blocked_to = blocked_to + interval '30 minutes'
    WHERE id = '${late.group_id}';
    ${JUDGE}`);
  assert.equal((await group(late.group_id)).status, 'scheduled');
  assertStatus(await coach.put(`/coach/damian/groups/${late.group_id}/cancel`, {}), 200);
});

test('a session that is moved away while it is being judged is not ended', async () => {
  const { group_id: id } = await joined('mia', slot());
  const at = (hours) => `UPDATE bookingd.appointment SET starts_at = now() + interval '${hours} hours',
    ends_at = now() + interval '${hours + 1} hours', blocked_from = now() + interval '${hours} hours',
    blocked_to = now() + interval '${hours + 1} hours' WHERE id = '${id}';`;
  const waiting = (count) =>
    until(`${count} to wait`, () =>
      stack.database.value(`SELECT count(*) = ${count} FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE datname = current_database() AND locktype = 'advisory' AND classid = 1651469165 AND NOT granted`),
    );
  const [mover, judge] = [stack.database.session(), stack.database.session()];
  mover.send("BEGIN; SELECT lock_moves('damian');");
  await until('the lock', () =>
    stack.database.value(`SELECT count(*) = 1 FROM pg_locks JOIN pg_database d ON d.oid = database
      WHERE datname = current_database() AND locktype = 'advisory' AND classid = 1651469165 AND granted`),
  );
  stack.database.run(
    `${at(20)} UPDATE bookingd.group_session SET created_at = now() - interval '30 hours' WHERE id = '${id}'`,
  );
  judge.send('SELECT judge_group();');
  await waiting(1);
  mover.send(`${at(120)} COMMIT;`);
  mover.close();
  judge.close();
  await waiting(0);
  const judged = `SELECT judged_at IS NULL FROM bookingd.group_session WHERE id = '${id}'`;
  assert.deepEqual([(await group(id)).status, stack.database.value(judged)], ['scheduled', true]);
});

test('a session is one of a day however many come, and a full day still has its seats', async () => {
  const start = stack.slot(24 * 20 + 2);
  const body = { start, session_type: 'daily' };
  assertStatus(await stack.client('ann').post('/booking/create', body), 201);
  assertStatus(await stack.client('bob').post('/booking/create', body), 201);
  assert.equal((await listed(start, 'daily')).seats_left, 2);
  const another = { ...body, start: later(start, 120) };
  assertProblem(await stack.client('eve').post('/booking/create', another), 409, 'day_full');
  assert.equal(await listed(another.start, 'daily'), undefined);
});

test('64 race for 8 seats, then 63 for the one that is given back: each time as many win as there are', async () => {
  const racers = names(64, 'racer').map((who) => stack.client(who));
  await Promise.all(racers.map((racer) => racer.get('/booking/user/me')));
  const race = async (start, places) => {
    const replies = await Promise.all(
      racers.map((racer) => racer.post('/booking/create', { start, session_type: 'circle' })),
    );
    console.log(`slowest of 64: ${Math.max(...replies.map(({ ms }) => ms)).toFixed()} ms`);
    assert.deepEqual(countStatuses(replies), places);
    for (const { status, body } of replies) if (status === 409) assert.equal(body.code, 'session_full');
    return replies;
  };
  const start = slot();
  const replies = await race(start, { 201: SEATS, 409: 64 - SEATS });
  const winners = replies.filter(({ status }) => status === 201).map(({ body }) => body);
  assert.equal(new Set(winners.map(({ group_id }) => group_id)).size, 1);
  assert.equal(await listed(start), undefined);
  const [gone] = winners;
  assertStatus(await coach.put(`/booking/${gone.id}/cancel`, {}), 200);
  await race(start, { 200: SEATS - 1, 201: 1, 409: 64 - SEATS });
  assert.deepEqual(
    stack.database.rows(`SELECT seats, taken, (SELECT count(*) FROM bookingd.appointment
      WHERE group_id = s.id AND id <> s.id AND status = 'scheduled') FROM bookingd.group_session s
      WHERE id = '${gone.group_id}'`),
    [{ seats: SEATS, taken: SEATS, count: SEATS }],
  );
});

test('the database itself keeps seats and sessions apart', async () => {
  const start = slot();
  const ann = assertStatus(
    await stack.client('ann').post('/booking/create', { start, session_type: 'pair' }),
    201,
  );
  const copy = (group) => `
    INSERT INTO bookingd.appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to,
      meeting_kind, cancel_notice_minutes, reschedule_notice_minutes, group_id)
    SELECT gen_random_uuid(), coach_id, 'x' || random(), session_type, 'scheduled', starts_at, ends_at, blocked_from, blocked_to,
      meeting_kind, 0, 0, ${group} FROM bookingd.appointment WHERE id = '${ann.id}'`;
  assert.throws(() => stack.database.run(copy('null')), /appointment_overlap/);
  assert.throws(() => stack.database.run(copy('gen_random_uuid()')), /appointment_overlap/);
  stack.database.run(copy('group_id'));
  assert.throws(() => stack.database.run(copy('group_id')), /group_session_taken/);
});

test('nothing that one guest gets has anything of another: replies, mails, files, events, webhooks', async () => {
  const start = slot();
  const guests = ['Zebedee', 'Yolanda', 'Xanthippe'].map((name, n) => ({
    name,
    user: `user-of-${name}`,
    email: `user-of-${name}@client.test`,
    phone: `+49 30 90${n}${n}${n}`,
    notes: `Notes of ${name}`,
  }));
  const planted = (guest) => [guest.name, guest.phone, guest.notes];
  const outputs = Object.fromEntries(guests.map(({ user }) => [user, []]));
  const seats = [];
  for (const { user, ...fields } of guests) {
    const reply = await join(user, start, { ...fields, locale: 'fr' });
    outputs[user].push(reply.text);
    seats.push(assertStatus(reply, 201));
  }
  const [{ group_id: id }] = seats;
  await event(id, guests.length);
  const letters = (method) => (one) => one.calendar?.method === method && /^user-of/i.test(one.to[0]);
  await mail.wait(guests.length, letters('REQUEST'));
  assertStatus(await coach.put(`/coach/damian/groups/${id}/reschedule`, { start: later(start, 30) }), 200);
  const moved = later(start, 30);
  const leaver = stack.client(guests[0].user);
  assertStatus(await leaver.put(`/booking/${seats[0].id}/cancel`, { reason: 'Reason of Zebedee' }), 200);
  assertStatus(await coach.put(`/coach/damian/groups/${id}/cancel`, { reason: 'Ill.' }), 200);
  const events = [];
  for (let more = true; more; ) {
    const after = events.length ? `&after=${events.at(-1).id}` : '';
    const page = assertStatus(await coach.get(`/coach/damian/events?limit=100${after}`), 200).events;
    events.push(...page);
    more = page.length > 0;
  }
  for (const [n, { user }] of guests.entries()) {
    const client = stack.client(user);
    for (const path of [
      `/booking/${seats[n].id}`,
      `/booking/${seats[n].id}/calendar.ics`,
      `/booking/${seats[n].id}/notices`,
      '/booking/user/me?status=all',
      '/booking/user/me/notices',
      '/booking/user/me/export',
      `/booking/availability?session_type=circle&from=${moved}&to=${later(moved, 60)}`,
      `/coach/damian/groups/${id}`,
    ])
      outputs[user].push((await client.get(path)).text);
    const theirs = events.filter(({ data }) => data.id === seats[n].id);
    assert.ok(theirs.length > 0, 'the test looks at their events');
    outputs[user].push(JSON.stringify(theirs));
  }
  await mail.wait(guests.length, letters('CANCEL'));
  for (const { user, email } of guests) {
    const theirs = mail.read().filter(({ to }) => to.some((to) => to.toLowerCase() === email.toLowerCase()));
    outputs[user].push(JSON.stringify(theirs));
  }
  for (const guest of guests) {
    const text = outputs[guest.user].join('\n');
    assert.ok(text.includes(guest.name), 'the test looks at what it should');
    for (const other of guests.filter((one) => one !== guest))
      for (const word of planted(other)) assert.ok(!text.includes(word), `${guest.name} reads ${word}`);
  }
  const calls = JSON.stringify(await stack.google.journal());
  for (const guest of guests)
    for (const word of planted(guest)) assert.ok(!calls.includes(word), `Google reads ${word}`);
});

test('erased, a guest leaves their seat, and the session goes on', async () => {
  const start = slot();
  const [ann, bob] = [await joined('erased-one', start), await joined('bob', start)];
  assertStatus(await stack.client('erased-one').request('DELETE', '/booking/user/me'), 200);
  const whole = await group(bob.group_id);
  assert.deepEqual(
    [whole.seats_taken, whole.status, whole.appointments.map(({ id, name }) => [id, name])],
    [
      1,
      'scheduled',
      [
        [ann.id, null],
        [bob.id, 'Name of bob'],
      ],
    ],
  );
  await event(bob.group_id, 1);
});

test('seats in a schedule are held to their rules', async () => {
  const document = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  const circle = document.session_types.find(({ id }) => id === 'circle');
  assert.deepEqual([circle.seats, circle.min_seats, circle.show_seats_left], [SEATS, 3, true]);
  for (const [fields, field] of [
    [{ seats: 1 }, 'seats'],
    [{ seats: 101 }, 'seats'],
    [{ seats: 4, min_seats: 5 }, 'min_seats'],
    [{ min_seats: 2 }, 'min_seats'],
    [{ seats: 4, show_seats_left: 'yes' }, 'show_seats_left'],
  ]) {
    const bad = { ...document, session_types: [{ id: 'g', durations: [60], ...fields }] };
    assertProblem(
      await coach.put('/coach/damian/schedule', bad),
      422,
      'invalid_field',
      `session_types[0].${field}`,
    );
  }
});
