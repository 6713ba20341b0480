// The plot: a bar for each rate, and a panel on logarithmic axes for each measure that grows.
const WIDTH = 920;
const ROW = 22;
const LABELS = 290; // room for the names of bars
const BARS = 430;
const PANEL = { width: 300, height: 204, left: 48, right: 16, top: 58, bottom: 26, across: 3 };
const WORDS = 46; // characters of small text across a panel

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const text = (x, y, words, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(words)}</text>`;

/** 1234 -> 1.23k: short enough for an axis. */
function brief(number) {
  for (const [size, letter] of [
    [1e6, 'M'],
    [1e3, 'k'],
  ])
    if (Math.abs(number) >= size) return `${Number((number / size).toPrecision(3))}${letter}`;
  return String(Number(number.toPrecision(3)));
}

/** Bars of medians with a whisker from the slowest to the fastest round. */
function drawTable({ title, rows }, top) {
  const scale = BARS / Math.max(...rows.map(({ rate }) => rate.max));
  const parts = [text(20, top + 16, `${title}: requests a second`, 'class="title"')];
  rows.forEach(({ name, rate, p99_us }, i) => {
    const y = top + 28 + i * ROW;
    const end = LABELS + rate.max * scale;
    parts.push(
      text(LABELS - 8, y + 12, name, 'text-anchor="end"'),
      `<rect x="${LABELS}" y="${y}" width="${(rate.median * scale).toFixed(1)}" height="${ROW - 7}" class="bar"/>`,
      `<path d="M${(LABELS + rate.min * scale).toFixed(1)} ${y + 7.5}H${end.toFixed(1)}" class="whisker"/>`,
      text(end + 6, y + 12, brief(rate.median)),
      text(WIDTH - 20, y + 12, `p99 ${brief(p99_us / 1000)} ms`, 'text-anchor="end" class="small"'),
    );
  });
  return { parts, height: 44 + rows.length * ROW };
}

/** A scale from [from, to] to pixels, logarithmic; 0 has a place of its own before all others. */
function logarithmic(values, from, to, wholeDecades) {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  let [low, high] = [Math.min(...logs), Math.max(...logs)];
  if (wholeDecades) [low, high] = [Math.floor(low), Math.max(Math.ceil(high), Math.floor(low) + 1)];
  const zero = values.some((value) => value <= 0) ? (high - low) * 0.3 : 0;
  const at = (value) => {
    const log = value > 0 ? Math.log10(value) : low - zero;
    return from + ((log - low + zero) / (high - low + zero || 1)) * (to - from);
  };
  return { at, low, high };
}

/** Lines of at most so many characters. */
const wrap = (words) => words.match(new RegExp(`.{1,${WORDS}}(?= |$)`, 'g')).map((line) => line.trim());

/** One measure of a series. */
function drawPanel({ name, expected, exponent }, points, left, top) {
  const { width, height } = PANEL;
  const known = points.filter((point) => point[name] !== undefined);
  const x = logarithmic(
    points.map((point) => point.x),
    left + PANEL.left + 8,
    left + width - PANEL.right - 8,
  );
  const [low, high] = [top + height - PANEL.bottom, top + PANEL.top];
  const y = logarithmic(
    known.map((point) => point[name]),
    low,
    high,
    true,
  );
  const order = exponent === undefined ? '' : `x^${exponent.toFixed(2)}; `;
  const lines = wrap(`${order}expected: ${expected}`);
  const parts = [
    text(left + PANEL.left, top + 14, name, 'class="name"'),
    ...lines.map((words, i) => text(left + PANEL.left, top + 27 + i * 12, words, 'class="small"')),
  ];
  for (let decade = y.low; decade <= y.high; decade++) {
    const at = y.at(10 ** decade);
    parts.push(
      `<path d="M${left + PANEL.left} ${at.toFixed(1)}H${left + width - PANEL.right}" class="grid"/>`,
      text(left + PANEL.left - 5, at + 3, brief(10 ** decade), 'text-anchor="end" class="small"'),
    );
  }
  for (const point of points)
    parts.push(text(x.at(point.x), low + 14, brief(point.x), 'text-anchor="middle" class="small"'));
  const places = known.map((point) => `${x.at(point.x).toFixed(1)},${y.at(point[name]).toFixed(1)}`);
  parts.push(`<polyline points="${places.join(' ')}"/>`);
  for (const point of known) {
    const [px, py] = [x.at(point.x), y.at(point[name])];
    const above = py - high > 16 ? -7 : 14; // at the top edge the value stands below its point
    parts.push(
      `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="2.5"/>`,
      text(px, py + above, brief(point[name]), 'text-anchor="middle" class="small"'),
    );
  }
  return parts;
}

function drawSeries({ title, points, measures }, top) {
  const parts = [text(20, top + 16, `${title}, on logarithmic axes`, 'class="title"')];
  measures.forEach((measure, i) => {
    const left = 10 + (i % PANEL.across) * PANEL.width;
    const row = Math.floor(i / PANEL.across);
    parts.push(...drawPanel(measure, points, left, top + 26 + row * PANEL.height));
  });
  return { parts, height: 40 + Math.ceil(measures.length / PANEL.across) * PANEL.height };
}

/** The result as an SVG document. */
export function draw({ about, tables, series }) {
  const parts = [text(20, 20, `${about.processor}, ${about.cores} cores, ${about.when}`, 'class="small"')];
  let top = 34;
  for (const [one, drawOne] of [
    ...tables.map((table) => [table, drawTable]),
    ...series.map((series) => [series, drawSeries]),
  ]) {
    const drawn = drawOne(one, top);
    parts.push(...drawn.parts);
    top += drawn.height;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="12">
<style>
.background{fill:#fff}.bar{fill:#8fb0d9}.whisker{stroke:#222;stroke-width:1.5}.grid{stroke:#ddd}
polyline{fill:none;stroke:#2f5f9e;stroke-width:1.5}circle{fill:#2f5f9e}
.title{font-weight:bold;font-size:13px}.name{font-weight:bold}.small{font-size:9.5px;fill:#444}
</style>
<rect width="100%" height="100%" class="background"/>
${parts.join('\n')}
</svg>
`;
}
