// Who does what to which kind of session, for nothing or for a credit: one table of what is answered, what becomes of it and of
// the credits, what each side is told (by mail, in the page, by webhook), and what the coach's calendar has.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { assertStatus, later } from '../harness/expect.mjs';
import { Client } from '../harness/http.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

/*
 * Each row has times and people of its own: a client with GRANTED credits; in a group (and of a `seat`, what the coach does to
 * one of a group) somebody else besides, who is to hear only of what the coach does to all; in a series three dates.
 *
 *   who       a client; the coach; a guest, who has no identity (of a series: who has the link to one of its dates)
 *   price     late: for a credit, and the time to cancel for nothing is over
 *   answer    the status, and the code of a refusal
 *   is        the client's appointments then
 *   credits   how many of the client's have gone since the beginning
 *   told      what and whom, by mail and in the page alike; other: the same of the other one in the group
 *   webhooks  those sent about the client's appointments, and their credits
 *   calendar  where events are: at the time that was booked or where it was moved to; of a group with the seats taken
 */
const TABLE = `
who kind does price          | answer               | is                   | credits | told           | other          | webhooks           | calendar
client single book free      | 201                  | scheduled            | 0       | confirmed both |                | created            | start
client single book credit    | 201                  | scheduled            | 1       | confirmed both |                | created, credits   | start
client single move free      | 200                  | scheduled            | 0       | moved both     |                | moved              | target
client single move credit    | 200                  | scheduled            | 1       | moved both     |                | moved              | target
client single cancel free    | 200                  | cancelled            | 0       | cancelled both |                | cancelled          | -
client single cancel credit  | 200                  | cancelled            | 0       | cancelled both |                | cancelled, credits | -
client single cancel late    | 200                  | cancelled            | 1       | cancelled both |                | cancelled, credits | -
client single no-show free   | 403 forbidden        | scheduled            | 0       | -              |                | -                  | start
client single no-show credit | 403 forbidden        | scheduled            | 1       | -              |                | -                  | start
client series book free      | 201                  | 3 scheduled          | 0       | confirmed both |                | created            | start x3
client series book credit    | 201                  | 3 scheduled          | 3       | confirmed both |                | created, credits   | start x3
client series move free      | 200                  | 3 scheduled          | 0       | moved both     |                | moved              | target x3
client series move credit    | 200                  | 3 scheduled          | 3       | moved both     |                | moved              | target x3
client series cancel free    | 200                  | 3 cancelled          | 0       | cancelled both |                | cancelled          | -
client series cancel credit  | 200                  | 3 cancelled          | 0       | cancelled both |                | cancelled, credits | -
client series cancel late    | 200                  | 3 cancelled          | 3       | cancelled both |                | cancelled, credits | -
client series no-show free   | 403 forbidden        | 3 scheduled          | 0       | -              |                | -                  | start x3
client series no-show credit | 403 forbidden        | 3 scheduled          | 3       | -              |                | -                  | start x3
client group book free       | 201                  | scheduled            | 0       | confirmed both | -              | created            | start 2
client group book credit     | 201                  | scheduled            | 1       | confirmed both | -              | created, credits   | start 2
client group move free       | 200                  | scheduled            | 0       | moved both     | -              | moved              | start 1, target 1
client group move credit     | 200                  | scheduled            | 1       | moved both     | -              | moved              | start 1, target 1
client group cancel free     | 200                  | cancelled            | 0       | cancelled both | -              | cancelled          | start 1
client group cancel credit   | 200                  | cancelled            | 0       | cancelled both | -              | cancelled, credits | start 1
client group cancel late     | 200                  | cancelled            | 1       | cancelled both | -              | cancelled, credits | start 1
client group no-show free    | 403 forbidden        | scheduled            | 0       | -              | -              | -                  | start 2
client group no-show credit  | 403 forbidden        | scheduled            | 1       | -              | -              | -                  | start 2
coach single book free       | 201                  | scheduled            | 0       | confirmed both |                | created            | start
coach single book credit     | 201                  | scheduled            | 1       | confirmed both |                | created, credits   | start
coach single move free       | 200                  | scheduled            | 0       | moved both     |                | moved              | target
coach single move credit     | 200                  | scheduled            | 1       | moved both     |                | moved              | target
coach single cancel free     | 200                  | cancelled            | 0       | cancelled both |                | cancelled          | -
coach single cancel credit   | 200                  | cancelled            | 0       | cancelled both |                | cancelled, credits | -
coach single cancel late     | 200                  | cancelled            | 0       | cancelled both |                | cancelled, credits | -
coach single no-show free    | 200                  | no_show              | 0       | -              |                | no_show            | start
coach single no-show credit  | 200                  | no_show              | 1       | -              |                | credits, no_show   | start
coach series book free       | 201                  | 3 scheduled          | 0       | confirmed both |                | created            | start x3
coach series book credit     | 201                  | 3 scheduled          | 3       | confirmed both |                | created, credits   | start x3
coach series move free       | 200                  | 3 scheduled          | 0       | moved both     |                | moved              | target x3
coach series move credit     | 200                  | 3 scheduled          | 3       | moved both     |                | moved              | target x3
coach series cancel free     | 200                  | 3 cancelled          | 0       | cancelled both |                | cancelled          | -
coach series cancel credit   | 200                  | 3 cancelled          | 0       | cancelled both |                | cancelled, credits | -
coach series cancel late     | 200                  | 3 cancelled          | 0       | cancelled both |                | cancelled, credits | -
coach series no-show free    | 200                  | no_show, 2 scheduled | 0       | -              |                | no_show            | start x3
coach series no-show credit  | 200                  | no_show, 2 scheduled | 3       | -              |                | credits, no_show   | start x3
coach group book free        | 201                  | scheduled            | 0       | confirmed both | -              | created            | start 2
coach group book credit      | 201                  | scheduled            | 1       | confirmed both | -              | created, credits   | start 2
coach group move free        | 200                  | scheduled            | 0       | moved both     | moved both     | moved              | target 2
coach group move credit      | 200                  | scheduled            | 1       | moved both     | moved both     | moved              | target 2
coach group cancel free      | 200                  | cancelled            | 0       | cancelled both | cancelled both | cancelled          | -
coach group cancel credit    | 200                  | cancelled            | 0       | cancelled both | cancelled both | cancelled, credits | -
coach group cancel late      | 200                  | cancelled            | 0       | cancelled both | cancelled both | cancelled, credits | -
coach group no-show free     | 200                  | no_show              | 0       | -              | -              | no_show            | start 2
coach group no-show credit   | 200                  | no_show              | 1       | -              | -              | credits, no_show   | start 2
coach seat move free         | 200                  | scheduled            | 0       | moved both     | -              | moved              | start 1, target 1
coach seat move credit       | 200                  | scheduled            | 1       | moved both     | -              | moved              | start 1, target 1
coach seat cancel free       | 200                  | cancelled            | 0       | cancelled both | -              | cancelled          | start 1
coach seat cancel credit     | 200                  | cancelled            | 0       | cancelled both | -              | cancelled, credits | start 1
coach seat cancel late       | 200                  | cancelled            | 0       | cancelled both | -              | cancelled, credits | start 1
guest single book free       | 200                  | scheduled            | 0       | confirmed both |                | created            | start
guest single book credit     | 402 credits_required | -                    | 0       | -              |                | -                  | -
guest single move free       | 200                  | scheduled            | 0       | moved both     |                | moved              | target
guest single cancel free     | 200                  | cancelled            | 0       | cancelled both |                | cancelled          | -
guest single no-show free    | 403 forbidden        | scheduled            | 0       | -              |                | -                  | start
guest series book free       | 401 unauthenticated  | -                    | 0       | -              |                | -                  | -
guest series book credit     | 401 unauthenticated  | -                    | 0       | -              |                | -                  | -
guest series move free       | 403 forbidden        | 3 scheduled          | 0       | -              |                | -                  | start x3
guest series move credit     | 403 forbidden        | 3 scheduled          | 3       | -              |                | -                  | start x3
guest series cancel free     | 403 forbidden        | 3 scheduled          | 0       | -              |                | -                  | start x3
guest series cancel credit   | 403 forbidden        | 3 scheduled          | 3       | -              |                | -                  | start x3
guest series cancel late     | 403 forbidden        | 3 scheduled          | 3       | -              |                | -                  | start x3
guest series no-show free    | 403 forbidden        | 3 scheduled          | 0       | -              |                | -                  | start x3
guest series no-show credit  | 403 forbidden        | 3 scheduled          | 3       | -              |                | -                  | start x3
guest group book free        | 200                  | scheduled            | 0       | confirmed both | -              | created            | start 2
guest group book credit      | 402 credits_required | -                    | 0       | -              | -              | -                  | start 1
guest group move free        | 200                  | scheduled            | 0       | moved both     | -              | moved              | start 1, target 1
guest group cancel free      | 200                  | cancelled            | 0       | cancelled both | -              | cancelled          | start 1
guest group no-show free     | 403 forbidden        | scheduled            | 0       | -              | -              | -                  | start 2
`;

/** What is in no row. */
const SENSELESS = {
  'guest single move credit': 'who has no identity has no credits, and so no such session',
  'guest single cancel credit': 'as above',
  'guest single no-show credit': 'as above',
  'guest group move credit': 'as above',
  'guest group cancel credit': 'as above',
  'guest group no-show credit': 'as above',
};

const GRANTED = 9;
const DATES = 3;
const SEATS = 3;
const WEEK = 7 * 1440;

const rows = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((line, n) => {
    const [what, answer, is, credits, told, other, webhooks, calendar] = line
      .split('|')
      .map((cell) => cell.trim());
    const [who, kind, action, price] = what.split(' ');
    const expected = { answer, is, credits, mails: told, page: told, other, webhooks, calendar };
    return { n, what, who, kind, action, price, expected };
  });
let stack, coach, hooks;

const shared = ({ kind }) => kind === 'group' || kind === 'seat';
const address = ({ name }) => `${name}@client.test`;
const wish = (row) => ({
  start: row.start,
  session_type: `${shared(row) ? 'group' : 'single'}-${row.price}`,
});

function document() {
  const session_types = [];
  for (const price of ['free', 'credit', 'late'])
    for (const kind of ['single', 'group'])
      session_types.push({
        id: `${kind}-${price}`,
        name: `${kind} ${price}`,
        durations: [30],
        meeting: 'in_person',
        ...(kind === 'group' && { seats: SEATS }),
        ...(price !== 'free' && { price: { credits: 1 } }),
        ...(price === 'late' && { policy: { late_cancel: 'keep', cancel_notice_minutes: 527040 } }),
      });
  const policy = { horizon_days: 60, cancel_notice_minutes: 0, reschedule_notice_minutes: 0 };
  return { ...openSchedule(policy), session_types, notices: { reminders: [] } };
}

/** Takes every webhook. */
async function startReceiver() {
  const messages = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      messages.push(JSON.parse(Buffer.concat(parts).toString()));
      response.writeHead(204).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { messages, server, url: `http://127.0.0.1:${server.address().port}/` };
}

/** Somebody at a network of the row's own. */
function somebody(row, token) {
  const headers = { 'x-forwarded-for': `198.51.100.${row.n + 1}` };
  const client = new Client(stack.daemon.url, { token, headers });
  stack.clients.push(client);
  return client;
}

async function bookAsGuest(row) {
  const held = await somebody(row).post('/booking/hold', wish(row));
  if (held.status !== 201) return held;
  row.guest = somebody(row, held.body.token);
  const path = `/booking/${held.body.id}`;
  assertStatus(await row.guest.post(`${path}/verify`, { email: address(row) }), 202);
  const digits = /^Subject:.*?(\d{3}) (\d{3})/im;
  const { raw } = await until(`a code for ${row.what}`, () =>
    stack.mail.mails.find((mail) => mail.to[0] === address(row) && digits.test(mail.raw)),
  );
  const code = digits.exec(raw).slice(1).join('');
  return row.guest.put(`${path}/confirm`, { email: address(row), name: row.name, code });
}

/** The reply to one of the three who books what the row is about; the ids of what they have are the row's. */
async function book(row, who) {
  const series = row.kind === 'series';
  const [path, more] = series ? ['/booking/series', { count: DATES }] : ['/booking/create', {}];
  const reply = await (who === 'coach'
    ? coach.post(`/coach/damian/${series ? 'series' : 'appointments'}`, {
        ...wish(row),
        ...more,
        client: { user_id: row.name, email: address(row) },
      })
    : who === 'client'
      ? row.client.post(path, { ...wish(row), ...more })
      : series
        ? somebody(row).post(path, { ...wish(row), ...more })
        : bookAsGuest(row));
  if (reply.status < 300) row.ids = (reply.body.appointments ?? [reply.body]).map(({ id }) => id);
  return reply;
}

/** What there is before the row's own deed. */
async function prepare(row) {
  row.name = `row-${row.n}`;
  // An hour of the week each, so that no series comes where another row is.
  [row.start, row.target] = [stack.slot(2 * row.n), stack.slot(2 * row.n + 1)];
  row.client = stack.client(row.name);
  row.ids = [];
  const names = [row.name, `${row.name}-other`];
  for (const user_id of names)
    assertStatus(await coach.post('/coach/damian/credits', { user_id, amount: GRANTED }), 201);
  if (shared(row)) {
    const seat = assertStatus(await stack.client(names[1]).post('/booking/create', wish(row)), 201);
    [row.other, row.group] = [seat.id, seat.group_id];
  }
  if (row.action === 'book') return;
  const { status, text } = await book(row, row.who === 'guest' && row.kind !== 'series' ? 'guest' : 'client');
  assert.ok(status < 300, `${row.what}: ${text}`);
}

/** The first dates of sessions that nobody came to have begun, each at a time of the row's own. */
function begin() {
  const moves = rows
    .filter(({ action }) => !['book', 'move', 'cancel'].includes(action))
    .map((row) => {
      const ids = [row.ids[0], row.other, row.group].filter(Boolean).map((id) => `'${id}'`);
      const from = `now() - interval '${60 * (row.n + 1)} minutes'`;
      const to = `${from} + interval '30 minutes'`;
      return `UPDATE appointment SET starts_at = ${from}, ends_at = ${to}, blocked_from = ${from}, blocked_to = ${to}
        WHERE id IN (${ids});`;
    });
  stack.database.run(`BEGIN;
    SET LOCAL session_replication_role = replica;
    ${moves.join('\n')}
    SELECT pg_notify('bookingd_coach', 'test:damian');
    COMMIT`);
}

/** Who has the link that was mailed with the first date. */
async function withLink(row) {
  const [{ text }] = await stack.mail.wait(1, ({ to }) => to[0] === address(row));
  const manage = /#manage=([\w-]{43})/.exec(text)[1];
  return somebody(row, assertStatus(await stack.stranger().post('/booking/session', { manage }), 200).token);
}

/** Who does the row's own deed, unless it is to book. */
const actorOf = async (row) =>
  row.who === 'coach' ? coach : row.who === 'client' ? row.client : (row.guest ?? (await withLink(row)));

/** The reply to the row's own deed. */
async function act(row) {
  const { who, kind, action } = row;
  if (action === 'book') return book(row, who);
  const one = `/booking/${row.ids[0]}`;
  const path = who === 'coach' && kind === 'group' ? `/coach/damian/groups/${row.group}` : one;
  const scope = kind === 'series' ? { scope: 'all' } : {};
  if (action === 'move') return row.actor.put(`${path}/reschedule`, { start: row.target, ...scope });
  if (action === 'cancel') return row.actor.put(`${path}/cancel`, scope);
  return row.actor.put(`${one}/status`, { status: 'no_show' });
}

/** All that is owed to anybody is done, and what the mail server took has been read. */
async function settled() {
  await until(
    'nothing to be owed',
    () =>
      stack.database.value(`SELECT NOT EXISTS (SELECT FROM appointment
          WHERE (status IN ('scheduled', 'cancelled') AND version > noticed_version)
             OR (calendar_id IS NOT NULL AND (version > synced_version OR conference_pending)))
        AND NOT EXISTS (SELECT FROM notice WHERE state IN ('owed', 'sending', 'retry'))
        AND NOT EXISTS (SELECT FROM webhook_delivery WHERE state IN ('owed', 'sending'))
        AND (SELECT count(*) FROM event) = (SELECT count(*) FROM webhook_delivery)`),
    120_000,
  );
  await stack.mail.heal();
}

/** What is told of each date of a series counts once. */
const ofAllDates = (row, told) => (row.kind === 'series' ? [...new Set(told)] : told);

/** So many times each, as the table writes it. */
function list(told) {
  const counts = {};
  for (const one of told) counts[one] = (counts[one] ?? 0) + 1;
  const texts = Object.entries(counts).map(([one, count]) => (count > 1 ? `${one} x${count}` : one));
  const text = texts.sort().join(', ');
  return /^(\w+) client, \1 coach$/.test(text) ? `${text.split(' ')[0]} both` : text || '-';
}

/** What was mailed about these appointments but for the first `known` mails. */
const mailed = (ids, known) =>
  stack.mail.mails.slice(known).flatMap(({ raw }) => {
    const parts = /^Message-ID:\s*<([\w-]{36})\.[^.]*\.(\w+)\.(\w+)@/im.exec(raw) ?? [];
    return ids.includes(parts[1]) ? [`${parts[2]} ${parts[3]}`] : [];
  });

/** Where the row's events are. */
function placesOf(row, events) {
  const places = {};
  for (let date = 0; date < DATES; date++)
    for (const place of ['start', 'target']) places[Date.parse(later(row[place], date * WEEK))] = place;
  const found = events.flatMap(({ start, summary }) => {
    const place = places[Date.parse(start)];
    const seats = /\((\d) of/.exec(summary)?.[1];
    return place ? [seats ? `${place} ${seats}` : place] : [];
  });
  return row.kind === 'series' && found.length > 0
    ? `${[...new Set(found)]} x${found.length}`
    : found.sort().join(', ') || '-';
}

/** The row as it turned out. `known`: how much there was before it. */
async function observe(row, known, events) {
  const ids = `(${row.ids.map((id) => `'${id}'`).join(', ') || 'NULL'})`;
  const states = stack.database
    .rows(`SELECT status, count(*)::int AS n, min(starts_at) AS first FROM appointment WHERE id IN ${ids}
      GROUP BY status ORDER BY first`)
    .map(({ status, n }) => (n > 1 ? `${n} ${status}` : status));
  const page = stack.database.rows(`SELECT kind || ' ' || recipient AS told FROM notice
    WHERE channel = 'in_app' AND id > ${known.notice} AND appointment_id IN ${ids}`);
  const { balance } = assertStatus(await row.client.get('/booking/user/me/credits'), 200);
  const { status, body } = row.reply;
  const sent = hooks.messages
    .slice(known.hooks)
    .filter(({ data }) => row.ids.includes(data.id) || data.user_id === row.name)
    .map(({ type }) => type.replace('appointment.', '').replace('.changed', ''));
  return {
    answer: status < 300 ? `${status}` : `${status} ${body.code}`,
    is: states.join(', ') || '-',
    credits: `${GRANTED - balance}`,
    mails: list(mailed(row.ids, known.mails)),
    page: list(
      ofAllDates(
        row,
        page.map(({ told }) => told),
      ),
    ),
    other: row.other ? list(mailed([row.other], known.mails)) : '',
    webhooks: list(ofAllDates(row, sent)),
    calendar: placesOf(row, events),
  };
}

/* A few at once: a daemon that is asked all of it together refuses some where the machine is slow. */
async function forEachRow(work) {
  const waiting = [...rows];
  const next = async () => {
    for (let row = waiting.shift(); row; row = waiting.shift()) await work(row);
  };
  await Promise.all(Array.from({ length: 8 }, next));
}

before(async () => {
  hooks = await startReceiver();
  stack = await startStack({
    google: 'bare', // it cannot invite, so the mails do
    mail: true,
    document: document(),
    env: {
      PUBLIC_URL: 'https://book.test',
      PUBLIC_BOOKING: '1',
      TRUSTED_PROXY_HOPS: '1',
      WEBHOOK_URL: hooks.url,
      WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
      WEBHOOK_ALLOW_PRIVATE: '1',
    },
  });
  coach = stack.coach();
  await forEachRow(prepare);
  await settled();
  const known = {
    mails: stack.mail.mails.length,
    hooks: hooks.messages.length,
    notice: stack.database.value('SELECT coalesce(max(id), 0) FROM notice'),
  };
  // To take mails apart takes all of this process for a while, so nobody is at anything else then.
  for (const row of rows) if (row.action !== 'book') row.actor = await actorOf(row);
  begin();
  await forEachRow(async (row) => {
    row.reply = await act(row);
  });
  await settled();
  const events = await stack.google.live(stack.calendar);
  for (const row of rows) row.seen = await observe(row, known, events);
});
after(async () => {
  await stack?.stop();
  hooks.server.closeAllConnections();
  hooks.server.close();
});

for (const row of rows) test(row.what, () => assert.deepEqual(row.seen, row.expected));

test('no combination is left out but those that make no sense', () => {
  const told = new Set([...rows.map(({ what }) => what), ...Object.keys(SENSELESS)]);
  for (const who of ['client', 'coach', 'guest'])
    for (const kind of ['single', 'series', 'group'])
      for (const action of ['book', 'move', 'cancel', 'no-show'])
        for (const price of ['free', 'credit']) {
          const what = `${who} ${kind} ${action} ${price}`;
          assert.ok(told.has(what), what);
        }
  assert.equal(told.size, rows.length + Object.keys(SENSELESS).length);
});
