// The coach's page: a session that clients share, its move and its end for everybody; a reason that clients read; guests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { checked, focused, mailed, openBrowser, openCoach, said, showDay, shown } from './browser.mjs';

let stack, mail, browser, coach;
let hour = 30;
before(async () => {
  mail = await MailServer.start();
  const document = openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 });
  document.session_types[0].meeting = 'none';
  document.session_types.push({
    id: 'circle',
    name: 'Circle',
    durations: [60],
    meeting: 'none',
    seats: 4,
    min_seats: 2,
  });
  document.session_types.push({ id: 'hall', name: 'Hall', durations: [60], meeting: 'none', seats: 30 });
  stack = await startStack({ document, env: { ...mail.settings, PUBLIC_URL: 'https://book.test' } });
  coach = stack.coach();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  await mail?.stop();
});

const slot = () => stack.slot((hour += 3));
async function book(who, name, start, more) {
  const reply = await stack
    .client(who, { name })
    .post('/booking/create', { start, duration_minutes: 60, ...more });
  assert.equal(reply.status, 201, reply.text);
  await mailed(mail, `${who}@client.test`, /./); // who was not told of it yet is told of no move
  return reply.body;
}
const dialog = (page) => page.getByRole('dialog');
async function details(name, options) {
  const page = await openCoach(browser, stack, coach, 'people', options);
  await page.getByRole('button', { name: new RegExp(`^Details: ${name}`) }).click();
  await dialog(page).waitFor();
  return page;
}

for (const [width, colorScheme] of [
  [390, 'light'],
  [1280, 'dark'],
  [320, 'dark'],
])
  test(`everybody in a shared session: seen, moved and called off together (${width}, ${colorScheme})`, async () => {
    const start = slot();
    const free = slot();
    const first = await book(`una${width}`, `Una ${width}`, start, { session_type: 'circle' });
    await book(`vic${width}`, `Vic ${width}`, start, { session_type: 'circle' });
    const page = await details(`Una ${width}`, { viewport: { width, height: 900 }, colorScheme });
    await dialog(page).getByText('2 of 4 seats are taken').waitFor();
    await dialog(page)
      .getByRole('link', { name: `vic${width}@client.test` })
      .waitFor();
    await dialog(page).getByText('Move for everybody').click();
    const group = dialog(page).locator('section', { hasText: 'seats are taken' });
    await group.getByLabel('Reason').first().fill('The room is taken.');
    await group.getByLabel('Date').fill(free.slice(0, 10));
    await group.getByLabel('Start').fill(free.slice(11, 16));
    for (const button of await group.getByRole('button').all())
      if (await button.isVisible()) assert.ok((await button.boundingBox()).height >= 44);
    await checked(page, `coach-group-${width}-${colorScheme}`);
    await group.getByRole('button', { name: 'Move to this time' }).click();
    await said(page, /everybody is told/);
    const moved = (await coach.get(`/coach/damian/groups/${first.group_id}`)).body;
    assert.deepEqual(
      moved.appointments.map((one) => [one.start, one.move_reason]),
      [
        [free, 'The room is taken.'],
        [free, 'The room is taken.'],
      ],
    );
    for (const who of ['una', 'vic']) await mailed(mail, `${who}${width}@client.test`, /The room is taken\./);
    await page.getByRole('button', { name: new RegExp(`^Details: Vic ${width}`) }).click();
    await dialog(page).getByText('Cancel for everybody').click();
    await dialog(page).locator('#group-cancel-reason').fill('I am ill.');
    await dialog(page).getByRole('button', { name: 'Cancel the session' }).click();
    await said(page, /The session is cancelled/);
    const ended = (await coach.get(`/coach/damian/groups/${first.group_id}`)).body;
    assert.deepEqual(
      ended.appointments.map((one) => [one.status, one.cancel_reason]),
      [
        ['cancelled', 'I am ill.'],
        ['cancelled', 'I am ill.'],
      ],
    );
  });

test('the week has one block for all the seats of a session, which opens it and each booking from there', async () => {
  const start = slot();
  await book('yan', 'Yan', start, { session_type: 'circle' });
  await book('zita', 'Zita', start, { session_type: 'circle' });
  const page = await openCoach(browser, stack, coach, 'week');
  await showDay(page, start.slice(0, 10));
  const block = page.locator('.block.appointment', { hasText: '2/4 Circle' });
  await block.scrollIntoViewIfNeeded();
  assert.equal(await block.count(), 1);
  const box = await block.boundingBox();
  await page.mouse.click(box.x + 10, box.y + 10);
  await page.locator('aside .card').getByText('2 of 4 seats are taken').waitFor();
  await checked(page, 'coach-group-block');
  await page.getByRole('button', { name: 'Details: Circle' }).click();
  await dialog(page).getByRole('heading', { name: 'Circle' }).waitFor();
  await dialog(page).getByText('Move for everybody').waitFor();
  await checked(page, 'coach-group-of-block');
  await dialog(page).getByRole('button', { name: 'Details: Zita' }).press('Enter');
  await dialog(page).getByRole('heading', { name: 'Zita' }).waitFor();
});

test('a booking that cannot be opened is told in a window that closes, and the keyboard is where it was', async () => {
  const start = slot();
  const { id } = await book('wes', 'Wes', start, { session_type: 'circle' });
  const page = await openCoach(browser, stack, coach, 'week');
  await showDay(page, start.slice(0, 10));
  const block = page.locator('.block.appointment', { hasText: '1/4 Circle' });
  await block.scrollIntoViewIfNeeded();
  const box = await block.boundingBox();
  await page.mouse.click(box.x + 10, box.y + 10);
  await page.route(`**/booking/${id}`, (route) => route.fulfill({ status: 500, json: {} }));
  for (const close of [
    () => dialog(page).getByRole('button', { name: 'Close' }).click(),
    () => page.keyboard.press('Escape'),
  ]) {
    await page.getByRole('button', { name: 'Details: Circle' }).click();
    await dialog(page).getByRole('button', { name: 'Details: Wes' }).click();
    await dialog(page).getByRole('heading', { name: 'Details' }).waitFor();
    await close();
    await dialog(page).waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'Details: Circle');
  }
});

test('a reason given with a move, in either way of choosing a time, reaches the client', async () => {
  const made = await book('wim', 'Wim', slot());
  const page = await openCoach(browser, stack, coach, 'people');
  await page.getByRole('button', { name: /^Move: Wim/ }).click();
  await dialog(page).locator('[data-start]').first().waitFor();
  await dialog(page).getByLabel('Reason').fill('My train is late.');
  await checked(page, 'coach-move-reason');
  await dialog(page).locator('[data-start]').first().click();
  await dialog(page).getByRole('button', { name: 'Move to this time' }).first().click();
  await mailed(mail, 'wim@client.test', /My train is late\./);
  assert.equal((await coach.get(`/booking/${made.id}`)).body.move_reason, 'My train is late.');
  const client = await browser.page({ viewport: { width: 390, height: 900 } });
  await client.goto(
    `${stack.daemon.url}/booking/?coach=damian&type=coaching#token=${stack.client('wim').token}`,
  );
  await client.getByRole('button', { name: 'My sessions' }).click();
  await shown(client, 'Your coach wrote: My train is late.').waitFor();
  await client.getByRole('button', { name: 'News' }).last().click();
  await shown(client, 'Your coach wrote: My train is late.').waitFor();
  await checked(client, 'news-reason');
});

test('the coach changes who else comes', async () => {
  const made = await book('xia', 'Xia', slot(), { guests: ['one@guest.test'] });
  const page = await details('Xia', { viewport: { width: 390, height: 900 } });
  const guests = dialog(page).getByLabel('Guests');
  assert.equal(await guests.inputValue(), 'one@guest.test');
  await guests.fill('two at guest.test');
  await dialog(page).getByRole('button', { name: 'Save guests' }).click();
  await said(page, /Please check the addresses/);
  await checked(page, 'coach-guests');
  // Notes and guests, neither saved: whoever leaves is asked, and both are, or the window stays.
  await dialog(page).getByLabel('Your private notes').fill('Brings friends');
  const leaving = page.getByRole('dialog', { name: 'Leave without saving?' });
  await page.keyboard.press('Escape');
  await leaving.getByRole('button', { name: 'Save' }).click();
  await leaving.waitFor({ state: 'detached' });
  await guests.fill('two@guest.test, three@guest.test');
  await page.keyboard.press('Escape');
  await leaving.getByRole('button', { name: 'Save' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  assert.equal((await coach.get(`/booking/${made.id}`)).body.coach_notes, 'Brings friends');
  assert.deepEqual((await coach.get(`/booking/${made.id}`)).body.guests, [
    'two@guest.test',
    'three@guest.test',
  ]);
});

test('home counts every seat of a session, and lists what comes after it, and every request', async () => {
  const start = stack.slot(2);
  for (let n = 0; n < 26; n++) {
    const body = { start, duration_minutes: 60, session_type: 'hall' };
    const reply = await stack.client(`hall${n}`, { name: `Hall ${n}` }).post('/booking/create', body);
    assert.equal(reply.status, 201, reply.text);
  }
  await book('zoe', 'Zoe', stack.slot(8));
  const kept = (await coach.get('/coach/damian/schedule')).body;
  const [first, ...others] = kept.session_types;
  const asked = { ...kept, session_types: [{ ...first, approval: true }, ...others] };
  assert.equal((await coach.put('/coach/damian/schedule', asked)).status, 200);
  for (let n = 0; n < 21; n++) {
    const body = { start: stack.slot(100 + n), duration_minutes: 60, session_type: first.id };
    const reply = await stack.client(`ask${n}`, { name: `Ask ${n}` }).post('/booking/create', body);
    assert.equal(reply.status, 201, reply.text);
  }
  const page = await openCoach(browser, stack, coach);
  const next = page.locator('section', { hasText: 'Next sessions' });
  await next.getByText('26 of 30 seats are taken').waitFor();
  await next.getByText('Zoe', { exact: true }).waitFor();
  const requests = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Requests' }) });
  assert.equal(await requests.locator('li').count(), 21);
});
