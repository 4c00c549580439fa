import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `apps/web`. */
export const web = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(dirname(web));

/** What the app is made of: itself, the packages that are bundled into it, and the versions of all others. */
const sources = [
  web,
  ...['client', 'react', 'protocol'].flatMap((name) => [
    join(root, 'packages', name, 'src'),
    join(root, 'packages', name, 'package.json'),
  ]),
  join(root, 'package-lock.json'),
  join(root, 'tsconfig.json'),
];

/** Folders beside the sources that say nothing about the app; and tests don't either. */
const besides = new Set(['node_modules', 'dist', 'scripts', 'test']);

/**
 * Stands for the content of all sources. Content, and not when files were changed: a checkout, a copy or a clock that
 * was set makes unchanged files look new and changed ones old, and reading some hundred of them takes a few
 * milliseconds.
 */
export function fingerprint(): string {
  const hash = createHash('sha256');
  for (const path of sources.flatMap(filesIn)) {
    hash
      .update(`${relative(root, path)}\0`)
      .update(contentOf(path))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesIn(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return entries
      .filter(({ name }) => !besides.has(name) && !name.startsWith('.') && !/\.test\.tsx?$/.test(name))
      .flatMap((entry) => (entry.isDirectory() ? filesIn(join(path, entry.name)) : [join(path, entry.name)]));
  } catch {
    // A file; or nothing, which is what `contentOf` finds, too.
    return [path];
  }
}

/** Of a file that is gone meanwhile: nothing. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
