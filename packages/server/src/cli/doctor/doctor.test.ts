import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { createDatabase } from '../../../test/support/postgres.ts';
import { readConfig } from '../../config.ts';
import { checkDatabase } from './database.ts';
import { render, skewOf, type Finding } from './finding.ts';
import { checkIdentity } from './identity.ts';
import { checkProxies } from './proxies.ts';
import { checkRedis } from './redis.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const serveJson = async (body: string, date = new Date()): Promise<string> => {
  const server = createServer((_request, response) => {
    response.sendDate = false;
    response.setHeader('date', date.toUTCString()).end(body);
  });
  return `http://127.0.0.1:${await listen(server)}`;
};

async function collect(findings: AsyncIterable<Finding>): Promise<string> {
  return (await Array.fromAsync(findings)).map(render).join('');
}

const identityReport = (url: string, env: Record<string, string> = {}) =>
  collect(checkIdentity(readConfig({ SUPABASE_URL: url, ...env })));

test('an issuer with keys and a right clock is good', async () => {
  const report = await identityReport(await serveJson('{"keys": [{"kty": "EC"}]}'));
  expect(report).toMatch(
    /✓ Identity: 1 public key\(s\) at .*jwks\.json\n✓ Identity: the issuer's clock agrees/,
  );
});

test('a Supabase project that still signs with a secret is told which variable to set', async () => {
  const url = await serveJson('{"keys": []}');
  expect(await identityReport(url)).toMatch(
    /✗ Identity: .* has no public keys\n.*→ .*set SUPABASE_JWT_SECRET/,
  );
  expect(await identityReport(url, { SUPABASE_JWT_SECRET: 's'.repeat(32) })).not.toContain('✗');
});

test('whether people can sign in to the web app is asked of the project itself', async () => {
  const keys: (string | string[] | undefined)[] = [];
  const server = createServer((request, response) => {
    if (request.url !== '/auth/v1/settings') return void response.end('{"keys": [{"kty": "EC"}]}');
    keys.push(request.headers['apikey']);
    response.writeHead(keys.at(-1) === 'good' ? 200 : 401).end('{}');
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  expect(await identityReport(url, { SUPABASE_ANON_KEY: 'good' })).toContain(
    `✓ Identity: people can sign in to the web app with ${url}`,
  );
  const wrong = await identityReport(url, { SUPABASE_ANON_KEY: 'wrong-key' });
  expect(wrong).toMatch(/✗ Identity: .* answers 401 to SUPABASE_ANON_KEY\n.*→ set SUPABASE_ANON_KEY/);
  expect(wrong).not.toContain('wrong-key');
  expect(keys).toEqual(['good', 'wrong-key']);
  expect(await identityReport(url)).toMatch(/– Identity: the web app takes tokens .*SUPABASE_ANON_KEY/);
});

test('an address with something else behind it is named', async () => {
  expect(await identityReport(await serveJson('<html>'))).toMatch(
    /✗ Identity: .* does not give a JSON Web Key Set/,
  );
});

test("an issuer's clock far off ours, which makes fresh tokens look expired, is named", async () => {
  const late = new Date(Date.now() + 600_000);
  expect(await identityReport(await serveJson('{"keys": [{"kty": "EC"}]}', late))).toMatch(
    /✗ Identity: the issuer's clock is (599|600) s off ours\n.*NTP/,
  );
});

test('another clock is only as far off as the time that asking took cannot explain', () => {
  expect([skewOf(50, 0, 100), skewOf(150, 0, 100), skewOf(-50, 0, 100)]).toEqual([0, 50, -50]);
});

test('a database user that may not make the schema, or a read-only database, is named with the cure', async () => {
  const database = await createDatabase();
  const client = new pg.Client(database.url);
  await client.connect();
  const name = new URL(database.url).pathname.slice(1);
  await client.query(
    `create role ${name} login password 'pw'; alter role ${name} set default_transaction_read_only = on`,
  );
  const url = new URL(database.url);
  url.username = name;
  url.password = 'pw';
  const report = await collect(checkDatabase(readConfig({ DATABASE_URL: url.href })));
  expect(report).toMatch(/✗ Database: it is read-only\n.*primary/);
  expect(report).toMatch(/✗ Database: the schema parley cannot be made or changed\n.*grant/);
  expect(report).toMatch(/✗ Schema: permission denied/);
  await client.query(`drop role ${name}`);
  await client.end();
  await database.drop();
});

test.each(['true', '10.0.0.1, 0.0.0.0/0', '::/0'])(
  'TRUST_PROXY=%s, with which callers choose the address that they are limited by, is told',
  (TRUST_PROXY) => {
    expect(checkProxies(readConfig({ TRUST_PROXY })).map(render).join('')).toMatch(
      /^– Proxies: TRUST_PROXY trusts everybody.*\n {4}→ set TRUST_PROXY to the number of proxies/,
    );
  },
);

test.each(['false', '1', '10.0.0.0/8, ::1'])('TRUST_PROXY=%s is nothing to talk about', (TRUST_PROXY) => {
  expect(checkProxies(readConfig({ TRUST_PROXY }))).toEqual([]);
});

/** Enough of Redis to say its version: the real one of a version that is too old can't be had everywhere. */
const serveRedis = (version: string): Promise<number> =>
  listen(
    createTcpServer((socket) => {
      const info = `# Server\r\nredis_version:${version}\r\n`;
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        for (const command of data.toString().matchAll(/^(INFO|CLIENT|HELLO|PING)\r$/gim)) {
          const isInfo = command[1]?.toUpperCase() === 'INFO';
          socket.write(isInfo ? `$${Buffer.byteLength(info)}\r\n${info}\r\n` : '+OK\r\n');
        }
      });
    }),
  );

test('a Redis that is too old is named, and a newer one is good', async () => {
  const report = async (version: string) =>
    render(await checkRedis(readConfig({ REDIS_URL: `redis://127.0.0.1:${await serveRedis(version)}` })));
  expect(await report('6.2.14')).toMatch(/✗ Redis: Redis 6\.2\.14 is too old\n.*use Redis 7/);
  expect(await report('8.0.1')).toBe('✓ Redis: Redis 8.0.1 answers\n');
});
