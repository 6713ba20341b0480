// The daemon runs as a role that may do just what `bookingd grants` gives; doctor says when it may do more.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { runBookingd } from '../harness/daemon.mjs';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { Database } from '../harness/postgres.mjs';
import { COACH, openSchedule, startStack, until } from '../harness/stack.mjs';

const ROLE = 'Odd "daemon"';
let stack, mail, url;

const as = (role) => {
  const changed = new URL(stack.database.url);
  changed.username = encodeURIComponent(role);
  return changed.href;
};
const grants = (role) => {
  const { code, stdout, stderr } = runBookingd(['grants', role]);
  assert.equal(code, 0, stderr);
  return stdout;
};

before(async () => {
  stack = await startStack({
    google: 'delegated',
    mail: true,
    start: false,
    env: {
      CALENDAR_POLL_SECONDS: '1',
      RETENTION_DAYS: '30',
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    },
    document: openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
  });
  mail = stack.mail;
  stack.database.run(grants(ROLE));
  stack.database.run(grants(ROLE)); // again, as after an upgrade
  url = as(ROLE);
  await stack.startDaemon({ DATABASE_URL: url, MIGRATE: '0' });
});
after(() => stack?.stop());

test('clients, coaches, Google, mail and housekeeping work as that role', async () => {
  const ann = stack.client('ann');
  const coach = stack.coach();
  const admin = stack.admin();
  const book = (hour, more) =>
    ann.post('/booking/create', { start: stack.slot(hour), coach: COACH, ...more });
  const key = { 'idempotency-key': 'once' };
  const made = assertStatus(await ann.post('/booking/create', { start: stack.slot(1) }, key), 201);
  await stack.settled(ann, made.id);
  const held = assertStatus(await ann.post('/booking/hold', { start: stack.slot(2) }), 201);
  const other = await mail.codeAfter('anns@other.test', () =>
    ann.post(`/booking/${held.id}/verify`, { email: 'anns@other.test', locale: 'en' }),
  );
  assertStatus(other.reply, 202);
  const proof = { email: 'anns@other.test', code: other.code };
  assertStatus(await ann.put(`/booking/${held.id}/confirm`, proof), 200);
  assertStatus(await ann.put(`/booking/${made.id}/reschedule`, { start: stack.slot(3) }), 200);
  const series = { start: stack.slot(5), count: 2, every_weeks: 1 };
  assertStatus(await ann.post('/booking/series', series), 201);
  // The coach moves an event by hand, and the keeper follows.
  await stack.settled(ann, held.id);
  const event = held.id.replaceAll('-', '');
  await stack.google.move(stack.calendar, event, stack.slot(8), later(stack.slot(8), 30));
  await until('the move', async () => (await ann.get(`/booking/${held.id}`)).body.start === stack.slot(8));

  for (const [reply, status] of [
    [await ann.get('/booking/availability'), 200],
    [await ann.get('/booking/user/me'), 200],
    [await ann.put('/booking/user/me/preferences', { reminders: true }), 200],
    [await ann.get('/booking/user/me/notices'), 200],
    [await ann.get(`/booking/${made.id}/calendar.ics`), 200],
    [await coach.put(`/booking/${made.id}/coach-notes`, { coach_notes: 'x' }), 200],
    [await coach.put(`/booking/${made.id}/meeting`, { kind: 'link', url: 'https://meet.test/' }), 200],
    [await coach.get(`/coach/${COACH}/explain?start=${stack.slot(1)}`), 200],
    [await coach.get(`/coach/${COACH}/appointments?status=all`), 200],
    [await coach.put(`/coach/${COACH}/profile`, { name: 'Robin', slug: 'robin' }), 200],
    [await coach.put(`/coach/${COACH}/schedule`, openSchedule()), 200],
    [await admin.put('/coach/clara/schedule', openSchedule()), 201],
    [await coach.post(`/coach/${COACH}/feed`, {}), 200],
    [
      await coach.post(`/coach/${COACH}/appointments`, {
        client: { email: 'zoe@b.test' },
        start: stack.slot(30),
      }),
      201,
    ],
    [await coach.get(`/coach/${COACH}/google`), 200],
    [await coach.post(`/coach/${COACH}/google/retry`, {}), 202],
    [await coach.post(`/booking/${made.id}/notices`, { kind: 'confirmed', recipient: 'client' }), 202],
    [await book(9), 201],
    [await ann.put(`/booking/${made.id}/cancel`, { reason: 'x' }), 200],
    [await ann.get('/booking/user/me/export'), 200],
  ])
    assertStatus(reply, status);
  const family = { kind: 'ical', url: 'https://127.0.0.1:1/family.ics', name: 'Family' };
  const added = assertStatus(await coach.post(`/coach/${COACH}/calendars`, family), 201);
  assertStatus(await coach.delete(`/coach/${COACH}/calendars/${added.id}`), 204);

  const email = 'bob@client.test';
  const { reply: asked, code } = await mail.codeAfter(email, () =>
    stack.stranger().post('/booking/sign-in', { email }),
  );
  const body = { email, code, nonce: assertStatus(asked, 202).nonce };
  const { token } = assertStatus(await stack.stranger().post('/booking/sign-in/verify', body), 200);
  const bob = new Client(stack.daemon.url, { token });
  assertStatus(await bob.post('/booking/create', { start: stack.slot(12), coach: COACH }), 201);
  assertStatus(await bob.get('/booking/user/me/sessions'), 200);
  assertStatus(await bob.delete('/session'), 204);
  bob.close();
  await mail.wait(3, ({ subject }) => /booked|booking/i.test(subject));
  assertStatus(await ann.delete('/booking/user/me'), 200);
  // RETENTION_DAYS, and all else that is tidied at start.
  stack.database.run(`update appointment set starts_at = t, ends_at = t + interval '30 min', blocked_from = t,
    blocked_to = t + interval '30 min' from (select now() - interval '40 days' as t) moment where email = 'bob@client.test'`);
  await stack.daemon.restart(await stack.daemon.stop());
  await until(
    'the past to be blank',
    () => stack.database.value(`select count(*) from appointment where ends_at < now() and not erased`) === 0,
  );
  const denied = stack.daemon.log.filter((line) => /permission denied/.test(line));
  assert.deepEqual(denied, []);
});

test('the role may do nothing else', () => {
  const role = new Database(url);
  for (const statement of [
    'create table bookingd.x (y int)',
    'create schema x',
    'drop table bookingd.notice',
    'alter table bookingd.appointment drop constraint appointment_overlap',
    'alter table bookingd.appointment disable trigger all',
    'truncate bookingd.audit',
    'delete from bookingd.appointment',
    'delete from bookingd.coach',
    'update bookingd.schema_object set name = name',
    'insert into bookingd.migration select * from bookingd.migration',
    'update bookingd.local_secret set value = value',
    `create or replace function bookingd.lock_client(p_user text) returns void language sql as ''`,
    'create role x',
    'set session_replication_role = replica',
  ])
    assert.throws(() => role.run(statement), /permission denied|must be owner/, statement);
});

test('doctor says what more a role may do', () => {
  const says = (role, migrate = '0') => {
    const env = { ...stack.env, DATABASE_URL: as(role), MIGRATE: migrate };
    const { stdout } = runBookingd(['doctor'], { env });
    return stdout.split('\n').find((line) => /^\S+\s+role\b/.test(line)) ?? stdout;
  };
  assert.match(says(ROLE), /^ok\s+role .*may read and write, and no more/);
  assert.match(
    says(ROLE, '1'),
    /^FAIL\s+role .*may not change the schema, as MIGRATE=1 needs.*set MIGRATE=0/,
  );
  assert.match(says('postgres'), /^(?!ok)\S+\s+role .*is a superuser.*bookingd grants/);
  assert.match(says('postgres', '1'), /^(?!ok)\S+\s+role .*is a superuser/);
  for (const [name, more, what] of [
    ['creator', 'grant create on schema bookingd to', /CREATE on the schema/],
    ['emptier', 'grant truncate on bookingd.audit to', /TRUNCATE/],
    ['deleter', 'grant delete on bookingd.appointment to', /more than .*DELETE on appointment/],
    ['writer', 'grant update on bookingd.schema_object to', /UPDATE on schema_object/],
    ['hanger', 'grant trigger, references on bookingd.coach to', /REFERENCES on coach, TRIGGER on coach/],
    ['maker', `grant create on database ${stack.database.name} to`, /CREATE on the database/],
  ]) {
    stack.database.run(grants(name));
    stack.database.run(`${more} ${name}`);
    assert.match(says(name), what);
    assert.match(says(name), /^(?!ok)/);
    stack.database.run(grants(name)); // takes it back, but for the database
  }
  stack.database.run(`create role owner login; ${grants('owner')}; grant usage on schema bookingd to owner;
    alter schema bookingd owner to owner`);
  assert.match(says('owner'), /the schema is its own/);
  assert.match(says('owner', '1'), /^ok\s+role .*as MIGRATE=1 needs/);
  stack.database.run(`alter schema bookingd owner to postgres; drop owned by creator, emptier, deleter, writer, hanger, maker, owner;
    drop role creator, emptier, deleter, writer, hanger, maker, owner`);
});

test('doctor fails for what a role lacks, and names it', () => {
  for (const [less, what] of [
    ['revoke insert on bookingd.audit from lacking', /lacks INSERT on audit;/],
    ['revoke all on bookingd.notice from lacking', /lacks .*INSERT on notice, .*bookingd grants/],
    ['revoke all on bookingd.audit_id_seq from lacking', /lacks SELECT on audit_id_seq;/],
    [
      'revoke execute on function bookingd.lock_client(text) from public, lacking',
      /lacks EXECUTE on lock_client\(text\);/,
    ],
  ]) {
    stack.database.run(grants('lacking'));
    stack.database.run(less);
    const { code, stdout } = runBookingd(['doctor'], {
      env: { ...stack.env, DATABASE_URL: as('lacking'), MIGRATE: '0' },
    });
    stack.database.run(grants('lacking'));
    const { stdout: again } = runBookingd(['doctor'], {
      env: { ...stack.env, DATABASE_URL: as('lacking'), MIGRATE: '0' },
    });
    assert.match(again, /^ok\s+role .*no more/m);
    stack.database.run('grant execute on all functions in schema bookingd to public');
    const line = stdout.split('\n').find((one) => /^FAIL\s+role\b/.test(one)) ?? stdout;
    assert.match(line, what);
    assert.equal(code, 1);
  }
  stack.database.run('drop owned by lacking; drop role lacking');
});

test('a right that is taken away while it serves: 503, and the log says what gives it back', async () => {
  const cy = stack.client('cy');
  stack.database.run(`revoke insert on bookingd.audit from "Odd ""daemon"""`);
  const wish = { start: stack.slot(40), coach: COACH };
  assertProblem(await cy.post('/booking/create', wish), 503, 'database_unavailable');
  const lines = stack.daemon.events('database');
  assert.match(lines.at(-1).detail, /42501 .*audit; let the schema's owner run what bookingd grants prints$/);
  stack.database.run(grants(ROLE));
  assertStatus(await cy.post('/booking/create', wish), 201);
  cy.close();
});

test('no right is more than to read and write rows, and a role’s name is taken as it is', () => {
  const text = grants('a";drop');
  assert.match(text, /to "a"";drop";/);
  const rights = [...text.matchAll(/^grant (.*) on bookingd\.\w+ to/gm)].flatMap(([, list]) =>
    list.split(/, */),
  );
  assert.deepEqual([...new Set(rights)].sort(), ['delete', 'insert', 'select', 'update']);
  for (const bad of [[''], ['--help'], ['a', 'b'], ['x'.repeat(64)]])
    assert.equal(runBookingd(['grants', ...bad]).code, 2);
});
