// What came out: printed as it comes and once more in short, kept as JSON, drawn as SVG.
import fs from 'node:fs';
import path from 'node:path';
import { draw } from './draw.mjs';
import { FOLDER, median, summary } from './measure.mjs';

/** A number with three digits that count. */
export const short = (number) =>
  Math.abs(number) >= 100 ? Math.round(number).toLocaleString('en') : String(Number(number.toPrecision(3)));

const middle = (values) =>
  Array.isArray(values)
    ? { value: median(values), min: Math.min(...values), max: Math.max(...values) }
    : { value: values };
const spread = ({ min, max }) => (min === undefined ? '' : `${short(min)} - ${short(max)}`);

/** Prints a row: the first cell to the left, the others to the right. */
const line = (name, widths, ...cells) =>
  console.log(name.padEnd(widths[0]), ...cells.map((cell, i) => String(cell).padStart(widths[i + 1])));

/** The exponent k of the power x^k that the points lie closest to; undefined for less than three. */
function exponent(points, name) {
  const logs = points
    .filter((point) => point.x > 0 && point[name] > 0)
    .map((point) => [Math.log(point.x), Math.log(point[name])]);
  if (logs.length < 3) return undefined;
  const mean = (i) => logs.reduce((sum, pair) => sum + pair[i], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const over = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return over / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

export class Report {
  constructor(about) {
    this.result = { about, facts: {}, tables: [], series: [], ratios: [], musts: [], failures: [] };
  }

  /** A single value, for people. */
  fact(name, value) {
    this.result.facts[name] = value;
    console.log(`${name}: ${typeof value === 'number' ? short(value) : value}`);
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
      ...(list[0].cpu_us !== undefined && { cpu_us: median(list.map(({ cpu_us }) => cpu_us)) }),
      load_share: median(list.map(({ load_share }) => load_share)),
    }));
    this.result.tables.push({ title, rows });
    const widths = [36, 9, 16, 8, 8, 7, 6];
    console.log();
    line(title, widths, 'rate/s', 'min - max', 'p50 ms', 'p99 ms', 'CPU µs', 'load %');
    for (const { name, rate, p50_us, p99_us, cpu_us, load_share } of rows)
      line(
        name,
        widths,
        short(rate.median),
        spread(rate),
        (p50_us / 1000).toFixed(2),
        (p99_us / 1000).toFixed(2),
        cpu_us?.toFixed(1) ?? '',
        Math.round(load_share * 100),
      );
  }

  /**
   * How measures grow: `points` are [{ x, 'a measure': value, … }, …], `expected` says of each how it should grow.
   * What it really does is told as a power of x.
   */
  series(title, points, expected) {
    const measures = Object.entries(expected).map(([name, order]) => ({
      name,
      expected: order,
      exponent: exponent(points, name),
    }));
    this.result.series.push({ title, points, measures });
    const widths = [38, ...points.map(() => 9), 8];
    console.log();
    line(title, widths, ...points.map(({ x }) => short(x)), 'order', ' expected');
    for (const { name, expected: order, exponent: k } of measures) {
      const values = points.map((point) => (point[name] === undefined ? '' : short(point[name])));
      line(name, widths, ...values, k === undefined ? '' : `x^${k.toFixed(2)}`, ` ${order}`);
    }
  }

  /** A value, or one of each round, whose median must hold; `comparison` is '>=' or '<='. */
  must(name, values, comparison, bound) {
    const measured = middle(values);
    const holds = comparison === '>=' ? measured.value >= bound : measured.value <= bound;
    this.result.musts.push({ name, ...measured, comparison, bound, holds });
    console.log(
      `${holds ? 'holds' : 'FAILS'}: ${name}: ${short(measured.value)}, must be ${comparison} ${short(bound)}`,
    );
  }

  /** A ratio that nobody has set a bound for. */
  ratio(name, values) {
    const ratio = { name, ...middle(values) };
    this.result.ratios.push(ratio);
    console.log(`${name}: ${short(ratio.value)}`);
  }

  /** What should not have happened at all. */
  failure(name, detail) {
    this.result.failures.push({ name, detail });
    console.log(`FAILS: ${name}: ${detail}`);
  }

  /** The figures that count, once more, and the files `name`.json and .svg; true if everything holds. */
  end(name = 'result') {
    const { musts, ratios, failures } = this.result;
    const widths = [84, 9, 16, 8];
    console.log();
    if (musts.length) line('what must hold', widths, 'median', 'min - max', 'bound');
    for (const must of musts)
      line(
        `${must.holds ? 'holds' : 'FAILS'}  ${must.name}`,
        widths,
        short(must.value),
        spread(must),
        `${must.comparison} ${short(must.bound)}`,
      );
    if (ratios.length) line('what is told', widths, 'median', 'min - max');
    for (const ratio of ratios) line(`       ${ratio.name}`, widths, short(ratio.value), spread(ratio));
    for (const failure of failures) console.log(`FAILS  ${failure.name}: ${failure.detail}`);
    const file = path.join(FOLDER, name);
    fs.writeFileSync(`${file}.json`, `${JSON.stringify(this.result, null, 2)}\n`);
    fs.writeFileSync(`${file}.svg`, draw(this.result));
    console.log(`\n${file}.json and ${name}.svg`);
    return !failures.length && musts.every(({ holds }) => holds);
  }
}
