// Every view of both pages at three widths, light and dark, and in each language: axe finds nothing, nothing has to be
// scrolled sideways, what is pressed is 44 px tall, and a picture of it is kept under build/screenshots.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checked, openBrowser } from './browser.mjs';
import { clientViews, coachViews, setScene } from './scene.mjs';

let browser;
let scene;
before(async () => {
  browser = await openBrowser();
  scene = await setScene(browser);
});
after(async () => {
  await scene?.stop();
  await browser?.close();
});

/** What can be pressed and is smaller than 44 px, either way: links in a line of text may be (WCAG 2.5.8), others not. */
const small = (page) =>
  page.evaluate(() => {
    const roots = [
      document,
      ...[...document.querySelectorAll('mosaic-booking')].map((one) => one.shadowRoot),
    ];
    return (
      roots
        .flatMap((root) => [
          ...root.querySelectorAll('button, input, select, textarea, summary, nav a, a.button'),
        ])
        .filter(
          (node) =>
            node.checkVisibility({ visibilityProperty: true }) && !node.closest('label.tickable, [inert]'),
        )
        .map((node) => ({ node, box: node.getBoundingClientRect() }))
        // Seven days share a telephone's width.
        .filter(
          ({ node, box }) =>
            box.width > 1 && Math.min(node.closest('td') ? 44 : box.width, box.height) < 43.5,
        )
        .map(({ node, box }) => `${node.outerHTML.slice(0, 80)}: ${box.width} x ${box.height}`)
    );
  });

/** From when to when a client's session lasts, or something stands in its way, where that is broken into two lines. */
const broken = (page) =>
  page.evaluate(() => {
    const found = [];
    const root =
      document.querySelector('mosaic-booking')?.shadowRoot ??
      document.querySelector('.reasons') ??
      document.body;
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { currentNode: node } = texts;
      const time = /\d?\d:\d\d(?:\s?[AP]M)?\s?[–-]\s?\d?\d:\d\d(?:\s?[AP]M)?/.exec(node.textContent);
      if (!time) continue;
      const range = document.createRange();
      range.setStart(node, time.index);
      range.setEnd(node, time.index + time[0].length);
      if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1)
        found.push(node.textContent);
    }
    return found;
  });

/** What axe finds by colour; all its other rules hold for every colour of one layout. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

/** Every view of one side, one after the other: the views of a side share a client, whose holds would meet. */
function sideTests(side, views, locales) {
  for (const [name, show] of Object.entries(views))
    test(`${side}: ${name}`, async () => {
      const page = await browser.page({ viewport: { width: 1280, height: 900 } });
      await show(page, scene);
      for (const width of [1280, 768, 360]) {
        await page.setViewportSize({ width, height: 900 });
        // Colours do not go by the width: between the two ends the layout is all that is new.
        for (const colorScheme of width === 768 ? ['light'] : ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          const rules = colorScheme === 'dark' ? COLOURS : undefined;
          await checked(page, `views-${side}-${name}-${width}-${colorScheme}`, rules);
          assert.deepEqual(await small(page), [], `${name} at ${width}`);
          if (side === 'client') assert.deepEqual(await broken(page), [], `${name} at ${width}`);
        }
      }
      await page.emulateMedia({ forcedColors: 'active' });
      await checked(page, `views-${side}-${name}-forced`, COLOURS);
      await page.context().close();
    });
  for (const locale of locales)
    test(`${side}: every view in ${locale}, at 320 px`, async () => {
      for (const [name, show] of Object.entries(views)) {
        const page = await browser.page({ viewport: { width: 320, height: 800 }, locale });
        await show(page, scene);
        await checked(page, `views-${side}-${name}-${locale}`);
        if (side === 'client' || name === 'chosen')
          assert.deepEqual(await broken(page), [], `${name} in ${locale}`);
        await page.context().close();
      }
    });
}

/** What the coach's views have to bear besides: a long name, text twice as large, a narrow window. */
function coachTests() {
  const withLongName = async (options) => {
    const page = await browser.page(options);
    await page.route('**/coach/damian/profile', async (route) => {
      const own = await (await route.fetch()).json();
      await route.fulfill({ json: { ...own, name: 'Schillingsfuerst'.repeat(5) } });
    });
    return page;
  };
  test('coach: a long name and large text need no scrolling sideways', async () => {
    for (const name of ['home', 'people', 'rules', 'google']) {
      const page = await withLongName({ viewport: { width: 1280, height: 900 } });
      await coachViews[name](page, scene);
      for (const size of ['100%', '200%']) {
        await page.evaluate(
          (text) => document.documentElement.style.setProperty('font-size', text, 'important'),
          size,
        );
        for (const width of [1280, 360]) {
          await page.setViewportSize({ width, height: 900 });
          const [wide, place] = await page.evaluate(() => [
            document.documentElement.scrollWidth,
            document.documentElement.clientWidth,
          ]);
          assert.ok(wide <= place, `${name}, ${size}: ${wide} wide in a window of ${place}`);
        }
      }
      await page.context().close();
    }
  });

  test('coach: one thing stays at the foot of a window that is scrolled, and nothing where the window is low', async () => {
    const page = await browser.page({ viewport: { width: 1280, height: 900 } });
    await coachViews.booking(page, scene);
    const stays = () =>
      page
        .locator('dialog *')
        .evaluateAll((all) =>
          all.filter((node) => getComputedStyle(node).position === 'sticky').map((node) => node.textContent),
        );
    assert.deepEqual(await stays(), ['Close']);
    await page.setViewportSize({ width: 800, height: 360 });
    assert.deepEqual(await stays(), []);
    await page.context().close();
  });

  for (const locale of ['en-US', 'fr-FR'])
    test(`coach: the hours of a booking stand in one line (${locale})`, async () => {
      const page = await browser.page({ locale });
      await coachViews.booking(page, scene);
      for (let width = 260; width <= 420; width += 10) {
        await page.setViewportSize({ width, height: 800 });
        const lines = await page.locator('dialog .who strong').evaluate((node) => {
          const text = node.firstChild;
          const [hours] = /\d+:\d+(\s[AP]M)?\s–\u2060?\s\d+:\d+(\s[AP]M)?$/.exec(text.data);
          const range = document.createRange();
          range.setStart(text, text.data.length - hours.length);
          range.setEnd(text, text.data.length);
          return new Set([...range.getClientRects()].map((box) => box.top)).size;
        });
        assert.equal(lines, 1, `at ${width}`);
      }
      await page.context().close();
    });
}

describe('every view', { concurrency: 2 }, () => {
  describe('of the client', { concurrency: 1 }, () => sideTests('client', clientViews, ['fr-FR', 'pl-PL']));
  describe('of the coach', { concurrency: 1 }, () => {
    sideTests('coach', coachViews, ['fr-FR', 'pl-PL']);
    coachTests();
  });
});
