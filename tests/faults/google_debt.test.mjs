// What an appointment owes to Google is paid, once, whatever Google does in between.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
const eventOf = ({ id }) => id.replaceAll('-', '');

describe('delegated', () => {
  let stack;
  let hour = 0;
  let number = 0;
  const slot = () => stack.slot(hour++);
  const somebody = () => stack.client(`client${++number}`);
  const book = async (client, more = {}) => {
    const { status, body } = await client.post('/booking/create', {
      start: slot(),
      duration_minutes: 30,
      ...more,
    });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const mailsOf = async (made) =>
    (await stack.google.mails({ event: eventOf(made) })).map(({ kind }) => kind);

  before(async () => {
    stack = await startStack({
      google: 'delegated',
      document,
      env: { CALENDAR_POLL_SECONDS: '0', CALENDAR_STALE_SECONDS: '3600' },
    });
  });
  after(() => stack.stop());
  beforeEach(async () => {
    await stack.google.heal();
    await stack.google.settings({ meet: { outcome: 'success', after_ms: 0 } });
  });

  test('an insert that meets any fault comes to one event and one invitation', async () => {
    const faults = [
      'backendError',
      'html502',
      'cut_before',
      'cut_after',
      'cut_half',
      'garbage',
      'rateLimitExceeded',
      'rateLimitExceeded403',
      'hang_before',
      'hang_after',
    ];
    const bookings = [];
    for (const fault of faults) {
      const ann = somebody();
      if (/rate|hang/.test(fault))
        for (const before of bookings) await stack.settled(before.ann, before.made.id); // they would meet this one
      await stack.google.fault(fault, { method: 'events.insert', count: 1, ms: 8000 });
      const made = await book(ann);
      bookings.push({ fault, ann, made });
      if (fault.startsWith('hang')) await stack.google.heal();
    }
    for (const { fault, ann, made } of bookings) {
      const settled = await stack.settled(ann, made.id);
      assert.equal(
        (await stack.google.live(stack.calendar)).filter(({ id }) => id === eventOf(made)).length,
        1,
        fault,
      );
      assert.deepEqual(await mailsOf(made), ['invitation'], fault);
      assert.match(settled.meeting.url, /^https:\/\/meet/);
    }
    const met = new Set((await stack.google.calls('events.insert')).map(({ fault }) => fault));
    for (const fault of faults) assert.ok(met.has(fault), `no insert met ${fault}`);
  });

  test('a move and a cancellation that meet any fault are told once', async () => {
    const faults = ['backendError', 'cut_before', 'cut_after', 'garbage', 'rateLimitExceeded'];
    const bookings = [];
    for (const fault of faults) bookings.push({ fault, ann: somebody() });
    for (const one of bookings) one.made = await book(one.ann);
    for (const { fault, ann, made } of bookings) {
      await stack.google.fault(fault, { method: 'events.patch', event: eventOf(made), count: 1 });
      const moved = await ann.put(`/booking/${made.id}/reschedule`, { start: slot() });
      assert.deepEqual([moved.status, moved.body.calendar.state], [200, 'pending'], fault);
      made.start = moved.body.start;
    }
    for (const { fault, ann, made } of bookings) {
      await stack.settled(ann, made.id);
      const event = (await stack.google.live(stack.calendar)).find(({ id }) => id === eventOf(made));
      assert.equal(new Date(event.start).getTime(), new Date(made.start).getTime());
      assert.deepEqual(await mailsOf(made), ['invitation', 'update'], fault);
      await stack.google.fault(fault, { method: 'events.delete', event: eventOf(made), count: 1 });
      await ann.put(`/booking/${made.id}/cancel`, {});
    }
    for (const { fault, ann, made } of bookings) {
      await stack.settled(ann, made.id);
      assert.deepEqual(await mailsOf(made), ['invitation', 'update', 'cancellation'], fault);
    }
  });

  test('a booking that is cancelled before its lost insert is known leaves nothing behind', async () => {
    const ann = somebody();
    await stack.google.fault('cut_after', { method: 'events.insert', count: 1 });
    const made = await book(ann);
    const cancelled = await ann.put(`/booking/${made.id}/cancel`, {});
    assert.equal(cancelled.body.calendar.state, 'synced');
    assert.equal(
      (await stack.google.live(stack.calendar)).filter(({ id }) => id === eventOf(made)).length,
      0,
    );
    assert.deepEqual(await mailsOf(made), ['invitation', 'cancellation']);
  });

  test('a guest whom Google refuses costs the invitation, not the event', async () => {
    const ann = somebody();
    // Such an address came in through an earlier release.
    await stack.google.fault('backendError', { method: 'events.insert' });
    const made = await book(ann);
    stack.database.run(
      `update bookingd.appointment set email = 'ann@client..example' where id = '${made.id}'`,
    );
    await stack.google.heal();
    const settled = await stack.settled(ann, made.id);
    assert.match(settled.calendar.detail, /does not take the client's address/);
    assert.match(settled.meeting.url, /^https:\/\/meet/);
    const [event] = (await stack.google.live(stack.calendar)).filter(({ id }) => id === eventOf(made));
    assert.deepEqual(event.guests, []);
    assert.deepEqual(await mailsOf(made), []);
    const refused = (await stack.google.calls('events.insert')).filter(
      ({ body, status }) => body.id === eventOf(made) && status === 400,
    );
    assert.equal(refused.length, 1);
    const moved = await ann.put(`/booking/${made.id}/reschedule`, { start: slot() });
    assert.equal(moved.body.calendar.state, 'synced');
    assert.match(moved.body.calendar.detail, /does not take the client's address/);
    assert.equal((await ann.put(`/booking/${made.id}/cancel`, {})).body.calendar.state, 'synced');
  });

  test('a guest whom Google refuses when a deleted event is brought back costs nothing either', async () => {
    const ann = somebody();
    const made = await book(ann);
    await stack.google.remove(stack.calendar, eventOf(made));
    stack.database.run(
      `update bookingd.appointment set synced_version = 0, event_written = false, email = '.ann@client.example',
         calendar_due_at = now() where id = '${made.id}'`,
    );
    const settled = await stack.settled(ann, made.id);
    assert.match(settled.calendar.detail, /does not take the client's address/);
    assert.equal(
      (await stack.google.live(stack.calendar)).filter(({ id }) => id === eventOf(made)).length,
      1,
    );
  });

  for (const email of [
    'ann@client..example',
    '.ann@client.example',
    'ann@-client.example',
    'ann.@client.example',
    'ann@client',
    '"ann"@client.example',
    'jürgen@client.example',
  ])
    test(`an address that no calendar takes is refused at the door: ${email}`, async () => {
      const { status, body } = await somebody().post('/booking/create', {
        start: slot(),
        duration_minutes: 30,
        email,
      });
      assert.deepEqual([status, body.code, body.field], [422, 'invalid_field', 'email']);
    });

  test('an event that Google refuses for another reason is refused with or without its guest', async () => {
    const ann = somebody();
    await stack.google.fault('invalid', { method: 'events.insert', count: 2 });
    const made = await book(ann);
    assert.equal(made.calendar.state, 'failed');
    assert.equal(made.guest_response, 'none');
    await stack.coach().post('/coach/damian/google/retry', {});
    await stack.settled(ann, made.id);
    assert.deepEqual(await mailsOf(made), ['invitation']);
  });

  test('a guest who answers changes the event; the next move goes through all the same', async () => {
    const ann = somebody();
    const made = await book(ann);
    await stack.google.order('PATCH', `calendars/${stack.calendar}/events/${eventOf(made)}`, {
      answer: { email: made.email, status: 'accepted' },
    });
    const moved = await ann.put(`/booking/${made.id}/reschedule`, { start: slot() });
    assert.equal(moved.body.calendar.state, 'synced');
    assert.deepEqual(await mailsOf(made), ['invitation', 'update']);
  });

  test('two moves in a row while Google is away are one update, to the last time', async () => {
    const ann = somebody();
    const made = await book(ann);
    await stack.google.fault('backendError', { method: 'events.patch' });
    await ann.put(`/booking/${made.id}/reschedule`, { start: slot() });
    const last = slot();
    await ann.put(`/booking/${made.id}/reschedule`, { start: last });
    await stack.google.heal();
    await stack.settled(ann, made.id);
    const event = (await stack.google.live(stack.calendar)).find(({ id }) => id === eventOf(made));
    assert.equal(new Date(event.start).getTime(), new Date(last).getTime());
    assert.deepEqual(await mailsOf(made), ['invitation', 'update']);
  });

  test('a conference that is pending first is polled until its link is there', async () => {
    await stack.google.settings({ meet: { outcome: 'success', after_ms: 3500 } });
    const ann = somebody();
    const made = await book(ann);
    assert.equal(made.calendar.state, 'synced');
    assert.equal(made.meeting.url, null);
    const { url } = await until(
      'the Meet link',
      async () => {
        const { body } = await ann.get(`/booking/${made.id}`);
        return body.meeting.url && body.meeting;
      },
      20_000,
    );
    assert.match(url, /^https:\/\/meet/);
    assert.deepEqual(await mailsOf(made), ['invitation']);
  });

  test('a conference that fails is asked for again, with a new request', async () => {
    await stack.google.settings({ meet: { outcome: 'failure', after_ms: 0 } });
    const ann = somebody();
    const made = await book(ann);
    await stack.google.settings({ meet: { outcome: 'success', after_ms: 0 } });
    await until('the Meet link', async () => (await ann.get(`/booking/${made.id}`)).body.meeting.url, 20_000);
    const requests = (await stack.google.journal({ type: 'call' }))
      .filter(
        ({ event, body }) => (event === eventOf(made) || body?.id === eventOf(made)) && body?.conferenceData,
      )
      .map(({ body }) => body.conferenceData.createRequest.requestId);
    assert.equal(new Set(requests).size, requests.length);
    assert.ok(requests.length >= 2);
  });

  test('a conference that never comes is given up, and said', async () => {
    await stack.google.settings({ meet: { outcome: 'failure', after_ms: 0 } });
    const ann = somebody();
    const made = await book(ann);
    const detail = await until(
      'the end of trying',
      async () => (await ann.get(`/booking/${made.id}`)).body.calendar.detail,
      30_000,
    );
    assert.match(detail, /Meet link/);
    assert.equal((await ann.get(`/booking/${made.id}`)).body.calendar.state, 'synced');
  });

  test("a refusal for good is failed with Google's reason, and can be retried by the coach", async () => {
    const ann = somebody();
    await stack.google.fault('requiredAccessLevel', { method: 'events.insert', count: 1 });
    const made = await book(ann);
    assert.equal(made.calendar.state, 'failed');
    assert.match(made.calendar.detail, /writer access/);
    const before = (await stack.coach().get('/coach/damian/google')).body;
    assert.equal(before.failed, 1);
    const retried = await stack.coach().post('/coach/damian/google/retry', {});
    assert.deepEqual([retried.status, retried.body], [202, { retried: 1 }]);
    await stack.settled(ann, made.id);
    assert.equal((await stack.coach().get('/coach/damian/google')).body.failed, 0);
  });

  test('a rate limit with Retry-After is waited for', async () => {
    const ann = somebody();
    await stack.google.fault('rateLimitExceeded', { method: 'events.insert', count: 1, retry_after: 3 });
    const began = Date.now();
    const made = await book(ann);
    await stack.settled(ann, made.id);
    assert.ok(Date.now() - began > 2000);
    assert.equal(
      (await stack.google.calls('events.insert')).filter(({ body }) => body.id === eventOf(made)).length,
      2,
    );
  });

  test('when the coach has deleted the event, a move of the client ends as cancelled by the calendar', async () => {
    const ann = somebody();
    const made = await book(ann);
    await stack.google.remove(stack.calendar, eventOf(made));
    const moved = await ann.put(`/booking/${made.id}/reschedule`, { start: slot() });
    assert.equal(moved.status, 200);
    assert.deepEqual([moved.body.status, moved.body.cancelled_by], ['cancelled', 'calendar']);
  });

  test('an appointment that is gone when its event is to be written gets none', async () => {
    const [kept] = stack.database.rows("select pg_get_functiondef('bookingd.lock_event'::regproc) as text");
    stack.database.release(`create or replace function bookingd.lock_event(p_id uuid)
      returns table (locked boolean, booked bookingd.appointment) language sql as $$ select true, null::bookingd.appointment $$`);
    const ann = somebody();
    const made = await book(ann);
    assert.equal(made.calendar.state, 'pending');
    assert.equal(
      (await stack.google.events(stack.calendar)).filter(({ id }) => id === eventOf(made)).length,
      0,
    );
    stack.database.release(kept.text);
    await stack.settled(ann, made.id);
  });

  test('erasure empties the events, deleted ones too, and tells the guest once', async () => {
    const ann = stack.client('erased-one', { email: 'erase.me@client.test', name: 'Erase Me' });
    const standing = await book(ann, { notes: 'a secret of mine', phone: '+1 555 0100' });
    const gone = await book(ann, { notes: 'a secret of mine' });
    await ann.put(`/booking/${gone.id}/cancel`, {});
    const traces = ['erase.me@client.test', 'Erase Me', 'secret of mine', '555 0100'];
    const events = async () => {
      const both = await stack.google.events(stack.calendar);
      return [standing, gone].map((made) => both.find(({ id }) => id === eventOf(made)));
    };
    // What is to be erased is there before, so that its absence afterwards says something.
    for (const event of await events()) {
      const seen = JSON.stringify(event);
      const expected = event.status === 'cancelled' ? traces.slice(0, 3) : traces;
      for (const trace of expected) assert.ok(seen.includes(trace), `${trace} was never there`);
    }
    const erased = await ann.delete('/booking/user/me');
    assert.equal(erased.status, 200, JSON.stringify(erased.body));
    await until(
      'Google to have forgotten',
      async () =>
        Number(
          stack.database.value(
            'select count(*) from bookingd.appointment where calendar_id is not null and version > synced_version',
          ),
        ) === 0,
    );
    for (const event of await events()) {
      assert.equal(event.status, 'cancelled');
      for (const trace of traces)
        assert.ok(!JSON.stringify(event).includes(trace), `${trace} is still there`);
    }
    assert.equal(
      (await stack.google.live(stack.calendar)).filter(({ id }) =>
        [eventOf(standing), eventOf(gone)].includes(id),
      ).length,
      0,
    );
    assert.deepEqual(await mailsOf(standing), ['invitation', 'cancellation']);
    assert.deepEqual(await mailsOf(gone), ['invitation', 'cancellation']);
  });

  test('kill -9 between commit and insert: after the restart exactly one event', async () => {
    const ann = somebody();
    await stack.google.fault('hang_before', { method: 'events.insert', ms: 60_000, count: 1 });
    const start = slot();
    const creating = ann.post('/booking/create', { start, duration_minutes: 30 }).catch(() => null);
    await until(
      'the commit',
      () =>
        Number(
          stack.database.value(`select count(*) from bookingd.appointment where starts_at = '${start}'`),
        ) === 1,
    );
    await stack.daemon.kill();
    await creating;
    await stack.google.heal();
    stack.database.run('update bookingd.appointment set calendar_due_at = now()'); // as if the dead one's lease were over
    await stack.daemon.restart();
    const id = stack.database.value(`select id from bookingd.appointment where starts_at = '${start}'`);
    await until(
      'the debt to be paid',
      () =>
        stack.database.value(`select synced_version >= version from bookingd.appointment where id = '${id}'`),
      30_000,
    );
    assert.equal(
      (await stack.google.live(stack.calendar)).filter((event) => event.id === eventOf({ id })).length,
      1,
    );
    assert.deepEqual(await mailsOf({ id }), ['invitation']);
  });

  test('kill -9 after the insert, before the row knew: still one event and one invitation', async () => {
    const ann = somebody();
    await stack.google.fault('hang_after', { method: 'events.insert', ms: 60_000, count: 1 });
    const start = slot();
    const creating = ann.post('/booking/create', { start, duration_minutes: 30 }).catch(() => null);
    const id = await until('the insert', async () => {
      const event = (await stack.google.live(stack.calendar)).find(
        (one) => new Date(one.start).getTime() === new Date(start).getTime(),
      );
      return (
        event && stack.database.value(`select id from bookingd.appointment where starts_at = '${start}'`)
      );
    });
    await stack.daemon.kill();
    await creating;
    await stack.google.heal();
    stack.database.run('update bookingd.appointment set calendar_due_at = now()'); // as if the dead one's lease were over
    await stack.daemon.restart();
    await until(
      'the debt to be paid',
      () =>
        stack.database.value(`select synced_version >= version from bookingd.appointment where id = '${id}'`),
      30_000,
    );
    assert.deepEqual(await mailsOf({ id }), ['invitation']);
  });

  test('the metrics tell what is owed and what Google answered', async () => {
    const ann = somebody();
    await stack.google.fault('backendError', { method: 'events.insert' });
    const made = await book(ann);
    const metrics = await until('the gauge to show the debt', async () => {
      const { text } = await stack.stranger().get('/metrics');
      return /^bookingd_calendar_debt 1$/m.test(text) && text;
    });
    assert.match(metrics, /bookingd_google_calls_total\{call="events.insert",outcome="temporary"\} \d+/);
    assert.match(metrics, /^bookingd_calendar_debt_age_seconds \d+$/m);
    await stack.google.heal();
    await stack.settled(ann, made.id, 'synced', 30_000);
    await until('the gauge to fall', async () =>
      /^bookingd_calendar_debt 0$/m.test((await stack.stranger().get('/metrics')).text),
    );
  });

  test('no log line, at any level, tells who came or what we sign in with', () => {
    const log = stack.daemon.log.join('\n');
    assert.match(log, /"event":"google_call"/);
    for (const secret of [
      '@client.test',
      '@example.com',
      'Name of',
      'Erase Me',
      'secret of mine',
      '555 0100',
      'ya29.',
      'PRIVATE KEY',
      'Bearer',
      stack.secret,
    ])
      assert.ok(!log.includes(secret), `${secret} is in the log`);
  });

  test('quotaExceeded holds back for hours, raises the alarm once, and loses nothing', async () => {
    const ann = somebody();
    await stack.google.fault('quotaExceeded', { method: 'events.*' });
    const made = await book(ann);
    const second = await book(somebody());
    assert.deepEqual([made.calendar.state, second.calendar.state], ['pending', 'pending']);
    const { body } = await stack.coach().get('/coach/damian/google');
    assert.deepEqual([body.state, body.pending], ['backing_off', 2]);
    assert.equal(stack.daemon.events('calendar_quota_exceeded').length, 1);
    await stack.google.heal();
    await stack.coach().post('/coach/damian/google/retry', {}); // the coach knows better
    await stack.settled(ann, made.id);
  });
});

describe('a bare service account', () => {
  let stack;
  before(async () => {
    stack = await startStack({ google: 'bare', document });
  });
  after(() => stack.stop());

  test('writes without guests and without Meet, knowingly, and says so', async () => {
    const ann = stack.client('ann');
    const made = await ann.post('/booking/create', { start: stack.slot(10), duration_minutes: 30 });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.calendar.state, 'synced');
    assert.match(made.body.calendar.detail, /neither invite guests nor make a Meet link/);
    assert.equal(made.body.meeting.url, null);
    const [insert] = await stack.google.calls('events.insert');
    assert.ok(!('attendees' in insert.body) && !('conferenceData' in insert.body));
    const { body } = await stack.coach().get('/coach/damian/google');
    assert.equal(body.mode, 'service_account');
    assert.deepEqual(body.can, {
      read_busy: true,
      write_events: true,
      invite_guests: false,
      create_meet: false,
    });
    assert.equal(body.state, 'ok');
    const moved = await ann.put(`/booking/${made.body.id}/reschedule`, { start: stack.slot(12) });
    assert.equal(moved.body.calendar.state, 'synced');
    assert.equal((await ann.delete('/booking/user/me')).status, 200);
    await until(
      'nothing to be owed',
      () =>
        Number(
          stack.database.value('select count(*) from bookingd.appointment where version > synced_version'),
        ) === 0,
    );
    assert.ok(
      (await stack.google.journal({ type: 'call' })).every(
        ({ outcome, status }) => outcome === 'done' || status === 401,
      ),
    );
  });
});

describe('an administrator who turned Meet off', () => {
  let stack;
  before(async () => {
    stack = await startStack({ google: 'delegated', document, start: false });
    await stack.google.order('POST', 'accounts', { email: 'coach@example.com', meet: false });
    await stack.startDaemon();
  });
  after(() => stack.stop());

  test('costs the link, not the event, and is learned once', async () => {
    const made = await stack
      .client('ann')
      .post('/booking/create', { start: stack.slot(10), duration_minutes: 30 });
    assert.deepEqual([made.status, made.body.calendar.state, made.body.meeting.url], [201, 'synced', null]);
    assert.match(made.body.calendar.detail, /cannot make a Meet link/);
    await stack.client('bob').post('/booking/create', { start: stack.slot(12), duration_minutes: 30 });
    assert.equal(
      (await stack.google.calls('events.insert')).filter(({ outcome }) => outcome === 'refused').length,
      1,
    );
    assert.equal((await stack.coach().get('/coach/damian/google')).body.can.create_meet, false);
  });
});
