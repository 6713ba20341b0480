// A coach's calendars on real CalDAV servers, read for busy times.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { between, PASSWORD, SERVERS, USER } from '../harness/caldav.mjs';
import { until } from '../harness/child.mjs';
import { assertProblem, assertStatus, later } from '../harness/expect.mjs';
import { startStack } from '../harness/stack.mjs';

const KEY = { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
let stack, coach;
before(async () => {
  stack = await startStack({ env: { ...KEY, CALENDAR_ALLOW_PRIVATE: '1' } });
  coach = stack.coach();
});
after(() => stack.stop());

const compact = (text) => text.replace(/[-:]/g, '');
const event = (uid, start, minutes, more = '') =>
  `BEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Private\r\nDTSTART:${compact(start)}\r\n` +
  `DTEND:${compact(later(start, minutes))}\r\n${more}END:VEVENT\r\n`;
const file = (...events) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\n${events.join('')}END:VCALENDAR\r\n`;
const add = (url, more = {}) =>
  coach.post('/coach/damian/calendars', { kind: 'caldav', url, user: USER, password: PASSWORD, ...more });
const refresh = async (id) =>
  assertStatus(await coach.post(`/coach/damian/calendars/${id}/refresh`, {}), 200);
const remove = async (id) => assertStatus(await coach.delete(`/coach/damian/calendars/${id}`), 204);
const starts = async () =>
  assertStatus(await stack.client('ann').get('/booking/availability'), 200).slots.map(({ start }) => start);

for (const start of SERVERS) {
  const name = start.name.replace('start', '');
  test(`${name}: from the bare host name all calendars are found, and what changes in them is followed`, async () => {
    const server = await start();
    try {
      await server.put('one.ics', file(event('one', stack.slot(60), 30)));
      const made = assertStatus(await add(server.url, { name: 'Work' }), 201);
      assert.deepEqual([made.kind, made.state, made.detail, made.events], ['caldav', 'ok', null, 1]);
      assert.ok(!(await starts()).includes(stack.slot(60)));
      assertProblem(
        await stack.client('ann').post('/booking/create', { start: stack.slot(60) }),
        409,
        'calendar_busy',
      );
      // New, moved, gone.
      await server.put('two words@é.ics', file(event('two', stack.slot(70), 30)));
      assert.equal((await refresh(made.id)).events, 2);
      assert.ok(!(await starts()).includes(stack.slot(70)));
      await server.put('one.ics', file(event('one', stack.slot(64), 30)));
      await server.delete('two words@é.ics');
      assert.equal((await refresh(made.id)).events, 1);
      const times = await starts();
      for (const free of [60, 70]) assert.ok(times.includes(stack.slot(free)), `${free}`);
      assert.ok(!times.includes(stack.slot(64)));
      await server.delete('one.ics');
      const empty = await refresh(made.id);
      assert.deepEqual([empty.state, empty.events], ['ok', 0]);
      assert.ok((await starts()).includes(stack.slot(64)));
      await remove(made.id);
    } finally {
      await server.stop();
    }
  });

  test(`${name}: a weekly event with an exception and a moved instance blocks just those times`, async () => {
    const server = await start();
    try {
      const weekly = stack.slot(58);
      const week = 7 * 24 * 60;
      await server.put(
        'weekly.ics',
        file(
          event(
            'weekly',
            weekly,
            30,
            `RRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE:${compact(later(weekly, week))}\r\n`,
          ),
          event(
            'weekly',
            later(weekly, 2 * week + 120),
            30,
            `RECURRENCE-ID:${compact(later(weekly, 2 * week))}\r\n`,
          ),
        ),
      );
      const made = assertStatus(await add(server.url), 201);
      const times = await starts();
      assert.ok(!times.includes(weekly));
      assert.ok(times.includes(later(weekly, week)), 'left out');
      assert.ok(times.includes(later(weekly, 2 * week)), 'moved away');
      assert.ok(!times.includes(later(weekly, 2 * week + 120)), 'moved to');
      assert.ok(!times.includes(later(weekly, 3 * week)));
      await remove(made.id);
    } finally {
      await server.stop();
    }
  });

  test(`${name}: after trouble with the token everything is read again`, async () => {
    const server = await start();
    const statuses = [403, 409, 500, 507];
    let trouble = null;
    const proxy = await between(server, (request, response, body) => {
      const has = /<sync-token>[^<]/.test(body);
      if (trouble && has) response.writeHead(trouble).end('<error xmlns="DAV:"><valid-sync-token/></error>');
      return Boolean(trouble && has);
    });
    try {
      await server.put('one.ics', file(event('one', stack.slot(60), 30)));
      const { id } = assertStatus(await add(proxy.url), 201);
      for (const status of statuses) {
        trouble = status;
        await server.put(`more-${status}.ics`, file(event(`more-${status}`, stack.slot(62), 30)));
        const read = await refresh(id);
        assert.deepEqual([read.state, read.events], ['ok', statuses.indexOf(status) + 2], `${status}`);
      }
      trouble = null;
      // A token that the server itself never gave: 403 or, at Xandikos, 500.
      stack.database.run(
        `UPDATE bookingd.busy_source SET collections = jsonb_set(collections, '{0,token}', '"urn:uuid:strange"')`,
      );
      await server.delete('one.ics');
      assert.equal((await refresh(id)).events, statuses.length);
      assert.ok((await starts()).includes(stack.slot(60)));
      await remove(id);
    } finally {
      await proxy.stop();
      await server.stop();
    }
  });

  test(`${name}: where a server has no sync-collection, etags tell what changed`, async () => {
    const server = await start();
    const proxy = await between(server, (request, response, body) => {
      if (!body.includes('sync-collection')) return false;
      response.writeHead(501).end();
      return true;
    });
    try {
      await server.put('one.ics', file(event('one', stack.slot(60), 30)));
      await server.put('two.ics', file(event('two', stack.slot(66), 30)));
      const { id } = assertStatus(await add(proxy.url), 201);
      assert.ok(!(await starts()).includes(stack.slot(66)));
      await server.put('one.ics', file(event('one', stack.slot(64), 30)));
      await server.delete('two.ics');
      proxy.seen.length = 0;
      assert.equal((await refresh(id)).events, 1);
      const got = proxy.seen.filter(({ body }) => body.includes('calendar-multiget'));
      assert.equal(got.length, 1, 'only what changed is read');
      const times = await starts();
      for (const free of [60, 66]) assert.ok(times.includes(stack.slot(free)), `${free}`);
      assert.ok(!times.includes(stack.slot(64)));
      proxy.seen.length = 0;
      await refresh(id);
      assert.ok(!proxy.seen.some(({ body }) => body.includes('calendar-multiget')), 'nothing changed');
      await remove(id);
    } finally {
      await proxy.stop();
      await server.stop();
    }
  });
}

test('a calendar by its own address is the only one that is read', async () => {
  const server = await SERVERS[0]();
  try {
    await server.request('MKCALENDAR', '/ana/family/');
    await server.put('one.ics', file(event('one', stack.slot(60), 30)));
    await server.request('PUT', '/ana/family/two.ics', { body: file(event('two', stack.slot(62), 30)) });
    const one = assertStatus(await add(`${server.url}/ana/family/`), 201);
    assert.equal(one.events, 1);
    assert.ok((await starts()).includes(stack.slot(60)));
    const all = assertStatus(await add(server.url), 201);
    assert.equal(all.events, 2);
    assert.ok(!(await starts()).includes(stack.slot(60)));
    await remove(one.id);
    await remove(all.id);
  } finally {
    await server.stop();
  }
});

test('a change is followed without anybody asking, and a server that is gone makes its coach unavailable', async () => {
  const server = await SERVERS[0]();
  let stopped = false;
  try {
    const { id } = assertStatus(await add(server.url, { name: 'Office' }), 201);
    await server.put('one.ics', file(event('one', stack.slot(60), 30)));
    await until('the event to be read', async () => !(await starts()).includes(stack.slot(60)), 120_000);
    await server.stop();
    stopped = true;
    const failing = await refresh(id);
    assert.equal(failing.state, 'failing');
    assert.match(failing.detail, /cannot be reached/);
    assert.ok(!(await starts()).includes(stack.slot(60)), 'what is known is kept for five minutes');
    stack.database.run(`UPDATE bookingd.busy_source SET last_success_at = now() - interval '301 seconds'`);
    await until('the five minutes to be over', async () => {
      const { status } = await stack.client('ann').get('/booking/availability');
      return status === 503;
    });
    const { reasons } = assertStatus(await coach.get(`/coach/damian/explain?start=${stack.slot(61)}`), 200);
    assert.match(reasons.find(({ rule }) => rule === 'calendar_unavailable').detail, /Office/);
    await remove(id);
  } finally {
    if (!stopped) await server.stop();
  }
});

test('a wrong password is told, and no password is kept or logged in the clear', async () => {
  const server = await SERVERS[0]();
  try {
    const wrong = assertStatus(await add(server.url, { password: 'wrong-password-0815' }), 201);
    assert.equal(wrong.state, 'failing');
    assert.match(wrong.detail, /name and password \(401\).*app password/);
    await remove(wrong.id);
    const { id } = assertStatus(await add(server.url), 201);
    const dump = stack.database.dump();
    for (const secret of [PASSWORD, 'wrong-password-0815']) {
      assert.ok(!dump.includes(secret), 'sealed at rest');
      assert.ok(!stack.daemon.log.some((line) => line.includes(secret)), 'not logged');
    }
    assert.ok(
      !JSON.stringify(assertStatus(await coach.get('/coach/damian/calendars'), 200)).includes(PASSWORD),
    );
    await remove(id);
  } finally {
    await server.stop();
  }
});

test('a password goes to the domain of its address only', async () => {
  const seen = [];
  const thief = http.createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  await new Promise((ready) => thief.listen(0, '127.0.0.1', ready));
  const away = `http://localhost:${thief.address().port}/`;
  const server = await SERVERS[0]();
  const proxy = await between(server, (request, response) => {
    response.writeHead(302, { location: away }).end();
    return true;
  });
  const liar = await between(server, (request, response) => {
    response
      .writeHead(207, { 'content-type': 'application/xml' })
      .end(
        `<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop><current-user-principal><href>${away}` +
          `</href></current-user-principal></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`,
      );
    return true;
  });
  try {
    for (const { url } of [proxy, liar]) {
      const made = assertStatus(await add(url), 201);
      assert.equal(made.state, 'failing');
      await remove(made.id);
    }
    assert.deepEqual(seen, []);
  } finally {
    await proxy.stop();
    await liar.stop();
    await server.stop();
    thief.close();
  }
});

test('a wish that makes no sense is refused with its field', async () => {
  for (const [body, field] of [
    [{ kind: 'caldav', url: 'example.org', password: 'x' }, 'user'],
    [{ kind: 'caldav', url: 'example.org', user: 'x' }, 'password'],
    [{ kind: 'caldav', url: 'example.org', user: 'x\ny', password: 'x' }, 'user'],
    [{ kind: 'caldav', url: 'example.org', user: 'x', password: 'x\ny' }, 'password'],
    [{ kind: 'caldav', url: 'example.org', user: 'é'.repeat(300), password: 'x' }, 'user'],
    [{ kind: 'caldav', url: 'ftp://example.org', user: 'x', password: 'x' }, 'url'],
    [{ kind: 'caldav', url: 'https://', user: 'x', password: 'x' }, 'url'],
    [{ kind: 'ical', url: 'https://example.org/x', user: 'x' }, 'user'],
    [{ kind: 'ical', url: 'https://example.org/x', password: 'x' }, 'password'],
    [{ kind: 'exchange', url: 'https://example.org/x' }, 'kind'],
  ])
    assertProblem(await coach.post('/coach/damian/calendars', body), 422, 'invalid_field', field);
});
