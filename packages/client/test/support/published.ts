/** Packages as those have them who install them: packed, in a folder where there is nothing of this repository. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from '../../scripts/build.ts';

const execute = promisify(execFile);
const path = (to: string) => fileURLToPath(new URL(`../../../../${to}`, import.meta.url));
const tsc = path('node_modules/typescript/bin/tsc');
const options =
  '--strict --noEmit --module nodenext --target esnext --exactOptionalPropertyTypes --types node';

export interface Installed {
  /** Compiles a program as strictly as can be, and runs it. Answers what it wrote. @throws Error what the compiler says */
  run(program: string): Promise<string>;
  /** The folders of all packages that are there, itself among them. */
  packages(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** `names`: packages of this repository; `beside`: of its `node_modules`, copied, so that there is one of each. */
export async function install(names: readonly string[], beside: readonly string[] = []): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-published-'));
  const at = { cwd: folder };
  const sources = beside.map((name) => path(`node_modules/${name}`));
  for (const name of names) {
    build(path(`packages/${name}`), join(folder, name));
    const { stdout } = await execute('npm', ['pack', '--silent', join(folder, name)], at);
    sources.push(`./${stdout.trim()}`);
  }
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const quiet = ['--offline', '--no-audit', '--no-fund', '--install-links'];
  await execute('npm', ['install', ...quiet, ...sources], at);
  return {
    async run(program) {
      await writeFile(join(folder, 'program.ts'), program);
      const flags = [...options.split(' '), '--typeRoots', path('node_modules/@types')];
      await execute(process.execPath, [tsc, ...flags, 'program.ts'], at).catch((error: unknown) => {
        throw new Error(String(Reflect.get(Object(error), 'stdout')));
      });
      return (await execute(process.execPath, ['program.ts'], at)).stdout.trim();
    },
    async packages() {
      const { stdout } = await execute('npm', ['ls', '--all', '--parseable'], at);
      return stdout.trim().split('\n');
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
