// Guests of a booking, and sessions that the coach approves, in both pages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { checked, openBrowser, openCoach, said, shown } from './browser.mjs';

let stack, mail, browser, coach;
before(async () => {
  mail = await MailServer.start();
  stack = await startStack({
    env: { ...mail.settings, PUBLIC_URL: 'https://book.test' },
    document: {
      ...openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
      session_types: [
        { id: 'coaching', name: 'Coaching', durations: [30], meeting: 'none' },
        { id: 'asked', name: 'By request', durations: [30], meeting: 'none', approval: true },
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

async function choose(user, type, options = {}) {
  const page = await browser.page(options);
  page.user = stack.client(user);
  await page.goto(`${stack.daemon.url}/booking/?coach=damian&type=${type}#token=${page.user.token}`);
  await page.locator('[data-start]').last().click();
  await page.locator('#name').waitFor();
  return page;
}
const mine = async (page, status = 'all') =>
  (await page.user.get(`/booking/user/me?status=${status}`)).body.appointments;

for (const [width, colorScheme] of [
  [360, 'dark'],
  [1280, 'light'],
])
  test(`a client invites others with the form, and changes them later (${width}, ${colorScheme})`, async () => {
    const page = await choose(`ann${width}`, 'coaching', { viewport: { width, height: 900 }, colorScheme });
    const guests = page.locator('#guests');
    await guests.fill('ben@guest.test, eve');
    await page.getByRole('button', { name: 'Confirm booking' }).click();
    await said(page, /check your guests’ addresses/);
    await checked(page, `guests-wrong-${width}-${colorScheme}`);
    await guests.fill('ben@guest.test, eve@guest.test');
    await page.getByRole('button', { name: 'Confirm booking' }).click();
    await shown(page, 'Guests: ben@guest.test, eve@guest.test').waitFor();
    await checked(page, `guests-booked-${width}-${colorScheme}`);
    const [made] = await mine(page);
    assert.deepEqual(made.guests, ['ben@guest.test', 'eve@guest.test']);
    await page.getByRole('button', { name: 'My sessions' }).click();
    await page.getByRole('button', { name: /^Guests: / }).click();
    await guests.fill('ben@guest.test; zoe@guest.test');
    await checked(page, `guests-change-${width}-${colorScheme}`);
    await page.getByRole('button', { name: 'Save guests' }).click();
    await said(page, /Your guests are saved/);
    assert.deepEqual((await mine(page))[0].guests, ['ben@guest.test', 'zoe@guest.test']);
    await mail.wait(1, ({ to, subject }) => to[0] === 'zoe@guest.test' && /Invitation/.test(subject));
  });

test('a request is sent, shown as one, and approved by the coach at home', async () => {
  const page = await choose('rex', 'asked');
  await page.getByRole('button', { name: 'Send request' }).click();
  await page.getByRole('heading', { name: 'Your request is on its way' }).waitFor();
  await shown(page, /will answer by/).waitFor();
  await checked(page, 'request-sent');
  const [made] = await mine(page);
  assert.equal(made.status, 'requested');
  await page.getByRole('button', { name: 'My sessions' }).click();
  await shown(page, 'waiting for approval').waitFor();
  await checked(page, 'request-listed');
  const home = await openCoach(browser, stack, coach, 'home', { locale: 'en-GB', timezoneId: 'UTC' });
  await home.getByRole('heading', { name: 'Requests' }).waitFor();
  await checked(home, 'coach-requests');
  await home.getByRole('button', { name: /^Approve: / }).click();
  await said(home, /is booked/);
  await home.waitForFunction(() => document.activeElement.tagName === 'H1');
  assert.equal((await mine(page))[0].status, 'scheduled');
  await until(
    'the request to be gone',
    async () => (await home.getByRole('heading', { name: 'Requests' }).count()) === 0,
  );
});

test('a request is declined with a reason, which the client reads; another is withdrawn', async () => {
  const page = await choose('sam', 'asked', { locale: 'fr-FR' });
  await page.getByRole('button', { name: 'Envoyer la demande' }).click();
  await page.getByRole('heading', { name: 'Votre demande est envoyée' }).waitFor();
  const home = await openCoach(browser, stack, coach, 'home', { locale: 'en-GB', timezoneId: 'UTC' });
  await home.getByRole('button', { name: /^Decline: / }).click();
  await home.getByLabel('Reason').fill('I am away');
  await checked(home, 'coach-decline');
  const decline = home.locator('dialog[open]').getByRole('button', { name: 'Decline' });
  await home.route('**/decline', (route) => route.abort(), { times: 1 });
  await decline.click();
  await home.locator('dialog[open] .alarm').waitFor();
  assert.equal(await home.getByLabel('Reason').inputValue(), 'I am away', 'what failed on the way is kept');
  let fail;
  const way = new Promise((resolve) => {
    fail = resolve;
  });
  await home.route('**/decline', (route) => way.then(() => route.abort()), { times: 1 });
  await decline.dblclick();
  const close = home.locator('dialog[open]').getByRole('button', { name: 'Close' });
  await close.click();
  await home.locator('dialog').waitFor({ state: 'detached' });
  fail();
  await home.locator('dialog[open] .alarm').waitFor(); // not left believing that it was declined
  await close.click();
  await home.getByRole('button', { name: /^Decline: / }).click();
  await home.getByLabel('Reason').fill('I am away');
  await decline.click();
  await said(home, /is declined/);
  await home.waitForFunction(() => document.activeElement.tagName === 'H1');
  assert.equal((await mine(page))[0].status, 'declined');
  await page.getByRole('button', { name: 'Mes séances' }).click();
  await page.getByLabel('Annulées').click();
  await shown(page, 'refusée').waitFor();
  await shown(page, /I am away/).waitFor();

  const other = await choose('tom', 'asked');
  await other.getByRole('button', { name: 'Send request' }).click();
  await other.getByRole('heading', { name: 'Your request is on its way' }).waitFor();
  await other.getByRole('button', { name: 'My sessions' }).click();
  await other.getByRole('button', { name: /^Withdraw request: / }).click();
  await other.getByRole('button', { name: 'Cancel the session' }).click();
  await other.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
  assert.equal((await mine(other))[0].status, 'cancelled');
});
