// Booking as a guest in a browser: no sign-in, a code when it comes to it; and what a mail scanner can and cannot do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, codeOf } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { checked, mailed, openBrowser, said } from './browser.mjs';

let stack;
let mail;
let browser;
before(async () => {
  mail = await MailServer.start();
  stack = await startStack({
    env: { ...mail.settings, PUBLIC_BOOKING: '1' },
    document: openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  await mail?.stop();
});

async function open() {
  const page = await browser.page();
  page.setDefaultTimeout(60_000);
  await page.goto(`${stack.daemon.url}/booking/`);
  await page.locator('[data-start]').first().waitFor();
  return page;
}

test('a guest picks a time, gives name and address, types the code and is booked', async () => {
  const page = await open();
  await page.locator('[data-start]').last().click();
  await page.getByLabel('Name').fill('Gil');
  assert.equal(await page.getByLabel('Repeat').count(), 0, 'a series is for those who have signed in');
  assert.equal(await page.locator('#email-hint').innerText(), 'We’ll send your invitation here.');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await said(page, /^One thing is missing\. Please enter an email address/);
  await page.getByLabel('Email').fill('gil@client.test');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByRole('heading', { name: 'Confirm your email address' }).waitFor();
  await checked(page, 'guest-code');
  const code = codeOf(await mailed(mail, 'gil@client.test', /^Your code/));
  await page.getByLabel('Code from the email').fill(code === '000000' ? '000001' : '000000');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await said(page, /^That isn’t the code/);
  await page.getByLabel('Code from the email').fill(code);
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  const [{ status, email, name }] = stack.database.rows(
    'SELECT status, email, name FROM bookingd.appointment ORDER BY created_at DESC LIMIT 1',
  );
  assert.deepEqual([status, email, name], ['scheduled', 'gil@client.test', 'Gil']);
});

test('whoever has an account is asked to sign in', async () => {
  await stack.client('ida').get('/booking/user/me');
  const page = await open();
  await page.locator('[data-start]').last().click();
  await page.getByLabel('Name').fill('Ida');
  await page.getByLabel('Email').fill('ida@client.test');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page
    .getByLabel('Code from the email')
    .fill(codeOf(await mailed(mail, 'ida@client.test', /^Your code/)));
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await said(page, /^You have an account with this address/);
});

test('a scanner that opens every link of every mail and presses every button changes nothing', async () => {
  const email = 'scanned@client.test';
  const page = await open();
  await page.locator('[data-start]').last().click();
  await page.getByLabel('Name').fill('Sam');
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, email, /^Your code/)));
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  await mailed(mail, email, /^Booked/);
  const { body: asked } = await stack.stranger().post('/booking/sign-in', { email, page: 'booking' });
  const letter = await until('the sign-in mail', () =>
    mail.read().find((one) => one.to[0] === email && one.text.includes('#sign-in=')),
  );
  const before = state();
  const links = new Set(
    mail
      .read()
      .filter((one) => one.to[0] === email)
      .flatMap(({ text, html, headers }) =>
        [text, html ?? '', headers['list-unsubscribe'] ?? ''].flatMap(
          (part) => part.replaceAll('&amp;', '&').match(/https?:\/\/[^\s"<>]+/g) ?? [],
        ),
      )
      .filter((link) => link.startsWith(stack.daemon.url)),
  );
  assert.ok(links.size >= 2, [...links].join(' '));
  for (const link of links) await scan(link);
  for (const link of [...links].filter((one) => one.includes('#manage=')))
    await press(link, [/^Cancel:/, 'Cancel the session']);
  assert.deepEqual(state(), before);
  const done = await stack
    .stranger()
    .post('/booking/sign-in/verify', { email, code: codeOf(letter), nonce: asked.nonce });
  assert.equal(done.status, 200, 'the code is as good as before');
});

/** What must stay as it is: appointments, who is signed in as a person, what codes were used, and preferences. */
function state() {
  return stack.database.rows(`
    SELECT (SELECT jsonb_agg(jsonb_build_object('id', id, 'status', status, 'start', starts_at, 'version', version) ORDER BY id)
            FROM bookingd.appointment WHERE status <> 'held' AND status <> 'expired') AS appointments,
           (SELECT count(*) FROM bookingd.own_session WHERE appointment_id IS NULL) AS signed_in,
           (SELECT jsonb_agg(jsonb_build_object('tries', tries, 'used', used_at) ORDER BY hash)
            FROM bookingd.action_token WHERE purpose = 'sign_in') AS codes,
           (SELECT count(*) FROM bookingd.notice_preference) AS preferences`)[0];
}

/** Opens a link in a browser of its own, and presses whatever button comes, each once, until there is no new one. */
async function scan(link) {
  const page = await browser.page();
  page.setDefaultTimeout(60_000);
  await page.goto(link, { waitUntil: 'networkidle' });
  const pressed = new Set();
  for (let turn = 0; turn < 15; turn++) {
    const names = await page
      .locator('button:visible')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? one.textContent.trim()));
    const n = names.findIndex((name) => !pressed.has(name));
    if (n < 0) break;
    pressed.add(names[n]);
    await page
      .locator('button:visible')
      .nth(n)
      .click({ timeout: 5_000 })
      .catch(() => {});
    await page.waitForLoadState('networkidle');
  }
  await page.context().close();
  return pressed;
}

/** Presses these, as somebody would who means to. */
async function press(link, names) {
  const page = await browser.page();
  page.setDefaultTimeout(60_000);
  await page.goto(link, { waitUntil: 'networkidle' });
  for (const name of names) await page.getByRole('button', { name }).first().click();
  await page.waitForLoadState('networkidle');
  await page.context().close();
}
