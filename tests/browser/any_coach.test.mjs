// A client who does not mind which coach they have: chosen on the page of all coaches, told by name once somebody is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { checked, openBrowser } from './browser.mjs';

const NAMES = { damian: 'Damian Gray', clara: 'Clara Blue' };
const ABOUT = 'Twenty years in hiring.\n\nTea is served.';
const type = (id, name) => ({ id, name, durations: [30], meeting: 'none' });
let stack, browser;
before(async () => {
  stack = await startStack({
    document: { ...openSchedule(), session_types: [type('coaching', 'Coaching'), type('own', 'His own')] },
  });
  const admin = stack.admin();
  const hers = { ...openSchedule(), time_zone: 'Asia/Tokyo', session_types: [type('coaching', 'Coaching')] };
  assert.equal((await admin.put('/coach/clara/schedule', hers)).status, 201);
  for (const [id, name] of Object.entries(NAMES))
    assert.equal(
      (await admin.put(`/coach/${id}/profile`, { name, about: ABOUT, languages: ['ja', 'en'] })).status,
      200,
    );
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** The form for the last time that is offered first, with any coach. */
async function chooseAny(client, user, options) {
  const page = await browser.page(options);
  await page.goto(`${stack.daemon.url}/booking/#token=${client.token}`);
  await checked(page, `coaches-${user}`);
  await page.locator('.coaches a[href*="/booking/any"]').click();
  await page.locator('[data-type=coaching]').click();
  await page.locator('[data-start]').last().click();
  await page.locator('#name').waitFor();
  return page;
}

/** Books it, and answers the booking and the page that tells of it. */
async function bookAny(user, options) {
  const client = stack.client(user);
  const page = await chooseAny(client, user, options);
  await page.locator('button[type=submit]').click();
  await page.locator('.tick').waitFor();
  await checked(page, `any-coach-${user}`);
  const { appointments } = (await client.get('/booking/user/me')).body;
  assert.equal(appointments.length, 1);
  return [appointments[0], await page.locator('.summary').textContent()];
}

test('any coach is one of the choices; each in turn is booked, and told by name', async () => {
  const [first, told] = await bookAny('ann', { locale: 'en-GB' });
  const [second, said] = await bookAny('zoe', { locale: 'fr-FR', viewport: { width: 360, height: 800 } });
  assert.deepEqual([first.coach, second.coach].sort(), ['clara', 'damian']);
  assert.ok(told.includes(NAMES[first.coach]), told);
  assert.ok(said.includes(NAMES[second.coach]), said);
});

test('a client reads which languages a coach speaks, and what they say of themselves', async () => {
  const page = await browser.page({ locale: 'fr-FR' });
  await page.goto(`${stack.daemon.url}/booking/#token=${stack.client('ria').token}`);
  const card = page.locator('.coaches a', { hasText: NAMES.clara });
  await card.getByText('Japonais et anglais').waitFor();
  await card.click();
  await page.locator('.facts', { hasText: 'Japonais et anglais' }).waitFor(); // one type: its times at once
  assert.ok(!(await page.getByText('Tea is served').isVisible()));
  await page.getByText('À propos de votre coach').click();
  await page.getByText(ABOUT).waitFor();
  await checked(page, 'about-coach');
  await page.goto(`${stack.daemon.url}/booking/damian`);
  await page.locator('.cards').waitFor();
  await page.getByText(ABOUT).waitFor();
  await page.locator('.who', { hasText: 'Japonais et anglais' }).waitFor();
  await checked(page, 'about-coach-types');
});

test('every week with any coach is with one of them, who is told by name', async () => {
  const client = stack.client('wes');
  const page = await chooseAny(client, 'wes', { locale: 'en-GB' });
  await page.getByLabel('Repeat').selectOption({ label: 'Every week' });
  await page.getByRole('button', { name: 'Book 4 sessions' }).click();
  await page.locator('.tick').waitFor();
  await checked(page, 'any-coach-weekly');
  const coaches = (await client.get('/booking/user/me')).body.appointments.map(({ coach }) => coach);
  assert.equal(coaches.length, 4);
  assert.equal(new Set(coaches).size, 1);
  assert.ok((await page.locator('.summary').first().textContent()).includes(NAMES[coaches[0]]));
});

test('a session is moved to another coach where its own has no time, who is told by name', async () => {
  const client = stack.client('moe');
  const [start, target] = [stack.slot(400), stack.slot(402)];
  const wish = { session_type: 'coaching', coach: 'damian' };
  const made = await client.post('/booking/create', { ...wish, start });
  assert.equal(made.status, 201);
  assert.equal(
    (await stack.client('moes-other').post('/booking/create', { ...wish, start: target })).status,
    201,
  );
  const page = await browser.page({ locale: 'en-GB', timezoneId: 'UTC' });
  await page.goto(`${stack.daemon.url}/booking/damian#token=${client.token}`);
  await page.getByRole('button', { name: 'My sessions' }).click();
  const others = new Promise((resolve) => {
    page.route('**/booking/coaches', resolve);
  });
  await page.getByRole('button', { name: /^Move/ }).first().click();
  const asked = await others;
  await page.waitForTimeout(300);
  const times = page.locator('[data-start]').first();
  assert.ok(!(await times.isVisible()), 'what is still to come would move them away from a finger');
  await asked.continue();
  await times.waitFor();
  assert.equal(await page.locator(`[data-start="${target}"]`).count(), 0);
  assert.ok(await page.getByRole('button', { name: 'Any coach' }).isVisible());
  for (const clock of ['12-hour clock', '24-hour clock'])
    await page.getByRole('button', { name: clock }).click(); // who it is with is drawn anew
  await page.getByRole('button', { name: 'Any coach' }).click();
  await page.locator(`[data-start="${target}"]`).click();
  await page.getByRole('button', { name: 'Move to this time' }).click();
  await page.locator('.tick').waitFor();
  assert.equal(page.calls.filter((one) => one === 'GET /booking/coaches').length, 1);
  await checked(page, 'moved-to-another-coach');
  assert.ok((await page.locator('.summary').textContent()).includes(NAMES.clara));
  const { body } = await client.get(`/booking/${made.body.id}`);
  assert.deepEqual([body.coach, body.start], ['clara', target]);
});

test('a panel that is built anew while a session is moved asks for the times of a new one', async () => {
  const client = stack.client('ned');
  const wish = { session_type: 'coaching', coach: 'damian', start: stack.slot(410) };
  assert.equal((await client.post('/booking/create', wish)).status, 201);
  const page = await browser.page({ locale: 'en-GB' });
  await page.goto(`${stack.daemon.url}/booking/damian#token=${client.token}`);
  await page.getByRole('button', { name: 'My sessions' }).click();
  await page.getByRole('button', { name: /^Move/ }).first().click();
  await page.locator('[data-start]').first().waitFor();
  const asked = page.waitForRequest(/availability/);
  await page.evaluate(() => document.querySelector('mosaic-booking').setAttribute('duration', '30'));
  assert.doesNotMatch((await asked).url(), /rescheduling/);
  await page.locator('[data-type=own]').waitFor();
});

test('the form and a client’s sessions go by the coach they are with, whoever’s page it is', async () => {
  const asking = (label, time_zone, price) => ({
    ...openSchedule(),
    time_zone,
    session_types: [
      {
        ...type('talk', `Talk: ${label}`),
        questions: [{ id: 'goal', label, kind: 'text', required: true }],
      },
      { ...type('tea', 'Tea'), ...(price && { price }) },
    ],
  });
  const labels = { damian: 'Your aim?', clara: 'Your wish?' };
  const price = { amount: 5000, currency: 'EUR' }; // hers alone
  const seen = await startStack({ document: asking(labels.damian, 'UTC') });
  try {
    const admin = seen.admin();
    assert.equal(
      (await admin.put('/coach/clara/schedule', asking(labels.clara, 'Asia/Tokyo', price))).status,
      201,
    );
    for (const [id, name] of Object.entries(NAMES))
      assert.equal((await admin.put(`/coach/${id}/profile`, { name })).status, 200);
    const client = seen.client('pat');
    const page = await browser.page({ locale: 'en-GB', timezoneId: 'UTC' });
    const choose = async (id) => {
      await page.goto('about:blank');
      await page.goto(`${seen.daemon.url}/booking/any#token=${client.token}`);
      await page.locator(`[data-type=${id}]`).click();
      const held = page.waitForResponse(/booking\/hold/);
      await page.locator('[data-start]').last().click();
      const { coach } = await (await held).json();
      await page.locator('.summary', { hasText: NAMES[coach] }).waitFor();
      return coach;
    };
    for (let times = 0; times < 2; times += 1) {
      await page.getByLabel(labels[await choose('talk')]).fill('To grow');
      await page.locator('button[type=submit]').click();
      await page.locator('.tick').waitFor();
    }
    const { appointments } = (await client.get('/booking/user/me')).body;
    assert.deepEqual(appointments.map(({ coach }) => coach).sort(), ['clara', 'damian']);
    for (const place of ['damian', 'any']) {
      await page.goto(`${seen.daemon.url}/booking/${place}`);
      await page.locator('[data-type=talk]').waitFor(); // before, it cannot know whose page it is
      await page.getByRole('button', { name: 'My sessions' }).click();
      for (const [coach, label] of Object.entries(labels)) {
        const one = page.locator('.sessions li', {
          has: page.getByRole('heading', { name: `Talk: ${label}` }),
        });
        await one.waitFor();
        const told = await one.textContent();
        assert.equal(told.includes(NAMES[coach]), place !== coach, told);
        assert.equal(told.includes('Tokyo'), coach === 'clara', told);
        const link = await one.locator('a[href*="calendar.google.com"]').getAttribute('href');
        assert.equal(new URL(link).searchParams.get('text'), `Session with ${NAMES[coach]}`);
        await one.getByRole('button', { name: /^Your answers/ }).click();
        assert.equal(await page.getByLabel(label).inputValue(), 'To grow');
        await page.getByRole('button', { name: 'Back' }).click();
      }
      await checked(page, `sessions-of-two-coaches-${place}`);
    }
    for (let times = 0; times < 2; times += 1) {
      const costs = page.locator('#costs', { hasText: '50' });
      await costs.waitFor({ state: (await choose('tea')) === 'clara' ? 'visible' : 'detached' });
      await page.locator('button[type=submit]').click();
      await page.locator('.tick').waitFor();
    }
    const coaches = (await client.get('/booking/user/me')).body.appointments
      .filter(({ session_type }) => session_type === 'tea')
      .map(({ coach }) => coach);
    assert.deepEqual(coaches.sort(), ['clara', 'damian']);
  } finally {
    await seen.stop();
  }
});

test('a mail’s link that is over is told, also where anybody may see the times of several coaches', async () => {
  const seen = await startStack({ env: { PUBLIC_AVAILABILITY: '1' } });
  try {
    assert.equal((await seen.admin().put('/coach/clara/schedule', openSchedule())).status, 201);
    const page = await browser.page();
    const times = page.waitForResponse(/\/booking\/availability/);
    await page.route(/widget-more/, async (route) => {
      await times;
      await page.waitForTimeout(500); // the list of the coaches would come before the form
      await route.continue();
    });
    await page.goto(`${seen.daemon.url}/booking/#manage=${'x'.repeat(43)}`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.locator('.notice.alarm').getByText('This link has expired').waitFor();
    assert.equal(await page.locator('.coaches').count(), 0);
  } finally {
    await seen.stop();
  }
});
