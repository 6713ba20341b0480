// The widget on somebody else's page, on another origin, called as the mosaic page calls: with the platform's
// session id.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { schedule, startStack } from '../harness/stack.mjs';
import { freePort } from '../harness/run_folder.mjs';
import { checked, focused, openBrowser, said, shot } from './browser.mjs';

let stack;
let browser;
let site;
let server;

/** The host page's own policy is strict as well: nothing inline but what it names, and no styles from elsewhere. */
const policy = () =>
  [
    `default-src 'none'`,
    `script-src 'self' ${stack.daemon.url}`,
    `connect-src ${stack.daemon.url}`,
    `style-src 'self'`,
    `img-src data:`,
    `base-uri 'none'`,
    `require-trusted-types-for 'script'`,
  ].join('; ');

const FILES = {
  '/': [
    'text/html',
    () => page('<mosaic-booking id="booking" label="Book with Damian" coach-name="Damian"></mosaic-booking>'),
  ],
  '/inline': ['text/html', () => page('<mosaic-booking id="booking" inline></mosaic-booking>')],
  '/floating': ['text/html', () => page('<mosaic-booking id="booking" floating></mosaic-booking>')],
  '/rtl': ['text/html', () => page('<mosaic-booking id="booking"></mosaic-booking>', 'lang="ar" dir="rtl"')],
  '/dark': [
    'text/html',
    () => page('<mosaic-booking id="booking" inline></mosaic-booking>', 'lang="en" class="dark"'),
  ],
  '/tight': [
    'text/html',
    () => page('<mosaic-booking id="booking" inline></mosaic-booking>', 'lang="en" class="tight"'),
  ],
  '/style.css': [
    'text/css',
    () =>
      'body { margin: 2rem; font-family: Georgia, serif } .dark { color-scheme: dark; background: #141414; color: #fff } * { color: inherit } button { display: none } p { font-size: 40px } .tight { white-space: nowrap; text-indent: 3em; word-break: break-all } h1 { text-indent: 0 }',
  ],
  // One line is all that mosaic's page has to say; the rest notes what the element tells.
  '/page.js': [
    'text/javascript',
    () => `
    const booking = document.getElementById('booking');
    booking.headers = async () => ({ 'X-Session-ID': 'session-of-ann' });
    window.told = [];
    for (const name of ['booked', 'cancelled', 'rescheduled', 'error'])
      (name === 'error' ? booking : document).addEventListener(name, (event) => window.told.push([name, event.detail.status, event.detail.id ?? event.detail.code]));
  `,
  ],
};
const page = (
  body,
  html = 'lang="en"',
) => `<!doctype html><html ${html}><head><title>Mosaic</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">
  <script src="/page.js" defer></script><script type="module" src="${stack.daemon.url}/booking/widget.js"></script></head><body><main><h1>Mosaic</h1>${body}</main></body></html>`;

before(async () => {
  const port = await freePort();
  site = `http://localhost:${port}`; // another origin than 127.0.0.1
  stack = await startStack({
    document: schedule({ policy: { max_active_per_user: null } }),
    start: false,
    env: {
      CORS_ALLOWED_ORIGINS: site,
      AUTH_SESSION_QUERY: 'select user_id, email, name, role from platform_sessions where id = $1',
    },
  });
  stack.database.run(`create table platform_sessions (id text primary key, user_id text, email text, name text, role text);
    insert into platform_sessions values ('session-of-ann', 'ann', 'ann@client.test', 'Ann Example', 'user')`);
  await stack.startDaemon();
  server = http.createServer((request, reply) => {
    const [type, content] = FILES[request.url] ?? [];
    reply
      .writeHead(type ? 200 : 404, {
        'Content-Type': type ?? 'text/plain',
        'Content-Security-Policy': policy(),
      })
      .end(content?.() ?? '');
  });
  await new Promise((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  await stack?.stop();
});

const foreign = (calls) => calls.filter((call) => !/ \/(style\.css|page\.js|)$/.test(call));

test('from the button to the times: one script, one question; to the booking: three clicks; and the page is told', async () => {
  const page_ = await browser.page();
  await page_.goto(`${site}/`);
  const opener = page_.getByRole('button', { name: 'Book with Damian' });
  await checked(page_, 'embed-button');
  await opener.click();
  await page_.locator('[data-start]').first().waitFor();
  assert.deepEqual(foreign(page_.calls), ['GET /booking/widget.js', 'GET /booking/availability']);
  await checked(page_, 'embed-modal');
  await page_.locator('[data-start]').last().click();
  await page_.waitForFunction(
    () => document.getElementById('booking').shadowRoot.querySelector('#name')?.value === 'Ann Example',
  );
  await page_.getByRole('button', { name: 'Confirm booking' }).click();
  await page_.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  await checked(page_, 'embed-booked');
  assert.match(
    await page_.getByRole('link', { name: /: Google$/ }).getAttribute('href'),
    /text=Session\+with\+Damian&dates=\d{8}T\d{6}Z%2F\d{8}T\d{6}Z/,
  );
  assert.match(
    await page_.getByRole('link', { name: /: Outlook$/ }).getAttribute('href'),
    /startdt=\d{4}-\d\d-\d\dT/,
  );
  const download = page_.waitForEvent('download');
  await page_.getByRole('button', { name: /ics$/ }).click();
  assert.equal((await download).suggestedFilename(), 'session.ics');

  await page_.getByRole('button', { name: 'My sessions' }).click();
  await page_.getByRole('button', { name: /^Cancel:/ }).click();
  await page_.getByRole('button', { name: 'Cancel the session' }).click();
  await page_.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
  await page_.keyboard.press('Escape');
  assert.equal(await focused(page_), 'Book with Damian', 'the focus goes back to the button');
  const told = await page_.evaluate(() => window.told);
  assert.deepEqual(
    told.map(([name, status]) => [name, status]),
    [
      ['booked', 'scheduled'],
      ['cancelled', 'cancelled'],
    ],
  );
});

test('the script is small, and cached for good where its version is named', async () => {
  const plain = await fetch(`${stack.daemon.url}/booking/widget.js`, {
    headers: { 'Accept-Encoding': 'gzip' },
  });
  const bytes = await new Promise((resolve) => {
    http.get(`${stack.daemon.url}/booking/widget.js`, { headers: { 'Accept-Encoding': 'gzip' } }, (reply) => {
      let size = 0;
      reply
        .on('data', (chunk) => {
          size += chunk.length;
        })
        .on('end', () => resolve([size, reply.headers['content-encoding']]));
    });
  });
  assert.equal(bytes[1], 'gzip');
  assert.ok(bytes[0] < 25_000, `the widget weighs ${bytes[0]} bytes`);
  assert.match(plain.headers.get('etag'), /^"/);
  assert.equal(
    (
      await fetch(`${stack.daemon.url}/booking/widget.js`, {
        headers: { 'If-None-Match': plain.headers.get('etag') },
      })
    ).status,
    304,
  );
  const html = await (await fetch(`${stack.daemon.url}/booking/`)).text();
  const [, version] = /booking\.js\?v=(\w+)/.exec(html);
  const versioned = await fetch(`${stack.daemon.url}/booking/widget.js?v=${version}`);
  assert.match(versioned.headers.get('cache-control'), /immutable/);
});

test('with cookies and storage blocked everything works', async () => {
  const page_ = await browser.page();
  await page_.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('blocked', 'SecurityError');
        },
      });
    Object.defineProperty(document, 'cookie', {
      get() {
        throw new DOMException('blocked', 'SecurityError');
      },
    });
  });
  await page_.goto(`${site}/inline`);
  await page_.locator('[data-start]').first().waitFor();
  await page_.getByRole('button', { name: '24-hour clock' }).click();
  await page_.locator('[data-start]').last().click();
  await page_.getByRole('button', { name: 'Confirm booking' }).click();
  await page_.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  assert.deepEqual(await page_.context().cookies(), []);
  const alone = await browser.page();
  await alone.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('blocked', 'SecurityError');
        },
      });
  });
  await alone.goto(`${stack.daemon.url}/booking/#token=${stack.client('bea').token}`);
  await alone.locator('[data-start]').first().waitFor();
});

test('the modal keeps the focus inside, closes with Escape, and gives a held time back', async () => {
  const page_ = await browser.page();
  await page_.goto(`${site}/`);
  await page_.getByRole('button', { name: 'Book with Damian' }).press('Enter');
  await page_.locator('[data-start]').first().waitFor();
  await page_.locator('.free').nth(1).click(); // of the first day little may be left
  // Where the window is low too, what says that there are later times lies inside the modal.
  await page_.setViewportSize({ width: 1280, height: 600 });
  await page_.locator('.later').waitFor();
  const [later, modal] = await Promise.all([
    page_.locator('.later').boundingBox(),
    page_.locator('dialog').boundingBox(),
  ]);
  assert.ok(later.y + later.height <= modal.y + modal.height, JSON.stringify([later, modal]));
  for (let presses = 0; presses < 60; presses++) {
    await page_.keyboard.press('Tab');
    assert.ok(
      await page_.evaluate(
        () => document.activeElement.id === 'booking' || document.activeElement === document.body,
      ),
      'the focus stays in the modal',
    );
  }
  await Promise.all([page_.waitForResponse(/booking\/hold/), page_.locator('[data-start]').last().click()]);
  await said(page_, /^You chose/);
  const cancelled = page_.waitForResponse(/booking\/[\w-]+\/cancel/);
  await page_.keyboard.press('Escape');
  assert.equal((await cancelled).status(), 200);
  assert.equal(await page_.locator('dialog[open]').count(), 0);
});

test('put elsewhere while it is open, it is closed, and the page scrolls again', async () => {
  const page_ = await browser.page();
  await page_.goto(`${site}/`);
  await page_.getByRole('button', { name: 'Book with Damian' }).click();
  await page_.locator('[data-start]').first().waitFor();
  await page_.evaluate(() => document.body.append(document.querySelector('mosaic-booking')));
  await page_.getByRole('button', { name: 'Book with Damian' }).waitFor();
  await page_.waitForTimeout(300);
  assert.equal(await page_.evaluate(() => document.documentElement.style.overflow), '');
});

test('a language that is no tag for browsers is none, or the one that was meant', async () => {
  const page_ = await browser.page();
  await page_.goto(`${site}/inline`);
  for (const [lang, word] of [
    ['fr_FR', 'Réserver une séance'],
    ['x-default', 'Book a session'],
  ]) {
    await page_.evaluate((tag) => document.getElementById('booking').setAttribute('lang', tag), lang);
    await page_.getByRole('heading', { name: word }).waitFor();
    await page_.locator('[data-start]').first().waitFor();
  }
});

test('an ended session of the platform is said, and the page is told', async () => {
  const page_ = await browser.page();
  await page_.route('**/page.js', (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: FILES['/page.js'][1]().replace('session-of-ann', 'no-such-session'),
    }),
  );
  await page_.goto(`${site}/`);
  await page_.getByRole('button', { name: 'Book with Damian' }).click();
  await said(page_, /^Please sign in again/);
  await checked(page_, 'embed-expired');
  assert.deepEqual(
    await page_.evaluate(() => window.told.map(([name, status, code]) => [name, status, code])),
    [['error', 401, 'unauthenticated']],
  );
});

test('an identity that is renewed takes nothing away that was told or is being typed; one that is gone does', async () => {
  const page_ = await browser.page();
  await page_.goto(`${site}/inline`);
  const renew = async () => {
    await page_.evaluate(() => {
      const booking = document.getElementById('booking');
      booking.headers = async () => ({ 'X-Session-ID': 'session-of-ann' });
      booking.session = 'session-of-ann';
      booking.session = 'session-of-ann';
    });
    await page_.waitForTimeout(300);
  };
  await page_.locator('[data-start]').last().click();
  await page_.getByRole('button', { name: 'Confirm booking' }).click();
  await page_.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  await renew();
  await page_.getByRole('heading', { name: /^You’re booked/ }).waitFor({ timeout: 1000 });
  await page_.getByRole('button', { name: 'My sessions' }).click();
  const asked = () => page_.calls.filter((call) => call === 'GET /booking/user/me').length;
  await page_
    .getByRole('button', { name: /^Cancel:/ })
    .first()
    .click();
  await page_.getByLabel('Reason').fill('A long story');
  const before = asked();
  await renew();
  assert.equal(await page_.getByLabel('Reason').inputValue({ timeout: 1000 }), 'A long story');
  assert.equal(asked(), before);
  await page_.evaluate(() =>
    Object.assign(document.getElementById('booking'), { headers: null, session: null }),
  );
  await said(page_, /^Please sign in again/);
  assert.equal(await page_.getByLabel('Reason').count(), 0);
});

test('a floating button stays in the window’s corner, under a policy that takes no inline style', async () => {
  const page_ = await browser.page({ viewport: { width: 360, height: 640 } });
  await page_.goto(`${site}/floating`);
  const button = page_.getByRole('button', { name: 'Book a session' });
  const { x, y, width, height } = await button.boundingBox();
  assert.deepEqual([Math.round(360 - x - width), Math.round(640 - y - height)], [16, 16]);
  await button.click();
  await page_.locator('[data-start]').first().waitFor();
});

test('right to left: the grid runs the other way, for the eye and for the arrow keys', async () => {
  const page_ = await browser.page({ locale: 'ar-EG' });
  await page_.addInitScript(() => {
    // A host page may bring a language of its own; what it leaves out stays English.
    customElements.whenDefined('mosaic-booking').then(() => {
      customElements.get('mosaic-booking').strings.ar = {
        book: 'احجز جلسة',
        confirm: 'تأكيد الحجز',
        mySessions: 'جلساتي',
      };
      document.getElementById('booking').setAttribute('lang', 'ar');
    });
  });
  await page_.goto(`${site}/rtl`);
  await page_.getByRole('button', { name: 'احجز جلسة' }).click();
  await page_.locator('[data-start]').first().waitFor();
  await checked(page_, 'embed-rtl');
  const today = page_.locator('td button[tabindex="0"]');
  await today.focus();
  await page_.keyboard.press('PageDown');
  const [sunday, monday] = await page_
    .locator('thead th')
    .evaluateAll((heads) => heads.map((one) => one.getBoundingClientRect().x));
  assert.ok(sunday > monday, 'the week begins on the right');
  await page_.locator('[data-day$="-14"]').focus();
  await page_.keyboard.press('ArrowLeft');
  assert.match(
    await page_.evaluate(() => document.getElementById('booking').shadowRoot.activeElement.dataset.day),
    /-15$/,
  );
});

test('the page’s styles do not reach in; its dark colours do', async () => {
  const page_ = await browser.page();
  await page_.goto(`${site}/dark`);
  await page_.locator('[data-start]').first().waitFor();
  await checked(page_, 'embed-dark');
  const [paper, size] = await page_.evaluate(() => {
    const root = document.getElementById('booking').shadowRoot;
    return [
      getComputedStyle(root.querySelector('.panel')).backgroundColor,
      getComputedStyle(root.querySelector('p')).fontSize,
    ];
  });
  assert.equal(paper, 'rgb(20, 20, 20)');
  assert.notEqual(size, '40px');
  await shot(page_, 'embed-dark');
});

test('in a page that never wraps its lines the widget wraps its own', async () => {
  const page_ = await browser.page({ viewport: { width: 360, height: 800 } });
  await page_.goto(`${site}/tight`);
  await page_.locator('[data-start]').first().waitFor();
  await checked(page_, 'embed-tight');
  await page_.locator('[data-start]').last().click();
  await page_.locator('#name').waitFor();
  await checked(page_, 'embed-tight-form');
});
