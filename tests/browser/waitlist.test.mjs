// The waiting list on the client's page and on the coach's: joining it, leaving it, an offer that is confirmed or declined.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { checked, mailed, openBrowser, openCoach, said, shown } from './browser.mjs';

let stack, mail, browser, day;
before(async () => {
  mail = await MailServer.start();
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  const [type] = document.session_types;
  stack = await startStack({
    env: { ...mail.settings, PUBLIC_URL: 'https://book.test' },
    document: {
      ...document,
      session_types: [
        { ...type, name: 'Career talk', durations: [30], meeting: 'none' },
        {
          ...type,
          id: 'asks',
          name: 'Interview practice',
          durations: [30],
          meeting: 'none',
          questions: [{ id: 'goal', label: 'What is your goal?', kind: 'text', required: true }],
        },
      ],
    },
  });
  day = stack.slot(48).slice(0, 10);
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  await mail?.stop();
});

let hour = 30;
/** A time that `owner` has booked and somebody waits for. */
async function taken(who, type) {
  const start = stack.slot((hour += 3));
  const owner = stack.client(`owner-${who}`);
  const booked = await owner.post('/booking/create', {
    start,
    duration_minutes: 30,
    session_type: type,
    answers: type === 'asks' ? { goal: 'To win' } : undefined,
  });
  assert.equal(booked.status, 201, booked.text);
  const joined = await stack.client(who).post('/booking/waitlist', {
    from: start,
    to: new Date(Date.parse(start) + 60_000).toISOString(),
    session_type: type,
    duration_minutes: 30,
  });
  assert.equal(joined.status, 201, joined.text);
  return { start, free: () => owner.put(`/booking/${booked.body.id}/cancel`, {}) };
}
const entries = async (who) => (await stack.client(who).get('/booking/waitlist')).body.waitlist;
async function open(who, type, options) {
  const page = await browser.page(options);
  await page.goto(`${stack.daemon.url}/booking/?coach=damian&type=${type}#token=${stack.client(who).token}`);
  await page.locator('[data-start]').first().waitFor();
  return page;
}

for (const [width, colorScheme] of [
  [390, 'dark'],
  [1280, 'light'],
  [320, 'light'],
])
  test(`who finds no time that suits waits for one, and may leave again (${width}, ${colorScheme})`, async () => {
    const who = `ann${width}`;
    const page = await open(who, 'coaching', { viewport: { width, height: 900 }, colorScheme });
    await page.getByRole('button', { name: 'No time that suits you? Join the waiting list' }).click();
    await page.getByRole('heading', { name: 'Join the waiting list' }).waitFor();
    for (const box of await page.locator('fieldset.choice label, form button, form input[type=time]').all())
      assert.ok((await box.boundingBox()).height >= 44, 'targets are large enough');
    await checked(page, `wait-form-${width}-${colorScheme}`);
    await page.getByLabel('Monday').check();
    await page.getByLabel('Wednesday').check();
    const [from, to] = [page.locator('#wait-time-from'), page.locator('#wait-time-to')];
    await from.fill('14:00');
    await to.fill('09:00');
    await page.getByRole('button', { name: 'Join the waiting list' }).click();
    await said(page, /second time must be later/);
    assert.equal(await from.getAttribute('aria-invalid'), 'true');
    await checked(page, `wait-faults-${width}-${colorScheme}`);
    await from.fill('09:00');
    await to.fill('12:30');
    await page.locator('#wait-date-from').fill(day);
    await page.getByRole('button', { name: 'Join the waiting list' }).click();
    await said(page, /You’re on the waiting list/);
    await checked(page, `waiting-${width}-${colorScheme}`);
    const [entry] = await entries(who);
    assert.deepEqual(
      [entry.days, entry.between, entry.duration_minutes, entry.state],
      [['MO', 'WE'], ['09:00', '12:30'], 30, 'waiting'],
    );
    await page.getByRole('button', { name: 'My sessions' }).last().click();
    await shown(page, /Your place in line/).waitFor();
    await shown(page, /Monday and Wednesday, between/).waitFor();
    await checked(page, `wait-entry-${width}-${colorScheme}`);
    await page.getByRole('button', { name: 'Leave the waiting list: Career talk' }).click();
    await said(page, /no longer on the waiting list/);
    assert.equal((await entries(who))[0].state, 'left');
  });

test('a time that has come free is shown with its end and confirmed by one button', async () => {
  const { start, free } = await taken('bea', 'coaching');
  await free();
  const page = await open('bea', 'coaching');
  await page.getByRole('button', { name: 'My sessions' }).click();
  await shown(page, /held for you until/).waitFor();
  await checked(page, 'offer');
  await page.getByRole('button', { name: /^Confirm booking: / }).click();
  await said(page, /You’re booked/);
  const { appointments } = (await stack.client('bea').get('/booking/user/me')).body;
  assert.deepEqual(
    appointments.map((one) => [one.start, one.status, one.time_zone]),
    [[start, 'scheduled', 'America/New_York']],
  );
  assert.equal((await entries('bea'))[0].state, 'booked');
});

test('an offer is kept while its form asks for what is missing, and when the form is left', async () => {
  const { start, free } = await taken('cora', 'asks');
  await free();
  const page = await open('cora', 'coaching');
  await page.getByRole('button', { name: 'My sessions' }).click();
  await page.getByRole('button', { name: /^Confirm booking: / }).click();
  await said(page, /answer|goal/i);
  await page.getByRole('button', { name: 'My sessions' }).click();
  await page.getByRole('button', { name: /^Confirm booking: / }).click();
  await page.locator('#name').fill('Cora');
  await page.getByLabel('What is your goal?').fill('To lead');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await said(page, /You’re booked/);
  const { appointments } = (await stack.client('cora').get('/booking/user/me')).body;
  assert.deepEqual(
    appointments.map((one) => [one.start, one.status]),
    [[start, 'scheduled']],
  );
});

test('the link in the mail leads to the offer; declined it goes to the next in line', async () => {
  const { start, free } = await taken('dan', 'coaching');
  const next = stack.client('eve');
  const from = { from: start, to: new Date(Date.parse(start) + 60_000).toISOString() };
  assert.equal((await next.post('/booking/waitlist', { ...from, duration_minutes: 30 })).status, 201);
  await free();
  const letter = await mailed(mail, 'dan@client.test', /held for you until/);
  const page = await browser.page({ viewport: { width: 390, height: 900 } });
  await page.goto(`${stack.daemon.url}/booking/${letter.text.match(/#manage=\S+/)[0]}`);
  await shown(page, /held for you until/).waitFor();
  await checked(page, 'offer-managed');
  await page.getByRole('button', { name: /^No, thanks: / }).click();
  assert.equal((await entries('dan'))[0].state, 'offered', 'not without the tick');
  await page.getByLabel('Yes, I asked for this time.').check();
  await page.getByRole('button', { name: /^No, thanks: / }).click();
  await until('the offer has gone on', async () => (await entries('eve'))[0].state === 'offered');
});

test('who is offered a time keeps it while they choose another one', async () => {
  const { free } = await taken('fay', 'coaching');
  await free();
  const page = await open('fay', 'coaching');
  await page.locator('[data-start]').last().click();
  await page.locator('#name').fill('Fay');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await said(page, /You’re booked/);
  assert.equal((await entries('fay'))[0].state, 'offered');
});

for (const [width, colorScheme] of [
  [390, 'light'],
  [1280, 'dark'],
])
  test(`the coach sees who waits for what, and what was offered (${width}, ${colorScheme})`, async () => {
    const { free } = await taken(`hana${width}`, 'coaching');
    await taken(`ida${width}`, 'asks');
    await free();
    const page = await openCoach(browser, stack, stack.coach(), 'people', {
      viewport: { width, height: 900 },
      colorScheme,
    });
    await page.getByLabel('Waiting list').check();
    await said(page, /people are waiting/);
    await page
      .locator('article', { hasText: `hana${width}` })
      .getByText(/held for them until/)
      .waitFor();
    const waiter = page.locator('article', { hasText: `ida${width}` });
    assert.match(await waiter.locator('.when').textContent(), /^1\.|^2\./);
    await checked(page, `coach-waiting-${width}-${colorScheme}`);
    await page.locator('#search').fill(`ida${width}`);
    assert.equal(await page.locator('article:visible').count(), 1);
    await page.getByLabel('Upcoming').check();
    await said(page, /bookings?$|No bookings/);
  });

test('in Polish and French too', async () => {
  for (const [locale, words] of [
    ['pl-PL', /Zapisz się na listę/],
    ['fr-FR', /liste d’attente/],
  ]) {
    const page = await open('gil', 'coaching', { locale, viewport: { width: 390, height: 900 } });
    await page.getByRole('button', { name: words }).click();
    await page.locator('fieldset.choice').waitFor();
    await checked(page, `wait-form-${locale}`);
  }
});
