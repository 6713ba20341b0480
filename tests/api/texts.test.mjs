// What people write: one line is one line, nothing unseen is kept, and nothing of it becomes a link or a line of ours.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack;
let hour = 0;
before(async () => {
  stack = await startStack({ google: 'delegated', document: openSchedule() });
});
after(() => stack.stop());

const slot = () => stack.slot(hour++);
const create = (fields, claims) =>
  stack.client('ann', claims).post('/booking/create', { start: slot(), ...fields });
const eventOf = async ({ calendar }) =>
  (await stack.google.events(stack.calendar)).find(({ id }) => id === calendar.event_id);

/** Texts that no line may hold, by what is wrong with them. */
const FORGED = {
  'a line feed': 'Bob\nEmail: boss@example.com',
  'a carriage return': 'Bob\rEmail',
  'a tab': 'Bob\tx',
  ESC: 'Bob\u001b[2J',
  DEL: 'Bob\u007f',
  'a C1 control': 'Bob\u009b31m',
  'a line separator': 'Bob\u2028x',
  'an override': 'Bob\u202egpj.exe',
  'an isolate': 'Bob\u2067x',
  'a swapping control': 'Bob\u206ax',
  'an annotation': 'Bob\ufff9x\ufffay\ufffb',
  'no character': 'Bob\uffffx',
};
const BLANK = ['   ', '\u00a0', '\u3000\u200b'];

for (const field of ['name', 'phone', 'email']) {
  test(`${field} with a control, a break, an override or nothing but blanks is 422, and nothing is booked`, async () => {
    for (const [what, text] of Object.entries(FORGED)) {
      const reply = await create({ [field]: field === 'email' ? `${text}@client.test` : text });
      assertProblem(reply, 422, 'invalid_field', field);
      assert.match(reply.body.detail, /^(name|phone|email) must /, what);
    }
    for (const text of BLANK) assertProblem(await create({ [field]: text }), 422, 'invalid_field', field);
    const { appointments } = assertStatus(await stack.client('ann').get('/booking/user/me?status=all'), 200);
    assert.deepEqual(appointments, []);
  });
}

test('confirm takes the same texts as create', async () => {
  const cleo = stack.client('cleo');
  const held = assertStatus(await cleo.post('/booking/hold', { start: slot() }), 201);
  for (const text of Object.values(FORGED))
    assertProblem(
      await cleo.put(`/booking/${held.id}/confirm`, { name: text }),
      422,
      'invalid_field',
      'name',
    );
  const made = assertStatus(await cleo.put(`/booking/${held.id}/confirm`, { name: ' Cleo ' }), 200);
  assert.equal(made.name, 'Cleo');
});

test('blanks around a name, a phone number and an address are trimmed', async () => {
  const made = assertStatus(
    await create({
      name: '  Ann \u00a0',
      phone: ' +1 555 0100 ',
      email: 'ann@client.test ',
      notes: ' \n Hello\n',
    }),
    201,
  );
  assert.deepEqual(
    [made.name, made.phone, made.email, made.notes],
    ['Ann', '+1 555 0100', 'ann@client.test', 'Hello'],
  );
});

test('a field that a form left empty is as if it was not sent; blank notes are none', async () => {
  const made = assertStatus(await create({ phone: '', notes: '  \n ' }), 201);
  assert.deepEqual([made.phone, made.notes], [null, null]);
});

test('notes and a reason may break lines, but hold no controls', async () => {
  const made = assertStatus(await create({ notes: 'One\nTwo\r\n\tThree' }), 201);
  assert.equal(made.notes, 'One\nTwo\r\n\tThree');
  assertProblem(await create({ notes: 'a\u001b[2Jb' }), 422, 'invalid_field', 'notes');
  assertProblem(await create({ notes: 'a\u202eb' }), 422, 'invalid_field', 'notes');
  const cancel = (reason) => stack.client('ann').put(`/booking/${made.id}/cancel`, { reason });
  assertProblem(await cancel('a\u0007b'), 422, 'invalid_field', 'reason');
  assert.equal(assertStatus(await cancel(' ill\nagain '), 200).cancel_reason, 'ill\nagain');
});

test('names and phone numbers lose their links in the event', async () => {
  const made = assertStatus(
    await create({ name: 'WIN https\uff1a\uff0f\uff0fevil.example/now', phone: 'www.evil.example' }),
    201,
  );
  const event = await eventOf(made);
  assert.equal(event.summary, 'Coaching session: WIN evil example now');
  assert.match(event.description, /^Client: WIN evil example now$/m);
  assert.match(event.description, /^Phone: www evil example$/m);
  assert.doesNotMatch(JSON.stringify(event.attendees), /evil\.example/);
});

test('a name that is written from right to left does not turn what stands after it', async () => {
  const made = assertStatus(await create({ name: 'דני' }), 201);
  const event = await eventOf(made);
  assert.equal(event.summary, 'Coaching session: \u2068דני\u2069');
  const file = await stack.client('ann').get(`/booking/${made.id}/calendar.ics`);
  assert.ok(
    file.text.replaceAll('\r\n ', '').includes('SUMMARY:Coaching session: \u2068דני\u2069'),
    file.text,
  );
});

test('an identity brings no such text either', async () => {
  const made = assertStatus(
    await create({}, { sub: 'ida', name: 'Ida\nEmail: boss@example.com', email: ' ida@client.test ' }),
    201,
  );
  assert.deepEqual([made.name, made.email], [null, 'ida@client.test']);
});

test('an address that cannot be used is named in the refusal, sent or known', async () => {
  for (const email of [
    'ann@client..example',
    '.ann@client.example',
    'ann.@client.example',
    'a..n@client.example',
    'ann@-client.example',
    'ann@client-.example',
    'ann@client',
    'ann@client.example.',
    'ann@büro.example',
    'änn@client.example',
    'ann smith@client.example',
    `${'a'.repeat(65)}@client.example`,
    `ann@${'a'.repeat(64)}.example`,
  ]) {
    const sent = await create({ email });
    assertProblem(sent, 422, 'invalid_field', 'email');
    assert.ok(sent.body.detail.includes(email), sent.body.detail);
    const known = await create({}, { sub: 'udo', email });
    assertProblem(known, 422, 'invalid_field', 'email');
    assert.ok(known.body.detail.includes(email), known.body.detail);
  }
  assertStatus(await create({}, { sub: 'vic', email: "o'neil+x/y=z@mail.client-1.example" }), 201);
});

test('session names and reasons of a schedule obey the same rules', async () => {
  const coach = stack.coach();
  const put = (changes) => coach.put('/coach/damian/schedule', { ...openSchedule(), ...changes });
  const typed = (name) => put({ session_types: [{ id: 'coaching', name, durations: [30] }] });
  for (const text of [...Object.values(FORGED), ...BLANK])
    assertProblem(await typed(text), 422, 'invalid_field', 'session_types[0].name');
  assertProblem(
    await put({ blocked: [{ from: '2030-01-01', to: '2030-01-02', reason: 'a\u001bb' }] }),
    422,
    'invalid_field',
    'blocked[0].reason',
  );
  assert.equal(assertStatus(await typed(' Talk '), 200).session_types[0].name, 'Talk');
});

test('a schedule that was taken before names were checked still serves its coach', async () => {
  stack.database.run(`
    UPDATE coach SET schedule = jsonb_set(schedule, '{session_types,0,name}', '"Talk\\u001b\\nx"'),
      schedule_version = schedule_version + 1`);
  await until('the name', async () => {
    const { session_types } = assertStatus(await stack.client('ann').get('/booking/availability'), 200);
    return session_types[0].name === 'Talk  x';
  });
  assertStatus(await stack.coach().put('/coach/damian/schedule', openSchedule()), 200);
});

test('a fraction of a second is taken in a query, and named in the refusal of a body', async () => {
  const from = slot();
  const to = slot();
  const exact = assertStatus(
    await stack.client('bea').get(`/booking/availability?from=${from}&to=${to}`),
    200,
  );
  const written = from.replace('Z', '.000Z');
  const same = assertStatus(
    await stack.client('bea').get(`/booking/availability?from=${written}&to=${to}`),
    200,
  );
  assert.deepEqual(same.slots, exact.slots);
  const late = from.replace('Z', '.123Z');
  const after = assertStatus(
    await stack.client('bea').get(`/booking/availability?from=${late}&to=${to}`),
    200,
  );
  assert.deepEqual(after.slots, exact.slots.slice(1)); // what starts a fraction earlier is before `from`
  for (const path of ['busy', 'appointments'])
    assertStatus(
      await stack.coach().get(`/coach/damian/${path}?from=${late}&to=${to.replace('Z', '.9+00:00')}`),
      200,
    );
  assertStatus(await stack.coach().get(`/coach/damian/explain?start=${late}`), 200);
  for (const [path, field, more] of [
    ['create', 'start'],
    ['hold', 'start'],
    ['series', 'start', { count: 2 }],
    ['waitlist', 'from'],
    ['waitlist', 'to'],
  ]) {
    const reply = await stack.client('bea').post(`/booking/${path}`, { ...more, [field]: late });
    assertProblem(reply, 422, 'invalid_field', field);
    assert.match(reply.body.detail, /leave out the fraction \.123\./, path);
  }
});

test('what is too short or too long is said as people say it', async () => {
  const detail = async (fields) => {
    const { status, body } = await create(fields);
    assert.equal(status, 422);
    return body.detail;
  };
  assert.equal(await detail({ name: '' }), 'name must not be empty.');
  assert.equal(await detail({ name: 'x'.repeat(201) }), 'name must have at most 200 characters.');
  assert.equal(await detail({ session_type: '' }), 'session_type must not be empty.');
});
