export type Environment = Readonly<Record<string, string | undefined>>;

/** Every variable that Parley reads. */
export const variables = [
  'ALLOWED_FILE_TYPES',
  'CORS_ORIGINS',
  'DATABASE_URL',
  'HOST',
  'JWT_AUDIENCE',
  'JWT_ISSUER',
  'JWT_JWKS_URL',
  'JWT_SECRET',
  'LOG_LEVEL',
  'MAX_FILE_SIZE',
  'NODE_ENV',
  'PARLEY_DATA_DIR',
  'PORT',
  'RATE_LIMITS',
  'REDIS_CLUSTER',
  'REDIS_HOST',
  'REDIS_PORT',
  'REDIS_URL',
  'STORAGE',
  'SUPABASE_ANON_KEY',
  'SUPABASE_JWT_SECRET',
  'SUPABASE_SERVICE_KEY',
  'SUPABASE_URL',
  'TRUST_PROXY',
] as const;

const prefix = 'PARLEY_';

/**
 * Kubernetes gives every container variables about every service of its namespace, so one named `parley` brings
 * `PARLEY_SERVICE_HOST`, `PARLEY_PORT_8000_TCP` and their like. Nobody misspelt those.
 */
const serviceLink = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;

/** Likewise a service named `redis` brings `REDIS_PORT=tcp://10.0.0.1:6379`. */
export const isServiceLink = (name: string, value: string): boolean =>
  serviceLink.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value));

/** A line for each variable that was meant for Parley and that it does not know. */
export function unknownVariables(env: Environment): string[] {
  const known: readonly string[] = variables;
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.includes(name))
    .filter((name) => !isServiceLink(name, env[name] ?? ''))
    .map((name) => `${name} is not a variable of Parley; ${suggestion(name)}`);
}

function suggestion(name: string): string {
  const bare = name.slice(prefix.length);
  const ranked = variables
    .map((known) => ({ known, distance: Math.min(distance(name, known), distance(bare, known)) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= 3
    ? `did you mean ${best.known}?`
    : 'the only one with that prefix is PARLEY_DATA_DIR.';
}

/** How many letters must be added, removed or changed to make one of the other (Levenshtein). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
