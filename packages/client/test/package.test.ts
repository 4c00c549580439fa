/** What is shipped: its size, and what it needs. */
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { limits } from '@parley/protocol';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { limits as own } from '../src/replica/limits.ts';

async function bundled(entry: string): Promise<{ bytes: number; modules: readonly string[] }> {
  const input = fileURLToPath(new URL(`../src/${entry}`, import.meta.url));
  const bundle = await rolldown({ input });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  expect(output).toHaveLength(1);
  const [{ code, moduleIds }] = output;
  return { bytes: gzipSync(code, { level: 9 }).length, modules: moduleIds };
}

test('the bundle is small, and holds nothing but this package', async () => {
  const [all, core] = [await bundled('index.ts'), await bundled('core.ts')];
  expect(all.modules.every((id) => id.includes('/packages/client/src/'))).toBe(true);
  expect(core.modules.some((id) => /tabs|indexeddb/.test(id))).toBe(false);
  expect(all.bytes).toBeLessThan(16_200);
  expect(core.bytes).toBeLessThan(15_200);
});

test("the replica's limits are the protocol's", () => {
  expect(limits).toMatchObject(own);
});
