// Sessions of several clients, series, guests and places with a calendar on real CalDAV servers: one file for each event, the
// right text in it, and nobody in it whom the server could mail; invitations are ours.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { PASSWORD, SERVERS, USER } from '../harness/caldav.mjs';
import { assertStatus, later } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const WEEK = 7 * 1440;
const PATIENCE_MS = 60_000; // both sides agree within that
let stack, mail, coach, server;

before(async () => {
  const document = openSchedule({
    cancel_notice_minutes: 0,
    reschedule_notice_minutes: 0,
    horizon_days: 100,
  });
  document.session_types.push(
    { id: 'circle', name: 'Breathing circle', durations: [60], meeting: 'none', seats: 8 },
    { id: 'visit', name: 'Visit', durations: [30], meeting: 'none' },
  );
  stack = await startStack({
    mail: true,
    document,
    env: {
      PUBLIC_URL: 'https://book.test',
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      CALENDAR_ALLOW_PRIVATE: '1',
    },
  });
  mail = stack.mail;
  coach = stack.coach();
});
after(() => stack?.stop());

const compact = (text) => text.replace(/[-:]/g, '');
const file = (id) => `${id.replaceAll('-', '')}.ics`;
/** Every file's text once there are so many and each is as `good` wants it, by name. */
const files = (count, good = () => true) =>
  until(
    `${count} right files on the server`,
    async () => {
      const names = await server.list();
      const texts = await Promise.all(names.map(async (name) => [name, await server.get(name)]));
      if (texts.length !== count || texts.some(([, text]) => !text || !good(text))) return false;
      for (const [, text] of texts) assert.doesNotMatch(text, /ATTENDEE|ORGANIZER|METHOD/);
      return Object.fromEntries(texts);
    },
    PATIENCE_MS,
  );
/** Has the next look for the coach's own changes come at once, until `good`. */
const followed = (what, good) =>
  until(
    what,
    async () => {
      stack.database.run('UPDATE bookingd.coach_calendar SET poll_due_at = now()');
      return good();
    },
    PATIENCE_MS,
  );

for (const start of SERVERS) {
  const t = (what, body) =>
    test(`${start.name.replace('start', '')}: ${what}`, async () => {
      server = await start();
      try {
        const wish = { kind: 'caldav', url: server.url, user: USER, password: PASSWORD, write: true };
        assertStatus(await coach.post('/coach/damian/calendars', wish), 201);
        await body();
      } finally {
        // Also where it failed, so that the next one begins with nothing.
        const { calendars } = (await coach.get('/coach/damian/calendars')).body;
        for (const { id } of calendars)
          assertStatus(await coach.delete(`/coach/damian/calendars/${id}`), 204);
        await server.stop();
        stack.database.run('DELETE FROM bookingd.appointment');
      }
    });

  t('a session of several clients is one event that counts seats and names nobody', async () => {
    const at = stack.slot(60);
    const join = async (who) =>
      assertStatus(
        await stack.client(who).post('/booking/create', { start: at, session_type: 'circle' }),
        201,
      );
    const seats = [await join('ann'), await join('bob'), await join('cyd')];
    const { group_id: id } = seats[0];
    const name = file(id);
    const counted = (count) => (text) =>
      text.includes(`SUMMARY:Breathing circle (${count} of 8 seats taken)`) && !/ann|bob|cyd/i.test(text);
    assert.deepEqual(Object.keys(await files(1, counted(3))), [name]);
    assertStatus(await stack.client('bob').put(`/booking/${seats[1].id}/cancel`), 200);
    await files(1, counted(2));
    const to = later(at, 120);
    assertStatus(await coach.put(`/coach/damian/groups/${id}/reschedule`, { start: to }), 200);
    const moved = await files(1, (text) => text.includes(`DTSTART:${compact(to)}`));
    // What the coach does to the event there happens to every seat.
    const further = later(at, 240);
    await server.put(
      name,
      moved[name]
        .replace(/DTSTART:\w+/, `DTSTART:${compact(further)}`)
        .replace(/DTEND:\w+/, `DTEND:${compact(later(further, 60))}`),
    );
    for (const [who, seat] of [
      ['ann', seats[0]],
      ['cyd', seats[2]],
    ])
      await followed(`${who}'s seat to be moved`, async () => {
        const { body } = await stack.client(who).get(`/booking/${seat.id}`);
        return body.start === further;
      });
    assertStatus(await coach.put(`/coach/damian/groups/${id}/cancel`, {}), 200);
    await files(0);
  });

  t('a series is an event for each date; moved from one on, and cancelled as a whole', async () => {
    const ann = stack.client('ann');
    const at = stack.slot(61);
    const { appointments } = assertStatus(
      await ann.post('/booking/series', { start: at, count: 4, session_type: 'visit' }),
      201,
    );
    const ids = appointments.map(({ id }) => id);
    assert.deepEqual(Object.keys(await files(4)).sort(), ids.map(file).sort());
    const to = later(at, 2 * WEEK + 180);
    assertStatus(await ann.put(`/booking/${ids[2]}/reschedule`, { start: to, scope: 'following' }), 200);
    const wanted = [at, later(at, WEEK), to, later(to, WEEK)];
    await until(
      'every date to be where it belongs',
      async () => {
        const texts = await Promise.all(ids.map((id) => server.get(file(id))));
        return texts.every((text, n) => text?.includes(`DTSTART:${compact(wanted[n])}`));
      },
      PATIENCE_MS,
    );
    // The coach deletes one by hand: that date alone is off, also where the first look of all comes within a second.
    stack.database.run(`UPDATE bookingd.coach_calendar SET poll_due_at = now() + interval '1 hour'`);
    await server.delete(file(ids[1]));
    stack.database.run('UPDATE bookingd.coach_calendar SET sync_token = NULL');
    stack.database.run(
      `UPDATE bookingd.appointment SET updated_at = now() + interval '1 minute' WHERE id = '${ids[1]}'`,
    );
    await followed('the deleted date to be cancelled', async () => {
      const { body } = await ann.get(`/booking/${ids[1]}`);
      return body.status === 'cancelled';
    });
    assert.deepEqual((await server.list()).sort(), [ids[0], ids[2], ids[3]].map(file).sort());
    assertStatus(await ann.put(`/booking/${ids[0]}/cancel`, { scope: 'all' }), 200);
    await files(0);
  });

  t('guests are invited by us, not by the server; they come and go without a second event', async () => {
    const ann = stack.client(`ann-${server.name}`);
    const guest = `ben-${server.name}@guest.test`;
    const letters = (method) => (one) => one.calendar?.method === method && one.to[0] === guest;
    const made = assertStatus(
      await ann.post('/booking/create', { start: stack.slot(62), session_type: 'visit', guests: [guest] }),
      201,
    );
    assert.deepEqual(Object.keys(await files(1)), [file(made.id)]);
    const [invited] = await mail.wait(1, letters('REQUEST'));
    assert.equal(invited.calendar.uid, `${made.id.replaceAll('-', '')}@google.com`);
    assertStatus(await ann.put(`/booking/${made.id}/guests`, { guests: [] }), 200);
    await mail.wait(1, letters('CANCEL'));
    await stack.settled(ann, made.id, 'synced', PATIENCE_MS);
    assert.deepEqual(Object.keys(await files(1)), [file(made.id)]);
  });

  t('a place that the coach changes is in the event', async () => {
    const ann = stack.client('ann');
    const made = assertStatus(
      await ann.post('/booking/create', { start: stack.slot(63), session_type: 'visit' }),
      201,
    );
    await stack.settled(ann, made.id, 'synced', PATIENCE_MS);
    const place = async (meeting, pattern) => {
      assertStatus(await coach.put(`/booking/${made.id}/meeting`, meeting), 200);
      await files(1, (text) => pattern.test(text));
    };
    await place(
      { kind: 'in_person', address: 'Hauptstraße 1; 2nd floor, Zürich' },
      /LOCATION:Hauptstraße 1\\; 2nd floor\\, Zürich/,
    );
    await place(
      { kind: 'link', url: 'https://meet.example.org/{id}' },
      new RegExp(`LOCATION:https://meet\\.example\\.org/${made.id}`),
    );
    const text = (await files(1))[file(made.id)];
    assert.equal(text.match(/LOCATION/g).length, 1);
    assert.doesNotMatch(text, /Hauptstraße/);
  });
}
