import { resolve } from 'node:path';
import { appRoles, defaultRateLimits, limitTypes } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

const secret = 'a-secret-that-has-at-least-32-bytes';
const issued = { SUPABASE_JWT_SECRET: secret };

function problems(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('with nothing set it is demo mode on the loopback, with an embedded Postgres', () => {
  expect(readConfig({})).toEqual({
    host: '127.0.0.1',
    port: 8000,
    production: false,
    dataDir: resolve('.parley'),
    databaseUrl: null,
    redis: null,
    identity: { kind: 'demo' },
    signIn: null,
    maxFileSize: 10_485_760,
    allowedFileTypes: ['image/jpeg', 'image/png', 'image/gif', 'application/pdf', 'text/plain'],
    corsOrigins: [],
    trustProxy: false,
    logLevel: 'info',
    rateLimits: defaultRateLimits,
  });
});

test('nothing can change it afterwards, at any depth', () => {
  const config = readConfig({ RATE_LIMITS: '{"general": {"admin": [7, 8]}}' });
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.rateLimits?.general.admin)).toBe(true);
  expect(Object.isFrozen(config.allowedFileTypes)).toBe(true);
});

test("the spec's own example works", () => {
  const config = readConfig({
    SUPABASE_URL: 'https://abc.supabase.co/',
    SUPABASE_SERVICE_KEY: 'service',
    REDIS_HOST: 'localhost',
    REDIS_PORT: '6379',
    MAX_FILE_SIZE: '10485760',
    ALLOWED_FILE_TYPES: 'image/jpeg,image/png',
  });
  expect(config.identity).toEqual({
    kind: 'tokens',
    secret: null,
    jwksUrl: 'https://abc.supabase.co/auth/v1/.well-known/jwks.json',
    issuer: 'https://abc.supabase.co/auth/v1',
    audience: 'authenticated',
    serviceKey: 'service',
  });
  expect(config.host).toBe('0.0.0.0');
  expect(config.redis).toEqual({ url: 'redis://localhost:6379', cluster: false });
  expect(config.allowedFileTypes).toEqual(['image/jpeg', 'image/png']);
});

test('an empty variable, as Compose writes them, counts as not set', () => {
  expect(readConfig({ PORT: '', DATABASE_URL: ' ', JWT_SECRET: '', RATE_LIMITS: '' }).port).toBe(8000);
});

describe('a malformed value stops the start with a line that names the variable and what it takes', () => {
  test.each([
    [{ PORT: '80a' }, /^PORT is "80a"; it takes a port from 0 \(any that is free\) to 65535\.$/],
    [{ PORT: '65536' }, /^PORT is "65536"/],
    [{ PORT: '1e3' }, /^PORT is/],
    [{ DATABASE_URL: 'mysql://root:hunter2@db/x' }, /^DATABASE_URL is not valid; it takes postgres:\/\//],
    [{ DATABASE_URL: 'postgres://u:p@[db/x' }, /percent-encoded/],
    [{ REDIS_URL: 'http://cache' }, /^REDIS_URL is not valid; it takes redis:\/\//],
    [{ REDIS_URL: 'redis://cache/main' }, /^REDIS_URL is not valid; it takes .* with \/number/],
    [{ REDIS_PORT: '6379' }, 'REDIS_PORT is set without REDIS_HOST; set both, or REDIS_URL.'],
    [{ REDIS_HOST: 'a b' }, /^REDIS_HOST is "a b"/],
    [{ REDIS_HOST: 'h', REDIS_URL: 'redis://h' }, /^REDIS_URL and REDIS_HOST are both set/],
    [{ REDIS_CLUSTER: '1' }, /^REDIS_CLUSTER is set without a Redis/],
    [{ REDIS_CLUSTER: 'yes', REDIS_URL: 'redis://h' }, /^REDIS_CLUSTER is "yes"; it takes 1/],
    [
      { STORAGE: 's3' },
      'STORAGE is "s3"; it takes local: this version of Parley stores files on its local disk only.',
    ],
    [{ STORAGE: 'supabase' }, /local disk only/],
    [{ MAX_FILE_SIZE: '10MB' }, /^MAX_FILE_SIZE is "10MB"; it takes a whole number of bytes/],
    [{ MAX_FILE_SIZE: '0' }, /^MAX_FILE_SIZE/],
    [{ ALLOWED_FILE_TYPES: 'png' }, /^ALLOWED_FILE_TYPES is "png"; it takes media types/],
    [{ CORS_ORIGINS: 'app.example.com' }, /^CORS_ORIGINS/],
    [{ CORS_ORIGINS: 'https://a.example/path' }, /^CORS_ORIGINS/],
    [{ TRUST_PROXY: 'yes' }, /^TRUST_PROXY is "yes"; it takes true, false, the number/],
    [{ TRUST_PROXY: '10.0.0.0/33' }, /^TRUST_PROXY/],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL is "loud"; it takes one of fatal, error/],
    [{ HOST: 'no host' }, /^HOST is "no host"; it takes/],
    [{ SUPABASE_URL: 'abc' }, /^SUPABASE_URL is "abc"; it takes an http/],
    [
      { RATE_LIMITS: '{message_send: 1}' },
      /^RATE_LIMITS is wrong \(it is not JSON\); it takes "off", or JSON/,
    ],
    [{ RATE_LIMITS: '{"sending": {}}' }, /^RATE_LIMITS is wrong at \/sending \(there is no such entry\)/],
    [
      { RATE_LIMITS: '{"general": {"owner": [1, 1]}}' },
      /^RATE_LIMITS is wrong at \/general\/owner \(there is no such entry\)/,
    ],
    [{ RATE_LIMITS: '{"general": {"student": [0, 1]}}' }, /^RATE_LIMITS is wrong at \/general\/student\/0 /],
    [{ RATE_LIMITS: '{"general": {"student": [1]}}' }, /^RATE_LIMITS is wrong at \/general\/student /],
    [{ RATE_LIMITS: '"on"' }, /^RATE_LIMITS is wrong at \/ /],
  ])('%o', (env, line) => {
    const found = problems(env);
    expect(found).toEqual([expect.stringMatching(line)]);
    expect(found[0]).not.toContain('\n');
  });

  test('all of them at once, so that nobody mends one a start', () => {
    expect(problems({ PORT: 'x', LOG_LEVEL: 'y', TRUST_PROXY: 'z' })).toHaveLength(3);
  });

  test('never with a secret in it', () => {
    const lines = problems({
      DATABASE_URL: 'postgress://u:hunter2@h/d',
      REDIS_URL: 'r://:hunter2@h',
      JWT_SECRET: 'hunter2',
    });
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain('hunter2');
  });
});

test('good values of every kind are taken', () => {
  const config = readConfig({
    ...issued,
    PORT: '0',
    HOST: '::',
    DATABASE_URL: 'postgresql:///parley?host=/var/run/postgresql',
    REDIS_URL: 'rediss://cache.example:6380/1',
    REDIS_CLUSTER: '1',
    CORS_ORIGINS: 'https://app.example.com, http://localhost:3000/',
    TRUST_PROXY: '10.0.0.0/8, ::1, loopback',
    PARLEY_DATA_DIR: '/var/lib/parley',
    ALLOWED_FILE_TYPES: 'Image/PNG, image/svg+xml,image/png',
  });
  expect(config).toMatchObject({
    port: 0,
    host: '::',
    redis: { url: 'rediss://cache.example:6380/1', cluster: true },
    corsOrigins: ['https://app.example.com', 'http://localhost:3000'],
    trustProxy: '10.0.0.0/8,::1,loopback',
    dataDir: '/var/lib/parley',
    allowedFileTypes: ['image/png', 'image/svg+xml'],
  });
  expect(readConfig({ CORS_ORIGINS: '*' }).corsOrigins).toBe('*');
  expect(readConfig({ REDIS_HOST: 'fd00::1' }).redis?.url).toBe('redis://[fd00::1]:6379');
  expect(['true', 'false', '2'].map((value) => readConfig({ TRUST_PROXY: value }).trustProxy)).toEqual([
    true,
    false,
    2,
  ]);
});

describe('rate limits', () => {
  test('an override changes its own entry and no other', () => {
    const { rateLimits } = readConfig({ RATE_LIMITS: '{"message_send": {"student": [100, 60]}}' });
    expect(rateLimits?.message_send.student).toEqual([100, 60]);
    expect(rateLimits?.message_send.teacher).toEqual(defaultRateLimits.message_send.teacher);
    expect(rateLimits?.general).toEqual(defaultRateLimits.general);
  });

  test('every type and role can be overridden', () => {
    const all = Object.fromEntries(
      limitTypes.map((type) => [type, Object.fromEntries(appRoles.map((role) => [role, [7, 8]]))]),
    );
    expect(readConfig({ RATE_LIMITS: JSON.stringify(all) }).rateLimits).toEqual(all);
  });

  test('off turns them off', () => {
    expect(readConfig({ RATE_LIMITS: 'off' }).rateLimits).toBeNull();
  });
});

test('a misspelt production does not start demo mode, where anybody is whoever they like', () => {
  for (const NODE_ENV of ['prod', 'Production', 'staging'])
    expect(problems({ NODE_ENV })).toEqual([
      `NODE_ENV is "${NODE_ENV}"; it takes production, development or test, or is not set.`,
    ]);
  for (const NODE_ENV of ['development', 'test', ''])
    expect(readConfig({ NODE_ENV })).toMatchObject({ production: false, identity: { kind: 'demo' } });
});

describe('identity', () => {
  test('production without one is refused, and says which variables are missing', () => {
    expect(problems({ NODE_ENV: 'production' })).toEqual([
      'No identity is configured, and NODE_ENV is production; set one of SUPABASE_URL, SUPABASE_JWT_SECRET, JWT_SECRET, or JWT_JWKS_URL with JWT_ISSUER.',
    ]);
  });

  test('a secret alone is enough', () => {
    expect(readConfig({ NODE_ENV: 'production', ...issued })).toMatchObject({
      production: true,
      host: '0.0.0.0',
      identity: {
        kind: 'tokens',
        secret,
        jwksUrl: null,
        issuer: null,
        audience: 'authenticated',
        serviceKey: null,
      },
    });
  });

  test('any other issuer works by its key set', () => {
    const env = {
      JWT_JWKS_URL: 'https://id.example/keys',
      JWT_ISSUER: 'https://id.example',
      JWT_AUDIENCE: 'chat',
    };
    expect(readConfig(env).identity).toMatchObject({
      jwksUrl: 'https://id.example/keys',
      issuer: 'https://id.example',
      audience: 'chat',
    });
  });

  test('a key set without its issuer would trust tokens meant for somebody else', () => {
    expect(problems({ JWT_JWKS_URL: 'https://id.example/keys' })).toEqual([
      expect.stringMatching(/^JWT_ISSUER is not set/),
    ]);
  });

  test('a secret short enough to be guessed is refused', () => {
    expect(problems({ JWT_SECRET: 'x'.repeat(31) })).toEqual([
      expect.stringMatching(/^JWT_SECRET is not valid; it takes a secret of at least 32 bytes/),
    ]);
    expect(problems({ JWT_SECRET: 'x'.repeat(32) })).toEqual([]);
  });

  test('two sources that contradict each other are refused', () => {
    expect(problems({ ...issued, JWT_SECRET: `${secret}!` })).toEqual([expect.stringMatching(/differ/)]);
    expect(problems({ ...issued, JWT_SECRET: secret })).toEqual([]);
    const two = { SUPABASE_URL: 'https://a.example', JWT_JWKS_URL: 'https://b.example/k', JWT_ISSUER: 'b' };
    expect(problems(two)).toEqual([expect.stringMatching(/two issuers/)]);
  });

  test('the web app signs people in with Supabase where its publishable key is set', () => {
    const project = { SUPABASE_URL: 'https://abc.supabase.co/' };
    const anonKey = `x.${Buffer.from('{"role":"anon"}').toString('base64url')}.y`;
    expect(readConfig(project).signIn).toBeNull();
    expect(readConfig({ ...project, SUPABASE_ANON_KEY: 'sb_publishable_abc' }).signIn).toEqual({
      url: 'https://abc.supabase.co',
      anonKey: 'sb_publishable_abc',
    });
    expect(readConfig({ ...project, SUPABASE_ANON_KEY: anonKey }).signIn?.anonKey).toBe(anonKey);
    expect(problems({ ...issued, SUPABASE_ANON_KEY: anonKey })).toEqual([
      expect.stringMatching(/^SUPABASE_ANON_KEY is set without SUPABASE_URL/),
    ]);
    expect(problems({ SUPABASE_ANON_KEY: anonKey })).toEqual([
      expect.stringMatching(/^SUPABASE_ANON_KEY alone cannot verify tokens/),
    ]);
  });

  test('a key that opens everything is not given to every browser, nor shown', () => {
    const service = `x.${Buffer.from('{"iss":"supabase","role": "service_role"}').toString('base64url')}.y`;
    const project = { SUPABASE_URL: 'https://abc.supabase.co', SUPABASE_SERVICE_KEY: 'opaque-service-key' };
    for (const key of [service, 'sb_secret_abc', 'opaque-service-key']) {
      const found = problems({ ...project, SUPABASE_ANON_KEY: key });
      expect(found).toEqual([
        expect.stringMatching(/^SUPABASE_ANON_KEY is not valid; it takes .*publishable.*never a secret/),
      ]);
      expect(found[0]).not.toContain(key);
    }
  });

  test('somebody who meant to configure one does not end up in demo mode', () => {
    expect(problems({ SUPABASE_SERVICE_KEY: 'key' })).toEqual([
      expect.stringMatching(/^SUPABASE_SERVICE_KEY alone cannot verify tokens; set one of SUPABASE_URL/),
    ]);
    expect(problems({ JWT_ISSUER: 'me', JWT_AUDIENCE: 'you' })).toEqual([
      expect.stringMatching(/^JWT_ISSUER and JWT_AUDIENCE/),
    ]);
  });
});

test('demo mode, where anybody is whoever they like, does not leave the machine', () => {
  expect(problems({ HOST: '0.0.0.0' })).toEqual([
    expect.stringMatching(/^HOST is "0\.0\.0\.0", and in demo mode.*127\.0\.0\.1/),
  ]);
  expect(problems({ HOST: 'parley.example' })).toHaveLength(1);
  expect(problems({ HOST: '127.0.0.1.example' })).toHaveLength(1);
  for (const host of ['localhost', '127.0.0.2', '::1']) expect(problems({ HOST: host })).toEqual([]);
  expect(problems({ HOST: '0.0.0.0', ...issued })).toEqual([]);
});

describe('a variable that looks like one of ours and is not', () => {
  test('stops the start, with the one that was meant', () => {
    expect(problems({ PARLEY_DATADIR: '/x' })).toEqual([
      'PARLEY_DATADIR is not a variable of Parley; did you mean PARLEY_DATA_DIR?',
    ]);
    expect(problems({ PARLEY_PORT: '80' })).toEqual([
      'PARLEY_PORT is not a variable of Parley; did you mean PORT?',
    ]);
    expect(problems({ PARLEY_FROBNICATE: '1' })).toEqual([
      'PARLEY_FROBNICATE is not a variable of Parley; the only one with that prefix is PARLEY_DATA_DIR.',
    ]);
  });

  test('unless Kubernetes put it there for a service named parley or redis', () => {
    const config = readConfig({
      PARLEY_SERVICE_HOST: '10.0.0.1',
      PARLEY_SERVICE_PORT: '80',
      PARLEY_SERVICE_PORT_HTTP: '80',
      PARLEY_PORT: 'tcp://10.0.0.1:80',
      PARLEY_PORT_80_TCP: 'tcp://10.0.0.1:80',
      PARLEY_PORT_80_TCP_ADDR: '10.0.0.1',
      PARLEY_WEB_SERVICE_HOST: '10.0.0.2',
      REDIS_HOST: 'redis',
      REDIS_PORT: 'tcp://10.0.0.3:6379',
    });
    expect(config.redis?.url).toBe('redis://redis:6379');
  });
});
