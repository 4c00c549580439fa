/**
 * Postgres, Redis, three nodes with a proxy in front of each, and some hundreds of clients; everything is broken that can
 * be, and in the end it is checked that nothing was lost. See docs/operations/chaos.md.
 *
 * Ends with 0 if every check holds, with 1 if one does not, with 2 if the run could not be made.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { faultKinds, isFaultKind } from './faults.ts';
import type { Options } from './plan.ts';
import { describe, factsOf, judge } from './report.ts';
import { run } from './run.ts';
import { setUp } from './stage.ts';

const usage =
  'npm run chaos -- [--seconds 75 | --minutes N] [--seed N] [--clients 200] [--workers 2] [--nodes 3] [--faults kind,kind] [--quick] [--verbose] [--json] [--keep]';

const values = readArguments();

function readArguments() {
  try {
    return parseArgs({
      options: {
        seconds: { type: 'string' },
        minutes: { type: 'string' },
        seed: { type: 'string' },
        clients: { type: 'string', default: '200' },
        workers: { type: 'string', default: '2' },
        nodes: { type: 'string', default: '3' },
        faults: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}

const options: Options = {
  seed: values.seed === undefined ? randomInt(1_000_000) : Number(values.seed),
  seconds: values.minutes === undefined ? Number(values.seconds ?? 75) : Number(values.minutes) * 60,
  clients: Number(values.clients),
  workers: Number(values.workers),
  nodes: Number(values.nodes),
  faults: values.faults === undefined ? null : values.faults.split(',').filter((kind) => kind !== 'none'),
  quick: values.quick,
  verbose: values.verbose,
  json: values.json,
};
const repeat = `npm run chaos -- --seed ${options.seed} --seconds ${options.seconds} --clients ${options.clients}${
  values.faults === undefined ? '' : ` --faults '${values.faults}'`
}${values.quick ? ' --quick' : ''}`;

const began = Date.now();
const say = (what: string): void => {
  if (options.verbose) console.error(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${what}`);
};

const wrong = [options.seed, options.seconds, options.clients, options.workers, options.nodes].some(
  (value) => !(value >= 0),
);
const unknown = (options.faults ?? []).filter((kind) => !isFaultKind(kind));
if (wrong || unknown.length > 0) {
  console.error(wrong ? 'Numbers are expected.' : `There is no fault "${unknown.join('", "')}". There are:`);
  if (!wrong) console.error(Object.keys(faultKinds).join(', '));
  process.exit(2);
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(2));
const folder = await mkdtemp(join(tmpdir(), 'parley-chaos-'));
let failed: boolean | null = null;
try {
  await using stack = new AsyncDisposableStack();
  if (!options.json) console.log(`chaos with seed ${options.seed}; to repeat: ${repeat}`);
  const evidence = await run(options, await setUp(options, folder, stack), say);
  const [facts, verdicts] = [factsOf(evidence), judge(evidence)];
  failed = verdicts.some(({ findings }) => findings.length > 0);
  if (options.json) console.log(JSON.stringify({ failed, repeat, facts, verdicts }));
  else console.log(describe(facts, verdicts, Date.now() - began));
  if (failed && !options.json) console.log(`\nFailed. To repeat: ${repeat}`);
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
}
if (values.keep || failed !== false) console.error(`What the nodes said is in ${join(folder, 'logs')}`);
else await rm(folder, { recursive: true, force: true });
process.exit(failed === null ? 2 : failed ? 1 : 0);
