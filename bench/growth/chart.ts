import type { Growth, Point } from './growth.ts';

const [width, height] = [760, 400];
/** What is drawn lies within. */
const [left, right, top, bottom] = [92, width - 74, 88, height - 62];

/** Legible on light and dark pages alike; it follows the reader's setting. */
const style = `
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .page { fill: #fff } .title { font-size: 16px; font-weight: 600; fill: #1f2328 }
  .grid { stroke: #d8dee4 } .axis { stroke: #8c959f }
  .rate { stroke: #0a62c9 } .p99 { stroke: #bc4c00 } .line { fill: none; stroke-width: 2 }
  .dot { stroke-width: 2; fill: #fff } text.rate { fill: #0a62c9; stroke: none } text.p99 { fill: #bc4c00; stroke: none }
  .p99.line { stroke-dasharray: 6 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 } .page { fill: #0d1117 } .title { fill: #f0f6fc }
    .grid { stroke: #21262d } .axis { stroke: #656c76 }
    .rate { stroke: #58a6ff } .p99 { stroke: #f0883e } .dot { fill: #0d1117 }
    text.rate { fill: #58a6ff } text.p99 { fill: #f0883e }
  }
`;

/** Rate (left) and p99 (right) over a size, whose axis is logarithmic, as a picture of its own. */
export function chart(growth: Growth, points: readonly Point[]): string {
  const x = sizeAxis(points.map((point) => point.x));
  const rate = axisFromZero(points.map((point) => point.rate));
  const p99 = axisFromZero(points.map((point) => point.p99));
  const middle = (top + bottom) / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(describe(growth, points))}">
<style>${style}</style>
<rect class="page" width="${width}" height="${height}" rx="6"/>
<text class="title" x="20" y="28">${escape(growth.title)}</text>
${wrapped(growth.how)
  .map((line, n) => text(20, 48 + 16 * n, 'start', line))
  .join('\n')}
${rate.ticks.map(({ at, label }) => `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/>${text(left - 8, at + 4, 'end', label)}`).join('\n')}
${p99.ticks.map(({ at, label }) => text(right + 8, at + 4, 'start', label)).join('\n')}
${x.ticks.map(({ at, label }) => `<line class="axis" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 5}"/>${text(at, bottom + 20, 'middle', label)}`).join('\n')}
<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
${text((left + right) / 2, height - 18, 'middle', growth.xLabel)}
${aside(22, middle, -90, 'rate', growth.rateLabel)}
${aside(width - 16, middle, 90, 'p99', `${growth.p99Label} (ms)`)}
${curve(
  'p99',
  points.map((point) => [x.place(point.x), p99.place(point.p99)]),
)}
${curve(
  'rate',
  points.map((point) => [x.place(point.x), rate.place(point.rate)]),
)}
</svg>
`;
}

interface Axis {
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  place(value: number): number;
}

const roundTo = (value: number): number => Math.round(value * 10) / 10;

/** From the least to the most, each power of ten marked; powers of two where there are few of ten. */
function sizeAxis(sizes: readonly number[]): Axis {
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const place = (size: number): number =>
    roundTo(left + 14 + (Math.log(size / least) / Math.log(most / least)) * (right - left - 28));
  const doubles = sizes.every((size) => Number.isInteger(Math.log2(size)));
  const marks = doubles ? sizes : [...new Set([least, ...powersOfTen(least, most), most])];
  return { place, ticks: marks.map((mark) => ({ at: place(mark), label: mark.toLocaleString('en') })) };
}

function powersOfTen(least: number, most: number): number[] {
  const powers: number[] = [];
  for (let power = 1; power <= most; power *= 10) if (power >= least) powers.push(power);
  return powers;
}

/** Five or so steps from zero to above all values, each 1, 2, 2.5 or 5 times a power of ten. */
function axisFromZero(values: readonly number[]): Axis {
  const most = Math.max(...values) * 1.05;
  const power = 10 ** Math.floor(Math.log10(most / 5));
  const step = power * ([1, 2, 2.5, 5].find((each) => each * power * 5 >= most) ?? 10);
  // The same five steps on both sides share their lines.
  const place = (value: number): number => roundTo(bottom - (value / (5 * step)) * (bottom - top));
  const ticks = Array.from({ length: 6 }, (_, n) => {
    const value = Number((n * step).toPrecision(6));
    return { at: place(value), label: value.toLocaleString('en') };
  });
  return { place, ticks };
}

const curve = (kind: 'rate' | 'p99', places: readonly (readonly [number, number])[]): string =>
  [
    `<polyline class="${kind} line" points="${places.map((place) => place.join(',')).join(' ')}"/>`,
    ...places.map(([cx, cy]) => `<circle class="${kind} dot" cx="${cx}" cy="${cy}" r="3.5"/>`),
  ].join('\n');

const text = (x: number, y: number, anchor: 'start' | 'middle' | 'end', content: string): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${escape(content)}</text>`;

const aside = (x: number, y: number, turn: number, kind: string, content: string): string =>
  `<text class="${kind}" transform="translate(${x} ${y}) rotate(${turn})" text-anchor="middle">${escape(content)}</text>`;

/** Characters of a line below the title. */
const lineLength = 115;

function wrapped(words: string): string[] {
  const cut = words.length <= lineLength ? words.length : words.lastIndexOf(' ', lineLength);
  return [words.slice(0, cut), words.slice(cut + 1)].filter((line) => line !== '');
}

const describe = ({ title, xLabel, rateLabel, p99Label }: Growth, points: readonly Point[]): string =>
  `${title}. ${points.map(({ x, rate, p99 }) => `${x} ${xLabel}: ${Math.round(rate)} ${rateLabel}, ${p99Label} ${roundTo(p99)} ms`).join('; ')}`;

const escape = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
