// What Google cannot tell any more, since the coach's consent or the settings are gone, we tell: once, whatever comes back.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';

const GOOGLE = '/coach/damian/google';
const COACH = 'coach@gmail.com';
const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
const eventOf = ({ id }) => id.replaceAll('-', '');

let stack;
let count = 0;

/** Somebody of their own, who books the next slot. */
async function book() {
  const user = `client-${++count}`;
  const email = `${user}@client.test`;
  const start = stack.slot(count);
  const made = assertStatus(await stack.client(user).post('/booking/create', { start }), 201);
  return { id: made.id, made, user, email };
}
const bookAndInvite = async () => {
  const one = await book();
  assert.deepEqual([one.made.calendar.state, one.made.invited_by], ['synced', 'google']);
  return one;
};
const move = async ({ id, user }) =>
  assertStatus(
    await stack.client(user).put(`/booking/${id}/reschedule`, { start: stack.slot(100 + count++) }),
    200,
  );
const cancel = async ({ id }) => assertStatus(await stack.coach().put(`/booking/${id}/cancel`, {}), 200);

/** What reached the client so far. */
const reached = async (one) => ({
  google: (await stack.google.mails({ event: eventOf(one), to: one.email })).map(({ kind }) => kind),
  ours: stack.mail.to(one.email).map(({ subject }) => subject.split(':')[0]),
});
/** They get these mails of ours, and no other comes after all is done. */
const told = (one, ...subjects) =>
  until(
    `${subjects} to reach ${one.email}`,
    () => stack.mail.to(one.email).length >= subjects.length,
    30_000,
  );
const done = (some) =>
  until(
    'nothing to be owed to anybody',
    () =>
      stack.database.value(`select not exists (select from bookingd.appointment
        where id in (${some.map(({ id }) => `'${id}'`)}) and (version > noticed_version or version > synced_version))
        and not exists (select from bookingd.notice where channel = 'email' and state in ('owed', 'sending', 'retry'))`),
    30_000,
  );

/** The coach consents, as a browser would go. */
async function connect(user = COACH) {
  const { body, headers } = await stack.coach().post(`${GOOGLE}/connect`, {});
  const cookie = headers['set-cookie'][0].split(';')[0];
  let place = `${body.url}&stand_in_user=${user}`;
  while (!place.includes('google=')) {
    const reply = await fetch(place, { redirect: 'manual', headers: { cookie } });
    assert.equal(reply.status, 302);
    place = new URL(reply.headers.get('location'), place).href;
  }
  assert.match(place, /google=connected/);
}
const status = async () => assertStatus(await stack.coach().get(GOOGLE), 200).state;
/** Google ends the consent, which is found out by the next call. */
async function end() {
  await stack.google.order('POST', 'kill-grants', { user: COACH });
  await until('the end to be noticed', async () => {
    await stack.coach().post(`${GOOGLE}/retry`, {});
    return (await status()) === 'needs_consent';
  });
}
const availability = () => stack.client('ann').get('/booking/availability?duration=30');

describe("the coach's consent", () => {
  before(async () => {
    stack = await startStack({
      google: 'oauth',
      mail: true,
      document,
      env: { CALENDAR_STALE_SECONDS: '600' },
    });
  });
  after(() => stack.stop());

  test('has ended: whom Google invited we tell of what changes, and Google tells nothing when it is back', async () => {
    await connect();
    const [ends, moves, waits] = [await bookAndInvite(), await bookAndInvite(), await bookAndInvite()];
    assertStatus(await availability(), 200);
    await stack.google.fault('backendError', { method: 'events.delete' });
    await cancel(waits); // announced before the consent ends
    await end();
    await cancel(ends);
    await move(moves);
    for (const [one, subject] of [
      [ends, 'Cancelled'],
      [moves, 'New time'],
      [waits, 'Cancelled'],
    ]) {
      await told(one, subject);
      assert.deepEqual(await reached(one), { google: ['invitation'], ours: [subject] });
    }
    await cancel(moves);
    await told(moves, 'New time', 'Cancelled');
    await stack.google.heal();
    await connect();
    await done([ends, moves, waits]);
    for (const one of [ends, waits])
      assert.deepEqual(await reached(one), { google: ['invitation'], ours: ['Cancelled'] });
    assert.deepEqual(await reached(moves), { google: ['invitation'], ours: ['New time', 'Cancelled'] });
    assert.deepEqual(await stack.google.live(COACH), []);
  });

  test('has ended: guests whom Google has invited are told of the new time, and new ones are invited', async () => {
    if ((await status()) !== 'ok') await connect();
    const user = `client-${++count}`;
    const [old, fresh] = [`old-${user}@client.test`, `fresh-${user}@client.test`];
    const client = stack.client(user);
    const start = stack.slot(count);
    const { id } = assertStatus(await client.post('/booking/create', { start, guests: [old] }), 201);
    assertStatus(await availability(), 200);
    await end();
    await move({ id, user });
    assertStatus(await client.put(`/booking/${id}/guests`, { guests: [old, fresh] }), 200);
    for (const [email, subject] of [
      [old, 'New time'],
      [fresh, 'Invitation'],
    ]) {
      await told({ email }, subject);
      assert.deepEqual(await reached({ id, email }), {
        google: email === old ? ['invitation'] : [],
        ours: [subject],
      });
    }
    await cancel({ id });
    for (const email of [old, fresh]) await told({ email }, 'its news', 'Cancelled');
    await connect();
    await done([{ id }]);
  });

  test('has ended after a move and another change that Google did not hear of: the move is told', async () => {
    if ((await status()) !== 'ok') await connect();
    const one = await bookAndInvite();
    assertStatus(await availability(), 200);
    await stack.google.fault('backendError', { method: 'events.patch' });
    const announced = () =>
      until('it to be announced', () =>
        stack.database.value(
          `select version = noticed_version from bookingd.appointment where id = '${one.id}'`,
        ),
      );
    await move(one);
    await announced();
    assertStatus(await stack.coach().put(`/booking/${one.id}/guests`, { guests: ['gil@guest.test'] }), 200);
    await announced();
    await end();
    await told(one, 'New time');
    await stack.google.heal();
    await connect();
    await done([one]);
    assert.deepEqual(await reached(one), { google: ['invitation'], ours: ['New time'] });
  });

  for (const how of ['has ended', 'is taken back'])
    test(`${how} while Google could not write a booking: its client is told by us, and only by us`, async () => {
      if ((await status()) !== 'ok') await connect();
      assertStatus(await availability(), 200);
      await stack.google.fault('backendError', { method: 'events.insert' });
      const one = await book();
      assert.deepEqual([one.made.calendar.state, one.made.invited_by], ['pending', 'google']);
      if (how === 'is taken back') assertStatus(await stack.coach().delete(GOOGLE), 204);
      else {
        await end();
        // The minute's wait for the link of the call is over, as if by the clock.
        stack.database.run(
          `update bookingd.appointment set updated_at = updated_at - interval '61 seconds' where id = '${one.id}'`,
        );
      }
      await told(one, 'Booked');
      await stack.google.heal();
      await connect();
      await done([one]);
      assert.deepEqual(await reached(one), { google: [], ours: ['Booked'] });
      await cancel(one);
      await done([one]);
      assert.deepEqual(await reached(one), { google: [], ours: ['Booked', 'Cancelled'] });
    });

  test('is another account’s by now: whom we told of a Meet link we tell of the next one', async () => {
    if ((await status()) !== 'ok') await connect();
    const one = await bookAndInvite();
    assertStatus(await availability(), 200);
    await end();
    await move(one);
    await told(one, 'New time');
    await stack.google.order('POST', 'accounts', { email: 'new@gmail.com' });
    await connect('new@gmail.com');
    await told(one, 'New time', 'New meeting place');
    await done([one]);
    assert.deepEqual(await reached(one), { google: ['invitation'], ours: ['New time', 'New meeting place'] });
    const url = stack.database.value(`select meeting_url from bookingd.appointment where id = '${one.id}'`);
    assert.ok(stack.mail.to(one.email).at(-1).text.includes(url));
  });
});

test('the settings name no Google any more: whom it invited we tell, and Google tells nothing when they do again', async () => {
  stack = await startStack({ google: 'delegated', mail: true, document });
  const settings = ['GOOGLE_SERVICE_ACCOUNT_KEY', 'GOOGLE_IMPERSONATE'];
  const google = Object.fromEntries(settings.map((key) => [key, stack.env[key]]));
  try {
    const [ends, moves] = [await bookAndInvite(), await bookAndInvite()];
    await stack.daemon.stop();
    await stack.daemon.restart({ env: Object.fromEntries(settings.map((key) => [key, null])) });
    await cancel(ends);
    await move(moves);
    await told(ends, 'Cancelled');
    await told(moves, 'New time');
    await stack.daemon.stop();
    await stack.daemon.restart({ env: google });
    await done([ends, moves]);
    assert.deepEqual(await reached(ends), { google: ['invitation'], ours: ['Cancelled'] });
    assert.deepEqual(await reached(moves), { google: ['invitation'], ours: ['New time'] });
    const [event, ...others] = await stack.google.live(stack.calendar);
    assert.deepEqual([event.id, others], [eventOf(moves), []]);
  } finally {
    await stack.stop();
  }
});
