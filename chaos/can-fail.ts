/**
 * Shows that the checks can fail: for each deliberate fault, a copy of the tree is made in which the product is broken in
 * that one way, and chaos is run on it. It must end with 1, and name the check that the fault is for.
 *
 *   node chaos/can-fail.ts [--only name,name] [--keep]
 *
 * Prints a table for docs/operations/chaos.md. Ends with 1 if a fault was not caught.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutations, type Mutation } from './mutations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Outcome {
  readonly caught: boolean;
  readonly seen: string;
}

interface Verdict {
  readonly check: string;
  readonly findings: readonly string[];
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, keep: { type: 'boolean', default: false } },
});
const chosen = mutations.filter(({ name }) => values.only?.split(',').includes(name) ?? true);

let missed = 0;
console.log('| deliberate fault | check | what was seen |\n| --- | --- | --- |');
for (const mutation of chosen) {
  const { caught, seen } = await tryOut(mutation);
  if (!caught) missed++;
  console.log(`| ${mutation.fault} | \`${mutation.check}\` | ${caught ? '' : '**not caught**: '}${seen} |`);
}
process.exitCode = missed === 0 ? 0 : 1;

async function tryOut(mutation: Mutation): Promise<Outcome> {
  const copy = await mkdtemp(join(tmpdir(), 'parley-can-fail-'));
  try {
    await copyTree(copy);
    await breakOne(copy, mutation);
    return judge(mutation, await runChaos(copy, mutation));
  } finally {
    if (!values.keep) await rm(copy, { recursive: true, force: true });
  }
}

/** The sources, with the packages that are installed here; of those, the workspaces are the copy's own. */
async function copyTree(copy: string): Promise<void> {
  for (const name of ['packages', 'chaos', 'package.json'])
    await cp(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !/[/\\](node_modules|\.cache|\.parley)$/.test(path),
    });
  const modules = join(copy, 'node_modules');
  await mkdir(join(modules, '@parley'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@parley' && !name.startsWith('.'))
      await symlink(join(root, 'node_modules', name), join(modules, name));
  for (const name of await readdir(join(root, 'packages')))
    await symlink(join(copy, 'packages', name), join(modules, '@parley', name));
}

/** @throws Error if a place is not there exactly once: the product has changed, and the list must follow */
async function breakOne(copy: string, { name, edits }: Mutation): Promise<void> {
  for (const { file, search, replace } of edits) {
    const path = join(copy, file);
    const source = await readFile(path, 'utf8');
    if (source.split(search).length !== 2)
      throw new Error(`"${name}" does not fit any more: its place is not in ${file} exactly once.`);
    await writeFile(
      path,
      source.replace(search, () => replace),
    );
  }
}

async function runChaos(copy: string, { seed, seconds, faults, check }: Mutation): Promise<string> {
  const args = [
    '--seed',
    `${seed}`,
    '--seconds',
    `${seconds}`,
    '--clients',
    '60',
    '--workers',
    '1',
    '--json',
  ];
  const child = spawn(
    process.execPath,
    [
      join(copy, 'chaos', 'main.ts'),
      ...args,
      ...(faults === null ? [] : ['--faults', faults]),
      ...(check === 'presence' ? [] : ['--quick']),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: copy },
  );
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return said === '' ? complaint : said;
}

function judge({ check }: Mutation, said: string): Outcome {
  if (!said.startsWith('{')) return { caught: false, seen: `the run ended early: ${said.slice(0, 300)}` };
  const { verdicts }: { verdicts: readonly Verdict[] } = JSON.parse(said);
  const failed = verdicts.filter(({ findings }) => findings.length > 0);
  const own = failed.find((verdict) => verdict.check === check);
  const others = failed.filter((verdict) => verdict !== own).map((verdict) => verdict.check);
  const beside = others.length === 0 ? '' : `; also ${others.join(', ')}`;
  if (own === undefined) return { caught: false, seen: `nothing${beside}` };
  const [first = ''] = own.findings;
  return { caught: true, seen: `${own.findings.length} findings, such as “${brief(first)}”${beside}` };
}

/** Without ids, which say nothing in a table. */
function brief(finding: string): string {
  return finding
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…')
    .replaceAll(/[/][^ ]*[/]logs[/]/g, '')
    .replaceAll('|', '/')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 160);
}
