// Appointments in a coach's calendar on real CalDAV servers: written once, followed, and never announced by the server.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { between, PASSWORD, USER } from '../harness/caldav.mjs';
import { sleep, until } from '../harness/child.mjs';
import { assertStatus, later } from '../harness/expect.mjs';
import { startStack } from '../harness/stack.mjs';

export const KEY = { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
export let stack, coach, ann;
before(async () => {
  stack = await startStack({ env: { ...KEY, CALENDAR_ALLOW_PRIVATE: '1' } });
  coach = stack.coach();
  ann = stack.client('ann');
});
after(() => stack.stop());

export const compact = (text) => text.replace(/[-:]/g, '');
export const name = (id) => `${id.replaceAll('-', '')}.ics`;
export const connect = async (url, more = {}) =>
  assertStatus(
    await coach.post('/coach/damian/calendars', {
      kind: 'caldav',
      url,
      user: USER,
      password: PASSWORD,
      write: true,
      ...more,
    }),
    201,
  );
export const book = async (n) =>
  assertStatus(await ann.post('/booking/create', { start: stack.slot(n) }), 201);
export const synced = (id) => stack.settled(ann, id, 'synced', 60_000);
const starts = async () =>
  assertStatus(await stack.client('bob').get('/booking/availability'), 200).slots.map(({ start }) => start);
/** The next look for the coach's own changes is due now; without this it comes within half a minute. */
const lookNow = () => stack.database.run('UPDATE bookingd.coach_calendar SET poll_due_at = now()');
/** Waits until the appointment is as `good` wants it, looking all the time. */
const followed = (id, what, good) =>
  until(
    what,
    async () => {
      const { body } = await ann.get(`/booking/${id}`);
      if (good(body)) return body;
      lookNow();
      return false;
    },
    60_000, // both sides agree within that
  );

/** Waits for a whole look: the first to end may have begun before. */
async function looked() {
  for (let i = 0; i < 2; i++) {
    const since = stack.database.value('SELECT clock_timestamp()');
    const after = `SELECT count(*) FROM bookingd.coach_calendar WHERE synced_at > '${since}'`;
    await until(
      'a look',
      () => {
        lookNow();
        return stack.database.value(after) > 0;
      },
      60_000,
    );
  }
}
/** The headers that a request sent on by hand needs. */
const only = (headers) =>
  Object.fromEntries(
    ['if-match', 'if-none-match', 'content-type']
      .filter((key) => headers[key])
      .map((key) => [key, headers[key]]),
  );

/** Minutes that a zone is ahead of UTC then. */
function offset(zone, at) {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(
    new Date(at),
  );
  const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(
    parts.find(({ type }) => type === 'timeZoneName').value,
  );
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** All that holds with any server: what is to be tried with the one that `start` starts. */
export function writtenTo(start) {
  const title = start.name.replace('start', '');
  let server, proxy, calendar;
  let answer = () => false;
  const setUp = async () => {
    server = await start();
    answer = () => false;
    proxy = await between(server, (...all) => answer(...all));
    calendar = await connect(proxy.url);
  };
  const tearDown = async () => {
    assertStatus(await coach.delete(`/coach/damian/calendars/${calendar.id}`), 204);
    await proxy.stop();
    await server.stop();
    stack.database.run('DELETE FROM bookingd.appointment');
  };
  const t = (what, body) =>
    test(`${title}: ${what}`, async () => {
      await setUp();
      try {
        await body();
      } finally {
        await tearDown();
      }
    });

  t(
    'booked, moved and cancelled there, with the UID for life and nobody whom the server could mail',
    async () => {
      assert.equal(calendar.write, true);
      // As a proxy that compresses what passes: the ETag becomes a weak one, which If-Match does not take.
      answer = (request, response) => {
        if (request.method !== 'GET' || !/gzip/.test(request.headers['accept-encoding'])) return false;
        server.request('GET', request.url).then(({ status, headers, text: file }) => {
          response.writeHead(status, { etag: `W/${headers.etag}` }).end(file);
        });
        return true;
      };
      const { id } = await book(60);
      await synced(id);
      assert.deepEqual(await server.list(), [name(id)]);
      const text = await server.get(name(id));
      assert.match(text, new RegExp(`UID:${id.replaceAll('-', '')}@google.com`));
      assert.match(text, /SUMMARY:Coaching session: .*Name of ann/);
      assert.match(text, new RegExp(`DTSTART:${compact(stack.slot(60))}`));
      assert.match(text, new RegExp(`DTEND:${compact(later(stack.slot(60), 30))}`));
      assert.doesNotMatch(text, /ATTENDEE|ORGANIZER|METHOD|&amp;/);
      // What the coach adds stays.
      const own = [
        'COMMENT:bring the file',
        'ATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT=TENTATIVE;CN=Col:mailto:col@practice.test',
        'SUMMARY:Ann\\, by hand',
        'CATEGORIES:red',
        'BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:mine\r\nTRIGGER:-PT7M\r\nEND:VALARM',
      ];
      await server.put(
        name(id),
        text
          .replace(/SUMMARY:.*(\r?\n .*)*\r?\n/, '')
          .replace('DESCRIPTION:', 'DESCRIPTION:Mine & yours\\; first\\n')
          .replace('END:VEVENT', `${own.join('\r\n')}\r\nEND:VEVENT`),
      );
      assertStatus(await ann.put(`/booking/${id}/reschedule`, { start: stack.slot(64) }), 200);
      await synced(id);
      await stays();
      assertStatus(
        await coach.put(`/booking/${id}/meeting`, { kind: 'in_person', address: 'Old Street 1' }),
        200,
      );
      await synced(id);
      const moved = await stays();
      assert.match(moved, /LOCATION:Old Street 1/);
      assert.match(moved, /DESCRIPTION:Mine & yours\\; first\\nClient: [^]*\\nAddress: Old Street 1\\n/);
      assert.equal(moved.match(/Client: /g).length, 1);
      async function stays() {
        const now = (await server.get(name(id))).replaceAll(/\r?\n /g, '').replaceAll(/\r?\n/g, '\r\n');
        for (const line of own.filter((one) => !one.startsWith('ATTENDEE')))
          assert.ok(now.includes(line), `${line} in ${now}`);
        const [guest] = /^ATTENDEE.*mailto:col@practice.test/m.exec(now);
        assert.match(guest, /PARTSTAT=TENTATIVE/);
        assert.equal(now.match(/^SUMMARY/gm).length, 1);
        return now;
      }
      assert.match(moved, new RegExp(`DTSTART:${compact(stack.slot(64))}`));
      assert.equal(moved.match(/DTSTART/g).length, 1);
      assert.deepEqual(await server.list(), [name(id)]);
      // Our own event does not block what it is about, nor the place it was moved from.
      assertStatus(await coach.post(`/coach/damian/calendars/${calendar.id}/refresh`, {}), 200);
      const times = await starts();
      assert.ok(times.includes(stack.slot(60)) && !times.includes(stack.slot(64)));
      assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
      await synced(id);
      assert.deepEqual(await server.list(), []);
      assert.ok((await starts()).includes(stack.slot(64)));
    },
  );

  t("the coach's own changes are followed: moved, made a whole day, deleted", async () => {
    const { id } = await book(60);
    await synced(id);
    const text = await server.get(name(id));
    const [from, to] = [stack.slot(70), later(stack.slot(70), 30)];
    await server.put(
      name(id),
      text
        .replace(
          /DTSTART:\w+/,
          `DTSTART;TZID=Europe/Berlin:${compact(later(from, offset('Europe/Berlin', from)))}`,
        )
        .replace(/DTEND:\w+/, `DTEND;TZID=Europe/Berlin:${compact(later(to, offset('Europe/Berlin', to)))}`)
        .replaceAll(/(Berlin:\w+)Z/g, '$1'),
    );
    const moved = await followed(id, 'the move to be followed', (body) => body.start === from);
    assert.deepEqual([moved.status, moved.end, moved.calendar.state], ['scheduled', to, 'synced']);
    const day = compact(from).slice(0, 8);
    await server.put(
      name(id),
      text.replace(/DTSTART:\w+/, `DTSTART;VALUE=DATE:${day}`).replace(/DTEND:\w+\r?\n/, ''),
    );
    await followed(id, 'the conflict to be told', (body) => body.calendar.state === 'conflict');
    await server.delete(name(id));
    await followed(id, 'the deletion to be followed', (body) => body.status === 'cancelled');
    assert.deepEqual(await server.list(), []);
  });

  t('deleted before anybody looked: the session is cancelled all the same', async () => {
    await looked();
    stack.database.run(`UPDATE bookingd.coach_calendar SET poll_due_at = now() + interval '1 hour'`);
    const [stays, goes] = [await book(60), await book(62)];
    for (const { id } of [stays, goes]) await synced(id);
    await server.delete(name(goes.id));
    await followed(goes.id, 'the deletion to be followed', (body) => body.status === 'cancelled');
    assert.equal((await synced(stays.id)).status, 'scheduled');
    assert.deepEqual(await server.list(), [name(stays.id)]);
  });

  t('a file that is not found for a moment is no deletion', async () => {
    const { id } = await book(60);
    await synced(id);
    let missed = 0;
    answer = (request, response) => {
      if (request.method !== 'GET' || !request.url.endsWith(name(id)) || missed++) return false;
      response.writeHead(404).end();
      return true;
    };
    // What was written since the look before is asked for by its name, but for the last ten seconds.
    await followed(id, 'the file to be asked for', () => missed > 0);
    await looked();
    assert.equal((await synced(id)).status, 'scheduled');
    assert.deepEqual(await server.list(), [name(id)]);
  });

  t('trouble for a moment is no forgotten token: what was deleted stays so', async () => {
    const { id: stays } = await book(58);
    await synced(stays);
    for (const [n, status, asks] of [
      [60, 500, 'token'],
      [62, 507, 'token'],
      [64, 404, 'token'],
      [66, 500, 'REPORT'],
      [68, 403, 'REPORT'],
    ]) {
      const { id } = await book(n);
      await synced(id);
      await looked();
      let troubled = 0;
      answer = (request, response, body) => {
        const has = /<sync-token>[^<]/.test(body);
        const meant = asks === 'token' ? has && !troubled : request.method === 'REPORT' && troubled < 2;
        if (!meant) return false;
        // Deleted only now, or a look that is under way would find it before there is trouble.
        const deleted = troubled++ === 0 ? server.delete(name(id)) : Promise.resolve();
        deleted.then(() => response.writeHead(status).end('<error xmlns="DAV:"/>'));
        return true;
      };
      await followed(id, `the deletion beside a ${status}`, (body) => body.status === 'cancelled');
      answer = () => false;
    }
    assert.equal((await synced(stays)).status, 'scheduled');
    assert.deepEqual(await server.list(), [name(stays)]);
  });

  t('a lost reply leads to one event, and a second look tells what came of it', async () => {
    for (const method of ['PUT', 'DELETE']) {
      let lost = 0;
      answer = (request, response, body) => {
        if (request.method !== method || lost++) return false;
        // It is carried out, and nobody hears of it.
        server
          .request(method, request.url, { body: body || undefined, headers: only(request.headers) })
          .then(() => response.destroy());
        return true;
      };
      const { id } = await book(60);
      if (method === 'DELETE') {
        await synced(id);
        assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
      }
      await synced(id);
      assert.ok(lost >= 1);
      assert.deepEqual(await server.list(), method === 'PUT' ? [name(id)] : []);
      if (method === 'PUT') {
        // The same for a move.
        lost = 0;
        assertStatus(await ann.put(`/booking/${id}/reschedule`, { start: stack.slot(66) }), 200);
        await synced(id);
        assert.match(await server.get(name(id)), new RegExp(`DTSTART:${compact(stack.slot(66))}`));
        assert.deepEqual(await server.list(), [name(id)]);
        assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
        await synced(id);
      }
    }
  });

  t('killed between the write and its note: one event, and both sides agree', async () => {
    let written;
    const reached = new Promise((resolve) => (written = resolve));
    answer = (request, response, body) => {
      if (request.method !== 'PUT') return false;
      server
        .request('PUT', request.url, { body, headers: only(request.headers) })
        .then(({ status }) => written(status)); // no reply ever
      return true;
    };
    const asked = ann.post('/booking/create', { start: stack.slot(60) }).catch(() => null);
    assert.equal(await reached, 201);
    stack.daemon.kill();
    await asked;
    answer = () => false;
    await stack.daemon.restart();
    const id = stack.database.value(`SELECT id FROM bookingd.appointment WHERE status = 'scheduled'`);
    await synced(id);
    assert.deepEqual(await server.list(), [name(id)]);
    assert.match(await server.get(name(id)), new RegExp(`DTSTART:${compact(stack.slot(60))}`));
  });

  t('while the server is away what is owed waits, and is paid when it is back', async () => {
    let refusal = 503;
    answer = (request, response) => {
      response.writeHead(refusal).end();
      return true;
    };
    const { id } = await book(60);
    const status = await until('the trouble to be told', async () => {
      const reply = assertStatus(await coach.get('/coach/damian/google'), 200);
      return reply.state === 'backing_off' && reply;
    });
    assert.equal(status.mode, 'caldav');
    assert.match(status.detail, /calendar's server answers with an error \(503\)/);
    assert.ok(status.pending >= 1);
    refusal = 507;
    await until('what it lacks to be told', async () =>
      /has no room left/.test((await coach.get('/coach/damian/google')).body.detail),
    );
    // A conflict may say that there is no such calendar, and whether there is one it cannot say just now.
    answer = ({ method }, response) => {
      if (method === 'PUT') response.writeHead(409).end();
      else if (method === 'PROPFIND') response.writeHead(503).end();
      return response.writableEnded;
    };
    await until('its own trouble to be told', async () =>
      /answers with an error \(503\)/.test((await coach.get('/coach/damian/google')).body.detail),
    );
    assert.deepEqual(await server.list(), []);
    answer = () => false;
    await synced(id);
    assert.deepEqual(await server.list(), [name(id)]);
  });

  t('moved to another address of the server, from which it redirects: written on', async () => {
    let moved = false;
    answer = (request, response) => {
      if (!moved) return false;
      if (!request.url.startsWith('/new/')) response.writeHead(301, { location: `/new${request.url}` }).end();
      else request.url = request.url.slice('/new'.length);
      return response.writableEnded;
    };
    const first = await book(60);
    await synced(first.id);
    moved = true;
    const { id } = await book(62);
    await synced(id);
    assertStatus(await ann.put(`/booking/${first.id}/reschedule`, { start: stack.slot(64) }), 200);
    await synced(first.id);
    assert.match(await server.get(name(first.id)), new RegExp(`DTSTART:${compact(stack.slot(64))}`));
    assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
    await synced(id);
    assert.deepEqual(await server.list(), [name(first.id)]);
  });

  t('a proxy that makes every ETag a weak one: what was booked can be moved', async () => {
    answer = (request, response, body) => {
      if (request.headers['if-match']?.startsWith('W/')) response.writeHead(412).end();
      else if (!['GET', 'PUT'].includes(request.method)) return false;
      else
        server
          .request(request.method, request.url, { body: body || undefined, headers: only(request.headers) })
          .then(({ status, headers: { etag }, text }) =>
            response.writeHead(status, etag ? { etag: `W/${etag}` } : {}).end(text),
          );
      return true;
    };
    const { id } = await book(60);
    await synced(id);
    assertStatus(await ann.put(`/booking/${id}/reschedule`, { start: stack.slot(64) }), 200);
    await synced(id);
    assert.match(await server.get(name(id)), new RegExp(`DTSTART:${compact(stack.slot(64))}`));
  });

  // Cyrus keeps its only calendar.
  if (title !== 'Cyrus') {
    t('booked while the calendar is deleted: written once it is there again', async () => {
      const { status } = await server.request('DELETE', server.calendar);
      assert.equal(Math.floor(status / 100), 2);
      const { id } = await book(60);
      await until('the trouble to be told', async () =>
        /is not there any more/.test((await coach.get('/coach/damian/google')).body.detail),
      );
      assert.equal((await ann.get(`/booking/${id}`)).body.calendar.state, 'pending');
      assert.equal((await server.request('MKCALENDAR', server.calendar)).status, 201);
      await synced(id);
      assert.deepEqual(await server.list(), [name(id)]);
    });

    for (const [says, status, ms] of [
      ['', 0, 0],
      [', though its server has but a 500 for what it forgot', 500, 0],
      // Half a minute of waiting, and the server only passes it on.
      ...(title === 'Xandikos' ? [[', and is slow to say so', 500, 1900]] : []),
    ])
      t(
        `deleted and made anew: nobody is cancelled by that, and what it lacks is written again${says}`,
        async () => {
          const ids = [(await book(60)).id, (await book(62)).id];
          for (const id of ids) await synced(id);
          await looked();
          const former = stack.database.value('SELECT sync_token FROM bookingd.coach_calendar');
          assert.ok(former);
          answer = async (request, response, body) => {
            if (['REPORT', 'PROPFIND'].includes(request.method)) await sleep(ms);
            if (!status || !body.includes(former)) return false;
            response.writeHead(status).end();
            return true;
          };
          await server.request('DELETE', server.calendar);
          assert.equal((await server.request('MKCALENDAR', server.calendar)).status, 201);
          await until(
            'the events',
            async () => {
              lookNow();
              return (await server.list()).length === ids.length;
            },
            60_000,
          );
          for (const id of ids) assert.equal((await synced(id)).status, 'scheduled');
          answer = () => false; // where tokens are made of what is there, it has the former one again by now
          await looked(); // what is gone in a look that began before is written again
          await server.delete(name(ids[0]));
          await followed(ids[0], 'the deletion to be followed', (body) => body.status === 'cancelled');
          assert.deepEqual(await server.list(), [name(ids[1])]);
        },
      );
  }
}
