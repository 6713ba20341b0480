// The running server held against its own OpenAPI document: every call, its statuses, its replies member by member.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack, document;
before(async () => {
  stack = await startStack({
    google: 'delegated',
    document: openSchedule({ buffer_after_minutes: 5 }),
    env: {
      MAIL_URL: 'smtp://127.0.0.1:1',
      MAIL_FROM: 'bookings@coach.test',
      CALENDAR_STALE_SECONDS: '0',
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    },
  });
  document = (await stack.stranger().get('/openapi.json')).body;
});
after(() => stack.stop());

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const FORMATS = {
  'date-time': INSTANT,
  date: /^\d{4}-\d\d-\d\d$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  email: /^[^@]+@[^@]+$/,
  uri: /^https?:\/\//,
};

const typeOf = (value) => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
};

/**
 * What of `value` the schema does not allow, as lines. In a reply (`closed`) an object may have no members that the
 * schema does not name; in a body it may unless the schema says otherwise.
 */
function faults(value, schema, { at = '$', closed = true } = {}) {
  if (schema.$ref)
    return faults(value, document.components.schemas[schema.$ref.split('/').at(-1)], { at, closed });
  if (schema.anyOf) {
    const each = schema.anyOf.map((one) => faults(value, one, { at, closed }));
    return each.find((found) => !found.length) ?? each[0];
  }
  const types = [schema.type ?? []].flat();
  const type = typeOf(value);
  if (types.length && !types.includes(type)) return [`${at} is ${type}, not ${types}`];
  const found = [];
  const within = (size, least = -Infinity, most = Infinity) => {
    if (size < least || size > most) found.push(`${at} has ${size}, not ${least} to ${most}`);
  };
  if (schema.enum && !schema.enum.includes(value)) found.push(`${at} is ${value}, not one of ${schema.enum}`);
  if (type === 'integer') within(value, schema.minimum, schema.maximum);
  if (type === 'string') {
    if (schema.format && !FORMATS[schema.format].test(value))
      found.push(`${at} is ${value}, no ${schema.format}`);
    if (schema.pattern && !new RegExp(schema.pattern).test(value))
      found.push(`${at} is ${value}, which is none`);
    within([...value].length, schema.minLength, schema.maxLength);
  }
  if (type === 'array') {
    within(value.length, schema.minItems, schema.maxItems);
    if (schema.uniqueItems && new Set(value).size < value.length) found.push(`${at} has something twice`);
    for (const [i, item] of value.entries())
      found.push(...faults(item, schema.items, { at: `${at}[${i}]`, closed }));
  }
  if (type === 'object') {
    const { properties = {}, required = [], additionalProperties = !closed } = schema;
    for (const name of required) if (!(name in value)) found.push(`${at}.${name} is missing`);
    for (const name of Object.keys(value))
      if (name in properties)
        found.push(...faults(value[name], properties[name], { at: `${at}.${name}`, closed }));
      else if (!additionalProperties) found.push(`${at}.${name} is not in the document`);
  }
  return found;
}

const schemaOf = (operation) => operation.requestBody.content['application/json']?.schema;

const called = new Set();

/** Makes a call of the document and holds the reply against it. */
async function call(client, method, template, { path = {}, query = '', body, headers, status } = {}) {
  const operation = document.paths[template]?.[method.toLowerCase()];
  assert.ok(operation, `${method} ${template} is not in the document`);
  called.add(`${method} ${template}`);
  const address = template.replace(/\{(\w+)\}/g, (_, name) => path[name]);
  const asked = operation.parameters
    .filter((one) => one.in === 'header')
    .map(({ name }) => name.toLowerCase());
  for (const name of ['idempotency-key', 'if-match', 'if-none-match'])
    if (headers?.[name]) assert.ok(asked.includes(name), `${method} ${template} takes ${name}`);
  const reply = await client.request(method, address + query, body, headers);
  if (status) assert.equal(reply.status, status, `${method} ${address}: ${reply.text}`);
  const good = reply.status < 400;
  if (good)
    assert.ok(
      operation.responses[reply.status],
      `${method} ${template}: ${reply.status} is not in the document`,
    );
  const { content, headers: told = {} } = operation.responses[good ? reply.status : 'default'];
  for (const name of ['ETag', 'Location', 'Retry-After', 'Idempotent-Replayed']) {
    const value = reply.headers[name.toLowerCase()];
    if (value !== undefined) assert.ok(told[name], `${method} ${template}: ${reply.status} has ${name}`);
    else assert.ok(!told[name]?.required, `${method} ${template}: ${reply.status} has no ${name}`);
  }
  if (reply.status === 304) return reply;
  const sent = reply.headers['content-type'] ?? '';
  const type = Object.keys(content ?? {}).find((one) => sent.startsWith(one));
  assert.ok(type || (!sent && !content), `${method} ${template}: ${reply.status} is ${sent || 'nothing'}`);
  if (reply.body && content[type].schema)
    assert.deepEqual(faults(reply.body, content[type].schema), [], `${method} ${template}: ${reply.text}`);
  const taken = operation.requestBody?.content;
  if (body !== undefined && good)
    assert.ok(taken?.[headers?.['content-type'] ?? 'application/json'], `${method} ${template} takes a body`);
  if (body && good && taken['application/json'])
    assert.deepEqual(faults(body, schemaOf(operation), { closed: false }), [], 'what was sent');
  return reply;
}

test('the document is whole: every reference leads somewhere, every path parameter is told', () => {
  const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g);
  for (const reference of new Set(references))
    assert.ok(document.components.schemas[reference.split('/').at(-1)], reference);
  const used = new Set(references.map((reference) => reference.split('/').at(-1)));
  for (const name of Object.keys(document.components.schemas))
    assert.ok(used.has(name), `${name} is of no use`);
  for (const [path, operations] of Object.entries(document.paths))
    for (const { parameters, responses, summary, security } of Object.values(operations)) {
      const told = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      assert.deepEqual(
        told,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        path,
      );
      assert.ok(summary && responses.default && Array.isArray(security), path);
    }
});

test('no reply of the document has a session_id or metrics: the first home’s page takes them for its own', () => {
  const named = (schema, seen = new Set()) => {
    if (!schema || seen.has(schema)) return [];
    seen.add(schema);
    const inside = schema.$ref && document.components.schemas[schema.$ref.split('/').pop()];
    return [
      ...Object.keys(schema.properties ?? {}),
      ...[inside, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap((one) =>
        named(one, seen),
      ),
    ];
  };
  let walked = 0;
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, { responses }] of Object.entries(operations))
      for (const [status, { content }] of Object.entries(responses))
        for (const { schema } of Object.values(content ?? {})) {
          walked++;
          for (const name of ['session_id', 'metrics'])
            assert.ok(!named(schema).includes(name), `${method} ${path} ${status}: ${name}`);
        }
  assert.ok(walked > 100, String(walked));
});

test('each list takes the limits of the document and none beyond, and what is required is required', async () => {
  const admin = stack.admin();
  const path = { coach: 'damian', user_id: 'me', id: '00000000-0000-4000-8000-000000000000' };
  const start = stack.slot(1);
  let lists = 0;
  for (const [template, { get }] of Object.entries(document.paths)) {
    const limit = get?.parameters.find(({ name }) => name === 'limit')?.schema;
    if (!limit) continue;
    lists++;
    const address = template.replace(/\{(\w+)\}/g, (_, name) => path[name]);
    for (const value of [limit.minimum, limit.default, limit.maximum])
      assert.notEqual((await admin.get(`${address}?limit=${value}`)).status, 400, `${address} ${value}`);
    for (const value of [limit.minimum - 1, limit.maximum + 1])
      assert.equal((await admin.get(`${address}?limit=${value}`)).body.field, 'limit', `${address} ${value}`);
  }
  assert.equal(lists, 7);
  const { parameters } = document.paths['/booking/series/preview'].get;
  const required = parameters.filter((one) => one.required).map(({ name }) => name);
  assert.deepEqual(required, ['start', 'count']);
  const without = await admin.get(`/booking/series/preview?start=${start}`);
  assert.deepEqual([without.status, without.body.field], [400, 'count']);
  const { 'x-who-may-call': who } = document.paths['/booking/hold'].post;
  assert.match(who, /PUBLIC_BOOKING/);
  const ofGoogle = document.paths['/oauth/google/callback'].get.parameters.find(
    ({ name }) => name === 'state',
  );
  assert.equal(ofGoogle.schema.enum, undefined);
});

test('every call answers as the document says', async () => {
  const [ann, coach, stranger] = [stack.client('ann'), stack.coach(), stack.stranger()];
  const damian = { coach: 'damian' };
  const created = {
    start: stack.slot(1),
    duration_minutes: 60,
    phone: '1',
    notes: 'x',
    time_zone: 'Asia/Tokyo',
  };
  const { body: made } = await call(ann, 'POST', '/booking/create', { body: created, status: 201 });
  const one = { path: { id: made.id } };
  await call(ann, 'POST', '/booking/create', { body: created, status: 200 });
  const { body: held } = await call(ann, 'POST', '/booking/hold', {
    body: { start: stack.slot(3) },
    status: 201,
  });
  await call(ann, 'GET', '/booking/{id}', { path: { id: held.id }, status: 200 });
  await call(ann, 'GET', '/booking/user/{user_id}', { path: { user_id: 'me' }, status: 200 });
  await call(ann, 'POST', '/booking/{id}/verify', {
    path: { id: held.id },
    body: { email: 'other@client.test', locale: 'fr' },
    status: 202,
  });
  await call(ann, 'PUT', '/booking/{id}/confirm', {
    path: { id: held.id },
    body: { name: 'Ann' },
    status: 200,
  });
  await call(ann, 'PUT', '/booking/{id}/reschedule', { ...one, body: { start: stack.slot(5) }, status: 200 });
  const { headers: seen } = await call(ann, 'GET', '/booking/availability', { status: 200 });
  const unchanged = { headers: { 'if-none-match': seen.etag }, status: 304 };
  await call(ann, 'GET', '/booking/availability', unchanged);
  const past = `?from=2020-01-01&to=2020-01-02`;
  const { body: empty } = await call(ann, 'GET', '/booking/availability', { query: past, status: 200 });
  assert.match(empty.next_available, INSTANT);
  await call(ann, 'PUT', '/booking/{id}/answers', { ...one, body: { answers: {} }, status: 200 });
  await call(coach, 'PUT', '/booking/{id}/coach-notes', { ...one, body: { coach_notes: 'x' }, status: 200 });
  await call(ann, 'GET', '/booking/availability', { query: `?rescheduling=${made.id}`, status: 200 });
  await call(ann, 'GET', '/booking/{id}/calendar.ics', { ...one, status: 200 });
  await call(ann, 'GET', '/booking/coaches', { status: 200 });
  await call(ann, 'GET', '/booking/{id}/notices', { ...one, status: 200 });
  await call(ann, 'POST', '/booking/{id}/notices', { ...one, body: { kind: 'confirmed' }, status: 202 });
  const me = { path: { user_id: 'me' } };
  await call(ann, 'GET', '/booking/user/{user_id}/notices', { ...me, status: 200 });
  await call(ann, 'PUT', '/booking/user/{user_id}/notices/read', { ...me, body: { up_to: 0 }, status: 200 });
  await call(ann, 'GET', '/booking/user/{user_id}/preferences', { ...me, status: 200 });
  await call(ann, 'PUT', '/booking/user/{user_id}/preferences', {
    ...me,
    body: { reminders: false },
    status: 200,
  });
  await call(ann, 'POST', '/booking/user/{user_id}/addresses', {
    ...me,
    body: { email: 'other@client.test' },
    status: 202,
  });
  await call(coach, 'GET', '/coach/{coach}/notices', { path: damian, status: 200 });
  await call(coach, 'DELETE', '/booking/{id}/suppression', { ...one, status: 204 });
  await call(stranger, 'POST', '/hooks/mail', { body: { token: 'x', event: 'delivered' }, status: 404 });
  const { body: told } = await call(coach, 'GET', '/coach/{coach}/events', { path: damian, status: 200 });
  const { body: hook } = await call(coach, 'POST', '/coach/{coach}/webhooks', {
    path: damian,
    body: { url: 'https://receiver.invalid/', types: [] },
    status: 201,
  });
  const its_hook = { path: { ...damian, id: hook.id } };
  await call(coach, 'GET', '/coach/{coach}/webhooks', { path: damian, status: 200 });
  await call(coach, 'PUT', '/coach/{coach}/webhooks/{id}', {
    ...its_hook,
    body: { types: ['appointment.moved'] },
    status: 200,
  });
  for (const what of ['secret', 'test', 'replay'])
    await call(coach, 'POST', `/coach/{coach}/webhooks/{id}/${what}`, {
      ...its_hook,
      status: what === 'secret' ? 200 : 202,
    });
  await call(coach, 'POST', '/coach/{coach}/webhooks/{id}/deliveries/{event}/retry', {
    path: { ...its_hook.path, event: told.events[0].id },
    status: 202,
  });
  await call(coach, 'GET', '/coach/{coach}/webhooks/{id}/deliveries', { ...its_hook, status: 200 });
  await call(coach, 'DELETE', '/coach/{coach}/webhooks/{id}', { ...its_hook, status: 204 });
  await call(stranger, 'GET', '/booking/sign-in', { status: 200 });
  await call(stranger, 'POST', '/booking/sign-in', { body: { email: 'ann@client.test' }, status: 202 });
  // A code whose digest we know: there is no mail to read it from.
  stack.database.run(`insert into bookingd.action_token (hash, purpose, email, page, nonce_hash, code_hash, expires_at)
    values (sha256('t'), 'sign_in', 'ann@client.test', 'booking', sha256('n'), sha256('n123456'), now() + interval '1 minute')`);
  const { body: signed } = await call(stranger, 'POST', '/booking/sign-in/verify', {
    body: { email: 'ann@client.test', code: '123456', nonce: 'n' },
    status: 200,
  });
  const bearer = { headers: { authorization: `Bearer ${signed.token}` } };
  await call(stranger, 'GET', '/session', { ...bearer, status: 200 });
  const { body: list } = await call(stranger, 'GET', '/booking/user/{user_id}/sessions', {
    ...me,
    ...bearer,
    status: 200,
  });
  await call(stranger, 'DELETE', '/booking/user/{user_id}/sessions/{session}', {
    path: { user_id: 'me', session: list.sessions[0].id },
    ...bearer,
    status: 204,
  });
  await call(ann, 'DELETE', '/session', { status: 404 });
  stack.database.run(`insert into bookingd.action_token (hash, purpose, appointment_id, expires_at)
    values (sha256('m'), 'manage', '${made.id}', now() + interval '1 day')`);
  await call(stranger, 'POST', '/booking/session', { body: { manage: 'm' }, status: 200 });
  const stop = 'token-of-ann';
  stack.database.run(`insert into bookingd.action_token (hash, purpose, user_id, expires_at)
    values (sha256('${stop}'), 'stop', 'ann', now() + interval '1 day')`);
  await call(stranger, 'GET', '/booking/stop/{token}', { path: { token: stop }, status: 200 });
  await call(stranger, 'POST', '/booking/stop/{token}', {
    path: { token: stop },
    body: 'List-Unsubscribe=One-Click',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 200,
  });
  const { body: profile } = await call(ann, 'GET', '/coach/{coach}/profile', { path: damian, status: 200 });
  await call(coach, 'PUT', '/coach/{coach}/profile', { path: damian, body: profile, status: 200 });
  const png = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  await call(coach, 'PUT', '/coach/{coach}/picture', {
    path: damian,
    body: png,
    headers: { 'content-type': 'image/png' },
    status: 200,
  });
  await call(stranger, 'GET', '/coach/{coach}/picture', { path: damian, status: 200 });
  await call(coach, 'DELETE', '/coach/{coach}/picture', { path: damian, status: 204 });
  const address = { coach: 'damian', session_type: 'coaching' };
  await call(stranger, 'GET', '/booking/{coach}/{session_type}', {
    path: address,
    headers: { accept: 'text/html' },
    status: 200,
  });
  await call(coach, 'GET', '/coach/me', { status: 200 });
  await call(stack.admin(), 'GET', '/coach/me', { status: 200 });
  await call(coach, 'GET', '/coach/{coach}/appointments', {
    path: damian,
    query: '?status=all',
    status: 200,
  });
  const weekly = { start: stack.slot(11), count: 3, every_weeks: 1 };
  const asked = `?start=${weekly.start}&count=3&every_weeks=1`;
  await call(ann, 'GET', '/booking/series/preview', { query: asked, status: 200 });
  const { body: series } = await call(ann, 'POST', '/booking/series', { body: weekly, status: 201 });
  await call(ann, 'POST', '/booking/series', { body: weekly, status: 409 });
  const forClient = { ...weekly, client: { user_id: 'sue', email: 'sue@client.test' } };
  await call(coach, 'POST', '/coach/{coach}/series', { path: damian, body: forClient, status: 409 });
  const later = { ...forClient, start: stack.slot(13), count: 2, notify: false };
  await call(coach, 'POST', '/coach/{coach}/series', { path: damian, body: later, status: 201 });
  const whole = { path: { id: series.appointments[0].id }, status: 200 };
  await call(ann, 'PUT', '/booking/{id}/reschedule', {
    ...whole,
    body: { start: stack.slot(12), scope: 'all' },
  });
  await call(ann, 'PUT', '/booking/{id}/cancel', { ...whole, body: { scope: 'all' } });
  const booked = {
    client: { email: 'zoe@b.test' },
    start: stack.slot(9),
    override: ['blocked'],
    notify: true,
  };
  await call(coach, 'POST', '/coach/{coach}/appointments', { path: damian, body: booked, status: 201 });
  await call(coach, 'POST', '/coach/{coach}/appointments', { path: damian, body: booked, status: 200 });
  const early = { ...booked, start: '2020-01-01T00:00:00Z' };
  await call(coach, 'POST', '/coach/{coach}/appointments', { path: damian, body: early, status: 422 });
  await call(coach, 'GET', '/coach/{coach}/busy', { path: damian, status: 200 });
  const { body: schedule, headers: latest } = await call(coach, 'GET', '/coach/{coach}/schedule', {
    path: damian,
    status: 200,
  });
  const same = { path: damian, headers: { 'if-none-match': latest.etag }, status: 304 };
  await call(coach, 'GET', '/coach/{coach}/schedule', same);
  const closed = {
    ...schedule,
    weekly: [],
    overrides: [{ date: '2027-01-01', intervals: [{ from: '09:00', to: '24:00' }] }],
  };
  closed.blocked = [{ from: '2026-12-25', to: '2027-01-02', reason: 'x' }];
  const changed = await call(coach, 'PUT', '/coach/{coach}/schedule', {
    path: damian,
    body: closed,
    status: 200,
  });
  assert.ok(changed.body.appointments_outside_hours.length > 0);
  const back = { path: damian, body: changed.body, status: 200 };
  await call(coach, 'PUT', '/coach/{coach}/schedule', back);
  for (const start of [stack.slot(5), '2026-12-26T00:00:01Z', '2020-01-01T00:00:00Z']) {
    const query = `?start=${start}&duration=45`;
    await call(coach, 'GET', '/coach/{coach}/explain', { path: damian, query, status: 200 });
  }
  await call(coach, 'PUT', '/coach/{coach}/schedule', { path: damian, body: schedule, status: 200 });
  await call(stack.admin(), 'PUT', '/coach/{coach}/schedule', {
    path: { coach: 'clara' },
    body: schedule,
    status: 201,
  });
  await call(coach, 'GET', '/coach/{coach}/feed', { path: damian, status: 200 });
  const { body: feed } = await call(coach, 'POST', '/coach/{coach}/feed', { path: damian, status: 200 });
  const query = new URL(feed.url).search;
  await call(stranger, 'GET', '/coach/{coach}/feed.ics', { path: damian, query, status: 200 });
  await call(coach, 'GET', '/coach/{coach}/calendars', { path: damian, status: 200 });
  const family = { kind: 'ical', url: 'https://127.0.0.1:1/family.ics', name: 'Family' };
  const { body: added } = await call(coach, 'POST', '/coach/{coach}/calendars', {
    path: damian,
    body: family,
    status: 201,
  });
  const its = { path: { ...damian, id: added.id } };
  await call(coach, 'POST', '/coach/{coach}/calendars/{id}/refresh', { ...its, status: 200 });
  await call(coach, 'DELETE', '/coach/{coach}/calendars/{id}', { ...its, status: 204 });
  const wish = {
    user_id: 'ann',
    amount: 2,
    session_types: null,
    expires_at: stack.slot(500),
    external_ref: 'r',
  };
  const { body: granted } = await call(coach, 'POST', '/coach/{coach}/credits', {
    path: damian,
    body: wish,
    status: 201,
  });
  await call(coach, 'POST', '/coach/{coach}/credits', { path: damian, body: wish, status: 200 });
  await call(coach, 'GET', '/coach/{coach}/credits', { path: damian, status: 200 });
  const code = { code: 'SPRING', kind: 'percent', value: 10 };
  await call(coach, 'POST', '/coach/{coach}/promo-codes', { path: damian, body: code, status: 201 });
  await call(coach, 'GET', '/coach/{coach}/promo-codes', { path: damian, status: 200 });
  const spring = { path: { ...damian, code: 'SPRING' } };
  await call(coach, 'PUT', '/coach/{coach}/promo-codes/{code}', {
    ...spring,
    body: { kind: 'free' },
    status: 200,
  });
  const waiting = { coach: 'damian', session_type: 'coaching', days: ['MO'], between: ['09:00', '12:00'] };
  const { body: entry } = await call(ann, 'POST', '/booking/waitlist', { body: waiting, status: 201 });
  await call(ann, 'POST', '/booking/waitlist', { body: waiting, status: 200 });
  await call(ann, 'POST', '/booking/waitlist', { body: { ...waiting, days: ['XX'] }, status: 422 });
  await call(ann, 'GET', '/booking/waitlist', { status: 200 });
  await call(coach, 'GET', '/coach/{coach}/waitlist', { path: damian, status: 200 });
  await call(ann, 'DELETE', '/booking/waitlist/{entry}', { path: { entry: entry.id }, status: 204 });
  const circle = {
    ...schedule.session_types[0],
    id: 'circle',
    seats: 2,
    min_seats: 1,
    show_seats_left: true,
  };
  await call(coach, 'PUT', '/coach/{coach}/schedule', {
    path: damian,
    body: { ...schedule, session_types: [...schedule.session_types, circle] },
    status: 200,
  });
  const seat = { start: stack.slot(30), session_type: 'circle', coach: 'damian', duration_minutes: 60 };
  await call(ann, 'GET', '/booking/availability', {
    query: '?coach=damian&session_type=circle',
    status: 200,
  });
  const { body: seated } = await call(ann, 'POST', '/booking/create', { body: seat, status: 201 });
  await call(stack.client('bob'), 'POST', '/booking/create', { body: seat, status: 201 });
  await call(stack.client('eve'), 'POST', '/booking/create', { body: seat, status: 409 });
  const shared = { path: { ...damian, group_id: seated.group_id }, status: 200 };
  await call(coach, 'GET', '/coach/{coach}/groups/{group_id}', shared);
  await call(coach, 'PUT', '/coach/{coach}/groups/{group_id}/reschedule', {
    ...shared,
    body: { start: stack.slot(32), override: [] },
  });
  await call(coach, 'PUT', '/coach/{coach}/groups/{group_id}/cancel', { ...shared, body: { reason: 'x' } });
  const price = { credits: 2, amount: 8000, currency: 'EUR' };
  const priced = {
    ...schedule.session_types[0],
    id: 'priced',
    price,
    policy: { late_cancel: 'keep', max_reschedules: 1 },
  };
  await call(coach, 'PUT', '/coach/{coach}/schedule', {
    path: damian,
    body: { ...schedule, session_types: [...schedule.session_types, priced] },
    status: 200,
  });
  await call(ann, 'GET', '/booking/availability', {
    query: '?coach=damian&session_type=priced',
    status: 200,
  });
  const dear = { start: stack.slot(15), session_type: 'priced', promo_code: 'SPRING', coach: 'damian' };
  await call(ann, 'POST', '/booking/create', { body: dear, status: 201 });
  const dearer = { start: stack.slot(17), session_type: 'priced', coach: 'damian' };
  const { body: paid } = await call(ann, 'POST', '/booking/create', { body: dearer, status: 201 });
  await call(ann, 'POST', '/booking/create', { body: { ...dearer, start: stack.slot(19) }, status: 402 });
  await call(ann, 'GET', '/booking/user/{user_id}/credits', { ...me, status: 200 });
  stack.database.run(`UPDATE appointment SET cancel_notice_minutes = 500000 WHERE id = '${paid.id}'`);
  await call(ann, 'PUT', '/booking/{id}/cancel', { path: { id: paid.id }, status: 200 });
  await call(coach, 'POST', '/booking/{id}/credit-return', {
    path: { id: paid.id },
    body: { reason: 'x' },
    status: 200,
  });
  await call(coach, 'DELETE', '/coach/{coach}/promo-codes/{code}', { ...spring, status: 204 });
  const gone = { path: { ...damian, grant: granted.id }, status: 200 };
  await call(coach, 'DELETE', '/coach/{coach}/credits/{grant}', gone);
  await call(coach, 'GET', '/coach/{coach}/google', { path: damian, status: 200 });
  await call(coach, 'POST', '/coach/{coach}/google/connect', { path: damian, status: 404 });
  await call(coach, 'POST', '/coach/{coach}/google/retry', { path: damian, status: 202 });
  await call(coach, 'DELETE', '/coach/{coach}/google', { path: damian });
  await call(stranger, 'GET', '/oauth/google/callback', { query: '?error=access_denied', status: 302 });
  await call(stranger, 'POST', '/hooks/google-calendar', {
    headers: { 'x-goog-channel-id': 'x' },
    status: 404,
  });
  stack.database.run(`UPDATE bookingd.appointment SET starts_at = now() - interval '10 min', ends_at = now() + interval '5 min',
    blocked_from = now() - interval '10 min', blocked_to = now() + interval '5 min' WHERE id = '${held.id}'`);
  const completed = { path: { id: held.id }, body: { status: 'completed' }, status: 200 };
  await call(coach, 'PUT', '/booking/{id}/status', completed);
  const place = { kind: 'link', url: 'https://meet.example/{id}', label: 'Meet' };
  await call(coach, 'PUT', '/booking/{id}/meeting', { ...one, body: place, status: 200 });
  await call(coach, 'PUT', '/booking/{id}/approve', { ...one, status: 409 });
  await call(coach, 'PUT', '/booking/{id}/decline', { ...one, body: { reason: 'x' }, status: 409 });
  await call(ann, 'PUT', '/booking/{id}/guests', {
    ...one,
    body: { guests: ['ben@guest.test'] },
    status: 200,
  });
  const cancel = { ...one, body: { reason: 'x' }, headers: { 'idempotency-key': 'once' }, status: 200 };
  await call(ann, 'PUT', '/booking/{id}/cancel', cancel);
  const { headers: replayed } = await call(ann, 'PUT', '/booking/{id}/cancel', cancel);
  assert.equal(replayed['idempotent-replayed'], 'true');
  await call(ann, 'GET', '/booking/user/{user_id}/export', { path: { user_id: 'me' }, status: 200 });
  await call(ann, 'DELETE', '/booking/user/{user_id}', { path: { user_id: 'ann' }, status: 200 });
  await call(ann, 'GET', '/booking/{id}', { ...one, status: 200 }); // erased

  for (const path of ['/', '/booking', '/coach']) await call(stranger, 'GET', path, { status: 302 });
  for (const [path, operations] of Object.entries(document.paths))
    if (
      !path.includes('{') &&
      operations.get &&
      /^\/(health|healthz|readyz|metrics|openapi.json|booking\/|coach\/)/.test(path)
    )
      if (!called.has(`GET ${path}`)) {
        const { headers } = await call(stranger, 'GET', path, { status: 200 });
        const again = { headers: { 'if-none-match': headers.etag }, status: 304 };
        if (headers.etag) await call(stranger, 'GET', path, again);
      }
  const all = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(
    all.filter((name) => !called.has(name)),
    [],
    'calls of the document that this test does not make yet',
  );
});

test('refusals are the problem of the document', async () => {
  const [ann, stranger] = [stack.client('ann'), stack.stranger()];
  const nobody = { path: { id: '00000000-0000-4000-8000-000000000000' } };
  const here = '?coach=damian';
  await call(stranger, 'GET', '/booking/availability', { query: here, status: 401 });
  await call(ann, 'GET', '/booking/availability', { query: `${here}&from=x`, status: 400 });
  await call(ann, 'GET', '/booking/availability', { query: `${here}&duration=7`, status: 422 });
  await call(ann, 'GET', '/booking/availability', { query: '?coach=x', status: 404 });
  await call(ann, 'GET', '/booking/{id}', { ...nobody, status: 404 });
  await call(ann, 'POST', '/booking/create', { body: '{', status: 400 });
  await call(ann, 'POST', '/booking/create', {
    body: 'x',
    headers: { 'content-type': 'text/plain' },
    status: 415,
  });
  await call(ann, 'POST', '/booking/create', { body: 'x'.repeat(70_000), status: 413 });
  await call(ann, 'POST', '/booking/create', { body: { start: 'x' }, status: 422 });
  await call(ann, 'GET', '/coach/{coach}/schedule', { path: { coach: 'damian' }, status: 403 });
  const bad = { path: { coach: 'damian' }, body: { weekly: 1, x: 1 }, status: 422 };
  await call(stack.coach(), 'PUT', '/coach/{coach}/schedule', bad);
  const broken = { path: { coach: 'damian' }, body: '{', status: 400 };
  await call(stack.coach(), 'PUT', '/coach/{coach}/schedule', broken);
  const late = { path: { coach: 'damian' }, body: {}, headers: { 'if-match': '"0"' }, status: 412 };
  await call(stack.coach(), 'PUT', '/coach/{coach}/schedule', late);
  await stack.google.fault('free_busy_error');
  await call(ann, 'GET', '/booking/availability', { query: here, status: 503 });
  await stack.google.heal();
});

const policy = {
  min_notice_minutes: 0,
  horizon_days: 30,
  step_minutes: 30,
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
  cancel_notice_minutes: 0,
  reschedule_notice_minutes: 0,
  max_active_per_user: 1,
  max_per_day: 1,
  max_reschedules: 1,
};
const person = { time_zone: 'Asia/Tokyo', name: 'N', email: 'n@client.test', phone: '1', notes: 'x' };
const time = { start: '2020-01-01T00:00:00Z', duration_minutes: 30 }; // refused, once it could be read
const wish = { ...time, session_type: 'coaching', coach: 'damian' };
/** A body of each schema with every field it may have. */
const WHOLE = {
  Create: { ...wish, ...person },
  Hold: wish,
  Confirm: person,
  Cancel: { reason: 'x' },
  Reschedule: time,
  Status: { status: 'completed' },
  Schedule: {
    time_zone: 'UTC',
    weekly: [{ days: ['MO', 'TU'], from: '00:00', to: '24:00' }],
    overrides: [{ date: '2026-12-24', intervals: [{ from: '09:00', to: '12:00' }] }],
    blocked: [{ from: '2026-12-25', to: '2027-01-02', reason: 'x' }],
    policy,
    session_types: [
      {
        id: 'coaching',
        name: 'C',
        durations: [30, 60],
        meeting: 'phone',
        weekly: [{ days: ['SA'], from: '08:00', to: '12:00' }],
        overrides: [{ date: '2026-12-24', intervals: [] }],
        weight: 2,
        seats: 8,
        show_seats_left: true,
        policy,
      },
    ],
  },
};

/** What may be put in place of a value of a body, to see where its schema draws the line. */
function* instead(value, schema) {
  yield* [null, true, 1.5, [], {}];
  if (typeof value === 'number')
    yield* [schema.minimum - 1, schema.minimum, schema.maximum, schema.maximum + 1, '30'];
  if (typeof value === 'string') yield* ['', 'ü', 'x'.repeat((schema.maxLength ?? 2000) + 1)];
  if (Array.isArray(value)) {
    yield [...value, value[0]];
    if (schema.maxItems) yield Array(schema.maxItems + 1).fill(value[0]);
  }
  if (value === null || typeof value !== 'object') return;
  for (const [name, one] of Object.entries(value)) {
    const { [name]: left, ...rest } = value;
    if (!Array.isArray(value)) yield rest;
    for (const other of instead(one, partOf(schema, name)))
      yield Object.assign(structuredClone(value), { [name]: other });
  }
  if (!Array.isArray(value)) yield { ...value, surprise: 1 };
}

function partOf(schema, name) {
  const { properties, items } = schema;
  const part = items ?? properties[name];
  const { $ref } = part.anyOf?.[0] ?? part;
  return $ref ? document.components.schemas[$ref.split('/').at(-1)] : part;
}

for (const [name, whole] of Object.entries(WHOLE))
  test(`${name}: the server takes the fields, types, lengths and ranges of the document and no others`, async () => {
    const [[method, path, operation]] = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, one]) => one.requestBody && schemaOf(one)?.$ref.endsWith(`/${name}`))
        .map(([method, one]) => [method.toUpperCase(), path, one]),
    );
    const admin = stack.admin();
    const { body: made } = await admin.post('/booking/create', { start: stack.slot(30), coach: 'damian' });
    const address = path.replace('{id}', made.id).replace('{coach}', 'of.the.document');
    const ask = (body) => admin.request(method, address, body);
    const unread = ({ body }) => ['malformed_json', 'invalid_field', 'unknown_field'].includes(body?.code);
    const schema = document.components.schemas[name];
    assert.deepEqual(faults(whole, schema, { closed: false }), []);
    assert.equal(unread(await ask(whole)), false);
    assert.equal(unread(await ask('')), operation.requestBody.required, 'without a body');
    const wrong = [];
    for (const body of instead(whole, schema)) {
      const found = faults(body, schema, { closed: false });
      const reply = await ask(body);
      // What no schema can say.
      const taken = !unread(reply) || /IANA|time zone|several coaches|used twice/.test(reply.body.detail);
      const refused = [400, 413, 422].includes(reply.status);
      if (found.length ? !refused : !taken)
        wrong.push(`${JSON.stringify(body).slice(0, 500)}: ${found}: ${reply.text.slice(0, 500)}`);
    }
    assert.deepEqual(wrong, []);
  });
