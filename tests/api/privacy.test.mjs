// What is kept about a person: exported on demand, erased without a trace, forgotten after RETENTION_DAYS.
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, sleep, startStack, until } from '../harness/stack.mjs';

let stack;
const document = openSchedule();
document.session_types.push({
  id: 'paid',
  name: 'Paid',
  durations: [30],
  meeting: 'none',
  price: { credits: 1 },
});
before(async () => {
  stack = await startStack({ document });
});
after(() => stack.stop());

/** Words by which a dump tells on somebody. */
const traits = (who) => ({
  name: `${who} Nametrait`,
  email: `${who}.mailtrait@client.test`,
  phone: `+1 555 ${who}phonetrait`.slice(0, 32),
  notes: `${who} wants notetrait`,
});
const words = (who) => [
  ...Object.values(traits(who)),
  `${who} reasontrait`,
  `Token ${who}`,
  `${who}@client.test`,
];
const nobodys = (text, who) => {
  for (const word of words(who)) assert.ok(!text.includes(word), word);
};

let hour = 0;
const nextStart = () => stack.slot((hour += 2));
const person = (who) => stack.client(who, { name: `Token ${who}` });
const book = async (client, who, headers) =>
  assertStatus(await client.post('/booking/create', { start: nextStart(), ...traits(who) }, headers), 201);

/** Puts the appointment so many days into the past. */
const ended = (id, days) =>
  stack.database.run(`UPDATE bookingd.appointment SET starts_at = t, ends_at = t + interval '30 min', blocked_from = t,
    blocked_to = t + interval '30 min'
    FROM (SELECT date_trunc('second', now()) - interval '${days} days' AS t) AS moment WHERE id = '${id}'`);

test('the export has all there is about the caller, and nothing about others', async () => {
  const [xena, yuri] = [person('xena'), person('yuri')];
  const mine = [await book(xena, 'xena'), await book(xena, 'xena')];
  assertStatus(await xena.put(`/booking/${mine[0].id}/cancel`, { reason: 'xena reasontrait' }), 200);
  await book(yuri, 'yuri');
  for (const [who, path] of [
    [xena, '/booking/user/me/export'],
    [xena, '/booking/user/xena/export'],
    [stack.admin(), '/booking/user/xena/export'],
  ]) {
    const reply = await who.get(path);
    const body = assertStatus(reply, 200);
    assert.equal(body.user_id, 'xena');
    assert.deepEqual(body.appointments.map(({ id }) => id).sort(), mine.map(({ id }) => id).sort());
    for (const word of Object.values(traits('xena'))) assert.ok(reply.text.includes(word), word);
    nobodys(reply.text, 'yuri');
  }
});

test('erasing leaves no trace in any table, reply or log, and keeps the bare fact of past sessions', async () => {
  const zoe = person('zoe');
  const coach = stack.coach();
  const past = await book(zoe, 'zoe', { 'idempotency-key': 'zoe-1' });
  ended(past.id, 3);
  const cancelled = await book(zoe, 'zoe');
  assertStatus(await coach.put(`/booking/${cancelled.id}/cancel`, { reason: 'zoe reasontrait' }), 200);
  const upcoming = await book(zoe, 'zoe');
  // As Google may say it of an event that it refuses.
  stack.database.run(`UPDATE appointment SET calendar_detail = 'Google says: Invalid attendee ' || email
    WHERE user_id = 'zoe'`);
  // The place may be where the client lives.
  const place = {
    kind: 'in_person',
    address: 'zoe reasontrait Street 1',
    instructions: 'Ring: zoe reasontrait',
  };
  assertStatus(await coach.put(`/booking/${upcoming.id}/meeting`, place), 200);
  const move = { start: nextStart() };
  const headers = { 'idempotency-key': 'coach-1' }; // the reply kept for the coach tells of zoe too
  assertStatus(await coach.put(`/booking/${upcoming.id}/reschedule`, move, headers), 200);
  const held = assertStatus(await zoe.post('/booking/hold', { start: nextStart() }), 201);
  assert.ok(stack.database.dump().includes('zoe wants notetrait'));

  assert.deepEqual(assertStatus(await zoe.delete('/booking/user/me'), 200), { cancelled: 2, erased: 4 });
  // What was under way at Google when they were erased ends after it.
  stack.database.run(`SELECT event_paid('${upcoming.id}', 1, true, 'etag', 'https://google.test/zoe reasontrait', null, false, 1,
    'zoe reasontrait', 0, false, 'none')`);
  nobodys(stack.database.dump(), 'zoe');
  nobodys(stack.daemon.log.join('\n'), 'zoe');
  assert.deepEqual(assertStatus(await zoe.delete('/booking/user/me'), 200), { cancelled: 0, erased: 0 });

  const left = assertStatus(await zoe.get(`/booking/${past.id}`), 200);
  assert.deepEqual([left.start === past.start, left.status], [false, 'scheduled']);
  for (const field of ['name', 'email', 'phone', 'notes']) assert.equal(left[field], null);
  const gone = assertStatus(await zoe.get(`/booking/${upcoming.id}`), 200);
  assert.deepEqual([gone.status, gone.cancelled_by], ['cancelled', 'client']);
  assert.equal(assertStatus(await zoe.get(`/booking/${cancelled.id}`), 200).cancel_reason, null);
  assert.deepEqual(assertStatus(await zoe.get('/booking/user/me'), 200).appointments, []);

  const list = assertStatus(await coach.get('/coach/damian/appointments?status=cancelled'), 200).appointments;
  const listed = [upcoming, held].map(({ id }) => list.some((one) => one.id === id));
  assert.deepEqual(listed, [true, false], 'a hold is no session that was cancelled');
  const again = await coach.put(`/booking/${upcoming.id}/reschedule`, move, headers);
  assert.equal(again.status, 409, 'the kept reply is gone, and the appointment is cancelled');
  nobodys(again.text, 'zoe');
  const seen = [
    `/booking/${upcoming.id}/calendar.ics`,
    '/coach/damian/appointments?status=all&from=2020-01-01',
  ];
  for (const path of seen) nobodys((await coach.get(path)).text, 'zoe');
  const { url } = assertStatus(await coach.get('/coach/damian/feed'), 200);
  nobodys((await coach.get(url.slice(stack.daemon.url.length))).text, 'zoe');
});

test('what was erased frees its time at once, and its owner may book again', async () => {
  const vera = person('vera');
  const made = await book(vera, 'vera');
  assertStatus(await vera.delete('/booking/user/vera'), 200);
  assertStatus(await stack.client('wim').post('/booking/create', { start: made.start }), 201);
  assert.equal((await book(vera, 'vera')).name, traits('vera').name);
});

test('an identity that is an email address stays nowhere, nor do links to the event and request ids', async () => {
  const user = 'nora@secret.example';
  const nora = stack.client(user, { email: user });
  const made = assertStatus(
    await nora.post('/booking/create', { start: nextStart() }, { 'x-request-id': 'nora-request' }),
    201,
  );
  stack.database.run(`UPDATE appointment SET event_link = 'https://google.test/nora-link',
    meeting_url = 'https://meet.test/nora-room' WHERE id = '${made.id}'`);
  assertStatus(
    await stack.coach().put(`/booking/${made.id}/cancel`, {}, { 'x-request-id': 'nora-coach' }),
    200,
  );
  assertStatus(await nora.delete('/booking/user/me'), 200);
  assert.doesNotMatch(stack.database.dump(), /nora/);
  // Whoever has the database alone cannot even try identities: what made the pseudonym is not in it.
  const { user_id: pseudonym } = assertStatus(await stack.coach().get(`/booking/${made.id}`), 200);
  const secrets = stack.database.rows(`SELECT value FROM local_secret`).map(({ value }) => value);
  for (const secret of ['', ...secrets])
    for (const text of [user, `pseudonym of ${user}`])
      for (const key of [secret, Buffer.from(secret, 'base64')]) {
        const guesses = [
          createHash('sha256').update(key).update(text).digest('hex'),
          createHmac('sha256', key).update(text).digest('hex'),
        ];
        assert.ok(!guesses.some((guess) => pseudonym.includes(guess.slice(0, 16))));
      }
  assert.doesNotMatch(stack.database.dump(), /erasure_key/);
  const left = assertStatus(await nora.get(`/booking/${made.id}`), 200);
  assert.match(left.user_id, /^erased-[0-9a-f]{32}$/);
  assert.equal(left.calendar.html_link, null);
  assert.equal((await stack.client('somebody').get(`/booking/${made.id}`)).status, 404);
});

test('who comes back is erased again, also when they have used a promo code both times', async () => {
  const olga = person('olga');
  const code = { code: 'FREE', kind: 'free', per_user: 1 };
  assertStatus(await stack.coach().post('/coach/damian/promo-codes', code), 201);
  for (const days of [8, 7, 6]) {
    const wish = { start: nextStart(), session_type: 'paid', promo_code: 'FREE', ...traits('olga') };
    ended(assertStatus(await olga.post('/booking/create', wish), 201).id, days); // so that its use counts
    assert.deepEqual(assertStatus(await olga.delete('/booking/user/me'), 200), { cancelled: 0, erased: 1 });
  }
  nobodys(stack.database.dump(), 'olga');
  const uses = stack.database.rows('SELECT user_id FROM promo_use');
  assert.ok(uses.every(({ user_id }) => /^erased-/.test(user_id)));
});

test('an address that only the coach has given goes with its person, from the guests of others too', async () => {
  const coach = stack.coach();
  const email = 'Zed@zedtrait.example';
  const bookFor = async (client) => {
    const wish = { client, start: nextStart() };
    return assertStatus(await coach.post('/coach/damian/appointments', wish), 201);
  };
  const { user_id: zed } = await bookFor({ email });
  const guests = ['ZED@zedtrait.example', 'other@client.test'];
  const theirs = assertStatus(
    await person('bea').post('/booking/create', { start: nextStart(), guests }),
    201,
  );
  await bookFor({ user_id: 'zack', email: 'zack@zedtrait.example' });
  await bookFor({ user_id: 'zoltan', email: 'bea@client.test' });
  stack.database.run(`INSERT INTO known_address (email, user_id) VALUES ('bea@client.test', 'bea');
    INSERT INTO mail_suppression (email, reason) SELECT unnest(array['zed@zedtrait.example', 'zack@zedtrait.example', 'bea@client.test']), 'bounced'`);
  for (const who of [zed, 'zack', 'zoltan'])
    assertStatus(await stack.admin().delete(`/booking/user/${encodeURIComponent(who)}`), 200);
  assert.doesNotMatch(stack.database.dump(), /zedtrait/i);
  assert.deepEqual(assertStatus(await coach.get(`/booking/${theirs.id}`), 200).guests, ['other@client.test']);
  // That address is known to be another person's.
  assert.equal(
    stack.database.value(`SELECT count(*) FROM mail_suppression WHERE email = 'bea@client.test'`),
    1,
  );
});

test('whose reader complained gets no mail again because somebody who had typed the address is erased', async () => {
  const mallory = person('mallory');
  const typed = { start: nextStart(), name: 'Mallory', email: 'Harried@client.test' };
  assertStatus(await mallory.post('/booking/create', typed), 201);
  stack.database.run(
    `INSERT INTO mail_suppression (email, reason) VALUES ('harried@client.test', 'complained')`,
  );
  assertStatus(await mallory.delete('/booking/user/me'), 200);
  const left = `SELECT count(*) FROM mail_suppression WHERE email = 'harried@client.test'`;
  assert.equal(stack.database.value(left), 1);
});

test('the address that a token vouches for leaves the guests of others, also where nothing is mailed', async () => {
  const guests = ['Nina@client.test', 'other@client.test'];
  const theirs = assertStatus(
    await person('bea').post('/booking/create', { start: nextStart(), guests }),
    201,
  );
  await book(person('nina'), 'nina');
  assertStatus(await person('nina').delete('/booking/user/me'), 200);
  nobodys(stack.database.dump().toLowerCase(), 'nina');
  const left = assertStatus(await stack.coach().get(`/booking/${theirs.id}`), 200);
  assert.deepEqual(left.guests, ['other@client.test']);
});

test('erased twice at once, while they come in by another address: nobody waits in a circle', async () => {
  const { database } = stack;
  const deadlocks = () =>
    database.value('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()');
  const known = deadlocks();
  const erase = () => stack.admin().delete('/booking/user/quincy');
  const own = database.session();
  own.send(`BEGIN; SELECT lock_client('quincy');`);
  await until('their lock to be taken', () => database.locks(`classid = 1651469163 AND granted`) === 1);
  const first = erase();
  await until('the first to wait', () => database.waiting('erased_count') === 1);
  database.run(`INSERT INTO known_address (email, user_id) VALUES ('quincy@client.test', 'quincy')`);
  const second = erase();
  await until('the second to wait', () => database.waiting('erased_count') === 2);
  own.send('COMMIT;');
  own.close();
  for (const reply of await Promise.all([first, second])) assertStatus(reply, 200);
  assert.equal(database.value(`SELECT count(*) FROM known_address WHERE user_id = 'quincy'`), 0);
  await sleep(1100); // the server tells its counters once a second
  assert.equal(deadlocks() - known, 0);
});

test('an admin may erase a client, who then reads that it was an admin', async () => {
  const uma = person('uma');
  const made = await book(uma, 'uma');
  assert.deepEqual(assertStatus(await stack.admin().delete('/booking/user/uma'), 200), {
    cancelled: 1,
    erased: 1,
  });
  assert.equal(assertStatus(await uma.get(`/booking/${made.id}`), 200).cancelled_by, 'admin');
  for (const nobody of ['never-was', 'never'.repeat(1000), '%F0%9F%98%80'.repeat(600)])
    assert.deepEqual(assertStatus(await stack.admin().delete(`/booking/user/${nobody}`), 200), {
      cancelled: 0,
      erased: 0,
    });
});

test('erasing while bookings are being made and replayed leaves nothing either', async () => {
  const tess = person('tess');
  const starts = Array.from({ length: 12 }, nextStart);
  const calls = starts.map((start, i) =>
    tess.post('/booking/create', { start, ...traits('tess') }, { 'idempotency-key': `tess-${i}` }),
  );
  const erased = tess.delete('/booking/user/me');
  await Promise.all([...calls, erased]);
  assertStatus(await tess.delete('/booking/user/me'), 200);
  nobodys(stack.database.dump(), 'tess');
});

test('who did what when is kept, without a word about the person', async () => {
  const saul = person('saul');
  const made = assertStatus(
    await saul.post(
      '/booking/create',
      { start: nextStart(), ...traits('saul') },
      { 'x-request-id': 'audit-1' },
    ),
    201,
  );
  assertStatus(await stack.coach().put(`/booking/${made.id}/cancel`, { reason: 'saul reasontrait' }), 200);
  const audit =
    stack.database.rows(`SELECT actor, role, action, request_id, at > now() - interval '1 minute' AS recent
    FROM bookingd.audit WHERE appointment_id = '${made.id}' ORDER BY id`);
  assert.deepEqual(
    audit.map(({ actor, role, action, recent }) => [actor, role, action, recent]),
    [
      ['saul', 'user', 'create', true],
      ['the-coach', 'coach', 'cancel', true],
    ],
  );
  assert.equal(audit[0].request_id, 'audit-1');
  nobodys(JSON.stringify(stack.database.rows('SELECT * FROM bookingd.audit')), 'saul');
});

test('RETENTION_DAYS after its end an appointment is blank, before that and ahead it is not', async () => {
  const own = await startStack({ document: openSchedule(), env: { RETENTION_DAYS: '30' }, start: false });
  try {
    const daemon = await own.startDaemon();
    const made = {};
    for (const [who, days] of [
      ['old', 31],
      ['older', 32],
      ['young', 29],
      ['ahead', null],
    ]) {
      const body = { start: own.slot(Object.keys(made).length * 2 + 1), ...traits(who) };
      made[who] = assertStatus(await own.client(who).post('/booking/create', body), 201);
      if (days)
        own.database.run(`UPDATE bookingd.appointment SET starts_at = t, ends_at = t + interval '30 min', blocked_from = t,
          blocked_to = t + interval '30 min' FROM (SELECT now() - interval '${days} days' AS t) AS moment
          WHERE id = '${made[who].id}'`);
    }
    own.database.run(`INSERT INTO known_address (email, user_id, since) VALUES
        ('${traits('old').email}', 'old', now() - interval '31 days'), ('ahead@client.test', 'ahead', now() - interval '31 days');
      INSERT INTO proved_address SELECT user_id, 'also.' || email, since FROM known_address;
      INSERT INTO notice_preference (user_id, locale) VALUES ('old', 'fr'), ('ahead', 'fr');
      UPDATE appointment SET user_id = 'old.mailtrait@client.test' WHERE id = '${made.older.id}';
      UPDATE appointment SET meeting_place = 'old wants notetrait', calendar_detail = 'Google says: Invalid attendee ' || email
        WHERE id = '${made.old.id}';
      DELETE FROM bookingd.idempotency_key;
      INSERT INTO notice (appointment_id, recipient, channel, kind, about, state, detail) VALUES
        ('${made.old.id}', 'client', 'email', 'confirmed', '0', 'failed', '550 <${traits('old').email}> unknown');
      INSERT INTO audit (at, actor, role, action) SELECT now() - make_interval(days => 31), 'old', 'user', 'create'
        FROM generate_series(1, 250);
      UPDATE audit SET id = DEFAULT WHERE at > now() - interval '1 day'`);
    await daemon.restart(await daemon.stop());
    await until('the blank', () => !own.database.dump().includes('old wants notetrait'));
    nobodys(own.database.dump(), 'old');
    await until(
      'the audit to be retired',
      () => own.database.value(`SELECT count(*) FROM audit WHERE at < now() - interval '30 days'`) === 0,
    );
    // What is left of people of whom something younger is known.
    for (const table of ['known_address', 'proved_address', 'notice_preference'])
      assert.deepEqual(own.database.rows(`SELECT user_id FROM ${table}`), [{ user_id: 'ahead' }]);
    assert.ok(own.database.value(`SELECT count(*) FROM audit WHERE actor IN ('young', 'ahead')`) >= 2);
    for (const who of ['young', 'ahead']) {
      const kept = assertStatus(await own.client(who).get(`/booking/${made[who].id}`), 200);
      assert.equal(kept.notes, traits(who).notes);
    }
    const blank = assertStatus(await own.client('old').get(`/booking/${made.old.id}`), 200);
    assert.deepEqual([blank.name, blank.email, blank.status], [null, null, 'scheduled']);
  } finally {
    await own.stop();
  }
});

test('RETENTION_DAYS leaves no identity that is an address in the ledger of credits or among wishes', async () => {
  const own = await startStack({ document, env: { RETENTION_DAYS: '30' } });
  try {
    const [user, spent, kept] = ['old@oldtrait.example', 'spent@oldtrait.example', 'kept@client.test'];
    const coach = own.coach();
    assertStatus(await coach.post('/coach/damian/promo-codes', { code: 'FREE', kind: 'free' }), 201);
    const who = (email) => own.client(email, { email });
    let slot = 1;
    const wish = (more) => ({ start: own.slot((slot += 2)), session_type: 'paid', ...more });
    for (const email of [user, kept]) {
      assertStatus(await who(email).put('/booking/user/me/preferences', { locale: 'fr' }), 200);
      assertStatus(await who(email).post('/booking/create', wish({ promo_code: 'FREE' })), 201);
    }
    for (const [email, amount] of [
      [spent, 1],
      [kept, 2],
    ]) {
      const grant = { user_id: email, amount, external_ref: `order of ${email}` };
      assertStatus(await coach.post('/coach/damian/credits', grant), 201);
      assertStatus(await who(email).post('/booking/create', wish({})), 201);
    }
    await own.daemon.stop();
    own.database.run(`UPDATE appointment SET starts_at = t, ends_at = t + interval '30 min', blocked_from = t,
        blocked_to = t + interval '30 min'
      FROM (SELECT id, date_trunc('second', now()) - interval '31 days' - row_number() OVER () * interval '1 hour' AS t
            FROM appointment) AS moment
      WHERE appointment.id = moment.id;
      UPDATE known_address SET since = now() - interval '31 days';
      UPDATE credit_grant SET created_at = now() - interval '31 days';
      SET session_replication_role = replica; -- the ledger is never changed
      UPDATE credit_entry SET note = 'for ' || user_id FROM credit_grant g WHERE g.id = grant_id AND balance = 0;
      RESET session_replication_role;
      UPDATE audit SET at = now() - interval '31 days';
      UPDATE event SET at = now() - interval '31 days';
      DELETE FROM idempotency_key`);
    await own.daemon.restart();
    await until('it to be gone', () => !/oldtrait/.test(own.database.dump()));
    // Whoever can spend something is still known to be who it is.
    assert.equal(own.database.value(`SELECT user_id FROM credit_grant WHERE balance > 0`), kept);
    assert.deepEqual(own.database.rows('SELECT * FROM credit_faults()'), []);
  } finally {
    await own.stop();
  }
});
