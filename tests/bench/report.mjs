// What came out: printed as it comes, kept as JSON, drawn as SVG.
import fs from 'node:fs';
import path from 'node:path';
import { FOLDER, summary } from './measure.mjs';

const round = (number) => (number >= 100 ? Math.round(number) : Number(number.toPrecision(3)));

export class Report {
  constructor(about) {
    this.result = { about, facts: {}, tables: {}, series: {}, musts: [], failures: [] };
  }

  fact(name, value) {
    this.result.facts[name] = value;
    console.log(`${name}: ${value}`);
  }

  /** Samples as interleave() gives them. */
  table(title, samples) {
    const rows = Object.entries(samples).map(([name, list]) => ({
      name,
      rate: summary(list.map(({ rate }) => rate)),
      p50_us: summary(list.map(({ served }) => served.p50_us)).median,
      p99_us: summary(list.map(({ served }) => served.p99_us)).median,
      ...(list[0].cpu_us && { cpu_us: summary(list.map(({ cpu_us }) => cpu_us)).median }),
    }));
    this.result.tables[title] = rows;
    console.log(`\n${title.padEnd(36)} ${'rate/s'.padStart(9)} ${'min-max'.padStart(17)} ${'p50 ms'.padStart(8)} ${'p99 ms'.padStart(8)} ${'CPU µs'.padStart(7)}`);
    for (const { name, rate, p50_us, p99_us, cpu_us } of rows)
      console.log(
        `${name.padEnd(36)} ${String(round(rate.median)).padStart(9)} ${`${round(rate.min)}-${round(rate.max)}`.padStart(17)} ` +
          `${(p50_us / 1000).toFixed(2).padStart(8)} ${(p99_us / 1000).toFixed(2).padStart(8)} ${(cpu_us?.toFixed(1) ?? '').padStart(7)}`,
      );
  }

  /** Points of one measure against another, for the growth plots: [{ x, y }, …]. */
  series(title, points, expected) {
    this.result.series[title] = { expected, points };
    console.log(`\n${title}${expected ? ` (expected: ${expected})` : ''}`);
    for (const { x, ...rest } of points)
      console.log(`  ${String(x).padStart(9)}  ${Object.entries(rest).map(([name, value]) => `${name} ${round(value)}`).join('  ')}`);
  }

  /** A value that must hold; `comparison` is '>=' or '<='. */
  must(name, value, comparison, bound) {
    const holds = comparison === '>=' ? value >= bound : value <= bound;
    this.result.musts.push({ name, value, comparison, bound, holds });
    console.log(`${holds ? 'holds' : 'FAILS'}: ${name} is ${round(value)}, must be ${comparison} ${bound}`);
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
