/**
 * The bench: `npm run bench` measures all, `npm run bench -- NAME…` some, `npm run bench -- --list` names them.
 * `--short` takes less time and keeps to the wide bounds of CI; `--json FILE` writes what was measured, `--report` puts it
 * into docs/performance.md.
 */
import { writeFile } from 'node:fs/promises';
import { arch, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { writeReport, type Reported } from './report.ts';
import { holds, type Plan } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { openStage } from './stage.ts';
import { table } from './table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    json: { type: 'string' },
    report: { type: 'boolean', default: false },
  },
});

const plan: Plan = {
  short: values.short,
  rounds: Number(values.rounds ?? (values.short ? 1 : 3)),
  seconds: Number(values.seconds ?? (values.short ? 2 : 3)),
};

if (values.list) for (const { name, title } of scenarios) console.log(`${name.padEnd(20)}${title}`);
else await runAll();

async function runAll(): Promise<void> {
  const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new Error(`no scenario is named ${unknown.join(', ')}; see --list`);
  const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const reported: Reported[] = [];
  const misses: string[] = [];
  console.log(machine());
  for (const { name, title, run } of chosen) {
    const started = performance.now();
    const stage = await openStage();
    try {
      const outcome = await run(stage, plan);
      const seconds = Math.round((performance.now() - started) / 1000);
      reported.push({ name, title, outcome, seconds });
      console.log(`\n${name}: ${title} (${seconds} s)\n${table(outcome)}`);
      for (const ratio of outcome.ratios)
        if (!holds(ratio, plan.short)) misses.push(`${name}: ${ratio.name}`);
    } finally {
      await stage.close();
    }
  }
  if (values.json !== undefined) {
    await writeFile(values.json, `${JSON.stringify({ machine: machine(), plan, reported }, null, 2)}\n`);
  }
  if (values.report) await writeReport(machine(), reported);
  if (misses.length === 0) return;
  console.log(`\n${misses.length} missed:\n${misses.join('\n')}`);
  process.exitCode = 1;
}

function machine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model ?? arch()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}
