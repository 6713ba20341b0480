// Guests: further addresses that a client has invited. What each side is told and what Google has, whoever invites.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

/** What no guest may ever read. */
const SECRETS = /my notes|SECRET|\+1 555 0199|manage=|client-\d+@client\.test/;
const document = {
  ...openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0, max_active_per_user: null }),
  session_types: [
    {
      id: 'coaching',
      name: 'Coaching',
      durations: [30],
      meeting: 'phone',
      questions: [{ id: 'goal', label: 'Your goal', kind: 'text' }],
    },
  ],
};

for (const google of ['delegated', 'bare', 'off'])
  describe(`google: ${google}`, () => {
    let stack, mail;
    let count = 0;
    before(async () => {
      mail = await MailServer.start();
      stack = await startStack({
        google,
        document,
        env: { ...mail.settings, PUBLIC_URL: 'https://book.test', RATE_LIMIT_BOOK: '0' },
      });
    });
    after(async () => {
      await stack?.stop();
      await mail.stop();
    });
    const invites = google === 'delegated' ? 'google' : 'email';
    const said = (address) => mail.read().filter(({ to }) => to[0] === address);
    /** What was mailed to somebody, once as much of it as is expected has come. */
    const told = async (address, expected) => {
      if (expected.length > 0) await mail.wait(expected.length, ({ to }) => to[0] === address);
      return kinds(address);
    };
    const kinds = (address) => said(address).map(({ subject }) => subject.split(':')[0]);
    const methods = (address) => said(address).map(({ calendar }) => calendar?.method);
    const settled = (id) =>
      until(`${id} to be told of`, () =>
        stack.database.value(`select not exists (select from bookingd.appointment where id = '${id}'
            and (version > noticed_version or (calendar_id is not null and version > synced_version)))
          and not exists (select from bookingd.notice where appointment_id = '${id}' and channel = 'email' and state in ('owed', 'sending', 'retry'))`),
      );
    /** Google gives in at once where it cannot invite; where it is only slow, the minute is over. */
    const event = async (id) =>
      (await stack.google.events(stack.calendar)).find((e) => e.id === id.replaceAll('-', ''));
    const attendees = async (id) => (await event(id)).attendees?.map(({ email }) => email).sort() ?? [];
    const names = () => {
      const n = ++count;
      return {
        user: `client-${n}`,
        email: `client-${n}@client.test`,
        ben: `ben-${n}@guest.test`,
        eve: `eve-${n}@guest.test`,
      };
    };
    const secret = { name: 'Ann', notes: 'my notes', phone: '+1 555 0199', answers: { goal: 'SECRET' } };
    /** The client books with guests, and everybody has been told. */
    const bookedWith = async (client, guests) => {
      const booking = { start: stack.slot(count), ...secret, guests };
      const made = assertStatus(await client.post('/booking/create', booking), 201);
      await settled(made.id);
      return made;
    };

    /**
     * The table: who does what, and then what is true. Each row begins with a session that Ben and Eve are guests of.
     * ben, eve: what they have been told by us where we invite; guests: who the appointment says is invited.
     */
    const rows = [
      {
        what: 'booked',
        does: async () => {},
        ben: ['Invitation'],
        eve: ['Invitation'],
        google: ['client', 'ben', 'eve'],
        coach: ['New booking'],
      },
      {
        what: 'moved by the client',
        does: (it) => it.client.put(`/booking/${it.id}/reschedule`, { start: stack.slot(100 + count) }),
        ben: ['Invitation', 'New time'],
        eve: ['Invitation', 'New time'],
        google: ['client', 'ben', 'eve'],
        coach: ['New booking', 'New time'],
      },
      {
        what: 'moved by the coach',
        does: (it) => stack.coach().put(`/booking/${it.id}/reschedule`, { start: stack.slot(200 + count) }),
        ben: ['Invitation', 'New time'],
        eve: ['Invitation', 'New time'],
        google: ['client', 'ben', 'eve'],
        coach: ['New booking', 'New time'],
      },
      {
        what: 'given another place by the coach',
        does: (it) =>
          stack.coach().put(`/booking/${it.id}/meeting`, { kind: 'in_person', address: '1 Main Street' }),
        ben: ['Invitation', 'New meeting place'],
        eve: ['Invitation', 'New meeting place'],
        google: ['client', 'ben', 'eve'],
        coach: ['New booking', 'New meeting place'],
      },
      {
        what: 'cancelled by the client, with a reason',
        does: (it) => it.client.put(`/booking/${it.id}/cancel`, { reason: 'my notes' }),
        ben: ['Invitation', 'Cancelled'],
        eve: ['Invitation', 'Cancelled'],
        google: null,
        coach: ['New booking', 'Cancelled'],
      },
      {
        what: 'cancelled by the coach, with a reason',
        does: (it) => stack.coach().put(`/booking/${it.id}/cancel`, { reason: 'SECRET' }),
        ben: ['Invitation', 'Cancelled'],
        eve: ['Invitation', 'Cancelled'],
        google: null,
        coach: ['New booking', 'Cancelled'],
      },
      {
        what: 'Eve left out by the client',
        does: (it) => it.client.put(`/booking/${it.id}/guests`, { guests: [it.ben] }),
        ben: ['Invitation'],
        eve: ['Invitation', 'No longer invited'],
        google: ['client', 'ben'],
        coach: ['New booking'],
        guests: ['ben'],
      },
      {
        what: 'all left out by the coach',
        does: (it) => stack.coach().put(`/booking/${it.id}/guests`, { guests: [] }),
        ben: ['Invitation', 'No longer invited'],
        eve: ['Invitation', 'No longer invited'],
        google: ['client'],
        coach: ['New booking'],
        guests: [],
      },
      {
        what: 'Eve left out and invited again',
        does: async (it) => {
          await it.client.put(`/booking/${it.id}/guests`, { guests: [it.ben] });
          await settled(it.id);
          return it.client.put(`/booking/${it.id}/guests`, { guests: [it.ben, it.eve] });
        },
        ben: ['Invitation'],
        eve: ['Invitation', 'No longer invited', 'Invitation'],
        google: ['client', 'ben', 'eve'],
        coach: ['New booking'],
      },
    ];
    for (const by of ['client', 'hold', 'coach'])
      for (const row of by === 'client' ? rows : rows.slice(0, 1))
        test(`booked by ${by}, ${row.what}: each side is told once, and Google has it`, async () => {
          const who = names();
          const client = stack.client(who.user);
          const guests = [who.ben, who.eve];
          const start = stack.slot(count);
          let reply;
          if (by === 'coach')
            reply = await stack.coach().post('/coach/damian/appointments', {
              client: { user_id: who.user, email: who.email, name: secret.name, phone: secret.phone },
              start,
              notes: secret.notes,
              guests,
            });
          else if (by === 'client')
            reply = await client.post('/booking/create', { start, ...secret, guests });
          else {
            const held = assertStatus(await client.post('/booking/hold', { start }), 201);
            reply = await client.put(`/booking/${held.id}/confirm`, { ...secret, guests });
          }
          assert.ok([200, 201].includes(reply.status), reply.text);
          const { id } = reply.body;
          assert.deepEqual(reply.body.guests, guests);
          await settled(id);
          const done = await row.does({ ...who, client, id });
          if (done) assertStatus(done, 200);
          await settled(id);

          const now = assertStatus(await client.get(`/booking/${id}`), 200);
          assert.deepEqual(
            now.guests,
            (row.guests ?? ['ben', 'eve']).map((name) => who[name]),
          );
          assert.equal(now.invited_by, invites);
          for (const name of ['ben', 'eve']) {
            const expected = invites === 'email' ? row[name] : [];
            assert.deepEqual(await told(who[name], expected), expected, name);
            assert.deepEqual(
              methods(who[name]),
              kinds(who[name]).map((kind) =>
                ['Cancelled', 'No longer invited'].includes(kind) ? 'CANCEL' : 'REQUEST',
              ),
            );
            for (const one of said(who[name])) {
              const whole = JSON.stringify(one);
              assert.doesNotMatch(whole, SECRETS);
              assert.ok(
                !whole.includes(who[name === 'ben' ? 'eve' : 'ben']),
                'guests do not read of each other',
              );
              assert.equal(one.reply_to[0], 'coach@example.com');
            }
          }
          const toCoach = await mail.wait(
            row.coach.length,
            ({ to, text }) => to[0] === 'coach@example.com' && text.includes(who.email),
          );
          assert.deepEqual(
            toCoach.map(({ subject }) => subject.split(':')[0]),
            row.coach,
          );
          assert.ok(toCoach[0].text.includes(`Guests: ${who.ben}, ${who.eve}`));
          if (google === 'off') return;
          const wanted = (row.google ?? []).map((name) => (name === 'client' ? who.email : who[name])).sort();
          if (row.google === null) assert.equal((await event(id)).status, 'cancelled');
          else assert.deepEqual(await attendees(id), invites === 'google' ? wanted : []);
          if (invites === 'google') {
            const mails = await stack.google.mails({ event: id.replaceAll('-', '') });
            assert.ok(
              mails.some(({ to }) => JSON.stringify(to).includes(who.ben)),
              JSON.stringify(mails),
            );
            if (row.google?.length > 1) {
              assert.doesNotMatch((await event(id)).description, SECRETS);
              assert.equal((await event(id)).guestsCanSeeOtherGuests, false);
            }
          } else if (row.google) assert.match((await event(id)).description, /my notes/);
        });

    test('why the coach moves and cancels is mailed to the client, whoever invites', async () => {
      const who = names();
      const { id } = await bookedWith(stack.client(who.user), [who.ben]);
      const changes = {
        reschedule: { start: stack.slot(400), reason: 'The dentist.' },
        cancel: { reason: 'A fever.' },
      };
      for (const [what, body] of Object.entries(changes)) {
        assertStatus(await stack.coach().put(`/booking/${id}/${what}`, body), 200);
        await settled(id);
      }
      const ours = ['New time', 'Cancelled'];
      const expected = invites === 'email' ? ['Booked', ...ours] : ours;
      assert.deepEqual(await told(who.email, expected), expected);
      const [moved, cancelled] = said(who.email).slice(-2);
      assert.ok(moved.text.includes('The dentist.'), moved.text);
      assert.ok(cancelled.text.includes('A fever.'), cancelled.text);
      assert.equal(Boolean(moved.calendar), invites === 'email');
      for (const one of said(who.ben)) assert.doesNotMatch(JSON.stringify(one), /dentist|fever/);
    });

    test('guests are invited too where nobody was at first, since the client has no address', async () => {
      const who = names();
      const coach = stack.coach();
      const { id } = assertStatus(
        await coach.post('/coach/damian/appointments', {
          client: { user_id: who.user },
          start: stack.slot(count),
        }),
        201,
      );
      await settled(id);
      assert.equal(assertStatus(await coach.get(`/booking/${id}`), 200).invited_by, 'none');
      assertStatus(await coach.put(`/booking/${id}/guests`, { guests: [who.ben] }), 200);
      await settled(id);
      assert.equal(assertStatus(await coach.get(`/booking/${id}`), 200).invited_by, 'email');
      assert.deepEqual(await told(who.ben, ['Invitation']), ['Invitation']);
      if (google !== 'off') assert.deepEqual(await attendees(id), []);
    });

    test('each date of a series invites them, all in one mail', async () => {
      const who = names();
      const client = stack.client(who.user);
      const made = assertStatus(
        await client.post('/booking/series', {
          start: stack.slot(300),
          count: 3,
          ...secret,
          guests: [who.ben],
        }),
        201,
      );
      assert.equal(made.appointments.length, 3);
      for (const appointment of made.appointments) {
        await settled(appointment.id);
        assert.deepEqual(appointment.guests, [who.ben]);
        if (invites === 'google')
          assert.deepEqual(await attendees(appointment.id), [who.ben, who.email].sort());
      }
      const expected = invites === 'email' ? ['Invitation'] : [];
      for (const [address, kind] of [
        [who.ben, 'Invitation'],
        [who.email, 'Booked'],
      ]) {
        assert.deepEqual(await told(address, expected), expected.fill(kind));
        for (const one of said(address))
          assert.deepEqual(
            one.calendars.map(({ uid }) => uid),
            made.appointments.map(({ id }) => `${id.replaceAll('-', '')}@google.com`),
          );
      }
      await mail.wait(1, ({ to, text }) => to[0] === 'coach@example.com' && text.includes(who.email));
      assert.equal(mail.to('coach@example.com').filter(({ text }) => text.includes(who.email)).length, 1);
      for (const one of said(who.ben)) assert.doesNotMatch(JSON.stringify(one), SECRETS);
    });

    if (google !== 'off')
      test('what the coach has put into the event by hand stays, whatever changes', async () => {
        const who = names();
        const client = stack.client(who.user);
        const made = await bookedWith(client, [who.ben, who.eve]);
        const written = await event(made.id);
        const answered = (written.attendees ?? []).map((one) =>
          one.email === who.ben ? { ...one, responseStatus: 'declined', comment: 'ill' } : one,
        );
        const col = {
          email: 'col@practice.test',
          displayName: 'Col',
          optional: true,
          additionalGuests: 1,
          comment: 'by phone',
          responseStatus: 'tentative',
        };
        const own = {
          summary: 'Ann, by hand',
          colorId: '5',
          reminders: { useDefault: false, overrides: [{ method: 'email', minutes: 5 }] },
          transparency: 'opaque',
          visibility: 'private',
        };
        await stack.google.change(stack.calendar, written.id, {
          ...own,
          attendees: [...answered, col],
          description: `First of all<br>${written.description.replaceAll('\n', '<br>')}<br>Link: https://mine.test/<p>Last &amp; least</p>`,
          ...(invites === 'google' && {
            conferenceData: {
              createRequest: { requestId: 'by-hand', conferenceSolutionKey: { type: 'hangoutsMeet' } },
            },
          }),
          mails: false,
        });
        const { conference } = await event(made.id);
        const whole = (one) => ({ responseStatus: 'needsAction', ...one });
        const byAddress = (a, b) => (a.email < b.email ? -1 : 1);
        const stays = async (guests) => {
          await settled(made.id);
          const now = await event(made.id);
          const wanted = answered.filter(({ email }) => email === who.email || guests.includes(email));
          const added = guests.filter((one) => !answered.some(({ email }) => email === one));
          assert.deepEqual(
            now.attendees.map(whole).sort(byAddress),
            [...wanted, col, ...added.map((email) => ({ email }))].map(whole).sort(byAddress),
          );
          for (const [name, value] of Object.entries(own)) assert.deepEqual(now[name], value, name);
          assert.deepEqual(now.conference, conference);
          const said = now.description.replaceAll(/<br>|<p>/g, '\n').replaceAll('</p>', '');
          assert.match(said, /^First of all\n[^]*\nLink: https:\/\/mine\.test\/\nLast &amp; least$/);
          return { ...now, description: said };
        };
        const change = async (path, body) =>
          assertStatus(await stack.coach().put(`/booking/${made.id}/${path}`, body), 200);
        const here = (guests) => (invites === 'google' ? guests : []);

        await change('guests', { guests: [who.ben] });
        await stays(here([who.ben]));
        await change('reschedule', { start: stack.slot(700 + count) });
        await stays(here([who.ben]));
        await change('meeting', { kind: 'in_person', address: 'Old Street 1' });
        const placed = await stays(here([who.ben]));
        assert.equal(placed.location, 'Old Street 1');
        assert.match(placed.description, /\nAddress: Old Street 1\n/);
        await change('guests', { guests: [who.eve, who.ben] });
        await stays(here([who.ben, who.eve]));
        // Who was taken off by hand is not invited by a change of something else; a place written by hand stays till then.
        const { attendees: list } = await event(made.id);
        await stack.google.change(stack.calendar, written.id, {
          location: 'By hand',
          attendees: (list ?? []).filter(({ email }) => email !== who.ben),
          mails: false,
        });
        await change('guests', { guests: [who.ben] });
        assert.equal((await stays([])).location, 'By hand');
        await change('meeting', { kind: 'in_person', address: 'New Street 2' });
        const last = await stays([]);
        assert.equal(last.location, 'New Street 2');
        assert.match(last.description, /\nAddress: New Street 2\n/);
        assert.doesNotMatch(last.description, /Old Street/);
        assert.equal(last.description.match(/Client: /g).length, 1);
        if (invites === 'google') assert.doesNotMatch(last.description, SECRETS);
      });

    if (google === 'bare')
      test('a guest who wants no more mails about a booking gets none, by one click; the others do', async () => {
        const who = names();
        const client = stack.client(who.user);
        const made = assertStatus(
          await client.post('/booking/create', { start: stack.slot(count), guests: [who.ben, who.eve] }),
          201,
        );
        const [invited] = await mail.wait(1, ({ to }) => to[0] === who.ben);
        const link = /^<(https:\/\/book\.test(\/booking\/stop\/[\w-]{22}))>$/.exec(
          invited.headers['list-unsubscribe'],
        );
        assert.ok(invited.text.includes(link[1]) && invited.html.includes(link[1]));
        assert.equal(invited.headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click');
        const stranger = stack.stranger();
        assert.match((await stranger.get(link[2])).text, /not even when it is moved/);
        for (const [language, words] of [
          ['fr-CA,fr;q=0.8,en', /lang="fr"[^]*même si elle est déplacée[^]*Ne plus recevoir/],
          ['pl', /lang="pl"[^]*nawet o zmianie terminu[^]*Wyłącz te e-maile/],
          ['de', /lang="en"[^]*Stop these emails/],
        ])
          assert.match((await stranger.get(link[2], { 'accept-language': language })).text, words);
        const over = await stranger.get(link[2].slice(0, -1), { accept: 'text/html' });
        assert.deepEqual([over.status, /There’s nothing at this address/.test(over.text)], [404, true]);
        const move = async (n) => {
          assertStatus(
            await client.put(`/booking/${made.id}/reschedule`, { start: stack.slot(n + count) }),
            200,
          );
          await settled(made.id);
        };
        await move(400); // looking at the page has stopped nothing
        await told(who.ben, ['Invitation', 'New time']);
        for (let n = 0; n < 2; n++)
          assert.equal(
            (
              await stranger.request('POST', link[2], 'List-Unsubscribe=One-Click', {
                'content-type': 'application/x-www-form-urlencoded',
              })
            ).status,
            200,
          );
        await move(500);
        assertStatus(await client.put(`/booking/${made.id}/cancel`), 200);
        await settled(made.id);
        await told(who.eve, ['Invitation', 'New time', 'New time', 'Cancelled']);
        assert.deepEqual(kinds(who.ben), ['Invitation', 'New time']);
        // It is about that booking alone, and says nothing about reminders of theirs.
        assertStatus(
          await client.post('/booking/create', { start: stack.slot(600 + count), guests: [who.ben] }),
          201,
        );
        await told(who.ben, ['Invitation', 'New time', 'Invitation']);
        assert.equal(
          stack.database.value(`select count(*)::int from bookingd.notice_preference where not reminders`),
          0,
        );
      });

    test('a no-show tells guests nothing', async () => {
      const who = names();
      const client = stack.client(who.user);
      const made = await bookedWith(client, [who.ben]);
      stack.database.run(`update bookingd.appointment set starts_at = now() - interval '40 minutes', blocked_from = now() - interval '40 minutes',
        ends_at = now() - interval '10 minutes', blocked_to = now() - interval '10 minutes' where id = '${made.id}'`);
      assertStatus(await stack.coach().put(`/booking/${made.id}/status`, { status: 'no_show' }), 200);
      const expected = invites === 'email' ? ['Invitation'] : [];
      assert.deepEqual(await told(who.ben, expected), expected);
      assertProblem(await client.put(`/booking/${made.id}/guests`, { guests: [] }), 409, 'not_active');
    });

    test('who is erased leaves no guest behind, and a guest who is erased is gone', async () => {
      const who = names();
      const client = stack.client(who.user);
      const made = await bookedWith(client, [who.ben, who.eve]);
      stack.database.run(`insert into bookingd.known_address (email, user_id) values ('${who.eve}', 'eve')`);
      assertStatus(await stack.admin().delete('/booking/user/eve'), 200);
      assert.deepEqual(assertStatus(await client.get(`/booking/${made.id}`), 200).guests, [who.ben]);
      assert.ok(!stack.database.dump().includes(who.eve));
      await settled(made.id);
      assert.equal(said(who.eve).filter(({ calendar }) => calendar?.method === 'CANCEL').length, 0);
      assertStatus(await client.delete('/booking/user/me'), 200);
      await settled(made.id);
      assert.ok(!stack.database.dump().includes(who.ben));
    });
  });
