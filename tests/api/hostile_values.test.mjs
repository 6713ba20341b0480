// Hostile values in every field of every body, every parameter and every header there is. The calls are read from
// the running server's own document.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { COACH, openSchedule, startStack } from '../harness/stack.mjs';

let stack, admin, calls;
let slots = 0;
before(async () => {
  const document = openSchedule();
  document.session_types.push({ id: 'circle', name: 'Circle', durations: [30], meeting: 'none', seats: 3 });
  stack = await startStack({ document });
  admin = stack.admin();
  const { body } = await admin.get('/openapi.json');
  calls = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, call]) => ({ ...call, method: method.toUpperCase(), path })),
  );
});
after(() => stack.stop());

const person = { time_zone: 'Europe/Paris', name: 'N', email: 'n@client.test', phone: '+1', notes: 'x' };
const when = () => ({ start: stack.slot(slots++ % 600), duration_minutes: 30 });
const promoCode = {
  kind: 'percent',
  value: 10,
  max_uses: 5,
  per_user: 1,
  from: '2026-01-01T00:00:00Z',
  to: '2030-01-01T00:00:00Z',
  session_types: ['coaching'],
};
/** A good body of each schema, with every field it may have. */
const GOOD = {
  Create: () => ({ ...when(), session_type: 'coaching', coach: COACH, ...person, guests: ['g@client.test'] }),
  CreateFor: () => ({
    ...when(),
    client: { email: 'n@client.test', name: 'N', locale: 'fr' },
    session_type: 'coaching',
    notes: 'x',
    notify: true,
    credits: 'debit',
  }),
  Hold: () => ({ ...when(), session_type: 'coaching', coach: COACH }),
  Confirm: () => ({ ...person }),
  Cancel: () => ({ reason: 'ill' }),
  Approve: () => ({}),
  Decline: () => ({ reason: 'ill' }),
  Guests: () => ({ guests: ['g@client.test'] }),
  GroupCancel: () => ({ reason: 'ill' }),
  GroupReschedule: () => ({ ...when(), override: ['notice'] }),
  NoticeAgain: () => ({ kind: 'confirmed', recipient: 'client' }),
  SignIn: () => ({ email: 'a@client.test', page: 'booking', locale: 'fr' }),
  Verify: () => ({ email: 'a@client.test', code: '123456', token: null, nonce: 'n' }),
  Manage: () => ({ manage: 'x' }),
  NoticesRead: () => ({ up_to: 0 }),
  Preferences: () => ({ reminders: true, locale: 'fr-CA', sms: true }),
  WebhookWish: () => ({ url: 'https://receiver.invalid/', types: ['appointment.moved'], active: true }),
  WebhookChange: () => ({ url: 'https://receiver.invalid/', types: ['appointment.moved'], active: false }),
  MailEvent: () => ({ token: 'b-1-x', event: 'bounced', permanent: true, detail: 'x' }),
  Reschedule: () => when(),
  Status: () => ({ status: 'completed' }),
  CreateSeries: () => ({
    ...when(),
    every_weeks: 1,
    count: 2,
    on_conflict: 'skip',
    session_type: 'coaching',
    coach: COACH,
    ...person,
  }),
  CreateSeriesFor: () => ({
    ...when(),
    client: { email: 'n@client.test', name: 'N', locale: 'fr' },
    every_weeks: 1,
    count: 2,
    on_conflict: 'skip',
    session_type: 'coaching',
    notes: 'x',
    notify: true,
    credits: 'debit',
  }),
  CalendarWish: () => ({ kind: 'ical', url: 'https://127.0.0.1:1/feed.ics', name: 'Home', blocks: true }),
  Answers: () => ({ answers: { topic: 'x' } }),
  CoachNotes: () => ({ coach_notes: 'x' }),
  WaitlistWish: () => ({
    coach: COACH,
    session_type: 'coaching',
    duration_minutes: 30,
    from: '2030-01-01',
    to: '2030-01-31',
    days: ['MO'],
    between: ['09:00', '17:00'],
    time_zone: 'Europe/Paris',
  }),
  Address: () => ({ email: 'a@client.test', locale: 'fr' }),
  GrantWish: () => ({
    user_id: 'ann',
    email: null,
    amount: 3,
    session_types: ['coaching'],
    expires_at: '2030-01-01T00:00:00Z',
    external_ref: null,
  }),
  CreditReturn: () => ({ reason: 'ill' }),
  PromoCodeNew: () => ({ code: `CODE${slots++}`, ...promoCode }),
  PromoCodeChange: () => promoCode,
  Meeting: () => ({ kind: 'link', url: 'https://meet.example/{id}', label: 'Room', instructions: 'x' }),
  Profile: () => ({
    name: 'Ana',
    headline: 'A line',
    about: 'More',
    time_zone: 'Europe/Paris',
    accent: '#2f5bd7',
    languages: ['en'],
    slug: 'ana',
    picture_version: null,
  }),
  Schedule: () => ({
    ...openSchedule({ max_per_day: 50, max_active_per_user: 50, max_reschedules: 5 }),
    overrides: [{ date: '2026-12-24', intervals: [{ from: '09:00', to: '12:00' }] }],
    blocked: [{ from: '2026-12-25', to: '2027-01-02', reason: 'holidays' }],
  }),
};

/** JSON as it goes over the wire; a function of the field's good value where that matters. */
const HOSTILE = [
  ...['null', 'true', '0', '-1', '-0', '0.5', '1e3', '1e308', '1e400', '-1e400', '1e-400'],
  ...[
    '2147483648',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775809',
    '18446744073709551616',
  ],
  ...['NaN', 'Infinity', '0x10', '01', '+1', '.5', '1.', "'x'"],
  ...['""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u202e\\u0007\\u001b[2J"'],
  ...[
    '"\\r\\nX-Evil: 1\\r\\n\\r\\n"',
    '"../../etc/passwd"',
    '"%00"',
    '"%s%n%x"',
    '"\'; drop table appointment; --"',
  ],
  ...[
    '"<script>alert(1)</script>"',
    '"=1+1"',
    '"9999-12-31T23:59:60Z"',
    '"-0001-01-01T00:00:00Z"',
    '"24:01"',
  ],
  ...['[]', '{}', '[[]]', '{"a":{"a":{}}}', '[null]', '[1e400]', '{"__proto__":1}'],
  `"${'x'.repeat(10_000)}"`,
  `"${'\\u0001'.repeat(2000)}"`,
  `"${'😀'.repeat(2000)}"`,
  '['.repeat(30_000) + ']'.repeat(30_000),
  '['.repeat(30_000),
  '{"a":'.repeat(8_000) + '1' + '}'.repeat(8_000),
  Buffer.from('"\xff\xfe"', 'latin1'),
  Buffer.from('"\xc0\x80"', 'latin1'),
  Buffer.from('"\xed\xa0\x80"', 'latin1'),
  Buffer.from('"\0"'),
];

/** The ways down to every value of a document, objects and lists as well. */
function* places(value, way = []) {
  if (way.length) yield way;
  if (value !== null && typeof value === 'object')
    for (const key of Object.keys(value)) yield* places(value[key], [...way, key]);
}

/** The document as bytes with `raw` in that place. */
function put(document, way, raw) {
  const copy = structuredClone(document);
  let at = copy;
  for (const key of way.slice(0, -1)) at = at[key];
  at[way.at(-1)] = '@here@';
  const [before, after] = JSON.stringify(copy).split('"@here@"');
  return Buffer.concat([Buffer.from(before), Buffer.from(raw), Buffer.from(after)]);
}

const schemaOf = ({ requestBody }) =>
  requestBody?.content['application/json']?.schema.$ref?.split('/').at(-1);

/** Answered as by somebody who means well: no failure, and a refusal in the contract's form. */
function assertSane(reply, what) {
  const told = `${what}: ${reply.status} ${reply.text.slice(0, 300)}`;
  assert.ok(reply.status < 500, told);
  assert.ok(!('x-evil' in reply.headers), told);
  if (reply.status < 400 || reply.text === '') return;
  assert.match(reply.headers['content-type'], /^application\/problem\+json/, told);
  assert.match(reply.body.code, /^[a-z_]+$/, told);
}

test('every body has its good example', () => {
  const schemas = new Set(calls.map(schemaOf).filter(Boolean));
  assert.deepEqual([...schemas].sort(), Object.keys(GOOD).sort());
});

test('no value in any field of any body is more than a refusal', async () => {
  let tried = 0;
  for (const call of calls.filter(schemaOf)) {
    const good = GOOD[schemaOf(call)];
    let id;
    for (const way of places(good()))
      for (const raw of HOSTILE) {
        // An appointment or a hold to spoil; and a coach of its own.
        if (/\{(group_)?id\}/.test(call.path) && tried++ % 20 === 0) {
          const kind = call.path.endsWith('confirm') ? 'hold' : 'create';
          const session_type = call.path.includes('{group_id}') ? 'circle' : 'coaching';
          const body = { start: stack.slot(slots++ % 600), coach: COACH, session_type };
          const made = (await admin.post(`/booking/${kind}`, body)).body;
          id = made.group_id ?? made.id ?? id;
        }
        const coach = call.path.includes('{group_id}') ? COACH : 'clara';
        const path = call.path.replace(/\{(group_)?id\}/, id).replace('{coach}', coach);
        const reply = await admin.request(call.method, path, put(good(), way, raw));
        assertSane(reply, `${String(raw).slice(0, 40)} as ${way.join('.')} of ${call.method} ${path}`);
      }
  }
  // What was accepted can be shown.
  for (const path of [
    'coach/damian/appointments?limit=100',
    'coach/clara/schedule',
    'booking/user/me?status=all',
  ])
    assertStatus(await admin.get(`/${path}`), 200);
  assertStatus(await admin.get('/booking/availability?coach=clara'), 200);
});

/** A text's percent-encoded form, and forms that are none. */
const TEXTS = [
  ...[
    '',
    '%',
    '%0',
    '%zz',
    '%00',
    '%ff',
    '%c0%af',
    '%ed%a0%80',
    '%f0%9f%98%80',
    '%E2%80%AE',
    '%0d%0aX-Evil:%201',
  ],
  ...[
    '-1',
    '0',
    '1e400',
    '9223372036854775808',
    '99999999999999999999999',
    'NaN',
    '0x10',
    'true',
    'null',
    '[]',
  ],
  ...[
    '2026-02-30',
    '9999-12-31',
    '0000-00-00',
    '-0001-01-01T00:00:00Z',
    '2026-11-24T14:00:00',
    '9999-12-31T23:59:59Z',
  ],
  ...[
    '..',
    '.',
    '..%2f..%2fetc%2fpasswd',
    '%5c',
    '%27%3bdrop%20table%20appointment;--',
    '%3Cscript%3E',
    '%25s%25n',
  ],
  'x'.repeat(4000),
  '%F0%9F%98%80'.repeat(300),
];

test('no value of any parameter is more than a refusal', async () => {
  for (const { method, path, parameters = [], requestBody } of calls.filter(
    ({ method }) => method !== 'DELETE',
  ))
    for (const parameter of parameters.filter((one) => one.in !== 'header'))
      for (const text of TEXTS) {
        const others = { id: '00000000-0000-4000-8000-000000000000', coach: COACH, user_id: 'me' };
        const inPath = parameter.in === 'path' && text !== '';
        const filled = path.replace(/\{(\w+)\}/g, (_, name) =>
          inPath && name === parameter.name ? text : others[name],
        );
        const query = parameter.in === 'query' ? `?${parameter.name}=${text}` : '';
        const head = `${method} ${filled}${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
        const rest = requestBody ? 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}' : '\r\n';
        const answer = await admin.raw(`${head}Authorization: Bearer ${admin.token}\r\n${rest}`);
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
        // Without Google there is nothing behind the callback: it says so in its redirect.
        assert.ok(status >= 200 && status < 500, `${head}${answer.slice(0, 300)}`);
        assert.ok(!/^x-evil/im.test(answer), head);
      }
});

test('no value of any header is more than a refusal', async () => {
  const names = [
    ...[
      'Authorization',
      'X-Session-ID',
      'X-User-ID',
      'X-Request-Id',
      'X-Forwarded-For',
      'Idempotency-Key',
      'Cookie',
    ],
    ...[
      'If-Match',
      'If-None-Match',
      'If-Modified-Since',
      'Range',
      'Accept',
      'Accept-Encoding',
      'Accept-Language',
    ],
    ...[
      'Origin',
      'Referer',
      'Host',
      'Content-Type',
      'Expect',
      'Upgrade',
      'Connection',
      'TE',
      'Via',
      'Forwarded',
    ],
    ...['X-Goog-Channel-ID', 'X-Goog-Channel-Token', 'X-Goog-Resource-ID', 'X-Goog-Resource-State'],
  ];
  const values = [
    ...[
      '',
      ' ',
      ',',
      ',,,,',
      ';',
      '"',
      '"""',
      '*',
      '\t',
      'a b',
      '%00',
      '\xff\xfe',
      '\xc0\xaf',
      '{}',
      '<script>',
      "';--",
    ],
    ...[
      'bytes=0-',
      'bytes=-1',
      'W/"',
      '"x',
      'gzip;q=',
      'gzip;q=1e400',
      'chunked',
      '100-continue',
      'Bearer',
      'Bearer  ',
    ],
    ...['1'.repeat(300), 'x'.repeat(7000), `${'1.1.1.1,'.repeat(500)}1.1.1.1`, '\x01', 'a\x7fb'],
  ];
  const asked = [
    ['GET', '/booking/user/me'],
    ['GET', '/booking/availability'],
    ['GET', '/booking/'],
    ['GET', '/coach/damian/schedule'],
    ['POST', '/booking/create'],
    ['POST', '/hooks/google-calendar'],
  ];
  for (const name of names)
    for (const value of values)
      for (const [method, path] of asked) {
        const lines = {
          Host: 'x',
          Authorization: `Bearer ${admin.token}`,
          ...(method === 'POST' && { 'Content-Type': 'application/json', 'Content-Length': 2 }),
          [name]: value,
        };
        const head = Object.entries(lines)
          .map(([key, text]) => `${key}: ${text}\r\n`)
          .join('');
        const bytes = `${method} ${path} HTTP/1.1\r\n${head}\r\n${method === 'POST' ? '{}' : ''}`;
        const second = `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
        const answer = await admin.raw(Buffer.from(bytes + second, 'latin1'), { ms: 2000 });
        const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
        const what = `${name}: ${value.slice(0, 40)} to ${path}: ${answer.slice(0, 200)}`;
        for (const status of statuses) assert.ok(status < 500, what);
        assert.ok(statuses.length || answer === '', what);
      }
});

test('after all this the daemon is well', async () => {
  assertStatus(await admin.get('/health'), 200);
  const fives = stack.daemon
    .events('request')
    .filter(({ status, route }) => status >= 500 && route !== '/readyz');
  assert.deepEqual(fives, []);
  assert.deepEqual(stack.daemon.events('database'), []);
});
