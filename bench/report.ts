import { readFile, writeFile } from 'node:fs/promises';
import { holds, type Outcome, type Ratio } from './scenario.ts';
import { digits, table } from './table.ts';

/** A scenario, what came of it, and the seconds that it took. */
export interface Reported {
  readonly name: string;
  readonly title: string;
  readonly outcome: Outcome;
  readonly seconds: number;
}

const place = new URL('../docs/performance.md', import.meta.url);
const [begin, end] = [
  '<!-- What follows is written by `npm run bench -- --report`. -->',
  '<!-- Up to here. -->',
];

/** Puts the figures of a run into docs/performance.md, where the last run's were. */
export async function writeReport(machine: string, reported: readonly Reported[]): Promise<void> {
  const text = await readFile(place, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error('docs/performance.md has lost the marks between which the figures stand');
  const day = new Date().toISOString().slice(0, 10);
  const minutes = Math.round(reported.reduce((sum, { seconds }) => sum + seconds, 0) / 60);
  const rows = reported.flatMap(({ name, outcome }) => outcome.ratios.map((ratio) => row(name, ratio)));
  const parts = [
    begin,
    `Measured on ${day}, ${machine}, in ${minutes} minutes.`,
    [
      '| scenario | ratio | measured | rounds | at least / at most | aim |',
      '| --- | --- | ---: | --- | --- | --- |',
      ...rows,
    ].join('\n'),
    ...reported.map(
      ({ name, title, outcome }) =>
        `### ${name}\n\n${sentence(title)}\n\n\`\`\`text\n${table(outcome)}\n\`\`\``,
    ),
  ];
  await writeFile(place, `${text.slice(0, from)}${parts.join('\n\n')}\n\n${text.slice(to)}`);
}

function row(scenario: string, ratio: Ratio): string {
  const { name, value, range, bound } = ratio;
  const most = bound.atMost === undefined ? '' : `≤ ${bound.atMost}`;
  const wanted = bound.atLeast === undefined ? most : `≥ ${bound.atLeast}`;
  const cells = [
    `\`${scenario}\``,
    name,
    `${holds(ratio, false) ? '' : '**missed:** '}${digits(value)}`,
    range === null ? '' : `${digits(range[0])} to ${digits(range[1])}`,
    wanted,
    bound.aim === undefined ? '' : String(bound.aim),
  ];
  return `| ${cells.join(' | ')} |`;
}

const sentence = (title: string): string => `${title[0]?.toUpperCase() ?? ''}${title.slice(1)}.`;
