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

/** What can be pressed and is smaller than 44 px: links in a line of text may be (WCAG 2.5.8), others not. */
const small = (page) =>
  page.evaluate(() => {
    const roots = [
      document,
      ...[...document.querySelectorAll('mosaic-booking')].map((one) => one.shadowRoot),
    ];
    return roots
      .flatMap((root) => [
        ...root.querySelectorAll('button, input, select, textarea, summary, nav a, a.button'),
      ])
      .filter(
        (node) =>
          node.checkVisibility({ visibilityProperty: true }) && !node.closest('label.tickable, [inert]'),
      )
      .map((node) => ({ node, box: node.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && box.height < 43.5)
      .map(({ node, box }) => `${node.outerHTML.slice(0, 80)}: ${box.width} x ${box.height}`);
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
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          const rules = colorScheme === 'dark' ? COLOURS : undefined;
          await checked(page, `views-${side}-${name}-${width}-${colorScheme}`, rules);
          assert.deepEqual(await small(page), [], `${name} at ${width}`);
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
        await page.context().close();
      }
    });
}

describe('every view', { concurrency: 2 }, () => {
  describe('of the client', { concurrency: 1 }, () => sideTests('client', clientViews, ['fr-FR', 'pl-PL']));
  describe('of the coach', { concurrency: 1 }, () => sideTests('coach', coachViews, ['fr-FR', 'pl-PL']));
});
