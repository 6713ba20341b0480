// What a client meets beside a plain booking: places, questions, series, news and preferences.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { checked, openBrowser, said, shown } from './browser.mjs';

const QUESTIONS = [
  { id: 'goal', label: 'What is your goal?', kind: 'text', required: true },
  { id: 'heard.of', label: 'How did you hear of me?', kind: 'choice', options: ['A friend', 'The web'] },
  { id: 'topics', label: 'Topics', kind: 'multi', options: ['Work', 'Life'] },
  { id: 'cv', label: 'A link to your CV', kind: 'url', required: true, before: 'start' },
  { id: 'before', label: 'Been coached before?', kind: 'bool' },
];
const LINK = {
  kind: 'link',
  url: 'https://rooms.test/{id}',
  label: 'Damian’s room',
  instructions: 'Please be on time.',
};
const PRICE = { amount: 5000, currency: 'EUR' };
let stack, mail, browser, coach;
before(async () => {
  mail = await MailServer.start();
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  const [type] = document.session_types;
  stack = await startStack({
    env: {
      ...mail.settings,
      PUBLIC_URL: 'https://book.test',
      REDIRECT_ALLOWED_ORIGINS: 'https://site.test',
    },
    document: {
      ...document,
      session_types: [
        { ...type, durations: [30], meeting: LINK, questions: QUESTIONS },
        { ...type, id: 'once', name: 'Introduction', meeting: 'none', policy: { max_active_per_user: 1 } },
        { ...type, id: 'paid', name: 'Long talk', meeting: 'none', questions: QUESTIONS, price: PRICE },
        { ...type, id: 'circle', name: 'Circle', meeting: 'none', seats: 5 },
      ],
    },
  });
  coach = stack.coach();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  await mail?.stop();
});

async function choose(user, type = 'coaching', options = {}, query = '') {
  const page = await browser.page(options);
  page.user = stack.client(user);
  await page.goto(`${stack.daemon.url}/booking/?coach=damian&type=${type}${query}#token=${page.user.token}`);
  await page.locator('[data-start]').last().click();
  await page.locator('#name').waitFor();
  return page;
}
const mine = async (page) => (await page.user.get('/booking/user/me')).body.appointments;

for (const [width, colorScheme] of [
  [360, 'dark'],
  [1280, 'light'],
])
  test(`a coach’s questions are asked with the form, answered later too (${width}, ${colorScheme})`, async () => {
    const page = await choose(`ann${width}`, 'coaching', { viewport: { width, height: 900 }, colorScheme });
    await checked(page, `questions-${width}-${colorScheme}`);
    const box = await page.getByLabel('A friend').boundingBox();
    const words = await page.getByText('A friend').boundingBox();
    assert.ok(box.width < 30 && words.width > words.height, 'the words stand in one line beside their box');
    await page.getByRole('button', { name: 'Confirm booking' }).click();
    await said(page, /Please answer: What is your goal/);
    await page.getByRole('link', { name: 'Please answer: What is your goal?' }).click();
    await page.keyboard.type('To lead');
    await page.getByLabel('The web').check();
    await page.getByLabel('Work').check();
    await page.getByLabel('Yes').check();
    await page.getByRole('button', { name: 'Confirm booking' }).click();
    await page.getByRole('link', { name: 'Damian’s room' }).waitFor();
    await shown(page, 'Please be on time.').waitFor();
    await checked(page, `booked-link-${width}-${colorScheme}`);
    const [made] = await mine(page);
    const { answers } = (await coach.get(`/booking/${made.id}`)).body;
    assert.deepEqual(answers, { goal: 'To lead', 'heard.of': 'The web', topics: ['Work'], before: true });
    await page.getByRole('button', { name: 'My sessions' }).click();
    await page.getByRole('button', { name: /^Your answers: / }).click();
    await page.getByLabel('A link to your CV').fill('nowhere');
    await checked(page, `answers-${width}-${colorScheme}`);
    await page.getByRole('button', { name: 'Save answers' }).click();
    await shown(page, /must be an address/).waitFor();
    await page.getByLabel('A link to your CV').fill('https://cv.test/ann');
    await page.getByRole('button', { name: 'Save answers' }).click();
    await said(page, /Your answers are saved/);
    assert.equal((await coach.get(`/booking/${made.id}`)).body.answers.cv, 'https://cv.test/ann');
  });

test('a link may answer questions; a form in Polish asks them too', async () => {
  const answers = encodeURIComponent(JSON.stringify({ goal: 'From the link', topics: ['Life'] }));
  const page = await choose('pia', 'coaching', { locale: 'pl-PL' }, `&answers=${answers}`);
  assert.equal(await page.getByLabel('What is your goal?').inputValue(), 'From the link');
  assert.ok(await page.getByLabel('Life').isChecked());
  await page.getByRole('button', { name: 'Potwierdź rezerwację' }).waitFor();
  await page.getByLabel('Powtarzaj').waitFor();
  await checked(page, 'questions-pl');
});

test('what was typed for one session does not stand in the way of another that does not ask for it', async () => {
  for (const type of ['once', 'circle']) {
    const page = await choose(`tom${type}`, 'paid');
    await page.getByLabel('What is your goal?').fill('To lead');
    await page.getByLabel('Invite others').fill(type === 'once' ? 'gast@client.test' : 'ga.st');
    await page.getByLabel('Promo code').fill('SPRING');
    await page.getByRole('button', { name: 'Change time' }).click();
    await page.getByRole('button', { name: 'Choose another session' }).click();
    await page.locator(`[data-type=${type}]`).click();
    await page.locator('[data-start]').last().click();
    await page.locator('#name').waitFor();
    assert.equal(await page.getByLabel('Promo code').count(), 0);
    await page.getByRole('button', { name: 'Confirm booking' }).click();
    await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
    const [made] = await mine(page);
    assert.equal(made.session_type, type);
    assert.deepEqual((await coach.get(`/booking/${made.id}`)).body.answers ?? {}, {});
  }
});

test('where no date of a series is free there is nothing to book, and the page says so', async () => {
  const page = await choose('uma', 'coaching');
  await page.getByLabel('What is your goal?').fill('Weekly');
  const taken = async (route) => {
    const response = await route.fetch();
    const { occurrences, ...rest } = await response.json();
    const none = occurrences.map((one) => ({
      ...one,
      bookable: false,
      reasons: [{ rule: 'slot_taken', detail: 'Taken.' }],
    }));
    await route.fulfill({ response, json: { ...rest, occurrences: none } });
  };
  await page.route('**/booking/series/preview**', taken);
  await page.getByLabel('Repeat').selectOption({ label: 'Every week' });
  await shown(page, 'None of these dates is free. Please choose another time.').waitFor();
  await checked(page, 'series-none');
  assert.equal(await page.getByRole('button', { name: /^(Book|Confirm)/ }).count(), 0);
  await page.unroute('**/booking/series/preview**', taken);
  await page.getByLabel('Repeat').selectOption({ label: 'Every two weeks' });
  await page.getByRole('button', { name: /^Book \d sessions/ }).waitFor(); // as many as are near enough
  await page.getByLabel('Repeat').selectOption({ label: 'Just once' });
  await page.getByRole('button', { name: 'Confirm booking' }).waitFor();
});

test('every week: the dates are shown, those that are taken left out, and all the others booked at once', async () => {
  const page = await choose('sam', 'coaching', { viewport: { width: 768, height: 900 } });
  await page.getByLabel('What is your goal?').fill('Weekly');
  const third = await page.evaluate(
    () => document.querySelector('mosaic-booking').shadowRoot.querySelector('.summary strong').textContent,
  );
  assert.ok(third);
  await page.getByLabel('Repeat').selectOption({ label: 'Every week' });
  await said(page, /^4 of 4 dates are free/);
  await checked(page, 'series');
  await page.getByRole('button', { name: 'Book 4 sessions' }).click();
  await shown(page, '3 more sessions are booked:').waitFor();
  await checked(page, 'series-booked');
  const starts = (await mine(page)).map(({ start }) => Date.parse(start));
  assert.equal(starts.length, 4);
  for (let at = 1; at < 4; at += 1) assert.equal(starts[at] - starts[at - 1], 7 * 86_400_000);
});

test('where a client may have one booking only, nothing is repeated', async () => {
  const page = await choose('one', 'once');
  assert.equal(await page.getByLabel('Repeat').count(), 0);
});

test('news: a bell while there is any, read once shown, and reminders that can be switched off', async () => {
  const nina = stack.client('nina');
  const made = (
    await nina.post('/booking/create', {
      start: stack.slot(30),
      answers: { goal: 'x' },
      session_type: 'coaching',
    })
  ).body;
  const news = (wanted) =>
    until(`news of ${wanted}`, async () =>
      (await nina.get('/booking/user/me/notices')).body.notices.some(({ kind }) => kind === wanted),
    );
  await news('confirmed'); // of what was not told yet nothing is told when it is cancelled
  assert.equal((await coach.put(`/booking/${made.id}/cancel`, { reason: 'Ill' })).status, 200);
  await news('cancelled');
  const page = await browser.page({ viewport: { width: 360, height: 740 } });
  await page.goto(`${stack.daemon.url}/booking/?coach=damian&type=coaching#token=${nina.token}`);
  await page.locator('[data-start]').first().waitFor();
  await page.getByRole('button', { name: 'My sessions' }).click();
  const bell = page.getByRole('button', { name: /^News: \d new/ });
  await bell.waitFor();
  await checked(page, 'bell');
  await bell.click();
  await shown(page, /^new Your session on .* is cancelled\.$/).waitFor();
  await page.getByLabel('Remind me before a session').uncheck();
  await said(page, /^Saved/);
  await checked(page, 'news');
  assert.equal((await nina.get('/booking/user/me/preferences')).body.reminders, false);
  assert.equal((await nina.get('/booking/user/me/notices')).body.unread, 0);
  assert.equal(await bell.count(), 0);
});

test('the link that stops reminders leads to a page with a button for a finger', async () => {
  stack.database.run(`insert into bookingd.action_token (hash, purpose, user_id, expires_at)
    values (sha256('of-nina'), 'stop', 'nina', now() + interval '1 day')`);
  const page = await browser.page({ viewport: { width: 360, height: 740 } });
  await page.goto(`${stack.daemon.url}/booking/stop/of-nina`);
  const button = page.getByRole('button');
  assert.ok((await button.boundingBox()).height >= 44);
  await checked(page, 'stop');
  await button.click();
  await button.waitFor({ state: 'detached' });
});

test('an address where there is nothing is a page for a person, in their language, and JSON for a program', async () => {
  const strays = ['/nowhere', '/booking/a/b/c', '/coach/damian/nothing'];
  for (const [locale, words] of [
    ['en-US', 'There’s nothing at this address'],
    ['pl-PL', 'Pod tym adresem nic nie ma'],
  ]) {
    const page = await browser.page({ locale, viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    for (const path of strays) {
      const reply = await page.goto(stack.daemon.url + path);
      assert.deepEqual([reply.status(), reply.headers()['cache-control']], [404, 'no-store'], path);
      await page.getByRole('heading', { name: words }).waitFor();
    }
    await checked(page, `missing-${locale}`);
  }
  for (const path of strays) {
    const reply = await stack.client('ann').get(path);
    assert.deepEqual([reply.status, reply.body.code], [404, 'not_found']);
  }
});

test('after a booking the client is led where the coach wants them, if the server’s settings know that site', async () => {
  const { body } = await coach.get('/coach/damian/schedule');
  const redirected = (url) => ({
    ...body,
    session_types: body.session_types.map((type) => ({ ...type, redirect_url: url })),
  });
  for (const url of ['http://site.test/', 'https://site.test@evil.test/', 'https://evil.test/']) {
    const wrong = await coach.put('/coach/damian/schedule', redirected(url));
    assert.deepEqual([wrong.status, wrong.body.field], [422, 'session_types[0].redirect_url'], url);
    assert.equal(wrong.body.errors.length, body.session_types.length, url);
  }
  assert.equal(
    (await coach.put('/coach/damian/schedule', redirected('https://site.test/thanks?a=1'))).status,
    200,
  );
  const page = await choose('rita', 'once');
  await page.context().route('https://site.test/**', (route) => route.fulfill({ body: 'Thank you' }));
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.waitForURL(/^https:\/\/site\.test\/thanks/);
  const [made] = await mine(page);
  assert.equal(page.url(), `https://site.test/thanks?a=1&booking=${made.id}`);
  // The settings have another site by now: nobody is led there any more.
  stack.database.run(`update bookingd.coach
    set schedule = replace(schedule::text, 'site.test', 'evil.test')::jsonb, schedule_version = schedule_version + 1`);
  const listing = '/booking/availability?session_type=once';
  await until('the new schedule', async () => {
    const types = (await stack.client('rita').get(listing)).body.session_types;
    return types.every((type) => type.redirect_url === undefined);
  });
  assert.equal((await coach.put('/coach/damian/schedule', redirected(null))).status, 200);
});
