// `coach: "any"`: the times of all who offer a type together, a fair and recorded choice, the next one when a race is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const type = (id, more) => ({ id, durations: [60], meeting: 'none', ...more });
const only = (from, to) => [{ days: DAYS, from, to }];

// Three coaches offer `shared`; only two `pair`; the types below are one test's each.
const OFFERS = {
  ada: [
    type('shared'),
    type('pair', { weekly: only('09:00', '12:00') }),
    type('weighted', { weight: 3 }),
    type('twice'),
    type('solo', { durations: [30] }),
    type('lent'),
    type('one', { policy: { max_active_per_user: 1 } }),
    type('hidden'),
    type('weekly'),
    type('paid', { price: { credits: 1 } }),
    type('asking', {
      questions: [{ id: 'goal', label: 'What is your goal?', kind: 'text', required: true, before: 'book' }],
    }),
  ],
  ben: [
    type('shared'),
    type('pair', { weekly: only('11:00', '14:00'), durations: [30, 60] }),
    type('weighted'),
    type('twice'),
    type('lent', { weekly: [] }),
    type('one', { policy: { max_active_per_user: 1 } }),
    type('hidden', { weight: 0 }),
    type('weekly'),
    type('paid', { price: { credits: 1 } }),
    type('asking'),
  ],
  cleo: [type('shared'), type('weighted', { weight: 0 }), type('hidden', { draft: true })],
};
let stack, ann;
before(async () => {
  stack = await startStack({ document: openSchedule(), env: { RATE_LIMIT_BOOK: '0' } });
  const admin = stack.admin();
  assertStatus(
    await admin.put('/coach/damian/schedule', { ...openSchedule(), session_types: [type('his-own')] }),
    200,
  );
  for (const [id, session_types] of Object.entries(OFFERS))
    assertStatus(await admin.put(`/coach/${id}/schedule`, { ...openSchedule(), session_types }), 201);
  ann = stack.client('ann');
});
after(() => stack.stop());

let people = 0;
const somebody = () => stack.client(`client-${++people}`);
const book = (who, body) => who.post('/booking/create', { coach: 'any', ...body });
const booked = async (body, who = somebody()) => assertStatus(await book(who, body), 201);
const listed = async (query, headers) =>
  ann.get(`/booking/availability?${new URLSearchParams({ coach: 'any', ...query })}`, headers);
const day = (n) => stack.slot(24 * n).slice(0, 10);

test('the listing is the union, each start once, with how many coaches offer it', async () => {
  const query = { session_type: 'pair', duration: 60, from: day(3), to: day(3), tz: 'UTC' };
  const reply = await listed(query);
  const { coach, session_type, duration_minutes, slots, session_types } = assertStatus(reply, 200);
  assert.deepEqual([coach, session_type, duration_minutes], ['any', 'pair', 60]);
  const at = (clock) => `${day(3)}T${clock}:00Z`;
  assert.deepEqual(
    slots.map(({ start, coaches }) => [start, coaches]),
    [
      ['09:00', 1],
      ['09:30', 1],
      ['10:00', 1],
      ['10:30', 1],
      ['11:00', 2],
      ['11:30', 1],
      ['12:00', 1],
      ['12:30', 1],
      ['13:00', 1],
    ].map(([clock, coaches]) => [at(clock), coaches]),
  );
  assert.ok(slots.every(({ start, end }) => later(start, 60) === end));
  // What anybody offers, each type once; not what nobody gives to those who ask for any.
  assert.deepEqual(
    session_types.map(({ id }) => id),
    [
      'shared',
      'pair',
      'weighted',
      'twice',
      'solo',
      'lent',
      'one',
      'hidden',
      'weekly',
      'paid',
      'asking',
      'his-own',
    ],
  );
  const same = await listed(query, { 'if-none-match': reply.headers.etag });
  assert.equal(same.status, 304);

  // A booking with one of the two takes one from the count, and the tag changes.
  await booked({ session_type: 'pair', start: at('11:00') });
  const next = await listed(query, { 'if-none-match': reply.headers.etag });
  assert.equal(assertStatus(next, 200).slots.find(({ start }) => start === at('11:00')).coaches, 1);
});

test('what nobody offers is refused by its name', async () => {
  assertProblem(await listed({ session_type: 'nothing' }), 404, 'unknown_session_type', 'session_type');
  assertProblem(await listed({ session_type: 'solo', duration: 60 }), 422, 'bad_duration', 'duration');
  const start = stack.slot(1);
  assertProblem(
    await book(ann, { session_type: 'nothing', start }),
    404,
    'unknown_session_type',
    'session_type',
  );
  assertProblem(await book(ann, { session_type: 'solo', duration_minutes: 60, start }), 422, 'bad_duration');
  assertProblem(await ann.get('/booking/availability?coach=all'), 404, 'unknown_coach', 'coach');
  // It is no coach's name.
  assertProblem(await stack.admin().put('/coach/any/schedule', openSchedule()), 404, 'unknown_coach');
});

test('each in turn, whoever waits longest first; the reply names the coach and the choice is recorded', async () => {
  const coaches = [];
  for (let n = 0; n < 9; n++) {
    const { id, coach } = await booked({ session_type: 'shared', start: stack.slot(100 + n) });
    coaches.push(coach);
    const [choice] = stack.database.rows(
      `SELECT session_type, candidates[1] AS first, cardinality(candidates) AS of FROM coach_choice WHERE appointment_id = '${id}'`,
    );
    assert.deepEqual(choice, { session_type: 'shared', first: coach, of: 3 });
  }
  assert.deepEqual(coaches, ['ada', 'ben', 'cleo', 'ada', 'ben', 'cleo', 'ada', 'ben', 'cleo']);
});

test('by weight; of weight 0, or a draft, nobody is chosen', async () => {
  const counts = { ada: 0, ben: 0, cleo: 0 };
  for (let n = 0; n < 8; n++)
    counts[(await booked({ session_type: 'weighted', start: stack.slot(120 + n) })).coach] += 1;
  assert.deepEqual(counts, { ada: 6, ben: 2, cleo: 0 });
  const start = stack.slot(130);
  assert.equal((await booked({ session_type: 'hidden', start })).coach, 'ada');
  assertProblem(await book(somebody(), { session_type: 'hidden', start }), 409, 'slot_taken');
  // By name Ben can be booked all the same.
  assert.equal((await booked({ session_type: 'hidden', start, coach: 'ben' })).coach, 'ben');
});

test('what is cancelled does not count; nobody is chosen outside their own hours', async () => {
  const first = await booked({ session_type: 'twice', start: stack.slot(140) }, ann);
  assertStatus(await ann.put(`/booking/${first.id}/cancel`), 200);
  const again = await booked({ session_type: 'twice', start: stack.slot(141) });
  assert.deepEqual([first.coach, again.coach], ['ada', 'ada']);
  for (let n = 0; n < 3; n++)
    assert.equal((await booked({ session_type: 'lent', start: stack.slot(150 + n) })).coach, 'ada');
});

test('the same request again has the same appointment, one after the other and at once', async () => {
  const body = { session_type: 'shared', start: stack.slot(160) };
  const who = somebody();
  const { id } = await booked(body, who);
  assert.equal(assertStatus(await book(who, body), 200).id, id);
  const twin = somebody();
  const replies = await Promise.all(
    Array.from({ length: 6 }, () => book(twin, { ...body, start: stack.slot(161) })),
  );
  assert.deepEqual(countStatuses(replies), { 200: 5, 201: 1 });
  assert.equal(new Set(replies.map((reply) => reply.body.id)).size, 1);
});

test('a hold is with somebody, is confirmed, and moving stays with them', async () => {
  const who = somebody();
  const start = stack.slot(170);
  const held = assertStatus(
    await who.post('/booking/hold', { coach: 'any', session_type: 'shared', start }),
    201,
  );
  assert.ok(OFFERS[held.coach]);
  const { coach } = assertStatus(await who.put(`/booking/${held.id}/confirm`, {}), 200);
  assert.equal(coach, held.coach);
  const other = await listed({ rescheduling: held.id });
  assert.notEqual(other.status, 200); // it is the client's own appointment only
  const own = await who.get(`/booking/availability?rescheduling=${held.id}`);
  assert.equal(assertStatus(own, 200).coach, coach);
  const moved = assertStatus(
    await who.put(`/booking/${held.id}/reschedule`, { start: stack.slot(171) }),
    200,
  );
  assert.equal(moved.coach, coach);
});

test('a limit binds a move to another coach, never one that stays with its own', async () => {
  const who = somebody();
  const user_id = `client-${people}`;
  const give = async (coach, n, client = { user_id }) =>
    assertStatus(
      await stack.admin().post(`/coach/${coach}/appointments`, {
        client,
        session_type: 'one',
        start: stack.slot(n),
      }),
      201,
    );
  const { id } = await give('ada', 384);
  await give('ada', 385);
  await give('ben', 386);
  await give('ada', 388, { user_id: 'somebody-else' });
  const query = { coach: 'any', rescheduling: id, from: stack.slot(387), to: stack.slot(388.25) };
  const { slots } = assertStatus(await who.get(`/booking/availability?${new URLSearchParams(query)}`), 200);
  assert.deepEqual(
    slots.map(({ start, coaches }) => [start, coaches]),
    [[stack.slot(387), 1]],
  );
  const move = (n) => who.put(`/booking/${id}/reschedule`, { coach: 'any', start: stack.slot(n) });
  assertProblem(await move(388), 409, 'slot_taken');
  assert.equal(assertStatus(await move(387), 200).coach, 'ada');
});

test('moved with any it stays with its coach where they have the time, else goes to whose turn it is', async () => {
  const who = somebody();
  const [start, target] = [stack.slot(172), stack.slot(174)];
  const { id } = await booked({ session_type: 'shared', coach: 'ada', start }, who);
  const move = (fields) => who.put(`/booking/${id}/reschedule`, { coach: 'any', ...fields });
  assert.equal(assertStatus(await move({ start: stack.slot(173) }), 200).coach, 'ada');
  await booked({ session_type: 'shared', coach: 'ada', start: target });
  assertProblem(await move({ start: target, coach: 'ben' }), 422, 'invalid_field', 'coach');
  assertProblem(await move({ start: target, scope: 'all' }), 422, 'invalid_field', 'coach');
  assertProblem(await who.put(`/booking/${id}/reschedule`, { start: target }), 409, 'slot_taken');
  const listing = async (coach) => {
    const query = { from: target, to: stack.slot(174.25), rescheduling: id, ...(coach && { coach }) };
    const reply = await who.get(`/booking/availability?${new URLSearchParams(query)}`);
    return assertStatus(reply, 200).slots.map(({ start, coaches }) => [start, coaches]);
  };
  assert.deepEqual([await listing(), await listing('any')], [[], [[target, 2]]]);
  const notes = { coach_notes: 'not for Ben' };
  assertStatus(await stack.admin().put(`/booking/${id}/coach-notes`, notes), 200);
  const moved = assertStatus(await move({ start: target }), 200);
  assert.ok(['ben', 'cleo'].includes(moved.coach));
  assert.deepEqual([moved.id, moved.start, moved.reschedule_count], [id, target, 2]);
  assert.equal(assertStatus(await move({ start: target }), 200).coach, moved.coach); // sent again
  // The one has no more to do with it, the other all; the notes of the one are not the other's.
  assertProblem(
    await stack.client('ada', { role: 'coach', coach: 'ada' }).get(`/booking/${id}`),
    404,
    'not_found',
  );
  const seen = assertStatus(
    await stack.client('other', { role: 'coach', coach: moved.coach }).get(`/booking/${id}`),
    200,
  );
  assert.equal(seen.coach_notes ?? null, null);
  const choice = stack.database.rows(
    `SELECT (array_remove(candidates, 'ada'))[1] AS first FROM coach_choice WHERE appointment_id = '${id}'`,
  );
  assert.deepEqual(choice, [{ first: moved.coach }]);
  // The former time is free, and taken in the other's list.
  await booked({ session_type: 'shared', coach: 'ada', start: stack.slot(173) });
  assertProblem(
    await book(somebody(), { session_type: 'shared', coach: moved.coach, start: target }),
    409,
    'slot_taken',
  );
  // Both are told in their webhooks' terms, and nobody twice.
  const events = (coach) =>
    stack.database.value(`SELECT count(*) FROM event WHERE appointment_id = '${id}' AND coach_id = '${coach}'
      AND type = 'appointment.moved' AND (body->'row'->>'starts_at')::timestamptz = '${target}'`);
  assert.deepEqual([events('ada'), events(moved.coach)], [1, 1]);
  // Who asked for it before it was theirs, and comes after, moves it as their own.
  assertStatus(await stack.admin().put(`/booking/${id}/coach-notes`, notes), 200);
  const [late] = stack.database.rows(`SELECT m.outcome, m.freed_coach, (m.booked).reschedule_count AS count
    FROM appointment a, move_to_coach(
      make_booking(p_id => a.id, p_coach_id => a.coach_id, p_starts_at => a.starts_at + interval '1 h',
        p_ends_at => a.ends_at + interval '1 h', p_blocked_from => a.blocked_from + interval '1 h',
        p_blocked_to => a.blocked_to + interval '1 h', p_meeting_kind => 'none'),
      false, make_limits(now(), now()), make_actor('x', 'user', 'r'), null, '{}') m
    WHERE a.id = '${id}'`);
  assert.deepEqual(late, { outcome: 'moved', freed_coach: null, count: 3 });
  assert.equal(assertStatus(await stack.admin().get(`/booking/${id}`), 200).coach_notes, notes.coach_notes);
});

test('a credit goes back to the one coach and is taken of the other, who must have been paid', async () => {
  const who = somebody();
  const admin = stack.admin();
  const [start, target] = [stack.slot(176), stack.slot(177)];
  const grant = { user_id: `client-${people}`, amount: 1 };
  const balances = () =>
    stack.database
      .rows(`SELECT coach_id, balance FROM credit_grant WHERE user_id = '${grant.user_id}' ORDER BY 1`)
      .map(({ coach_id, balance }) => `${coach_id} ${balance}`);
  assertStatus(await admin.post('/coach/ada/credits', grant), 201);
  const { id } = await booked({ session_type: 'paid', coach: 'ada', start }, who);
  assertStatus(
    await admin.post('/coach/ada/appointments', {
      client: { user_id: 'x' },
      start: target,
      session_type: 'shared',
    }),
    201,
  );
  const move = () => who.put(`/booking/${id}/reschedule`, { start: target, coach: 'any' });
  assertProblem(await move(), 409, 'slot_taken'); // of Ada, since Ben has nothing of theirs
  assert.deepEqual(balances(), ['ada 0']);
  assertStatus(await admin.post('/coach/ben/credits', grant), 201);
  assert.equal(assertStatus(await move(), 200).coach, 'ben');
  assert.deepEqual(balances(), ['ada 1', 'ben 0']);
  assertStatus(await who.put(`/booking/${id}/cancel`), 200);
  assert.deepEqual(balances(), ['ada 1', 'ben 1']);
  assert.deepEqual(stack.database.rows('SELECT * FROM credit_faults()'), []);
});

test('32 move with any into one time of three coaches: three get there, the others stay, nothing is torn', async () => {
  const target = stack.slot(178);
  const movers = await Promise.all(
    Array.from({ length: 32 }, async (_, n) => {
      const who = somebody();
      const coach = ['ada', 'ben', 'cleo'][n % 3];
      const start = stack.slot(220 + Math.floor(n / 3));
      return [who, await booked({ session_type: 'shared', coach, start }, who)];
    }),
  );
  const replies = await Promise.all(
    movers.map(([who, { id }]) => who.put(`/booking/${id}/reschedule`, { start: target, coach: 'any' })),
  );
  assert.deepEqual(countStatuses(replies), { 200: 3, 409: 29 });
  const ids = movers.map(([, { id }]) => `'${id}'`);
  const [standing] =
    stack.database.rows(`SELECT count(*) FILTER (WHERE starts_at = '${target}')::int AS there,
    count(DISTINCT coach_id) FILTER (WHERE starts_at = '${target}')::int AS coaches,
    count(*) FILTER (WHERE status = 'scheduled')::int AS all FROM appointment WHERE id IN (${ids})`);
  assert.deepEqual(standing, { there: 3, coaches: 3, all: 32 });
});

test('64 race for one time of three coaches, five times: three win, with three coaches, all others get 409', async () => {
  const racers = Array.from({ length: 64 }, () => somebody());
  for (let round = 0; round < 5; round++) {
    const start = stack.slot(200 + round);
    const replies = await Promise.all(racers.map((who) => book(who, { session_type: 'shared', start })));
    assert.deepEqual(countStatuses(replies), { 201: 3, 409: 61 });
    const winners = replies.filter(({ status }) => status === 201).map(({ body }) => body.coach);
    assert.deepEqual(winners.sort(), ['ada', 'ben', 'cleo']);
    for (const { status, body } of replies) if (status === 409) assert.equal(body.code, 'slot_taken');
  }
  assert.equal(
    stack.database.value(`SELECT count(*) FROM coach_choice c JOIN appointment a ON a.id = c.appointment_id
      WHERE a.starts_at >= '${stack.slot(200)}' AND a.coach_id = ANY (c.candidates)`),
    15,
  );
});

test('a series is with one coach: whose dates are all free, else who has most of them', async () => {
  const WEEK = 7 * 1440;
  const query = { coach: 'any', session_type: 'weekly', count: 3 };
  const preview = async (start) => {
    const reply = await ann.get(`/booking/series/preview?${new URLSearchParams({ ...query, start })}`);
    const { coach, occurrences } = assertStatus(reply, 200);
    return [coach, occurrences.map(({ bookable }) => bookable)];
  };
  const series = (who, start, more) => who.post('/booking/series', { ...query, start, ...more });
  const coaches = ({ appointments }) => appointments.map(({ coach }) => coach);
  const take = (coach, start, week) =>
    booked({ session_type: 'weekly', coach, start: later(start, week * WEEK) });

  const start = stack.slot(180);
  await take('ada', start, 1);
  assert.deepEqual(await preview(start), ['ben', [true, true, true]]);
  const who = somebody();
  const made = assertStatus(await series(who, start), 201);
  assert.deepEqual(coaches(made), ['ben', 'ben', 'ben']);
  assert.equal(
    stack.database.value(`SELECT count(*) FROM coach_choice c JOIN appointment a ON a.id = c.appointment_id
      WHERE a.series_id = '${made.series_id}' AND c.candidates @> '{ada,ben}'`),
    3,
  );
  // Whoever has it does not get another one with the other coach.
  assertProblem(await series(who, start, { on_conflict: 'skip' }), 409, 'series_conflict');

  const both = stack.slot(182);
  await take('ada', both, 0);
  await take('ada', both, 1);
  await take('ben', both, 2);
  assert.deepEqual(await preview(both), ['ben', [true, true, false]]);
  const refused = await series(somebody(), both);
  assertProblem(refused, 409, 'series_conflict');
  assert.deepEqual(
    refused.body.occurrences.map(({ bookable }) => bookable),
    [true, true, false],
  );
  assert.deepEqual(coaches(assertStatus(await series(somebody(), both, { on_conflict: 'skip' }), 201)), [
    'ben',
    'ben',
  ]);

  const raced = stack.slot(184);
  const racers = Array.from({ length: 16 }, () => somebody());
  const replies = await Promise.all(racers.map((racer) => series(racer, raced)));
  assert.deepEqual(countStatuses(replies), { 201: 2, 409: 14 });
  const winners = replies.filter(({ status }) => status === 201).map(({ body }) => coaches(body).join());
  assert.deepEqual(winners.sort(), ['ada,ada,ada', 'ben,ben,ben']);

  assertProblem(
    await series(ann, start, { session_type: 'nothing' }),
    404,
    'unknown_session_type',
    'session_type',
  );
  assertProblem(await series(ann, start, { duration_minutes: 45 }), 422, 'bad_duration');
});

test('a date that the client has with another coach is taken: refused with all, or skipped', async () => {
  const who = somebody();
  const start = stack.slot(206);
  const at = (week) => later(start, week * 7 * 1440);
  const series = { coach: 'any', session_type: 'weekly', count: 3, start };
  await booked({ session_type: 'weekly', coach: 'ben', start: at(1) }, who);
  assertProblem(await who.post('/booking/series', series), 409, 'series_conflict');
  const made = assertStatus(await who.post('/booking/series', { ...series, on_conflict: 'skip' }), 201);
  assert.deepEqual(
    made.appointments.map(({ start: one, series_index }) => [one, series_index]),
    [
      [at(0), 0],
      [at(2), 2],
    ],
  );
  const mine = assertStatus(await who.get('/booking/user/me'), 200).appointments;
  assert.deepEqual(
    mine.map(({ start: one }) => one),
    [at(0), at(1), at(2)],
  );
});

test('a coach who cannot be read is none without time: the series is refused by the database, not by the others', async () => {
  const start = stack.slot(214);
  const series = { coach: 'any', session_type: 'weekly', count: 2, start };
  const query = new URLSearchParams(series);
  const next = assertStatus(await ann.get(`/booking/series/preview?${query}`), 200).coach;
  const other = next === 'ada' ? 'ben' : 'ada';
  assertStatus(
    await somebody().post('/booking/create', { coach: other, session_type: 'weekly', start }),
    201,
  );
  const lock = stack.database.session();
  const held = `granted and mode = 'AccessExclusiveLock' and relation = 'bookingd.busy_source'::regclass`;
  try {
    lock.send('begin; lock table bookingd.busy_source in access exclusive mode;');
    await until('the lock', () => stack.database.locks(held));
    const asked = somebody().post('/booking/series', series);
    // The daemon's own threads may wait for the lock as well.
    const reads = 'from busy_source where coach_id = coach.id';
    await until('the first coach to be read', () => stack.database.waiting(reads));
    stack.database.run(`select pg_cancel_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query ~ '${reads}'`);
    lock.send('commit;');
    assertProblem(await asked, 503, 'database_unavailable');
  } finally {
    lock.close();
  }
});

test('a series is with the coach whom the client can pay, or whose questions are answered', async () => {
  const who = stack.client('payer');
  const series = { coach: 'any', session_type: 'paid', count: 3, start: stack.slot(186) };
  for (const [coach, amount] of Object.entries({ ada: 2, ben: 3 })) // ada's do not last, which undoes her two
    assertStatus(await stack.admin().post(`/coach/${coach}/credits`, { user_id: 'payer', amount }), 201);
  const previewed = await who.get(`/booking/series/preview?${new URLSearchParams(series)}`);
  const { coach, occurrences } = assertStatus(previewed, 200);
  assert.deepEqual([coach, ...occurrences.map(({ bookable }) => bookable)], ['ben', true, true, true]);
  const coaches = async (body) =>
    assertStatus(await who.post('/booking/series', body), 201).appointments.map((one) => one.coach);
  assert.deepEqual(await coaches(series), ['ben', 'ben', 'ben']);
  assert.deepEqual(await coaches({ ...series, session_type: 'asking', start: stack.slot(188) }), [
    'ben',
    'ben',
    'ben',
  ]);
});

test('who takes a session over asks nothing first: their questions may be answered until it starts', async () => {
  const who = somebody();
  const [start, target] = [stack.slot(300), stack.slot(301)];
  const { id } = await booked({ session_type: 'asking', coach: 'ben', start }, who);
  await booked({ session_type: 'asking', coach: 'ben', start: target });
  const moved = await who.put(`/booking/${id}/reschedule`, { coach: 'any', start: target });
  assert.equal(assertStatus(moved, 200).coach, 'ada');
  const answer = (answers) => who.put(`/booking/${id}/answers`, { answers });
  assertProblem(await answer({}), 422, 'invalid_field', 'answers.goal');
  assert.deepEqual(assertStatus(await answer({ goal: 'to run' }), 200).answers, { goal: 'to run' });
});

test('a wrong code is one try, however many coaches could have had it; a right one is none', async () => {
  const who = somebody();
  const start = stack.slot(290);
  const tries = () =>
    stack.database.value(`select count(*) from client_use
      where client = sha256(convert_to('client-${people}', 'UTF8')) and kind = 'promo'`);
  const wish = (promo_code) => ({ start, session_type: 'paid', promo_code });
  const refused = async (reply) => assertProblem(await reply, 422, 'promo_code_invalid', 'promo_code');
  for (let n = 1; n < 10; n++) {
    await refused(book(who, wish(`guess-${n}`)));
    assert.equal(await tries(), n);
  }
  await refused(book(who, wish('guess-9')));
  await refused(who.post('/booking/series', { coach: 'any', count: 2, ...wish('guess-9') }));
  assert.equal(await tries(), 9, 'sent again it is no further one');
  // Whose code it is may come last in turn.
  const coaches = ['ada', 'ben'];
  for (const coach of coaches) {
    const own = { code: `OF-${coach}`, kind: 'free' };
    assertStatus(await stack.admin().post(`/coach/${coach}/promo-codes`, own), 201);
    const made = await booked({ ...wish(own.code), start: later(start, coach === 'ada' ? 60 : 120) }, who);
    assert.equal(made.coach, coach);
  }
  assert.equal(await tries(), 9);
  await refused(book(who, wish('guess-10')));
  assertProblem(await book(who, wish('guess-11')), 429, 'rate_limited');
});

test('whoever is busy in their calendar is passed over, though it is their turn', async () => {
  const own = await startStack({ google: 'delegated', document: openSchedule() });
  try {
    assertStatus(await own.admin().put('/coach/zed/schedule', openSchedule()), 201);
    const [busy, free] = [own.slot(10), own.slot(12)];
    await own.google.busy(own.calendar, busy, later(busy, 60));
    const choose = async (who, start) =>
      assertStatus(await own.client(who).post('/booking/create', { coach: 'any', start }), 201).coach;
    assert.equal(await choose('ann', busy), 'zed'); // damian would be first by his name
    assert.equal(await choose('ben', free), 'damian');
    const query = new URLSearchParams({ coach: 'any', from: busy, to: later(free, 30) });
    const { slots, calendar } = assertStatus(
      await own.client('cy').get(`/booking/availability?${query}`),
      200,
    );
    assert.equal(calendar.state, 'live');
    assert.deepEqual(
      slots.map(({ start, coaches }) => [start, coaches]),
      [30, 60, 90, 120]
        .map((minutes) => [later(busy, minutes), minutes === 60 || minutes === 90 ? 2 : 1])
        .filter(([start]) => start !== busy),
    );
  } finally {
    await own.stop();
  }
});
