/** No page of the guide names what is not there: the compiler reads all of its samples, and the examples. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { context, modules } from './guide-context.ts';
import { openWorkshop, pagesOfGuide, samplesOf, type Sample, type Workshop } from './guide.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const browser = { lib: ['esnext', 'dom', 'dom.iterable'], jsx: 'react-jsx' };

/** Settings for each kind of sample. What the specification itself shows (`js spec`) is history, and not compiled. */
const kinds: Readonly<Record<string, { readonly extension: string; readonly options: object }>> = {
  ts: { extension: 'ts', options: browser },
  tsx: { extension: 'tsx', options: browser },
  'ts node': { extension: 'ts', options: {} },
  js: { extension: 'js', options: { ...browser, allowJs: true, checkJs: true, strict: false } },
  'js node': { extension: 'js', options: { allowJs: true, checkJs: true, strict: false } },
};

/** What the compiler says of a project; paths are told from `cwd`. */
const tsc = (project: string, cwd: string): Promise<string> =>
  new Promise((resolve) => {
    const program = join(root, 'node_modules/typescript/bin/tsc');
    const args = [program, '--noEmit', '--pretty', 'false', '-p', project];
    execFile(process.execPath, args, { cwd }, (_error, stdout) => resolve(stdout));
  });

let workshop: Workshop;
beforeAll(async () => {
  workshop = await openWorkshop();
  await workshop.write('context.d.ts', context);
  await workshop.write('modules.d.ts', modules);
});
afterAll(() => workshop.remove());

/** What the compiler finds in these samples, each with its place in the guide. */
async function compile(kind: string, samples: readonly Sample[]): Promise<string[]> {
  const { extension, options } = kinds[kind] ?? { extension: 'ts', options: {} };
  const folder = kind.replace(' ', '-');
  // Each is a module of its own.
  for (const [index, { code }] of samples.entries())
    await workshop.write(`${folder}/${index}.${extension}`, `${code}\nexport {};\n`);
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      noUnusedLocals: false,
      noUnusedParameters: false,
      ...options,
    },
    include: [`${folder}/*`, '*.d.ts'],
  };
  const file = await workshop.write(`tsconfig.${folder}.json`, JSON.stringify(config));
  const said = await tsc(file, workshop.path);
  if (/^error TS/m.test(said)) throw new Error(said);
  return said.split('\n').flatMap((line) => {
    const [, index, rest = ''] = new RegExp(`^${folder}/(\\d+)\\.\\w+(.*)$`).exec(line) ?? [];
    return index === undefined ? [] : [`${samples[Number(index)]?.place ?? ''} ${rest}`];
  });
}

test('the compiler finds what a page gets wrong', async () => {
  const wrong: Sample = { place: 'page.md:1', language: 'ts', code: "parley.sendMesage('hello');\n" };
  expect(await compile('ts', [wrong])).toEqual([expect.stringContaining('page.md:1')]);
});

test.each(Object.keys(kinds))('every sample in %s compiles', { timeout: 60_000 }, async (kind) => {
  const samples = (await Promise.all((await pagesOfGuide()).map(samplesOf))).flat();
  expect(
    await compile(
      kind,
      samples.filter(({ language }) => language === kind),
    ),
  ).toEqual([]);
});

test.each(['plain-js', 'react'])('the example %s compiles', { timeout: 60_000 }, async (name) => {
  const said = await tsc(`examples/${name}`, root);
  expect(said.split('\n').filter((line) => /^(examples|error)/.test(line))).toEqual([]);
});
