/**
 * Builds a package of this repository into its folder `dist`, ready for `npm pack` and `npm publish`: JavaScript and types,
 * with a package.json of its own. In the repository packages are used by their sources; those who install one need none
 * of it.
 *
 *     node packages/client/scripts/build.ts [folder of the package] [where to]
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The schemas' types come by these few names. Whoever installs the package has the plain types. */
const schemaTypes = `export declare namespace Type {
  type TString = string;
  type TInteger = number;
  type TBoolean = boolean;
  type TNull = null;
  type TLiteral<T> = T;
  type TUnsafe<T> = T;
  type TRefine<T> = T;
  type TArray<T> = T[];
  type TUnion<T extends readonly unknown[]> = T[number];
  interface TOptional<T> { readonly optional: T }
  type TObject<P> = {
    [K in keyof P as P[K] extends TOptional<unknown> ? never : K]: P[K];
  } & {
    [K in keyof P as P[K] extends TOptional<unknown> ? K : never]?: P[K] extends TOptional<infer T> ? T : never;
  };
}
export type Static<T> = T;
export type TSchema = unknown;
`;

interface Manifest {
  readonly [key: string]: unknown;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Compiles by a tsconfig.json that is made for it, in the folder that it writes to. */
function compile(source: string, target: string, options: object): void {
  const config = join(target, 'tsconfig.json');
  const all = { ...options, outDir: target, rootDir: source, typeRoots: [join(root, 'node_modules/@types')] };
  mkdirSync(target, { recursive: true });
  writeFileSync(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: all, include: [source] }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
  rmSync(config);
  if (status !== 0) throw new Error(`${source} could not be compiled`);
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Types of the protocol, of which nothing is needed at run time, go with the package. */
function addProtocol(target: string): void {
  const protocol = join(target, 'protocol');
  const source = join(root, 'packages/protocol/src');
  compile(source, protocol, { noEmit: false, declaration: true, emitDeclarationOnly: true });
  writeFileSync(join(protocol, 'schemas.d.ts'), schemaTypes);
}

/** Imports lead to what lies beside them. */
function relink(target: string): void {
  for (const file of filesIn(target).filter((name) => name.endsWith('.d.ts'))) {
    const path = (to: string) => `'./${relative(dirname(file), join(target, 'protocol', to))}'`;
    const text = readFileSync(file, 'utf8')
      .replaceAll("'@parley/protocol'", path('index.js'))
      .replaceAll("'typebox'", path('schemas.js'))
      .replaceAll(/(from '|import\(')(\.[^']*)\.tsx?'/g, "$1$2.js'");
    writeFileSync(file, text);
  }
}

/** As it is for those who install it. */
function published(manifest: Manifest): object {
  const { scripts: _, private: __, files: ___, publishConfig: ____, ...rest } = manifest;
  const built = Object.entries(manifest.exports).map(([name, path]) => {
    const file = path.replace(/^\.\/src\/(.*)\.tsx?$/, './$1');
    return [name, { types: `${file}.d.ts`, default: `${file}.js` }] as const;
  });
  const needed = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name !== '@parley/protocol');
  return { ...rest, exports: Object.fromEntries(built), dependencies: Object.fromEntries(needed) };
}

export function build(folder: string, target = join(folder, 'dist')): void {
  rmSync(target, { recursive: true, force: true });
  compile(join(folder, 'src'), target, {
    noEmit: false,
    declaration: true,
    stripInternal: true,
    rewriteRelativeImportExtensions: true,
    allowImportingTsExtensions: false,
    preserveSymlinks: true,
  });
  for (const file of filesIn(target)) if (/\.test\.(js|d\.ts)$/.test(file)) rmSync(file);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- npm holds to it
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  if (manifest.dependencies?.['@parley/protocol'] !== undefined) addProtocol(target);
  relink(target);
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`);
  cpSync(join(folder, 'README.md'), join(target, 'README.md'));
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
}

if (import.meta.main) {
  const [folder = 'packages/client', target] = process.argv.slice(2);
  build(resolve(folder), target && resolve(target));
}
