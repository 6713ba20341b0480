// The link by which a client moves or cancels: one in every mail and in every event, to our page or to the platform's.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { startStack, until } from '../harness/stack.mjs';

const PLATFORM = 'https://home.test/sessions/{id}?from=mail';
for (const [where, env, link] of [
  ['our page', {}, () => /https:\/\/book\.test\/booking\/#manage=[\w-]{43}/g],
  [
    'the platform’s page',
    { MANAGE_URL: PLATFORM },
    (id) => new RegExp(PLATFORM.replace('{id}', id).replaceAll(/[.?]/g, '\\$&'), 'g'),
  ],
])
  for (const google of ['delegated', 'bare'])
    describe(`${where}, google: ${google}`, () => {
      let stack, mail;
      before(async () => {
        stack = await startStack({
          google,
          mail: true,
          env: { PUBLIC_URL: 'https://book.test', ...env },
        });
        mail = stack.mail;
      });
      after(() => stack?.stop());
      const settled = (id) =>
        until(`${id} to be told of`, () =>
          stack.database.value(`select not exists (select from bookingd.appointment
              where id = '${id}' and (version > noticed_version or version > synced_version))
            and not exists (select from bookingd.notice where channel = 'email' and state in ('owed', 'sending'))`),
        );

      test('every mail to the client and the event have exactly one', async () => {
        const ann = stack.client('ann');
        const { id } = assertStatus(
          await ann.post('/booking/create', { start: stack.slot(1), notes: 'none' }),
          201,
        );
        await settled(id);
        const described = async () =>
          (await stack.google.events(stack.calendar)).find((one) => one.id === id.replaceAll('-', ''))
            .description;
        const one = (text) => {
          assert.equal(text.match(link(id))?.length, 1, text);
          assert.equal(text.match(/#manage=|home\.test/g).length, 1, text);
        };
        one(await described());
        const changes = ['Booked', 'New time', 'Cancelled'];
        if (google === 'bare') {
          assertStatus(await ann.put(`/booking/${id}/reschedule`, { start: stack.slot(30) }), 200);
          await settled(id);
          one(await described());
          assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
          await settled(id);
          const mails = await mail.wait(3, ({ to }) => to[0] === 'ann@client.test');
          assert.deepEqual(
            mails.map(({ subject }) => subject.split(':')[0]),
            changes,
          );
          for (const { text, html } of mails) [text, html].forEach(one);
        }
      });

      if (google === 'bare')
        test('a reminder has one, too', async () => {
          const ben = stack.client('ben');
          const { id } = assertStatus(await ben.post('/booking/create', { start: stack.slot(3) }), 201);
          await settled(id);
          stack.database.run(`update bookingd.appointment
            set starts_at = t, ends_at = t + interval '10 minutes', blocked_from = t, blocked_to = t + interval '10 minutes',
                noticed_start = t, noticed_at = now() - interval '2 days', created_at = now() - interval '3 days'
            from (select date_trunc('second', now()) + interval '50 minutes' as t) near where id = '${id}'`);
          const [reminder] = await mail.wait(
            1,
            ({ to, subject }) => to[0] === 'ben@client.test' && subject.startsWith('Reminder'),
            60_000,
          );
          for (const text of [reminder.text, reminder.html])
            assert.equal(text.match(link(id))?.length, 1, text);
        });

      if (google === 'bare' && !env.MANAGE_URL)
        test('it is good until a day after the end, for its appointment alone, and reading by it changes nothing', async () => {
          const eve = stack.client('eve');
          const { id } = assertStatus(await eve.post('/booking/create', { start: stack.slot(5) }), 201);
          const [told] = await mail.wait(1, ({ to }) => to[0] === 'eve@client.test');
          const manage = /#manage=([\w-]{43})/.exec(told.text)[1];
          const open = () => stack.stranger().post('/booking/session', { manage });
          await settled(id);
          const row = () =>
            stack.database.rows(
              `select status, starts_at, version from bookingd.appointment where id = '${id}'`,
            );
          const before = row();
          const guest = new Client(stack.daemon.url, { token: assertStatus(await open(), 200).token });
          assertStatus(await guest.get(`/booking/${id}`), 200);
          for (const path of ['', '/cancel', '/reschedule', '/confirm', '/calendar.ics', '/notices'])
            await guest.get(`/booking/${id}${path}`);
          guest.close();
          await stack.stranger().get('/booking/');
          await stack.stranger().get('/booking/session');
          assert.deepEqual(row(), before);
          const ended = (ago) =>
            stack.database.run(`update bookingd.appointment set starts_at = t - interval '1 hour', ends_at = t,
                blocked_from = t - interval '1 hour', blocked_to = t
              from (select date_trunc('second', now()) - interval '${ago}' as t) ended where id = '${id}'`);
          ended('23 hours 50 minutes');
          assertStatus(await open(), 200);
          ended('24 hours 1 second');
          assertProblem(await open(), 410, 'code_expired');
        });
    });
