/**
 * What it costs to grow: `npm run bench:growth` measures all of it (some five minutes), `npm run bench:growth -- senders` a part.
 * Writes docs/performance/<name>.svg for each, and docs/performance/growth.json with what is drawn.
 * `--seconds N` of each measurement (2), `--out FOLDER`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './growth/chart.ts';
import { conversations } from './growth/conversations.ts';
import { groupSize } from './growth/group-size.ts';
import type { Growth, Point } from './growth/growth.ts';
import { history } from './growth/history.ts';
import { senders } from './growth/senders.ts';
import { sockets } from './growth/sockets.ts';
import { openStage } from './stage.ts';
import { digits } from './table.ts';

const all: readonly Growth[] = [senders, sockets, groupSize, conversations, history];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '2' },
    out: { type: 'string', default: new URL('../docs/performance', import.meta.url).pathname },
  },
});
const unknown = positionals.filter((name) => !all.some((growth) => growth.name === name));
if (unknown.length > 0) throw new Error(`nothing that grows is named ${unknown.join(', ')}`);

await mkdir(values.out, { recursive: true });
for (const growth of all) {
  if (positionals.length > 0 && !positionals.includes(growth.name)) continue;
  console.log(`\n${growth.title}: ${growth.how}`);
  const stage = await openStage();
  try {
    await keep(growth, await growth.measure(stage, Number(values.seconds), print(growth)));
  } finally {
    await stage.close();
  }
}

function print({ xLabel, rateLabel }: Growth) {
  return ({ x, rate, p99 }: Point): void =>
    console.log(
      `${x.toLocaleString('en').padStart(10)} ${xLabel}: ${digits(rate)} ${rateLabel}, p99 ${digits(p99)} ms`,
    );
}

async function keep(growth: Growth, points: readonly Point[]): Promise<void> {
  const file = join(values.out, 'growth.json');
  const known = await readFile(file, 'utf8').catch(() => '{}');
  const figures = { ...(JSON.parse(known) as Record<string, unknown>), [growth.name]: points };
  await writeFile(file, `${JSON.stringify(figures, null, 2)}\n`);
  await writeFile(join(values.out, `${growth.name}.svg`), chart(growth, points));
}
