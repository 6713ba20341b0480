// A client's own data, all of it, however much that is, and whatever happens meanwhile.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { startStack } from '../harness/stack.mjs';

let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack.stop());

const MEASURED = !process.env.SANITIZE && !process.env.VALGRIND; // such builds keep what was freed
const EXPORT = '/booking/user/me/export';
const PLAIN = `'N'`;
const LONGEST = `E'\\x01'`; // no character is longer in JSON

/** So many past appointments of `user`, all texts of full length. */
const fillHistory = (user, count, letter) =>
  stack.database.run(`INSERT INTO bookingd.appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at,
      blocked_from, blocked_to, name, email, phone, notes, cancel_reason, meeting_kind, cancel_notice_minutes,
      reschedule_notice_minutes, created_at, updated_at)
    SELECT gen_random_uuid(), 'damian', '${user}', 'coaching', 'cancelled', t, t + interval '30 min', t,
      t + interval '30 min', repeat('n', 200), 'e@client.test', '+1', repeat(${letter}, 2000), repeat(${letter}, 2000),
      'none', 0, 0, t, t
    FROM (SELECT date_trunc('hour', now()) - n / 2 * interval '1 hour' AS t
      FROM generate_series(2, ${count + 1}) n) AS moment`);

test('an export is whole, however long, and the daemon does not grow with it', async () => {
  const count = 12_000;
  fillHistory('ann', count, PLAIN);
  const ann = stack.client('ann');
  const before = stack.daemon.memory();
  const reply = await ann.get(EXPORT);
  const { appointments } = assertStatus(reply, 200);
  assert.equal(appointments.length, count);
  assert.equal(new Set(appointments.map(({ id }) => id)).size, count);
  assert.ok(appointments.every(({ notes, cancel_reason }) => notes.length + cancel_reason.length === 4000));
  const starts = appointments.map(({ start }) => start);
  assert.deepEqual(starts, [...starts].sort());
  const grown = stack.daemon.memory() - before;
  if (!MEASURED) return;
  assert.ok(grown < 8 << 20, `${reply.text.length} bytes made it grow by ${grown}`);
});

test('one after another on one connection, and its head alone', async () => {
  fillHistory('bob', 60, PLAIN);
  const bob = stack.client('bob', {}, { connections: 1 });
  for (let i = 0; i < 5; i++) {
    const reply = await bob.get(EXPORT);
    assert.equal(assertStatus(reply, 200).appointments.length, 60);
    assert.equal(reply.headers['transfer-encoding'], 'chunked');
    const head = await bob.request('HEAD', EXPORT);
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.equal(Number(head.headers['content-length']), reply.bytes.length);
  }
  const ask = (method, last) =>
    `${method} ${EXPORT} HTTP/1.1\r\nHost: x\r\n${last}Authorization: Bearer ${bob.token}\r\n\r\n`;
  const both = await bob.raw(ask('HEAD', '') + ask('GET', 'Connection: close\r\n'));
  assert.equal(both.match(/^HTTP\/1\.1 200 /gm)?.length, 2, 'a HEAD keeps its connection');
  const old = await bob.raw(`GET ${EXPORT} HTTP/1.0\r\nAuthorization: Bearer ${bob.token}\r\n\r\n`);
  const [, body] = old.split('\r\n\r\n');
  assert.equal(JSON.parse(body).appointments.length, 60, 'HTTP/1.0 knows no chunks');
});

/** An export whose reader takes a first part and stops; resolves to { rest() }, which reads on to the end. */
async function startExport(client) {
  const { hostname, port } = new URL(stack.daemon.url);
  const socket = net.connect({ host: hostname, port: Number(port) });
  socket.write(
    `GET ${EXPORT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${client.token}\r\n\r\n`,
  );
  await once(socket, 'readable');
  const pieces = [socket.read()];
  const rest = async () => {
    for await (const piece of socket) pieces.push(piece);
    return Buffer.concat(pieces).toString('latin1');
  };
  return { rest };
}

const ENDED = '\r\n0\r\n\r\n';

test('what is moved to another time while an export runs is in it', async () => {
  fillHistory('carl', 1000, LONGEST); // far more than the buffers of a connection take
  const { rest } = await startExport(stack.client('carl'));
  const id = stack.database
    .run(`UPDATE bookingd.appointment
    SET starts_at = starts_at - interval '30 years', ends_at = ends_at - interval '30 years',
      blocked_from = blocked_from - interval '30 years', blocked_to = blocked_to - interval '30 years', updated_at = now()
    WHERE id = (SELECT id FROM bookingd.appointment WHERE user_id = 'carl' ORDER BY starts_at DESC LIMIT 1)
    RETURNING id`)
    .trim();
  const text = await rest();
  assert.ok(text.endsWith(ENDED));
  assert.ok(text.includes(id));
});

test('an export that cannot be finished is seen to be unfinished', async () => {
  fillHistory('dora', 1000, LONGEST);
  const dora = stack.client('dora');
  const { rest } = await startExport(dora);
  stack.database.run('ALTER TABLE bookingd.appointment RENAME TO appointment_away');
  const text = await rest();
  stack.database.run('ALTER TABLE bookingd.appointment_away RENAME TO appointment');
  assert.ok(text.startsWith('HTTP/1.1 200'));
  assert.ok(!text.endsWith(ENDED));
  assert.equal(assertStatus(await dora.get(EXPORT), 200).appointments.length, 1000);
});

test('whoever does not read on holds nobody up, and the daemon stops all the same', async () => {
  fillHistory('emil', 1000, LONGEST);
  const emil = stack.client('emil');
  const slow = await Promise.all(Array.from({ length: 8 }, () => startExport(emil)));
  for (let i = 0; i < 20; i++) assertStatus(await stack.client('finn').get('/booking/user/me'), 200);
  const stopped = stack.daemon.stop();
  for (const { rest } of slow) assert.ok(!(await rest()).endsWith(ENDED));
  await stopped;
  await stack.startDaemon();
});
