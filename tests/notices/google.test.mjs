// Google Calendar and mail together: exactly one of them invites, whatever goes wrong in between.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

for (const google of ['delegated', 'bare'])
  describe(google === 'bare' ? 'credentials that cannot invite' : 'credentials that can invite', () => {
    let stack, mail;
    let count = 0;
    before(async () => {
      stack = await startStack({ google, mail: true, env: { PUBLIC_URL: 'https://book.test' } });
      mail = stack.mail;
    });
    after(() => stack?.stop());

    const ours = (email) => mail.to(email);
    /** Everything that reached the client: what Google mailed, and what we did. */
    const reached = async (id, email) => ({
      google: (await stack.google.mails({ event: id.replaceAll('-', '') })).map(({ kind }) => kind),
      mail: ours(email).map(({ subject }) => subject.split(':')[0]),
      invitations: ours(email).filter(({ calendar }) => calendar?.method === 'REQUEST').length,
    });
    /** A new booking of somebody of their own. */
    async function book() {
      const user = `client-${++count}`;
      const client = stack.client(user);
      const made = assertStatus(await client.post('/booking/create', { start: stack.slot(count) }), 201);
      return { client, made, email: `${user}@client.test` };
    }
    const row = (id) => stack.database.rows(`select * from bookingd.appointment where id = '${id}'`)[0];
    /** The minute's wait for Google is over, as if by the clock. */
    const wait = (id) =>
      stack.database.run(
        `update bookingd.appointment set updated_at = updated_at - interval '61 seconds' where id = '${id}'`,
      );
    const announced = (id) =>
      until(`${id} to be in the ledger`, () =>
        stack.database.value(`select not exists (select from bookingd.appointment where id = '${id}' and version > noticed_version)
          and not exists (select from bookingd.notice where appointment_id = '${id}' and channel = 'email' and state in ('owed', 'sending'))`),
      );

    /** Booked by somebody of their own, moved and cancelled, each when what was before has been announced. */
    async function bookMoveAndCancel() {
      const { client, made, email } = await book();
      await announced(made.id);
      const { invited_by } = row(made.id);
      assertStatus(
        await client.put(`/booking/${made.id}/reschedule`, { start: stack.slot(count + 100) }),
        200,
      );
      await announced(made.id);
      assertStatus(await client.put(`/booking/${made.id}/cancel`), 200);
      await announced(made.id);
      return { id: made.id, email, invited_by };
    }

    if (google === 'delegated') {
      test('Google invites, moves and cancels; the client has no second mail, the coach has each', async () => {
        const { id, email, invited_by } = await bookMoveAndCancel();
        assert.equal(invited_by, 'google');
        assert.deepEqual(await reached(id, email), {
          google: ['invitation', 'update', 'cancellation'],
          mail: [],
          invitations: 0,
        });
        const coach = ours('coach@example.com').filter(({ reply_to }) => reply_to[0] === email);
        assert.deepEqual(
          coach.map(({ subject }) => subject.split(':')[0]),
          ['New booking', 'New time', 'Cancelled'],
        );
        const event = (await stack.google.events(stack.calendar)).find(
          (one) => one.id === id.replaceAll('-', ''),
        );
        assert.match(event.description, /https:\/\/book\.test\/booking\/#manage=[\w-]{43}/);
      });

      test('one mail for each change, by Google or by us, in every order of Google’s failures', async () => {
        const google = stack.google;
        const eventOf = (id) => id.replaceAll('-', '');
        /** What each change asks of Google, and how it is made. */
        const changes = {
          create: ['events.insert', ({ client, id }) => client.put(`/booking/${id}/confirm`)],
          move: [
            'events.patch',
            ({ client, id, n }) =>
              client.put(`/booking/${id}/reschedule`, { start: half(stack.slot(300 + n)) }),
          ],
          place: [
            'events.patch',
            ({ id }) => stack.coach().put(`/booking/${id}/meeting`, { kind: 'phone', number: '+1 555 0100' }),
          ],
          guests: [
            'events.patch',
            ({ client, id, guest }) => client.put(`/booking/${id}/guests`, { guests: [guest] }),
          ],
          cancel: ['events.delete', ({ client, id }) => client.put(`/booking/${id}/cancel`)],
        };
        const forGood = ['badRequest', 'requiredAccessLevel', 'notFound'];
        const lost = ['cut_before', 'cut_after', 'conditionNotMet'];
        const faults = {
          create: [
            ...lost,
            ...forGood,
            'hang_before',
            'rateLimitExceeded',
            'backendError',
            'cut_half',
            'garbage',
            'empty',
            'duplicate',
            'deleted',
            'invalid',
          ],
          move: [...lost, ...forGood, 'hang_after', 'backendError', 'cut_half', 'empty', 'gone'],
          place: ['cut_after', 'conditionNotMet', ...forGood, 'gone'],
          guests: ['cut_after', 'conditionNotMet', ...forGood, 'gone'],
          cancel: [...lost, ...forGood, 'backendError', 'gone'],
        };
        const half = (slot) => slot.replace(':00:00Z', ':30:00Z');
        const cases = Object.entries(faults).flatMap(([change, names]) =>
          names.map((fault) => ({ change, fault })),
        );
        const inbox = async (address, id) => [
          ...(await google.mails({ event: eventOf(id), to: address })).map(({ kind }) => `google: ${kind}`),
          ...ours(address).map(({ subject }) => `we: ${subject.split(':')[0]}`),
        ];
        /** What was asked of Google is done or refused, and everybody has been told. */
        const done = (some) => {
          const ids = some.map(({ id }) => `'${id}'`).join();
          return until(
            `${some.length} appointments to be done`,
            () =>
              stack.database.value(`select not exists (select from bookingd.appointment where id in (${ids})
                  and (version > noticed_version or version > greatest(synced_version, refused_version)))
                and not exists (select from bookingd.notice where appointment_id in (${ids}) and channel = 'email'
                  and state in ('owed', 'sending', 'retry'))`),
            90_000,
          );
        };
        await Promise.all(
          cases.map(async (it, n) => {
            const user = `table-${n}`;
            Object.assign(it, { n, client: stack.client(user), email: `${user}@client.test` });
            it.guest = `guest-${n}@guest.test`;
            const call = it.change === 'create' ? 'hold' : 'create';
            const made = await it.client.post(`/booking/${call}`, {
              start: stack.slot(300 + n),
              duration_minutes: 30,
            });
            it.id = assertStatus(made, 201).id;
          }),
        );
        await done(cases.filter(({ change }) => change !== 'create'));
        for (const it of cases) it.before = await inbox(it.email, it.id);
        for (const { change, fault, id } of cases)
          if (fault === 'gone') await google.remove(stack.calendar, eventOf(id));
          else await google.fault(fault, { method: changes[change][0], event: eventOf(id), count: 1 });
        await Promise.all(cases.map(async (it) => assertStatus(await changes[it.change][1](it), 200)));
        await until(
          'every fault to have struck',
          async () => (await google.order('GET', 'faults')).length === 0,
          90_000,
        );
        await google.heal(); // lets go of what hangs
        await done(cases);
        for (const it of cases) {
          const after = await inbox(it.email, it.id);
          const told = [...after];
          for (const one of it.before) told.splice(told.indexOf(one), 1);
          const what = `${it.change} with ${it.fault}: ${JSON.stringify(told)}`;
          if (it.change === 'guests' && it.fault !== 'gone') {
            assert.ok(told.length <= 1, what);
            const invited = await inbox(it.guest, it.id);
            assert.equal(invited.length, 1, `${what}, guest: ${JSON.stringify(invited)}`);
          } else assert.equal(told.length, 1, what);
          it.before = after;
        }
        // Whoever has told them by then tells them of the end, and nobody else.
        const standing = cases.filter(({ change, fault }) => change !== 'cancel' && fault !== 'gone');
        await Promise.all(standing.map(async (it) => assertStatus(await changes.cancel[1](it), 200)));
        await done(standing);
        for (const it of standing) {
          const what = `${it.change} with ${it.fault}, then cancelled`;
          const after = await inbox(it.email, it.id);
          assert.equal(after.length, it.before.length + 1, `${what}: ${JSON.stringify(after)}`);
          if (it.change === 'guests')
            assert.equal((await inbox(it.guest, it.id)).length, 2, `${what}: the guest`);
        }
      });

      test('with Google away for a minute we invite, and the event that follows has no guest', async () => {
        await stack.google.fault('rateLimitExceeded', { method: 'events.insert' });
        const { client, made, email } = await book();
        assert.equal(made.invited_by, null);
        await wait(made.id);
        await until('our invitation', () => ours(email).length);
        await stack.google.heal();
        await stack.settled(client, made.id);
        assert.deepEqual(await reached(made.id, email), { google: [], mail: ['Booked'], invitations: 1 });
        assert.equal(ours(email)[0].calendar.uid, `${made.id.replaceAll('-', '')}@google.com`);
        const event = (await stack.google.live(stack.calendar)).find(
          ({ id }) => id === made.id.replaceAll('-', ''),
        );
        assert.deepEqual(event.guests, []);
      });

      test('whom Google had invited is told by us of the coach whose calendar does not', async () => {
        const { client, made, email } = await book();
        await announced(made.id);
        assert.equal(row(made.id).invited_by, 'google');
        const { made: other } = await book(); // so that the coach has no time there
        assertStatus(await stack.admin().put('/coach/cleo/schedule', openSchedule()), 201);
        const moved = await client.put(`/booking/${made.id}/reschedule`, {
          start: other.start,
          coach: 'any',
        });
        assert.equal(assertStatus(moved, 200).coach, 'cleo');
        const [mail] = await until('the mail', () => ours(email).length && ours(email));
        assert.match(mail.subject.replace(/[\u2068\u2069]/g, ''), /^Now with cleo: /);
        assert.match(
          mail.text.replace(/[\u2068\u2069]/g, ''),
          /Your session is now with cleo[^]*Before: .* with damian/,
        );
        assert.deepEqual([ours(email).length, mail.calendar.method], [1, 'REQUEST']);
        // Of a further move to their own coach's time they are told as of any.
        assertStatus(
          await client.put(`/booking/${made.id}/reschedule`, { start: stack.slot(count + 100) }),
          200,
        );
        await until('the next', () => ours(email).length === 2);
        assert.match(ours(email)[1].subject, /^New time: /);
      });
    } else {
      test('we invite, move and cancel, with the UID of Google’s event; Google mails nobody', async () => {
        const { id, email, invited_by } = await bookMoveAndCancel();
        assert.equal(invited_by, 'email');
        await until('three mails', () => ours(email).length === 3);
        assert.deepEqual(await reached(id, email), {
          google: [],
          mail: ['Booked', 'New time', 'Cancelled'],
          invitations: 2,
        });
        assert.equal(new Set(ours(email).map(({ calendar }) => calendar.uid)).size, 1);
      });

      test('the coach moves the event by hand, then deletes it: the client hears of both by mail', async () => {
        const { made, email } = await book();
        await stack.settled(stack.coach(), made.id);
        await announced(made.id);
        const event = made.id.replaceAll('-', '');
        const start = stack.slot(count + 200);
        await stack.google.move(stack.calendar, event, start, stack.slot(count + 201));
        stack.database.run(`update bookingd.coach_calendar set poll_due_at = now()`);
        const moved = await until(
          'the mail',
          () => ours(email).find(({ subject }) => subject.startsWith('New time')),
          30_000,
        );
        assert.equal(Date.parse(moved.calendar.start), Date.parse(start));
        stack.database.run(`update bookingd.coach_calendar set poll_due_at = now()`);
        await stack.google.remove(stack.calendar, event);
        stack.database.run(`update bookingd.coach_calendar set poll_due_at = now()`);
        const cancelled = await until(
          'the mail',
          () => ours(email).find(({ subject }) => subject.startsWith('Cancelled')),
          30_000,
        );
        assert.equal(cancelled.calendar.method, 'CANCEL');
      });
    }
  });
