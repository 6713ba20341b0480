// Signing in by mail on the pages, and what the links of mails open.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { MailServer, codeOf } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { freePort } from '../harness/run_folder.mjs';
import { checked, mailed, openBrowser, openCoach, said } from './browser.mjs';

const port = await freePort();
const site = `http://localhost:${port}`; // another site than 127.0.0.1: what is stored in a frame there is kept apart
let host;
let pasted = '';
let stack;
let mail;
let browser;
before(async () => {
  mail = await MailServer.start();
  stack = await startStack({
    env: { ...mail.settings, PUBLIC_URL: 'https://book.test', FRAME_ALLOWED_ORIGINS: site },
    document: openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
  });
  host = http.createServer((_, reply) => {
    const from = stack.daemon.url;
    reply.writeHead(200, {
      'Content-Type': 'text/html',
      'Content-Security-Policy': `default-src 'none'; script-src ${from}; frame-src ${from}; img-src data:`,
    });
    reply.end(`<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">
      <main><h1>Host</h1>${pasted}</main>`);
  });
  await new Promise((resolve) => {
    host.listen(port, '127.0.0.1', resolve);
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  host?.closeAllConnections();
  host?.close();
  await stack?.stop();
  await mail?.stop();
});

const linkOf = ({ text }, name) => new RegExp(`#${name}=[\\w-]+`).exec(text)[0];

async function ask(page, email) {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel('Code from the email').waitFor();
}

test('a stranger signs in by a code and books; a reload remembers them; the mail’s link opens the session', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/`);
  await ask(page, 'ann@client.test');
  await checked(page, 'sign-in-code');
  await page.getByLabel('Code from the email').fill('000');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await said(page, /^That isn’t the code/);
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, 'ann@client.test', /code/)));
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
  await said(other, /^The link in the email only works in the browser that asked for it/);
  assert.doesNotMatch(other.url(), /sign-in/);
  await page.goto('about:blank');
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await page.locator('[data-start]').first().waitFor();
});

test('in a frame of a site that may, and of no other, a stranger signs in and books; the frame is as tall as the page', async () => {
  const desk = await openCoach(browser, stack, stack.coach(), 'profile');
  await desk.getByLabel('In a frame').check({ force: true });
  pasted = await desk.locator('#embed-code').inputValue();
  await desk.context().close();
  const page = await browser.page();
  await page.goto(`${site}/`);
  const inside = page.frameLocator('iframe');
  await ask(inside, 'fay@client.test');
  const code = codeOf(await mailed(mail, 'fay@client.test', /code/));
  await inside.getByLabel('Code from the email').fill(code);
  await inside.getByRole('button', { name: 'Sign in' }).click();
  await inside.locator('[data-start]').last().click();
  await inside.getByLabel('Name').fill('Fay');
  const frame = page.frames()[1];
  const fits = () =>
    until('the frame is as tall as the page in it', async () => {
      const inner = await frame.evaluate(() => document.body.getBoundingClientRect().height);
      const outer = await page.evaluate(() => document.querySelector('iframe').clientHeight);
      return Math.abs(outer - inner) <= 1 && inner;
    });
  const form = await fits();
  await checked(page, 'framed');
  await inside.getByRole('button', { name: 'Confirm booking' }).click();
  await inside.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  assert.ok((await fits()) !== form, 'another view has another height');

  const refused = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
  await page.goto(site.replace('localhost', '127.0.0.1'));
  await refused;
  assert.equal(await inside.locator('mosaic-booking').count(), 0);
  browser.troubles = browser.troubles.filter((one) => !/frame-ancestors/.test(one)); // the browser's own line
});

test('the coach signs in by mail as well, who is another one by the same address, too', async () => {
  const email = 'coach@example.com';
  const second = await stack.admin().put('/coach/second/schedule', openSchedule());
  assert.equal(second.status, 201, second.text);
  stack.database.run(`update bookingd.coach set email = '${email}' where id = 'second'`);
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/coach/`);
  await ask(page, email);
  await checked(page, 'coach-sign-in-code');
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, email, /code/)));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('.box').first().waitFor();
  const switch_ = page.locator('.whose select');
  await switch_.waitFor();
  assert.deepEqual(await switch_.locator('option').allTextContents(), ['damian', 'second']);
  const theirs = page.waitForResponse(/\/coach\/second\/appointments/);
  await switch_.selectOption('second');
  assert.equal((await theirs).status(), 200);
  await page.locator('.whoami strong', { hasText: 'second' }).waitFor();
  await checked(page, 'coach-of-two');
});

test('the coach who signs out has ended their session; a token of the platform’s is only forgotten', async () => {
  const email = 'coach@example.com';
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/coach/`);
  const former = mail.to(email).length; // whose codes are used up
  await ask(page, email);
  await until('the new code is there', () => mail.to(email).length > former);
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, email, /code/)));
  const verified = page.waitForResponse(/\/sign-in\/verify/);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const { token } = await (await verified).json();
  const me = async () =>
    (await fetch(`${stack.daemon.url}/coach/me`, { headers: { authorization: `Bearer ${token}` } })).status;
  await page.locator('.box').first().waitFor();
  assert.equal(await me(), 200);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await until('the session has ended', async () => (await me()) === 401);

  const other = await openCoach(browser, stack, stack.coach());
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.ok(!other.calls.some((one) => one.startsWith('DELETE')), other.calls.join('\n'));
});
