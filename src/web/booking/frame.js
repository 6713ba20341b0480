/*
 * For a page that shows the booking page in a frame: the frame becomes as tall as what is in it.
 *
 *   <iframe src="https://book.example/booking/damian" title="Book a session" width="100%" height="760"></iframe>
 *   <script type="module" src="https://book.example/booking/frame.js"></script>
 */

const type = 'mosaic-booking';
const { origin } = new URL(import.meta.url);
const heightMax = 20000; // pixels
const frames = () => [...document.querySelectorAll('iframe')];

/* A frame that has not loaded yet says so itself, later. */
const loaded = (frame) => frame.contentDocument?.URL !== 'about:blank';

window.addEventListener('message', ({ data, origin: from, source }) => {
  const frame =
    from === origin && data?.type === type && frames().find((one) => one.contentWindow === source);
  if (!frame) return;
  if (data.height > 0) frame.style.height = `${Math.min(data.height, heightMax)}px`;
  else source.postMessage({ type }, origin);
});
for (const frame of frames())
  if (frame.src.startsWith(`${origin}/`)) {
    frame.style.border = '0';
    if (loaded(frame)) frame.contentWindow.postMessage({ type }, origin);
  }
