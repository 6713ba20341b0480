// The waiting list: what is freed is offered to who is first in line, held for them in the transaction that frees it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus, countStatuses, later } from '../harness/expect.mjs';
import { Daemon } from '../harness/daemon.mjs';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

let stack, mail, coach, document;
let hour = 0;
before(async () => {
  mail = await MailServer.start();
  document = openSchedule({
    min_notice_minutes: 60,
    cancel_notice_minutes: 0,
    reschedule_notice_minutes: 0,
  });
  document.session_types[0].meeting = 'in_person';
  document.session_types.push(
    { id: 'pair', name: 'Pair', durations: [60], meeting: 'none', seats: 2 },
    { id: 'paid', name: 'Paid', durations: [60], meeting: 'none', price: { credits: 1 } },
    { id: 'single', name: 'Single', durations: [60], meeting: 'none', policy: { max_active_per_user: 1 } },
    { id: 'trial', name: 'Trial', durations: [60], meeting: 'none', policy: { max_total_per_user: 1 } },
    { id: 'circle', name: 'Circle', durations: [60], meeting: 'none', seats: 4 },
    { id: 'daily', name: 'Daily', durations: [60], meeting: 'none', policy: { max_per_day: 1 } },
    { id: 'asked', name: 'Asked', durations: [60], meeting: 'none', approval: true },
    { id: 'room', name: 'Room', durations: [60], meeting: { kind: 'link', url: 'https://rooms.test/{id}' } },
    {
      id: 'home',
      name: 'Home',
      durations: [60],
      meeting: { kind: 'in_person', address: 'High Street 1' },
      price: { amount: 10000, currency: 'EUR' },
    },
  );
  stack = await startStack({ document, env: { ...mail.settings, PUBLIC_URL: 'https://book.test' } });
  coach = stack.coach();
});
after(async () => {
  await stack?.stop();
  await mail.stop();
});

const HOUR = { duration_minutes: 60 };
const slot = () => stack.slot((hour += 2));
const book = async (who, start, more = {}) =>
  assertStatus(await stack.client(who).post('/booking/create', { start, ...HOUR, ...more }), 201);
/** Waits for this start alone, so that tests do not offer to each other. */
const wait = async (who, start, more = {}) =>
  assertStatus(
    await stack.client(who).post('/booking/waitlist', {
      from: start,
      to: later(start, 1),
      session_type: 'coaching',
      ...HOUR,
      ...more,
    }),
    201,
  );
const entry = async (who, { id }) =>
  assertStatus(await stack.client(who).get('/booking/waitlist'), 200).waitlist.find((one) => one.id === id);
const cancel = async (who, { id }) =>
  assertStatus(await stack.client(who).put(`/booking/${id}/cancel`, {}), 200);
const confirm = (who, { appointment_id: id }) => stack.client(who).put(`/booking/${id}/confirm`, {});
const lapse = ({ appointment_id: id }) =>
  stack.database.run(
    `UPDATE bookingd.appointment SET hold_expires_at = now() - interval '1 second' WHERE id = '${id}'`,
  );

test('a time that is freed is held for the first in line, who is told and takes it', async () => {
  const start = slot();
  const made = await book('owner', start);
  const [ann, bob] = [await wait('ann', start), await wait('bob', start)];
  assert.deepEqual([ann.state, ann.appointment_id, ann.offer_expires_at], ['waiting', null, null]);
  assert.equal(bob.position, ann.position + 1);
  for (const [who, joined] of [
    ['ann', ann],
    ['bob', bob],
  ])
    assert.equal((await entry(who, joined)).position, joined.position);
  await cancel('owner', made);
  const offered = await entry('ann', ann);
  assert.equal(offered.state, 'offered');
  const left = (Date.parse(offered.offer_expires_at) - Date.now()) / 60_000;
  assert.ok(left > 100 && left <= 120, `${left} minutes`);
  assert.equal((await entry('bob', bob)).state, 'waiting');
  assertProblem(await stack.client('eve').post('/booking/create', { start, ...HOUR }), 409, 'slot_taken');
  assertProblem(await stack.client('bob').post('/booking/create', { start, ...HOUR }), 409, 'slot_taken');
  const held = assertStatus(await stack.client('ann').get(`/booking/${offered.appointment_id}`), 200);
  const told_of = await until('programs to be told', async () => {
    const { events } = assertStatus(await coach.get('/coach/damian/events?limit=100'), 200);
    const offers = events.filter(({ type }) => type === 'waitlist.offered');
    return offers.length > 0 && offers;
  });
  assert.deepEqual(
    told_of.map(({ data }) => [data.id, data.user_id, data.status, data.offered]),
    [[held.id, 'ann', 'held', true]],
  );
  assert.deepEqual([held.status, held.offered, held.start], ['held', true, start]);
  assertProblem(await confirm('bob', offered), 404, 'not_found');
  const told = ({ to, text }) => to[0] === 'ann@client.test' && /It’s held for you until/.test(text);
  const [letter] = await mail.wait(1, told);
  assert.match(letter.text, /https:\/\/book\.test\/booking\/#manage=/);
  const taken = assertStatus(await confirm('ann', offered), 200);
  assert.deepEqual([taken.status, taken.user_id, taken.name], ['scheduled', 'ann', 'Name of ann']);
  assert.equal((await entry('ann', ann)).state, 'booked');
  await mail.wait(1, ({ to, calendar }) => to[0] === 'ann@client.test' && calendar?.method === 'REQUEST');
});

test('of two replicas one tells of an offer, once', async () => {
  const other = await Daemon.start({ env: stack.env });
  const starts = Array.from({ length: 8 }, slot);
  const made = await Promise.all(starts.map((start, n) => book(`owner-${n}`, start)));
  const joined = await Promise.all(starts.map((start, n) => wait(`patient-${n}`, start)));
  await Promise.all(made.map((one, n) => cancel(`owner-${n}`, one)));
  const entries = await Promise.all(joined.map((one, n) => entry(`patient-${n}`, one)));
  const ids = entries.map((one) => `'${one.appointment_id}'`).join();
  const told = (what) =>
    Number(stack.database.value(`select count(*) from ${what} and appointment_id in (${ids})`));
  await until('all to be told of', () => told("notice where kind = 'offer' and channel = 'in_app'") === 8);
  // Whoever judged an offer at the same time has said so by the time that the next one is told of.
  const [last, next] = [slot(), slot()];
  for (const start of [last, next]) {
    const one = await book('owner', start);
    await wait('patient', start);
    await cancel('owner', one);
  }
  await until('the next to be told of', () =>
    stack.database.value(`select count(*) = 2 from notice n join appointment a on a.id = n.appointment_id
      where n.kind = 'offer' and n.channel = 'in_app' and a.user_id = 'patient'`),
  );
  await other.stop();
  assert.equal(told("event where type = 'waitlist.offered'"), 8);
  assert.equal(told("notice where kind = 'offer' and channel = 'email'"), 8);
});

test('what is declined or lapses goes on to the next, and after the last it is open to all', async () => {
  const start = slot();
  const made = await book('owner', start);
  const line = [];
  for (const who of ['cid', 'dan', 'eli']) line.push([who, await wait(who, start)]);
  await cancel('owner', made);
  const [[cid, first], [dan, second], [eli, third]] = line;
  await cancel(cid, { id: (await entry(cid, first)).appointment_id });
  assert.deepEqual([(await entry(cid, first)).state, (await entry(dan, second)).state], ['left', 'offered']);
  lapse(await entry(dan, second));
  // Whoever comes at that moment does not slip between.
  assertProblem(await stack.client('eve').post('/booking/create', { start, ...HOUR }), 409, 'slot_taken');
  assert.equal((await entry(eli, third)).state, 'offered', 'although the refusal undid nothing');
  assertProblem(await confirm(dan, await entry(dan, second)), 410, 'hold_expired');
  assert.equal((await entry(dan, second)).state, 'lapsed');
  const { id } = await entry(eli, third);
  assert.equal((await stack.client(eli).request('DELETE', `/booking/waitlist/${id}`)).status, 204);
  assert.equal((await entry(eli, third)).state, 'left');
  await book('eve', start);
});

test('who has a seat is offered no second one', async () => {
  const start = slot();
  const pair = { session_type: 'pair' };
  const made = await book('owner', start, pair);
  await book('fay', start, pair);
  const [fay, gil] = [await wait('fay', start, pair), await wait('gil', start, pair)];
  await cancel('owner', made);
  assert.deepEqual(
    [(await entry('fay', fay)).state, (await entry('gil', gil)).state],
    ['waiting', 'offered'],
  );
});

test('only what was asked for is offered: kind, length, dates, days and hours', async () => {
  const start = slot();
  const made = await book('owner', start);
  const clock = start.slice(11, 16);
  const day = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'][new Date(start).getUTCDay()];
  const others = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'].filter((one) => one !== day);
  const end = later(start, 60).slice(11, 16) === '00:00' ? '24:00' : later(start, 60).slice(11, 16);
  const wrong = {
    kind: { session_type: 'paid' },
    length: { duration_minutes: 30 },
    date: { from: later(start, 60), to: later(start, 600) },
    day: { days: others },
    ...(clock !== '00:00' && { hours: { between: ['00:00', clock] } }),
  };
  const entries = {};
  for (const [name, more] of Object.entries(wrong)) entries[name] = await wait(`wrong-${name}`, start, more);
  const right = await wait('right', start, { days: [day], between: [clock, end] });
  await cancel('owner', made);
  for (const name of Object.keys(wrong)) {
    const who = `wrong-${name}`;
    assert.equal((await entry(who, entries[name])).state, 'waiting', name);
    await stack.client(who).request('DELETE', `/booking/waitlist/${entries[name].id}`);
  }
  const offered = await entry('right', right);
  assert.equal(offered.state, 'offered');
  await cancel('right', { id: offered.appointment_id });
});

test('what is offered is the kind of session, with nothing of who had the time before', async () => {
  const home = { session_type: 'home' };
  const code = { code: 'HALF', kind: 'percent', value: 50 };
  assertStatus(await coach.post('/coach/damian/promo-codes', code), 201);
  const visited = async (who, start) => {
    const made = await book(who, start, { ...home, promo_code: 'HALF' });
    const place = {
      kind: 'in_person',
      address: 'At their own, Elm Street 12',
      instructions: 'Door code 4711',
    };
    assertStatus(await coach.put(`/booking/${made.id}/meeting`, place), 200);
    return made;
  };
  const isOfTheKind = async (who, waiting) => {
    const { body } = await confirm(who, await entry(who, waiting));
    assert.deepEqual(body.meeting, { kind: 'in_person', url: null, address: 'High Street 1' });
    assert.equal(body.price.amount, 10000);
  };
  const start = slot();
  const made = await visited('at-home', start);
  const next = await wait('next-home', start, home);
  await cancel('at-home', made);
  await isOfTheKind('next-home', next);

  const again = slot();
  await visited('erased-home', again);
  const other = await wait('other-home', again, home);
  assertStatus(await stack.client('erased-home').request('DELETE', '/booking/user/me'), 200);
  await isOfTheKind('other-home', other);

  const third = slot();
  const room = await book('in-room', third, { session_type: 'room' });
  const last = await wait('next-room', third, { session_type: 'room' });
  await cancel('in-room', room);
  const taken = (await confirm('next-room', await entry('next-room', last))).body;
  assert.equal(taken.meeting.url, `https://rooms.test/${taken.id}`);
});

test('what is offered has the cut-offs and buffers that its kind has now', async () => {
  const start = slot();
  const made = await book('terms-a', start, { session_type: 'room' });
  const waiting = await wait('terms-b', start, { session_type: 'room' });
  const policy = {
    cancel_notice_minutes: 15,
    reschedule_notice_minutes: 30,
    max_reschedules: 1,
    late_cancel: 'keep',
    buffer_after_minutes: 45,
  };
  const types = document.session_types.map((type) => (type.id === 'room' ? { ...type, policy } : type));
  assertStatus(await coach.put('/coach/damian/schedule', { ...document, session_types: types }), 200);
  await cancel('terms-a', made);
  const { id } = assertStatus(await confirm('terms-b', await entry('terms-b', waiting)), 200);
  assertStatus(await coach.put('/coach/damian/schedule', document), 200);
  const row = stack.database.value(
    `select concat_ws('|', cancel_notice_minutes, reschedule_notice_minutes, max_reschedules, late_cancel,
       blocked_to - ends_at)
     from bookingd.appointment where id = '${id}'`,
  );
  assert.equal(row, '15|30|1|keep|00:45:00');
});

test('a seat is offered where its session takes place', async () => {
  const start = slot();
  const circle = { session_type: 'circle' };
  const made = await book('seat-a', start, circle);
  await book('seat-b', start, circle);
  const place = { kind: 'in_person', address: 'In the park' };
  assertStatus(await coach.put(`/booking/${made.id}/meeting`, place), 200);
  const waiting = await wait('seat-c', start, circle);
  assertStatus(await stack.client('seat-a').request('DELETE', '/booking/user/me'), 200);
  const seat = (await confirm('seat-c', await entry('seat-c', waiting))).body;
  assert.deepEqual(seat.meeting, { ...place, url: null });
});

test('a kind of session that is no more, or a draft, is offered to nobody', async () => {
  for (const change of [() => [], (type) => [{ ...type, draft: true }]]) {
    const start = slot();
    const made = await book('owner', start, { session_type: 'room' });
    const waiting = await wait('too-late-for-it', start, { session_type: 'room' });
    const types = document.session_types.flatMap((type) => (type.id === 'room' ? change(type) : [type]));
    assertStatus(await coach.put('/coach/damian/schedule', { ...document, session_types: types }), 200);
    await cancel('owner', made);
    assert.equal((await entry('too-late-for-it', waiting)).state, 'waiting');
    assertStatus(await coach.put('/coach/damian/schedule', document), 200);
    await stack.client('too-late-for-it').request('DELETE', `/booking/waitlist/${waiting.id}`);
  }
});

test('a session that is moved offers nobody a seat where it was', async () => {
  const start = slot();
  const made = await book('circle-a', start, { session_type: 'circle' });
  const waiting = await wait('circle-b', start, { session_type: 'circle' });
  const moved = await coach.put(`/coach/damian/groups/${made.group_id}/reschedule`, {
    start: stack.slot(240),
  });
  assertStatus(moved, 200);
  assert.equal((await entry('circle-b', waiting)).state, 'waiting');
});

test('what the slot rules are against is taken back before anybody is told, and can be taken by nobody', async () => {
  const [day, next] = [stack.slot(24 * 20), stack.slot(24 * 21)].map((at) => at.slice(0, 10));
  const start = later(`${day}T00:00:00Z`, 600);
  const moved = later(start, 240);
  const shut = (more) => async () =>
    assertStatus(await coach.put('/coach/damian/schedule', { ...document, ...more }), 200);
  const cases = {
    blocked: { before: shut({ blocked: [{ from: day, to: next, reason: 'ill' }] }) },
    outside_hours: { before: shut({ overrides: [{ date: day, intervals: [] }] }) },
    day_full: { more: { session_type: 'daily' }, moves: true },
  };
  for (const [code, { before, more, moves }] of Object.entries(cases)) {
    const made = await book('owner', start, more);
    const waiting = await wait(`in-vain-${code}`, start, more);
    const behind = await wait(`behind-${code}`, start, more);
    await before?.();
    if (moves) {
      const reply = await stack.client('owner').put(`/booking/${made.id}/reschedule`, { start: moved });
      assertStatus(reply, 200);
    } else await cancel('owner', made);
    const { appointment_id: id } = await entry(`in-vain-${code}`, waiting);
    if (id !== null) {
      // Before or after it was taken back.
      const { body } = await stack.client(`in-vain-${code}`).put(`/booking/${id}/confirm`, {});
      assert.ok([code, 'hold_expired'].includes(body.code), body.code);
    }
    const back = await until(`${code} to be taken back`, async () => {
      const now = await entry(`in-vain-${code}`, waiting);
      return now.state === 'waiting' && now;
    });
    assert.deepEqual([back.appointment_id, back.position], [null, waiting.position], code);
    assert.equal((await entry(`behind-${code}`, behind)).state, 'waiting', code);
    const of =
      stack.database.rows(`SELECT a.id FROM bookingd.appointment a JOIN bookingd.notice n ON n.appointment_id = a.id
      WHERE a.user_id LIKE '%${code}'`);
    assert.deepEqual(of, [], 'nobody was told');
    assertStatus(await coach.put('/coach/damian/schedule', document), 200);
    if (moves) await cancel('owner', made);
    for (const [who, { id: place }] of [
      [`in-vain-${code}`, waiting],
      [`behind-${code}`, behind],
    ])
      await stack.client(who).request('DELETE', `/booking/waitlist/${place}`);
  }
});

test('whoever has as many sessions as allowed by now is passed by until they have fewer', async () => {
  const [start, second] = [slot(), slot()];
  const made = await book('owner', start);
  const more = await book('owner', second);
  const front = await wait('at-limit', start, { to: later(second, 1) });
  const behind = await wait('below-limit', start);
  const other = await book('at-limit', slot());
  const limited = structuredClone(document);
  limited.session_types[0].policy = { ...limited.session_types[0].policy, max_active_per_user: 1 };
  assertStatus(await coach.put('/coach/damian/schedule', limited), 200);
  await cancel('owner', made);
  const offered = await until('the next in line to be offered the time', async () => {
    const now = await entry('below-limit', behind);
    return now.state === 'offered' && now;
  });
  assert.equal((await entry('at-limit', front)).state, 'waiting');
  await cancel('owner', more);
  const offers = `select count(*) from bookingd.appointment where user_id = 'at-limit' and hold_kind = 'offer'`;
  assert.equal(stack.database.value(offers), 1, 'the next time is offered to others at once');
  await cancel('at-limit', other);
  await cancel('below-limit', { id: offered.appointment_id });
  assert.equal((await entry('at-limit', front)).state, 'offered');
  assertStatus(await coach.put('/coach/damian/schedule', document), 200);
});

test('whoever has had as many of a kind as one person may is offered no other', async () => {
  const trial = { session_type: 'trial' };
  const [had, first, second, third] = [slot(), slot(), slot(), slot()];
  await book('had-one', had, trial);
  const made = [];
  for (const [i, start] of [first, second, third].entries())
    made.push(await book(`trial-${i}`, start, trial));
  const front = await wait('had-one', first, trial);
  const behind = await wait('had-none', first, trial);
  await cancel('trial-0', made[0]);
  assert.equal((await entry('had-one', front)).state, 'waiting');
  assert.equal((await entry('had-none', behind)).state, 'offered');
  // A limit that is the coach's counts sessions of all kinds, so nothing is ever offered that would be taken back.
  const limited = { ...document, policy: { ...document.policy, max_total_per_user: 2 } };
  const last = await book('busy', slot());
  await book('had-two', slot(), { session_type: 'circle' });
  await book('had-two', slot());
  assertStatus(await coach.put('/coach/damian/schedule', limited), 200);
  await wait('had-two', last.start);
  await cancel('busy', last);
  assert.equal(
    stack.database.value(
      "SELECT count(*) FROM appointment WHERE user_id = 'had-two' AND hold_kind = 'offer'",
    ),
    0,
  );
  assertStatus(await coach.put('/coach/damian/schedule', document), 200);
  // Two at once, neither of which sees the other: one is taken back before it is told.
  const line = [await wait('wants-one', second, trial), await wait('wants-one', third, trial)];
  const slow = stack.database.session();
  slow.send(`BEGIN; UPDATE appointment SET status = 'cancelled', cancelled_by = 'client', cancelled_at = now(),
    version = version + 1 WHERE id = '${made[1].id}'; SET CONSTRAINTS ALL IMMEDIATE; SELECT 'trial offered';`);
  await until('the first to be under way', () =>
    stack.database.value(`SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()
      AND state = 'idle in transaction' AND query LIKE '%trial offered%'`),
  );
  await cancel('trial-2', made[2]);
  slow.send('COMMIT;');
  slow.close();
  const states = async () => {
    const now = await Promise.all(line.map((one) => entry('wants-one', one)));
    return now.map(({ state }) => state).sort();
  };
  await until('one of them to be taken back', async () => (await states()).join(' ') === 'offered waiting');
});

test('an offer that was told of is a promise, and whoever books its time has what they waited for', async () => {
  const start = slot();
  const made = await book('owner', start);
  const waiting = await wait('promised', start);
  await cancel('owner', made);
  const { appointment_id: id } = await entry('promised', waiting);
  const told = `SELECT count(*) FROM bookingd.notice WHERE appointment_id = '${id}' AND kind = 'offer' AND channel = 'in_app'`;
  await until('the offer to be told', () => stack.database.value(told) === 1);
  // As another replica would that judged it before.
  assert.equal(stack.database.value(`SELECT bookingd.withdraw_offer('${id}', false)`), false);
  assert.equal((await entry('promised', waiting)).state, 'offered');
  await book('promised', start);
  assert.equal((await entry('promised', waiting)).state, 'booked');
});

/** Somebody with a session of their own who is offered a time, `start`. */
async function offeredAnother(user) {
  const start = slot();
  const owned = await book('owner', start);
  const mine = await book(user, slot());
  const joined = await wait(user, start);
  await cancel('owner', owned);
  const { state, appointment_id: offer } = await entry(user, joined);
  assert.equal(state, 'offered');
  return { start, mine, joined, offer };
}

test('whoever moves a session to the time they are offered has what they waited for', async () => {
  const { start, mine, joined } = await offeredAnother('mover');
  assertStatus(await stack.client('mover').put(`/booking/${mine.id}/reschedule`, { start }), 200);
  assert.equal((await entry('mover', joined)).state, 'booked');
});

test('an offer that is moved onto while it is declined: nobody waits in a circle', async () => {
  const { start, mine, offer } = await offeredAnother('circler');
  const decline = stack.database.session();
  try {
    decline.send(`set search_path = bookingd, public; begin;
      select from appointment where id = '${offer}' for update;`);
    await until('the lock', () =>
      stack.database.value(`select count(*) from pg_stat_activity where datname = current_database()
        and state = 'idle in transaction' and query like '%${offer}%'`),
    );
    const moved = stack.client('circler').put(`/booking/${mine.id}/reschedule`, { start });
    await until('the move to wait', () => stack.database.waiting('from move_appointment[(]'));
    const deadlocks = () =>
      stack.database.value('select deadlocks from pg_stat_database where datname = current_database()');
    const before = deadlocks();
    decline.send(`update appointment set status = 'cancelled' where id = '${offer}'; commit;`);
    assertStatus(await moved, 200);
    await until('the decline to end', () =>
      stack.database.value(`select count(*) = 0 from pg_stat_activity where datname = current_database()
        and state like 'idle in transaction%'`),
    );
    assert.equal(deadlocks(), before);
  } finally {
    decline.close();
  }
});

test('a session over midnight suits whoever named no hours', async () => {
  const days = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
  const nights = { ...document, weekly: [{ days, from: '12:00', to: '11:00' }] };
  assertStatus(await coach.put('/coach/damian/schedule', nights), 200);
  const start = later(stack.slot(24 * 8), -30);
  const made = await book('owner', start);
  const window = { from: start, to: later(start, 1) };
  const early = await wait('early-bird', start, { ...window, between: ['00:00', '23:59'] });
  const any = await wait('night-owl', start, window);
  await cancel('owner', made);
  assert.equal((await entry('early-bird', early)).state, 'waiting');
  assert.equal((await entry('night-owl', any)).state, 'offered');
  assertStatus(await coach.put('/coach/damian/schedule', document), 200);
});

test('two times that are freed at once are offered to the two in line', async () => {
  const [first, second] = [slot(), slot()];
  const made = [await book('owner-1', first), await book('owner-2', second)];
  const window = { from: first, to: later(second, 1) };
  const line = [await wait('front', first, window), await wait('behind', first, window)];
  const slow = stack.database.session();
  slow.send(`BEGIN; UPDATE appointment SET status = 'cancelled', cancelled_by = 'client', cancelled_at = now(),
    version = version + 1 WHERE id = '${made[0].id}'; SET CONSTRAINTS ALL IMMEDIATE; SELECT 'offered';`);
  await until('the first to be under way', () =>
    stack.database.value(`SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()
      AND state = 'idle in transaction' AND query LIKE '%offered%'`),
  );
  await cancel('owner-2', made[1]);
  slow.send('COMMIT;');
  slow.close();
  await until('the first to be over', async () => (await entry('front', line[0])).state === 'offered');
  assert.deepEqual(
    [(await entry('front', line[0])).state, (await entry('behind', line[1])).state],
    ['offered', 'offered'],
  );
});

test('a hold and a request that run out go to the first in line, not to who comes at that moment', async () => {
  const asked = { session_type: 'asked' };
  const kept = {
    hold: async (start) =>
      assertStatus(await stack.client('keeper').post('/booking/hold', { start, ...HOUR }), 201),
    request: (start) => book('keeper', start, asked),
  };
  for (const [kind, keep] of Object.entries(kept)) {
    const start = slot();
    const more = kind === 'request' ? asked : {};
    const held = await keep(start);
    const waiting = await wait('patient', start, more);
    lapse({ appointment_id: held.id });
    const reply = await stack.client('stranger').post('/booking/create', { start, ...HOUR, ...more });
    assertProblem(reply, 409, 'slot_taken');
    assert.equal((await entry('patient', waiting)).state, 'offered', kind);
    // It is theirs, by whichever way they take it.
    await book('patient', start, more);
  }
});

test('leaving the line withdraws no request that it has led to', async () => {
  const start = slot();
  const made = await book('owner', start, { session_type: 'asked' });
  const waiting = await wait('asker', start, { session_type: 'asked' });
  await cancel('owner', made);
  const offered = await entry('asker', waiting);
  assert.equal(assertStatus(await confirm('asker', offered), 200).status, 'requested');
  const path = `/booking/waitlist/${waiting.id}`;
  assert.equal((await stack.client('asker').request('DELETE', path)).status, 204);
  const { body } = await stack.client('asker').get(`/booking/${offered.appointment_id}`);
  assert.equal(body.status, 'requested');
});

test('a moved session, an erased client and a seat that is left free a time as well', async () => {
  const [start, target] = [slot(), slot()];
  const made = await book('mover', start);
  const ann = await wait('ann-m', start);
  assertStatus(await stack.client('mover').put(`/booking/${made.id}/reschedule`, { start: target }), 200);
  assert.equal((await entry('ann-m', ann)).state, 'offered');

  const again = slot();
  await book('goner', again);
  const bob = await wait('bob-e', again);
  const mine = await wait('goner', slot());
  assertStatus(await stack.client('goner').request('DELETE', '/booking/user/me'), 200);
  assert.equal((await entry('bob-e', bob)).state, 'offered');
  assert.equal(
    stack.database.value(
      `SELECT count(*) FROM bookingd.waitlist WHERE id = '${mine.id}' OR user_id = 'goner'`,
    ),
    0,
  );

  const shared = slot();
  const seats = [];
  for (const who of ['one', 'two']) seats.push(await book(who, shared, { session_type: 'pair' }));
  const cleo = await wait('cleo', shared, { session_type: 'pair' });
  await cancel('one', seats[0]);
  const offered = await entry('cleo', cleo);
  assert.equal(offered.state, 'offered');
  assertProblem(
    await stack.client('eve').post('/booking/create', { start: shared, session_type: 'pair' }),
    409,
    'session_full',
  );
  const seat = assertStatus(await confirm('cleo', offered), 200);
  assert.equal(seat.group_id, seats[1].group_id);
});

test('an offer that lapsed while the mail server was away is not mailed', async () => {
  const start = slot();
  const made = await book('owner-away', start);
  const waiting = await wait('too-late', start);
  await mail.fault('MAIL', { reply: '451 4.3.0 not now', times: -1 });
  await cancel('owner-away', made);
  const offer = await until('the offer', async () => {
    const now = await entry('too-late', waiting);
    return now.state === 'offered' && now;
  });
  const told = () =>
    stack.database.rows(`select state from bookingd.notice
      where appointment_id = '${offer.appointment_id}' and channel = 'email'`)[0]?.state;
  await until('its mail to have failed', () => told() === 'retry');
  lapse(offer);
  await book('quick', start);
  assert.equal((await entry('too-late', waiting)).state, 'lapsed');
  await mail.heal();
  stack.database.run(`update bookingd.notice set due_at = now() where state = 'retry'`);
  await until('its mail to be given up', () => told() === 'skipped');
});

test('an offer takes credits as a hold does, and passes by who has none or as many sessions as allowed', async () => {
  assertStatus(await coach.post('/coach/damian/credits', { user_id: 'rich', amount: 1 }), 201);
  assertStatus(await coach.post('/coach/damian/credits', { user_id: 'payer', amount: 1 }), 201);
  const start = slot();
  const made = await book('payer', start, { session_type: 'paid' });
  const poor = await wait('poor', start, { session_type: 'paid' });
  const rich = await wait('rich', start, { session_type: 'paid' });
  await cancel('payer', made);
  assert.equal((await entry('poor', poor)).state, 'waiting');
  const offered = await entry('rich', rich);
  const balance = async () =>
    assertStatus(await stack.client('rich').get('/booking/user/me/credits'), 200).balance;
  assert.deepEqual([offered.state, await balance()], ['offered', 0]);
  await cancel('rich', { id: offered.appointment_id });
  assert.equal(await balance(), 1);

  const other = slot();
  const owned = await book('owner', other, { session_type: 'single' });
  await book('busy', slot(), { session_type: 'single' });
  const busy = await wait('busy', other, { session_type: 'single' });
  const idle = await wait('idle', other, { session_type: 'single' });
  await cancel('owner', owned);
  assert.equal((await entry('busy', busy)).state, 'waiting');
  assert.equal((await entry('idle', idle)).state, 'offered');
});

test('an offer is beside the own open hold, and too near a start there is none', async () => {
  const start = slot();
  const made = await book('owner', start);
  const hal = await wait('hal', start);
  const hold = assertStatus(await stack.client('hal').post('/booking/hold', { start: slot(), ...HOUR }), 201);
  await cancel('owner', made);
  const offered = await entry('hal', hal);
  assert.equal(offered.state, 'offered');
  assertStatus(await stack.client('hal').put(`/booking/${hold.id}/confirm`, {}), 200);
  assertStatus(await stack.client('hal').post('/booking/hold', { start: slot(), ...HOUR }), 201);
  assertStatus(await confirm('hal', offered), 200);

  const soon = slot();
  const near = await book('owner', soon);
  const ivy = await wait('ivy', soon);
  stack.database.run(`UPDATE bookingd.waitlist SET notice_minutes = 100000 WHERE id = '${ivy.id}'`);
  await cancel('owner', near);
  assert.equal((await entry('ivy', ivy)).state, 'waiting');
  await book('eve', soon);
});

test('64 at an offer that lapses at that moment: exactly one has the time', async () => {
  const racers = Array.from({ length: 63 }, (_, n) => stack.client(`racer${n}`));
  await Promise.all(racers.map((racer) => racer.get('/booking/user/me')));
  for (let round = 0; round < 6; round++) {
    const start = slot();
    const made = await book('owner', start);
    const line = [['kim', await wait('kim', start)]];
    if (round % 2) line.push(['lea', await wait('lea', start)]);
    await cancel('owner', made);
    const offered = await entry('kim', line[0][1]);
    if (round < 4) lapse(offered);
    const replies = await Promise.all([
      ...racers.map((racer) => racer.post('/booking/create', { start, ...HOUR })),
      confirm('kim', offered),
    ]);
    console.log(`slowest of 64: ${Math.max(...replies.map(({ ms }) => ms)).toFixed()} ms`);
    const counts = countStatuses(replies);
    assert.equal(
      (counts[200] ?? 0) + (counts[201] ?? 0),
      round < 4 && round % 2 ? 0 : 1,
      JSON.stringify(counts),
    );
    assert.equal(
      Object.values(counts).reduce((a, b) => a + b),
      64,
    );
    for (const status of Object.keys(counts)) assert.match(status, /^(200|201|409|410)$/);
    const standing = stack.database.rows(`SELECT user_id, status FROM bookingd.appointment
      WHERE starts_at = '${start}' AND status IN ('held', 'scheduled')`);
    assert.equal(standing.length, 1, JSON.stringify(standing));
    if (round < 4 && round % 2) assert.deepEqual(standing, [{ user_id: 'lea', status: 'held' }]);
  }
});

test('who waits sees only their own; the coach sees everybody; what makes no sense is refused', async () => {
  const start = slot();
  const ned = await wait('ned', start);
  const fields = { from: start, to: later(start, 1), session_type: 'coaching', ...HOUR };
  assert.equal(assertStatus(await stack.client('ned').post('/booking/waitlist', fields), 200).id, ned.id);
  assert.equal(await entry('ola', ned), undefined);
  // Nor does whoever asks for no times in particular stand in line twice for asking twice, a moment later.
  const any = { session_type: 'coaching', ...HOUR, between: ['00:00', '00:01'] };
  const pia = assertStatus(await stack.client('pia').post('/booking/waitlist', any), 201);
  stack.database.run(
    `UPDATE bookingd.waitlist SET from_at = from_at - interval '2 seconds' WHERE id = '${pia.id}'`,
  );
  assert.equal(assertStatus(await stack.client('pia').post('/booking/waitlist', any), 200).id, pia.id);
  const path = `/booking/waitlist/${ned.id}`;
  assertProblem(await stack.client('ola').request('DELETE', path), 404, 'not_found');
  const { waitlist } = assertStatus(await coach.get('/coach/damian/waitlist'), 200);
  assert.ok(waitlist.some(({ id, name }) => id === ned.id && name === 'Name of ned'));
  const exported = assertStatus(await stack.client('ned').get('/booking/user/me/export'), 200);
  assert.deepEqual(
    exported.waitlist.map(({ id }) => id),
    [ned.id],
  );
  const ask = (body) => stack.client('ned').post('/booking/waitlist', body);
  for (const [body, status, code, field] of [
    [{ days: ['XX'] }, 422, 'invalid_field', 'days[0]'],
    [{ days: 'MO' }, 422, 'invalid_field', 'days'],
    [{ between: ['12:00', '09:00'] }, 422, 'invalid_field', 'between'],
    [{ between: ['12:00'] }, 422, 'invalid_field', 'between'],
    [{ between: ['0::00', '12:00'] }, 422, 'invalid_field', 'between'],
    [{ from: 'soon' }, 422, 'invalid_field', 'from'],
    [{ from: '2026-12-10', to: '2026-12-01' }, 422, 'invalid_field', 'to'],
    [{ session_type: 'none' }, 404, 'unknown_session_type', 'session_type'],
    [{ duration_minutes: 45 }, 422, 'bad_duration', 'duration_minutes'],
    [{ coach: 'nobody' }, 404, 'unknown_coach', 'coach'],
    [{ coach: 'any' }, 404, 'unknown_coach', 'coach'],
    [{ time_zone: 'Mars' }, 422, 'invalid_field', 'time_zone'],
  ])
    assertProblem(await ask(body), status, code, field);
  // The last day there is counts whole.
  const forever = { ...fields, between: ['00:00', '00:01'], to: '9999-12-31' };
  const endless = assertStatus(await stack.client('ola').post('/booking/waitlist', forever), 201);
  assert.match(endless.to, /^9999-12-31T/);
  await stack.client('ola').request('DELETE', `/booking/waitlist/${endless.id}`);
  for (let n = 1; n < 10; n++) await wait('ned', slot());
  assertProblem(await ask({ ...fields, from: later(start, -60) }), 409, 'waitlist_full');
  assertStatus(await stack.client('ned').request('DELETE', path), 204);
});

test('quiet hours of the coach do not count, and housekeeping passes on what lapsed', async () => {
  const minutes = (quiet) =>
    stack.database.value(`SELECT round(extract(epoch FROM bookingd.offer_ends(jsonb_build_object('time_zone', 'UTC',
      'notices', jsonb_build_object('quiet', ${quiet}))) - now()) / 60)::int`);
  assert.equal(minutes("'null'::jsonb"), 120);
  const around = `jsonb_build_object('from', to_char(now() AT TIME ZONE 'UTC' + interval '30 min', 'HH24:MI'),
    'to', to_char(now() AT TIME ZONE 'UTC' + interval '90 min', 'HH24:MI'))`;
  assert.ok(Math.abs(minutes(around) - 180) <= 1);
  const start = slot();
  const made = await book('owner', start);
  const [pam, quo] = [await wait('pam', start), await wait('quo', start)];
  await cancel('owner', made);
  lapse(await entry('pam', pam));
  await until(
    'housekeeping to pass it on',
    async () => (await entry('quo', quo)).state === 'offered',
    150_000,
  );
});
