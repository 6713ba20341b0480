// Several daemons on one database: what one does, the others know within a second.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.mjs';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { Database } from '../harness/postgres.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack, other;
const clients = [];
before(async () => {
  stack = await startStack({
    document: openSchedule({ max_active_per_user: 3, max_per_day: 5 }),
    env: {
      AUTH_SESSION_QUERY: 'select user_id, name, email from platform.session where id = $1',
      SESSION_CACHE_SECONDS: '3600',
    },
  });
  stack.database.run(`create schema platform;
    create table platform.session (id text, user_id text, name text, email text)`);
  other = await Daemon.start({ env: stack.env });
});
after(async () => {
  for (const client of clients) client.close();
  await other?.stop();
  await stack.stop();
});

/** The same caller at both daemons. */
function both(here) {
  const there = new Client(other.url, { token: here.token });
  clients.push(there);
  return [here, there];
}
let people = 0;
const somebody = () => both(stack.client(`client-${++people}`));
const within = (what, question) => until(what, question, 1000); // the second of the contract
const offers = async (client, start) =>
  assertStatus(await client.get(`/booking/availability?from=${start}&to=${later(start, 1)}`), 200).slots
    .length === 1;

test('a booking, a move and a cancellation are seen in the listing of the other', async () => {
  const [here, there] = somebody();
  const [first, second] = [stack.slot(1), stack.slot(2)];
  assert.ok((await offers(there, first)) && (await offers(there, second)));
  const made = assertStatus(await here.post('/booking/create', { start: first }), 201);
  assert.equal(await offers(here, first), false, 'here in the very next reply');
  await within('the booking there', async () => !(await offers(there, first)));
  assertStatus(await here.put(`/booking/${made.id}/reschedule`, { start: second }), 200);
  await within('the move there', async () => (await offers(there, first)) && !(await offers(there, second)));
  assertStatus(await there.put(`/booking/${made.id}/cancel`), 200);
  await within('the cancellation here', () => offers(here, second));
});

test('a schedule that was put here is that of the other', async () => {
  const [here, there] = both(stack.coach());
  const [client] = somebody();
  const path = '/coach/damian/schedule';
  const before = assertStatus(await there.get(path), 200);
  assert.ok(await offers(client, stack.slot(4)));
  assertStatus(await there.put(path, { ...before, weekly: [] }), 200);
  assert.deepEqual(assertStatus(await here.get(path), 200).weekly, []);
  await within('the closed week', async () => !(await offers(client, stack.slot(4))));
  assertStatus(await here.put(path, before), 200);
  await within('the open week', () => offers(there, stack.slot(4)));
});

test('of the first schedules of a coach sent at once one is the first, and none is lost in silence', async () => {
  const admin = both(stack.admin());
  const named = (name) => ({ ...openSchedule(), session_types: [{ id: 'talk', name, durations: [60] }] });
  for (let round = 0; round < 8; round++) {
    const path = (kind) => `/coach/${kind}-${round}/schedule`;
    const put = (kind, headers) =>
      Promise.all(
        Array.from({ length: 8 }, (_, i) => admin[i % 2].put(path(kind), named(`Talk ${i}`), headers)),
      );
    assert.deepEqual(countStatuses(await put('only', { 'if-none-match': '*' })), { 201: 1, 412: 7 });
    const replies = await put('any');
    assert.deepEqual(countStatuses(replies), { 200: 7, 201: 1 });
    assert.equal(new Set(replies.map(({ headers }) => headers.etag)).size, 8);
    const last = replies.find(({ headers }) => headers.etag === '"8"');
    const now = assertStatus(await admin[0].get(path('any')), 200);
    assert.equal(now.session_types[0].name, last.body.session_types[0].name);
    assert.equal(
      stack.database.value(
        `SELECT count(*) FROM audit WHERE action = 'schedule' AND coach_id = 'any-${round}'`,
      ),
      8,
    );
    stack.database.run(`DELETE FROM coach WHERE id IN ('only-${round}', 'any-${round}')`);
  }
});

test("a schedule that somebody changes in the database is everybody's at once", async () => {
  const [client, there] = somebody();
  const start = stack.slot(5);
  assert.ok(await offers(there, start));
  const set = (weekly) =>
    stack.database.run(`UPDATE bookingd.coach SET schedule_version = schedule_version + 1,
      schedule = jsonb_set(schedule, '{weekly}', ${weekly})`);
  stack.database.run('CREATE TABLE kept AS SELECT schedule FROM bookingd.coach');
  set("'[]'");
  await within('the closed week', async () => !(await offers(client, start)));
  await within('the closed week there', async () => !(await offers(there, start)));
  assertProblem(await client.post('/booking/create', { start }), 422, 'outside_hours'); // from memory, whatever its age
  set("(SELECT schedule->'weekly' FROM kept)");
  await within('the open week', () => offers(there, start));
});

test('a second coach is known to the other, so that one must be named', async () => {
  const [admin] = both(stack.admin());
  const [here, there] = somebody();
  for (const client of [here, there]) assertStatus(await client.get('/booking/availability'), 200);
  assertStatus(await admin.put('/coach/clara/schedule', openSchedule()), 201);
  for (const client of [here, there])
    await within('two coaches', async () => (await client.get('/booking/availability')).status === 400);
  stack.database.run("DELETE FROM bookingd.coach WHERE id = 'clara'");
});

test('a new feed token ends the old one at the other too', async () => {
  const [here, there] = both(stack.coach());
  const path = ({ url }) => new URL(url).pathname + new URL(url).search;
  const old = assertStatus(await here.get('/coach/damian/feed'), 200);
  assertStatus(await there.get(path(old)), 200);
  const renewed = assertStatus(await here.post('/coach/damian/feed'), 200);
  await within('the end of the old token', async () => (await there.get(path(old))).status === 404);
  assertStatus(await there.get(path(renewed)), 200);
});

test('racing for one time at two daemons: exactly one gets it', async () => {
  for (const start of [stack.slot(6), stack.slot(7)]) {
    const crowd = Array.from({ length: 12 }, () => somebody());
    const replies = await Promise.all(crowd.map((pair, i) => pair[i % 2].post('/booking/create', { start })));
    assert.deepEqual(countStatuses(replies), { 201: 1, 409: 11 });
  }
});

test("racing for a client's last place at two daemons: no more than the limit", async () => {
  const pair = somebody();
  const starts = Array.from({ length: 10 }, (_, i) => stack.slot(48 + 24 * i));
  const replies = await Promise.all(starts.map((start, i) => pair[i % 2].post('/booking/create', { start })));
  assert.deepEqual(countStatuses(replies), { 201: 3, 409: 7 });
});

test('one key sent to both daemons books once', async () => {
  const pair = somebody();
  const body = { start: stack.slot(400) };
  const headers = { 'idempotency-key': 'both' };
  const replies = await Promise.all(
    [0, 1, 0, 1, 0, 1].map((i) => pair[i].post('/booking/create', body, headers)),
  );
  const made = replies.filter(({ status }) => status === 201);
  assert.ok(made.length >= 1);
  assert.equal(new Set(made.map((reply) => reply.body.id)).size, 1);
  for (const reply of replies) if (reply.status !== 201) assertProblem(reply, 409, 'request_in_progress');
  const again = await pair[1].post('/booking/create', body, headers);
  assert.deepEqual([again.status, again.headers['idempotent-replayed']], [201, 'true']);
});

test('a hold at one is confirmed at the other', async () => {
  const [here, there] = somebody();
  const held = assertStatus(await here.post('/booking/hold', { start: stack.slot(420) }), 201);
  assert.equal(assertStatus(await there.put(`/booking/${held.id}/confirm`), 200).status, 'scheduled');
});

test('who was erased at one is remembered by none: the platform is asked anew', async () => {
  const rename = (name) =>
    stack.database.run(`delete from platform.session; insert into platform.session
      values ('of-xena', 'xena', '${name}', 'xena@client.test')`);
  const headers = { 'x-session-id': 'of-xena' };
  let slot = 550;
  const named = async (url) => {
    const client = new Client(url, { headers });
    clients.push(client);
    const made = await client.post('/booking/create', { start: stack.slot((slot += 1)) });
    assertStatus(await client.put(`/booking/${assertStatus(made, 201).id}/cancel`), 200);
    return made.body.name;
  };
  const daemons = [stack.daemon.url, other.url];
  rename('Old Name');
  for (const url of daemons) assert.equal(await named(url), 'Old Name');
  rename('New Name');
  for (const url of daemons) assert.equal(await named(url), 'Old Name', 'remembered');
  assertStatus(await stack.admin().delete('/booking/user/xena'), 200);
  assert.equal(await named(daemons[0]), 'New Name');
  await within('the name to be forgotten there', async () => (await named(daemons[1])) === 'New Name');
});

test('daemons that cannot hear each other ask the database each time', async () => {
  const env = { WORKERS: '1', LISTING_WORKERS: '1', CALENDAR_WORKERS: '1' };
  const pair = [
    await Daemon.start({ env: { ...stack.env, ...env } }),
    await Daemon.start({ env: { ...stack.env, ...env } }),
  ];
  const url = new URL(stack.database.url);
  url.pathname = '/postgres';
  const admin = new Database(url.href);
  const door = (open) => admin.run(`ALTER DATABASE ${stack.database.name} ALLOW_CONNECTIONS ${open}`);
  const { token } = stack.client('deaf');
  const [here, there] = pair.map((daemon) => new Client(daemon.url, { token }));
  clients.push(here, there);
  try {
    const start = stack.slot(500);
    for (const client of [here, there]) {
      assert.equal(await offers(client, start), true); // each lane's worker connects at its first call
      assertStatus(await client.get('/booking/user/deaf'), 200);
      const early = assertStatus(await client.post('/booking/create', { start: stack.slot(501) }), 201);
      assertStatus(await client.put(`/booking/${early.id}/cancel`), 200);
    }
    door(false); // nobody new gets in, those inside stay; the listeners are shown out
    admin.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = '${stack.database.name}' AND (query = '' OR query ILIKE 'listen%') AND pid <> pg_backend_pid()`);
    for (const { client } of pair)
      await until('deafness', async () => (await client.get('/readyz')).status === 503);
    // A worker that had not connected yet finds the door shut; then the one that is inside does the work.
    const done = (ask) =>
      until('a worker inside', async () => ((answer) => answer.status !== 503 && answer)(await ask()));
    const made = assertStatus(await done(() => here.post('/booking/create', { start })), 201);
    assert.equal(await offers(there, start), false);
    assertStatus(await done(() => there.put(`/booking/${made.id}/cancel`)), 200);
    assert.equal(await offers(here, start), true);
  } finally {
    door(true);
    for (const { client } of pair)
      await until('hearing', async () => (await client.get('/readyz')).status === 200);
    for (const daemon of pair) await daemon.stop();
  }
});
