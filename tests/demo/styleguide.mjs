// The design system on one page, by the very style sheet that the coach's page has: /styleguide/ of the demo's inbox. The
// widget has the same parts (design/components.css, design/forms.css), in its own shadow.
import { applyAccent } from '../../src/web/design/accent.js';

const ROLES = [
  'paper',
  'canvas',
  'ink',
  'ink-2',
  'ink-3',
  'line',
  'line-strong',
  'accent',
  'accent-strong',
  'accent-tint',
  'good',
  'good-tint',
  'warn',
  'warn-tint',
  'bad',
  'bad-tint',
];
const SPACES = ['s1', 's2', 's3', 's4', 's5', 's6', 's7'];
const EDGES = ['radius-s', 'radius-m', 'radius-l'];
const TYPE = ['h1', 'h2', 'h3', 'p', 'p class="small"'];

/** An accent as the style of an element. The page names its roles at the root (frame.css): where it is another, again. */
function accentStyle(hex) {
  let text = '--on-accent:var(--accent-ink);--strong:var(--accent-strong);--tint:var(--accent-tint)';
  const setProperty = (name, value) => (text += `;${name}:${value}`);
  applyAccent({ style: { setProperty } }, hex, '--');
  return text;
}

/** Every part is shown in these: [what it is called, the style of what it stands in]. A coach may have any accent. */
const THEMES = [
  ['Light', 'color-scheme:light'],
  ['Dark', 'color-scheme:dark'],
  ['Light, accent #ffff00', `color-scheme:light;${accentStyle('#ffff00')}`],
];

/** What there is: [name, what it is for, how it is written]. */
const PARTS = [
  [
    'Buttons',
    'One main action a view; the others plain; a link that acts is a plain button.',
    '<div class="actions"><button class="main" type="button">Book it</button><button type="button">Close</button><button type="button" aria-disabled="true">Saving…</button><button class="plain" type="button">Sign out</button><button class="close" type="button" aria-label="Close">×</button></div>',
  ],
  [
    'Fields',
    'The label above, what is optional said, what is wrong below.',
    '<div class="fields"><div class="field"><label for="a">Name <span class="muted small">(optional)</span></label><input id="a" value="Ann Weber"></div><div class="field"><label for="b">Email</label><input id="b" aria-invalid="true" aria-describedby="b-wrong" value="ann"><p class="wrong" id="b-wrong">Please enter an email address, such as ana@example.org.</p></div><div class="field"><label for="c">Where</label><select id="c"><option>By phone</option></select></div></div>',
  ],
  [
    'Ticks',
    'A box beside its words, 44 pixels tall.',
    '<label class="tickable" for="d"><input id="d" type="checkbox" checked><span>Tell the client</span></label>',
  ],
  [
    'Segmented control',
    'One of a few, all in sight.',
    '<fieldset class="choice"><legend class="hidden">Which</legend><label><input type="radio" name="e" checked><span>Upcoming</span></label><label><input type="radio" name="e"><span>Past</span></label><label><input type="radio" name="e"><span>Cancelled</span></label></fieldset>',
  ],
  [
    'Radio cards',
    'One of several answers, each with room for its words; the whole card is pressed.',
    '<fieldset class="ticks"><legend>How did you hear of me?</legend><label class="tickable" for="f"><input id="f" type="radio" name="hear" checked><span>A friend</span></label><label class="tickable" for="g"><input id="g" type="radio" name="hear"><span>The web</span></label></fieldset>',
  ],
  [
    'Box',
    'What belongs together.',
    '<section class="box"><div class="box-head"><h3>Next sessions</h3><a href="#box">Open calendar</a></div><p class="muted">Nothing booked yet.</p></section>',
  ],
  [
    'Badges',
    'A state in a word.',
    '<p class="row"><span class="badge">in 42 min</span><span class="badge warn">Draft</span></p>',
  ],
  [
    'Notices',
    'The toast of these pages: what came of something, at the place where it was done, and said aloud; alarm where it needs a look.',
    '<div class="stack"><div class="notice"><p>Saved.</p></div><div class="notice alarm"><p>What stands in the way:</p><ul><li>This time is outside working hours.</li></ul><button type="button">Book anyway</button></div></div>',
  ],
  [
    'Banner',
    'Above every view, while something is wrong.',
    '<div class="banner"><span>One email couldn’t be delivered.</span><a href="#banner">See which</a></div>',
  ],
  [
    'Avatar',
    'The picture, or initials.',
    '<div class="row"><div class="avatar" aria-hidden="true">RE</div><strong>Robin Example</strong></div>',
  ],
  ['Skeleton', 'While something is on its way.', '<div class="bone" aria-hidden="true"></div>'],
  [
    'Empty state',
    'Says what would be here, and how it comes.',
    '<p class="muted">Nothing booked yet. Share your booking page to get your first booking.</p>',
  ],
  [
    'Window',
    'A heading, what it is about, its actions; Escape closes it.',
    '<button type="button" id="open">Open it</button><dialog aria-labelledby="w"><div class="stack"><h2 id="w" tabindex="-1">Cancel the session with Ann?</h2><p>Your client is told, with your reason.</p><div class="actions"><button class="main" type="button">Cancel it</button><button type="button">Keep it</button></div></div></dialog>',
  ],
  [
    'Details',
    'What few need, folded.',
    '<details><summary>To the minute</summary><p class="hint">Monday 9:00 – 12:30</p></details>',
  ],
  [
    'Parts',
    'A long form in parts, of which one is open at a time; folded, they are its list of contents.',
    '<details class="part" name="parts"><summary><h3>Booking rules</h3><span class="small muted">Notice, buffers, limits</span></summary><div class="stack"><p>Fields.</p></div></details><details class="part" name="parts"><summary><h3>Messages</h3><span class="small muted">Reminders, and who is told of what</span></summary><div class="stack"><p>Fields.</p></div></details>',
  ],
  [
    'Menu and tabs',
    'The views; the present one is marked. A telephone has a button that names it and opens the list. Between few lists the segmented control is the tabs.',
    '<button type="button" class="menu" aria-expanded="false"><span class="bars" aria-hidden="true"></span>Home</button><nav aria-label="Example"><a href="#menu" aria-current="page">Home</a><a href="#menu">Calendar</a><a href="#menu">Bookings</a></nav>',
  ],
];

const escaped = (text) => text.replace(/[&<]/g, (c) => (c === '&' ? '&amp;' : '&lt;'));

/** `server`: the daemon, whose style sheet is shown. */
export function styleguide(server) {
  const swatches = ROLES.map(
    (role) => `<li><i style="background:var(--${role})"></i><code>--${role}</code></li>`,
  ).join('');
  const spaces = SPACES.map(
    (one) => `<li><i style="width:var(--${one})"></i><code>--${one}</code></li>`,
  ).join('');
  const edges = EDGES.map(
    (one) => `<li><i style="border-radius:var(--${one})"></i><code>--${one}</code></li>`,
  ).join('');
  const type = TYPE.map(
    (one) => `<${one}>The next session is tomorrow <code>${one}</code></${one.split(' ')[0]}>`,
  ).join('');
  // A part that is shown thrice has its ids thrice.
  const shown = (html) =>
    THEMES.map(
      ([theme, style], n) =>
        `<div class="theme" role="group" aria-label="${theme}" style="${style}"><p class="hint">${theme}</p>${html.replace('"Example"', `"Example, ${theme}"`).replace(/ (id|for|name|aria-describedby|aria-labelledby)="/g, `$&t${n}-`)}</div>`,
    ).join('');
  const parts = PARTS.map(
    ([name, what, html]) =>
      `<section><h2>${name}</h2><p class="muted">${what}</p><div class="themes">${shown(html)}</div><details><summary>How it is written</summary><pre><code>${escaped(html)}</code></pre></details></section>`,
  ).join('\n');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Styleguide</title><link rel="stylesheet" href="${server}/coach/coach.css">
<style>body{max-width:76rem;margin:auto;padding:1rem}main{padding:1rem 0}main>section{display:grid;gap:.75rem;padding-block:1.5rem;border-block-start:1px solid var(--line)}
ul.tokens{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.75rem}ul.tokens i{display:inline-block;width:2.5rem;height:2.5rem;border:1px solid var(--line-strong);border-radius:var(--radius-s);vertical-align:middle;margin-inline-end:.5rem}
ul.spaces i{height:1rem;background:var(--accent);border:0}pre{overflow:auto;font-size:.8125rem}.themes{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(18rem,100%),1fr))}.theme{display:grid;gap:.75rem;align-content:start;justify-items:start;padding:1rem;background:var(--canvas);color:var(--ink);border-radius:var(--radius-m);border:1px solid var(--line);min-width:0}ul.edges i{background:var(--paper);box-shadow:var(--shadow)}</style></head>
<body><main><h1>Styleguide</h1><p class="muted">The tokens are in src/web/design/tokens.css; an accent’s roles follow from design/accent.js, with contrast checked.</p>
<section><h2>Colours by role</h2><ul class="tokens">${swatches}</ul></section><section><h2>Type</h2>${type}</section><section><h2>Spaces</h2><ul class="tokens spaces">${spaces}</ul></section><section><h2>Edges and elevation</h2><ul class="tokens edges">${edges}</ul></section>
${parts}</main><script>for(const one of document.querySelectorAll('[id$=open]'))one.onclick=()=>one.parentNode.querySelector('dialog').showModal();for(const one of document.querySelectorAll('dialog button'))one.onclick=()=>one.closest('dialog').close()</script></body></html>`;
}
