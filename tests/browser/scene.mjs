// A coach with a page of their own, sessions to choose from and bookings, and every view of both pages: what is looked at
// by axe and by people (views.test.mjs), and what the README shows (screenshots.mjs).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { addDays, dayOf, isoText } from '../../src/web/widget/time.js';
import { MailServer } from '../harness/mail.mjs';
import { startStack, until } from '../harness/stack.mjs';
import { goTo, openPart, showDay } from './browser.mjs';

const WEEK = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const PORTRAIT = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="320" viewBox="0 0 320 320">
<rect width="320" height="320" fill="#cfe3d8"/><circle cx="160" cy="330" r="120" fill="#2b5f4a"/>
<circle cx="160" cy="136" r="64" fill="#d9a37c"/><path d="M92 140a68 68 0 0 1 136 0c0-20-24-44-68-44s-68 24-68 44Z" fill="#3a2a20"/></svg>`;

const POLICY = {
  min_notice_minutes: 0,
  horizon_days: 60,
  step_minutes: 30,
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
  cancel_notice_minutes: 1440,
  reschedule_notice_minutes: 1440,
  max_active_per_user: null,
  max_per_day: null,
  max_reschedules: null,
};
const TYPES = [
  {
    id: 'career-strategy',
    name: 'Career strategy',
    description: 'Where you are, where you want to be, and the next three steps.',
    durations: [30, 60],
    meeting: { kind: 'link', url: 'https://rooms.example/robin', label: 'Robin’s room' },
    price: { amount: 8000, currency: 'EUR' },
    questions: [
      { id: 'goal', label: 'What would you like to change?', kind: 'long', required: true },
      { id: 'how', label: 'How did you hear of me?', kind: 'choice', options: ['A friend', 'The web'] },
    ],
  },
  {
    id: 'cv-review',
    name: 'CV review',
    description: 'Send it ahead; we go through it line by line.',
    durations: [45],
    meeting: 'phone',
  },
  {
    id: 'first-talk',
    name: 'First talk',
    durations: [15],
    meeting: { kind: 'in_person', address: '12 Mill Lane' },
  },
  { id: 'circle', name: 'Evening circle', durations: [60], meeting: 'none', seats: 6, min_seats: 2 },
  { id: 'mentoring', name: 'Mentoring', durations: [45], meeting: 'phone', approval: true },
];

/** A server that takes every message, and has the feed of a calendar at /<hour>: busy for an hour from then, on a day. */
async function startFriend(day) {
  const server = http.createServer((request, response) => {
    request.resume();
    if (request.method === 'POST') return response.writeHead(204).end();
    return response
      .writeHead(200, { 'content-type': 'text/calendar' })
      .end(
        `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:x@y\r\nDTSTART:${day}T${request.url.slice(1)}0000Z\r\n` +
          `DURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
      );
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}

/** Everything that stands in the scene; `browser` draws the coach's portrait. */
export async function setScene(browser) {
  const mail = await MailServer.start();
  const today = dayOf(Date.now(), 'Europe/Paris');
  const busyDay = addDays(today, 2);
  const friend = await startFriend(busyDay.replaceAll('-', ''));
  const stack = await startStack({
    env: {
      ...mail.settings,
      PUBLIC_URL: 'https://book.example.org',
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      CALENDAR_ALLOW_PRIVATE: '1',
      WEBHOOK_ALLOW_PRIVATE: '1',
    },
    document: {
      time_zone: 'Europe/Paris',
      weekly: [
        { days: WEEK.slice(0, 5), from: '09:00', to: '12:30' },
        { days: WEEK, from: '14:00', to: '18:00' },
      ],
      overrides: [],
      blocked: [],
      policy: POLICY,
      session_types: TYPES,
    },
  });
  const coach = stack.coach();
  const sound = ({ status, text, body }) => {
    assert.ok(status < 300, text);
    return body;
  };
  sound(
    await coach.put('/coach/damian/profile', {
      name: 'Robin Example',
      headline: 'Career coach for people between two jobs',
      about:
        'Fifteen years in recruiting, ten as a coach. We talk plainly, and you leave with something to do.',
      accent: '#1f6f54',
      time_zone: null,
      languages: ['en', 'fr'],
      slug: 'robin',
    }),
  );
  const page = await browser.page({ viewport: { width: 320, height: 320 } });
  await page.setContent(`<body style="margin:0">${PORTRAIT}`);
  const portrait = await page.screenshot({ type: 'jpeg', quality: 80 });
  await page.context().close();
  const headers = { authorization: `Bearer ${coach.token}`, 'content-type': 'image/jpeg' };
  assert.equal(
    (await fetch(`${stack.daemon.url}/coach/damian/picture`, { method: 'PUT', body: portrait, headers }))
      .status,
    200,
  );
  const free = sound(
    await stack
      .client('ann', { name: 'Ann Weber' })
      .get(
        `/booking/availability?session_type=cv-review&from=${addDays(today, 1)}T00:00:00Z&to=${addDays(today, 9)}T00:00:00Z`,
      ),
  ).slots.map(({ start }) => start);
  const people = [
    ['ann', 'Ann Weber', 20],
    ['bo', 'Bo Lindqvist', 27],
    ['cleo', 'Cleo Marchand', 34],
    ['dana', 'Dana Ortiz', 42],
  ];
  const booked = {};
  for (const [id, name, at] of people) {
    const reply = await stack.client(id, { name }).post('/booking/create', {
      start: free[at],
      session_type: 'cv-review',
      duration_minutes: 45,
      phone: '+33 1 86 95 00 00',
      notes: id === 'bo' ? 'I’d like to talk about the gap in 2024.' : undefined,
    });
    booked[id] = sound(reply);
  }
  for (const [id, name] of people.slice(0, 2))
    sound(
      await stack
        .client(id, { name })
        .post('/booking/create', { start: free[60], session_type: 'circle', duration_minutes: 60 }),
    );
  const asked = { start: free[70], session_type: 'mentoring', duration_minutes: 45, notes: 'If I may.' };
  sound(await stack.client('eli', { name: 'Eli Sand' }).post('/booking/create', asked));
  // Wim and Ona wait for mornings, and Ona for one time as well, which then comes free.
  const ofKind = { session_type: 'cv-review', duration_minutes: 45 };
  const owner = stack.client('pia', { name: 'Pia Roth' });
  const given = sound(await owner.post('/booking/create', { ...ofKind, start: free[80] }));
  const mornings = { from: addDays(today, 20), days: ['MO', 'WE'], between: ['09:00', '12:30'] };
  for (const [id, name, wish] of [
    ['wim', 'Wim Bakker', mornings],
    ['ona', 'Ona Blau', mornings],
    ['ona', 'Ona Blau', { from: free[80], to: isoText(Date.parse(free[80]) + 60_000) }],
  ])
    sound(await stack.client(id, { name }).post('/booking/waitlist', { ...ofKind, ...wish }));
  sound(await owner.put(`/booking/${given.id}/cancel`, {}));
  for (const [name, hour] of [
    ['Family', '13'],
    ['Choir', '14'],
    ['Evening class', '15'],
    ['Club', '16'],
    ['The other practice', '10'],
  ])
    sound(
      await coach.post('/coach/damian/calendars', { kind: 'ical', url: `${friend.address}/${hour}`, name }),
    );
  await until(
    'the feeds are read',
    async () =>
      (await coach.get('/coach/damian/calendars')).body.calendars.every((one) => one.state === 'ok'),
    60_000,
  );
  const hook = sound(
    await coach.post('/coach/damian/webhooks', { url: `${friend.address}/bookings`, types: [] }),
  );
  sound(await coach.post(`/coach/damian/webhooks/${hook.id}/test`));
  const granted = [
    { user_id: 'ann', amount: 5, external_ref: 'order-2481' },
    { user_id: 'b7f3e2c1-5d4a-4e8b-9c6f-0a1b2c3d4e5f'.repeat(3), amount: 12, external_ref: 'x'.repeat(60) },
  ];
  for (const grant of granted) sound(await coach.post('/coach/damian/credits', grant));
  sound(
    await coach.post('/coach/damian/promo-codes', {
      code: 'SPRING-2027',
      kind: 'percent',
      value: 20,
      max_uses: 50,
    }),
  );
  await until(
    'Ann has news',
    async () => (await stack.client('ann').get('/booking/user/me/notices')).body.notices.length > 0,
  );
  const stop = async () => {
    await stack.stop();
    await mail.stop();
    friend.server.closeAllConnections();
    friend.server.close();
  };
  return {
    stack,
    coach,
    mail,
    booked,
    free,
    busyDay,
    stop,
    url: stack.daemon.url,
    day: isoText(Date.parse(free[3])),
  };
}

/* ---- views: name -> (page, scene) brings the page there ---- */

const client =
  (id) =>
  async (page, { stack, url }, path) => {
    await page.goto(`${url}/booking/${path}#token=${stack.client(id, { name: 'Ann Weber' }).token}`);
  };
const asAnn = client('ann');
const asNew = client('zoe');

export const clientViews = {
  types: async (page, scene) => {
    await asNew(page, scene, 'robin');
    await page.locator('.cards').waitFor();
  },
  times: async (page, scene) => {
    await asNew(page, scene, 'robin/career-strategy');
    await page.locator('[data-start]').first().waitFor();
  },
  zones: async (page, scene) => {
    await clientViews.times(page, scene);
    await page.locator('.settings button').first().click();
    await page.locator('[role=combobox]').fill('india');
    await page.locator('[role=option]').first().waitFor();
  },
  form: async (page, scene) => {
    await clientViews.times(page, scene);
    await page.locator('[data-start]').last().click();
    await page.locator('#name').waitFor();
  },
  faults: async (page, scene) => {
    await clientViews.form(page, scene);
    await page.locator('#name').fill('');
    await page.locator('form button.main').click();
    await page.locator('#wrongs').waitFor();
  },
  booked: async (page, scene) => {
    await page.goto(
      `${scene.url}/booking/robin/first-talk#token=${scene.stack.client(`b${Math.random()}`.replace('.', '')).token}`,
    );
    await page.locator('[data-start]').last().click();
    await page.locator('#name').fill('Zoe Novak');
    await page.locator('form button.main').click();
    await page.locator('.tick').waitFor();
  },
  sessions: async (page, scene) => {
    await asAnn(page, scene, 'robin/cv-review');
    await page.locator('[data-start]').first().waitFor();
    await page.locator('header .plain').click();
    await page.locator('.sessions .actions').first().waitFor();
  },
  cancel: async (page, scene) => {
    await clientViews.sessions(page, scene);
    await page.locator('.sessions li > .actions').first().locator('button').last().click();
    await page.locator('#reason').waitFor();
  },
  move: async (page, scene) => {
    await clientViews.sessions(page, scene);
    await page.locator('.sessions li > .actions').first().locator('button').nth(-2).click();
    await page.locator('[data-start]').first().waitFor();
  },
  news: async (page, scene) => {
    await clientViews.sessions(page, scene);
    await page.locator('.stack > button.plain').last().click();
    await page.locator('#reminders').waitFor();
  },
  wait: async (page, scene) => {
    await asNew(page, scene, 'robin/cv-review');
    await page.locator('.stack.wide > button.plain:visible').click();
    await page.locator('fieldset.choice').waitFor();
  },
  waiting: async (page, scene) => {
    await client('ona')(page, scene, 'robin/cv-review');
    await page.locator('[data-start]').first().waitFor();
    await page.locator('header .plain').click();
    await page.locator('.sessions button.main').waitFor();
    await page.locator('section section .sessions .facts').waitFor();
  },
  signIn: async (page, { url }) => {
    await page.goto(`${url}/booking/robin/career-strategy`);
    await page.locator('input[type=email]').waitFor();
  },
  code: async (page, scene) => {
    await clientViews.signIn(page, scene);
    await page.locator('input[type=email]').fill('yve@client.test');
    await page.locator('form button').first().click();
    await page.locator('[autocomplete=one-time-code]').waitFor();
  },
  missing: async (page, { url }) => {
    await page.goto(`${url}/nowhere`);
    await page.locator('h1').waitFor();
  },
};

const view =
  (name, ready) =>
  async (page, { url, coach }) => {
    await page.goto(`${url}/coach/#token=${coach.token}`);
    await page.locator('.whoami strong').waitFor();
    await goTo(page, name);
    await page.locator(ready).first().waitFor();
  };
/* One part of the booking settings, with all that is folded in it. */
const settings = (part) => async (page, scene) => {
  await coachViews.rules(page, scene);
  await openPart(page, part);
  await page.locator(`#part-${part} details`).evaluateAll((all) => all.forEach((one) => (one.open = true)));
};
export const coachViews = {
  home: view('home', '.next'),
  week: async (page, scene) => {
    await view('week', '.grid')(page, scene);
    await showDay(page, scene.busyDay);
    await page.locator('.busy.other').first().waitFor();
  },
  people: view('people', 'article'),
  credits: view('credits', 'article'),
  hours: view('hours', '.month'),
  rules: view('rules', '.part'),
  policy: settings('policy'),
  messages: settings('messages'),
  sessionType: settings('type-0'),
  menu: async (page, scene) => {
    await coachViews.home(page, scene);
    await page.setViewportSize({ width: 360, height: 800 });
    await page.locator('.menu').click();
  },
  google: async (page, scene) => {
    await view('google', '#calendar-url')(page, scene);
    await page.locator('#webhooks summary').click();
  },
  profile: view('profile', '#profile-name'),
  waitingList: async (page, scene) => {
    await coachViews.people(page, scene);
    await page.locator('input[value=waiting]').check({ force: true });
    await page.locator('article .badge').waitFor();
  },
  group: async (page, scene) => {
    await coachViews.people(page, scene);
    await page
      .locator('article', { hasText: 'Bo Lindqvist' })
      .nth(1)
      .locator('.actions button')
      .first()
      .click();
    await page.locator('dialog summary').nth(1).waitFor();
    for (const one of await page.locator('dialog section summary').all()) await one.click();
  },
  deliveries: async (page, scene) => {
    await coachViews.google(page, scene);
    await page.locator('#webhooks li button').nth(1).click();
    await page.locator('dialog .yes').first().waitFor();
  },
  chosen: async (page, scene) => {
    await view('week', '.grid')(page, scene);
    await showDay(page, dayOf(Date.parse(scene.free[60]), 'Europe/Paris'));
    const block = page.locator('.block.appointment', { hasText: 'Evening circle' });
    await block.scrollIntoViewIfNeeded();
    const box = await block.boundingBox();
    await page.mouse.click(box.x + 20, box.y + 8);
    await page.locator('aside .card').waitFor();
    await page.locator('#why .reasons').waitFor();
  },
  grant: async (page, scene) => {
    await coachViews.credits(page, scene);
    await page.locator('main button.main').click();
    await page.locator('#grant-email').waitFor();
  },
  newCode: async (page, scene) => {
    await coachViews.credits(page, scene);
    await page.locator('main section .row > button').last().click();
    await page.locator('#code-code').waitFor();
  },
  decline: async (page, scene) => {
    await coachViews.home(page, scene);
    await page.locator('.next .actions button').nth(1).click();
    await page.locator('#decline-reason').waitFor();
  },
  move: async (page, scene) => {
    await coachViews.people(page, scene);
    await page.locator('article', { hasText: 'Cleo' }).locator('.actions button').nth(1).click();
    await page.locator('dialog [data-start]').first().waitFor();
  },
  newBooking: async (page, scene) => {
    await coachViews.people(page, scene);
    await page.locator('.head button.main').click();
    await page.locator('#for-who').waitFor();
  },
  booking: async (page, scene) => {
    await coachViews.people(page, scene);
    await page.locator('article').first().locator('.actions button').first().click();
    await page.locator('#coach-notes').waitFor();
    await page.waitForFunction(() => !document.querySelector('dialog .bone'));
  },
};
