import { addressOf, type EnvironmentReader } from './reader.ts';

/** Where tokens come from and what makes one good. */
export interface TokenIdentity {
  readonly kind: 'tokens';
  /** HS256 secret (`SUPABASE_JWT_SECRET` or `JWT_SECRET`), or null. */
  readonly secret: string | null;
  /** ES256/RS256 key set (`${SUPABASE_URL}/auth/v1/.well-known/jwks.json` or `JWT_JWKS_URL`), or null. */
  readonly jwksUrl: string | null;
  readonly audience: string;
  /** Checked when known. */
  readonly issuer: string | null;
  /** `SUPABASE_SERVICE_KEY`: whoever bears it is the system. */
  readonly serviceKey: string | null;
}

/** The Supabase project with whose accounts people sign in to the web app. */
export interface SupabaseSignIn {
  /** Without a slash at its end. */
  readonly url: string;
  /** The publishable key: everybody who opens the web app gets it. */
  readonly anonKey: string;
}

/** Parley signs its own tokens, on the loopback only, with a secret kept in the data directory. */
export interface DemoIdentity {
  readonly kind: 'demo';
}

/** Bytes of an HS256 key: at least as many as its hash has (RFC 7518, section 3.2). Shorter ones can be guessed. */
const secretBytes = 32;

/** What says how good tokens look, but not whose they are: without one of the others these mean nothing. */
const details = ['SUPABASE_SERVICE_KEY', 'SUPABASE_ANON_KEY', 'JWT_ISSUER', 'JWT_AUDIENCE'] as const;

const sources = 'SUPABASE_URL, SUPABASE_JWT_SECRET, JWT_SECRET, or JWT_JWKS_URL with JWT_ISSUER';

export function readIdentity(env: EnvironmentReader, production: boolean): TokenIdentity | DemoIdentity {
  const secret = readSecret(env);
  const { jwksUrl, issuer } = readIssuer(env);
  if (secret === null && jwksUrl === null) return withoutSource(env, production);
  return {
    kind: 'tokens',
    secret,
    jwksUrl,
    audience: env.raw('JWT_AUDIENCE') ?? 'authenticated',
    issuer,
    serviceKey: env.raw('SUPABASE_SERVICE_KEY'),
  };
}

function readSecret(env: EnvironmentReader): string | null {
  const options = {
    takes: `a secret of at least ${secretBytes} bytes, the one that your tokens are signed with (HS256)`,
    parse: (value: string) => (Buffer.byteLength(value) >= secretBytes ? value : undefined),
    secret: true,
  };
  const supabase = env.read('SUPABASE_JWT_SECRET', null, options);
  const other = env.read('JWT_SECRET', null, options);
  if (supabase !== null && other !== null && supabase !== other) {
    env.refuse('JWT_SECRET and SUPABASE_JWT_SECRET differ; set the one that your tokens are signed with.');
  }
  return supabase ?? other;
}

function readIssuer(env: EnvironmentReader): { jwksUrl: string | null; issuer: string | null } {
  const address = { takes: 'an http:// or https:// address', parse: addressOf('http:', 'https:') };
  const supabase = env.read('SUPABASE_URL', null, address)?.replace(/\/+$/, '') ?? null;
  const keySet = env.read('JWT_JWKS_URL', null, address);
  const issuer = env.raw('JWT_ISSUER');
  if (keySet !== null && supabase !== null) {
    env.refuse('JWT_JWKS_URL and SUPABASE_URL name two issuers; set the one that your tokens come from.');
  }
  if (keySet !== null && issuer === null) {
    env.refuse('JWT_ISSUER is not set; with JWT_JWKS_URL it takes the "iss" of your tokens.');
  }
  const supabaseIssuer = supabase === null ? null : `${supabase}/auth/v1`;
  return {
    jwksUrl: keySet ?? (supabaseIssuer === null ? null : `${supabaseIssuer}/.well-known/jwks.json`),
    issuer: issuer ?? supabaseIssuer,
  };
}

/** What Supabase's web app needs; null without a key. */
export function readSignIn(env: EnvironmentReader): SupabaseSignIn | null {
  const serviceKey = env.raw('SUPABASE_SERVICE_KEY');
  const anonKey = env.read('SUPABASE_ANON_KEY', null, {
    takes:
      "your project's publishable (anon) key, which everybody may know; never a secret or service_role key",
    parse: (value) => (value === serviceKey || isSecretKey(value) ? undefined : value),
    secret: true,
  });
  const url = env.raw('SUPABASE_URL')?.replace(/\/+$/, '') ?? null;
  if (anonKey !== null && url === null && env.problems.length === 0) {
    env.refuse(
      'SUPABASE_ANON_KEY is set without SUPABASE_URL; the web app needs both for people to sign in.',
    );
  }
  return anonKey === null || url === null ? null : { url, anonKey };
}

/** A key that opens everything, in either of the forms that Supabase gives them: it must never reach a browser. */
function isSecretKey(key: string): boolean {
  if (key.startsWith('sb_secret_')) return true;
  const claims = Buffer.from(key.split('.')[1] ?? '', 'base64url').toString();
  return /"role"\s*:\s*"service_role"/.test(claims);
}

/** Demo mode, unless somebody seems to have meant otherwise. */
function withoutSource(env: EnvironmentReader, production: boolean): DemoIdentity {
  const set = details.filter((name) => env.raw(name) !== null);
  if (set.length > 0) {
    env.refuse(`${set.join(' and ')} alone cannot verify tokens; set one of ${sources} too.`);
  } else if (production && env.problems.length === 0) {
    env.refuse(`No identity is configured, and NODE_ENV is production; set one of ${sources}.`);
  }
  return { kind: 'demo' };
}
