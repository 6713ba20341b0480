// Signing in by mail on the pages, and what the links of mails open.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, codeOf } from '../harness/mail.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { checked, mailed, openBrowser, said } from './browser.mjs';

let stack;
let mail;
let browser;
before(async () => {
  mail = await MailServer.start();
  stack = await startStack({
    env: { ...mail.settings, PUBLIC_URL: 'https://book.test' },
    document: openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  await mail?.stop();
});

const linkOf = ({ text }, name) => new RegExp(`#${name}=[\\w-]+`).exec(text)[0];

async function ask(page, email) {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel('Code from the mail').waitFor();
}

test('a stranger signs in by a code and books; a reload remembers them; the mail’s link opens the session', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/`);
  await ask(page, 'ann@client.test');
  await checked(page, 'sign-in-code');
  await page.getByLabel('Code from the mail').fill('000');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await said(page, /^That isn’t the code/);
  await page.getByLabel('Code from the mail').fill(codeOf(await mailed(mail, 'ann@client.test', /code/)));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('[data-start]').first().waitFor();
  await page.locator('[data-start]').last().click();
  await page.getByLabel('Name').fill('Ann');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  await page.reload();
  await page.locator('[data-start]').first().waitFor(); // still signed in

  const manage = linkOf(await mailed(mail, 'ann@client.test', /#manage=/), 'manage');
  const elsewhere = await browser.page();
  await elsewhere.goto(`${stack.daemon.url}/booking/${manage}`);
  await elsewhere.getByRole('heading', { name: 'Your session', exact: true }).waitFor();
  await elsewhere.getByRole('button', { name: /^Cancel:/ }).waitFor();
  assert.doesNotMatch(elsewhere.url(), /manage/);
  await checked(elsewhere, 'managed');
  await elsewhere.getByRole('button', { name: /^Cancel:/ }).click();
  await elsewhere.getByLabel('Yes, cancel this session').check();
  await elsewhere.getByRole('button', { name: 'Cancel the session' }).click();
  await elsewhere.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
});

test('the link in the mail signs in where it was asked for, and says so elsewhere', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/`);
  await ask(page, 'bea@client.test');
  const link = linkOf(await mailed(mail, 'bea@client.test', /#sign-in=/), 'sign-in');
  const other = await browser.page();
  await other.goto(`${stack.daemon.url}/booking/${link}`);
  await said(other, /^The link in the mail works in the browser that asked for it/);
  assert.doesNotMatch(other.url(), /sign-in/);
  await page.goto('about:blank');
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await page.locator('[data-start]').first().waitFor();
});

test('the coach signs in by mail as well', async () => {
  const email = 'coach@example.com';
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/coach/`);
  await ask(page, email);
  await checked(page, 'coach-sign-in-code');
  await page.getByLabel('Code from the mail').fill(codeOf(await mailed(mail, email, /code/)));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('.box').first().waitFor();
});
