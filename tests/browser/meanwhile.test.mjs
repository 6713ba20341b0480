// What was changed elsewhere since a page has shown it (by the coach, the client, in another tab) is told before anything is
// done with it, and shown as it is now; nothing is done to what nobody has seen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { checked, goTo, mailed, openBrowser, openCoach, said } from './browser.mjs';

const kind = { name: 'Coaching', durations: [30], meeting: 'none' };
let stack, mail, browser, coach;
before(async () => {
  mail = await MailServer.start();
  stack = await startStack({
    env: { ...mail.settings, PUBLIC_URL: 'https://book.test' },
    document: {
      ...openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0, max_active_per_user: null }),
      session_types: [
        { ...kind, id: 'coaching' },
        { ...kind, id: 'asked', name: 'By request', approval: true },
        { ...kind, id: 'circle', name: 'Circle', seats: 4 },
      ],
    },
  });
  coach = stack.coach();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  await mail?.stop();
});

let hour = 10;
let people = 0;
const sound = ({ status, text, body }) => {
  assert.ok(status < 300, text);
  return body;
};
const nextSlot = () => stack.slot((hour += 2));
/** Somebody with a booking: {user, client, id, now(), tell(call, body): by the coach, do(call, body): by themselves}. */
async function booked(type = 'coaching', more = {}) {
  const user = `person${++people}`;
  const client = stack.client(user);
  const start = more.start ?? nextSlot();
  const made = sound(await client.post('/booking/create', { start, session_type: type, ...more }));
  const path = `/booking/${made.id}`;
  const by = (whom) => async (call, body) => sound(await whom.put(`${path}/${call}`, body ?? {}));
  return {
    user,
    client,
    made,
    id: made.id,
    now: async () => sound(await client.get(path)),
    coachDoes: by(coach),
    clientDoes: by(client),
  };
}
async function sessionsOf({ client }) {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/?type=coaching#token=${client.token}`);
  await page.locator('[data-start]').first().waitFor();
  await button(page, 'My sessions').click();
  await page.locator('.sessions .actions').first().waitFor();
  return page;
}
async function managedBy({ user }) {
  const { text } = await mailed(mail, `${user}@client.test`, /#manage=/);
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/${/#manage=[\w-]+/.exec(text)[0]}`);
  await button(page, /^Cancel: /).waitFor();
  return page;
}
const button = (page, name) => page.getByRole('button', { name });
const notice = (page, text) => page.locator('.notice', { hasText: text });
const window_ = (page, text) => page.locator('dialog[open]', { hasText: text }).last();

for (const [way, open] of [
  ['one’s sessions', sessionsOf],
  ['a mail’s link', managedBy],
]) {
  const sure = async (page, what) =>
    open === managedBy && page.getByLabel(`Yes, ${what} this session`).check();

  test(`${way}: what the coach has cancelled is not moved, and why is told`, async () => {
    const one = await booked();
    const page = await open(one);
    await one.coachDoes('cancel', { reason: 'I have a fever' });
    await button(page, /^Move: /).click();
    await said(
      page,
      /^Your session on .* is cancelled\. This happened while .* Your coach wrote: I have a fever/,
    );
    await notice(page, 'is cancelled').waitFor();
    assert.equal(await page.getByText('no such session').count(), 0);
    assert.equal(await button(page, /^Move: /).count(), 0);
    await checked(page, 'meanwhile-cancelled');
  });

  test(`${way}: what the coach has moved is cancelled once its new time was shown`, async () => {
    const one = await booked();
    const page = await open(one);
    await button(page, /^Cancel: /).click();
    await page.locator('#reason').waitFor();
    const start = nextSlot();
    await one.coachDoes('reschedule', { start });
    await sure(page, 'cancel');
    await button(page, 'Cancel the session').click();
    await said(page, /^Your session has moved to /);
    assert.deepEqual(await one.now().then((now) => [now.status, now.start]), ['scheduled', start]);
    await button(page, /^Cancel: /).click();
    await page.locator('#reason').waitFor();
    await sure(page, 'cancel');
    await button(page, 'Cancel the session').click();
    await page.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
    assert.equal((await one.now()).status, 'cancelled');
  });

  test(`${way}: what the coach has moved is not moved again over it`, async () => {
    const one = await booked();
    const page = await open(one);
    await button(page, /^Move: /).click();
    await page.locator('[data-start]').last().click();
    await button(page, 'Move to this time').waitFor();
    const start = nextSlot();
    await one.coachDoes('reschedule', { start, reason: 'A train' });
    await sure(page, 'move');
    await button(page, 'Move to this time').click();
    await said(page, /^Your session has moved to .*A train/);
    assert.equal((await one.now()).start, start);
    await button(page, /^Move: /).waitFor();
  });
}

test('times that are looked at for a session that is cancelled meanwhile: told at the next month', async () => {
  const one = await booked();
  const page = await sessionsOf(one);
  await button(page, /^Move: /).click();
  await page.locator('[data-start]').first().waitFor();
  await one.clientDoes('cancel'); // in another tab
  await page.locator('[data-start]').first().click();
  await button(page, 'Move to this time').click();
  await said(page, /^Your session on .* is cancelled\. This happened while/);
});

test('a session that this client has cancelled in another tab is cancelled, and pressed again says so', async () => {
  const one = await booked();
  const page = await sessionsOf(one);
  await button(page, /^Cancel: /).click();
  await one.clientDoes('cancel');
  await button(page, 'Cancel the session').click();
  await page.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
});

test('a request that was approved meanwhile is not withdrawn unseen, nor are guests invited to what is off', async () => {
  const asked = await booked('asked');
  const page = await sessionsOf(asked);
  await button(page, /^Withdraw request: /).click();
  await page.locator('#reason').waitFor();
  await asked.coachDoes('approve');
  await button(page, 'Cancel the session').click();
  await said(page, /^You’re booked for /);
  assert.equal((await asked.now()).status, 'scheduled');

  const one = await booked();
  const other = await sessionsOf(one);
  await button(other, /^Guests: /).click();
  await other.locator('#guests').fill('ben@guest.test');
  await one.coachDoes('cancel');
  await button(other, 'Save guests').click();
  await said(other, /^Your session on .* is cancelled/);
});

test('what a move was refused for is told, though what the session is now cannot be had', async () => {
  const one = await booked();
  const page = await sessionsOf(one);
  await button(page, /^Move: /).click();
  const chosen = page.locator('[data-start]').last();
  const start = await chosen.getAttribute('data-start');
  await chosen.click();
  await button(page, 'Move to this time').waitFor();
  await booked('coaching', { start });
  let looks = 0;
  await page.route(`**/booking/${one.id}`, (route) => (++looks > 1 ? route.abort() : route.continue()));
  await button(page, 'Move to this time').click();
  await page.locator('.alarm h3').waitFor();
  await said(page, /taken/);
});

/** Somebody who waits for a time that is taken; free() gives it to them. */
async function waiting() {
  const owner = await booked();
  const user = `waits${++people}`;
  const client = stack.client(user);
  const { start } = owner.made;
  const to = new Date(Date.parse(start) + 60_000).toISOString();
  const wish = { from: start, to, session_type: 'coaching', duration_minutes: 30 };
  sound(await client.post('/booking/waitlist', wish));
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/?type=coaching#token=${client.token}`);
  await page.locator('[data-start]').first().waitFor();
  const list = async (name) => (await client.get(`/booking/${name}`)).body;
  return { client, page, free: () => owner.clientDoes('cancel'), list };
}

test('an offer that is over is told and shown no more; leaving the list does not give an offer away unseen', async () => {
  const first = await waiting();
  await first.free();
  await button(first.page, 'My sessions').click();
  await button(first.page, /^Confirm booking: /).waitFor();
  const [{ appointment_id: id }] = (await first.list('waitlist')).waitlist;
  sound(await first.client.put(`/booking/${id}/cancel`, {})); // in another tab
  await button(first.page, /^Confirm booking: /).click();
  await said(first.page, /^The time on .* is no longer held for you\./);
  assert.equal(await button(first.page, /^Confirm booking: /).count(), 0);

  const second = await waiting();
  await button(second.page, 'My sessions').click();
  await button(second.page, /^Leave the waiting list: /).waitFor();
  await second.free();
  await button(second.page, /^Leave the waiting list: /).click();
  await said(second.page, /^A time has opened up: /);
  await button(second.page, /^Confirm booking: /).click();
  await said(second.page, /You’re booked: /);

  const third = await waiting();
  await button(third.page, 'My sessions').click();
  const leave = button(third.page, /^Leave the waiting list: /);
  await leave.waitFor();
  const [{ id: entry }] = (await third.list('waitlist')).waitlist;
  assert.equal((await third.client.delete(`/booking/waitlist/${entry}`)).status, 204);
  await leave.click();
  await said(third.page, /no longer on the waiting list/);
});

const openPeople = () => openCoach(browser, stack, coach, 'people');
const ofCoach = (page, word, { user }) => button(page, new RegExp(`^${word}: Name of ${user},`));
const changed = 'This booking has changed in the meantime';

test('the coach: what the client has moved or cancelled is not cancelled, moved or marked unseen', async () => {
  const [a, b, c, d, e] = [await booked(), await booked(), await booked(), await booked(), await booked()];
  const page = await openPeople();
  await ofCoach(page, 'Cancel', a).click();
  await page.getByLabel('Reason').fill('Ill');
  const start = nextSlot();
  await a.clientDoes('reschedule', { start });
  await button(page, 'Cancel it').click();
  await window_(page, changed).waitFor();
  await checked(page, 'meanwhile-coach');
  assert.deepEqual(await a.now().then((now) => [now.status, now.start]), ['scheduled', start]);
  await page.keyboard.press('Escape');
  await ofCoach(page, 'Cancel', a).click();
  await button(page, 'Cancel it').click();
  await said(page, new RegExp(`^Name of ${a.user}: cancelled`));

  await b.clientDoes('cancel');
  await ofCoach(page, 'Move', b).click();
  await window_(page, 'cancelled by the client').waitFor();
  await button(page, 'Close').last().click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.equal(await ofCoach(page, 'Move', b).count(), 0, 'the list is drawn anew');

  await ofCoach(page, 'Move', c).click();
  await page.locator('dialog [data-start]').last().click();
  await c.clientDoes('cancel');
  await button(page, 'Move to this time').click();
  await window_(page, 'cancelled by the client').waitFor();
  await page.keyboard.press('Escape');

  await ofCoach(page, 'Move', d).click();
  await page.locator('dialog summary').click();
  const other = nextSlot();
  await d.clientDoes('reschedule', { start: other });
  await page.locator('dialog details form button.main').click();
  await window_(page, changed).waitFor();
  assert.equal((await d.now()).start, other);
  await page.keyboard.press('Escape');

  stack.database.run(`update bookingd.appointment set starts_at = starts_at - interval '40 days', ends_at = ends_at - interval '40 days',
    blocked_from = blocked_from - interval '40 days', blocked_to = blocked_to - interval '40 days' where id = '${e.id}'`);
  await page.getByLabel('Past').check({ force: true });
  await ofCoach(page, 'No-show', e).waitFor();
  await e.coachDoes('status', { status: 'completed' }); // in another tab
  await ofCoach(page, 'No-show', e).click();
  await window_(page, 'took place').waitFor();
  assert.equal((await e.now()).status, 'completed');
});

test('the coach: a request that was withdrawn is told when it is approved or declined, and goes', async () => {
  const [a, b] = [await booked('asked'), await booked('asked')];
  const page = await openCoach(browser, stack, coach);
  await ofCoach(page, 'Approve', a).waitFor();
  await a.clientDoes('cancel');
  await ofCoach(page, 'Approve', a).click();
  await window_(page, 'cancelled by the client').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await ofCoach(page, 'Approve', a).count(), 0);
  await ofCoach(page, 'Decline', b).click();
  await b.clientDoes('cancel');
  await button(page, 'Decline').last().click();
  await window_(page, 'cancelled by the client').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await ofCoach(page, 'Decline', b).count(), 0);
});

test('the coach: a shared session that was moved elsewhere is not called off unseen', async () => {
  const start = nextSlot();
  const one = await booked('circle', { start });
  const page = await openPeople();
  await ofCoach(page, 'Details', one).click();
  await page.locator('dialog summary', { hasText: 'Cancel for everybody' }).click();
  const { group_id: group } = await one.now();
  const later = nextSlot();
  sound(await coach.put(`/coach/damian/groups/${group}/reschedule`, { start: later }));
  await page.locator('dialog').getByRole('button', { name: 'Cancel the session' }).click();
  await window_(page, changed).waitFor();
  assert.deepEqual(await one.now().then((now) => [now.status, now.start]), ['scheduled', later]);
});

/** The reply to the page's next such call is lost on its way, once the server has done what it says. */
const loseReply = (page, call) =>
  page.route(
    `**/${call}`,
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
/** Gives another time to what is moved, and presses the button. */
async function moveTo(page, start) {
  await page.locator('#move-date').fill(start.slice(0, 10));
  await page.locator('#move-time').fill(start.slice(11, 16));
  await page.locator('dialog details form button.main').click();
}

test('the coach: what was done by a call whose reply was lost is told as done', async () => {
  const [one, ended, shared] = [await booked(), await booked(), await booked('circle')];
  const page = await openPeople();
  await ofCoach(page, 'Move', one).click();
  await page.locator('dialog summary').click();
  await loseReply(page, 'reschedule');
  const later = nextSlot();
  await moveTo(page, later);
  await button(page, 'Try again').click();
  await said(page, /^Moved to /);
  assert.equal((await one.now()).start, later);

  await ofCoach(page, 'Details', shared).click();
  await page.locator('dialog summary', { hasText: 'Move for everybody' }).click();
  await loseReply(page, 'reschedule');
  await moveTo(page, nextSlot());
  await button(page, 'Try again').click();
  await said(page, /^The session has moved to /);

  await ofCoach(page, 'Details', shared).click();
  await page.locator('dialog summary', { hasText: 'Cancel for everybody' }).click();
  await loseReply(page, 'cancel');
  const cancel = page.locator('dialog').getByRole('button', { name: 'Cancel the session' });
  await cancel.click();
  await page.locator('dialog .alarm').waitFor();
  await cancel.click();
  await said(page, /^The session is cancelled, /);

  stack.database.run(`update bookingd.appointment set starts_at = starts_at - interval '41 days', ends_at = ends_at - interval '41 days',
    blocked_from = blocked_from - interval '41 days', blocked_to = blocked_to - interval '41 days' where id = '${ended.id}'`);
  await page.getByLabel('Past').check({ force: true });
  await loseReply(page, 'status');
  await ofCoach(page, 'No-show', ended).click();
  await page.locator('article .alarm').waitFor();
  await ofCoach(page, 'No-show', ended).click();
  await said(page, new RegExp(`^Name of ${ended.user}: `));
  assert.equal(await window_(page, changed).count(), 0);
});

test('the coach: what a window has just moved is moved once more by it', async () => {
  const one = await booked();
  const page = await openPeople();
  await ofCoach(page, 'Move', one).click();
  await page.locator('dialog [data-start]').last().click();
  await button(page, 'Move to this time').click();
  await page.locator('dialog').getByRole('heading', { name: /moved/ }).waitFor();
  await page.locator('dialog summary').click();
  const other = nextSlot();
  await moveTo(page, other);
  await said(page, /^Moved to /);
  assert.equal((await one.now()).start, other);
});

test('the coach: a change is told once, however often it was pressed', async () => {
  const [asked, ended] = [await booked('asked'), await booked()];
  const page = await openCoach(browser, stack, coach);
  await ofCoach(page, 'Approve', asked).waitFor();
  await asked.clientDoes('cancel');
  await ofCoach(page, 'Approve', asked).dblclick();
  await window_(page, changed).waitFor();
  await page.waitForTimeout(500);
  assert.equal(await page.locator('dialog[open]').count(), 1);
  await page.keyboard.press('Escape');

  stack.database.run(`update bookingd.appointment set starts_at = starts_at - interval '42 days', ends_at = ends_at - interval '42 days',
    blocked_from = blocked_from - interval '42 days', blocked_to = blocked_to - interval '42 days' where id = '${ended.id}'`);
  await goTo(page, 'people');
  await page.getByLabel('Past').check({ force: true });
  await ofCoach(page, 'No-show', ended).waitFor();
  await ended.coachDoes('status', { status: 'completed' });
  await ofCoach(page, 'No-show', ended).dblclick();
  await window_(page, changed).waitFor();
  await page.waitForTimeout(500);
  assert.equal(await page.locator('dialog[open]').count(), 1);
});
