// Where a session takes place when Google cannot make its Meet link: the coach's other place, told to everybody.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const FALLBACK = {
  kind: 'link',
  url: 'https://meet.example/room-{id}',
  label: 'Our room',
  instructions: 'Knock first',
};
const document = { ...openSchedule(), fallback_meeting: FALLBACK };
const eventOf = async (stack, id) =>
  (await stack.google.live(stack.calendar)).find((event) => event.id === id.replaceAll('-', ''));

/** A booking takes place at the fallback, and event, calendar file and webhook say so. */
async function assertFallenBack(stack, client, id) {
  const url = FALLBACK.url.replace('{id}', id);
  const now = assertStatus(await client.get(`/booking/${id}`), 200);
  assert.deepEqual(now.meeting, { ...FALLBACK, url });
  const event = await until(`the event of ${id} to follow`, async () => {
    const found = await eventOf(stack, id);
    return found?.location === url && found;
  });
  assert.match(event.description, /Where: Our room\n[^]*Instructions: Knock first/);
  assert.equal(event.conference, null);
  const file = (await client.get(`/booking/${id}/calendar.ics`)).text.replaceAll('\r\n ', '');
  assert.ok(file.includes(`LOCATION:${url}`), file);
  await until('the event to be published', async () => {
    const { events } = assertStatus(await stack.coach().get('/coach/damian/events'), 200);
    return events.some(({ type, data }) => type === 'appointment.meeting_ready' && data.meeting?.url === url);
  });
  return url;
}

describe('credentials that cannot make a Meet link', () => {
  let stack;
  before(async () => {
    stack = await startStack({
      google: 'bare',
      mail: true,
      document,
      env: { PUBLIC_URL: 'https://book.test' },
    });
  });
  after(() => stack?.stop());

  test('the booking is at the fallback at once, and the mail says nothing else', async () => {
    const client = stack.client('ann');
    const made = assertStatus(await client.post('/booking/create', { start: stack.slot(1) }), 201);
    assert.equal(made.calendar.state, 'synced', JSON.stringify(made.calendar));
    const url = await assertFallenBack(stack, client, made.id);
    const mail = await until('the confirmation', () => stack.mail.to('ann@client.test')[0]);
    assert.ok(mail.text.includes(url) && mail.text.includes('Knock first'), mail.text);
    await until('all to be told', () =>
      stack.database.value(`select not exists (select from bookingd.appointment where id = '${made.id}' and version > noticed_version)
        and not exists (select from bookingd.notice where appointment_id = '${made.id}' and state in ('owed', 'sending', 'retry'))`),
    );
    await stack.mail.heal(); // whose answer comes after all that it took
    assert.equal(stack.mail.to('ann@client.test').length, 1);
  });

  test('who moves keeps the place, and a coach without a fallback has none', async () => {
    const client = stack.client('bob');
    const coach = stack.coach();
    const made = assertStatus(await client.post('/booking/create', { start: stack.slot(2) }), 201);
    assertStatus(await coach.put(`/booking/${made.id}/reschedule`, { start: stack.slot(3) }), 200);
    await assertFallenBack(stack, client, made.id);

    const { body } = await coach.get('/coach/damian/schedule');
    assert.deepEqual(body.fallback_meeting, FALLBACK);
    assertStatus(await coach.put('/coach/damian/schedule', { ...body, fallback_meeting: null }), 200);
    const bare = assertStatus(await client.post('/booking/create', { start: stack.slot(4) }), 201);
    assert.deepEqual(bare.meeting, { kind: 'google_meet', url: null });
    assert.match(bare.calendar.detail, /cannot make a Meet link/);
    assertStatus(await coach.put('/coach/damian/schedule', body), 200);
  });

  test('a seat of a group follows its session', async () => {
    const coach = stack.coach();
    const { body } = await coach.get('/coach/damian/schedule');
    const group = {
      id: 'group',
      name: 'Group',
      durations: [30],
      meeting: 'google_meet',
      seats: 3,
      min_seats: 1,
    };
    assertStatus(
      await coach.put('/coach/damian/schedule', { ...body, session_types: [...body.session_types, group] }),
      200,
    );
    const [one, two] = await Promise.all(
      ['eve', 'fay'].map((who) =>
        stack.client(who).post('/booking/create', { start: stack.slot(6), session_type: 'group' }),
      ),
    );
    for (const [who, reply] of [
      ['eve', one],
      ['fay', two],
    ]) {
      const { id } = assertStatus(reply, 201);
      const seat = await until(`${who}'s seat to have its place`, async () => {
        const { meeting } = assertStatus(await stack.client(who).get(`/booking/${id}`), 200);
        return meeting.kind === 'link' && meeting;
      });
      assert.match(seat.url, /^https:\/\/meet\.example\/room-[0-9a-f-]{36}$/);
      const mail = await until(`${who}'s mail`, () => stack.mail.to(`${who}@client.test`)[0]);
      assert.ok(mail.text.includes(seat.url), mail.text);
    }
  });

  test('what cannot stand in for Meet is refused at its field', async () => {
    const coach = stack.coach();
    const { body } = await coach.get('/coach/damian/schedule');
    for (const [path, fallback_meeting] of [
      ['fallback_meeting', 'google_meet'],
      ['fallback_meeting', 'none'],
      ['fallback_meeting', { kind: 'google_meet' }],
      ['fallback_meeting', 7],
      ['fallback_meeting.url', { kind: 'link', url: 'http://meet.example/' }],
      ['fallback_meeting.url', { kind: 'link' }],
      ['fallback_meeting.address', { kind: 'phone', address: 'here' }],
    ]) {
      const reply = await coach.put('/coach/damian/schedule', { ...body, fallback_meeting });
      assert.equal(reply.status, 422, JSON.stringify(fallback_meeting));
      assert.ok(reply.text.includes(`"${path}"`), reply.text);
    }
  });
});

test('a Meet link that is still pending a minute after the event gives way', async () => {
  const stack = await startStack({
    google: 'delegated',
    mail: true,
    document: { ...document, notices: { client: { confirmed: 'email' } } },
    env: { PUBLIC_URL: 'https://book.test' },
  });
  try {
    const client = stack.client('ann');
    await stack.google.settings({ meet: { outcome: 'success', after_ms: 100_000_000 } });
    const made = assertStatus(await client.post('/booking/create', { start: stack.slot(1) }), 201);
    assert.deepEqual(made.meeting, { kind: 'google_meet', url: null });
    assert.equal(stack.mail.to('ann@client.test').length, 0);
    await until('the fallback', async () => {
      // The minute is over, as if by the clock, also where a look that was under way notes its own time.
      stack.database.run(`update bookingd.appointment set updated_at = now() - interval '61 seconds', calendar_due_at = now()
        where id = '${made.id}' and meeting_kind = 'google_meet'`);
      const { meeting } = assertStatus(await client.get(`/booking/${made.id}`), 200);
      return meeting.kind === 'link';
    });
    const url = await assertFallenBack(stack, client, made.id);
    const [mail] = await until('the confirmation', () => {
      const mails = stack.mail.to('ann@client.test');
      return mails.length > 0 && mails;
    });
    assert.ok(mail.text.includes(url), mail.text);
    // Google's own guests are told by Google.
    assert.ok(
      (await stack.google.mails({ event: made.id.replaceAll('-', '') })).some(
        ({ kind }) => kind === 'update',
      ),
    );
    // Nor where Google has no event at all, since it refuses it for good or is away for a minute.
    for (const [n, fault] of ['requiredAccessLevel', 'rateLimitExceeded'].entries()) {
      await stack.google.fault(fault, { method: 'events.insert' });
      const other = stack.client(`other-${n}`);
      const { id } = assertStatus(await other.post('/booking/create', { start: stack.slot(2 + n) }), 201);
      const placed = await until('the other place', async () => {
        stack.database.run(
          `update bookingd.appointment set updated_at = now() - interval '61 seconds' where id = '${id}' and meeting_kind = 'google_meet'`,
        );
        const { meeting } = assertStatus(await other.get(`/booking/${id}`), 200);
        return meeting.kind === 'link' && meeting;
      });
      const mail = await until('the mail', () => stack.mail.to(`other-${n}@client.test`)[0]);
      assert.ok(mail.text.includes(placed.url), mail.text);
      await stack.google.heal();
    }
  } finally {
    await stack.stop();
  }
});
