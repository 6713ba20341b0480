// Booking as a guest in a browser: no sign-in, a code when it comes to it; and what a mail scanner can and cannot do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, codeOf } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { checked, mailed, openBrowser, said, shown } from './browser.mjs';

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

test('who signed in by mail where guests may book, and signs out, is a guest again', async () => {
  const asked = { email: 'mia@client.test' };
  const { nonce } = (await stack.stranger().post('/booking/sign-in', asked)).body;
  const code = codeOf(await mailed(mail, asked.email, /code/));
  const { token } = (await stack.stranger().post('/booking/sign-in/verify', { ...asked, code, nonce })).body;
  assert.ok(token);
  const page = await open();
  await page.evaluate(
    (kept) => localStorage.setItem('mosaic-booking', JSON.stringify({ token: kept })),
    token,
  );
  await page.reload();
  await page.getByRole('button', { name: 'My sessions' }).click();
  await shown(page, 'No sessions here.').waitFor(); // what comes meanwhile moves the button
  await page.getByRole('button', { name: 'Sign out' }).click();
  await said(page, /^You’re signed out\. /);
  await said(page, /\d+ times? on /); // after that, or in one with it where it comes within a few seconds
  await page.locator('[data-start]').first().waitFor();
  assert.equal(await page.getByText('Please sign in again').count(), 0);
});

/** Signs in with the code that is mailed, where the form for it stands. */
async function signIn(page, email) {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  const code = page.getByLabel('Code from the email');
  await code.waitFor();
  await code.fill(codeOf(await mailed(mail, email, /code/)));
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a guest who wants the waiting list, their sessions or the news signs in, and has what they wanted', async () => {
  const page = await open();
  await page.getByRole('button', { name: /Join the waiting list/ }).click();
  await signIn(page, 'wil@client.test');
  await page.getByLabel('Monday').waitFor();
  await said(page, /You’re signed in/);
  await page.waitForTimeout(500); // nothing comes over it
  await page.getByLabel('Monday').check();
  const other = await open();
  await other.getByRole('button', { name: 'My sessions' }).click();
  await signIn(other, 'wes@client.test');
  await shown(other, 'No sessions here.').waitFor();
  assert.equal(await other.getByText('Please sign in again').count(), 0);
});

test('a guest who is signed in by the page while the form is open books what was held for them', async () => {
  const page = await fillIn('Gus');
  const { token } = stack.client('gus');
  const [hold] = await Promise.all([
    page.waitForResponse((reply) => reply.url().endsWith('/booking/hold') && reply.status() === 201),
    page.evaluate(
      (given) => Object.assign(document.querySelector('mosaic-booking'), { token: given }),
      token,
    ),
  ]);
  assert.equal((await hold.json()).user_id, 'gus');
  await confirm(page);
  await booked(page, 'Gus');
});

test('a form whose sign-in is over goes on after the next one', async () => {
  await stack.client('ole').get('/booking/user/me');
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/#token=${stack.client('ole').token}`);
  await page.locator('[data-start]').last().click();
  await page.getByLabel('What would you like to talk about?').fill('A long story');
  await page.evaluate(() => {
    document.querySelector('mosaic-booking').token = 'a.b.c';
  });
  await confirm(page);
  await page.locator('.notice').getByRole('button', { name: 'Sign in' }).click();
  await signIn(page, 'ole@client.test');
  assert.equal(await page.getByLabel('What would you like to talk about?').inputValue(), 'A long story');
  await page.getByLabel('Name').fill('Ole');
  await confirm(page);
  await booked(page, 'Ole');
});

test('a form outlives a reload while the code is awaited', async () => {
  const page = await fillIn('Rea');
  await confirm(page);
  await page.getByLabel('Code from the email').waitFor();
  await page.reload();
  assert.equal(await page.getByLabel('Name').inputValue(), 'Rea');
});

/** A guest's form, filled in but not sent. */
async function fillIn(name, prepare = () => {}) {
  const page = await open();
  await prepare(page);
  await Promise.all([
    page.waitForEvent('requestfinished', (request) => request.url().endsWith('/booking/hold')),
    page.locator('[data-start]').last().click(),
  ]);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Email').fill(`${name.toLowerCase()}@client.test`);
  await page.getByLabel('What would you like to talk about?').fill('A long story');
  return page;
}
const confirm = (page) => page.getByRole('button', { name: 'Confirm booking' }).click();
const codes = (email) => mail.to(email).filter(({ subject }) => /^Your code/.test(subject));
const typeCode = async (page, email, nth) => {
  const letter = await until(`code ${nth} for ${email}`, () => codes(email)[nth - 1]);
  await page.getByLabel('Code from the email').fill(codeOf(letter));
  await confirm(page);
};
const booked = async (page, name) => {
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  const rows = stack.database.rows(
    `SELECT status, notes FROM bookingd.appointment WHERE name = '${name}' AND status = 'scheduled'`,
  );
  assert.deepEqual(rows, [{ status: 'scheduled', notes: 'A long story' }]);
  assert.ok(!page.calls.includes('POST /booking/create'), 'nothing but a hold is a guest’s to book');
};

test('a guest whose hold is over holds the time once more when they confirm', async () => {
  const page = await fillIn('Olga', (its) => soonOver(its));
  endHolds();
  stack.database.run('DELETE FROM bookingd.own_session'); // a guest's own session is over some time after
  await shown(page, /You’ll still get it if it’s free/).waitFor();
  await confirm(page);
  await typeCode(page, 'olga@client.test', 1);
  await booked(page, 'Olga');
});

test('a guest who went away and came back, or for whom nothing could be held, confirms as any other', async () => {
  const away = await fillIn('Awa');
  await Promise.all([
    away.waitForResponse(/\/cancel$/),
    away.evaluate(() => window.dispatchEvent(new Event('pagehide'))),
  ]);
  await confirm(away);
  await typeCode(away, 'awa@client.test', 1);
  await booked(away, 'Awa');
  const unheld = await fillIn('Una', (page) =>
    page.route('**/booking/hold', (route) => route.fulfill({ status: 503, json: {} }), { times: 1 }),
  );
  await confirm(unheld);
  await typeCode(unheld, 'una@client.test', 1);
  await booked(unheld, 'Una');
});

test('a hold that ends while the code is awaited is taken again with a new code, and nothing typed is lost', async () => {
  const page = await fillIn('Cora');
  await confirm(page);
  await page.getByRole('heading', { name: 'Confirm your email address' }).waitFor();
  const first = await until('the code', () => codes('cora@client.test')[0]);
  endHolds(); // the code is as good as before
  await page.getByLabel('Code from the email').fill(codeOf(first));
  await confirm(page);
  await shown(page, /^We’ve had to hold the time for you again/).waitFor();
  await checked(page, 'guest-code-again');
  await typeCode(page, 'cora@client.test', 2);
  await booked(page, 'Cora');
});

test('a new code can be asked for where it is typed, also when the hold has ended with the old one', async () => {
  const page = await fillIn('Nia');
  await confirm(page);
  await page.getByRole('heading', { name: 'Confirm your email address' }).waitFor();
  endHolds();
  stack.database.run(`UPDATE bookingd.action_token SET expires_at = now() - interval '1 second'`);
  await typeCode(page, 'nia@client.test', 1);
  await said(page, /^This code has expired/);
  await page.getByRole('button', { name: 'Send a new code' }).click();
  await typeCode(page, 'nia@client.test', 2);
  await booked(page, 'Nia');
});

test('the code step tells how long the time is held, and that it is gone; the form is as it was left', async () => {
  const page = await fillIn('Tess', (its) => soonOver(its, 30_000));
  await confirm(page);
  await page.getByRole('heading', { name: 'Confirm your email address' }).waitFor();
  await shown(page, /^Held for you for 0:\d\d more$/).waitFor();
  const { start } = stack.database.rows(
    `SELECT to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS start
     FROM bookingd.appointment WHERE status = 'held' ORDER BY created_at DESC LIMIT 1`,
  )[0];
  endHolds();
  const made = await stack.client('faster').post('/booking/create', { start, session_type: 'coaching' });
  assert.equal(made.status, 201, made.text);
  await typeCode(page, 'tess@client.test', 1);
  await shown(page, /has just been taken/).waitFor();
  assert.equal(await page.getByLabel('What would you like to talk about?').inputValue(), 'A long story');
});

const endHolds = () =>
  stack.database.run(
    `UPDATE bookingd.appointment SET hold_expires_at = now() - interval '1 second' WHERE status = 'held'`,
  );

/** The page is told that a hold lasts but a moment. */
const soonOver = (page, lasts = 1500) =>
  page.route('**/booking/hold', async (route) => {
    const reply = await route.fetch();
    const end = new Date(Date.now() + lasts).toISOString();
    await route.fulfill({ response: reply, json: { ...(await reply.json()), hold_expires_at: end } });
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

test('a page that is left while a guest’s time is being held gives it back, and shown again at once holds it once', async () => {
  const held = () =>
    stack.database.rows("SELECT count(*)::int AS n FROM bookingd.appointment WHERE status = 'held'")[0].n;
  for (const kept of [true, false]) {
    const page = await open();
    const former = held();
    let arrive;
    const way = new Promise((resolve) => {
      arrive = resolve;
    });
    const slow = async (route) => {
      const response = await route.fetch();
      await way;
      await route.fulfill({ response });
    };
    await page.route('**/booking/hold', slow, { times: 1 });
    let replies = 0;
    page.on('response', (response) => {
      if (response.url().endsWith('/booking/hold')) replies += 1;
    });
    await page.locator('[data-start]').last().click();
    await page.getByRole('button', { name: 'Confirm booking' }).waitFor();
    await until('the time is held', () => held() === former + 1);
    for (const type of kept ? ['pagehide', 'pageshow'] : ['pagehide'])
      await page.evaluate((name) => {
        window.dispatchEvent(new PageTransitionEvent(name, { persisted: true }));
      }, type);
    arrive();
    await until('each request is answered', () => replies === (kept ? 2 : 1));
    await until('it is held once, or no more', () => held() === former + Number(kept));
    assert.equal(await page.locator('.alarm').count(), 0);
    await page.context().close();
  }
});
