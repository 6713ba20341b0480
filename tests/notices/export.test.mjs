// A person's export has everything that is theirs, from every table, and nothing of anybody else's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack, mail;
before(async () => {
  const questions = [{ id: 'goal', label: 'Your goal?', kind: 'text', required: false, before: 'book' }];
  const document = openSchedule({ cancel_notice_minutes: 0 });
  document.session_types = document.session_types.map((type) => ({ ...type, questions }));
  stack = await startStack({ mail: true, env: { PUBLIC_URL: 'https://book.test' }, document });
  mail = stack.mail;
});
after(() => stack?.stop());

const exported = async (client) => assertStatus(await client.get('/booking/user/me/export'), 200);

test('answers, notices, preferences, sessions, addresses, actions and requests', async () => {
  const ann = stack.client('ann');
  const coach = stack.coach();
  const book = (client, hour, goal) =>
    client.post(
      '/booking/create',
      { start: stack.slot(hour), answers: { goal }, locale: 'pl' },
      { 'idempotency-key': `key-${hour}`, 'x-request-id': `request-${hour}` },
    );
  const made = assertStatus(await book(ann, 1, 'planted-goal'), 201);
  assertStatus(await book(stack.client('bob'), 2, 'bobs-goal'), 201);
  assertStatus(await coach.put(`/booking/${made.id}/coach-notes`, { coach_notes: 'coachs-own' }), 200);
  assertStatus(await ann.put('/booking/user/me/preferences', { reminders: false, locale: 'fr' }), 200);
  await mail.wait(1, ({ to }) => to[0] === 'ann@client.test'); // else nobody is told of what ends at once
  assertStatus(await coach.put(`/booking/${made.id}/cancel`, { reason: 'planted-reason' }), 200);
  await mail.wait(2, ({ to }) => to[0] === 'ann@client.test');
  const wish = { from: stack.slot(2), to: stack.slot(3), time_zone: 'Asia/Tokyo' };
  assertStatus(await ann.post('/booking/waitlist', wish, { 'accept-language': 'fr' }), 201);
  // Signed in by mail as well: the platform's user is the same person.
  const email = 'ann@client.test';
  const { reply, code } = await mail.codeAfter(email, () =>
    stack.stranger().post('/booking/sign-in', { email }),
  );
  const body = { email, code, nonce: assertStatus(reply, 202).nonce };
  assertStatus(await stack.stranger().post('/booking/sign-in/verify', body), 200);
  stack.database.run(`INSERT INTO proved_address (user_id, email) VALUES ('ann', 'anns@other.test'), ('bob', 'bobs@other.test');
    INSERT INTO mail_suppression (email, reason) VALUES ('anns@other.test', 'bounced')`);

  const whole = await until('the notices', async () => {
    const all = await exported(ann);
    return all.appointments[0].notices.filter(({ state }) => state === 'sent').length >= 2 && all;
  });
  const text = JSON.stringify(whole);
  for (const other of ['bob', 'coachs-own', 'session_id', 'metrics', 'token_hash'])
    assert.ok(!text.includes(other), other);
  const [appointment] = whole.appointments;
  assert.equal(whole.appointments.length, 1);
  assert.deepEqual(
    [appointment.id, appointment.answers, appointment.cancel_reason, appointment.locale],
    [made.id, { goal: 'planted-goal' }, 'planted-reason', 'pl'],
  );
  assert.deepEqual(
    whole.waitlist.map(({ email, time_zone, locale }) => [email, time_zone, locale]),
    [['ann@client.test', 'Asia/Tokyo', 'fr']],
  );
  assert.deepEqual([...new Set(appointment.notices.map(({ kind }) => kind))].sort(), [
    'cancelled',
    'confirmed',
  ]);
  assert.deepEqual(whole.preferences, { reminders: false, locale: 'fr', sms: false });
  assert.deepEqual(
    whole.sessions.map(({ email, appointment_id }) => [email, appointment_id]),
    [['ann@client.test', null]],
  );
  assert.deepEqual(
    whole.addresses.map(({ email, no_mail_because }) => [email, no_mail_because]),
    [
      ['ann@client.test', null],
      ['anns@other.test', 'bounced'],
    ],
  );
  assert.deepEqual(
    whole.actions.map(({ action, appointment_id, request_id }) => [action, appointment_id, request_id]),
    [['create', made.id, 'request-1']],
  );
  assert.deepEqual(
    whole.requests.map(({ idempotency_key, status }) => [idempotency_key, status]),
    [['key-1', 201]],
  );
});

test('however many there are, all come, once, and nobody who is unknown is told of anybody', async () => {
  stack.database.run(`INSERT INTO audit (actor, role, action) SELECT 'cat', 'user', 'act-' || n FROM generate_series(1, 1001) n;
    INSERT INTO idempotency_key (caller, key, request_hash, status)
      SELECT 'cat', 'key ' || n, '', 200 FROM generate_series(1, 400) n`);
  const whole = await exported(stack.client('cat'));
  assert.equal(new Set(whole.actions.map(({ action }) => action)).size, 1001);
  assert.deepEqual([whole.actions.length, whole.requests.length], [1001, 400]);
  assert.equal(new Set(whole.requests.map(({ idempotency_key }) => idempotency_key)).size, 400);
  const nobody = await exported(stack.client('dan', { email: undefined }));
  delete nobody.exported_at;
  assert.deepEqual(nobody, {
    user_id: 'dan',
    preferences: null,
    sessions: [],
    addresses: [],
    waitlist: [],
    appointments: [],
    credits: { grants: [], entries: [] },
    actions: [],
    requests: [],
  });
});
