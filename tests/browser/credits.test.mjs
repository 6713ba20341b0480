// What a session costs is said before it is booked and before it is cancelled; the coach grants, sees and ends.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { addDays, dayOf } from '../../src/web/widget/time.js';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { checked, goTo, openBrowser, shot, shown } from './browser.mjs';

const TYPES = [
  {
    id: 'coaching',
    name: 'Coaching',
    durations: [30],
    meeting: 'none',
    price: { credits: 1, amount: 8000, currency: 'EUR' },
    policy: { late_cancel: 'keep', cancel_notice_minutes: 527040 },
  },
];
let stack, browser, coach;
before(async () => {
  stack = await startStack({ document: { ...openSchedule(), session_types: TYPES } });
  coach = stack.coach();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});
const grant = (user_id, amount) => coach.post('/coach/damian/credits', { user_id, amount });

async function openForm(who, options = {}) {
  const page = await browser.page({ viewport: { width: 1280, height: 900 }, ...options });
  await page.goto(`${stack.daemon.url}/booking/#token=${who.token}`);
  await page.locator('[data-day]:not([disabled]):not([aria-disabled="true"])').first().click();
  await page.locator('[data-start]').last().click();
  await page.locator('#name').waitFor();
  return page;
}

test('the form says what it costs and what is left, and takes a code', async () => {
  const ann = stack.client('ann');
  await coach.post('/coach/damian/promo-codes', { code: 'SPRING', kind: 'free', max_uses: 1 });
  const page = await openForm(ann);
  await page.getByText('This session costs €80.00 · 1 credit. You have 0 credits left.').waitFor();
  await page.locator('#promo_code').fill('winter');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.locator('#promo_code-wrong').getByText("This code isn't valid for this session.").waitFor();
  await checked(page, 'credits-form');
  await page.locator('#promo_code').fill('');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await shown(page, 'You don’t have enough credits for this session. Ask your coach for more.').waitFor();
  await page.locator('#promo_code').fill('spring');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByText('You’re booked').first().waitFor();
  await page.locator('.summary').getByText('€0.00', { exact: true }).waitFor(); // the code was for a free one
  await page.close();
});

test('the sessions say what is left, and cancelling what is lost', async () => {
  const bob = stack.client('bob');
  await grant('bob', 3);
  const booked = await bob.post('/booking/create', { start: stack.slot(5), session_type: 'coaching' });
  assert.equal(booked.status, 201);
  const page = await browser.page({ viewport: { width: 360, height: 800 } });
  await page.goto(`${stack.daemon.url}/booking/#token=${bob.token}`);
  await page.locator('[data-start]').first().waitFor(); // with the times comes what a session costs
  await page.getByRole('button', { name: 'My sessions' }).click();
  await page.getByText('You have 2 credits left.').waitFor();
  await page.getByText('If you cancel now, you lose 1 credit.').waitFor();
  await checked(page, 'credits-sessions');
  await page
    .getByRole('button', { name: /^Cancel/ })
    .first()
    .click();
  await page.locator('strong').getByText('If you cancel now, you lose 1 credit.').waitFor();
  await page.locator('.summary').getByText('€80.00 · 1 credit', { exact: true }).waitFor(); // what was taken, not what was left
  await shot(page, 'credits-cancel');
  await page.close();
});

test('the coach gives credits and codes, sees what is left, takes them back and has it as a file', async () => {
  const gia = { user_id: 'gia', amount: 4, external_ref: 'order of gia' };
  assert.equal((await coach.post('/coach/damian/credits', gia)).status, 201);
  assert.equal((await stack.client('gia').delete('/booking/user/me')).status, 200);
  const page = await browser.page({ viewport: { width: 1280, height: 900 } });
  await page.goto(`${stack.daemon.url}/coach/#token=${coach.token}`);
  await goTo(page, 'credits');
  await page.getByRole('heading', { name: 'Promo codes' }).waitFor();
  await page.getByRole('heading', { name: 'No name' }).waitFor(); // who was erased
  assert.equal(await page.getByText(/erased-/).count(), 0);
  await page.getByText('2 of 3 credits left').waitFor();
  await page.getByRole('button', { name: 'Give credits' }).click();
  await page.locator('#grant-email').fill('eve@client.test');
  await page.locator('#grant-amount').fill('5');
  const day = addDays(dayOf(Date.now(), 'UTC'), 30);
  await page.locator('#grant-until').fill(day);
  await page.locator('dialog').getByRole('button', { name: 'Give credits' }).click();
  await page.getByText('5 of 5 credits left').waitFor();
  const [{ expires_at: end }] = (await coach.get('/coach/damian/credits')).body.grants;
  assert.equal(end, `${addDays(day, 1)}T00:00:00Z`, 'the day is the coach’s, in New York as well');
  const told = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', dateStyle: 'long' }).format(
    Date.parse(day),
  );
  await page.getByText(`until ${told}`).waitFor();
  await page.getByRole('heading', { name: 'A client who hasn’t booked yet' }).waitFor();
  await page.getByRole('button', { name: 'New code' }).click();
  await page.locator('#code-code').fill('autumn');
  await page.locator('#code-kind').selectOption('percent');
  await page.locator('#code-value').fill('20');
  await page.locator('dialog').getByRole('button', { name: 'New code' }).click();
  await page.getByRole('heading', { name: 'AUTUMN' }).waitFor();
  await checked(page, 'coach-credits');
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ]);
  const text = fs.readFileSync(await file.path(), 'utf8');
  assert.match(text, /"user_id","name","email","amount","balance"/);
  assert.match(text, /"bob","Name of bob","bob@client.test","3","2"/);
  await page
    .getByRole('button', { name: /^Take back/ })
    .first()
    .click();
  await page.locator('dialog').getByRole('button', { name: 'Take back' }).click();
  await page.getByText('taken back').waitFor();
  await page.getByRole('button', { name: 'End this code: AUTUMN' }).click();
  await page.locator('dialog').getByRole('button', { name: 'End this code' }).click();
  await page.getByRole('heading', { name: 'AUTUMN' }).waitFor({ state: 'detached' });
  await page.close();
});
