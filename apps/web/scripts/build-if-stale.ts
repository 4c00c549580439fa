/**
 * Builds the web app if it was not built from its present sources; with `--always` in any case. Before `npm start`: the
 * server starts either way, so a build that fails is told in a line and is no failure. `npm run build` says all of it.
 */
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../.cache/compiled/', import.meta.url)));
const { fingerprint, web } = await import('./sources.ts');

const isAlways = process.argv.includes('--always');
const present = fingerprint();
if (isAlways || builtFrom() !== present) {
  const { build } = await import('./build.ts');
  process.exitCode = await build(present, isAlways);
}

function builtFrom(): string | null {
  try {
    return readFileSync(join(web, 'dist/.built-from'), 'utf8');
  } catch {
    return null;
  }
}
