// The coach's page: where events are sent to, a test message, a new secret, what was sent and again, one that was given up.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { checked, openBrowser, openCoach, said } from './browser.mjs';

let stack, browser, coach, receiver;
const got = [];
let answer = 204;
before(async () => {
  receiver = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      got.push(JSON.parse(Buffer.concat(parts)));
      response.writeHead(answer).end();
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const document = openSchedule({});
  document.session_types[0].meeting = 'none';
  stack = await startStack({ document, env: { WEBHOOK_ALLOW_PRIVATE: '1' } });
  coach = stack.coach();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  receiver.closeAllConnections();
  receiver.close();
});

const listed = async () => (await coach.get('/coach/damian/webhooks')).body.webhooks;
const address = () => `http://127.0.0.1:${receiver.address().port}/hook`;

for (const [width, colorScheme] of [
  [390, 'dark'],
  [1280, 'light'],
  [320, 'light'],
])
  test(`a webhook is added, tried, paused, given a new secret and removed (${width}, ${colorScheme})`, async () => {
    const page = await openCoach(browser, stack, coach, 'google', {
      viewport: { width, height: 900 },
      colorScheme,
    });
    const section = page.locator('#webhooks');
    const line = section.locator('li', { hasText: '/hook' });
    await section.getByText('Nothing is sent anywhere yet.').waitFor();
    await section.getByLabel('Address to send to').fill('ftp://nowhere');
    await section.getByRole('button', { name: 'Add webhook' }).click();
    await section.locator('.alarm').waitFor();
    await section.getByLabel('Address to send to').fill(address());
    await section.getByText('Which messages').click();
    await section.getByLabel('appointment.created').check();
    await section.getByLabel('appointment.moved').check();
    for (const box of await section.locator('button:visible, .tickable, summary').all())
      assert.ok((await box.boundingBox()).height >= 44, await box.textContent());
    await checked(page, `webhook-form-${width}-${colorScheme}`);
    await section.getByRole('button', { name: 'Add webhook' }).click();
    await said(page, /The webhook is added/);
    const secret = await section.getByLabel('Secret', { exact: true }).inputValue();
    assert.match(secret, /^whsec_/);
    assert.deepEqual(
      (await listed()).map((one) => [one.url, one.types]),
      [[address(), ['appointment.created', 'appointment.moved']]],
    );
    await line.getByText('2 kinds of message').waitFor();
    await section.scrollIntoViewIfNeeded();
    await checked(page, `webhook-added-${width}-${colorScheme}`);
    got.length = 0;
    await line.getByRole('button', { name: /^Send a test/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('delivered', { exact: true }).waitFor({ timeout: 30_000 });
    await dialog.getByText(/HTTP 204/).waitFor();
    assert.equal(got[0].type, 'webhook.test');
    await checked(page, `webhook-sent-${width}-${colorScheme}`);
    await dialog.getByRole('button', { name: /^Send again: webhook.test/ }).click();
    await until('the message again', () => got.length > 1);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await line.getByRole('button', { name: /^Which messages/ }).click();
    await dialog.getByLabel('appointment.created').uncheck();
    await dialog.getByLabel('appointment.moved').uncheck();
    await checked(page, `webhook-types-${width}-${colorScheme}`);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await said(page, /Saved/);
    await line.getByText('all messages').waitFor();
    await line.getByRole('button', { name: /^Pause/ }).click();
    await said(page, /paused/);
    assert.equal((await listed())[0].state, 'paused');
    await line.getByRole('button', { name: /^Turn on/ }).click();
    await said(page, /sent again/);
    await line.getByRole('button', { name: /^New secret/ }).click();
    await dialog.getByRole('button', { name: 'New secret' }).click();
    await said(page, /new secret/);
    assert.notEqual(await section.getByLabel('Secret', { exact: true }).inputValue(), secret);
    await line.getByRole('button', { name: /^Remove/ }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await said(page, /The webhook is removed/);
    assert.deepEqual(await listed(), []);
  });

test('one that was given up is told above every view, turned on again, and what it missed sent', async () => {
  assert.equal((await coach.post('/coach/damian/webhooks', { url: address(), types: [] })).status, 201);
  answer = 410;
  const book = async (who, hour) => {
    const start = stack.slot(hour);
    const reply = await stack.client(who).post('/booking/create', { start, duration_minutes: 60 });
    assert.equal(reply.status, 201, reply.text);
  };
  await book('ann', 30);
  await until('it is given up', async () => (await listed())[0].state === 'disabled', 60_000);
  await book('bob', 33);
  await until('one is missed', async () => (await listed())[0].missed > 0, 60_000);
  answer = 204;
  got.length = 0;
  const page = await openCoach(browser, stack, coach, 'home');
  await page.locator('.banner', { hasText: 'Messages to 127.0.0.1' }).waitFor();
  await checked(page, 'webhook-banner');
  await page.locator('.banner', { hasText: 'Messages to' }).getByRole('link').click();
  const line = page.locator('#webhooks li', { hasText: '/hook' });
  await line.getByText(/^stopped · all messages/).waitFor();
  await line.getByRole('button', { name: /^Turn on/ }).click();
  await said(page, /sent again/);
  await line.getByRole('button', { name: /^What was sent/ }).click();
  const dialog = page.getByRole('dialog');
  await checked(page, 'webhook-missed');
  await dialog.getByRole('button', { name: /missing message/ }).click();
  await until('what was missed', () => got.some((one) => one.type === 'appointment.created'), 60_000);
});
