// What a person sees, what they get and what the server keeps are one instant, wherever and whenever they
// are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addDays, dayOf, instantOf, offsetMinutes, weekdayOf, zoneName } from '../../src/web/widget/time.js';
import { schedule, startStack } from '../harness/stack.mjs';
import { openBrowser, shot } from './browser.mjs';

const COACH = 'America/New_York';
const CLIENT = 'Australia/Sydney';
const DAY = 86_400_000;

/** The dates within the next `days` on which the zone's offset changes. */
function changes(zone, days) {
  const today = dayOf(Date.now(), zone);
  return Array.from({ length: days }, (_, index) => addDays(today, index + 2)).filter(
    (day) => offsetMinutes(Date.parse(day), zone) !== offsetMinutes(Date.parse(day) + DAY, zone),
  );
}

/** The Saturdays of eight weekends in a row that hold a change of clocks in both zones. */
function weekends() {
  const pairs = changes(COACH, 400)
    .flatMap((a) => changes(CLIENT, 400).map((b) => [a, b].sort()))
    .filter(([a, b]) => Date.parse(b) - Date.parse(a) < 40 * DAY);
  let saturday = addDays(pairs[0][0], -1);
  while (weekdayOf(saturday) !== 6) saturday = addDays(saturday, -1);
  if (Date.parse(saturday) > Date.now() + 10 * DAY) saturday = addDays(saturday, -7);
  return Array.from({ length: 8 }, (_, index) => addDays(saturday, 7 * index));
}

let stack;
let browser;
before(async () => {
  const document = schedule({
    weekly: [{ days: ['FR', 'SA', 'SU', 'MO'], from: '00:00', to: '24:00' }],
    policy: { min_notice_minutes: 0, horizon_days: 400, max_active_per_user: null },
  });
  stack = await startStack({ document });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

let people = 0;
async function open(zone) {
  people += 1;
  const user = `reader${people}`;
  const client = stack.client(user);
  const page = await browser.page({ timezoneId: zone, locale: 'en-GB' });
  await page.goto(`${stack.daemon.url}/booking/#token=${client.token}`);
  await page.locator('[data-start]').first().waitFor();
  return { page, user };
}

/** Turns the months until the day is there, and chooses it. */
async function chooseDay(page, day) {
  const button = page.locator(`[data-day="${day}"].free`);
  for (let turns = 0; turns < 14 && !(await button.count()); turns++) {
    await page.getByRole('button', { name: 'Next month' }).click();
    await page.locator('table[aria-busy=false]').waitFor();
  }
  await button.click();
}

test('Sydney books New York on eight weekends across both changes of clocks: one instant for all', async () => {
  const { page, user } = await open(CLIENT);
  const days = weekends();
  for (const zone of [COACH, CLIENT]) {
    const offsets = new Set(
      days.flatMap((day) => [0, 1, 2].map((n) => offsetMinutes(Date.parse(addDays(day, n)) + DAY / 2, zone))),
    );
    assert.equal(offsets.size, 2, `both sides of ${zone}'s change are among the weekends`);
  }
  for (const [index, day] of days.entries()) {
    const sunday = addDays(day, 1);
    await chooseDay(page, sunday);
    // 03:30, 04:00 … of that Sunday, just after Sydney's change, then through the day to New York's.
    const wanted = instantOf(sunday, 210 + 150 * index, CLIENT);
    const iso = new Date(wanted).toISOString().replace('.000', '');
    const slot = page.locator(`[data-start="${iso}"]`);
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: CLIENT,
      hour: '2-digit',
      minute: '2-digit',
    }).format(wanted);
    const theirs = new Intl.DateTimeFormat('en-GB', {
      timeZone: COACH,
      hour: '2-digit',
      minute: '2-digit',
    }).format(wanted);
    const text = await slot.innerText();
    assert.ok(text.startsWith(clock), `${text} begins with ${clock}`);
    assert.ok(text.includes(theirs), `${text} tells the coach's ${theirs}`);
    if (index === 4) await shot(page, 'sydney-weekend');
    await slot.click();
    await page.getByRole('button', { name: 'Confirm booking' }).click();
    await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
    const summary = await page.locator('.summary').innerText();
    const date = new Intl.DateTimeFormat('en-GB', {
      timeZone: CLIENT,
      weekday: 'long',
      day: 'numeric',
      month: 'long',
    }).format(wanted);
    assert.ok(summary.includes(date), `${summary} names ${date}`);
    assert.ok(summary.includes(clock) && summary.includes(theirs), summary);
    const stored = stack.database.value(
      `select starts_at from bookingd.appointment where user_id = '${user}' and status = 'scheduled' order by starts_at desc limit 1`,
    );
    assert.equal(Date.parse(stored), wanted);
    await page.getByRole('button', { name: 'Book another session' }).click();
    await page.locator('[data-start]').first().waitFor();
  }
});

test('the hour that a clock strikes twice is offered twice, each with its offset', async () => {
  const day = changes(COACH, 400).find(
    (one) => offsetMinutes(Date.parse(one), COACH) > offsetMinutes(Date.parse(one) + DAY, COACH),
  );
  const { page } = await open(COACH);
  await chooseDay(page, day);
  const texts = await page.locator('[data-start]').allInnerTexts();
  assert.deepEqual(
    texts.filter((text) => text.startsWith('01:')),
    ['01:00 UTC\u22124', '01:30 UTC\u22124', '01:00 UTC\u22125', '01:30 UTC\u22125'],
  );
  await shot(page, 'hour-twice');
});

test('the hour that a clock leaves out is not offered', async () => {
  const day = changes(COACH, 400).find(
    (one) => offsetMinutes(Date.parse(one), COACH) < offsetMinutes(Date.parse(one) + DAY, COACH),
  );
  const { page } = await open(COACH);
  await chooseDay(page, day);
  const texts = await page.locator('[data-start]').allInnerTexts();
  assert.deepEqual(
    texts.filter((text) => /^0[123]:/.test(text)),
    ['01:00', '01:30', '03:00', '03:30'],
  );
});

test('wall clocks become instants by RFC 5545, back and forth, in zones of every kind', () => {
  const zones = [
    'America/New_York',
    'Australia/Lord_Howe',
    'America/St_Johns',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'Africa/Casablanca',
    'Europe/Dublin',
    'America/Havana',
    'America/Santiago',
    'Africa/Cairo',
    'Atlantic/Azores',
    'Pacific/Chatham',
    'UTC',
  ];
  for (const zone of zones) {
    for (let day = '2026-01-01'; day < '2028-01-01'; day = addDays(day, 1)) {
      for (const minutes of [0, 90, 720, 1410]) {
        const at = instantOf(day, minutes, zone);
        const back = (at + offsetMinutes(at, zone) * 60_000 - Date.parse(day)) / 60_000;
        const gap = offsetMinutes(at + DAY, zone) - offsetMinutes(at - DAY, zone);
        assert.ok(
          back === minutes || (gap > 0 && back === minutes + gap),
          `${day} ${minutes} in ${zone} came back as ${back}`,
        );
        if (back === minutes && gap < 0)
          assert.notEqual(
            offsetMinutes(at + gap * 60_000, zone) * 60_000 + at + gap * 60_000,
            Date.parse(day) + minutes * 60_000,
            'the first of two',
          );
      }
    }
  }
});

test('zones go to the server by the names zone databases have', () => {
  assert.equal(zoneName('Asia/Katmandu'), 'Asia/Kathmandu');
  assert.equal(zoneName('Asia/Calcutta'), 'Asia/Kolkata');
  assert.equal(zoneName('Mars/Olympus'), 'UTC');
});
