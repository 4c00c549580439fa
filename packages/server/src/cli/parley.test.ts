import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeJwt, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { endChildren, startNode } from '../../test/support/child.ts';
import { createDatabase, createEmptyDatabase } from '../../test/support/postgres.ts';
import { loadDemoSecret } from '../identity/demo.ts';
import { findEmbedded } from '../store/embedded.ts';

const program = fileURLToPath(new URL('../../bin/parley.js', import.meta.url));
const dataDirProgram = fileURLToPath(new URL('../../test/support/data-dir-process.ts', import.meta.url));

let folder: string;
let dataDir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-cli-'));
  dataDir = join(folder, '.parley');
});

afterEach(async () => {
  await endChildren();
  await expect.poll(() => findEmbedded(dataDir), { timeout: 10_000 }).toBeNull();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the real program in a folder of its own, with nothing in its environment but `env`. */
const parley = (args: string, env: Record<string, string> = {}) =>
  startNode(program, args.split(' ').filter(Boolean), {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
  }).ended;

describe('help', () => {
  test.each(['--help', 'start --help', 'migrate --help', 'token --help', 'doctor --help'])(
    'parley %s explains itself, with examples and exit codes',
    async (args) => {
      const { code, stdout, stderr } = await parley(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('Usage: parley');
      expect(stdout).toContain('Examples:\n  $ ');
      expect(stdout).toContain('Exit codes: 0 ');
    },
  );

  test('the version is that of the package', async () => {
    const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    expect(manifest).toContain(`"version": "${(await parley('--version')).stdout.trim()}"`);
  });

  test('it can be run by its name: a program with a shebang', async () => {
    expect((await stat(program)).mode & 0o111).toBe(0o111);
    expect(await readFile(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe('errors are for people, and exit codes for scripts', () => {
  test.each([
    ['', /Usage: parley/],
    ['stat', /unknown command 'stat'\n\(Did you mean start\?\)/],
    ['start --prot 1', /unknown option '--prot'/],
    ['token', /required option '--user <id>' not specified/],
    ['token --user a --role king', /Allowed choices are admin, moderator, teacher, student/],
    ['token --user a --lifetime 1y', /such as 90s, 15m, 12h, 1d or 4w/],
    ['token --user a --lifetime 0s', /such as 90s/],
    [`token --user ${'a'.repeat(129)}`, /^parley: --user /],
    ['token --user system', /^parley: --user can't be "system"/],
    ['start --port 99999', /^parley: PORT is "99999"; it takes a port .*\n$/],
    ['start --host 0.0.0.0', /demo mode/],
  ])('parley %s', async (args, message) => {
    const { code, stdout, stderr } = await parley(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('several wrong variables are a line each, under a heading', async () => {
    const { code, stderr } = await parley('start', { PORT: 'abc', NODE_ENV: 'prod' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Parley is not configured correctly:\n {2}\S.*\n {2}\S.*\n$/);
    expect(stderr).toContain('\n  NODE_ENV is "prod"; it takes production, development or test');
  });

  test('whoever reads the output may stop reading: no stack, and no failure', async () => {
    const command = `{ "$@"; echo "code $?" >&2; } | true`;
    const ended = await promisify(execFile)(
      '/bin/sh',
      ['-c', command, 'sh', process.execPath, program, '--help'],
      { cwd: folder, env: { PATH: process.env.PATH } },
    );
    expect(ended).toEqual({ stdout: '', stderr: 'code 0\n' });
  });

  test.runIf(existsSync('/dev/full'))('an output that a full disk does not take is a failure', async () => {
    const command = '"$@" >/dev/full; echo "code $?"';
    const { stdout, stderr } = await promisify(execFile)(
      '/bin/sh',
      ['-c', command, 'sh', process.execPath, program, 'token', '--user', 'ann'],
      { cwd: folder, env: { PATH: process.env.PATH } },
    );
    expect(stdout).toBe('code 1\n');
    expect(stderr).toMatch(/^parley: The output can't be written: ENOSPC.*\n$/);
  });

  test('whoever debugs gets the stack', async () => {
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/x', LOG_LEVEL: 'debug' };
    expect((await parley('migrate', env)).stderr).toMatch(/^\s+at /m);
  });
});

describe('a database that cannot be used is named by its variable, with what to do', () => {
  const mended = (sentence: string, mend: string): string =>
    `parley: The database can't be used: ${sentence}\n    → ${mend}; \`parley doctor\` says more\n`;
  const reach = 'check DATABASE_URL, and that this machine can reach it';
  const change = (edit: (url: URL) => void): string => {
    const url = new URL(inject('postgresUrl'));
    edit(url);
    return url.href;
  };

  test.each([
    ['out of reach', () => 'postgres://127.0.0.1:1/x', 'connect ECONNREFUSED 127.0.0.1:1', reach],
    [
      'of a host that is not there',
      () => 'postgres://db.invalid/x',
      'getaddrinfo ENOTFOUND db.invalid',
      reach,
    ],
    [
      'that does not take the password',
      () => change((url) => (url.password = 'hunter2')),
      'password authentication failed for user "postgres"',
      'check the user and the password in DATABASE_URL',
    ],
    [
      'that wants a password',
      () => change((url) => (url.password = '')),
      'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
      'check the user and the password in DATABASE_URL',
    ],
    [
      'that is not there',
      () => change((url) => (url.pathname = '/nope')),
      'database "nope" does not exist',
      'make that database, or name another one in DATABASE_URL',
    ],
    [
      'without TLS',
      () => change((url) => (url.search = '?sslmode=verify-full')),
      'The server does not support SSL connections',
      'check sslmode in DATABASE_URL, and the certificate of that server',
    ],
  ])('one %s', async (_case, url, sentence, mend) => {
    for (const command of ['migrate', 'start']) {
      const env = { DATABASE_URL: url(), JWT_SECRET: 's'.repeat(32), PORT: '0' };
      const { code, stderr } = await parley(command, env);
      expect({ code, stderr }).toEqual({ code: 1, stderr: mended(sentence, mend) });
    }
  });
});

test('a .env in the working directory counts, and the environment goes before it', async () => {
  await writeFile(join(folder, '.env'), 'PORT=nowhere\nLOG_LEVEL=loud\n');
  const { stderr } = await parley('start', { LOG_LEVEL: 'quiet' });
  expect(stderr).toContain('PORT is "nowhere"');
  expect(stderr).toContain('LOG_LEVEL is "quiet"');
});

describe('token', () => {
  test('prints a token alone, which the server of the same data directory will take', async () => {
    const { code, stdout, stderr } = await parley(
      'token --user alice --name Alice --role teacher --lifetime 2h',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { payload } = await jwtVerify(stdout.trim(), await loadDemoSecret(dataDir), {
      audience: 'authenticated',
    });
    expect(payload).toMatchObject({
      sub: 'alice',
      app_metadata: { role: 'teacher' },
      user_metadata: { full_name: 'Alice' },
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(7200);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  });

  test('is good for a day unless told otherwise', async () => {
    const { exp = 0, iat = 0 } = decodeJwt((await parley('token --user alice')).stdout.trim());
    expect(exp - iat).toBe(86_400);
  });

  test('is refused where tokens come from somebody else', async () => {
    const { code, stdout, stderr } = await parley('token --user alice', { JWT_SECRET: 's'.repeat(32) });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^parley: This server takes tokens of the issuer.*demo mode only\.\n$/);
  });
});

describe('start', () => {
  const env = { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'error' };
  const begin = () => startNode(program, ['start'], { cwd: folder, env });
  const originOf = (line: string): string => /http:\S+/.exec(line)?.[0] ?? '';

  test('with nothing configured it serves, takes the tokens of `parley token`, and stops cleanly with its Postgres', async () => {
    const server = begin();
    const origin = originOf(await server.line());
    const token = (await parley('token --user alice')).stdout.trim();
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${origin}/api/conversations`, { headers })).status).toBe(200);
    server.process.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
    expect(await findEmbedded(dataDir)).toBeNull();
  });

  test('a second one on the same data directory is refused with the number of the first', async () => {
    const first = begin();
    await first.line();
    const { code, stderr } = await begin().ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`parley: Another Parley (pid ${first.pid}) is using ${dataDir}.`);
  });

  test('kill -9 leaves no Postgres behind', async () => {
    const server = begin();
    await server.line();
    expect(await findEmbedded(dataDir)).not.toBeNull();
    server.process.kill('SIGKILL');
    await server.ended;
    await expect.poll(() => findEmbedded(dataDir), { timeout: 10_000 }).toBeNull();
  });
});

describe('migrate', () => {
  test('brings an empty database up to date, says what it did, and does nothing the second time', async () => {
    const database = await createEmptyDatabase();
    const env = { DATABASE_URL: database.url };
    const before = await parley('migrate --status', env);
    expect(before.stdout).toMatch(/^(pending {2}\d{4}_\w+\.sql\n)+$/);
    const first = await parley('migrate', env);
    expect(first.stdout).toMatch(
      /^(applied {2}\d{4}_\w+\.sql\n)+The database is up to date \(\d{4}_\w+\.sql\)\.\n$/,
    );
    expect((await parley('migrate', env)).stdout).toMatch(/^The database is up to date/);
    expect((await parley('migrate --status', env)).stdout).toBe(
      before.stdout.replaceAll('pending', 'applied'),
    );
    await database.drop();
  });

  test('without DATABASE_URL it starts the embedded Postgres for as long as it takes', async () => {
    const { code, stdout } = await parley('migrate');
    expect(code).toBe(0);
    expect(stdout).toContain('up to date');
    expect(await findEmbedded(dataDir)).toBeNull();
    expect((await parley('migrate --status')).stdout).toMatch(/^(applied {2}\S+\n)+$/);
  });

  test('beside a running server it uses the Postgres of that', async () => {
    const server = startNode(dataDirProgram, [dataDir, 'postgres']);
    await server.line();
    expect((await parley('migrate')).stdout).toContain('up to date');
    expect(await findEmbedded(dataDir)).not.toBeNull();
  });
});

describe('doctor', () => {
  test('before the first start everything is well, and it changes nothing', async () => {
    const { code, stdout } = await parley('doctor');
    expect(code).toBe(0);
    expect(stdout).toContain(`– Data directory: ${dataDir} is not there yet; the first start makes it`);
    expect(stdout).toContain("– Database: Parley's own Postgres is not running; `parley start` starts it");
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });

  test('beside a running server it looks at the Postgres of that', async () => {
    const server = startNode(dataDirProgram, [dataDir, 'postgres']);
    await server.line();
    const { code, stdout } = await parley('doctor');
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ Database: Postgres \d+ answers \(embedded\)/);
    expect(stdout).toMatch(/– Schema: \d+ of \d+ migrations are still to be applied/);
  });

  test('all wrong variables are findings', async () => {
    const { code, stdout } = await parley('doctor', { PORT: 'x', PARLEY_PORT: '1' });
    expect(code).toBe(1);
    expect(stdout.match(/^✗ Configuration: /gm)).toHaveLength(2);
  });

  test('a database that is good, whose schema is up to date', async () => {
    const database = await createDatabase();
    const { code, stdout } = await parley('doctor', { DATABASE_URL: database.url });
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ Database: Postgres \d+ answers \(at DATABASE_URL\)/);
    expect(stdout).toMatch(/✓ Schema: up to date \(\d{4}_/);
    await database.drop();
  });

  test('what cannot be reached is named, with what to mend, and never with the password', async () => {
    await mkdir(join(dataDir, '..', 'other'));
    const { code, stdout } = await parley('doctor', {
      DATABASE_URL: 'postgres://parley:hunter2@127.0.0.1:1/x',
      REDIS_URL: 'redis://:hunter2@127.0.0.1:1',
      SUPABASE_URL: 'http://127.0.0.1:2',
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ Database: .*ECONNREFUSED.*\n {4}→ check DATABASE_URL/);
    expect(stdout).toMatch(/✗ Redis: .*ECONNREFUSED.*\n {4}→ check REDIS_URL/);
    expect(stdout).toMatch(/✗ Identity: .*ECONNREFUSED.*\n {4}→ check SUPABASE_URL/);
    expect(stdout).not.toContain('hunter2');
  });

  test('a data directory that is a file is a finding', async () => {
    await writeFile(dataDir, '');
    const { code, stdout } = await parley('doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ Data directory: .* is not a directory\n {4}→ make it writable/);
  });
});
