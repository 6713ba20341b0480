// The booking page, as people use it: with a mouse, by keyboard alone, on a small telephone, far away, out of
// luck.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { schedule, startStack, until } from '../harness/stack.mjs';
import { checked, focused, openBrowser, said, shot, shown } from './browser.mjs';

let stack;
let browser;
before(async () => {
  // Closed on Saturdays only, so that there is room for everybody whatever day it is.
  const weekly = [{ days: ['MO', 'TU', 'WE', 'TH', 'FR', 'SU'], from: '08:00', to: '20:00' }];
  stack = await startStack({ document: schedule({ weekly, policy: { min_notice_minutes: 60 } }) });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

let people = 0;
/** A fresh client and their page, opened where the times are shown. */
async function visit(options = {}, { claims, path = '/booking/', ready = true } = {}) {
  people += 1;
  const client = stack.client(`client${people}`, claims);
  const page = await browser.page(options);
  await page.goto(`${stack.daemon.url}${path}#token=${client.token}`);
  if (ready) await page.locator('[data-start]').first().waitFor();
  return { page, client };
}
const starts = (page) =>
  page.locator('[data-start]').evaluateAll((buttons) => buttons.map((button) => button.dataset.start));
const button = (page, name) => page.getByRole('button', { name });
/** The times of the month's last free day: the first days may be all but gone when the tests run late. */
async function lateTimes(page) {
  await page.locator('td button.free').last().click();
  return page.locator('[data-start]');
}
const mine = async (client, status = 'upcoming') =>
  (await client.get(`/booking/user/me?status=${status}`)).body.appointments;
const confirmation = (page) => page.getByRole('heading', { name: /^You’re booked/ });

test('the bare address leads to the page, and the token comes along', async () => {
  for (const path of ['/', '/booking']) {
    const { page } = await visit({}, { path });
    assert.equal(page.url(), `${stack.daemon.url}/booking/`);
  }
});

test('three clicks and a name book a session, and the token leaves the address bar', async () => {
  const { page, client } = await visit({}, { claims: { name: undefined } });
  assert.doesNotMatch(page.url(), /token/);
  await checked(page, 'booking-times');
  const day = page.locator('td button.free').last();
  const name = await day.getAttribute('aria-label');
  await day.click();
  const [start] = await starts(page);
  await page.locator('[data-start]').first().click();
  await checked(page, 'booking-details');
  await page.getByLabel('Name').fill('Ana Lópes');
  await button(page, 'Confirm booking').click();
  await confirmation(page).waitFor();
  await checked(page, 'booking-confirmed');
  const [appointment] = await mine(client);
  assert.deepEqual(
    [appointment.start, appointment.status, appointment.name],
    [start, 'scheduled', 'Ana Lópes'],
  );
  assert.match(name, /^\w+, \w+ \d+, (today, )?\d+ times?$/);
  await said(page, /^You’re booked: /);
});

test('by keyboard alone: the grid, a time, the form, the confirmation', async () => {
  const { page, client } = await visit();
  const stops = await page.locator('td button[tabindex="0"]').count();
  assert.equal(stops, 1, 'the grid is one tab stop');
  await page.locator('td button[tabindex="0"]').focus();
  const first = await focused(page);
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await focused(page), first);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await focused(page), first);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(page), first);
  const month = () => page.locator('#month').textContent();
  const opened = await month();
  await page.keyboard.press('PageDown');
  await said(page, /days? with times|No free times in/);
  const turned = (await month()) !== opened; // in the last hours of one the next is open already, and the last
  await page.locator('[data-day$="-15"]').focus(); // a day whose whole week lies in the month
  await page.keyboard.press('Home');
  assert.match(await focused(page), /^Sunday/);
  await page.keyboard.press('End');
  assert.match(await focused(page), /^Saturday.*no times$/);
  await page.keyboard.press('Enter');
  await said(page, /^No times on Saturday/);
  if (turned) {
    await page.keyboard.press('PageUp');
    await said(page, /days? with times|No free times in/);
  }
  await page.locator('td button.free').first().focus();
  await page.keyboard.press('Enter');
  await said(page, /^\d+ times? on /);
  assert.match(await focused(page), /^\w+, \w+ \d+$/, 'the focus is on the day above its times');
  const [start] = await starts(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await said(page, /^You chose /);
  await page.getByLabel('Name').focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Bo Nguyen');
  await page.keyboard.press('Enter');
  await confirmation(page).waitFor();
  assert.equal(await focused(page), 'You’re booked');
  assert.equal((await mine(client))[0].start, start);
});

test('the way back from the times to the grid, and from the form to the times', async () => {
  const { page } = await visit();
  await page.locator('td button.free').first().click();
  await button(page, 'Choose another day').click();
  assert.match(await focused(page), /times?$/);
  await (await lateTimes(page)).first().click();
  await page.getByLabel('What would you like to talk about?').fill('Keep this');
  await button(page, 'Change time').click();
  await (await lateTimes(page)).last().click();
  assert.equal(await page.getByLabel('What would you like to talk about?').inputValue(), 'Keep this');
});

test('a form with faults says which, in one place and at each field', async () => {
  const { page } = await visit({}, { claims: { name: undefined, email: undefined } });
  await page.locator('[data-start]').last().click();
  await button(page, 'Confirm booking').click();
  await said(page, /^2 things are missing/);
  assert.equal(await focused(page), '2 things are missing');
  await checked(page, 'booking-faults');
  await page.getByRole('link', { name: 'Please enter your name.' }).click();
  assert.match(await focused(page), /^Name/);
  assert.equal(await page.locator('[aria-invalid=true]').count(), 2);
});

test('on a telephone of 360 px, in French, nothing is cut off or scrolled sideways', async () => {
  const { page, client } = await visit({
    viewport: { width: 360, height: 740 },
    locale: 'fr-FR',
    timezoneId: 'Europe/Paris',
    hasTouch: true,
    isMobile: true,
  });
  await checked(page, 'phone-times');
  await page.locator('td button.free').first().tap();
  await page.locator('[data-start]').first().tap();
  await checked(page, 'phone-details');
  await button(page, 'Confirmer la réservation').tap();
  await page.getByRole('heading', { name: 'C’est réservé' }).waitFor();
  await checked(page, 'phone-confirmed');
  assert.equal((await mine(client))[0].time_zone, 'Europe/Paris');
  await page.reload();
  await said(page, /^Vous avez déjà une réservation\. Vous avez déjà une séance réservée\./);
});

test('320 px and 200 % zoom do with one column and no sideways scrolling', async () => {
  const small = await visit({ viewport: { width: 320, height: 640 } });
  await checked(small.page, 'narrow-times');
  await small.page.locator('[data-start]').last().click();
  await checked(small.page, 'narrow-details');
  const zoomed = await visit({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });
  await checked(zoomed.page, 'zoomed-times');
});

test('in Kathmandu the times are Kathmandu’s, with the coach’s beside them, and the invitation knows the zone', async () => {
  const { page, client } = await visit({ timezoneId: 'Asia/Kathmandu', locale: 'en-GB' });
  await shown(page, 'Times in Kathmandu (UTC+5:45)').first().waitFor();
  const slot = page.locator('[data-start]').first();
  const start = await slot.getAttribute('data-start');
  const local = new Date(Date.parse(start) + 345 * 60_000).toISOString().slice(11, 16);
  assert.match(await slot.innerText(), new RegExp(`^${local}\\n.* for the coach$`));
  await shot(page, 'kathmandu-times');
  await slot.click();
  await shown(page, /^For the coach: .*New York$/).waitFor();
  await button(page, 'Confirm booking').click();
  await confirmation(page).waitFor();
  const [appointment] = await mine(client);
  assert.deepEqual([appointment.start, appointment.time_zone], [start, 'Asia/Kathmandu']);
});

test('the zone is found by search and by keys, kept over a reload, and the clock can be switched', async () => {
  const { page, client } = await visit();
  await button(page, 'Change time zone').click();
  await page.locator('#zone:focus').waitFor();
  assert.match(await focused(page), /^City, country or time zone/);
  await page.keyboard.type('kath');
  await said(page, /^1 time zone/);
  await checked(page, 'zone-search');
  await page.keyboard.press('Enter');
  await said(page, /^Times are now shown in Kathmandu \(UTC\+5:45\)/);
  assert.equal(await focused(page), 'Change time zone');
  const { slots } = (await client.get('/booking/availability?duration=30')).body;
  const [start, ...others] = await starts(page);
  for (const instant of [start, ...others])
    assert.ok(
      slots.some((slot) => slot.start === instant),
      'another zone, no other instants',
    );
  await button(page, '24-hour clock').click();
  const local = new Date(Date.parse(start) + 345 * 60_000).toISOString().slice(11, 16);
  assert.match(await page.locator('[data-start]').first().innerText(), new RegExp(`^${local}\\n`));
  await page.reload();
  await shown(page, 'Times in Kathmandu (UTC+5:45)').first().waitFor();
  await page.locator('[data-start]').first().waitFor();
  assert.match(await page.locator('[data-start]').first().innerText(), /^\d\d:\d\d\n/);
});

test('another length asks again and offers other times', async () => {
  const { page, client } = await visit();
  await page.getByLabel('1 hour').check({ force: true });
  await page.locator('[data-start]').first().waitFor();
  const start = await page.locator('[data-start]').last().getAttribute('data-start');
  await page.locator('[data-start]').last().click();
  await button(page, 'Confirm booking').click();
  await confirmation(page).waitFor();
  const [appointment] = await mine(client);
  assert.deepEqual([appointment.start, appointment.duration_minutes], [start, 60]);
});

test('a time taken meanwhile: the form stays, fresh times come with a message and the focus', async () => {
  const { page, client } = await visit();
  const taken = (await lateTimes(page)).nth(1);
  const start = await taken.getAttribute('data-start');
  const other = stack.client('quicker');
  assert.equal((await other.post('/booking/create', { start, duration_minutes: 30 })).status, 201);
  await taken.click();
  await said(page, /has just been taken\. These times are free:/);
  assert.match(await focused(page), /has just been taken\.$/);
  await page.getByLabel('What would you like to talk about?').fill('Written before');
  await checked(page, 'taken');
  await button(page, 'Confirm booking').click(); // nothing to confirm yet: back to the fresh times
  assert.match(await focused(page), /has just been taken\.$/);
  const fresh = page.locator('.notice [data-start]').first();
  const next = await fresh.getAttribute('data-start');
  await fresh.click();
  await said(page, /^You chose /);
  assert.equal(await page.getByLabel('What would you like to talk about?').inputValue(), 'Written before');
  await button(page, 'Confirm booking').click();
  await confirmation(page).waitFor();
  const [appointment] = await mine(client);
  assert.deepEqual([appointment.start, appointment.notes], [next, 'Written before']);
});

test('a chosen time is held, and given back when the page is left or another one is chosen', async () => {
  const { page, client } = await visit();
  const slot = (await lateTimes(page)).first();
  const start = await slot.getAttribute('data-start');
  await slot.click();
  const held = async () =>
    (await stack.client('looker').get('/booking/availability')).body.slots.every(
      (one) => one.start !== start,
    );
  await until('the time to be held while the form is filled in', held);
  await button(page, 'Change time').click();
  await page.locator('[data-start]').first().waitFor();
  await until('the time to be free again', async () => !(await held()));
  assert.equal((await mine(client)).length, 0);
});

test('near its end a hold counts down; after it the time is still booked if it is free', async () => {
  const { page, client } = await visit();
  await page.clock.install();
  await page.reload();
  const slot = (await lateTimes(page)).first();
  const start = await slot.getAttribute('data-start');
  await Promise.all([page.waitForResponse(/booking\/hold/), slot.click()]);
  assert.equal(await page.getByText(/^Held for you for/).count(), 0, 'quiet at first');
  await page.clock.fastForward('08:30');
  await page
    .locator('form')
    .getByText(/^Held for you for 1:\d\d more$/)
    .waitFor();
  await page.clock.fastForward('00:01');
  await said(page, /^Held for you for 1:/);
  await checked(page, 'hold-countdown');
  await page.clock.fastForward('02:00');
  await page
    .locator('form')
    .getByText(/^The time is no longer held for you/)
    .waitFor();
  stack.database.run(
    `update bookingd.appointment set hold_expires_at = now() - interval '1 second' where status = 'held'`,
  );
  await page.clock.resume();
  await button(page, 'Confirm booking').click();
  await confirmation(page).waitFor();
  assert.equal((await mine(client))[0].start, start);
});

test('pressing twice books once', async () => {
  const { page, client } = await visit();
  await page.locator('[data-start]').last().click();
  await button(page, 'Confirm booking').dblclick();
  await confirmation(page).waitFor();
  assert.equal((await mine(client, 'all')).filter((one) => one.status === 'scheduled').length, 1);
});

test('my sessions: what may be done is said; moving keeps the appointment; cancelling asks first', async () => {
  const { page, client } = await visit();
  await page.locator('[data-start]').last().click();
  await button(page, 'Confirm booking').click();
  await confirmation(page).waitFor();
  const [before_] = await mine(client);

  await page.reload(); // the limit of one session is reached now
  await page.getByRole('heading', { name: 'You’re already booked' }).waitFor();
  await checked(page, 'limit');
  await page.locator('.notice').getByRole('button', { name: 'My sessions' }).click();
  await page
    .getByText(/starts too soon to be moved|can no longer be moved|You can/)
    .first()
    .waitFor();
  await checked(page, 'sessions');

  // Within the notice of a day nothing may be changed any more; a later time is needed for the rest.
  const later = (await client.get(`/booking/availability?rescheduling=${before_.id}`)).body.slots?.at(-1);
  if (later)
    assert.equal(
      (await stack.coach().put(`/booking/${before_.id}/reschedule`, { start: later.start })).status,
      200,
    );
  await page.reload(); // and is where it was
  await shown(page, /You can move or cancel until/).waitFor();

  await button(page, /^Move:/).click();
  await page.locator('[data-start]').first().waitFor();
  await checked(page, 'moving');
  await page.locator('td button.free').last().click();
  const to = await page.locator('[data-start]').first().getAttribute('data-start');
  await page.locator('[data-start]').first().click();
  await checked(page, 'moving-confirm');
  await button(page, 'Move to this time').click();
  await page.getByRole('heading', { name: 'Your session has moved' }).waitFor();
  const [moved] = await mine(client);
  assert.deepEqual([moved.id, moved.start], [before_.id, to]);

  await button(page, 'My sessions').first().click();
  await button(page, /^Cancel:/).click();
  await shown(page, /You can move or cancel until .* The time becomes free for others/).waitFor();
  await checked(page, 'cancelling');
  await page.getByLabel('Reason').fill('Not well');
  await button(page, 'Cancel the session').click();
  await page.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
  await said(page, /^Your session is cancelled: /);
  const [cancelled] = await mine(client, 'cancelled');
  assert.deepEqual(
    [cancelled.id, cancelled.status, cancelled.cancelled_by],
    [before_.id, 'cancelled', 'client'],
  );
  await button(page, 'My sessions').first().click();
  await shown(page, 'No sessions here.').waitFor();
  await page.getByLabel('Cancelled').check({ force: true });
  await shown(page, 'cancelled', { exact: true }).waitFor();
  await checked(page, 'sessions-cancelled');
});

test('offline, then online: said, and tried again without losing anything', async () => {
  const { page, client } = await visit();
  await Promise.all([page.waitForResponse(/booking\/hold/), page.locator('[data-start]').last().click()]);
  await page.context().setOffline(true);
  await button(page, 'Confirm booking').click();
  await page.locator('.notice').getByText('You’re offline.').waitFor();
  await said(page, /You’re offline/);
  await checked(page, 'offline');
  await page.context().setOffline(false);
  await button(page, 'Try again').click();
  await confirmation(page).waitFor();
  assert.equal((await mine(client)).length, 1);
});

test('an ended session is said in words, and the form is kept', async () => {
  const { page } = await visit();
  await page.locator('[data-start]').last().click();
  await page.getByLabel('What would you like to talk about?').fill('Still here');
  await page.route('**/booking/**', (route) =>
    route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer a.b.c' } }),
  );
  await button(page, 'Confirm booking').click();
  await page.locator('.notice').getByText('Please sign in again.').waitFor();
  await checked(page, 'expired');
  assert.equal(await page.getByLabel('What would you like to talk about?').inputValue(), 'Still here');
  assert.equal(await button(page, 'Try again').count(), 0, 'trying again does not help');
  await page.unroute('**/booking/**');
  await button(page, 'Confirm booking').click();
  await confirmation(page).waitFor();
});

test('the grid is there before its times, and says that it is busy', async () => {
  const { page } = await visit({}, { ready: false });
  let answer;
  const answered = new Promise((resolve) => {
    answer = resolve;
  });
  await page.route('**/booking/availability**', async (route) => {
    await answered;
    await route.continue();
  });
  await page.reload();
  await page.locator('table[aria-busy=true]').waitFor();
  await said(page, /^Looking for free times/);
  await shot(page, 'skeleton');
  answer();
  await page.locator('table[aria-busy=false]').waitFor();
});

test('a month without times is said so, and the first later one is opened at once', async () => {
  const now = new Date();
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 8)).toISOString().slice(0, 10);
  const document = schedule({
    policy: { min_notice_minutes: 0, horizon_days: 200 },
    blocked: [{ from: '2020-01-01', to: first }],
  });
  const coach = stack.coach();
  const kept = await coach.get('/coach/damian/schedule');
  assert.equal((await coach.put('/coach/damian/schedule', document)).status, 200);
  try {
    const { page } = await visit();
    const start = await page.locator('[data-start]').first().getAttribute('data-start');
    assert.ok(start >= first);
    await button(page, 'Previous month').click();
    await said(page, /^No free times in /);
    await page.getByRole('button', { name: /^Next free time: / }).waitFor();
    await checked(page, 'empty-month');
    await page.getByRole('button', { name: /^Next free time: / }).click();
    await page.locator('[data-start]').first().waitFor();
    for (const [locale, before, empty, next] of [
      ['fr-FR', 'Mois précédent', /^Aucun horaire libre en [a-zé]/, /^Prochain horaire libre.: [a-z]/],
      ['pl-PL', 'Poprzedni miesiąc', /^[A-Z]\S+ \d+: brak/, /^Najbliższy wolny termin: [a-zś]/],
    ]) {
      const other = (await visit({ locale })).page;
      await button(other, before).click();
      await other.getByRole('button', { name: next }).waitFor();
      assert.match(await other.locator('.times p').first().innerText(), empty); // a month within a sentence
      assert.match(await other.locator('#month').innerText(), /^[A-ZŚ]/);
    }
  } finally {
    assert.equal((await coach.put('/coach/damian/schedule', kept.text)).status, 200);
  }
});

test('what others wrote is shown as text', async () => {
  const { page } = await visit({}, { claims: { name: '<img src=x onerror=alert(1)>' } });
  await page.locator('[data-start]').last().click();
  await page.getByLabel('What would you like to talk about?').fill('<script>alert(1)</script>');
  await button(page, 'Confirm booking').click();
  await confirmation(page).waitFor();
  assert.equal(await page.locator('img').count(), 0);
});

test('dark mode passes the same checks', async () => {
  const { page } = await visit({ colorScheme: 'dark' });
  await checked(page, 'dark-times');
  await page.locator('[data-start]').last().click();
  await checked(page, 'dark-details');
});
