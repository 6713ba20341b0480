/*
 * The booking page in a frame of another site: as tall as what it shows, which it tells the page around (frame.js there).
 * Its policy (frame-ancestors) has the browser show it in pages of the settings' sites only, so the page around is one of
 * them; its origin is known by its own word.
 */

const around = window.parent;
const sheet = new CSSStyleSheet();

/* What is measured by the window would grow with a frame that grows with it. */
sheet.replaceSync(`
body { min-height: 0; background: none }
main { padding: 0; flex: none }
mosaic-booking:not(.narrow):not(.narrow), .waiting-page { min-height: 36rem }
`);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

let origin = null;
const tell = () => {
  const { height } = document.body.getBoundingClientRect();
  if (origin) around.postMessage({ type: 'mosaic-booking', height: Math.ceil(height) }, origin);
};

window.addEventListener('message', (event) => {
  if (event.source !== around || event.data?.type !== 'mosaic-booking') return;
  origin = event.origin;
  tell();
});
new ResizeObserver(tell).observe(document.body);
around.postMessage({ type: 'mosaic-booking' }, '*'); // that it is here, and nothing else
