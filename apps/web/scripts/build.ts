import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compress } from './compress.ts';
import { web } from './sources.ts';

const dist = join(web, 'dist');
const workshop = join(web, '.cache');

const signals = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Builds the app into a folder of this process alone, then puts that in the place of the one before: nobody sees half a
 * build, also where two build at once, and one that fails leaves the other as it was.
 * @returns the exit code: that of the build where it `isAsked` for, else 0, or what says that a signal ended it
 */
export async function build(builtFrom: string, isAsked: boolean): Promise<number> {
  if (!isAsked) console.log('Building the web app, which is new or has changed …');
  const folder = join(workshop, `build-${process.pid}`);
  try {
    await removeLeftovers();
    const problem = await runVite(folder, isAsked);
    if (problem instanceof Interrupted) return 128 + signals[problem.signal];
    if (problem !== null) return explain(problem, isAsked);
    await compress(folder);
    await writeFile(join(folder, '.built-from'), builtFrom);
    await replaceDist(folder);
    return 0;
  } catch (error) {
    return explain(error instanceof Error ? error.message : String(error), isAsked);
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function explain(problem: string, isAsked: boolean): number {
  const rest = existsSync(join(dist, 'index.html')) ? 'with the one built before' : 'without it';
  if (isAsked) console.error(`The web app could not be built: ${problem}`);
  else console.error(`The web app could not be built (${problem}); the server starts ${rest}.`);
  return isAsked ? 1 : 0;
}

class Interrupted {
  readonly signal: keyof typeof signals;

  constructor(signal: keyof typeof signals) {
    this.signal = signal;
  }
}

/** Null if all went well, else why not. */
async function runVite(outDir: string, isAsked: boolean): Promise<string | Interrupted | null> {
  const vite = findVite();
  if (vite === null) return 'vite is not installed: run npm ci';
  const args = [
    vite,
    'build',
    '--outDir',
    outDir,
    '--emptyOutDir',
    ...(isAsked ? [] : ['--logLevel', 'error']),
  ];
  const child = spawn(process.execPath, args, {
    cwd: web,
    // Whatever the server's own mode: people get the app that is meant for them.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: isAsked ? 'inherit' : 'ignore',
  });
  let interrupted: Interrupted | null = null;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted = new Interrupted(signal);
      child.kill(signal);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  if (interrupted !== null || code === 0) return interrupted;
  return isAsked ? `vite ended with ${code}` : 'npm run build says why';
}

function findVite(): string | null {
  try {
    const manifest = createRequire(join(web, 'package.json')).resolve('vite/package.json');
    return join(dirname(manifest), 'bin/vite.js');
  } catch {
    return null;
  }
}

/** Another who builds at the same time may be first each time, with a build that is as good. */
async function replaceDist(folder: string): Promise<void> {
  const old = `${folder}-old`;
  for (let attempt = 1; ; attempt++) {
    await rm(old, { recursive: true, force: true });
    await rename(dist, old).catch(unlessMissing);
    try {
      await rename(folder, dist);
      break;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
  await rm(old, { recursive: true, force: true });
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

/** Of builds that were killed. */
async function removeLeftovers(): Promise<void> {
  await mkdir(workshop, { recursive: true });
  for (const name of await readdir(workshop)) {
    const pid = Number(/^build-(\d+)/.exec(name)?.[1] ?? process.pid);
    if (!isRunning(pid)) await rm(join(workshop, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
