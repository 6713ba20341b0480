// What the coach does to our events in Google Calendar: the appointment follows, and nothing else does.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const document = openSchedule({
  cancel_notice_minutes: 0,
  reschedule_notice_minutes: 0,
  buffer_before_minutes: 15,
});
const eventOf = ({ id }) => id.replaceAll('-', '');
const half = (slot) => slot.replace(':00:00Z', ':30:00Z');

function follower(google, env) {
  const s = { hour: 0 };
  s.slot = () => s.stack.slot(2 * s.hour++);
  s.book = async (client) => {
    const { status, body } = await client.post('/booking/create', { start: s.slot(), duration_minutes: 30 });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.calendar.state, 'synced', JSON.stringify(body));
    return body;
  };
  s.read = async (client, made) => (await client.get(`/booking/${made.id}`)).body;
  before(async () => {
    s.stack = await startStack({ google, document, env });
  });
  after(() => s.stack.stop());
  return s;
}

describe('by looking every second', () => {
  const s = follower('delegated', { CALENDAR_POLL_SECONDS: '1', CALENDAR_FRESH_SECONDS: '30' });

  test('moved by hand: the appointment has the new time, and Google is told nothing', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    const to = s.slot();
    await s.stack.google.move(s.stack.calendar, eventOf(made), to, half(to));
    const moved = await until('the move', async () => {
      const body = await s.read(ann, made);
      return body.start === to && body;
    });
    assert.deepEqual(
      [moved.status, moved.calendar.state, moved.duration_minutes, moved.reschedule_count],
      ['scheduled', 'synced', 30, 0],
    );
    const ics = (await ann.get(`/booking/${made.id}/calendar.ics`)).text;
    assert.match(ics, new RegExp(`DTSTART[^:]*:${to.replaceAll(/[-:]/g, '').replace('Z', '')}`));
    assert.equal((await s.stack.google.calls('events.patch')).length, 0);
    // The old slot is free again, the new one is not.
    const {
      body: { slots },
    } = await s.stack.client('bob').get('/booking/availability?duration=30');
    assert.ok(slots.some(({ start }) => start === made.start));
    assert.ok(!slots.some(({ start }) => start === to));
    // And the client may move it on: the event is changed from where it is now.
    const again = await ann.put(`/booking/${made.id}/reschedule`, { start: s.slot() });
    assert.deepEqual([again.status, again.body.calendar.state], [200, 'synced']);
  });

  // How Google may have written the link of the same event before: whom it leads to counts.
  const named = (id, calendar) => Buffer.from(`${id} ${calendar}`).toString('base64');
  const FORMS = {
    'with more behind the name': (link) => `${link}&ctz=Europe/Paris`,
    'with more before the name': (link) => link.replace('?eid=', '?action=VIEW&eid='),
    'at another host': (link) => link.replace('www.google.com', 'calendar.google.com'),
    'with a fragment': (link) => `${link}#eventpage_6`,
    'without a name': (link, id) => `https://calendar.google.com/calendar/u/0/r/eventedit/${id}`,
    'with a name of another kind': () => 'https://calendar.google.com/calendar/event?eid=another-kind',
    padded: (link, id, calendar) => link.replace(/eid=.*/, `eid=${named(id, calendar)}==`),
    'padded and escaped': (link) => `${link}%3D%3D`,
  };
  for (const [form, write] of Object.entries(FORMS))
    test(`a link that was written ${form}: the coach’s hand counts all the same`, async () => {
      const ann = s.stack.client('ann');
      const made = await s.book(ann);
      const link = s.stack.database.value(`SELECT event_link FROM appointment WHERE id = '${made.id}'`);
      const former = write(link, eventOf(made), s.stack.calendar);
      s.stack.database.run(`UPDATE appointment SET event_link = '${former}' WHERE id = '${made.id}'`);
      const to = s.slot();
      await s.stack.google.move(s.stack.calendar, eventOf(made), to, half(to));
      await until('the move', async () => (await s.read(ann, made)).start === to);
      const lost = s.stack.daemon.events('calendar_followed').filter(({ change }) => change === 'lost');
      assert.deepEqual(lost, []);
    });

  test('made longer by hand: so is the appointment', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    const end = new Date(new Date(made.start).getTime() + 45 * 60_000).toISOString().replace('.000', '');
    await s.stack.google.move(s.stack.calendar, eventOf(made), made.start, end);
    await until('the new end', async () => (await s.read(ann, made)).end === end);
  });

  test('a guest who declines in their calendar: the coach sees it, and the time stays', async () => {
    const ann = s.stack.client('decliner');
    const made = await s.book(ann);
    assert.equal(made.guest_response, 'none');
    const seen = (answer) =>
      until(`the guest to have ${answer}`, async () => {
        const { body } = await s.stack.coach().get(`/booking/${made.id}`);
        return body.guest_response === answer && body;
      });
    for (const status of ['declined', 'tentative', 'accepted']) {
      await s.stack.google.order('PATCH', `calendars/${s.stack.calendar}/events/${eventOf(made)}`, {
        answer: { email: made.email, status },
      });
      const now = await seen(status);
      assert.deepEqual([now.status, now.start, now.updated_at], ['scheduled', made.start, made.updated_at]);
    }
    const { body: list } = await s.stack.coach().get('/coach/damian/appointments');
    assert.equal(list.appointments.find(({ id }) => id === made.id).guest_response, 'accepted');
  });

  test('a guest who declines while their event lies where the session cannot follow: the coach sees it', async () => {
    const ann = s.stack.client('decliner');
    const [taken, whole] = [await s.book(ann), await s.book(ann)];
    const { start } = await s.book(ann);
    const day = start.slice(0, 10);
    await s.stack.google.move(s.stack.calendar, eventOf(taken), start, half(start));
    await s.stack.google.change(s.stack.calendar, eventOf(whole), {
      start: { date: day, dateTime: null },
      end: { date: new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10), dateTime: null },
    });
    for (const made of [taken, whole]) {
      await until('the conflict', async () => (await s.read(ann, made)).calendar.state === 'conflict');
      for (const status of ['declined', 'accepted']) {
        await s.stack.google.order('PATCH', `calendars/${s.stack.calendar}/events/${eventOf(made)}`, {
          answer: { email: made.email, status },
        });
        const now = await until(`the guest to have ${status}`, async () => {
          const { body } = await s.stack.coach().get(`/booking/${made.id}`);
          return body.guest_response === status && body;
        });
        assert.deepEqual([now.start, now.calendar.state], [made.start, 'conflict']);
      }
      // A whole day stands in the way of what the next tests book.
      await s.stack.google.remove(s.stack.calendar, eventOf(made));
      await until('the cancellation', async () => (await s.read(ann, made)).status === 'cancelled');
    }
  });

  test('deleted by hand: cancelled by the calendar', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    const reason = 'The room is taken.';
    const moved = await s.stack.coach().put(`/booking/${made.id}/reschedule`, { start: s.slot(), reason });
    assert.deepEqual(
      [moved.status, moved.body.calendar.state, moved.body.move_reason],
      [200, 'synced', reason],
    );
    await s.stack.google.remove(s.stack.calendar, eventOf(made));
    const gone = await until('the cancellation', async () => {
      const body = await s.read(ann, made);
      return body.status === 'cancelled' && body;
    });
    assert.deepEqual([gone.cancelled_by, gone.calendar.state], ['calendar', 'synced']);
    assert.ok(!gone.cancel_reason, 'why it was moved is not why it was cancelled');
    assert.equal((await s.stack.google.calls('events.delete')).length, 0);
    const {
      body: { slots },
    } = await s.stack.client('bob').get('/booking/availability?duration=30');
    assert.ok(slots.some(({ start }) => start === made.start));
  });

  test('deleted by hand while our own write is still being noted: cancelled once it is', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    const noted = (version, due) =>
      s.stack.database.run(
        `UPDATE appointment SET synced_version = ${version}, calendar_due_at = ${due} WHERE id = '${made.id}'`,
      );
    noted('version - 1', `now() + interval '1 hour'`);
    await s.stack.google.remove(s.stack.calendar, eventOf(made));
    const looks = async () => (await s.stack.google.calls('events.list')).length;
    const before = await looks();
    await until('two looks at the calendar', async () => (await looks()) >= before + 2, 40_000);
    noted('version', 'now()');
    await until('the cancellation', async () => (await s.read(ann, made)).status === 'cancelled', 40_000);
  });

  test('moved onto another appointment: a conflict that shows, until the coach moves it on', async () => {
    const ann = s.stack.client('ann');
    const first = await s.book(ann);
    const second = await s.book(s.stack.client('bob'));
    await s.stack.google.move(s.stack.calendar, eventOf(first), second.start, second.end);
    const stuck = await until('the conflict', async () => {
      const body = await s.read(ann, first);
      return body.calendar.state === 'conflict' && body;
    });
    assert.equal(stuck.start, first.start);
    assert.match(stuck.calendar.detail, /taken/);
    const told = () =>
      s.stack.daemon
        .events('calendar_followed')
        .filter(({ change, appointment }) => change === 'conflict' && appointment === first.id).length;
    await until('the line of the log', told); // written after the row
    assert.equal(told(), 1);
    const to = s.slot();
    await s.stack.google.move(s.stack.calendar, eventOf(first), to, half(to));
    const solved = await until('the way out', async () => {
      const body = await s.read(ann, first);
      return body.start === to && body;
    });
    assert.deepEqual([solved.calendar.state, solved.calendar.detail], ['synced', undefined]);
  });

  test('a conflict that is moved back is none any more; one whose other is cancelled follows', async () => {
    const ann = s.stack.client('ann');
    const first = await s.book(ann);
    const second = await s.book(s.stack.client('bob'));
    const state = (wanted) => until(wanted, async () => (await s.read(ann, first)).calendar.state === wanted);
    await s.stack.google.move(s.stack.calendar, eventOf(first), second.start, second.end);
    await state('conflict');
    await s.stack.google.move(s.stack.calendar, eventOf(first), first.start, first.end);
    await state('synced');
    await s.stack.google.move(s.stack.calendar, eventOf(first), second.start, second.end);
    await state('conflict');
    await s.stack.client('bob').put(`/booking/${second.id}/cancel`, {});
    await until('the appointment to follow', async () => (await s.read(ann, first)).start === second.start);
    await state('synced');
  });

  test('made an all-day event: a conflict, until the client moves it to another time', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    const day = made.start.slice(0, 10);
    await s.stack.google.move(
      s.stack.calendar,
      eventOf(made),
      ...['2027-03-01', '2027-03-02'].map((date) => ({ date, dateTime: null, timeZone: null })),
    );
    await until('the conflict', async () => (await s.read(ann, made)).calendar.state === 'conflict');
    assert.equal((await s.read(ann, made)).start.slice(0, 10), day);
    const moved = await ann.put(`/booking/${made.id}/reschedule`, { start: s.slot() });
    assert.deepEqual([moved.status, moved.body.calendar], [200, { ...made.calendar, state: 'synced' }]);
    const [event] = (await s.stack.google.live(s.stack.calendar)).filter(({ id }) => id === eventOf(made));
    assert.equal(Date.parse(event.start), Date.parse(moved.body.start));
    await ann.put(`/booking/${made.id}/cancel`, {});
  });

  test('a dead sync token costs a full look, and nothing is missed', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    await s.stack.google.order('POST', `calendars/${s.stack.calendar}/expire-sync-tokens`);
    await s.stack.google.remove(s.stack.calendar, eventOf(made));
    await until('the cancellation', async () => (await s.read(ann, made)).status === 'cancelled');
    await until('another look to come to its end', () =>
      s.stack.database.value('select sync_token is not null from bookingd.coach_calendar'),
    );
  });

  test('small pages and an empty first one are read to the end', async () => {
    await s.stack.google.settings({ page_size: 2, empty_first_page: true });
    const clients = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => s.stack.client(name));
    const made = await Promise.all(clients.map((client) => s.book(client)));
    for (const one of made) await s.stack.google.remove(s.stack.calendar, eventOf(one));
    for (const [i, one] of made.entries())
      await until(`cancellation ${i}`, async () => (await s.read(clients[i], one)).status === 'cancelled');
    await s.stack.google.settings({ page_size: 250, empty_first_page: false });
  });

  test('while Google fails the look, nothing is lost', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    await s.stack.google.fault('backendError', { method: 'events.get' });
    await s.stack.google.remove(s.stack.calendar, eventOf(made));
    await until('a failed look', async () =>
      (await s.stack.google.calls('events.get')).some(({ status }) => status === 500),
    );
    await s.stack.google.heal();
    await until('the cancellation', async () => (await s.read(ann, made)).status === 'cancelled', 30_000);
  });

  test('an event of ours that should not be there is deleted again', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    await ann.put(`/booking/${made.id}/cancel`, {});
    await s.stack.google.order('PATCH', `calendars/${s.stack.calendar}/events/${eventOf(made)}`, {
      status: 'confirmed',
    });
    await until('the event to go', async () =>
      (await s.stack.google.live(s.stack.calendar)).every(({ id }) => id !== eventOf(made)),
    );
  });
});

describe('by pushes', () => {
  const s = follower('delegated', {
    CALENDAR_POLL_SECONDS: '0',
    CALENDAR_FRESH_SECONDS: '30',
    PUBLIC_URL: 'https://book.example',
  });
  const hook = (headers) =>
    new Promise((resolve, reject) => {
      http
        .request(
          `${s.stack.daemon.url}/hooks/google-calendar`,
          { method: 'POST', headers: { 'content-length': 0, ...headers } },
          (reply) => {
            reply.resume();
            resolve(reply.statusCode);
          },
        )
        .on('error', reject)
        .end();
    });
  const channel = () =>
    s.stack.database.rows('select channel_id, channel_resource from bookingd.coach_calendar')[0];

  before(async () => {
    await s.stack.google.settings({
      push_routes: { 'https://book.example': s.stack.daemon.url },
      push_retry_ms: 100,
    });
    await until('a channel', () => channel()?.channel_resource);
  });

  test('a move is followed at once', async () => {
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    const to = s.slot();
    await s.stack.google.move(s.stack.calendar, eventOf(made), to, half(to));
    await until('the move', async () => (await s.read(ann, made)).start === to, 5000);
  });

  test('a push makes busy times be asked anew', async () => {
    const ann = s.stack.client('ann');
    const free = async (start) =>
      (await ann.get('/booking/availability?duration=30')).body.slots.some((slot) => slot.start === start);
    const start = s.slot();
    assert.ok(await free(start));
    await s.stack.google.busy(s.stack.calendar, start, half(start));
    await until('the slot to go', async () => !(await free(start)), 5000);
  });

  test('a push with another token, channel or resource is refused in silence and changes nothing', async () => {
    const { channel_id, channel_resource } = channel();
    await until('the looks before to be over', async () => {
      const before = (await s.stack.google.calls('events.list')).length;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return before === (await s.stack.google.calls('events.list')).length;
    });
    const looks = (await s.stack.google.calls('events.list')).length;
    const headers = {
      'x-goog-channel-id': channel_id,
      'x-goog-resource-id': channel_resource,
      'x-goog-resource-state': 'exists',
      'x-goog-message-number': 9,
    };
    assert.equal(await hook({ ...headers, 'x-goog-channel-token': 'guessed' }), 403);
    assert.equal(await hook(headers), 403);
    assert.equal(
      await hook({
        ...headers,
        'x-goog-channel-id': '4e5b5f2c-0000-4000-8000-000000000000',
        'x-goog-channel-token': 'guessed',
      }),
      403,
    );
    assert.equal(await hook({}), 404);
    assert.equal(await hook({ 'x-goog-channel-id': "' or 1=1 --" }), 404);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal((await s.stack.google.calls('events.list')).length, looks);
    assert.deepEqual(s.stack.daemon.events('calendar_push_refused'), []); // at debug
  });

  test('forged pushes cost no query: they are refused while their table is locked', async () => {
    const { channel_id, channel_resource } = channel();
    const lock = s.stack.database.session();
    const locked = () =>
      s.stack.database.locks(`granted and mode = 'AccessExclusiveLock'
        and relation = 'bookingd.coach_calendar'::regclass`);
    try {
      lock.send('begin; lock table bookingd.coach_calendar in access exclusive mode;');
      await until('the lock', locked);
      for (const id of [channel_id, '4e5b5f2c-0000-4000-8000-000000000000', 'x'])
        for (let i = 0; i < 100; i++) {
          const headers = { 'x-goog-channel-id': id, 'x-goog-channel-token': `guess-${i}` };
          const status = await hook({ ...headers, 'x-goog-resource-id': channel_resource });
          assert.equal(status, id === 'x' ? 404 : 403);
        }
    } finally {
      lock.close();
      await until('the end of the lock', () => !locked());
    }
  });

  test('a channel is renewed before it ends, and the old one stopped', async () => {
    const old = channel().channel_id;
    s.stack.database.run(`update bookingd.coach_calendar set channel_due_at = now()`);
    await until('a new channel', () => channel().channel_id !== old && channel().channel_resource);
    await until(
      'the old one to be stopped',
      async () => (await s.stack.google.order('GET', 'state')).channels.find(({ id }) => id === old)?.stopped,
    );
    const ann = s.stack.client('ann');
    const made = await s.book(ann);
    await s.stack.google.remove(s.stack.calendar, eventOf(made));
    await until('the cancellation', async () => (await s.read(ann, made)).status === 'cancelled', 5000);
  });
});

test('another person to impersonate: bookings stand and come into their calendar', async () => {
  const stack = await startStack({ google: 'delegated', document, env: { CALENDAR_POLL_SECONDS: '1' } });
  const ann = stack.client('ann');
  const next = 'next@example.com';
  try {
    await stack.google.order('POST', 'accounts', { email: next });
    const made = (await ann.post('/booking/create', { start: stack.slot(1), duration_minutes: 30 })).body;
    assert.equal(made.calendar.state, 'synced', JSON.stringify(made));
    await until('a look that finds it', () =>
      stack.database.value('select sync_token is not null from bookingd.coach_calendar'),
    );
    await stack.daemon.stop();
    await stack.daemon.restart({ env: { GOOGLE_IMPERSONATE: next } });
    await until('the event', async () => (await stack.google.live(next)).length === 1, 30_000);
    const now = await stack.settled(stack.client('ann'), made.id);
    assert.deepEqual([now.status, now.start], ['scheduled', made.start]);
    assert.equal((await stack.google.live(stack.calendar)).length, 1);
    assert.equal(
      stack.daemon.events('calendar_followed').filter(({ change }) => change === 'lost').length,
      1,
    );
  } finally {
    await stack.stop();
  }
});
