// A real browser for the tests of the pages: Debian's Chromium, driven by playwright-core.
//
//   const browser = await openBrowser();
//   const page = await browser.page({ timezoneId: 'Asia/Kathmandu' });   // a context of its own, closed with
// the browser
//   await page.goto(`${stack.daemon.url}/booking/#token=${token}`);
//   await checked(page, 'picking');      // axe finds nothing; a screenshot is kept under build/screenshots
//
// A page that logs an error, throws, or is refused something by its Content-Security-Policy fails the file, once all of its
// tests are done. The browser's own line about a call that answered 4xx or 5xx is none of that.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { until } from '../harness/child.mjs';
import { ROOT } from '../harness/run_folder.mjs';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = path.join(ROOT, 'build/screenshots');
const WIDE = { width: 1100, height: 850 };

/** Chromium tells of calls that failed; that they may is what the tests are about. */
const EXPECTED =
  /^Failed to load resource: (the server responded with a status of \d+|net::ERR_(INTERNET_DISCONNECTED|FAILED|CONNECTION_REFUSED))/;

export class Browser {
  troubles = [];

  /** A page in a context of its own; `options` as playwright's newContext. */
  async page(options = {}) {
    const context = await this.chromium.newContext({
      viewport: WIDE,
      locale: 'en-US',
      timezoneId: 'America/New_York',
      ...options,
    });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    page.calls = []; // every request: 'GET /booking/availability'
    page.on('request', (request) =>
      page.calls.push(`${request.method()} ${new URL(request.url()).pathname}`),
    );
    page.on('console', (message) => {
      if (message.type() === 'error' && !EXPECTED.test(message.text())) this.troubles.push(message.text());
    });
    page.on('pageerror', (error) => this.troubles.push(error.stack));
    return page;
  }

  /**
   * What went wrong on the pages is told by the exit code: an after() that throws would keep what it and those after it have
   * still to stop (the daemon) running, and the file would not end.
   */
  async close() {
    await this.chromium.close();
    if (!this.troubles.length) return;
    console.error('errors on the pages:', this.troubles);
    process.exitCode = 1;
  }
}

/** `more`: arguments of Chromium's besides. */
export async function openBrowser(...more) {
  const browser = new Browser();
  browser.chromium = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
  return browser;
}

/** A picture of the page as it is once nothing moves, under build/screenshots; with PICTURES=0 none. */
export async function shot(page, name) {
  await page.evaluate(() =>
    Promise.all(
      [document, ...[...document.querySelectorAll('mosaic-booking')].map((one) => one.shadowRoot)]
        .flatMap((root) => root.getAnimations())
        .filter((one) => one.effect.getComputedTiming().iterations === 1)
        .map((one) => one.finished.catch(() => {})), // what is animated may go meanwhile
    ),
  );
  if (process.env.PICTURES !== '0') await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}

/**
 * axe finds nothing wrong with the page as it is, and nothing has to be scrolled sideways; a picture is kept. `rules`: those
 * that are asked, where the page is the same as at the last check but for what they look at.
 */
export async function checked(page, name, rules) {
  await shot(page, name);
  if (await page.evaluate(() => !window.axe)) await page.evaluate(AXE);
  const found = await page.evaluate(
    (runOnly) => window.axe.run(document, { resultTypes: ['violations'], ...(runOnly && { runOnly }) }),
    rules,
  );
  const told = found.violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`,
  );
  assert.deepEqual(told, [], `axe on ${name}`);
  const [width, window_] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(width <= window_, `${name} is ${width} wide in a window of ${window_}`);
}

/** Waits until the live region has said something that matches, and answers what. */
export async function said(page, pattern) {
  const region = page.locator('#live');
  const started = Date.now();
  let text = '';
  while (Date.now() - started < 10_000) {
    text = (await region.allTextContents()).join(' '); // a window may have one of its own
    if (pattern.test(text)) return text;
    await page.waitForTimeout(20);
  }
  assert.fail(`the live region says ${JSON.stringify(text)}, not ${pattern}`);
}

/** Goes to a view of the coach's page by its menu, which a telephone has behind a button. */
export async function goTo(page, view) {
  const menu = page.locator('.menu');
  if (await menu.isVisible()) await menu.click();
  await page.locator(`nav a[href$="#${view}"]`).click();
}

/** Opens a part of the booking settings: policy, messages, type-0. */
export async function openPart(page, name) {
  const part = page.locator(`#part-${name}`);
  await part.waitFor();
  if (!(await part.evaluate((node) => node.open))) await part.locator(':scope > summary').click();
}

/** The coach's page, signed in with `coach`'s token; at a view, if one is named. */
export async function openCoach(browser, stack, coach, view, options = {}) {
  const page = await browser.page({ viewport: { width: 1280, height: 900 }, ...options });
  await page.goto(`${stack.daemon.url}/coach/#token=${coach.token}`);
  await page.locator('.box').first().waitFor();
  if (view) {
    await goTo(page, view);
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  }
  return page;
}

/** Turns the coach's calendar to the week that has a day (YYYY-MM-DD), be it this one or a later one. */
export async function showDay(page, day) {
  await page.locator('.grid').waitFor();
  const name = await page.evaluate(
    (text) =>
      new Intl.DateTimeFormat(navigator.language, {
        timeZone: 'UTC',
        weekday: 'short',
        day: 'numeric',
        month: 'short',
      }).format(Date.parse(text)),
    day,
  );
  const head = page.getByRole('button', { name });
  for (let weeks = 0; weeks < 6 && !(await head.count()); weeks++) {
    const before = await page.locator('.bar h2').textContent();
    await page.locator('.bar [data-go=after]').click();
    await page.waitForFunction((text) => document.querySelector('.bar h2').textContent !== text, before);
  }
  await head.waitFor();
}

/** The newest mail to an address in whose subject or text this is. */
export const mailed = (mail, email, pattern) =>
  until(
    `a mail to ${email}`,
    () =>
      mail
        .to(email)
        .filter((one) => pattern.test(one.subject + one.text))
        .at(-1),
    60_000,
  );

/** What shows this text: the live region, which may say the same, is heard and not seen. */
export const shown = (page, text, how) => page.getByText(text, how).and(page.locator(':not(#live)'));

/** What has the keyboard's focus: its accessible text, also inside a shadow root. */
export const focused = (page) =>
  page.evaluate(() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    return node?.getAttribute('aria-label') ?? node?.labels?.[0]?.textContent ?? node?.textContent;
  });
