/** The code samples of the guide: to be compiled, and to be run. */
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = join(root, 'docs/guide');

export interface Sample {
  /** Such as `client.md:12`, where the code begins. */
  readonly place: string;
  /** What stands behind the backticks: `ts`, `tsx`, `js`, `dart`, …, and who it is for. */
  readonly language: string;
  readonly code: string;
}

/** The samples of a page, in their order. */
export async function samplesOf(page: string): Promise<Sample[]> {
  const text = await readFile(join(guide, page), 'utf8');
  return [...text.matchAll(/^```(\S+(?: \S+)?)\n([^]*?)^```$/gm)].map(
    ({ index, 1: language = '', 2: code = '' }) => ({
      place: `${page}:${text.slice(0, index).split('\n').length + 1}`,
      language,
      code,
    }),
  );
}

export const pagesOfGuide = async (): Promise<string[]> =>
  (await readdir(guide)).filter((name) => name.endsWith('.md'));

/** The one sample of a page in which `part` stands. */
export async function sampleWith(page: string, part: string): Promise<string> {
  const found = (await samplesOf(page)).filter(({ code }) => code.includes(part));
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Error(`${found.length} samples of ${page} have ${part}`);
  return only.code;
}

export interface Workshop {
  readonly path: string;
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

/** A folder of its own from which everything that is installed here can be imported. */
export async function openWorkshop(): Promise<Workshop> {
  const path = await mkdtemp(join(tmpdir(), 'parley-guide-'));
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
  await writeFile(join(path, 'package.json'), '{ "type": "module" }');
  return {
    path,
    async write(name, text) {
      const file = join(path, name);
      await mkdir(join(file, '..'), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
