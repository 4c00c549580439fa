/** What is shipped: its size, and what it needs. */
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { limits } from '@parley/protocol';
import { rolldown, type Plugin } from 'rolldown';
import { expect, test } from 'vitest';
import { limits as own } from '../src/replica/limits.ts';

/** What is loaded later is left to be loaded later, and told. */
const leave = (later: Set<string>): Plugin => ({
  name: 'leave',
  resolveId(source, _importer, { kind }) {
    if (kind !== 'dynamic-import') return null;
    later.add(source);
    return { id: source, external: true };
  },
});

/** As an app bundles it. Bytes are gzipped. */
async function bundled(entry: string, plugins: Plugin[] = []) {
  const input = fileURLToPath(new URL(`../src/${entry}`, import.meta.url));
  const bundle = await rolldown({ input, plugins });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  const chunks = output.flatMap((each) => (each.type === 'chunk' ? [each] : []));
  const bytes = chunks.map(({ code }) => gzipSync(code, { level: 9 }).length).reduce((a, b) => a + b);
  return { bytes, modules: chunks.flatMap(({ moduleIds }) => moduleIds) };
}

test.each([
  { entry: 'index.ts', most: 8500, parts: ['indexeddb.ts', 'session.ts', 'tabs.ts', 'upload.ts'] },
  { entry: 'core.ts', most: 8300, parts: ['session.ts', 'upload.ts'] },
])('importing $entry costs less than 10 kB', async ({ entry, most, parts }) => {
  const later = new Set<string>();
  const { bytes, modules } = await bundled(entry, [leave(later)]);
  expect([...later].toSorted()).toEqual(parts.map((part) => `./${part}`));
  expect(modules.some((id) => /tabs|indexeddb|upload|replica\/(?!limits)/.test(id))).toBe(false);
  expect(bytes).toBeLessThan(most);
});

test('with all that is loaded later it is less than 21 kB, and nothing but this package', async () => {
  const { bytes, modules } = await bundled('index.ts');
  expect(modules.every((id) => id.includes('/packages/client/src/'))).toBe(true);
  expect(bytes).toBeLessThan(21_000);
});

test("the replica's limits are the protocol's", () => {
  expect(limits).toMatchObject(own);
});
