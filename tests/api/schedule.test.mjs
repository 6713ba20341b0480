// The schedule document: read and replaced whole, every fault by its path, never overwritten unseen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { openSchedule, schedule, startStack } from '../harness/stack.mjs';

const PATH = '/coach/damian/schedule';
const WEEK = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
let stack, coach;
before(async () => {
  stack = await startStack({ document: openSchedule() });
  coach = stack.coach();
});
after(() => stack.stop());

const read = async (client = coach, path = PATH) => assertStatus(await client.get(path), 200);
const put = (document, headers, client = coach, path = PATH) => client.put(path, document, headers);
const replace = async (document) => assertStatus(await put(document), 200);
const starts = async (query = '') =>
  assertStatus(await coach.get(`/booking/availability?${query}`), 200).slots.map(({ start }) => start);

test('without COACH_SCHEDULE a new coach has the default document', async () => {
  const own = await startStack({ env: { COACH_SCHEDULE: null } });
  try {
    assert.deepEqual(await read(own.coach()), schedule());
  } finally {
    await own.stop();
  }
});

test('what was put is what is read, in full, and takes effect at once', async () => {
  const document = schedule({
    time_zone: 'Australia/Lord_Howe',
    weekly: [
      { days: ['MO', 'WE'], from: '22:00', to: '02:30' },
      { days: ['SU'], from: '00:00', to: '24:00' },
    ],
    overrides: [
      { date: '2027-01-04', intervals: [] },
      {
        date: '2027-02-05',
        intervals: [
          { from: '08:15', to: '09:45' },
          { from: '09:00', to: '12:00' },
        ],
      },
    ],
    blocked: [
      { from: '2026-12-25', to: '2027-01-02', reason: 'holidays' },
      { from: '2027-03-01', to: '2027-03-02' },
    ],
    policy: { step_minutes: 20, max_per_day: 4, buffer_before_minutes: 5, buffer_after_minutes: 10 },
    session_types: [
      {
        id: 'a',
        name: 'A',
        durations: [20, 40],
        meeting: 'phone',
        policy: { max_per_day: null, min_notice_minutes: 0 },
      },
      { id: 'b.2-x_Y', name: 'Bé', durations: [1440], meeting: 'none' },
    ],
  });
  const { appointments_outside_hours: outside, ...saved } = await replace(document);
  assert.deepEqual(outside, []);
  assert.deepEqual(await read(), saved);
  const blocked = document.blocked.map((range) => ({ ...range, reason: range.reason ?? null }));
  const withNull = saved.blocked.map((range) => ({ ...range, reason: range.reason ?? null }));
  assert.deepEqual({ ...saved, blocked: withNull }, { ...document, blocked });
  await replace(saved); // what was read may be put back
  assert.deepEqual(await read(), saved);
  await replace(openSchedule());
  assert.equal((await starts(`from=${stack.slot(5)}&to=${stack.slot(6)}`)).length, 2);
  await replace({ ...openSchedule(), weekly: [] });
  assert.deepEqual(await starts(), []);
});

test('the reply to a change may be put back as it is', async () => {
  await replace(openSchedule());
  const ann = stack.client('ann');
  const start = stack.slot(24 * 5 + 20);
  const { id } = assertStatus(await ann.post('/booking/create', { start }), 201);
  const saved = await replace({ ...openSchedule(), weekly: [{ days: WEEK, from: '09:00', to: '17:00' }] });
  assert.deepEqual(saved.appointments_outside_hours, [{ id, start, end: later(start, 30) }]);
  assert.deepEqual(await replace(saved), saved);
  // The list is the server's to make, whatever is sent for it.
  assert.deepEqual(await replace({ ...saved, appointments_outside_hours: [] }), saved);
  const { appointments_outside_hours: outside, ...document } = saved;
  assert.deepEqual(await read(), document);
  assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
  await replace(openSchedule());
});

test('what a document leaves out takes its default', async () => {
  await replace({});
  assert.deepEqual(await read(), schedule());
  await replace({ policy: { cancel_notice_minutes: 30 } });
  const { policy } = await read();
  assert.deepEqual([policy.cancel_notice_minutes, policy.reschedule_notice_minutes], [30, 30]);
  await replace({ session_types: [{ id: 'only', durations: [25] }] });
  assert.deepEqual((await read()).session_types, [
    { id: 'only', name: 'only', durations: [25], meeting: 'google_meet' },
  ]);
});

for (const [what, document, faults] of [
  [
    'hours',
    {
      weekly: [
        { days: ['MO', 'XX', 'MO'], from: '25:00', to: '9:00' },
        { days: [], from: '09:00', to: '09:00' },
      ],
      overrides: [{ date: '2026-02-30', intervals: [{ from: '24:00', to: '24:01' }] }],
      blocked: [{ from: '2027-01-02', to: '2027-01-02' }, { from: '2027-01-02' }],
      time_zone: 'Mars/Base',
    },
    [
      ...['weekly[0].days[1]', 'weekly[0].days[2]', 'weekly[0].from', 'weekly[0].to', 'weekly[1].days'],
      ...[
        'weekly[1].to',
        'overrides[0].date',
        'overrides[0].intervals[0].from',
        'overrides[0].intervals[0].to',
      ],
      ...['blocked[0].to', 'blocked[1].to', 'time_zone'],
    ],
  ],
  [
    'terms',
    {
      policy: { horizon_days: '30', min_notice_minutes: -1, step_minutes: 0, max_per_day: 1.5, colour: 1 },
      session_types: [
        { id: 'x', durations: [] },
        { id: 'x', durations: [4, 1441, 30, 30], meeting: 'skype' },
        { id: 'ü', name: 1, durations: 30, policy: { max_active_per_user: -1 } },
      ],
      extra: true,
    },
    [
      ...['policy.horizon_days', 'policy.min_notice_minutes', 'policy.step_minutes', 'policy.max_per_day'],
      ...[
        'policy.colour',
        'session_types[0].durations',
        'session_types[1].durations[0]',
        'session_types[1].id',
      ],
      ...['session_types[1].durations[1]', 'session_types[1].durations[3]', 'session_types[1].meeting'],
      ...['session_types[2].durations', 'session_types[2].id', 'session_types[2].name', 'extra'],
      'session_types[2].policy.max_active_per_user',
    ],
  ],
])
  test(`every fault in the ${what} is named by its path, all at once, and nothing changes`, async () => {
    await replace(openSchedule());
    const before = await read();
    const { body, ...reply } = await put(document);
    assertProblem({ ...reply, body }, 422, body.code, body.field);
    assert.deepEqual(body.errors.map(({ field }) => field).sort(), faults.sort());
    for (const { code, detail } of body.errors) {
      assert.ok(['invalid_field', 'unknown_field'].includes(code));
      assert.match(detail, /\.$/);
    }
    assert.deepEqual([body.code, body.field], [body.errors[0].code, body.errors[0].field]);
    assert.deepEqual(await read(), before);
  });

for (const [what, body, status, code, field] of [
  ['no JSON', '{', 400, 'malformed_json'],
  ['an array', '[]', 400, 'malformed_json'],
  ['null', 'null', 400, 'malformed_json'],
  ['a name twice, deep inside', '{"policy":{"step_minutes":5,"step_minutes":6}}', 400, 'malformed_json'],
  ['no session type', { session_types: [] }, 422, 'invalid_field', 'session_types'],
  ['a wrong kind of list', { weekly: {} }, 422, 'invalid_field', 'weekly'],
  ['10,000 blocked ranges', { blocked: '0'.repeat(10_000) }, 422, 'invalid_field', 'blocked'],
  [
    'too many blocked ranges',
    { blocked: Array(1200).fill({ from: '2027-01-01', to: '2027-01-02' }) },
    422,
    'invalid_field',
    'blocked',
  ],
  ['5 MB', { blocked: 'x'.repeat(5_000_000) }, 413, 'body_too_large'],
])
  test(`a document that is ${what} is refused`, async () => {
    assertProblem(await put(body), status, code, field);
  });

test('If-Match: only who has seen the latest version may replace it', async () => {
  const seen = await coach.get(PATH);
  const { etag } = seen.headers;
  assert.match(etag, /^".+"$/);
  const first = await put(openSchedule({ step_minutes: 20 }), { 'if-match': etag });
  assertStatus(first, 200);
  assert.notEqual(first.headers.etag, etag);
  assertProblem(await put(openSchedule(), { 'if-match': etag }), 412, 'changed_meanwhile');
  assertProblem(await put(openSchedule(), { 'if-match': '"nonsense"' }), 412, 'changed_meanwhile');
  assertProblem(await put(openSchedule(), { 'if-match': '' }), 412, 'changed_meanwhile');
  assert.equal((await read()).policy.step_minutes, 20);
  assert.equal(
    (await coach.get(PATH)).headers.etag,
    first.headers.etag,
    'the ETag of the reply is the next one',
  );
  assertStatus(await put(openSchedule(), { 'if-match': first.headers.etag }), 200);
  assertStatus(await put(openSchedule(), { 'if-match': '*' }), 200);
  assertStatus(await put(openSchedule()), 200);
});

/** PUTs while the appointments cannot be read: what is asked for after the coach's own row ends as by a timeout. */
async function putUnread(headers, path = PATH) {
  const lock = stack.database.session();
  const held = () =>
    stack.database.locks(`granted and mode = 'AccessExclusiveLock'
      and relation = 'bookingd.appointment'::regclass`);
  let reply = null;
  try {
    lock.send('begin; lock table bookingd.appointment in access exclusive mode;');
    await until('the lock', held);
    const asked = put(openSchedule(), headers, stack.admin(), path).then((one) => {
      reply = one;
    });
    await until('the reply', () => {
      stack.database.run(`select pg_cancel_backend(pid) from pg_locks
        where not granted and relation = 'bookingd.appointment'::regclass
          and database = (select oid from pg_database where datname = current_database())`);
      return reply;
    });
    await asked;
  } finally {
    lock.close();
    await until('the end of the lock', () => !held());
  }
  return reply;
}

test('a database that cannot say whether it has changed is no schedule that has', async () => {
  assertProblem(await putUnread({ 'if-match': '"0"' }), 503, 'database_unavailable');
  assertProblem(await putUnread({ 'if-none-match': '*' }), 503, 'database_unavailable');
});

test('If-Match may list versions; a weak tag is none of them', async () => {
  const latest = async () => (await coach.get(PATH)).headers.etag;
  for (const list of [(tag) => `"0", ${tag}`, (tag) => `${tag},"x"`, (tag) => ` ,\t${tag} ,, W/"1"`])
    assertStatus(await put(openSchedule(), { 'if-match': list(await latest()) }), 200);
  const tag = await latest();
  const number = tag.slice(1, -1);
  for (const text of [
    ...[`W/${tag}`, `W/${tag}, "x"`, '"98", "99"', `"0 ${number}"`, `"${number} 0"`, number, `"${number}`],
    ...[`"+${number}"`, `"0${number}"`, `"x", ${number}`, '"99999999999999999999"', ',', '"1'.repeat(2000)],
  ])
    assertProblem(await put(openSchedule(), { 'if-match': text }), 412, 'changed_meanwhile');
  assert.equal(await latest(), tag);
});

test('a fault in the document is told before a lost race', async () => {
  assertProblem(await put({ weekly: 1 }, { 'if-match': '"1"' }), 422, 'invalid_field', 'weekly');
});

test('If-None-Match: an unchanged document is 304', async () => {
  const { etag } = (await coach.get(PATH)).headers;
  const again = await coach.get(PATH, { 'if-none-match': etag });
  assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', etag]);
  assertStatus(await put(openSchedule()), 200);
  assert.equal((await coach.get(PATH, { 'if-none-match': etag })).status, 200);
});

test('of editors that race with the same version one wins', async () => {
  const { etag } = (await coach.get(PATH)).headers;
  const replies = await Promise.all(
    Array.from({ length: 6 }, (_, i) => put(openSchedule({ step_minutes: 5 + i }), { 'if-match': etag })),
  );
  assert.deepEqual(countStatuses(replies), { 200: 1, 412: 5 });
  await replace(openSchedule());
});

test('a change never touches what is booked, and lists what now lies outside', async () => {
  const ann = stack.client('ann');
  const [inside, outside, gone] = [stack.slot(48 + 10), stack.slot(48 + 20), stack.slot(48 + 21)];
  const made = [];
  for (const start of [inside, outside, gone])
    made.push(assertStatus(await ann.post('/booking/create', { start }), 201));
  assertStatus(await ann.put(`/booking/${made[2].id}/cancel`), 200);
  const reply = await replace({ ...openSchedule(), weekly: [{ days: WEEK, from: '09:00', to: '17:00' }] });
  assert.deepEqual(reply.appointments_outside_hours, [
    { id: made[1].id, start: outside, end: later(outside, 30) },
  ]);
  assert.deepEqual(assertStatus(await ann.get(`/booking/${made[1].id}`), 200), made[1]);
  const blocked = await replace({
    ...openSchedule(),
    blocked: [{ from: inside.slice(0, 10), to: '2100-01-01' }],
  });
  assert.deepEqual(
    blocked.appointments_outside_hours.map(({ id }) => id),
    [made[0].id, made[1].id],
  );
  assert.equal((await read()).appointments_outside_hours, undefined);
  await replace(openSchedule());
});

test('an admin makes a coach by putting their schedule, an odd id is none', async () => {
  const admin = stack.admin();
  assertProblem(await admin.get('/coach/new.coach-1/schedule'), 404, 'unknown_coach');
  const made = await put(openSchedule(), {}, admin, '/coach/new.coach-1/schedule');
  assertStatus(made, 201);
  const own = stack.client('x', { role: 'coach', coach: 'new.coach-1' });
  assert.equal((await read(own, '/coach/new.coach-1/schedule')).time_zone, 'UTC');
  for (const id of ['a%20b', 'x'.repeat(65), '%C3%BC', '..%2Fx'])
    assertProblem(await put(openSchedule(), {}, admin, `/coach/${id}/schedule`), 404, 'unknown_coach');
  const absent = await put(openSchedule(), { 'if-match': '"1"' }, admin, '/coach/absent/schedule');
  assertProblem(absent, 404, 'unknown_coach');
});

test('If-None-Match: * makes a new schedule only, If-Match: * replaces one only', async () => {
  const admin = stack.admin();
  const path = '/coach/newer.coach/schedule';
  assertProblem(await put(openSchedule(), { 'if-match': '*' }, admin, path), 412, 'changed_meanwhile');
  assertStatus(await put(openSchedule(), { 'if-none-match': '*' }, admin, path), 201);
  assertProblem(await put(openSchedule(), { 'if-none-match': '*' }, admin, path), 412, 'changed_meanwhile');
  assertStatus(await put(openSchedule(), { 'if-match': '*' }, admin, path), 200);
});
