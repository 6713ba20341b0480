// Sessions that the coach approves: what is held meanwhile, what each side is told, what Google has, and what credits do.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses } from '../harness/expect.mjs';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const document = {
  ...openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0, max_active_per_user: null }),
  session_types: [
    {
      id: 'asked',
      name: 'By request',
      durations: [30],
      meeting: 'phone',
      approval: true,
      price: { credits: 1 },
      policy: { min_notice_minutes: 60 },
    },
    { id: 'open', name: 'Open', durations: [30], meeting: 'phone', policy: { max_active_per_user: 2 } },
    { id: 'shared', name: 'Shared', durations: [30], approval: true, seats: 2 },
    { id: 'one', name: 'One at a time', durations: [30], approval: true, policy: { max_active_per_user: 1 } },
  ],
};

for (const google of ['delegated', 'off'])
  describe(`google: ${google}`, () => {
    let stack, mail, coach;
    let count = 0;
    before(async () => {
      mail = await MailServer.start();
      stack = await startStack({
        google,
        document,
        env: { ...mail.settings, PUBLIC_URL: 'https://book.test', RATE_LIMIT_BOOK: '0' },
      });
      coach = stack.coach();
    });
    after(async () => {
      await stack?.stop();
      await mail.stop();
    });
    const settled = (id) =>
      until(`${id} to be told of`, () =>
        stack.database.value(`select not exists (select from bookingd.appointment where id = '${id}'
            and (version > noticed_version or (calendar_id is not null and version > synced_version)))
          and not exists (select from bookingd.notice where appointment_id = '${id}' and channel = 'email' and state in ('owed', 'sending', 'retry'))`),
      );
    const event = async (id) =>
      google === 'off'
        ? undefined
        : (await stack.google.events(stack.calendar)).find((e) => e.id === id.replaceAll('-', ''));
    async function person() {
      const user = `client-${++count}`;
      assertStatus(await coach.post('/coach/damian/credits', { user_id: user, amount: 1 }), 201);
      const client = stack.client(user);
      return {
        user,
        client,
        start: stack.slot(count),
        balance: async () => (await client.get('/booking/user/me/credits')).body.balance,
      };
    }
    /** What was mailed to somebody about it, once as much as is expected has come. */
    const subjects = async (who, id, expected) => {
      const about = ({ to, message_id, headers }) =>
        JSON.stringify([message_id, headers]).includes(id) && to[0] === who;
      await mail.wait(expected.length, about);
      return mail
        .read()
        .filter(about)
        .map(({ subject }) => subject.split(':')[0]);
    };
    const inApp = async (client, id) =>
      (await client.get(`/booking/${id}/notices`)).body.notices
        .filter(({ channel, recipient }) => channel === 'in_app' && recipient === 'client')
        .map(({ kind }) => kind);
    const types = (id) =>
      stack.database
        .rows(`select type from bookingd.event where appointment_id = '${id}' order by serial`)
        .map(({ type }) => type.replace('appointment.', ''));
    /** As if the coach's time to decide were over. */
    const lapse = async (it) => {
      stack.database.run(
        `update bookingd.appointment set hold_expires_at = now() - interval '1 second' where id = '${it.id}'`,
      );
      // Somebody takes the time that is free now: whoever asked is told that it ended.
      const other = stack.client(`other-${count}`);
      assertStatus(await other.post('/booking/create', { start: it.start, session_type: 'open' }), 201);
    };

    const Invited = google === 'delegated' ? [] : ['Booked'];
    /** What was asked for, what then happens, and what is true after it. */
    const rows = [
      {
        what: 'waits',
        does: async () => {},
        status: 'requested',
        balance: 0,
        client: [],
        coach: [],
        told: [],
        events: [],
      },
      {
        what: 'is approved by the coach',
        does: (it) => coach.put(`/booking/${it.id}/approve`),
        status: 'scheduled',
        balance: 0,
        client: Invited,
        coach: ['New booking'],
        told: ['confirmed'],
        events: ['created'],
        event: 'confirmed',
      },
      {
        what: 'is approved by an admin, with guests',
        guests: true,
        does: (it) => stack.admin().put(`/booking/${it.id}/approve`, {}),
        status: 'scheduled',
        balance: 0,
        client: Invited,
        coach: ['New booking'],
        told: ['confirmed'],
        events: ['created'],
        event: 'confirmed',
      },
      {
        what: 'is declined by the coach',
        does: (it) => coach.put(`/booking/${it.id}/decline`, { reason: 'I am away' }),
        status: 'declined',
        balance: 1,
        client: ['Declined'],
        coach: [],
        told: ['declined'],
        events: ['declined'],
      },
      {
        what: 'is withdrawn by the client',
        does: (it) => it.client.put(`/booking/${it.id}/cancel`),
        status: 'cancelled',
        balance: 1,
        client: ['Cancelled'],
        coach: ['Cancelled'],
        told: ['cancelled'],
        events: ['cancelled'],
      },
      {
        what: 'ends without an answer',
        does: lapse,
        status: 'expired',
        balance: 1,
        client: ['No answer'],
        coach: ['Request expired'],
        told: ['expired'],
        events: ['expired'],
      },
      {
        what: 'is approved and then cancelled by the client',
        does: async (it) => {
          assertStatus(await coach.put(`/booking/${it.id}/approve`), 200);
          await settled(it.id);
          return it.client.put(`/booking/${it.id}/cancel`);
        },
        status: 'cancelled',
        balance: 1,
        client: [...Invited, ...Invited.map(() => 'Cancelled')],
        coach: ['New booking', 'Cancelled'],
        told: ['confirmed', 'cancelled'],
        events: ['created', 'cancelled'],
        event: 'cancelled',
      },
      {
        what: 'is approved and then moved by the coach',
        does: async (it) => {
          assertStatus(await coach.put(`/booking/${it.id}/approve`), 200);
          await settled(it.id);
          return coach.put(`/booking/${it.id}/reschedule`, { start: stack.slot(200 + count) });
        },
        status: 'scheduled',
        balance: 0,
        client: [...Invited, ...Invited.map(() => 'New time')],
        coach: ['New booking', 'New time'],
        told: ['confirmed', 'moved'],
        events: ['created', 'moved'],
        event: 'confirmed',
      },
    ];
    for (const by of ['create', 'hold and confirm'])
      for (const row of by === 'create' ? rows : rows.slice(0, 2))
        test(`${by}: a request that ${row.what}`, async () => {
          const it = await person();
          const guests = row.guests ? [`ben-${count}@guest.test`] : [];
          const asks = { start: it.start, session_type: 'asked' };
          let made;
          if (by === 'create')
            made = assertStatus(await it.client.post('/booking/create', { ...asks, guests }), 201);
          else {
            const held = assertStatus(await it.client.post('/booking/hold', asks), 201);
            made = assertStatus(await it.client.put(`/booking/${held.id}/confirm`, { guests }), 200);
          }
          it.id = made.id;
          assert.equal(made.status, 'requested');
          assert.equal(made.calendar.state, 'off');
          assert.equal(await it.balance(), 0);
          // Held for nobody else, and once: asked again it is the same.
          assertProblem(
            await stack.client('zoe').post('/booking/create', { start: it.start, session_type: 'open' }),
            409,
            'slot_taken',
          );
          assert.equal(assertStatus(await it.client.post('/booking/create', asks), 200).id, made.id);
          assertProblem(
            await it.client.put(`/booking/${made.id}/reschedule`, { start: stack.slot(150) }),
            409,
            'not_active',
          );
          assertProblem(await it.client.put(`/booking/${made.id}/approve`), 403, 'forbidden');
          await settled(made.id);
          assert.equal(await event(made.id), undefined, 'no event before it is approved');

          const done = await row.does(it);
          if (done) assertStatus(done, 200);
          await settled(it.id);
          const now = assertStatus(await it.client.get(`/booking/${it.id}`), 200);
          assert.equal(now.status, row.status);
          assert.deepEqual(now.guests, guests);
          assert.equal(await it.balance(), row.balance);
          assert.deepEqual(stack.database.rows('select * from bookingd.credit_faults()'), []);
          const toClient = ['Request sent', ...row.client];
          assert.deepEqual(await subjects(`${it.user}@client.test`, it.id, toClient), toClient);
          const toCoach = ['Request', ...row.coach];
          assert.deepEqual(await subjects('coach@example.com', it.id, toCoach), toCoach);
          assert.deepEqual(await inApp(it.client, it.id), ['requested', ...row.told]);
          assert.deepEqual(types(it.id), ['requested', ...row.events]);
          if (google !== 'off') assert.equal((await event(it.id))?.status, row.event);
          const listed = async (status) =>
            (await it.client.get(`/booking/user/me?status=${status}&limit=100`)).body.appointments.map(
              ({ id }) => id,
            );
          assert.deepEqual(await listed('requested'), row.status === 'requested' ? [it.id] : []);
          assert.deepEqual(
            await listed('upcoming'),
            ['requested', 'scheduled'].includes(row.status) ? [it.id] : [],
          );
          assert.deepEqual(
            await listed('cancelled'),
            ['requested', 'scheduled'].includes(row.status) ? [] : [it.id],
          );
          assert.deepEqual(await listed('all'), [it.id]);
          const waiting = assertStatus(
            await coach.get('/coach/damian/appointments?status=requested&limit=100'),
            200,
          );
          assert.equal(
            waiting.appointments.some(({ id }) => id === it.id),
            row.status === 'requested',
          );
          if (row.status !== 'requested') {
            const again = row.status === 'scheduled' ? 200 : 409;
            assert.equal((await coach.put(`/booking/${it.id}/approve`)).status, again);
            assert.equal(
              (await coach.put(`/booking/${it.id}/decline`)).status,
              row.status === 'declined' ? 200 : 409,
            );
            await settled(it.id);
            assert.equal(await it.balance(), row.balance);
          }
        });

    test('the coach has a day, or until the start comes within the notice', async () => {
      for (const [hours, wanted] of [
        [72, 24 * 60],
        [20, 19 * 60],
      ]) {
        const it = await person();
        const start = new Date(Math.ceil(Date.now() / 1800000 + hours * 2) * 1800000);
        const made = assertStatus(
          await it.client.post('/booking/create', {
            start: start.toISOString().replace('.000', ''),
            session_type: 'asked',
          }),
          201,
        );
        const latest = hours > 24 ? Date.parse(made.created_at) + 86400000 : start - 3600000;
        assert.ok(
          Math.abs(Date.parse(made.decide_before) - latest) <= 1000,
          `${made.decide_before} ${wanted}`,
        );
      }
    });

    test('a coach and an admin book without asking', async () => {
      const made = assertStatus(
        await coach.post('/coach/damian/appointments', {
          client: { email: `c${++count}@client.test` },
          start: stack.slot(count),
          session_type: 'one',
        }),
        201,
      );
      assert.equal(made.status, 'scheduled');
    });

    test('a request counts for limits, and a hold lies beside it', async () => {
      const it = await person();
      assertStatus(await it.client.post('/booking/create', { start: it.start, session_type: 'one' }), 201);
      assertProblem(
        await it.client.post('/booking/create', { start: stack.slot(120 + count), session_type: 'one' }),
        409,
        'booking_limit',
      );
      const held = assertStatus(
        await it.client.post('/booking/hold', { start: stack.slot(120 + count), session_type: 'open' }),
        201,
      );
      const list = (await it.client.get('/booking/user/me')).body.appointments.map(({ status }) => status);
      assert.deepEqual(list.sort(), ['held', 'requested']);
      assertStatus(await it.client.put(`/booking/${held.id}/cancel`), 200);
    });

    test('a series that is asked for, or not asked for any more, is told in one mail', async () => {
      const { user, client } = await person();
      const made = assertStatus(
        await client.post('/booking/series', {
          start: stack.slot(300 + count),
          duration_minutes: 30,
          count: 3,
          session_type: 'shared',
        }),
        201,
      );
      const ids = made.appointments.map(({ id, status }) => {
        assert.equal(status, 'requested');
        return id;
      });
      const address = `${user}@client.test`;
      const told = async (toClient, toCoach) => {
        for (const id of ids) await settled(id);
        await mail.wait(toClient.length, ({ to }) => to[0] === address);
        await mail.wait(toCoach.length, ({ reply_to }) => reply_to[0] === address);
        const titles = (matches) =>
          mail
            .read()
            .filter(matches)
            .map(({ subject }) => subject.replace(/ from .*/, ''));
        assert.deepEqual(
          titles(({ to }) => to[0] === address),
          toClient,
        );
        assert.deepEqual(
          titles(({ reply_to }) => reply_to[0] === address),
          toCoach,
        );
      };
      await told(['Request sent: Shared, 3 sessions'], [`Request: Name of ${user}, 3 sessions`]);
      const [{ text }] = mail.to(address);
      assert.match(text, /The times are held for you\./);
      assert.equal(text.match(/#manage=/g).length, 3);
      assertStatus(await client.put(`/booking/${ids[0]}/cancel`, { scope: 'all' }), 200);
      await told(
        ['Request sent: Shared, 3 sessions', 'Cancelled: Shared, 3 sessions'],
        [`Request: Name of ${user}, 3 sessions`, `Cancelled: Name of ${user}, 3 sessions`],
      );
    });

    test('a seat of a shared session is asked for, too', async () => {
      const [one, two, three] = [await person(), await person(), await person()];
      const asks = { start: three.start, session_type: 'shared' };
      const made = assertStatus(await one.client.post('/booking/create', asks), 201);
      assert.equal(made.status, 'requested');
      const other = assertStatus(await two.client.post('/booking/create', asks), 201);
      assertProblem(await three.client.post('/booking/create', asks), 409, 'session_full');
      assert.equal(assertStatus(await coach.put(`/booking/${made.id}/approve`), 200).status, 'scheduled');
      const late = await coach.put(`/booking/${made.id}/decline`);
      assertProblem(late, 409, 'not_active');
      assert.match(late.body.detail, /booked already/);
      assertStatus(await coach.put(`/booking/${other.id}/decline`), 200);
      assert.equal(assertStatus(await three.client.post('/booking/create', asks), 201).status, 'requested');
    });

    test('many decide at once: one thing happens', async () => {
      const it = await person();
      const made = assertStatus(
        await it.client.post('/booking/create', { start: it.start, session_type: 'asked' }),
        201,
      );
      const replies = await Promise.all([
        ...Array.from({ length: 4 }, () => stack.coach().put(`/booking/${made.id}/approve`)),
        ...Array.from({ length: 4 }, () => stack.coach().put(`/booking/${made.id}/decline`)),
      ]);
      const { status } = (await it.client.get(`/booking/${made.id}`)).body;
      assert.ok(['scheduled', 'declined'].includes(status));
      assert.deepEqual(countStatuses(replies), { 200: 4, 409: 4 });
      assert.equal(await it.balance(), status === 'scheduled' ? 0 : 1);
      assert.deepEqual(stack.database.rows('select * from bookingd.credit_faults()'), []);
    });

    test('the schedule and the listing say that a type needs it', async () => {
      const schedule = (await coach.get('/coach/damian/schedule')).body;
      assert.deepEqual(
        schedule.session_types.map(({ approval }) => approval),
        [true, undefined, true, true],
      );
      const { session_types } = assertStatus(await stack.client('zoe').get('/booking/availability'), 200);
      assert.deepEqual(
        session_types.map(({ approval }) => approval),
        [true, undefined, true, true],
      );
    });
  });
