// The coach connects Google Calendar, sees what it may do, repairs what it refused, and lets go of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dayOf } from '../../src/web/widget/time.js';
import { schedule, startStack, until } from '../harness/stack.mjs';
import { checked, goTo, openBrowser, said, showDay, shown } from './browser.mjs';

let stack;
let browser;
let coach;
let page;
before(async () => {
  stack = await startStack({
    google: 'oauth',
    document: schedule({ policy: { max_active_per_user: null } }),
  });
  coach = stack.coach();
  browser = await openBrowser();
  page = await browser.page({ viewport: { width: 1280, height: 900 } });
  await page.goto(`${stack.daemon.url}/coach/#token=${coach.token}`);
  await goTo(page, 'google');
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

test('without consent the page says so; consent is two clicks away, and a refusal comes back in words', async () => {
  await page.getByRole('heading', { name: 'needs your consent' }).waitFor();
  await checked(page, 'coach-google-needs-consent');
  await goTo(page, 'week');
  await page.locator('.grid').waitFor();
  await page.locator('.banner').getByText('Google Calendar isn’t connected').waitFor(); // wherever one looks
  await checked(page, 'coach-week-banner');
  await page.getByRole('link', { name: 'What you can do' }).click();
  await page.getByRole('heading', { name: 'needs your consent' }).waitFor();
  await stack.google.order('POST', 'consents', { user: 'coach@gmail.com', answer: 'access_denied' });
  await page.getByRole('button', { name: 'Connect Google Calendar' }).click();
  await shown(page, 'Google Calendar was not connected: access_denied.').waitFor();
  await checked(page, 'coach-google-refused');
  await stack.google.order('POST', 'consents', { user: 'coach@gmail.com', answer: 'allow' });
  await page.getByRole('button', { name: 'Connect Google Calendar' }).click();
  await shown(page, 'Google Calendar is connected.').waitFor();
  assert.doesNotMatch(page.url(), /google=/);
  await shown(page, 'read busy times: ').waitFor();
  await checked(page, 'coach-google-connected');
});

test('refused events are listed and tried again', async () => {
  await stack.google.fault('invalid', { method: 'events.insert', count: 2 });
  const ann = stack.client('ann');
  const [slot] = (await ann.get('/booking/availability')).body.slots;
  const { body } = await ann.post('/booking/create', { start: slot.start });
  await stack.settled(ann, body.id, 'failed');
  await page.reload();
  await page.getByRole('heading', { name: 'Refused events' }).waitFor();
  await shown(page, 'Name of ann').waitFor();
  await checked(page, 'coach-google-failed');
  await page.getByRole('button', { name: 'Try the refused events again' }).click();
  await said(page, /^One event is tried again/);
  await stack.settled(ann, body.id, 'synced');
  await page.reload();
  await shown(page, 'write events: yes').waitFor();
  await checked(page, 'coach-google-well');
});

test('busy times of the calendar stand in the week; a click says who is to blame', async () => {
  const [slot] = (await coach.get('/booking/availability')).body.slots;
  await stack.google.busy('coach@gmail.com', slot.start, slot.end);
  await goTo(page, 'week');
  await showDay(page, dayOf(Date.parse(slot.start), 'America/New_York'));
  await page.locator('.block.busy').first().waitFor();
  await page
    .getByRole('gridcell', { name: /busy in your calendar/ })
    .first()
    .click();
  await page.locator('[data-rule=calendar_busy]').waitFor();
  await checked(page, 'coach-busy');
});

test('with Google down the week says so', async () => {
  await stack.google.fault('backendError503', { method: 'freebusy.query' });
  try {
    await stack.daemon.stop(); // what it remembered of the calendar goes
    await stack.daemon.restart();
    const banner = page.locator('.banner', { hasText: /Google Calendar (hasn’t|doesn’t) answer/ });
    const told = async () => {
      await page.reload();
      await page.locator('.grid').waitFor();
      return banner.count();
    };
    await until('the banner', told, 60_000);
  } finally {
    await stack.google.heal();
  }
});

test('the feed’s address is shown when asked for, and a new one ends the old', async () => {
  await goTo(page, 'google');
  await page.getByRole('button', { name: 'Show the address' }).click();
  const address = page.getByLabel('Address', { exact: true });
  const old = await address.inputValue();
  assert.equal((await fetch(old)).status, 200);
  await page.getByRole('button', { name: 'Make a new address and end the old one' }).click();
  await page.waitForFunction((text) => document.querySelector('#feed').value !== text, old);
  assert.equal((await fetch(old)).status, 404);
  assert.equal((await fetch(await address.inputValue())).status, 200);
  await checked(page, 'coach-feed');
});

test('disconnecting asks first', async () => {
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await checked(page, 'coach-google-disconnect');
  await page.locator('dialog').getByRole('button', { name: 'Disconnect' }).click();
  await said(page, /^Disconnected/);
  await page.getByRole('heading', { name: 'needs your consent' }).waitFor();
});
