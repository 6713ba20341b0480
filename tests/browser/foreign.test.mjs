// What leaves for others, read by programs of others: mails by mailparser, their HTML by html-validate and axe and in
// Chromium, messages to webhooks by the standard's own library.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { HtmlValidate } from 'html-validate';
import { simpleParser } from 'mailparser';
import { Webhook } from 'standardwebhooks';
import { MailServer } from '../harness/mail.mjs';
import { bookingd } from '../harness/postgres.mjs';
import { temporaryFolder } from '../harness/run_folder.mjs';
import { startStack, until } from '../harness/stack.mjs';
import { checked, openBrowser } from './browser.mjs';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
let stack, mail, receiver, browser;
const messages = [];

before(async () => {
  mail = await MailServer.start();
  receiver = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    messages.push({ headers: request.headers, text: Buffer.concat(parts).toString() });
    response.writeHead(200).end();
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  stack = await startStack({
    env: {
      ...mail.settings,
      PUBLIC_URL: 'https://book.test',
      WEBHOOK_URL: `http://127.0.0.1:${receiver.address().port}/`,
      WEBHOOK_SECRET: secret,
      WEBHOOK_ALLOW_PRIVATE: '1',
    },
  });
  browser = await openBrowser();
  for (const [n, locale] of [
    [0, 'en'],
    [1, 'fr'],
  ]) {
    const client = stack.client(`client-${n}`, { name: `Zoë "${'ü'.repeat(90)}" 🎉` });
    const { body } = await client.post('/booking/create', {
      start: stack.slot(n),
      duration_minutes: 30,
      locale,
      time_zone: 'Asia/Kathmandu',
      phone: '+15550100',
    });
    // Client and coach: what is not out when it changes again is told no more.
    const told = (count) =>
      until(`${count} mails to each`, () => mail.mails.length === 6 * n + 2 * count, 60_000);
    await told(1);
    await client.put(`/booking/${body.id}/reschedule`, { start: stack.slot(n + 20) });
    await told(2);
    await client.put(`/booking/${body.id}/cancel`);
    await told(3);
  }
  await until('the events', () => messages.length === 6, 60_000);
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  await mail.stop();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

test('mailparser reads of every mail what Python reads, and no line is longer than 998 octets', async () => {
  const theirs = mail.read();
  for (const [i, { raw, to }] of mail.mails.entries()) {
    for (const line of raw.toString('latin1').split('\r\n'))
      assert.ok(line.length <= 998 && !/[\r\n]/.test(line));
    const read = await simpleParser(raw);
    const same = (text) => text.replaceAll('\r\n', '\n').trim();
    assert.equal(read.subject, theirs[i].subject);
    assert.deepEqual([read.messageId, read.to.value[0].address], [theirs[i].headers['message-id'], to[0]]);
    assert.equal(same(read.text), same(theirs[i].text));
    assert.equal(same(read.html), same(theirs[i].html));
    assert.equal(read.headers.get('auto-submitted'), 'auto-generated');
    const calendars = read.attachments.filter(({ contentType }) => /calendar|ics/.test(contentType));
    assert.equal(calendars.length, theirs[i].calendar ? 2 : 0, read.subject);
    for (const { content } of calendars)
      assert.match(content.toString(), new RegExp(`METHOD:${theirs[i].calendar.method}\r\n`));
  }
});

/** Every kind of mail for each who may read it, in each language, by name: what the unit test keeps of them. */
function samples() {
  const folder = temporaryFolder('mails');
  const program = path.join(path.dirname(path.resolve(bookingd())), 'tests/unit/notice/test_message');
  execFileSync(program, { env: { ...process.env, NOTICE_SAMPLES: folder }, stdio: 'ignore' });
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.html'))
    .map((name) => ({ name: name.slice(0, -5), html: fs.readFileSync(path.join(folder, name), 'utf8') }));
}

test('the HTML of every mail is valid, and axe finds nothing, on a phone and a desktop, light and dark', async () => {
  const validator = new HtmlValidate({
    extends: ['html-validate:standard'],
    rules: { 'no-inline-style': 'off' },
  });
  const kinds = samples();
  assert.ok(kinds.some(({ name }) => name === 'meeting_changed-coach-fr'));
  const sent = mail.read().map(({ html, to }, i) => ({ name: `mail-${i}`, html, to }));
  for (const { name, html } of [...kinds, ...sent]) {
    const report = await validator.validateString(html);
    const told = report.results.flatMap(({ messages: found }) =>
      found.map(({ ruleId, message }) => `${ruleId}: ${message}`),
    );
    assert.deepEqual(told, [], name);
  }
  const read = sent.filter(({ to }) => to[0] !== 'coach@example.com');
  // Of what looks alike one is looked at: English, and of a series what its client reads.
  const alike = kinds.filter(
    ({ name }) => /-en$/.test(name) && !/^series-.*-(coach|guest|uninvited)-/.test(name),
  );
  for (const [width, height, scheme, shown] of [
    [390, 844, 'light', read],
    [390, 844, 'dark', [...read, ...alike]],
    [1280, 800, 'light', [...read, ...alike]],
    [1280, 800, 'dark', read],
  ]) {
    const context = await browser.chromium.newContext({ viewport: { width, height }, colorScheme: scheme });
    const page = await context.newPage();
    for (const { name, html } of shown) {
      await page.setContent(html);
      await checked(page, `${name}-${width}-${scheme}`);
    }
    await context.close();
  }
});

test('the library of the standard verifies every message', () => {
  const webhook = new Webhook(secret);
  for (const { headers, text } of messages) {
    assert.deepEqual(webhook.verify(text, headers), JSON.parse(text));
    assert.throws(() => webhook.verify(text.replace('"type"', '"typo"'), headers));
  }
});
