// The coach's page: the week, who is coming, hours, rules; by mouse and by keyboard alone.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { addDays, dayOf, instantOf, weekdayOf } from '../../src/web/widget/time.js';
import { schedule, startStack } from '../harness/stack.mjs';
import {
  checked,
  focused,
  goTo,
  openBrowser,
  openCoach,
  openPart,
  said,
  showDay,
  shown,
} from './browser.mjs';

const ZONE = 'America/New_York';
let stack;
let browser;
let coach;
let monday; // of the week after next: bookable, and none of it past
const iso = (instant) => new Date(instant).toISOString().replace('.000', '');
const at = (day, hour) => iso(instantOf(day, hour * 60, ZONE));
const saved = async () => (await coach.get('/coach/damian/schedule')).body;
const fresh = () => schedule({ policy: { max_active_per_user: null } });

before(async () => {
  stack = await startStack({ document: fresh() });
  coach = stack.coach();
  browser = await openBrowser();
  monday = addDays(dayOf(Date.now(), ZONE), 8);
  while (weekdayOf(monday) !== 1) monday = addDays(monday, 1);
  const ann = stack.client('ann');
  const reply = await ann.post('/booking/create', {
    start: at(monday, 10),
    duration_minutes: 60,
    time_zone: 'Asia/Kathmandu',
    phone: '+977 1 234',
    notes: 'About <b>work</b>',
  });
  assert.equal(reply.status, 201, reply.text);
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});
beforeEach(async () => {
  assert.equal((await coach.put('/coach/damian/schedule', fresh())).status, 200);
});

async function open(view, options = {}) {
  const page = await openCoach(browser, stack, coach, view, { locale: 'en-GB', ...options });
  assert.doesNotMatch(page.url(), /token/);
  return page;
}

/** The week view with `monday` in it. */
async function openWeek(options) {
  const page = await open('week', options);
  await showDay(page, monday);
  return page;
}
const long = (day) =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone: 'UTC',
    weekday: 'long',
    day: 'numeric',
    month: 'long',
  }).format(Date.parse(day));
const cell = (page, day, time) => page.getByRole('gridcell', { name: `${long(day)}, ${time}: ` });

async function drag(page, from, to) {
  const center = async (locator) => {
    await locator.scrollIntoViewIfNeeded();
    const box = await locator.boundingBox();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  await page.mouse.move(...(await center(from)));
  await page.mouse.down();
  await page.mouse.move(...(await center(to)), { steps: 5 });
  await page.mouse.up();
}

test('signing in by pasting a token; others are told that this is not for them', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/coach/`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await checked(page, 'coach-sign-in');
  await page.getByLabel('Token or session ID').fill(stack.client('nobody').token);
  await page.keyboard.press('Enter');
  await said(page, /^This page is for coaches/);
  await checked(page, 'coach-not-a-coach');
  await page.getByLabel('Token or session ID').fill(coach.token);
  await page.keyboard.press('Enter');
  await page.locator('.box').first().waitFor();
  assert.doesNotMatch(page.url(), /token/);
  await page.reload();
  await page.locator('.box').first().waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('the week shows who comes, when the coach works, and why a clicked time can or cannot be booked', async () => {
  const page = await openWeek();
  await said(page, /one booking$/);
  await checked(page, 'coach-week');
  await cell(page, monday, '14:00').click();
  await shown(page, 'This time can be booked.').waitFor();
  await said(page, /This time can be booked/);
  await checked(page, 'coach-bookable');
  await cell(page, monday, '10:30').click();
  await page.locator('aside').getByText('ann@client.test').waitFor();
  await page.locator('[data-rule=slot_taken]').waitFor();
  assert.match(await page.locator('aside').innerText(), /About <b>work<\/b>/);
  await checked(page, 'coach-appointment');
  await cell(page, addDays(monday, 5), '10:00').click();
  await page.locator('[data-rule=outside_hours]').waitFor();
  await page.keyboard.press('Escape');
  assert.match(await focused(page), new RegExp(`^${long(addDays(monday, 5))}, 10:00`));
});

test('why a time can or cannot be booked is told for each kind of session', async () => {
  const document = fresh();
  document.session_types.push(
    { id: 'asked', name: 'By request', durations: [30], approval: true },
    { id: 'late', name: 'Late', durations: [30], weekly: [{ days: ['MO'], from: '19:00', to: '21:00' }] },
  );
  assert.equal((await coach.put('/coach/damian/schedule', document)).status, 200);
  const page = await openWeek();
  await cell(page, monday, '14:00').click();
  await shown(page, 'This time can be booked.').waitFor();
  const kind = page.locator('#why-type');
  await kind.selectOption('asked');
  await shown(page, 'Clients can ask for this time; it waits for your approval.').waitFor();
  assert.equal(await page.locator('#why-length, [name=why-length]').count(), 0);
  await checked(page, 'coach-why-kind');
  await kind.selectOption('late');
  await page.locator('[data-rule=outside_hours]').waitFor();
});

test('dragging over hours closes them for that date; undo brings them back; by keyboard the same', async () => {
  const tuesday = addDays(monday, 1);
  const page = await openWeek();
  await drag(page, cell(page, tuesday, '09:00'), cell(page, tuesday, '11:30'));
  await page.getByRole('button', { name: 'Close these hours' }).click();
  await said(page, /^Closed 09:00.12:00 on Tuesday/);
  assert.deepEqual((await saved()).overrides, [
    { date: tuesday, intervals: [{ from: '12:00', to: '17:00' }] },
  ]);
  await checked(page, 'coach-closed');
  await page.getByRole('button', { name: 'Undo' }).click();
  await said(page, /^Undone/);
  assert.deepEqual((await saved()).overrides, []);

  await cell(page, tuesday, '17:00').focus();
  await page.keyboard.press('Shift+ArrowDown');
  await said(page, /^Chosen: .*17:00 to .*18:00/);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Open these hours' }).press('Enter');
  await said(page, /^Opened 17:00.18:00 on Tuesday/);
  assert.deepEqual((await saved()).overrides, [
    { date: tuesday, intervals: [{ from: '09:00', to: '18:00' }] },
  ]);
  await cell(page, tuesday, '09:00').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Back to weekly hours' }).press('Enter');
  await said(page, /^Back to weekly hours/);
  assert.deepEqual((await saved()).overrides, []);
});

test('a day is blocked from its head, and appointments that now lie outside are listed', async () => {
  const page = await openWeek();
  await page.locator('.grid thead button').filter({ hasText: /^Mon/ }).click();
  await page.getByLabel('Reason').fill('Fête');
  await page.locator('aside').getByRole('button', { name: 'Block the day' }).click();
  await page.getByRole('button', { name: 'Save anyway' }).click();
  await shown(page, 'One booking now lies outside your hours.').waitFor();
  assert.deepEqual((await saved()).blocked, [{ from: monday, to: addDays(monday, 1), reason: 'Fête' }]);
  await checked(page, 'coach-blocked');
  await page.getByRole('button', { name: 'Undo' }).click();
  await said(page, /^Undone/);
  assert.deepEqual((await saved()).blocked, []);
});

test('weekly hours: dragged, walked with the keys, typed to the minute, past midnight', async () => {
  const page = await open('hours');
  const weekly = (name) => page.getByRole('gridcell', { name });
  await checked(page, 'coach-hours');
  await drag(page, weekly('Saturday, 09:00: '), weekly('Saturday, 11:30: '));
  await said(page, /^Opened 09:00.12:00 on Saturday/);
  await weekly('Monday, 09:00: ').focus();
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Enter');
  await said(page, /^Closed 09:00.10:00 on Monday/);
  await shown(page, 'To the minute').click();
  await page.getByRole('button', { name: 'Add hours: Sunday' }).click();
  // Typed part by part, as a person does; the field must not be drawn anew meanwhile.
  await page.getByLabel('Sunday, From').focus();
  await page.keyboard.type('1015PM');
  await page.getByLabel('Sunday, To').focus();
  await page.keyboard.type('0145AM');
  assert.equal(await page.getByLabel('Sunday, To').inputValue(), '01:45');
  await page.locator('.exact span:visible', { hasText: 'until the next day' }).waitFor();
  await checked(page, 'coach-hours-changed');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^Saved/);
  const sets = (await saved()).weekly.map(({ days, from, to }) => [days.join(), from, to]).sort();
  assert.deepEqual(sets, [
    ['MO', '10:00', '17:00'],
    ['SA', '09:00', '12:00'],
    ['SU', '22:15', '01:45'],
    ['TU,WE,TH,FR', '09:00', '17:00'],
  ]);
});

test('dates: several are blocked by keyboard, one gets hours of its own', async () => {
  const page = await open('hours');
  await page.getByRole('button', { name: 'Next month' }).click();
  await page.getByRole('button', { name: 'Next month' }).click();
  const grid = page.getByRole('grid', { name: 'Dates' });
  const day = (number) => grid.getByRole('gridcell', { name: new RegExp(`^\\w+ ${number} `) });
  await day(10).focus();
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByLabel('Reason').fill('Away');
  await page.getByRole('button', { name: 'Block these days' }).press('Enter');
  await said(page, /blocked$/);
  await day(20).click();
  await page.getByRole('button', { name: 'Set different hours' }).click();
  await checked(page, 'coach-dates');
  const from = page.locator('.lists input[type=time]').first();
  await from.fill('13:00');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^Saved/);
  const { blocked, overrides } = await saved();
  assert.equal(blocked.length, 1);
  assert.equal(Date.parse(blocked[0].to) - Date.parse(blocked[0].from), 3 * 86_400_000);
  assert.equal(blocked[0].reason, 'Away');
  assert.deepEqual(
    overrides.map((one) => one.intervals),
    [[{ from: '13:00', to: '17:00' }]],
  );
  await page.getByRole('button', { name: /^Remove: .*–/ }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^Saved/);
  assert.deepEqual((await saved()).blocked, []);
});

test('rules: a session type gets weekly hours and a date of its own; what is wrong with them is shown there', async () => {
  const page = await open('rules');
  await openPart(page, 'type-0');
  await page.locator('summary', { hasText: 'Different hours for this session' }).click();
  await page.getByLabel('Its own weekly hours, instead of yours').check();
  const hours = (day, part) => page.locator(`#type-0-hours-${day}-0-${part}`);
  await hours('MO', 'from').fill('18:00');
  await hours('MO', 'to').fill('18:00');
  await page.getByLabel('Date', { exact: true }).fill('2027-01-05');
  await page.getByRole('button', { name: 'Add a date' }).click();
  await page.locator('#type-0-hours-0-0-to').fill('12:00');
  await checked(page, 'coach-own-hours');
  const save = page.getByRole('button', { name: 'Save', exact: true });
  const keep = page.getByRole('button', { name: 'Save anyway' }); // Ann's booking lies outside them
  await save.click();
  await keep.click();
  await said(page, /^One thing to correct/);
  assert.equal(await hours('MO', 'to').getAttribute('aria-invalid'), 'true');
  await hours('MO', 'to').fill('20:00');
  await save.click();
  await keep.click();
  await said(page, /^Saved/);
  const [{ weekly, overrides }] = (await saved()).session_types;
  assert.deepEqual(weekly, [
    { days: ['MO'], from: '18:00', to: '20:00' },
    { days: ['TU', 'WE', 'TH', 'FR'], from: '09:00', to: '17:00' },
  ]);
  assert.deepEqual(overrides, [{ date: '2027-01-05', intervals: [{ from: '09:00', to: '12:00' }] }]);
  await page.getByLabel('Its own weekly hours, instead of yours').uncheck();
  await page.getByRole('button', { name: /^Remove: .*5 January/ }).click();
  await save.click();
  await said(page, /^Saved/);
  const [type] = (await saved()).session_types;
  assert.equal(type.weekly, undefined);
  assert.equal(type.overrides, undefined);
});

test('rules: what the server finds wrong is shown at its field; put right, it is saved', async () => {
  const page = await open('rules');
  await checked(page, 'coach-rules');
  const step = page.locator('[name="policy.step_minutes"]');
  await openPart(page, 'policy');
  await step.fill('0');
  await openPart(page, 'type-0');
  await page.getByLabel('Lengths in minutes (the first is the default)').fill('30, thirty');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^2 things to correct/);
  assert.equal(await focused(page), '2 things to correct');
  assert.equal(await step.getAttribute('aria-invalid'), 'true');
  await checked(page, 'coach-rules-wrong');
  await page.getByRole('link').filter({ hasText: 'Offer start times every' }).click();
  assert.match(await focused(page), /Offer start times every/);
  await step.fill('15'); // its part is open now, and the other folded
  await page.locator('[name="policy.max_per_day"]').fill('4');
  await page.getByRole('link').filter({ hasText: 'Lengths in minutes' }).click();
  await page.getByLabel('Lengths in minutes (the first is the default)').fill('45');
  assert.equal(await step.isVisible(), false);
  await page.getByRole('button', { name: 'Add a session type' }).click();
  assert.match(await focused(page), /^Name/);
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^Saved/);
  const document = await saved();
  assert.deepEqual(
    [
      document.policy.step_minutes,
      document.policy.max_per_day,
      document.session_types.map((type) => type.durations),
    ],
    [15, 4, [[45], [30]]],
  );
});

test('rules: the place instead of Meet, reminders, the night, mails and seats are set on the page', async () => {
  const page = await open('rules');
  await openPart(page, 'policy');
  await page.getByLabel('If Google gives no Meet link').selectOption('phone');
  await page.locator('[name="fallback_meeting.number"]').fill('+44 20 7946 0000');
  await openPart(page, 'messages');
  await page.getByRole('button', { name: 'Remove reminder 2' }).click();
  await page.getByRole('button', { name: 'Add a reminder' }).click();
  assert.match(await focused(page), /^Before the session/);
  const before = page.locator('[name="notices.reminders[1].before_minutes"]');
  await before.fill('24');
  await page.locator('[name="notices.reminders[1].to"]').selectOption('both');
  await page.getByLabel('No reminders at night').check();
  await page.locator('[name="notices.quiet.to"]').fill('08:00');
  await page.locator('summary', { hasText: 'Who is told of a booking' }).click();
  await page.locator('[name="notices.coach.moved"]').selectOption('off');
  await openPart(page, 'type-0');
  await page.locator('summary', { hasText: 'Different messages for this session' }).click();
  await page.getByLabel('Its own reminders').check();
  await page.getByLabel('Its own hours without reminders').check();
  await page.locator('[name="session_types[0].notices.reminders[1].before_minutes"]').fill('2');
  await page.getByLabel('Who is told, and how, is different for this session').check();
  await page.getByLabel('Who is told, and how, is different for this session').uncheck();
  await page.locator('[name="session_types[0].seats"]').fill('6');
  await page.getByLabel('Show clients how many seats are left').uncheck();
  await checked(page, 'coach-rules-messages');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /is at the same time as another reminder/);
  assert.equal(await before.getAttribute('aria-invalid'), 'true');
  await openPart(page, 'messages');
  await before.fill('3');
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^Saved/);
  const document = await saved();
  assert.deepEqual(document.fallback_meeting, { kind: 'phone', number: '+44 20 7946 0000' });
  assert.deepEqual(document.notices.reminders, [
    { before_minutes: 1440, to: ['client'] },
    { before_minutes: 180, to: ['client', 'coach'] },
  ]);
  assert.deepEqual(document.notices.quiet, { from: '22:00', to: '08:00' });
  assert.equal(document.notices.coach.moved, 'off');
  assert.deepEqual(
    document.session_types.map((type) => [type.seats, type.show_seats_left]),
    [[6, false]],
  );
  assert.deepEqual(document.session_types[0].notices, {
    reminders: [
      { before_minutes: 1440, to: ['client'] },
      { before_minutes: 48 * 60, to: ['client', 'coach'] }, // it began as the others are: in days
    ],
    quiet: { from: '22:00', to: '08:00' },
  });
});

test('somebody else’s change meanwhile is not overwritten; leaving with changes asks', async () => {
  const page = await open('rules');
  await openPart(page, 'policy');
  await page.locator('[name="policy.step_minutes"]').fill('20');
  await coach.put('/coach/damian/schedule', fresh());
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, /^Someone else changed these settings in the meantime/);
  await checked(page, 'coach-changed-meanwhile');
  await goTo(page, 'people');
  await page.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
  await checked(page, 'coach-leave');
  await page.getByRole('button', { name: 'Stay here' }).click();
  await page.getByRole('button', { name: 'Load the new settings' }).click();
  await page.waitForFunction(() => document.querySelector('[name="policy.step_minutes"]')?.value === '30');
});

test('people: contact as text, the client’s own time, moving and cancelling', async () => {
  const ben = stack.client('ben', { name: '<i>Ben</i>' });
  const made = await ben.post('/booking/create', { start: at(addDays(monday, 2), 9), duration_minutes: 30 });
  assert.equal(made.status, 201);
  const page = await open('people');
  await page.getByRole('heading', { name: 'Name of ann' }).waitFor();
  await shown(page, /for the client \(Kathmandu\)/).waitFor();
  await checked(page, 'coach-people');
  await page.getByRole('button', { name: /^Move: <i>Ben<\/i>/ }).click();
  await page.locator('dialog [data-start]').first().waitFor();
  await checked(page, 'coach-move');
  const asked = page.calls.filter((call) => call === 'GET /booking/availability');
  assert.equal(asked.length, 1, 'only what it can be moved to is asked for');
  const to = await page.locator('dialog [data-start]').first().getAttribute('data-start');
  await page.locator('dialog [data-start]').first().click();
  await page.getByRole('button', { name: 'Move to this time' }).click();
  await page.getByRole('heading', { name: 'Your session has moved' }).waitFor();
  assert.equal((await ben.get(`/booking/${made.body.id}`)).body.start, to);
  await page.locator('dialog > .stack > .actions').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: /^Cancel: <i>Ben<\/i>/ }).click();
  await checked(page, 'coach-cancel');
  await page.getByLabel('Reason').fill('Ill');
  await page.getByRole('button', { name: 'Cancel it' }).click();
  await said(page, /<i>Ben<\/i>: cancelled/);
  const { body } = await ben.get(`/booking/${made.body.id}`);
  assert.deepEqual([body.status, body.cancelled_by, body.cancel_reason], ['cancelled', 'coach', 'Ill']);
  await page.getByLabel('Cancelled').check({ force: true });
  await shown(page, 'cancelled by you').waitFor();
});

test('what became of a session is marked once it has begun', async () => {
  const cid = stack.client('cid');
  const { body } = await cid.post('/booking/create', {
    start: at(addDays(monday, 3), 9),
    duration_minutes: 30,
  });
  stack.database.run(`update bookingd.appointment set starts_at = starts_at - interval '40 days', ends_at = ends_at - interval '40 days',
    blocked_from = blocked_from - interval '40 days', blocked_to = blocked_to - interval '40 days' where id = '${body.id}'`);
  const page = await open('people');
  await page.getByLabel('Past').check({ force: true });
  await page.getByRole('button', { name: /^No-show: Name of cid/ }).click();
  await said(page, /^Name of cid: no-show/);
  assert.equal((await cid.get(`/booking/${body.id}`)).body.status, 'no_show');
  await checked(page, 'coach-past');
});

test('on a telephone, in French and in the dark, every view passes', async () => {
  const page = await open('week', {
    viewport: { width: 360, height: 740 },
    locale: 'fr-FR',
    colorScheme: 'dark',
    hasTouch: true,
  });
  await page.locator('.grid').waitFor();
  await checked(page, 'coach-phone-week');
  const menu = page.getByRole('button', { name: 'Vues, Calendrier' });
  const entries = page.locator('nav a');
  assert.equal(await entries.first().isVisible(), false);
  await menu.press('Enter');
  assert.equal(await menu.getAttribute('aria-expanded'), 'true');
  await checked(page, 'coach-phone-menu');
  for (const one of await entries.all()) {
    const { x, y, width, height } = await one.boundingBox();
    assert.ok(
      x >= 0 && x + width <= 360 && y + height <= 740 && height >= 44,
      `${x} ${y} ${width} ${height}`,
    );
  }
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Accueil');
  await page.keyboard.press('Escape');
  assert.equal(await menu.getAttribute('aria-expanded'), 'false');
  assert.equal(await focused(page), 'Vues, Calendrier');
  await menu.tap();
  await page.touchscreen.tap(180, 725); // beside it
  assert.equal(await entries.first().isVisible(), false);
  await page
    .getByRole('gridcell')
    .filter({ hasText: /, 10:00/ })
    .first()
    .tap();
  await page
    .locator('#why p')
    .filter({ hasText: /réservable/ })
    .waitFor();
  await checked(page, 'coach-phone-panel');
  for (const view of ['people', 'hours', 'rules', 'google']) {
    await goTo(page, view);
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await checked(page, `coach-phone-${view}`);
  }
});
