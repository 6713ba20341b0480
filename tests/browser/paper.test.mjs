// The pages on paper, and where the visitor has colours or a size of text of their own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser } from './browser.mjs';
import { clientViews, coachViews, setScene } from './scene.mjs';

const SHEET = { width: 720, height: 1040 }; // A4 less its margins, in CSS pixels
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

/** The page as a printer gets it: on how many sheets. */
const sheets = async (page) =>
  (await page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b/g).length;

/** What can be pressed and is on the paper, but for those days that a calendar's columns are named by. */
const pressed = (page) =>
  page.evaluate(() =>
    [document, ...[...document.querySelectorAll('mosaic-booking')].map((one) => one.shadowRoot)]
      .flatMap((root) => [...root.querySelectorAll('button, select, a.button, nav a, footer a')])
      .filter((node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest('th'))
      .map((node) => node.textContent),
  );

async function onPaper(show) {
  const page = await browser.page({ viewport: SHEET });
  await show(page, scene);
  await page.emulateMedia({ media: 'print' });
  return page;
}

test('what is booked is on one sheet, without what a mouse presses', async () => {
  for (const name of ['booked', 'sessions']) {
    const page = await onPaper(clientViews[name]);
    assert.deepEqual(await pressed(page), [], name);
    assert.equal(await page.getByText('Add it to your calendar').first().isVisible(), false);
    await page.getByText(/coach/).first().waitFor();
    assert.equal(await sheets(page), 1, name);
  }
});

test('the coach’s week is on one sheet, with the colours that tell what is what', async () => {
  const page = await onPaper(coachViews.week);
  assert.deepEqual(await pressed(page), []);
  for (const part of ['.block.appointment', '.busy.other', 'td.closed', '.swatch'])
    assert.equal(
      await page
        .locator(part)
        .first()
        .evaluate((node) => getComputedStyle(node).printColorAdjust),
      'exact',
      part,
    );
  assert.equal(await sheets(page), 1);
});

test('a booking that is open is what is printed, as a whole and once', async () => {
  const page = await onPaper(coachViews.booking);
  assert.deepEqual(await pressed(page), []);
  const { top, height, content } = await page.locator('dialog').evaluate((node) => ({
    top: node.getBoundingClientRect().top + scrollY,
    height: node.clientHeight,
    content: node.scrollHeight,
  }));
  assert.deepEqual([top, height], [0, content]);
  assert.equal(await page.locator('.shell').isVisible(), false);
  assert.equal(await sheets(page), 1);
});

test('the bookings stand below each other, none of them in two parts', async () => {
  const page = await onPaper(coachViews.people);
  assert.deepEqual(await pressed(page), []);
  const styles = await page
    .locator('.people section')
    .evaluateAll((all) => [...new Set(all.map((one) => getComputedStyle(one).display))]);
  assert.deepEqual(
    styles,
    ['block'],
    'what lies in a grid is put over what comes next at the end of a sheet',
  );
  assert.equal(
    await page
      .locator('article')
      .first()
      .evaluate((node) => getComputedStyle(node).breakInside),
    'avoid',
  );
});

test('where the visitor has colours of their own, open hours and others look different', async () => {
  const page = await browser.page();
  await coachViews.week(page, scene);
  await page.emulateMedia({ forcedColors: 'active' });
  const looks = (selector) =>
    page
      .locator(selector)
      .first()
      .evaluate((node) => {
        const { backgroundColor, backgroundImage } = getComputedStyle(node);
        return backgroundColor + backgroundImage;
      });
  const kinds = ['td.open', 'td.closed', '.swatch.blocked', '.swatch.appointment'];
  const seen = await Promise.all(kinds.map(looks));
  assert.equal(new Set(seen).size, kinds.length, seen.join('\n'));
  const others = await page
    .locator('.legend .other')
    .evaluateAll((all) => all.map((node) => getComputedStyle(node).background));
  assert.equal(new Set(others).size, others.length, others.join('\n'));
});

test('with text twice as large in a small window nothing is to be scrolled sideways, and words stand in lines', async () => {
  const large = await openBrowser('--blink-settings=defaultFontSize=32');
  try {
    for (const [side, name] of [
      [clientViews, 'form'],
      [clientViews, 'cancel'],
      [clientViews, 'wait'],
      [coachViews, 'home'],
      [coachViews, 'booking'],
    ]) {
      const page = await large.page({ viewport: { width: 320, height: 900 } });
      await side[name](page, scene);
      const wrong = await page.evaluate(() => {
        const roots = [
          document,
          ...[...document.querySelectorAll('mosaic-booking')].map((one) => one.shadowRoot),
        ];
        const found = roots
          .flatMap((root) => [root.documentElement, root.querySelector('dialog[open]')])
          .filter((node) => node?.scrollWidth > node?.clientWidth)
          .map((node) => `${node.tagName}: ${node.scrollWidth} > ${node.clientWidth}`);
        for (const node of roots.flatMap((root) => [...root.querySelectorAll('h3, strong, span, .face p')])) {
          const { width, height } = node.getBoundingClientRect();
          const letter = parseFloat(getComputedStyle(node).fontSize);
          if (width > 1 && width < 1.5 * letter && height > 5 * letter) found.push(node.textContent);
        }
        return found;
      });
      assert.deepEqual(wrong, [], name);
      await page.context().close();
    }
  } finally {
    await large.close();
  }
});
