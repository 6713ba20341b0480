// French, as it is printed: a narrow no-break space before what has two parts, in what is read aloud too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { goTo, openBrowser, openCoach, said } from './browser.mjs';

let stack, browser;
before(async () => {
  stack = await startStack({
    document: openSchedule({
      max_active_per_user: null,
      cancel_notice_minutes: 0,
      reschedule_notice_minutes: 0,
    }),
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** What is written, in words and in names for screen readers, without that space. */
const wrong = (page) =>
  page.evaluate(() => {
    const roots = [
      document,
      ...[...document.querySelectorAll('mosaic-booking')].map((one) => one.shadowRoot),
    ];
    const texts = roots.flatMap((root) => [
      ...[...root.querySelectorAll('[aria-label]')].map((node) => node.getAttribute('aria-label')),
      ...[...root.querySelectorAll('p, h1, h2, h3, li, button, a, label, span, summary')]
        .filter((node) => !node.children.length)
        .map((node) => node.textContent),
    ]);
    return [...new Set(texts)].filter((text) => /[^\u202f][;:!?»](\s|$)/.test(text));
  });

test('on the client’s page, in its live region and its names', async () => {
  const client = stack.client('anne');
  const made = await client.post('/booking/create', { start: stack.slot(40), duration_minutes: 30 });
  assert.equal(made.status, 201, made.text);
  const page = await browser.page({ locale: 'fr-FR' });
  await page.goto(`${stack.daemon.url}/booking/#token=${client.token}`);
  await page.locator('[data-start]').first().waitFor();
  assert.deepEqual(await wrong(page), []);
  await page.getByRole('button', { name: 'Mes séances' }).click();
  await said(page, /^Mes séances\u202f: 1$/);
  assert.deepEqual(await wrong(page), []);
  await page.getByRole('button', { name: /^Déplacer\s?: / }).click();
  await page.locator('[data-start]').last().click();
  await said(page, /^Nouvel horaire\u202f: /);
  await page.locator('button.main').last().click();
  await said(page, /^Votre séance est déplacée\u202f: /);
  await page.getByRole('button', { name: 'Mes séances' }).click();
  await page.getByRole('button', { name: /^Annuler\s?: / }).click();
  await page.locator('form button.main').click();
  await said(page, /^Votre séance est annulée\u202f: /);
});

test('on the coach’s page', async () => {
  const made = await stack
    .client('marc')
    .post('/booking/create', { start: stack.slot(44), duration_minutes: 30 });
  assert.equal(made.status, 201, made.text);
  const page = await openCoach(browser, stack, stack.coach(), null, { locale: 'fr-FR' });
  for (const view of ['people', 'week', 'hours', 'rules', 'google', 'credits', 'profile']) {
    await goTo(page, view);
    await page.waitForFunction(
      (name) => document.activeElement?.tagName === 'H1' && location.hash === name,
      `#${view}`,
    );
    await page.locator('main .bone').first().waitFor({ state: 'detached' });
    assert.deepEqual(await wrong(page), [], view);
  }
});
