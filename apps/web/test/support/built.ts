import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('../../scripts/build-if-stale.ts', import.meta.url));
let built: Promise<unknown> | null = null;

/** The app is built from the present sources, once a run. */
export const ensureBuilt = async (): Promise<void> =>
  void (await (built ??= promisify(execFile)(process.execPath, [script])));
