// Faults that the coach's page once had, and what a coach meets first: home, profile, bookings.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import {
  checked,
  focused,
  goTo,
  openBrowser,
  openCoach,
  openPart,
  said,
  shot,
  showDay,
  shown,
} from './browser.mjs';

const TYPES = [{ id: 'call', name: 'Short call', durations: [15], meeting: 'none' }];
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
let stack;
let browser;
let coach;
let booked;
before(async () => {
  const document = openSchedule({ max_active_per_user: null, min_notice_minutes: 0, step_minutes: 15 });
  stack = await startStack({ document: { ...document, session_types: TYPES } });
  coach = stack.coach();
  const ann = stack.client('ann');
  const { slots } = (await ann.get('/booking/availability')).body;
  const late = slots.find((slot) => Date.parse(slot.start) > Date.now() + 3_600_000);
  booked = (await ann.post('/booking/create', { start: late.start, duration_minutes: 15, notes: '=SUM(1)' }))
    .body;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

const open = (view, options) => openCoach(browser, stack, coach, view, options);

test('the menu stays where it is when the coach’s name comes', async () => {
  for (const width of [360, 1280]) {
    const page = await browser.page({ viewport: { width, height: 900 } });
    const asked = new Promise((resolve) => {
      page.route('**/profile', resolve);
    });
    await page.goto(`${stack.daemon.url}/coach/#token=${coach.token}`);
    const profile = await asked;
    const top = () => page.locator('.menu-place').evaluate((node) => node.getBoundingClientRect().top);
    await page.locator('.menu-place').waitFor({ state: 'attached' });
    const before = await top();
    await profile.continue();
    await page.locator('.whoami strong').waitFor();
    assert.equal(await top(), before);
    await page.context().close();
  }
});

test('home says what is next, hands out the address, and shows what is still to do', async () => {
  for (const width of [360, 768, 1280])
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(null, { viewport: { width, height: 900 }, colorScheme });
      await page.locator('.next').getByText('Name of ann').waitFor();
      await checked(page, `coach-home-${width}-${colorScheme}`);
      await page.close();
    }
  const page = await open();
  assert.match(await page.locator('#page-address').inputValue(), /\/booking\/damian$/);
  await page.getByRole('link', { name: 'Copy your link and send it' }).waitFor();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy' }).click();
  await said(page, /^Copied/);
  assert.equal(
    await page.evaluate(() => navigator.clipboard.readText()),
    `${stack.daemon.url}/booking/damian`,
  );
  await page.reload();
  await page.locator('.box').first().waitFor();
  assert.equal(await page.getByRole('link', { name: 'Copy your link and send it' }).count(), 0);
});

test('a skip link leads past the menu', async () => {
  const page = await open();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
});

test('the profile is saved, shown to clients, and a bad address is marked at its field', async () => {
  const page = await open('profile');
  await page.locator('#profile-name').fill('Damian Example');
  await page.locator('#profile-headline').fill('Plain words');
  await page.locator('#profile-slug').fill('Not good');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('#profile-slug[aria-invalid=true]').waitFor();
  assert.match(await page.locator('.wrong').innerText(), /^must be small letters/);
  await checked(page, 'coach-profile-wrong');
  await page.locator('#profile-slug').fill('damian-example');
  await page.locator('#profile-accent').fill('#ffff00');
  for (const language of ['Polish', 'French', 'Arabic']) {
    await page.getByLabel('Add a language').selectOption({ label: language });
    await page.getByRole('button', { name: 'Add', exact: true }).click();
  }
  await page.getByRole('button', { name: 'Remove Arabic' }).click();
  assert.equal(await focused(page), 'Add a language');
  const zone = page.getByLabel('Time zone');
  const before = await zone.inputValue();
  await zone.fill('Mars/Olympus');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('#profile-time_zone[aria-invalid=true]').waitFor();
  await zone.fill('Africa/Lagos');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^Saved/);
  const { languages, time_zone } = (await coach.get('/coach/damian/profile')).body;
  assert.deepEqual([languages, time_zone], [['pl', 'fr'], 'Africa/Lagos']);
  await zone.fill(before);
  await page.getByRole('button', { name: 'Save' }).click();
  await until(
    'the former zone is saved',
    async () => (await coach.get('/coach/damian/profile')).body.time_zone === before,
  );
  await checked(page, 'coach-profile-yellow');
  const client = await browser.page({ viewport: { width: 1280, height: 850 } });
  await client.goto(`${stack.daemon.url}/booking/damian-example#token=${stack.client('eve').token}`);
  await client.locator('[data-start]').first().waitFor();
  await client.getByText('Damian Example', { exact: true }).waitFor();
  await checked(client, 'booking-yellow');
  assert.match(
    await page.locator('#embed-code').inputValue(),
    /<mosaic-booking coach="damian-example" inline>/,
  );
});

test('a picture is cut to a square and made small before it is sent; what is none is said so', async () => {
  const page = await open('profile');
  await page
    .locator('#picture-file')
    .setInputFiles({ name: 'a.txt', mimeType: 'image/png', buffer: Buffer.from('no') });
  await said(page, /^This file can’t be used as a picture/);
  await page.locator('#picture-file').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: PNG });
  await said(page, /^Your picture is saved/);
  const kept = await stack.stranger().get('/coach/damian/picture');
  assert.equal(kept.headers['content-type'], 'image/jpeg');
  assert.ok(kept.bytes.length < 20_000);
  await page.locator('.box img.avatar').waitFor();
  assert.equal(await page.locator('.box img.avatar').evaluate((image) => image.naturalWidth), 320);
  await page.getByRole('button', { name: 'Remove the picture' }).click();
  await said(page, /^Your picture is removed/);
  assert.equal((await stack.stranger().get('/coach/damian/picture')).status, 404);
});

test('bookings are searched, and downloaded as a file that no spreadsheet runs', async () => {
  const page = await open('people');
  await page.locator('article').waitFor();
  await page.locator('#search').fill('nobody');
  await said(page, /^0 found/);
  assert.equal(await page.locator('article:visible').count(), 0);
  await page.getByText('Nothing matches your search.').waitFor();
  await page.locator('#search').fill('ANN@client');
  await said(page, /^1 found/);
  await checked(page, 'coach-bookings');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download as CSV' }).click();
  const text = fs.readFileSync(await (await download).path(), 'utf8');
  assert.match(text, /^\ufeff"start","end","status"/);
  assert.ok(text.includes(`"${booked.start}"`) && text.includes('"\'=SUM(1)"'), text);
});

test('settings are saved behind a proxy that compresses, which changes the name of what it read', async () => {
  for (const [days, rename] of [
    [40, (tag) => `W/${tag}`], // nginx and Cloudflare
    [41, (tag) => tag.replace(/"$/, '-gzip"')], // Apache
    [43, () => undefined], // one that takes it away
  ]) {
    const page = await open('rules');
    await page.route('**/coach/damian/schedule', async (route) => {
      const response = await route.fetch();
      const { etag, ...headers } = response.headers();
      const named = rename(etag);
      await route.fulfill({ response, headers: { ...headers, ...(named && { etag: named }) } });
    });
    await page.reload();
    await openPart(page, 'policy');
    for (const more of [0, 2]) {
      await page.locator('[name="policy.horizon_days"]').fill(String(days + more));
      await page.getByRole('button', { name: 'Save' }).click();
      await said(page, /^Saved/);
      const { policy } = (await coach.get('/coach/damian/schedule')).body;
      assert.equal(policy.horizon_days, days + more);
    }
    await page.close();
  }
});

test('the week keeps its bookings when the width crosses the small one while it loads', async () => {
  const page = await open('week');
  await showDay(page, booked.start.slice(0, 10)); // late on a Saturday it lies in the next week
  await page.locator('.block.appointment').first().waitFor();
  const days = (url) => {
    const query = new URL(url).searchParams;
    return (Date.parse(query.get('to')) - Date.parse(query.get('from'))) / 86_400_000;
  };
  let release;
  const released = new Promise((resolve) => {
    release = resolve;
  });
  await page.route('**/appointments**', async (route) => {
    if (days(route.request().url()) < 4) await released; // the small week's answer is late
    await route.continue();
  });
  const asked = (wide) =>
    page.waitForRequest((call) => /\/appointments\?/.test(call.url()) && days(call.url()) > 4 === wide);
  const small = asked(false);
  await page.setViewportSize({ width: 500, height: 900 });
  const late = await small;
  const wide = asked(true);
  await page.setViewportSize({ width: 1280, height: 900 });
  await (await (await wide).response()).finished();
  release();
  await (await late.response()).finished();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.waitForFunction(() => document.querySelectorAll('.grid thead th').length === 7);
  assert.equal(await page.locator('.block.appointment').count(), 1);
});

test('a booking of a quarter of an hour is read in full', async () => {
  const page = await open('week');
  await showDay(page, booked.start.slice(0, 10));
  const block = page.locator('.block.short').first();
  await block.waitFor();
  const [box, text] = await block.evaluate((node) => [
    node.getBoundingClientRect().height,
    node.firstChild.getBoundingClientRect().height,
  ]);
  assert.ok(text <= box, `${text} in ${box}`);
  await shot(page, 'coach-week-short');
});

test('a save that does not touch the hours says nothing of bookings outside them', async () => {
  const kept = (await coach.get('/coach/damian/schedule')).body;
  assert.equal((await coach.put('/coach/damian/schedule', { ...kept, weekly: [] })).status, 200);
  try {
    const page = await open('rules');
    await openPart(page, 'policy');
    await page.locator('[name="policy.max_per_day"]').fill('7');
    await page.getByRole('button', { name: 'Save' }).click();
    await said(page, /^Saved/);
    assert.equal(await page.getByText('outside your hours').count(), 0);
  } finally {
    assert.equal((await coach.put('/coach/damian/schedule', kept)).status, 200);
  }
});

test('what is wrong with a setting is told by its name, in hours if it was given in hours', async () => {
  const page = await open('rules');
  await openPart(page, 'policy');
  const notice = page.locator('[name="policy.min_notice_minutes"]');
  await notice.fill('2');
  await page.getByLabel('Unit: Shortest notice for a booking').first().selectOption('days');
  await page.locator('[name="policy.step_minutes"]').fill('0');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^One thing to correct Booking rules|^One thing to correct/);
  const words = await page.locator('.notice.alarm').innerText();
  assert.match(words, /Offer start times every: /);
  assert.doesNotMatch(words, /step_minutes|policy\./);
  await page.locator('[name="policy.step_minutes"]').fill('15');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^Saved/);
  assert.equal((await coach.get('/coach/damian/schedule')).body.policy.min_notice_minutes, 2880);
});

test('a number is typed with a comma or a point, and what is none is not taken for "no limit"', async () => {
  const kept = (await coach.get('/coach/damian/schedule')).body;
  try {
    for (const locale of ['en-US', 'pl-PL']) {
      const page = await open('rules', { locale });
      await openPart(page, 'policy');
      const notice = page.locator('[name="policy.min_notice_minutes"]');
      await notice.fill('');
      await notice.pressSequentially('1,5');
      const unit = notice.locator('~ select');
      await unit.selectOption('60');
      const [number, beside] = [await notice.boundingBox(), await unit.boundingBox()];
      assert.ok(beside.x > number.x + number.width, 'the unit stands beside the number');
      const most = page.locator('[name="policy.max_per_day"]');
      await most.fill('');
      await most.pressSequentially('e');
      await openPart(page, 'type-0');
      const price = page.locator('[name="session_types[0].price.amount"]');
      await price.fill('');
      await price.pressSequentially('12,50');
      await page.locator('.save-bar .main').click();
      await page.locator('.notice.alarm li').waitFor();
      await openPart(page, 'policy');
      await most.fill('3');
      await openPart(page, 'type-0');
      await price.fill('1,250');
      await page.locator('.save-bar .main').click();
      await page.locator('#part-type-0 .wrong').waitFor();
      await price.fill('12,50');
      await openPart(page, 'policy');
      await most.fill('1,000'); // a thousand, or one?
      const asked = page.waitForResponse((reply) => reply.request().method() === 'PUT');
      await page.locator('.save-bar .main').click();
      assert.equal((await asked).status(), 422);
      await most.fill('3');
      await page.locator('.save-bar .main').click();
      await page.locator('.save-bar').waitFor({ state: 'hidden' });
      const { policy, session_types: types } = (await coach.get('/coach/damian/schedule')).body;
      assert.deepEqual([policy.min_notice_minutes, policy.max_per_day, types[0].price.amount], [90, 3, 1250]);
      assert.equal(await price.inputValue(), locale === 'en-US' ? '12.50' : '12,50');
      assert.equal((await coach.put('/coach/damian/schedule', kept)).status, 200);
    }
  } finally {
    await coach.put('/coach/damian/schedule', kept);
  }
});

test('what is no number stands in its field still when a kind of session is added', async () => {
  const { session_types: types } = (await coach.get('/coach/damian/schedule')).body;
  const page = await open('rules');
  const typed = {
    'policy.min_notice_minutes': 'soon',
    'policy.buffer_after_minutes': '7.5',
    'policy.max_per_day': 'a few',
    'session_types[0].price.amount': '1,250',
  };
  for (const [name, text] of Object.entries(typed)) {
    await openPart(page, name.startsWith('policy') ? 'policy' : 'type-0');
    await page.locator(`[name="${name}"]`).fill(text);
  }
  await page.locator('#add-type').click();
  await page.locator(`#type-${types.length}-name`).waitFor();
  for (const [name, text] of Object.entries(typed))
    assert.equal(await page.locator(`[name="${name}"]`).inputValue(), text);
});

test('the page costs ten requests and 90 KiB at most', async () => {
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
  await page.goto(`${stack.daemon.url}/coach/#token=${coach.token}`);
  await page.locator('.next').waitFor();
  const list = [...sizes.values()];
  assert.ok(list.length <= 10, list.map((one) => one.url).join('\n'));
  const bytes = list.reduce((sum, one) => sum + one.bytes, 0);
  assert.ok(bytes <= 90 * 1024, `${bytes} bytes`);
  await shown(page, 'Next sessions').waitFor();
});

test('where there are several coaches, one is chosen first, and their address is their own', async () => {
  assert.equal((await stack.admin().put('/coach/other/schedule', openSchedule())).status, 201);
  for (const width of [360, 1280]) {
    const page = await browser.page({ viewport: { width, height: 800 } });
    await page.goto(`${stack.daemon.url}/booking/#token=${stack.client('fay').token}`);
    await page.getByRole('link', { name: /^other/ }).waitFor();
    await checked(page, `coaches-${width}`);
    await page.getByRole('link', { name: /^other/ }).click();
    await page.locator('[data-start]').first().waitFor();
    assert.match(page.url(), /\/booking\/other$/);
  }
});

test('what is typed into the profile is not lost by a click in the menu', async () => {
  const page = await open('profile');
  const about = page.locator('#profile-about');
  const leaving = page.getByRole('dialog', { name: 'Leave without saving?' });
  await about.fill('Fifteen years of it');
  await goTo(page, 'week');
  await leaving.getByRole('button', { name: 'Stay here' }).click();
  assert.equal(await about.inputValue(), 'Fifteen years of it');
  await page.locator('#profile-slug').fill('Not good');
  await goTo(page, 'week');
  await leaving.getByRole('button', { name: 'Save' }).click();
  await page.locator('#profile-slug[aria-invalid=true]').waitFor(); // not left: it could not be saved
  await page.locator('#profile-slug').fill('damian-example');
  await goTo(page, 'week');
  await leaving.getByRole('button', { name: 'Save' }).click();
  await page.locator('.grid').waitFor();
  assert.equal((await coach.get('/coach/damian/profile')).body.about, 'Fifteen years of it');
  await goTo(page, 'profile');
  await about.fill('Something else');
  await goTo(page, 'week');
  await leaving.getByRole('button', { name: 'Discard' }).click();
  await page.locator('.grid').waitFor();
  await goTo(page, 'profile');
  assert.equal(await about.inputValue(), 'Fifteen years of it');
});

for (const [locale, horizon, wrong, taken] of [
  [
    'fr-FR',
    /à l’avance on peut réserver\s:\scette valeur n’est pas possible/,
    'cette valeur n’est pas possible',
    'ce nom est déjà pris ou n’est pas possible',
  ],
  [
    'pl-PL',
    /wyprzedzeniem można rezerwować: ta wartość jest niedozwolona/,
    'ta wartość jest niedozwolona',
    'ta nazwa jest już zajęta albo niedozwolona',
  ],
])
  test(`what is wrong with a setting is told in the page’s language (${locale})`, async () => {
    const page = await open('rules', { locale });
    await openPart(page, 'policy');
    await page.locator('[name="policy.horizon_days"]').fill('99999999');
    await page.locator('.save-bar button.main').click();
    await page.locator('.notice.alarm li').waitFor();
    assert.match(await page.locator('.notice.alarm').innerText(), horizon);
    assert.doesNotMatch(await page.locator('main').innerText(), /must be/);
    await page.locator('.save-bar button').last().click();
    await goTo(page, 'profile');
    for (const [name, text, words] of [
      ['slug', 'Not good', taken],
      ['time_zone', 'Mars/Olympus', wrong],
    ]) {
      const field = page.locator(`#profile-${name}`);
      const before = await field.inputValue();
      await field.fill(text);
      await page.locator('form.box button.main').click();
      await page.locator('.wrong').waitFor();
      assert.equal(await page.locator('.wrong').innerText(), words);
      await field.fill(before);
    }
  });

/* What was not saved of one coach is never put over another's schedule: a whole document goes to whom it is of. */
describe('somebody with several coaches', () => {
  const stateOf = async (id) => {
    const { policy, session_types, time_zone } = (await stack.admin().get(`/coach/${id}/schedule`)).body;
    return [policy.horizon_days, session_types[0].id, time_zone];
  };
  const theirs = [44, 'others-own', 'Asia/Tokyo'];
  before(async () => {
    const document = { ...openSchedule({ horizon_days: 44 }), time_zone: 'Asia/Tokyo' };
    const types = [{ id: 'others-own', name: 'Others own', durations: [45], meeting: 'none' }];
    const put = await stack.admin().put('/coach/other/schedule', { ...document, session_types: types });
    assert.ok(put.status < 300, put.text);
    const profile = { ...(await coach.get('/coach/damian/profile')).body, accent: '#7a1fa2' };
    assert.equal((await coach.put('/coach/damian/profile', profile)).status, 200);
  });

  /* The rules of damian, whom the admin sees first or else chooses, with a horizon that is not saved. */
  async function changed(days) {
    const page = await openCoach(browser, stack, stack.admin(), 'rules');
    const choice = page.locator('.whose select');
    await choice.selectOption('damian');
    await page.locator('.whoami strong', { hasText: 'Damian' }).waitFor();
    await openPart(page, 'policy');
    await page.locator('[name="policy.horizon_days"]').fill(String(days));
    return { page, choice, dialog: page.getByRole('dialog') };
  }

  test('is asked before another coach is shown, and what they choose is done', async () => {
    const { page, choice, dialog } = await changed(21);
    const before = await stateOf('damian');
    await choice.selectOption('other');
    await dialog.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
    await dialog.getByRole('button', { name: 'Stay here' }).click();
    assert.equal(await choice.inputValue(), 'damian');
    assert.equal(await page.locator('[name="policy.horizon_days"]').inputValue(), '21');
    await choice.selectOption('other');
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await page.locator('.whoami strong', { hasText: 'other' }).waitFor();
    assert.equal(await choice.inputValue(), 'other');
    await openPart(page, 'policy');
    assert.equal(await page.locator('[name="policy.horizon_days"]').inputValue(), '44');
    await goTo(page, 'week');
    await page.locator('.grid').waitFor();
    assert.deepEqual([await stateOf('damian'), await stateOf('other')], [before, theirs]);

    const second = await changed(21);
    await second.choice.selectOption('other');
    await second.dialog.getByRole('button', { name: 'Save' }).click();
    await second.page.locator('.whoami strong', { hasText: 'other' }).waitFor();
    assert.deepEqual([(await stateOf('damian'))[0], await stateOf('other')], [21, theirs]);
  });

  test('loses nothing to a save that began before another coach was shown', async () => {
    const { page, choice, dialog } = await changed(22);
    const before = await stateOf('damian');
    await page.locator('[name="time_zone"]').fill('Asia/Tokyo'); // other hours: whom they touch is asked first
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    await page.route('**/coach/damian/appointments**', async (route) => {
      await released;
      await route.continue();
    });
    const asked = page.waitForRequest(/coach\/damian\/appointments/);
    await page.locator('.save-bar button.main').click();
    const late = await asked;
    await choice.selectOption('other');
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await page.locator('.whoami strong', { hasText: 'other' }).waitFor();
    await openPart(page, 'policy');
    release();
    await (await late.response()).finished();
    await goTo(page, 'week');
    await page.locator('.grid').waitFor();
    assert.deepEqual([await stateOf('damian'), await stateOf('other')], [before, theirs]);
  });

  test('who signs out with a draft is asked, and who signs in next sees nothing of theirs', async () => {
    const { page, dialog } = await changed(23);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await dialog.getByRole('button', { name: 'Stay here' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const next = stack.client('other-coach', { role: 'coach', coach: 'other' });
    await page.evaluate((token) => {
      location.hash = new URLSearchParams({ token });
    }, next.token);
    await page.locator('.whoami strong', { hasText: 'other' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.style.length), 0, 'their colour');
    await goTo(page, 'profile');
    assert.equal(await page.locator('#profile-name').inputValue(), '');
    assert.equal(await dialog.count(), 0);
    assert.deepEqual(await stateOf('other'), theirs);
  });
});

test('a page that the browser kept and shows again has what came meanwhile, and keeps what is typed', async () => {
  const page = await open('people');
  await page.locator('article').first().waitFor();
  const again = () =>
    page.evaluate(() => {
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });
  const { slots } = (await stack.client('kim').get('/booking/availability?coach=damian')).body;
  const wish = { coach: 'damian', start: slots.at(-1).start, duration_minutes: 15 };
  assert.equal((await stack.client('kim').post('/booking/create', wish)).status, 201);
  await again();
  await page.locator('article', { hasText: 'Name of kim' }).waitFor();
  await goTo(page, 'profile');
  await page.locator('#profile-headline').fill('Not saved yet');
  await again();
  assert.equal(await page.locator('#profile-headline').inputValue(), 'Not saved yet');
});

test('on a telephone the head stays small above little content, and hours stand in one line', async () => {
  const page = await open('credits', { viewport: { width: 360, height: 900 } });
  await page.locator('main section').first().waitFor();
  const { height } = await page.locator('.side').boundingBox();
  assert.ok(height < 100, `${height} px`);
  await goTo(page, 'home');
  const time = page.locator('.next .when strong').first();
  await time.evaluate((node) => {
    node.textContent = '10:45\u00a0AM';
  });
  const lines = await time.evaluate((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return new Set([...range.getClientRects()].map(({ top }) => top)).size;
  });
  assert.equal(lines, 1);
});

test('whoever signs out leaves nothing in the title and the live region for the next', async () => {
  const page = await open('people');
  await page.locator('article').first().waitFor();
  await page.locator('#search').fill('ann');
  await said(page, /found/);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.doesNotMatch(await page.title(), /damian/);
  await page.waitForFunction(() => document.querySelector('#live').textContent === '');
  await page.locator('#token').fill('half of a token');
  await page.evaluate(() => {
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  });
  assert.doesNotMatch(await page.title(), /damian/, 'nor when the browser shows the page again');
  assert.equal(await page.locator('#token').inputValue(), 'half of a token');
});
