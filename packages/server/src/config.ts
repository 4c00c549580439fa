import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { RateLimits } from '@parley/protocol';
import {
  readIdentity,
  readSignIn,
  type DemoIdentity,
  type SupabaseSignIn,
  type TokenIdentity,
} from './config/identity.ts';
import { unknownVariables, type Environment } from './config/names.ts';
import { readRateLimits } from './config/rate-limits.ts';
import { addressOf, ConfigError, EnvironmentReader, listOf, oneOf, wholeNumber } from './config/reader.ts';

export { ConfigError };
export type { DemoIdentity, SupabaseSignIn, TokenIdentity };

/** The whole configuration: read once from the environment, frozen, and handed down. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly production: boolean;
  /** Absolute. */
  readonly dataDir: string;
  /** Null: the embedded Postgres in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly redis: { readonly url: string; readonly cluster: boolean } | null;
  readonly identity: TokenIdentity | DemoIdentity;
  /** How people sign in to the web app; null: as the identity says, with a token or as a demo. */
  readonly signIn: SupabaseSignIn | null;
  /** Bytes. */
  readonly maxFileSize: number;
  readonly allowedFileTypes: readonly string[];
  /** Origins that browsers may call from; empty: only the server's own. */
  readonly corsOrigins: readonly string[] | '*';
  readonly trustProxy: boolean | number | string;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** Null: off. */
  readonly rateLimits: RateLimits | null;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const defaultFileTypes = ['image/jpeg', 'image/png', 'image/gif', 'application/pdf', 'text/plain'];

/**
 * Reads the whole configuration from environment variables. Relative paths are taken from the working directory.
 * @throws ConfigError with a line for each problem, which names the variable and what it takes
 */
export function readConfig(environment: Environment): Config {
  const env = new EnvironmentReader(environment);
  env.problems.push(...unknownVariables(environment));
  const production = readMode(env) === 'production';
  const common = readCommon(env);
  // Last: whether an identity is missing is said only when nothing else is wrong.
  const identity = readIdentity(env, production);
  const signIn = readSignIn(env);
  const host = readHost(env, identity);
  if (env.problems.length > 0) throw new ConfigError(env.problems);
  return deepFreeze({ ...common, host, production, identity, signIn });
}

/** A word that only looks like `production` must not start a server on which anybody can be anybody. */
const readMode = (env: EnvironmentReader) =>
  env.read('NODE_ENV', 'development', {
    takes: 'production, development or test, or is not set',
    parse: oneOf(['production', 'development', 'test']),
  });

function readCommon(env: EnvironmentReader): Omit<Config, 'host' | 'production' | 'identity' | 'signIn'> {
  readStorage(env);
  return {
    port: env.read('PORT', 8000, {
      takes: 'a port from 0 (any that is free) to 65535',
      parse: wholeNumber(0, 65_535),
    }),
    dataDir: resolve(env.raw('PARLEY_DATA_DIR') ?? '.parley'),
    databaseUrl: env.read('DATABASE_URL', null, {
      takes:
        'postgres://user:password@host:port/database, with special characters of the password percent-encoded',
      parse: databaseAddress,
      secret: true,
    }),
    redis: readRedis(env),
    maxFileSize: env.read('MAX_FILE_SIZE', 10_485_760, {
      takes: 'a whole number of bytes, at least 1',
      parse: wholeNumber(1, Number.MAX_SAFE_INTEGER),
    }),
    allowedFileTypes: env.read('ALLOWED_FILE_TYPES', defaultFileTypes, {
      takes: 'media types between commas, such as image/png,application/pdf',
      parse: listOf(mediaType),
    }),
    corsOrigins: env.read('CORS_ORIGINS', [], {
      takes: '*, or origins between commas, such as https://app.example.com',
      parse: (value) => (value === '*' ? value : listOf(origin)(value)),
    }),
    trustProxy: env.read('TRUST_PROXY', false, {
      takes: 'true, false, the number of proxies in front, or their addresses between commas (10.0.0.0/8)',
      parse: trustedProxies,
    }),
    logLevel: env.read('LOG_LEVEL', 'info', {
      takes: `one of ${logLevels.join(', ')}`,
      parse: oneOf(logLevels),
    }),
    rateLimits: readRateLimits(env),
  };
}

/** Everywhere with real identities; in demo mode, where anybody may be anybody, on the loopback alone. */
function readHost(env: EnvironmentReader, identity: Config['identity']): string {
  const host = env.read('HOST', identity.kind === 'demo' ? '127.0.0.1' : '0.0.0.0', {
    takes: 'an address or a host name to listen on',
    parse: (value) =>
      isIP(value) > 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value) ? value : undefined,
  });
  if (identity.kind === 'demo' && !isLoopback(host) && env.problems.length === 0) {
    env.refuse(
      `HOST is "${host}", and in demo mode, where anybody can get a token for any name, it takes a loopback address (127.0.0.1); configure an identity to listen elsewhere.`,
    );
  }
  return host;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

function readStorage(env: EnvironmentReader): void {
  env.read('STORAGE', 'local', {
    takes: 'local: this version of Parley stores files on its local disk only',
    parse: oneOf(['local']),
  });
}

function readRedis(env: EnvironmentReader): Config['redis'] {
  const cluster = env.read('REDIS_CLUSTER', false, {
    takes: '1 for a Redis Cluster, or 0',
    parse: (value) => ({ '1': true, true: true, '0': false, false: false })[value],
  });
  const url = env.read('REDIS_URL', null, {
    takes: 'redis://host:port or rediss://host:port (with TLS), with /number for a database other than 0',
    parse: redisAddress,
    secret: true,
  });
  const host = env.read('REDIS_HOST', null, { takes: 'a host name or an address', parse: hostForUrl });
  const port = env.read('REDIS_PORT', null, {
    takes: 'a port from 1 to 65535',
    parse: wholeNumber(1, 65_535),
  });
  if (url !== null && host !== null) env.refuse('REDIS_URL and REDIS_HOST are both set; set one of them.');
  const address = url ?? (host === null ? null : `redis://${host}:${port ?? 6379}`);
  if (address === null && env.raw('REDIS_HOST') === null && env.raw('REDIS_URL') === null) {
    if (port !== null) env.refuse('REDIS_PORT is set without REDIS_HOST; set both, or REDIS_URL.');
    if (cluster) env.refuse('REDIS_CLUSTER is set without a Redis; set REDIS_URL too.');
  }
  return address === null ? null : { url: address, cluster };
}

/** A host may be missing: `postgres:///parley?host=/var/run/postgresql` goes through a socket. */
const databaseAddress = (value: string): string | undefined =>
  URL.canParse(value) && ['postgres:', 'postgresql:'].includes(new URL(value).protocol) ? value : undefined;

/** What follows the host is the database's number; the driver throws at anything else. */
const redisAddress = (value: string): string | undefined => {
  const address = addressOf('redis:', 'rediss:')(value);
  return address !== undefined && /^\/?\d*$/.test(new URL(address).pathname) ? address : undefined;
};

const hostForUrl = (value: string): string | undefined => {
  if (isIP(value) === 6) return `[${value}]`;
  return /^[\w.-]+$/.test(value) ? value : undefined;
};

const mediaType = (value: string): string | undefined =>
  /^[\w.+-]+\/[\w.+-]+$/.test(value) ? value.toLowerCase() : undefined;

const origin = (value: string): string | undefined => {
  const url = URL.canParse(value) ? new URL(value) : null;
  return url !== null && [url.origin, `${url.origin}/`].includes(value.toLowerCase())
    ? url.origin
    : undefined;
};

function trustedProxies(value: string): boolean | number | string | undefined {
  if (value === 'true' || value === 'false') return value === 'true';
  return wholeNumber(0, 100)(value) ?? listOf(addressOrRange)(value)?.join(',');
}

/** An address, a range of them, or a name for some that Fastify knows. */
function addressOrRange(value: string): string | undefined {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(value)) return value;
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  const good = bits === undefined || wholeNumber(0, family === 6 ? 128 : 32)(bits) !== undefined;
  return family > 0 && good && rest.length === 0 ? value : undefined;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
