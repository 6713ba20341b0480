// The coach's page on a device whose clock is days off: what is today, what is past and what may be done is as the server has it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dayOf } from '../../src/web/widget/time.js';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { goTo, openBrowser } from './browser.mjs';

// Far from its midnight, which no session goes over.
const ZONE = new Date().getUTCHours() < 12 ? 'Asia/Tokyo' : 'America/Los_Angeles';
let stack, browser;
before(async () => {
  const document = openSchedule({ max_active_per_user: null, min_notice_minutes: 0, step_minutes: 15 });
  const type = { id: 'talk', name: 'Talk', durations: [60], meeting: 'none' };
  stack = await startStack({ document: { ...document, time_zone: ZONE, session_types: [type] } });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

const inMinutes = (n) => new Date(Math.ceil(Date.now() / 900_000) * 900_000 + n * 60_000).toISOString();

test('today, what has begun and what is near go by the server’s clock and the coach’s zone', async () => {
  const book = async (user, start) => {
    const wish = { start: start.replace('.000', ''), session_type: 'talk', duration_minutes: 60 };
    const made = await stack.client(user).post('/booking/create', wish);
    assert.equal(made.status, 201, made.text);
    return made.body.id;
  };
  await book('soon', inMinutes(75));
  const begun = await book('begun', inMinutes(0));
  stack.database.run(`update bookingd.appointment set starts_at = now() - interval '10 minutes',
    ends_at = now() + interval '20 minutes', blocked_from = now() - interval '10 minutes',
    blocked_to = now() + interval '20 minutes' where id = '${begun}'`);
  for (const days of [0, 3, -3]) {
    const page = await browser.page({
      viewport: { width: 1280, height: 900 },
      timezoneId: 'Europe/Paris',
    });
    await page.addInitScript((off) => {
      const { now } = Date;
      Date.now = () => now() + off;
    }, days * 86_400_000);
    await page.goto(`${stack.daemon.url}/coach/#token=${stack.coach().token}`);
    await page.locator('.next li').nth(1).waitFor();
    assert.deepEqual(
      await page
        .locator('.next .badge')
        .allTextContents()
        .then((all) => all.map((one) => one.replace(/\d+/, 'n'))),
      ['now', 'in n min'],
      `${days} days off`,
    );
    const today = dayOf(Date.now(), ZONE);
    const words = (style) =>
      new Intl.DateTimeFormat('en-US', {
        timeZone: 'UTC',
        weekday: style,
        day: 'numeric',
        month: style,
      }).format(Date.parse(today));
    assert.equal(await page.locator('.head .muted').first().textContent(), words('long'));
    await goTo(page, 'week');
    await page.locator('.grid').waitFor();
    assert.equal(await page.locator('[aria-current=date]').textContent(), words('short'));
    await goTo(page, 'people');
    await page.locator('article').nth(1).waitFor();
    const buttons = (user) =>
      page
        .locator('article', { hasText: `Name of ${user}` })
        .locator('.actions button')
        .allTextContents();
    assert.deepEqual(await buttons('soon'), ['Details', 'Move', 'Cancel']);
    assert.deepEqual(await buttons('begun'), ['Details', 'Took place', 'No-show', 'Move', 'Cancel']);
    await page.getByRole('button', { name: 'New booking' }).click();
    const date = await page.locator('#for-date').inputValue();
    assert.ok(Math.abs(Date.parse(date) - Date.parse(today)) <= 86_400_000, date);
    await page.context().close();
  }
});
