// The running server held against its own OpenAPI document: every call, its statuses, its replies member by member.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSchedule, startStack } from '../harness/stack.mjs';

let stack, document;
before(async () => {
  stack = await startStack({
    google: 'delegated',
    document: openSchedule({ buffer_after_minutes: 5 }),
    env: { CALENDAR_STALE_SECONDS: '0' },
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

/** What of `value` the schema does not allow, as lines. An object may have no members that the schema does not name. */
function faults(value, schema, at = '$') {
  if (schema.$ref) return faults(value, document.components.schemas[schema.$ref.split('/').at(-1)], at);
  const types = [schema.type ?? []].flat();
  const type = typeOf(value);
  if (types.length && !types.includes(type)) return [`${at} is ${type}, not ${types}`];
  const found = [];
  if (schema.enum && !schema.enum.includes(value)) found.push(`${at} is ${value}, not one of ${schema.enum}`);
  if (type === 'string' && schema.format && !FORMATS[schema.format].test(value))
    found.push(`${at} is ${value}, no ${schema.format}`);
  if (type === 'string' && value.length > (schema.maxLength ?? Infinity)) found.push(`${at} is too long`);
  if (type === 'array')
    for (const [i, item] of value.entries()) found.push(...faults(item, schema.items, `${at}[${i}]`));
  if (type === 'object') {
    const names = Object.keys(schema.properties ?? {});
    for (const name of schema.required ?? []) if (!(name in value)) found.push(`${at}.${name} is missing`);
    for (const name of Object.keys(value)) {
      if (!names.includes(name)) found.push(`${at}.${name} is not in the document`);
      else found.push(...faults(value[name], schema.properties[name], `${at}.${name}`));
    }
  }
  return found;
}

const called = new Set();

/** Makes a call of the document and holds the reply against it. */
async function call(client, method, template, { path = {}, query = '', body, headers, status } = {}) {
  const operation = document.paths[template]?.[method.toLowerCase()];
  assert.ok(operation, `${method} ${template} is not in the document`);
  called.add(`${method} ${template}`);
  const address = template.replace(/\{(\w+)\}/g, (_, name) => path[name]);
  const reply = await client.request(method, address + query, body, headers);
  if (status) assert.equal(reply.status, status, `${method} ${address}: ${reply.text}`);
  const good = reply.status < 400;
  if (good)
    assert.ok(
      operation.responses[reply.status],
      `${method} ${template}: ${reply.status} is not in the document`,
    );
  const { content } = good ? operation.responses[reply.status] : operation.responses.default;
  const [type] = Object.keys(content ?? {});
  if (!type) return reply;
  assert.ok(
    reply.headers['content-type'].startsWith(type),
    `${method} ${template}: ${reply.headers['content-type']}`,
  );
  assert.deepEqual(faults(reply.body, content[type].schema), [], `${method} ${template}: ${reply.text}`);
  if (body && good && operation.requestBody)
    assert.deepEqual(
      faults(body, operation.requestBody.content['application/json'].schema),
      [],
      'what was sent',
    );
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
  await call(ann, 'PUT', '/booking/{id}/confirm', {
    path: { id: held.id },
    body: { name: 'Ann' },
    status: 200,
  });
  await call(ann, 'PUT', '/booking/{id}/reschedule', { ...one, body: { start: stack.slot(5) }, status: 200 });
  await call(ann, 'GET', '/booking/availability', { status: 200 });
  const past = `?from=2020-01-01&to=2020-01-02`;
  const { body: empty } = await call(ann, 'GET', '/booking/availability', { query: past, status: 200 });
  assert.match(empty.next_available, INSTANT);
  await call(ann, 'GET', '/booking/availability', { query: `?rescheduling=${made.id}`, status: 200 });
  await call(ann, 'GET', '/booking/{id}/calendar.ics', { ...one, status: 200 });
  await call(coach, 'GET', '/coach/me', { status: 200 });
  await call(stack.admin(), 'GET', '/coach/me', { status: 200 });
  await call(coach, 'GET', '/coach/{coach}/appointments', {
    path: damian,
    query: '?status=all',
    status: 200,
  });
  await call(coach, 'GET', '/coach/{coach}/busy', { path: damian, status: 200 });
  const { body: schedule } = await call(coach, 'GET', '/coach/{coach}/schedule', {
    path: damian,
    status: 200,
  });
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
  await call(coach, 'GET', '/coach/{coach}/google', { path: damian, status: 200 });
  await call(coach, 'POST', '/coach/{coach}/google/connect', { path: damian, status: 404 });
  await call(coach, 'POST', '/coach/{coach}/google/retry', { path: damian, status: 202 });
  await call(coach, 'DELETE', '/coach/{coach}/google', { path: damian });
  await call(stranger, 'GET', '/oauth/google/callback', { query: '?error=access_denied', status: 302 });
  await call(stranger, 'POST', '/hooks/google-calendar', {
    headers: { 'x-goog-channel-id': 'x' },
    status: 404,
  });
  stack.database
    .run(`UPDATE bookingd.appointment SET starts_at = now() - interval '10 min', ends_at = now() + interval '5 min',
    blocked_from = now() - interval '10 min', blocked_to = now() + interval '5 min' WHERE id = '${held.id}'`);
  const completed = { path: { id: held.id }, body: { status: 'completed' }, status: 200 };
  await call(coach, 'PUT', '/booking/{id}/status', completed);
  await call(ann, 'PUT', '/booking/{id}/cancel', { ...one, body: { reason: 'x' }, status: 200 });
  await call(ann, 'GET', '/booking/user/{user_id}/export', { path: { user_id: 'me' }, status: 200 });
  await call(ann, 'DELETE', '/booking/user/{user_id}', { path: { user_id: 'ann' }, status: 200 });
  await call(ann, 'GET', '/booking/{id}', { ...one, status: 200 }); // erased

  for (const [path, operations] of Object.entries(document.paths))
    if (
      !path.includes('{') &&
      operations.get &&
      /^\/(health|healthz|readyz|metrics|openapi.json|booking\/|coach\/)/.test(path)
    )
      if (!called.has(`GET ${path}`)) await call(stranger, 'GET', path, { status: 200 });
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
  const late = { path: { coach: 'damian' }, body: {}, headers: { 'if-match': '"0"' }, status: 412 };
  await call(stack.coach(), 'PUT', '/coach/{coach}/schedule', late);
  await stack.google.fault('free_busy_error');
  await call(ann, 'GET', '/booking/availability', { query: here, status: 503 });
  await stack.google.heal();
});
