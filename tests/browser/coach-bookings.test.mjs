// What a coach does with bookings: makes them for clients, sees all of one, keeps notes, is told what went wrong.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { addDays, dayOf, isoText } from '../../src/web/widget/time.js';
import { PASSWORD, startRadicale, USER } from '../harness/caldav.mjs';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { checked, goTo, openBrowser, openCoach, openPart, said, showDay, shown } from './browser.mjs';

const day = addDays(dayOf(Date.now(), 'UTC'), 3);
const at = (clock, date = day) => isoText(Date.parse(`${date}T${clock}:00Z`));
const QUESTIONS = [{ id: 'goal', label: 'What is your goal?', kind: 'text', required: true, before: 'book' }];
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const document = () => ({
  ...openSchedule({ min_notice_minutes: 0 }),
  weekly: [{ days: DAYS, from: '09:00', to: '17:00' }],
  session_types: [
    { id: 'coaching', name: 'Coaching session', durations: [30, 60], meeting: 'phone', questions: QUESTIONS },
  ],
});
let stack, mail, browser, coach, feeds, base;
before(async () => {
  feeds = http.createServer((request, response) =>
    response
      .writeHead(request.url === '/gone.ics' ? 404 : 200, { 'content-type': 'text/calendar' })
      .end(
        `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:x@y\r\nDTSTART:${at(request.url.includes('choir') ? '15:00' : '13:00').replace(/[-:]/g, '')}\r\n` +
          `DURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
      ),
  );
  await new Promise((ready) => feeds.listen(0, '127.0.0.1', ready));
  base = `http://127.0.0.1:${feeds.address().port}`;
  mail = await MailServer.start();
  stack = await startStack({
    env: {
      ...mail.settings,
      PUBLIC_URL: 'https://book.test',
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      CALENDAR_ALLOW_PRIVATE: '1',
    },
    document: document(),
  });
  coach = stack.coach();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  await mail?.stop();
  feeds?.closeAllConnections();
  feeds?.close();
});

const open = (view, options) =>
  openCoach(browser, stack, coach, view, { locale: 'en-GB', timezoneId: 'UTC', ...options });
const dayName = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  weekday: 'long',
  day: 'numeric',
  month: 'long',
}).format(Date.parse(day));
const listed = async () =>
  (await coach.get('/coach/damian/appointments?status=upcoming&limit=100')).body.appointments;
const dialog = (page) => page.locator('dialog[open]');

test('a coach books for somebody new, by name and address; what is missing is said', async () => {
  const page = await open();
  await page.getByRole('button', { name: 'New booking' }).click();
  await dialog(page).getByLabel('Name').fill('Nora New');
  await dialog(page).getByLabel('Date').fill(day);
  await dialog(page).getByLabel('Start').fill('10:00');
  await dialog(page).getByRole('button', { name: 'Book it' }).click();
  await shown(page, /^Please enter an email address/).waitFor();
  await checked(page, 'coach-new-booking');
  await dialog(page).getByLabel('Email').fill('nora@client.test');
  await dialog(page).getByLabel('Notes for the booking').fill('By hand');
  await dialog(page).getByRole('button', { name: 'Book it' }).click();
  await said(page, /^Nora New is booked for/);
  const [made] = (await listed()).filter(({ name }) => name === 'Nora New');
  assert.deepEqual(
    [made.start, made.duration_minutes, made.email, made.notes, made.created_by],
    [at('10:00'), 30, 'nora@client.test', 'By hand', 'coach'],
  );
  await mail.wait(1, ({ to }) => to[0] === 'nora@client.test');
});

test('a series for a client: what stands against a date is told with it, and the others are booked', async () => {
  const start = addDays(day, 1);
  const taken = { client: { user_id: 'else' }, start: at('10:00', addDays(start, 7)) };
  assert.equal((await coach.post('/coach/damian/appointments', taken)).status, 201);
  const page = await open('people', { viewport: { width: 360, height: 800 } });
  await page.getByRole('button', { name: 'New booking' }).click();
  await dialog(page)
    .getByLabel('Client', { exact: true })
    .selectOption({ label: 'Nora New – nora@client.test' });
  await dialog(page).getByLabel('Date').fill(start);
  await dialog(page).getByLabel('Start').fill('10:00');
  await dialog(page).getByLabel('Repeat').selectOption('Every week');
  await dialog(page).getByLabel('How many sessions').fill('3');
  await dialog(page).getByRole('button', { name: 'Book it' }).click();
  await dialog(page).locator('[data-rule="slot_taken"]').waitFor();
  await checked(page, 'coach-book-series');
  await dialog(page).getByRole('button', { name: 'Book the other dates' }).click();
  await said(page, /^Nora New is booked for 2 sessions from/);
  assert.deepEqual(
    (await listed()).filter(({ series_id }) => series_id).map((one) => [one.start, one.created_by]),
    [start, addDays(start, 14)].map((date) => [at('10:00', date), 'coach']),
  );
});

test('rules that stand against a time are named, and set aside only by "Book anyway"', async () => {
  const page = await open('people');
  await page.getByRole('button', { name: 'New booking' }).click();
  await dialog(page)
    .getByLabel('Client', { exact: true })
    .selectOption({ label: 'Nora New – nora@client.test' });
  await dialog(page).getByLabel('Date').fill(day);
  await dialog(page).getByLabel('Start').fill('18:10');
  await dialog(page).getByRole('button', { name: 'Book it' }).click();
  await dialog(page).locator('[data-rule="outside_hours"]').waitFor();
  await checked(page, 'coach-book-anyway');
  assert.equal((await listed()).filter(({ start }) => start === at('18:10')).length, 0);
  await dialog(page).getByRole('button', { name: 'Book anyway' }).click();
  await said(page, /^Nora New is booked for/);
  const made = (await listed()).find(({ start }) => start === at('18:10'));
  assert.equal(made.email, 'nora@client.test');
  // Another booking is never set aside.
  await page.getByRole('button', { name: 'New booking' }).click();
  await dialog(page).getByLabel('Email').fill('otto@client.test');
  await dialog(page).getByLabel('Date').fill(day);
  await dialog(page).getByLabel('Start').fill('10:00');
  await dialog(page).getByRole('button', { name: 'Book it' }).click();
  await dialog(page).locator('[data-rule="slot_taken"]').waitFor();
  assert.equal(await dialog(page).getByRole('button', { name: 'Book anyway' }).count(), 0);
});

test('from a click on the calendar: book, then move and cancel from the panel, with a reason', async () => {
  const page = await open('week');
  await showDay(page, day);
  const cell = (clock) => page.getByRole('gridcell', { name: `${dayName}, ${clock}: ` });
  await cell('15:00').click();
  await page.locator('aside').getByRole('button', { name: 'New booking' }).click();
  assert.equal(await dialog(page).getByLabel('Start').inputValue(), '15:00');
  await dialog(page).getByLabel('Name').fill('Carl Click');
  await dialog(page).getByLabel('Email').fill('carl@client.test');
  await dialog(page).getByRole('button', { name: 'Book it' }).click();
  await said(page, /^Carl Click is booked/);
  await cell('15:00').filter({ hasText: 'Carl Click' }).click();
  await checked(page, 'coach-panel-booking');
  await page.locator('aside').getByRole('button', { name: 'Move: Carl Click' }).click();
  await dialog(page).getByText('Choose any other time').click();
  await dialog(page).getByLabel('Start').fill('07:30');
  await dialog(page).getByRole('button', { name: 'Move to this time' }).click();
  await dialog(page).locator('[data-rule="outside_hours"]').waitFor();
  await dialog(page).getByRole('button', { name: 'Move anyway' }).click();
  await said(page, /^Moved to/);
  const moved = (await listed()).find(({ name }) => name === 'Carl Click');
  assert.equal(moved.start, at('07:30'));
  await cell('07:30').filter({ hasText: 'Carl Click' }).click();
  await page.locator('aside').getByRole('button', { name: 'Cancel: Carl Click' }).click();
  await dialog(page).getByLabel('Reason').fill('Train broke down');
  await dialog(page).getByRole('button', { name: 'Cancel it' }).click();
  await said(page, /Carl Click: cancelled/);
  const { body } = await coach.get(`/booking/${moved.id}`);
  assert.deepEqual(
    [body.status, body.cancelled_by, body.cancel_reason],
    ['cancelled', 'coach', 'Train broke down'],
  );
});

test('a booking in full: answers, private notes that are kept, what was sent, the client’s other bookings', async () => {
  const ann = stack.client('ann', { name: 'Ann' });
  const make = (start) =>
    ann.post('/booking/create', { start, phone: '+1 416 555 0100', answers: { goal: 'To <b>lead</b>' } });
  const made = (await make(at('11:00'))).body;
  await make(at('12:00', addDays(day, 1)));
  await until('the mail is sent', async () =>
    (await coach.get(`/booking/${made.id}/notices`)).body.notices.some(
      ({ recipient, state }) => recipient === 'client' && state === 'sent',
    ),
  );
  stack.database.run(`update bookingd.appointment set guest_response = 'declined' where id = '${made.id}'`);
  const page = await open('people');
  const row = page.locator('article').filter({ hasText: 'Ann' }).first();
  await row.getByText('declined the invitation').waitFor();
  await row.getByRole('button', { name: /^Details: Ann/ }).click();
  await shown(page, 'To <b>lead</b>').waitFor();
  await shown(page, 'Confirmation to the client: sent').waitFor();
  await dialog(page).locator('section').filter({ hasText: 'Other bookings' }).locator('li').waitFor();
  await dialog(page).getByLabel('Your private notes').fill('Ask about the job');
  await dialog(page).getByRole('button', { name: 'Save notes' }).click();
  await said(page, /^Saved/);
  await checked(page, 'coach-booking');
  assert.equal((await coach.get(`/booking/${made.id}`)).body.coach_notes, 'Ask about the job');
  assert.equal((await ann.get(`/booking/${made.id}`)).text.includes('Ask about'), false);
  const before_ = mail.read().filter(({ to }) => to[0] === 'ann@client.test').length;
  await dialog(page).getByRole('button', { name: 'Send again' }).click();
  await said(page, /on its way again/);
  await until(
    'the mail comes once more',
    () => mail.read().filter(({ to }) => to[0] === 'ann@client.test').length > before_,
  );
});

test('what was typed in a window is not lost by Escape: a booking, a reason to cancel, a package', async () => {
  const start = at('13:00', addDays(day, 5));
  const made = await stack
    .client('ivo', { name: 'Ivo' })
    .post('/booking/create', { start, answers: { goal: 'Go' } });
  assert.equal(made.status, 201, made.text);
  const leaving = (page) => page.getByRole('dialog', { name: 'Leave without saving?' });
  for (const [view, opener, field] of [
    ['people', 'New booking', '#for-notes'],
    ['people', /^Cancel: Ivo/, '#cancel-reason'],
    ['people', /^Move: Ivo/, '#move-reason'],
    ['credits', 'Give credits', '#grant-email'],
  ]) {
    const page = await open(view);
    await page.getByRole('button', { name: opener }).first().click();
    await page.locator(field).waitFor();
    await page.keyboard.press('Escape'); // nothing was typed
    await page.locator(field).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: opener }).first().click();
    await page.locator(field).fill('A long story');
    await page.keyboard.press('Escape');
    await leaving(page).getByRole('button', { name: 'Stay here' }).click();
    assert.equal(await page.locator(field).inputValue(), 'A long story');
    await page.keyboard.press('Escape');
    await leaving(page).getByRole('button', { name: 'Discard' }).click();
    await page.locator(field).waitFor({ state: 'detached' });
    await page.context().close();
  }
});

test('private notes are not lost by Escape: whoever closes the window over them is asked', async () => {
  const start = at('16:00', addDays(day, 5));
  const made = await stack
    .client('eve', { name: 'Eve' })
    .post('/booking/create', { start, answers: { goal: 'Go' } });
  assert.equal(made.status, 201, made.text);
  const page = await open('people');
  const notes = page.getByLabel('Your private notes');
  const leaving = page.getByRole('dialog', { name: 'Leave without saving?' });
  const details = () => page.getByRole('button', { name: /^Details: Eve/ }).click();
  await details();
  await notes.fill('A long note');
  await page.keyboard.press('Escape');
  await leaving.waitFor();
  await checked(page, 'coach-notes-leaving');
  await page.keyboard.press('Escape'); // of the question: the window stays
  await leaving.waitFor({ state: 'detached' });
  assert.equal(await notes.inputValue(), 'A long note');
  await page.getByRole('button', { name: 'Save notes' }).click();
  await said(page, /^Saved/);
  await page.keyboard.press('Escape');
  await notes.waitFor({ state: 'detached' });
  await details();
  assert.equal(await notes.inputValue(), 'A long note');
  await notes.fill('Another');
  await dialog(page).getByRole('button', { name: 'Close', exact: true }).click();
  await leaving.getByRole('button', { name: 'Discard' }).click();
  await notes.waitFor({ state: 'detached' });
  assert.equal((await coach.get(`/booking/${made.body.id}`)).body.coach_notes, 'A long note');
});

test('a mail that could not be delivered is told above every view, and sent again from its line', async () => {
  await mail.fault('RCPT', { reply: '550 5.1.1 no such user', times: 2 });
  const bob = stack.client('bob', { name: 'Bob' });
  const made = (
    await bob.post('/booking/create', {
      start: at('14:00'),
      phone: '+1 416 555 0101',
      answers: { goal: 'x' },
    })
  ).body;
  await until('it is given up', async () =>
    (await coach.get('/coach/damian/notices')).body.notices.some(({ appointment_id: id }) => id === made.id),
  );
  const page = await open('hours');
  await page
    .locator('.banner')
    .filter({ hasText: /couldn’t be delivered/ })
    .waitFor();
  await checked(page, 'coach-mail-banner');
  await page.getByRole('link', { name: 'See which' }).click();
  const section = page.locator('#undelivered');
  await section.waitFor();
  await checked(page, 'coach-undelivered');
  await mail.heal();
  const line = section.locator('li').filter({ hasText: 'the client' }).filter({ hasText: 'Bob' });
  await line.getByRole('button', { name: /^Send again: Bob/ }).click();
  await said(page, /on its way again/);
  await mail.wait(1, ({ to }) => to[0] === 'bob@client.test');
});

test('a calendar is added by its feed, read again, and removed after a question', async () => {
  const page = await open('google');
  await page.getByLabel('Its iCal address').fill(`${base}/family.ics`);
  await page.getByLabel('Name it').fill('Family');
  await page.getByRole('button', { name: 'Add calendar' }).click();
  await said(page, /^The calendar is added/);
  await shown(page, /works · last read .* · one event/).waitFor();
  await checked(page, 'coach-calendars');
  await page.getByRole('button', { name: 'Read now: Family' }).click();
  await said(page, /^Family has been read/);
  await goTo(page, 'week');
  await showDay(page, day);
  await page.locator('.block.busy').filter({ hasText: 'Family' }).first().waitFor();
  // A second one has a pattern of its own there, and both are in the legend by name.
  const second = (
    await coach.post('/coach/damian/calendars', { kind: 'ical', url: `${base}/choir.ics`, name: 'Choir' })
  ).body;
  await page.reload();
  await showDay(page, day);
  const look = (name) =>
    page
      .locator('.block.busy')
      .filter({ hasText: name })
      .first()
      .evaluate((block) => getComputedStyle(block).backgroundImage);
  const [family, choir] = [await look('Family'), await look('Choir')];
  assert.ok(family.includes('gradient') && choir.includes('gradient') && family !== choir);
  for (const name of ['Family', 'Choir'])
    await page.locator('.legend span').filter({ hasText: name }).locator('.swatch').waitFor();
  assert.equal(
    await page.locator('.legend').getByText('Google').count(),
    0,
    'nothing of this week is from it',
  );
  await checked(page, 'coach-week-calendars');
  assert.equal((await coach.delete(`/coach/damian/calendars/${second.id}`)).status, 204);
  await goTo(page, 'google');
  await page.getByRole('button', { name: 'Remove: Family' }).click();
  await dialog(page).getByRole('button', { name: 'Remove' }).click();
  await said(page, /^Family is removed/);
  assert.deepEqual((await coach.get('/coach/damian/calendars')).body.calendars, []);
  // One that cannot be read is not said to be.
  await page.getByLabel('Its iCal address').fill(`${base}/gone.ics`);
  await page.getByLabel('Name it').fill('Club');
  await page.getByRole('button', { name: 'Add calendar' }).click();
  await said(page, /^Club can’t be read/);
  await page.getByRole('button', { name: 'Remove: Club' }).click();
  await dialog(page).getByRole('button', { name: 'Remove' }).click();
  await said(page, /^Club is removed/);
});

test('an account is connected by CalDAV, and appointments are written to it', async () => {
  const server = await startRadicale();
  try {
    const page = await open('google');
    await page.getByLabel('Server').fill(server.url);
    await page.getByLabel('Username').fill(USER);
    await page.getByLabel('App password').fill(PASSWORD);
    await page.getByLabel('What to call it here').fill('Work');
    await page.getByLabel('Put my sessions into this calendar').check();
    await page.getByRole('button', { name: 'Connect calendar' }).click();
    await said(page, /^The calendar is added/);
    await shown(page, /works · last read .* · your sessions go here/).waitFor();
    await page.getByRole('heading', { name: 'Your CalDAV account' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Your CalDAV account' }).waitFor();
    await checked(page, 'coach-account');
    const { calendars } = (await coach.get('/coach/damian/calendars')).body;
    assert.deepEqual(
      calendars.map(({ kind, name, write }) => [kind, name, write]),
      [['caldav', 'Work', true]],
    );
    await page.getByRole('button', { name: 'Remove: Work' }).click();
    await dialog(page).getByRole('button', { name: 'Remove' }).click();
    await said(page, /^Work is removed/);
    await page.getByRole('heading', { name: 'Google Calendar', exact: true }).waitFor();
  } finally {
    await server.stop();
  }
});

test('hours that would leave bookings outside are saved only after the coach has seen the names', async () => {
  assert.equal((await coach.put('/coach/damian/schedule', document())).status, 200);
  const page = await open('hours');
  await page.getByText('To the minute').click();
  const weekday = DAYS[(new Date(day).getUTCDay() + 6) % 7];
  await page.locator(`#${weekday}-0-from`).fill('12:00');
  await page.locator(`#${weekday}-0-from`).blur();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog(page).waitFor();
  await dialog(page).getByText('Nora New').first().waitFor();
  await checked(page, 'coach-outside');
  await dialog(page).getByRole('button', { name: 'Go back' }).click();
  assert.equal((await coach.get('/coach/damian/schedule')).body.weekly.length, 1);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog(page).getByRole('button', { name: 'Save anyway' }).click();
  await said(page, /^Saved/);
  assert.equal((await coach.get('/coach/damian/schedule')).body.weekly.length, 2);
});

test('where a session takes place and what is asked are edited in words; a bad link is marked at its field', async () => {
  assert.equal((await coach.put('/coach/damian/schedule', document())).status, 200);
  const page = await open('rules');
  await openPart(page, 'type-0');
  await page.getByLabel('Where').selectOption({ label: 'Video link of your own' });
  await page.getByLabel('Link', { exact: true }).fill('http://rooms.test/damian');
  await page.getByLabel('What to call it').fill('My room');
  await page.getByLabel('Price').fill('79.5');
  await page.getByLabel('Longest answer, in characters').fill('80');
  await page.getByRole('button', { name: 'Add a question' }).click();
  const second = page.locator('#part-type-0 .question').nth(1);
  await second.getByLabel('Question', { exact: true }).fill('How did you hear of me?');
  await second.getByLabel('Answer', { exact: true }).selectOption({ label: 'One of several' });
  await second.getByLabel('Choices, one per line').fill('A friend\nThe web');
  assert.equal(await second.getByLabel(/^(Longest|Most)/).isVisible(), false);
  await second.getByLabel('Answer', { exact: true }).selectOption({ label: 'Any of several' });
  const most = second.getByLabel('Most choices that may be picked');
  await most.fill('0');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await said(page, /^2 things to correct/);
  await page.getByRole('link').filter({ hasText: 'Most choices that may be picked' }).waitFor();
  await most.fill('2');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await said(page, /^One thing to correct/);
  await checked(page, 'coach-meeting');
  await page.getByLabel('Link', { exact: true }).fill('https://rooms.test/damian');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await said(page, /^Saved/);
  const [type] = (await coach.get('/coach/damian/schedule')).body.session_types;
  assert.deepEqual(type.meeting, { kind: 'link', url: 'https://rooms.test/damian', label: 'My room' });
  assert.deepEqual(type.price, { amount: 7950, currency: 'EUR' });
  assert.deepEqual(
    type.questions.map(({ label, kind, options, max }) => [label, kind, options, max]),
    [
      ['What is your goal?', 'text', undefined, 80],
      ['How did you hear of me?', 'multi', ['A friend', 'The web'], 2],
    ],
  );
});

test('hours of one day are copied to others; a finger sets when they begin and end', async () => {
  assert.equal(
    (
      await coach.put('/coach/damian/schedule', {
        ...document(),
        weekly: [{ days: ['MO'], from: '09:30', to: '12:15' }],
      })
    ).status,
    200,
  );
  const page = await open('hours', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await page.locator('#MO-0-from').waitFor();
  assert.equal(await page.locator('.week .grid').count(), 0);
  await page.getByText('Choose a day to block it or set different hours.').waitFor(); // and nothing of dragging
  await page.getByTitle('Copy the hours of Monday to').click();
  await dialog(page).getByLabel('Wednesday').check();
  await dialog(page).getByLabel('Friday').check();
  await checked(page, 'coach-copy-day');
  await dialog(page).getByRole('button', { name: 'Copy', exact: true }).click();
  await said(page, /hours of Monday are copied/);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Save anyway' }).or(shown(page, 'Saved.')).first().waitFor();
  if (await page.getByRole('button', { name: 'Save anyway' }).count())
    await page.getByRole('button', { name: 'Save anyway' }).click();
  await said(page, /^Saved/);
  assert.deepEqual((await coach.get('/coach/damian/schedule')).body.weekly, [
    { days: ['MO', 'WE', 'FR'], from: '09:30', to: '12:15' },
  ]);
});

test('a new session type is a draft that clients do not see until it is published', async () => {
  assert.equal((await coach.put('/coach/damian/schedule', document())).status, 200);
  const page = await open('rules');
  await page.getByRole('button', { name: 'Add a session type' }).click();
  await page.locator('#type-1-name').fill('Workshop');
  await page.locator('#type-1-description').fill('For two or three.');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await said(page, /^Saved/);
  await shown(page, 'Draft', { exact: true }).waitFor();
  const ann = stack.client('drafty');
  const offered = async () =>
    (await ann.get('/booking/availability')).body.session_types.map(({ name }) => name);
  assert.deepEqual(await offered(), ['Coaching session']);
  const [, { id }] = (await coach.get('/coach/damian/schedule')).body.session_types;
  assert.equal((await ann.get(`/booking/availability?session_type=${id}`)).body.code, 'unknown_session_type');
  const wish = { start: at('16:00', addDays(day, 2)), session_type: id };
  for (const path of ['/booking/create', '/booking/hold'])
    assert.equal((await ann.post(path, wish)).body.code, 'unknown_session_type');
  assert.equal((await ann.post('/booking/series', { ...wish, count: 2 })).body.code, 'unknown_session_type');
  const forClient = await coach.post('/coach/damian/appointments', {
    ...wish,
    client: { email: 'w@client.test' },
  });
  assert.equal(forClient.status, 201, forClient.text);
  await page.locator('#type-1-draft').uncheck();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await said(page, /^Saved/);
  assert.deepEqual(await offered(), ['Coaching session', 'Workshop']);
});

test('however many came before: who booked lately is offered, and a first booking is told only where it is known', async () => {
  const book = async (who, name, start) => {
    const made = await stack
      .client(who, { name })
      .post('/booking/create', { start, answers: { goal: 'Go' } });
    assert.equal(made.status, 201, made.text);
    return made.body;
  };
  await book('late', 'Later One', at('09:00', addDays(day, 4)));
  await book('late', 'Later One', at('10:00', addDays(day, 4)));
  const rare = await book('rare', 'Rare One', at('11:00', addDays(day, 4)));
  const columns = stack.database
    .rows(
      `select column_name::text as name from information_schema.columns
       where table_schema = 'bookingd' and table_name = 'appointment' and is_generated = 'NEVER'`,
    )
    .map(({ name }) => name);
  /* Copies of a booking that have taken place, two hours apart from so many days ago on. */
  const past = (count, days, who) => {
    const start = `date_trunc('hour', now()) - interval '${days} days' + n * interval '2 hours'`;
    const end = `${start} + interval '30 minutes'`;
    const set = {
      id: 'gen_random_uuid()',
      starts_at: start,
      ends_at: end,
      blocked_from: start,
      blocked_to: end,
      user_id: `'${who}'`,
      name: `'Name of ${who}'`,
      email: `'${who}@client.test'`,
      status: `'completed'`,
      created_at: `now() - interval '${days + 1} days'`,
    };
    stack.database.run(
      `begin; set local session_replication_role = replica;
       insert into bookingd.appointment (${columns.join(', ')})
       select ${columns.map((one) => set[one] ?? `a.${one}`).join(', ')}
       from bookingd.appointment a, generate_series(1, ${count}) n where a.id = '${rare.id}'; commit`,
    );
  };
  past(1020, 200, 'often');
  past(1, 500, 'rare');
  const page = await open('people');
  await page.getByRole('button', { name: 'New booking' }).click();
  await dialog(page).locator('#for-who').waitFor();
  const offered = await dialog(page).locator('#for-who option').allTextContents();
  for (const name of ['Later One', 'Name of often'])
    assert.ok(
      offered.some((one) => one.startsWith(name)),
      offered.join('; '),
    );
  await page.keyboard.press('Escape');
  const history = async (name) => {
    await page
      .getByRole('button', { name: new RegExp(`^Details: ${name}`) })
      .first()
      .click();
    const section = dialog(page).locator('section').filter({ hasText: 'Other bookings' });
    await section.waitFor();
    const text = await section.innerText();
    await page.keyboard.press('Escape');
    return text;
  };
  assert.doesNotMatch(await history('Later One'), /first booking/);
  assert.match(await history('Rare One'), /None among your \d+ latest bookings\./);
  stack.database.run(`delete from bookingd.appointment where status = 'completed'`);
  assert.match(await history('Rare One'), /This is their first booking\./);
});
