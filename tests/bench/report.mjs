// What came out: printed as it comes, kept as JSON, drawn as SVG.
import fs from 'node:fs';
import path from 'node:path';
import { FOLDER, median, summary } from './measure.mjs';

const middle = (values) =>
  Array.isArray(values)
    ? { value: median(values), min: Math.min(...values), max: Math.max(...values) }
    : { value: values };
const round = (number) => (number >= 100 ? Math.round(number) : Number(number.toPrecision(3)));

export class Report {
  constructor(about) {
    this.result = { about, facts: {}, tables: {}, series: {}, ratios: [], musts: [], failures: [] };
  }

  fact(name, value) {
    this.result.facts[name] = value;
    console.log(`${name}: ${typeof value === 'number' ? round(value) : value}`);
  }

  /**
   * Samples as interleave() gives them: rates, latencies, the server's processor time for each request, and how
   * much of one core the load generator took.
   */
  table(title, samples) {
    const rows = Object.entries(samples).map(([name, list]) => ({
      name,
      rate: summary(list.map(({ rate }) => rate)),
      p50_us: median(list.map(({ served }) => served.p50_us)),
      p99_us: median(list.map(({ served }) => served.p99_us)),
      cpu_us: median(list.map(({ cpu_us }) => cpu_us)),
      load_share: median(list.map(({ load_share }) => load_share)),
    }));
    this.result.tables[title] = rows;
    const line = (name, ...cells) =>
      console.log(name.padEnd(36), ...cells.map((cell, i) => cell.padStart([9, 15, 8, 8, 7, 6][i])));
    console.log();
    line(title, 'rate/s', 'min-max', 'p50 ms', 'p99 ms', 'CPU µs', 'load %');
    for (const { name, rate, p50_us, p99_us, cpu_us, load_share } of rows)
      line(
        name,
        String(round(rate.median)),
        `${round(rate.min)}-${round(rate.max)}`,
        (p50_us / 1000).toFixed(2),
        (p99_us / 1000).toFixed(2),
        cpu_us?.toFixed(1) ?? '',
        String(Math.round(load_share * 100)),
      );
  }

  /** Points of one measure against another, for the growth plots: [{ x, y }, …]. */
  series(title, points, expected) {
    this.result.series[title] = { expected, points };
    console.log(`\n${title}${expected ? ` (expected: ${expected})` : ''}`);
    for (const { x, ...rest } of points)
      console.log(
        `  ${String(x).padStart(9)}  ${Object.entries(rest)
          .map(([name, value]) => `${name} ${round(value)}`)
          .join('  ')}`,
      );
  }

  /** A value, or one of each round, whose median must hold; `comparison` is '>=' or '<='. */
  must(name, values, comparison, bound) {
    const { value, ...spread } = middle(values);
    const holds = comparison === '>=' ? value >= bound : value <= bound;
    this.result.musts.push({ name, value, ...spread, comparison, bound, holds });
    console.log(`${holds ? 'holds' : 'FAILS'}: ${name} is ${round(value)}, must be ${comparison} ${bound}`);
  }

  /** A ratio that nobody has set a bound for. */
  ratio(name, values) {
    const ratio = { name, ...middle(values) };
    this.result.ratios.push(ratio);
    console.log(`${name}: ${round(ratio.value)}`);
  }

  failure(name, detail) {
    this.result.failures.push({ name, detail });
    console.log(`FAILS: ${name}: ${detail}`);
  }

  /** Writes result.json and result.svg; true if everything holds. */
  write() {
    fs.writeFileSync(path.join(FOLDER, 'result.json'), `${JSON.stringify(this.result, null, 2)}\n`);
    fs.writeFileSync(path.join(FOLDER, 'result.svg'), draw(this.result));
    console.log(`\n${path.join(FOLDER, 'result.json')} and result.svg`);
    return !this.result.failures.length && this.result.musts.every(({ holds }) => holds);
  }
}

const WIDTH = 860;
const BAR = 22;
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const text = (x, y, words, more = '') => `<text x="${x}" y="${y}" ${more}>${escape(words)}</text>`;

/** Bars of medians with a whisker from the slowest to the fastest round. */
function drawTable(title, rows, top) {
  const scale = 420 / Math.max(...rows.map(({ rate }) => rate.max));
  const parts = [text(20, top + 16, `${title}: requests a second`, 'class="title"')];
  rows.forEach(({ name, rate }, i) => {
    const y = top + 30 + i * BAR;
    parts.push(
      text(250, y + 13, name, 'text-anchor="end"'),
      `<rect x="260" y="${y}" width="${rate.median * scale}" height="${BAR - 8}"/>`,
      `<path d="M${260 + rate.min * scale} ${y + 7}H${260 + rate.max * scale}"/>`,
      text(268 + rate.max * scale, y + 12, round(rate.median)),
    );
  });
  return { parts, height: 44 + rows.length * BAR };
}

/** A line for each measure over a logarithmic x. */
function drawSeries(title, { points }, top) {
  const names = Object.keys(points[0]).filter((name) => name !== 'x');
  const logs = points.map(({ x }) => Math.log10(Math.max(x, 1)));
  const span = Math.max(...logs) - Math.min(...logs) || 1;
  const at = (x) => 260 + ((Math.log10(Math.max(x, 1)) - Math.min(...logs)) / span) * 420;
  const parts = [text(20, top + 16, title, 'class="title"')];
  names.forEach((name, i) => {
    const most = Math.max(...points.map((point) => point[name])) || 1;
    const base = top + 90 + i * 70;
    parts.push(
      text(250, base - 20, `${name}, up to ${round(most)}`, 'text-anchor="end"'),
      `<polyline points="${points.map((point) => `${at(point.x)},${base - (point[name] / most) * 50}`).join(' ')}"/>`,
      ...points.map((point) => text(at(point.x), base + 14, point.x, 'text-anchor="middle" class="small"')),
    );
  });
  return { parts, height: 60 + names.length * 70 };
}

function draw({ tables, series }) {
  let top = 10;
  const body = [];
  const add = ({ parts, height }) => {
    body.push(...parts);
    top += height;
  };
  for (const [title, rows] of Object.entries(tables)) add(drawTable(title, rows, top));
  for (const [title, one] of Object.entries(series)) add(drawSeries(title, one, top));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="12">
<style>rect{fill:#4a7ab5}path{stroke:#222;stroke-width:1.5}polyline{fill:none;stroke:#4a7ab5;stroke-width:2}.title{font-weight:bold}.small{font-size:9px}</style>
<rect width="100%" height="100%" style="fill:#fff"/>
${body.join('\n')}
</svg>
`;
}
