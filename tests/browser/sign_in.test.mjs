// Signing in by mail on the pages, and what the links of mails open.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { MailServer, codeOf } from '../harness/mail.mjs';
import { openSchedule, startStack, until } from '../harness/stack.mjs';
import { freePort } from '../harness/run_folder.mjs';
import { checked, focused, mailed, openBrowser, openCoach, said, shown } from './browser.mjs';

const port = await freePort();
const site = `http://localhost:${port}`; // another site than 127.0.0.1: what is stored in a frame there is kept apart
let host;
let pasted = '';
let stack;
let mail;
let browser;
before(async () => {
  mail = await MailServer.start();
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  const [type] = document.session_types;
  const questions = [{ id: 'goal', label: 'What is your goal?', kind: 'text' }];
  stack = await startStack({
    env: { ...mail.settings, PUBLIC_URL: 'https://book.test', FRAME_ALLOWED_ORIGINS: site },
    document: { ...document, session_types: [{ ...type, questions }] },
  });
  host = http.createServer((_, reply) => {
    const from = stack.daemon.url;
    reply.writeHead(200, {
      'Content-Type': 'text/html',
      'Content-Security-Policy': `default-src 'none'; script-src ${from}; frame-src ${from}; img-src data:`,
    });
    reply.end(`<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">
      <main><h1>Host</h1>${pasted}</main>`);
  });
  await new Promise((resolve) => {
    host.listen(port, '127.0.0.1', resolve);
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  host?.closeAllConnections();
  host?.close();
  await stack?.stop();
  await mail?.stop();
});

const linkOf = ({ text }, name) => new RegExp(`#${name}=[\\w-]+`).exec(text)[0];

async function ask(page, email) {
  const former = mail.codesTo(email).length; // they and their links are used up
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel('Code from the email').waitFor();
  await until(`a new code to ${email}`, () => mail.codesTo(email).length > former, 60_000);
}

test('a stranger signs in by a code and books; a reload remembers them; the mail’s link opens the session', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/`);
  await ask(page, 'ann@client.test');
  await checked(page, 'sign-in-code');
  await page.getByLabel('Code from the email').fill('000');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await said(page, /^That isn’t the code/);
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, 'ann@client.test', /code/)));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('[data-start]').first().waitFor();
  await page.locator('[data-start]').last().click();
  await page.getByLabel('Name').fill('Ann');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  await page.reload();
  await page.locator('[data-start]').first().waitFor(); // still signed in

  const kept = () => page.evaluate(() => JSON.parse(localStorage.getItem('mosaic-booking')).token);
  const headers = { authorization: `Bearer ${await kept()}` };
  const known = async () => (await fetch(`${stack.daemon.url}/session`, { headers })).status;
  assert.equal(await known(), 200);
  const signOut = page.getByRole('button', { name: 'Sign out' });
  const [lists, asked] = [/user\/me\?status|user\/me\/credits|booking\/waitlist/, []];
  await page.route(lists, (route) => asked.push(route));
  await page.getByRole('button', { name: 'My sessions' }).click();
  await until('all are asked for', () => asked.length === 3);
  const isAbove = (route) => /credits/.test(route.request().url());
  for (const route of asked.sort((a, b) => isAbove(a) - isAbove(b))) {
    await page.waitForTimeout(200);
    assert.ok(!(await signOut.isVisible()), 'what is still to come would move it away from a finger');
    await route.continue();
  }
  await signOut.waitFor();
  await page.unroute(lists);
  await page.getByRole('button', { name: /^Cancel:/ }).waitFor();
  await checked(page, 'sessions-sign-out');
  await signOut.click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await kept(), null);
  assert.equal(await known(), 401);
  const host = await browser.page();
  await host.goto(`${stack.daemon.url}/booking/#token=${stack.client('hal').token}`);
  await host.getByRole('button', { name: 'My sessions' }).click();
  await shown(host, 'No sessions here.').waitFor();
  assert.equal(await host.getByRole('button', { name: 'Sign out' }).count(), 0, 'they signed in elsewhere');

  const manage = linkOf(await mailed(mail, 'ann@client.test', /#manage=/), 'manage');
  const elsewhere = await browser.page();
  await elsewhere.goto(`${stack.daemon.url}/booking/${manage}`);
  await elsewhere.getByRole('heading', { name: 'Your session', exact: true }).waitFor();
  await elsewhere.getByRole('button', { name: /^Cancel:/ }).waitFor();
  assert.doesNotMatch(elsewhere.url(), /manage/);
  await checked(elsewhere, 'managed');
  await elsewhere.getByRole('button', { name: /^Cancel:/ }).click();
  await elsewhere.getByLabel('Yes, cancel this session').check();
  await elsewhere.getByRole('button', { name: 'Cancel the session' }).click();
  await elsewhere.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
});

test('pressed twice while the server is slow, one code is asked for', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/`);
  await page.getByLabel('Email').fill('ian@client.test');
  let answer;
  const pressed = new Promise((resolve) => {
    answer = resolve;
  });
  await page.route(/\/booking\/sign-in$/, (route) => pressed.then(() => route.continue()));
  for (let times = 0; times < 2; times += 1) await page.getByLabel('Email').press('Enter');
  answer();
  await page.getByLabel('Code from the email').waitFor();
  assert.equal(page.calls.filter((call) => call === 'POST /booking/sign-in').length, 1);
});

test('a token of the address that is over is used no more: who signs in by mail then is so after a reload, too', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/#token=a.b.c`);
  await ask(page, 'ira@client.test');
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, 'ira@client.test', /code/)));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('[data-start]').first().waitFor();
  await page.reload();
  await page.locator('[data-start]').first().waitFor();
});

test('the link in the mail signs in where it was asked for, and says so elsewhere', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/`);
  await ask(page, 'bea@client.test');
  const link = linkOf(await mailed(mail, 'bea@client.test', /#sign-in=/), 'sign-in');
  const other = await browser.page();
  await other.goto(`${stack.daemon.url}/booking/${link}`);
  await said(other, /^The link in the email only works in the browser that asked for it/);
  assert.doesNotMatch(other.url(), /sign-in/);
  await page.goto('about:blank');
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await page.locator('[data-start]').first().waitFor();
});

let slot = 5;
/** Somebody's booking, and the link of the mail about it. */
async function bookedBy(user, more) {
  const start = stack.slot((slot += 2));
  const wish = { start, session_type: 'coaching', time_zone: 'America/New_York', ...more };
  const made = await stack.client(user).post('/booking/create', wish);
  assert.equal(made.status, 201, made.text);
  return linkOf(await mailed(mail, `${user}@client.test`, /#manage=/), 'manage');
}
const managedView = (page) => page.getByRole('heading', { name: 'Your session', exact: true }).waitFor();

test('a mail’s link leads nowhere but to its session: it is moved, answered and cancelled, and all ways lead back', async () => {
  const link = await bookedBy('mia');
  const page = await browser.page();
  const back = async () => {
    await page.getByRole('button', { name: 'Your session', exact: true }).first().click();
    await managedView(page);
  };
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await page.getByRole('heading', { name: 'Coaching', exact: false, level: 3 }).waitFor();
  assert.ok(!page.url().includes('manage'));
  await page.getByRole('button', { name: /^Your answers: / }).click();
  await page.getByLabel('What is your goal?').fill('To lead');
  await page.getByRole('button', { name: 'Save answers' }).click();
  await shown(page, 'Your answers are saved.').waitFor();
  await back();
  await page.getByRole('button', { name: /^Move: / }).click();
  await page.locator('[data-start]').first().waitFor();
  await back();
  await page.getByRole('button', { name: /^Move: / }).click();
  await page.locator('[data-start]').last().click();
  await page.getByLabel('Yes, move this session').check();
  await page.getByRole('button', { name: 'Move to this time' }).click();
  await page.getByRole('heading', { name: 'Your session has moved' }).waitFor();
  assert.equal(await page.getByRole('button', { name: /another session|My sessions/ }).count(), 0);
  await back();
  await page.getByRole('button', { name: /^Cancel: / }).click();
  await page.locator('#reason').waitFor();
  await page.goBack();
  await managedView(page);
  await page.goForward();
  await managedView(page);
  await page.reload();
  await page.getByRole('button', { name: /^Cancel: / }).click();
  await page.getByLabel('Yes, cancel this session').check();
  await page.getByRole('button', { name: 'Cancel the session' }).click();
  await page.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
  assert.equal(await page.getByRole('button', { name: /another session|My sessions/ }).count(), 0);
  await back();
  const calls = page.calls.filter((call) => / \/booking\/(user|create|hold)/.test(call));
  assert.deepEqual(calls, [], 'nothing is asked that this link is not for');
  await page.goto('about:blank');
  await page.goto(`${stack.daemon.url}/booking/`); // only a reload goes on with it
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('whoever comes back when the link’s own session is over signs in, and has what the link opened', async () => {
  const link = await bookedBy('max');
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await page.getByRole('button', { name: /^Move: / }).waitFor();
  stack.database.run(`DELETE FROM bookingd.own_session WHERE appointment_id IS NOT NULL`);
  await stack.daemon.stop();
  await stack.startDaemon();
  await page.reload();
  await said(page, /^This link has expired/);
  await ask(page, 'max@client.test');
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, 'max@client.test', /code/)));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await managedView(page);
  await page.getByRole('button', { name: /^Move: / }).waitFor();
});

test('a mail’s link opens its session on a computer whose clock is an hour ahead', async () => {
  const link = await bookedBy('hugh');
  const page = await browser.page();
  await page.addInitScript(() => {
    const { now } = Date;
    Date.now = () => now() + 3_600_000;
  });
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await managedView(page);
  await page.getByRole('button', { name: /^Move: / }).waitFor();
});

test('a mail’s link works in a tab that shows the page already, and its secret leaves the address bar', async () => {
  const link = await bookedBy('ned');
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/`);
  await ask(page, 'ned@client.test');
  const signIn = linkOf(await mailed(mail, 'ned@client.test', /#sign-in=/), 'sign-in');
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await managedView(page);
  assert.doesNotMatch(page.url(), /manage/);
  await page.goto(`${stack.daemon.url}/booking/${signIn}`);
  await page.locator('[data-start]').first().waitFor();
  assert.doesNotMatch(page.url(), /sign-in/);
  const coach = await browser.page();
  await coach.goto(`${stack.daemon.url}/coach/`);
  await ask(coach, 'coach@example.com');
  const own = linkOf(await mailed(mail, 'coach@example.com', /#sign-in=/), 'sign-in');
  await coach.goto(`${stack.daemon.url}/coach/${own}`);
  await coach.locator('.box').first().waitFor();
  assert.doesNotMatch(coach.url(), /sign-in/);
});

test('in a frame of a site that may, and of no other, a stranger signs in and books; the frame is as tall as the page', async () => {
  const desk = await openCoach(browser, stack, stack.coach(), 'profile');
  await desk.getByLabel('In a frame').check({ force: true });
  pasted = await desk.locator('#embed-code').inputValue();
  await desk.context().close();
  const page = await browser.page();
  await page.goto(`${site}/`);
  const inside = page.frameLocator('iframe');
  await ask(inside, 'fay@client.test');
  const code = codeOf(await mailed(mail, 'fay@client.test', /code/));
  await inside.getByLabel('Code from the email').fill(code);
  await inside.getByRole('button', { name: 'Sign in' }).click();
  await inside.locator('[data-start]').last().click();
  await inside.getByLabel('Name').fill('Fay');
  const frame = page.frames()[1];
  const fits = () =>
    until('the frame is as tall as the page in it', async () => {
      const inner = await frame.evaluate(() => document.body.getBoundingClientRect().height);
      const outer = await page.evaluate(() => document.querySelector('iframe').clientHeight);
      return Math.abs(outer - inner) <= 1 && inner;
    });
  const form = await fits();
  await checked(page, 'framed');
  await inside.getByRole('button', { name: 'Confirm booking' }).click();
  await inside.getByRole('heading', { name: /^You’re booked/ }).waitFor();
  assert.ok((await fits()) !== form, 'another view has another height');

  const refused = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
  await page.goto(site.replace('localhost', '127.0.0.1'));
  await refused;
  assert.equal(await inside.locator('mosaic-booking').count(), 0);
  browser.troubles = browser.troubles.filter((one) => !/frame-ancestors/.test(one)); // the browser's own line
});

test('the coach signs in by mail as well, who is another one by the same address, too', async () => {
  const email = 'coach@example.com';
  const second = await stack.admin().put('/coach/second/schedule', openSchedule());
  assert.equal(second.status, 201, second.text);
  stack.database.run(`update bookingd.coach set email = '${email}' where id = 'second'`);
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/coach/`);
  await ask(page, email);
  await checked(page, 'coach-sign-in-code');
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, email, /code/)));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('.box').first().waitFor();
  const switch_ = page.locator('.whose select');
  await switch_.waitFor();
  assert.deepEqual(await switch_.locator('option').allTextContents(), ['damian', 'second']);
  const theirs = page.waitForResponse(/\/coach\/second\/appointments/);
  await switch_.selectOption('second');
  assert.equal((await theirs).status(), 200);
  await page.locator('.whoami strong', { hasText: 'second' }).waitFor();
  await checked(page, 'coach-of-two');
});

test('the coach who signs out has ended their session; a token of the platform’s is only forgotten', async () => {
  const email = 'coach@example.com';
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/coach/`);
  await ask(page, email);
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, email, /code/)));
  const verified = page.waitForResponse(/\/sign-in\/verify/);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const { token } = await (await verified).json();
  const me = async () =>
    (await fetch(`${stack.daemon.url}/coach/me`, { headers: { authorization: `Bearer ${token}` } })).status;
  await page.locator('.box').first().waitFor();
  assert.equal(await me(), 200);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await until('the session has ended', async () => (await me()) === 401);

  const other = await openCoach(browser, stack, stack.coach());
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.ok(!other.calls.some((one) => one.startsWith('DELETE')), other.calls.join('\n'));
});

test('a mail’s link opens its session also where there are several coaches to choose from', async () => {
  await stack.admin().put('/coach/second/schedule', openSchedule());
  const link = await bookedBy('sue', { coach: 'damian' });
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await managedView(page);
  await page.getByRole('button', { name: /^Move: / }).click();
  await page.locator('[data-start]').first().waitFor();
  const profile = { name: 'Second Coach' };
  assert.equal((await stack.admin().put('/coach/second/profile', profile)).status, 200);
  const start = stack.slot((slot += 2));
  const wish = { start, session_type: 'coaching', coach: 'damian' };
  assert.equal((await stack.client('sues-other').post('/booking/create', wish)).status, 201);
  const sue = stack.client('sue');
  const [made] = (await sue.get('/booking/user/me')).body.appointments;
  const moved = await sue.put(`/booking/${made.id}/reschedule`, { start, coach: 'any' });
  assert.equal(moved.body.coach, 'second', moved.text);
  await page.getByRole('button', { name: 'Your session' }).click();
  await page.locator('.sessions', { hasText: profile.name }).waitFor();
});

test('a mail’s link that is over leads to the sessions by signing in, also where there are several coaches', async () => {
  await stack.admin().put('/coach/second/schedule', openSchedule());
  await bookedBy('tom', { coach: 'damian' });
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/#manage=${'x'.repeat(43)}`);
  await said(page, /^This link has expired/);
  await page.waitForTimeout(500); // nothing comes over it
  await shown(page, /^This link has expired/).waitFor();
  await ask(page, 'tom@client.test');
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, 'tom@client.test', /code/)));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: /^Move: / }).waitFor();
  await page.getByRole('button', { name: 'Book a session' }).click();
  await page.getByRole('link', { name: 'damian' }).waitFor();
  assert.equal(await page.locator('mosaic-booking').count(), 0);
});

test('where there are several coaches, whoever signs in by mail chooses one, at once and at the next visit', async () => {
  await stack.admin().put('/coach/second/schedule', openSchedule());
  for (const [email, brought] of Object.entries({
    'vic@client.test': '',
    'ivy@client.test': '#token=a.b.c',
  })) {
    const page = await browser.page();
    await page.goto(`${stack.daemon.url}/booking/${brought}`);
    await ask(page, email);
    await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, email, /code/)));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'damian' }).waitFor();
    assert.equal(await focused(page), 'Book a session');
    await page.goto('about:blank');
    await page.goto(`${stack.daemon.url}/booking/`);
    await page.getByRole('link', { name: 'damian' }).click();
    await page.locator('[data-start]').first().waitFor();
  }
});

test('a mail’s link that could not be asked about is no link that is over, and opens when it is tried again', async () => {
  const link = await bookedBy('uma', { coach: 'damian' });
  for (const answer of [
    (route) => route.abort('failed'),
    (route) => route.fulfill({ status: 503, json: { code: 'overloaded' } }),
  ]) {
    const page = await browser.page();
    await page.route(/\/booking\/session$/, answer);
    await page.goto(`${stack.daemon.url}/booking/${link}`);
    const again = page.getByRole('button', { name: 'Try again' });
    await again.waitFor();
    assert.equal(await page.getByText('expired').count(), 0);
    await checked(page, 'link-unasked');
    await page.unroute(/\/booking\/session$/);
    await again.click();
    await managedView(page);
    assert.doesNotMatch(page.url(), /manage/);
  }
  const coach = await browser.page();
  await coach.goto(`${stack.daemon.url}/coach/`);
  await ask(coach, 'coach@example.com');
  const own = linkOf(await mailed(mail, 'coach@example.com', /#sign-in=/), 'sign-in');
  await coach.route(/\/sign-in\/verify$/, (route) => route.abort('failed'));
  await coach.goto(`${stack.daemon.url}/coach/${own}`);
  await coach.getByText('can’t be reached').first().waitFor();
  await coach.unroute(/\/sign-in\/verify$/);
  await coach.getByRole('button', { name: 'Try again' }).click();
  await coach.locator('.box').first().waitFor();
});

/** Whoever is signed in by mail is so no more: their sessions are over, at the daemon too. */
async function endSessions() {
  stack.database.run('DELETE FROM bookingd.own_session');
  await stack.daemon.stop();
  await stack.startDaemon();
}

async function enter(page, email) {
  await ask(page, email);
  await page.getByLabel('Code from the email').fill(codeOf(await mailed(mail, email, /code/)));
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a reload of the form when the sign-in is over asks for it, and goes on with the form, after a further reload, too', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/damian`);
  await enter(page, 'lea@client.test');
  await page.locator('[data-start]').last().click();
  await page.getByLabel('Name').fill('Lea of the form');
  await page.getByLabel('What is your goal?').fill('To go on');
  await endSessions();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.reload();
  await enter(page, 'lea@client.test');
  await page.getByRole('button', { name: 'Confirm booking' }).waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'Lea of the form');
  assert.equal(await page.getByLabel('What is your goal?').inputValue(), 'To go on');
  await page.getByRole('button', { name: 'Confirm booking' }).click();
  await page.getByRole('heading', { name: /^You’re booked/ }).waitFor();
});

test('news in a sign-in that is over are shown once there is another', async () => {
  const page = await browser.page();
  await page.goto(`${stack.daemon.url}/booking/damian`);
  await enter(page, 'noa@client.test');
  await page.locator('[data-start]').first().waitFor();
  await page.getByRole('button', { name: 'My sessions' }).click();
  await shown(page, 'No sessions here.').waitFor();
  await endSessions();
  await page.getByRole('button', { name: 'News', exact: true }).click();
  await enter(page, 'noa@client.test');
  await page.getByRole('heading', { name: 'News', exact: true }).waitFor();
  await page.getByLabel('Remind me before a session').waitFor();
  assert.match(await focused(page), /News/);
});

test('the language of a page that could not ask about a mail’s link may be changed; its address never has the secret', async () => {
  const link = await bookedBy('zed', { coach: 'damian' });
  const page = await browser.page();
  await page.route(/\/booking\/session$/, (route) => route.abort('failed'));
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  const french = page.getByRole('link', { name: 'Français' });
  assert.doesNotMatch(await french.getAttribute('href'), /manage/);
  for (const how of [{ modifiers: ['ControlOrMeta'] }, { button: 'middle' }]) {
    const [tab] = await Promise.all([page.context().waitForEvent('page'), french.click(how)]);
    await tab.getByRole('button', { name: /^Déplacer/ }).waitFor();
    await tab.close();
    assert.doesNotMatch(
      await french.getAttribute('href'),
      /manage/,
      'nor once it was followed to another tab',
    );
  }
  await french.evaluate((node) => {
    node.innerHTML = '<font>French</font>'; // as browsers that translate a page do
  });
  await page.locator('footer font').click();
  await page.getByRole('button', { name: 'Réessayer' }).waitFor();
  await page.unroute(/\/booking\/session$/);
  await page.getByRole('button', { name: 'Réessayer' }).click();
  await page.getByRole('button', { name: /^Déplacer/ }).waitFor();
  assert.doesNotMatch(page.url(), /manage/);
});

test('what a mail’s link has opened outlives a reload on a device whose clock is weeks ahead', async () => {
  const link = await bookedBy('yan', { coach: 'damian' });
  const page = await browser.page();
  await page.addInitScript(() => {
    const { now } = Date;
    Date.now = () => now() + 40 * 86_400_000;
  });
  await page.goto(`${stack.daemon.url}/booking/${link}`);
  for (let times = 0; times < 2; times += 1) {
    await page.getByRole('button', { name: /^Move: / }).waitFor();
    await page.reload();
  }
  await page.getByRole('button', { name: /^Move: / }).waitFor();
});
