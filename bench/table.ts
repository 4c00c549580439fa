import { medianOf, valuesOf, type Series } from './figures.ts';
import { holds, type Outcome, type Ratio } from './scenario.ts';

/** A scenario's result as text: a row a subject, medians of its rounds with their spread, and then the ratios. */
export function table({ subjects, ratios, notes = [] }: Outcome): string {
  const names = Object.keys(subjects);
  const figures = [...new Set(Object.values(subjects).flatMap((series) => Object.keys(series[0] ?? {})))];
  const rows = [
    ['', ...figures],
    ...names.map((name) => [name, ...figures.map((figure) => cell(subjects[name] ?? [], figure))]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return [...lines, ...ratios.map(describeRatio), ...notes.map((note) => `(${note})`)].join('\n');
}

export function describeRatio(ratio: Ratio): string {
  const { name, value, range, bound } = ratio;
  const wanted = [
    ...(bound.atLeast === undefined ? [] : [`at least ${bound.atLeast}`]),
    ...(bound.atMost === undefined ? [] : [`at most ${bound.atMost}`]),
    ...(bound.aim === undefined ? [] : [`aim ${bound.aim}`]),
  ].join(', ');
  const spread = range === null ? '' : ` [${digits(range[0])} to ${digits(range[1])}]`;
  return `${holds(ratio, false) ? '  ok' : 'MISS'}  ${name} = ${digits(value)}${spread}${wanted === '' ? '' : ` (${wanted})`}`;
}

/** The median, and how far single rounds lie from it at most. */
function cell(series: Series, figure: string): string {
  const values = valuesOf(series, figure).filter((value) => !Number.isNaN(value));
  if (values.length === 0) return '';
  const middle = medianOf(series, figure);
  const off = Math.max(...values.map((value) => Math.abs(value - middle)));
  return `${digits(middle)}${values.length > 1 && middle !== 0 ? ` ±${Math.round((off / middle) * 100)}%` : ''}`;
}

/** Three digits that matter. */
export const digits = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
