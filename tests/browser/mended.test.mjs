// Faults that the client's page once had: each is tried as it was met.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { openSchedule, schedule, startStack, until } from '../harness/stack.mjs';
import { freePort } from '../harness/run_folder.mjs';
import { checked, focused, openBrowser, said, shot } from './browser.mjs';

const TYPES = [
  { id: 'coaching', name: 'Coaching session', durations: [30, 60], meeting: 'none' },
  { id: 'call', name: 'Short call', durations: [15], meeting: 'phone' },
];
const DOCUMENT = openSchedule({ min_notice_minutes: 60, max_active_per_user: null, horizon_days: 20 });
let stack;
let browser;
let host;
let site;
before(async () => {
  const port = await freePort();
  site = `http://localhost:${port}`; // another origin than 127.0.0.1
  stack = await startStack({
    document: { ...DOCUMENT, session_types: TYPES.slice(0, 1) },
    env: { CORS_ALLOWED_ORIGINS: site },
  });
  // The first home's page in small: twelve pixels, and a widget on it.
  host = http.createServer((request, reply) => {
    const size = new URL(request.url, site).searchParams.get('size');
    reply.writeHead(200, { 'Content-Type': 'text/html' });
    reply.end(`<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">
      <style>body { font: 12px Helvetica, Arial } ${size ? `mosaic-booking { --mosaic-font-size: ${size} }` : ''}</style>
      <script type="module" src="${stack.daemon.url}/booking/widget.js"></script>
      <main><h1>Host</h1><mosaic-booking inline token="${stack.client('host').token}"></mosaic-booking></main>`);
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
});

let people = 0;
async function visit(options = {}, { path = '/booking/', ready = true, user = `mended${++people}` } = {}) {
  const client = stack.client(user);
  const page = await browser.page(options);
  await page.goto(`${stack.daemon.url}${path}#token=${client.token}`);
  if (ready) await page.locator('[data-start]').first().waitFor();
  return { page, client };
}
/** With another schedule while `work` is done. */
async function scheduled(document, work) {
  const coach = stack.coach();
  const kept = await coach.get('/coach/damian/schedule');
  assert.equal((await coach.put('/coach/damian/schedule', document)).status, 200);
  try {
    await work();
  } finally {
    assert.equal((await coach.put('/coach/damian/schedule', kept.text)).status, 200);
  }
}
const button = (page, name) => page.getByRole('button', { name });
const pixels = (page, selector, name = 'fontSize') =>
  page
    .locator(selector)
    .first()
    .evaluate((node, property) => Number.parseFloat(getComputedStyle(node)[property]), name);

test('inside a host there is one scale, from one size that the host may set', async () => {
  const page = await browser.page({ timezoneId: 'Asia/Tokyo' });
  await page.goto(`${site}/`);
  await page.locator('[data-start]').first().waitFor();
  const sizes = async () => ({
    time: await pixels(page, '[data-start]'),
    caption: await pixels(page, '[data-start] small'),
    heading: await pixels(page, '.times h3'),
  });
  const usual = await sizes();
  assert.ok(usual.time > usual.caption && usual.heading > usual.time, JSON.stringify(usual));
  await page.goto(`${site}/?size=24px`);
  await page.locator('[data-start]').first().waitFor();
  const large = await sizes();
  for (const name of Object.keys(usual))
    assert.ok(
      Math.abs(large[name] / usual[name] - large.time / usual.time) < 0.01,
      `${name} keeps its share`,
    );
  assert.equal(large.time, 24);
});

test('a list of times that goes on says so, and stops saying so at its end', async () => {
  const { page } = await visit({ viewport: { width: 1280, height: 800 } });
  await page.locator('td button.free').nth(2).click();
  const later = page.locator('.later');
  await later.waitFor({ state: 'visible' });
  await page.locator('.list').evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await later.waitFor({ state: 'hidden' });
});

test('whoever wants no motion is at the later times at once', async () => {
  const { page } = await visit({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  await page.locator('td button.free').nth(2).click();
  await page.locator('.later').waitFor({ state: 'visible' });
  const top = await page.locator('.list').evaluate((list) => {
    list.getRootNode().querySelector('.later').click();
    return list.scrollTop;
  });
  assert.ok(top > 0);
});

test('a session that ends at midnight is told by two times, not by two dates', async () => {
  const { page } = await visit();
  await page.locator('td button.free').nth(2).click();
  await page.locator('[data-start]').last().click();
  const told = page.locator('.summary strong').filter({ hasText: ' – ' });
  assert.match(await told.innerText(), /^\w+, \w+ \d+, 11:30\sPM – 12:00\sAM$/);
});

test('an empty view shows words and nothing else', async () => {
  await scheduled({ ...DOCUMENT, weekly: [], session_types: TYPES.slice(0, 1) }, async () => {
    const { page } = await visit({}, { ready: false });
    await page.locator('.times').getByText('There are no free times at the moment.').waitFor();
    assert.equal((await page.locator('.times').innerText()).trim(), 'There are no free times at the moment.');
  });
});

test('a phone number that is needed is not optional, and has to be one', async () => {
  await scheduled({ ...DOCUMENT, session_types: TYPES.slice(1) }, async () => {
    const { page, client } = await visit();
    await page.locator('[data-start]').last().click();
    await page.locator('label[for=phone]').waitFor();
    assert.equal(await page.locator('label[for=phone]').innerText(), 'Phone');
    await page.getByLabel('Phone').fill('abc');
    await button(page, 'Confirm booking').click();
    await said(page, /^One thing is missing\. Please enter a phone number/);
    assert.equal(await page.locator('#phone').getAttribute('aria-invalid'), 'true');
    await page.getByLabel('Phone').fill('+1 (416) 555-0100');
    await button(page, 'Confirm booking').click();
    await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
    assert.equal((await client.get('/booking/user/me')).body.appointments[0].phone, '+1 (416) 555-0100');
  });
});

test('a long address breaks instead of pushing the confirmation sideways', async () => {
  const { page } = await visit({ viewport: { width: 320, height: 640 } });
  await page.route('**/booking/*/confirm', async (route) => {
    const reply = await route.fetch();
    const body = {
      ...(await reply.json()),
      meeting: { kind: 'google_meet', url: `https://meet.example.org/${'a'.repeat(120)}` },
      email: `${'long'.repeat(15)}@${'example'.repeat(8)}.org`,
      calendar: { state: 'synced', event_id: null, html_link: null },
    };
    await route.fulfill({ response: reply, json: body });
  });
  await page.locator('[data-start]').last().click();
  await button(page, 'Confirm booking').click();
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  await checked(page, 'long-address-320');
});

test('in forced colours what is chosen and what is free can be told', async () => {
  const { page } = await visit();
  await page.emulateMedia({ forcedColors: 'active' });
  // Once no colour is passing over into another.
  const style = (selector, name) =>
    page
      .locator(selector)
      .first()
      .evaluate(async (node, property) => {
        await Promise.allSettled(node.getAnimations().map(({ finished }) => finished));
        return getComputedStyle(node)[property];
      }, name);
  const outline = (selector) => style(selector, 'outlineStyle');
  const back = (selector) => style(selector, 'backgroundColor');
  assert.equal(await outline('td button[aria-pressed=true]'), 'solid');
  assert.equal(await back('td button[aria-pressed=true]'), await back('.choice input:checked + span'));
  assert.equal(await outline('.choice input:checked + span'), 'solid');
  assert.equal(await outline('.choice input:not(:checked) + span'), 'none');
  await checked(page, 'forced-colours');
});

test('Back goes back, and what was typed is still there; so it is after a reload', async () => {
  const { page } = await visit();
  await page.locator('td button.free').nth(3).click();
  const chosen = page.locator('[data-start]').nth(2);
  const start = await chosen.getAttribute('data-start');
  const held = () => page.waitForResponse(/booking\/hold/); // a hold whose reply is lost could not be given back
  await Promise.all([held(), chosen.click()]);
  await page.getByLabel('What would you like to talk about?').fill('Keep this');
  await Promise.all([held(), page.reload()]);
  await page.getByLabel('What would you like to talk about?').waitFor();
  assert.equal(await page.getByLabel('What would you like to talk about?').inputValue(), 'Keep this');
  await page.goBack();
  await page.locator(`[data-start="${start}"]`).waitFor(); // given back, and its day is open
  await page.goForward();
  await page.getByLabel('What would you like to talk about?').waitFor();
  assert.equal(await page.getByLabel('What would you like to talk about?').inputValue(), 'Keep this');
  await button(page, 'Confirm booking').click();
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  await page.goBack();
  await page.locator('table[aria-busy=false]').waitFor();
  assert.equal(await page.locator('form').count(), 0, 'the form is over');
});

test('a long list of times that is scrolled to its end moves nothing', async () => {
  const { page } = await visit({ viewport: { width: 1280, height: 700 } });
  await page.locator('td button.free').nth(1).click();
  const places = () => page.locator('.times > *').evaluateAll((all) => all.map((one) => one.offsetTop));
  await page.locator('.later').waitFor();
  const before = await places();
  await page.locator('[data-start]').last().scrollIntoViewIfNeeded();
  await page.locator('.later').waitFor({ state: 'hidden' });
  assert.deepEqual(await places(), before);
});

test('the title of the page says what is shown', async () => {
  const { page } = await visit();
  assert.equal(await page.title(), 'Book a session');
  await button(page, 'My sessions').click();
  await page.waitForFunction(() => document.title === 'My sessions');
});

test('clock and first weekday are those of the visitor’s region, whatever language is spoken', async () => {
  const { page } = await visit({ locale: 'de-DE', timezoneId: 'Europe/Berlin' });
  assert.match(await page.locator('[data-start]').first().innerText(), /^\d\d:\d\d/);
  assert.equal(await page.locator('thead th').first().getAttribute('abbr'), 'Monday');
});

test('another length keeps the chosen day', async () => {
  const { page } = await visit();
  const day = page.locator('td button.free').nth(4);
  const date = await day.getAttribute('data-day');
  await day.click();
  await Promise.all([page.waitForResponse(/duration=60/), page.getByLabel('1 hour').check({ force: true })]);
  await page.locator(`[data-day="${date}"][aria-pressed=true]`).waitFor();
});

test('nothing beyond the horizon is offered to look at', async () => {
  const { page } = await visit();
  const last = new Date(Date.now() + 20 * 86_400_000);
  const month = new Intl.DateTimeFormat('en', {
    month: 'long',
    year: 'numeric',
    timeZone: 'America/New_York',
  });
  for (let turns = 0; turns < 3; turns++) {
    const next = button(page, 'Next month');
    if ((await next.getAttribute('aria-disabled')) === 'true') break;
    await next.click();
  }
  await page.locator('#month').getByText(month.format(last).split(' ')[0]).waitFor();
  assert.equal(await button(page, 'Next month').getAttribute('aria-disabled'), 'true');
});

test('the first view begins with the week of the first free day, and is a full one', async () => {
  const { page } = await visit();
  const first = await page.locator('td button.free').first().getAttribute('data-day');
  const row = page.locator('tbody tr').first();
  assert.equal(await row.locator(`[data-day="${first}"]`).count(), 1);
  assert.ok((await page.locator('tbody tr').count()) >= 4);
  assert.ok((await page.locator('td button.free').count()) > 7);
});

test('why the coach cancelled reaches the client', async () => {
  const { page, client } = await visit();
  const { slots } = (await client.get('/booking/availability')).body;
  const { body: made } = await client.post('/booking/create', {
    start: slots.at(-1).start,
    duration_minutes: 30,
  });
  assert.equal(
    (await stack.coach().put(`/booking/${made.id}/cancel`, { reason: 'I have a fever' })).status,
    200,
  );
  await button(page, 'My sessions').click();
  await page.getByLabel('Cancelled').check({ force: true });
  await page.getByText('Your coach wrote: I have a fever').waitFor();
});

test('moving opens at the session’s own day and does not offer its present time as a new one', async () => {
  const { page, client } = await visit();
  const { slots } = (await client.get('/booking/availability')).body;
  const { start } = slots[Math.floor(slots.length * 0.7)];
  await client.post('/booking/create', { start, duration_minutes: 30 });
  await button(page, 'My sessions').click();
  await button(page, /^Move:/).click();
  await page.locator('[data-start]').first().waitFor();
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' }).format(new Date(start));
  assert.equal(await page.locator('td button[aria-pressed=true]').getAttribute('data-day'), day);
  assert.equal(await page.locator(`[data-start="${start}"]`).count(), 0);
  await page.locator('[data-start]').last().click();
  await button(page, 'Move to this time').click();
  await page.getByRole('heading', { name: 'Your session has moved' }).waitFor();
});

test('two clicks lead from "My sessions" to a moved one: its nearest free time is offered', async () => {
  const { page, client } = await visit();
  const { slots } = (await client.get('/booking/availability')).body;
  const middle = Math.floor(slots.length / 2);
  const { start } = slots[middle];
  const { id } = (await client.post('/booking/create', { start, duration_minutes: 30 })).body;
  await button(page, 'My sessions').click();
  await button(page, /^Move:/).click();
  await checked(page, 'move-nearest');
  await button(page, /^Move to .*\d/).click();
  await page.getByRole('heading', { name: 'Your session has moved' }).waitFor();
  const moved = (await client.get(`/booking/${id}`)).body;
  const distance = Math.min(
    ...[-1, 1].map((way) => Math.abs(Date.parse(slots[middle + way].start) - Date.parse(start))),
  );
  assert.equal(Math.abs(Date.parse(moved.start) - Date.parse(start)), distance);
});

test('a heading begins with a large letter, and the focus on it is for the ear', async () => {
  const { page } = await visit({ locale: 'fr-FR' });
  assert.match(await page.locator('.times h3').innerText(), /^[A-Z]/);
  await page.locator('td button.free').nth(1).press('Enter');
  await page.locator('.times h3:focus').waitFor();
  assert.equal(
    await page.locator('.times h3').evaluate((node) => getComputedStyle(node).outlineStyle),
    'none',
  );
});

test('trying again is offered only where it may help', async () => {
  const { page } = await visit({}, { path: '/booking/?coach=nobody', ready: false });
  await page.locator('.notice').getByText('There’s no booking page at this address.').waitFor();
  assert.equal(await button(page, 'Try again').count(), 0);
});

test('a page whose origin was not allowed is told so in its console, by both names', async () => {
  const page = await browser.page();
  const told = page.waitForEvent('console', (message) => /CORS_ALLOWED_ORIGINS/.test(message.text()));
  await page.goto(`${site.replace('localhost', '127.0.0.1')}/`);
  const text = (await told).text();
  assert.ok(text.includes(site.replace('localhost', '127.0.0.1')) && text.includes(stack.daemon.url), text);
  browser.troubles = browser.troubles.filter((one) => !/CORS policy/.test(one)); // the browser's own line
});

for (const width of [390, 1280])
  test(`nothing jumps while the times arrive (${width})`, async () => {
    const page = await browser.page({ viewport: { width, height: 850 } });
    await page.addInitScript(() => {
      window.shifts = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifts += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.route('**/booking/availability**', async (route) => {
      await until('the skeleton', () => page.locator('table[aria-busy=true]').count());
      await route.continue();
    });
    await page.goto(`${stack.daemon.url}/booking/#token=${stack.client('still').token}`);
    await page.locator('[data-start]').first().waitFor();
    const shifts = await page.evaluate(() => window.shifts);
    assert.ok(shifts < 0.02, `shifted by ${shifts}`);
  });

test('several sessions are cards; the one that is chosen stands in the address or is clicked', async () => {
  await scheduled({ ...DOCUMENT, session_types: TYPES }, async () => {
    const { page } = await visit({}, { ready: false });
    await page.locator('[data-type=call]').waitFor();
    await checked(page, 'types');
    await page.locator('[data-type=call]').click();
    await page.locator('[data-start]').first().waitFor();
    await page.getByRole('heading', { name: 'Short call' }).waitFor();
    await page.goBack();
    await page.locator('[data-type=coaching]').waitFor();
    await page.goForward();
    await page.getByRole('heading', { name: 'Short call' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Short call' }).waitFor();
    const direct = await visit({}, { path: '/booking/damian/call' });
    await direct.page.getByRole('heading', { name: 'Short call' }).waitFor();
  });
});

test('a link may fill in who and when, and open in another language', async () => {
  const { slots } = (await stack.client('x').get('/booking/availability')).body;
  const start = new Date(slots.at(-1).start);
  const [date, time] = ['en-CA', 'en-GB'].map((locale, index) =>
    new Intl.DateTimeFormat(locale, {
      timeZone: 'America/New_York',
      ...(index ? { timeStyle: 'short' } : { dateStyle: 'short' }),
    }).format(start),
  );
  const path = `/booking/damian?name=Ana&notes=Hello&date=${date}&time=${time}&lang=pl`;
  const { page } = await visit({}, { path, ready: false });
  await page.getByLabel('Imię i nazwisko').waitFor();
  assert.equal(await page.getByLabel('Imię i nazwisko').inputValue(), 'Ana');
  assert.equal(await page.locator('#notes').inputValue(), 'Hello');
  assert.equal(await page.locator('html').getAttribute('lang'), 'pl');
  await shot(page, 'prefilled-polish');
  await page.getByRole('link', { name: 'English' }).click();
  await page.getByLabel('Name').waitFor();
  await visit({}, { path: '/booking/damian?date=2026-99-99&time=99:99&answers={' }); // a link that was mistyped
});

test('a page that is left while it asks for a hold does not keep the time from its own visitor', async () => {
  for (const path of ['/booking/damian', `${site}/`]) {
    const user = path === '/booking/damian' ? stack.client('halfway') : stack.client('host');
    const page = await browser.page();
    await page.goto(path.startsWith('/') ? `${stack.daemon.url}${path}#token=${user.token}` : path);
    const last = page.locator('[data-start]').last();
    await last.waitFor();
    const start = await last.getAttribute('data-start');
    // The server is asked, and its answer does not reach the page before it is gone; the next page's question goes through.
    let asked = 0;
    await page.route('**/booking/hold', async (route) => {
      asked += 1;
      if (asked === 1) await route.fetch().catch(() => {});
      else await route.continue();
    });
    await last.click();
    const held = async () =>
      (await user.get('/booking/user/me')).body.appointments.filter((one) => one.status === 'held');
    await until('the time is held', async () => (await held()).length === 1);
    // Without its history the page does not come back to the form.
    await page.evaluate(() => history.replaceState(null, ''));
    await page.reload();
    await page.locator(`[data-start="${start}"]`).waitFor({ state: 'attached' });
    assert.deepEqual(await held(), []);
    await page.context().close();
  }
});

test('a hold that goes while a page asks why it was refused leaves nobody without times', async () => {
  const user = stack.client('onetime');
  await scheduled(openSchedule({ max_active_per_user: 1 }), async () => {
    const { slots } = (await user.get('/booking/availability')).body;
    const held = (await user.post('/booking/hold', { start: slots.at(-1).start })).body;
    const page = await browser.page();
    await page.route('**/booking/user/me', async (route) => {
      await user.put(`/booking/${held.id}/cancel`, {}); // what the page before sent as it was left
      await route.continue();
    });
    await page.goto(`${stack.daemon.url}/booking/damian#token=${user.token}`);
    await page.locator('[data-start]').first().waitFor();
    await page.context().close();
  });
});

test('what is pressed and does not come is told, and comes when it is tried again', async () => {
  const page = await browser.page();
  let away = true;
  await page.route(/widget-more/, (route) => (away ? route.abort('internetdisconnected') : route.continue()));
  await page.goto(`${stack.daemon.url}/booking/#token=${stack.client('far').token}`);
  await page.locator('[data-start]').last().click();
  await page.locator('.notice.alarm').getByText('The booking server can’t be reached').waitFor();
  await page.locator('[data-start]').last().click();
  assert.equal(await page.locator('.notice.alarm').count(), 1);
  await checked(page, 'not-come');
  await Promise.all([page.waitForEvent('requestfailed'), button(page, 'Try again').click()]);
  await button(page, 'Try again').waitFor();
  assert.equal(await focused(page), 'Book a session');
  away = false;
  await button(page, 'Try again').click();
  await page.getByLabel('Name').waitFor();
  assert.equal(await page.locator('.notice.alarm').count(), 0);
});

test('a first look costs six requests and 30 KiB at most', async () => {
  await scheduled(schedule(), async () => {
    const page = await browser.page();
    const session = await page.context().newCDPSession(page);
    const sizes = new Map();
    await session.send('Network.enable');
    session.on('Network.requestWillBeSent', ({ requestId, request }) => {
      if (request.url.startsWith('http')) sizes.set(requestId, { url: request.url, bytes: 0 });
    });
    session.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
      if (sizes.has(requestId)) sizes.get(requestId).bytes += encodedDataLength;
    });
    await page.goto(`${stack.daemon.url}/booking/?coach=damian#token=${stack.client('light').token}`);
    await page.locator('[data-start]').first().waitFor();
    const list = [...sizes.values()];
    const bytes = list.reduce((sum, one) => sum + one.bytes, 0);
    assert.ok(list.length <= 6, list.map((one) => one.url).join('\n'));
    assert.ok(bytes <= 30 * 1024, `${bytes} bytes: ${JSON.stringify(list)}`);
  });
});

test('on a device whose clock is days off, what may be done is offered, and every free day is reached by keys', async () => {
  for (const days of [3, -3]) {
    const user = `clock${days + 5}`;
    const client = stack.client(user);
    const start = stack.slot(2 + days);
    assert.equal((await client.post('/booking/create', { start, session_type: 'coaching' })).status, 201);
    for (const [address, more] of [
      [`${stack.daemon.url}/booking/#token=${client.token}`, ''],
      [`${site}/`, client.token],
    ]) {
      const page = await browser.page();
      await page.addInitScript((off) => {
        const { now } = Date;
        Date.now = () => now() + off;
      }, days * 86_400_000);
      await page.goto(address);
      if (more)
        await page.evaluate((token) => {
          document.querySelector('mosaic-booking').token = token;
        }, more);
      await page.locator('[data-start]').first().waitFor();
      const first = page.locator('td button.free').first();
      const day = await first.getAttribute('data-day');
      await first.focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowLeft');
      assert.equal(await page.locator('td button:focus').getAttribute('data-day'), day);
      await button(page, 'My sessions').click();
      await button(page, /^Cancel:/).waitFor();
      await button(page, /^Move:/).waitFor();
      await page.context().close();
    }
  }
});

/** The page is left, `meanwhile` happens, and Back shows it as the browser has kept it. */
async function leftAndKept(page, meanwhile) {
  const tell = (name) =>
    page.evaluate((type) => {
      window.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
    }, name);
  await tell('pagehide');
  await meanwhile();
  await tell('pageshow');
}

test('a page that the browser kept and shows again asks anew, and holds the chosen time once more', async () => {
  const { page, client } = await visit();
  const gone = await page.locator('[data-start]').last().getAttribute('data-start');
  await leftAndKept(page, async () => {
    const rival = await stack
      .client('rival')
      .post('/booking/create', { start: gone, session_type: 'coaching' });
    assert.equal(rival.status, 201, rival.text);
  });
  await page.locator(`[data-start="${gone}"]`).waitFor({ state: 'detached' });

  await page.locator('[data-start]').last().click();
  await button(page, 'Confirm booking').waitFor();
  const held = async () => (await client.get('/booking/user/me')).body.appointments.length;
  await until('the time is held', async () => (await held()) === 1);
  await page.getByLabel('Name').fill('Kept');
  await leftAndKept(page, () => until('it is given back', async () => (await held()) === 0));
  await until('it is held again', async () => (await held()) === 1);
  assert.equal(await page.getByLabel('Name').inputValue(), 'Kept');
  await button(page, 'Confirm booking').click();
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();

  await button(page, 'My sessions').click();
  await page.locator('.sessions .facts').waitFor();
  const { id } = (await client.get('/booking/user/me')).body.appointments[0];
  await leftAndKept(page, () => stack.coach().put(`/booking/${id}/cancel`, {}));
  await page.getByText('No sessions here.').first().waitFor();
});

test('a page that is left while its booking is on the way takes nothing back', async () => {
  const policy = { ...DOCUMENT.policy, cancel_notice_minutes: 0 };
  await scheduled({ ...DOCUMENT, session_types: TYPES.slice(0, 1), policy }, async () => {
    const { page, client } = await visit();
    await page.locator('[data-start]').last().click();
    await page.getByLabel('Name').fill('Quick');
    const status = async () => (await client.get('/booking/user/me')).body.appointments[0]?.status;
    await until('the time is held', async () => (await status()) === 'held');
    let arrive;
    const way = new Promise((resolve) => {
      arrive = resolve;
    });
    await page.route('**/booking/*/confirm', async (route) => {
      const response = await route.fetch();
      await way;
      await route.fulfill({ response });
    });
    await button(page, 'Confirm booking').click();
    await until('it is booked', async () => (await status()) === 'scheduled');
    const calls = page.calls.length;
    await leftAndKept(page, async () => {});
    arrive();
    await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
    assert.equal(await status(), 'scheduled');
    assert.deepEqual(
      page.calls.slice(calls).filter((one) => /cancel|hold/.test(one)),
      [],
    );
  });
});
