// The pictures in .github/ that the README shows: the client's page and the coach's home, light and dark. `make screenshots`.
import path from 'node:path';
import { ROOT } from '../harness/run_folder.mjs';
import { openBrowser } from './browser.mjs';
import { clientViews, coachViews, setScene } from './scene.mjs';

const browser = await openBrowser();
const scene = await setScene(browser);
try {
  for (const [name, show, height] of [
    ['booking', clientViews.times, 720],
    ['coach', coachViews.home, 820],
  ])
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.page({ viewport: { width: 1280, height }, colorScheme });
      await show(page, scene);
      await page.evaluate(() => document.activeElement?.blur());
      const file = path.join(ROOT, '.github', `${name}-${colorScheme}.png`);
      await page.screenshot({ path: file, animations: 'disabled' });
      console.log(path.relative(ROOT, file));
      await page.context().close();
    }
} finally {
  await scene.stop();
  await browser.close();
}
