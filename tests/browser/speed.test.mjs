// What a first look costs on a slow connection and a slow processor, printed; asserted is what a loaded machine cannot bend:
// how far things jump. SPEED=1 asserts the times too, on a machine that is quiet.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { openBrowser } from './browser.mjs';

/** As Chromium's own "Slow 4G": 1.6 Mbit/s, 150 ms there and back; a processor slowed four times. */
const SLOW = { offline: false, latency: 150, downloadThroughput: 204_800, uploadThroughput: 93_750 };
const STRICT = process.env.SPEED === '1';
let stack, browser;
before(async () => {
  stack = await startStack({ document: openSchedule() });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Watches from before the page begins: when the times were there, what jumped, what blocked. */
const watch = () => {
  window.seen = { shift: 0, blocked: 0, times: null };
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) window.seen.shift += one.value;
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.seen.blocked += Math.max(0, duration - 50);
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    const root = document.querySelector('mosaic-booking')?.shadowRoot;
    if (root?.querySelector('[data-start]')) window.seen.times = performance.now();
    else requestAnimationFrame(look);
  };
  look();
};

async function measured(page, address) {
  await page.goto('about:blank');
  await page.goto(address);
  await page.waitForFunction(() => window.seen?.times, null, { timeout: 60_000 });
  await page.waitForTimeout(300); // what jumps, jumps by now
  return page.evaluate(() => window.seen);
}

test('a first look and a second one, slow', async (t) => {
  const page = await browser.page({ viewport: { width: 390, height: 844 } });
  const session = await page.context().newCDPSession(page);
  await page.addInitScript(watch);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const address = `${stack.daemon.url}/booking/?coach=damian#token=${stack.client('slow').token}`;
  const cold = await measured(page, address);
  const warm = await measured(page, address);
  for (const [name, { times, shift, blocked }] of Object.entries({ cold, warm }))
    t.diagnostic(
      `${name}: times after ${Math.round(times)} ms, shift ${shift.toFixed(4)}, blocked ${Math.round(blocked)} ms`,
    );
  assert.ok(cold.shift < 0.02 && warm.shift < 0.02, `${cold.shift}, ${warm.shift}`);
  if (!STRICT) return;
  assert.ok(cold.times < 1300, `${cold.times} ms cold`);
  assert.ok(warm.times < 600, `${warm.times} ms warm`);
  assert.ok(cold.blocked < 200 && warm.blocked < 200, `${cold.blocked}, ${warm.blocked} ms blocked`);
});
