/** What is shipped: its size, and what it needs. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

test('the hooks are small, and stand on React and the client alone', async () => {
  const input = fileURLToPath(new URL('../src/index.ts', import.meta.url));
  const bundle = await rolldown({ input, external: ['react', '@parley/client'], onLog: () => undefined });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  expect(output).toHaveLength(1);
  const [{ code, moduleIds, imports }] = output;
  expect(moduleIds.every((id) => id.includes('/packages/react/src/'))).toBe(true);
  expect([...imports].sort()).toEqual(['@parley/client', 'react']);
  expect(code).toMatch(/^['"`]use client['"`]/);
  const bytes = gzipSync(code, { level: 9 }).length;
  expect(bytes).toBeLessThan(3_900);
});

test('every hook stands in the table of the README', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const index = await readFile(new URL('../src/index.ts', import.meta.url), 'utf8');
  const hooks = new Set(index.match(/\buse[A-Z]\w+/g));
  for (const hook of hooks) expect(readme).toContain(`| \`${hook}(`);
});
