// The booking page while Google Calendar is well, slow, and down.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { schedule, startStack, until } from '../harness/stack.mjs';
import { checked, openBrowser, said, shown } from './browser.mjs';

let stack;
let browser;
before(async () => {
  stack = await startStack({
    google: 'delegated',
    document: schedule({ policy: { max_active_per_user: null } }),
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.google?.heal();
  await stack?.stop();
});

async function visit(user) {
  const client = stack.client(user);
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/#token=${client.token}`);
  return { page, client };
}

test('the confirmation has the Meet link and says where the invitation goes', async () => {
  const { page } = await visit('ann');
  await page.locator('[data-start]').last().click();
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByRole('link', { name: /^meet\.google/ }).waitFor();
  assert.match(
    await page.getByRole('link', { name: /^meet\.google/ }).getAttribute('href'),
    /^https:\/\/meet\.google\.com\//,
  );
  await shown(page, 'An invitation is on its way to ann@client.test.').waitFor();
  await checked(page, 'google-booked');
});

test('while Google is slow the booking stands, the link is promised, and then it is there', async () => {
  await stack.google.fault('latency', { method: 'events.insert', ms: 6000, count: 1 });
  const { page, client } = await visit('bob');
  await page.locator('[data-start]').last().click();
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await shown(page, 'The meeting link follows in a moment.').waitFor();
  await checked(page, 'google-slow');
  await page.getByRole('link', { name: /^meet\.google/ }).waitFor({ timeout: 30_000 });
  await said(page, /^The meeting link is ready/);
  assert.equal((await client.get('/booking/user/me')).body.appointments.length, 1);
});

test('with Google down: last known times are marked as such; without any, the page says so and tries again', async () => {
  await stack.google.fault('backendError503', { method: 'freebusy.query' });
  try {
    const { page } = await visit('cem');
    await shown(page, 'The calendar can’t be reached right now').waitFor();
    await checked(page, 'google-stale');
    await page.locator('[data-start]').last().click();
    await page.getByRole('button', { name: 'Confirm booking' }).click();
    await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();

    await stack.daemon.stop();
    await stack.daemon.restart({ env: { CALENDAR_STALE_SECONDS: '0' } });
    await page.reload();
    await page.locator('.notice').getByRole('button', { name: 'Try again' }).waitFor();
    await checked(page, 'google-down');
    await stack.google.heal();
    await until(
      'the times to be back',
      async () => {
        if (await page.locator('[data-start]').count()) return true;
        await page
          .getByRole('button', { name: 'Try again' })
          .click({ timeout: 1000 })
          .catch(() => {});
        return false;
      },
      40_000,
    );
  } finally {
    await stack.google.heal();
  }
});

test('a time that the coach filled in Google Calendar meanwhile is gone, and fresh ones come', async () => {
  const { page } = await visit('dee');
  await page.locator('td button.free').nth(1).click(); // of the first day little may be left
  const slot = page.locator('[data-start]').nth(1);
  const start = await slot.getAttribute('data-start');
  await stack.google.busy(stack.calendar, start, new Date(Date.parse(start) + 1_800_000).toISOString());
  await slot.click();
  await said(page, /has just been taken\. These times are free:/);
  await checked(page, 'google-busy');
});
