import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Config, SupabaseSignIn } from '../../config.ts';
import { finding, patienceMs, skewOf, type Finding } from './finding.ts';

const subject = 'Identity';
/** Milliseconds by which the issuer's clock may differ; beyond it fresh tokens look expired, or not yet good. */
const mostSkewMs = 30_000;

const KeySet = Type.Object({ keys: Type.Array(Type.Object({ kty: Type.String() })) });

export async function* checkIdentity({ identity, signIn }: Config): AsyncGenerator<Finding> {
  if (identity.kind === 'demo') {
    yield { level: 'note', subject, text: 'demo mode: Parley signs its own tokens, on this machine alone' };
    return;
  }
  if (identity.secret !== null)
    yield { level: 'good', subject, text: 'tokens signed with the secret (HS256) are taken' };
  const { jwksUrl, secret } = identity;
  if (jwksUrl !== null) yield* checkIssuer(jwksUrl, secret !== null);
  if (signIn !== null) yield await checkSignIn(signIn);
  else
    yield {
      level: 'note',
      subject,
      text: 'the web app takes tokens from the page around it; SUPABASE_URL with SUPABASE_ANON_KEY lets people sign in',
    };
}

async function* checkIssuer(jwksUrl: string, hasSecret: boolean): AsyncGenerator<Finding> {
  const findings: Finding[] = [];
  yield await finding(
    subject,
    'check SUPABASE_URL or JWT_JWKS_URL, and that this machine can reach it',
    async () => {
      const from = Date.now();
      const response = await fetch(jwksUrl, { signal: AbortSignal.timeout(patienceMs) });
      if (!response.ok) throw new Error(`${jwksUrl} answers ${response.status}`);
      findings.push(...checkClock(response.headers.get('date'), from));
      return judgeKeys(await response.json().catch(() => null), jwksUrl, hasSecret);
    },
  );
  yield* findings;
}

/** Whether the project knows the key that the web app hands to everybody. */
const checkSignIn = ({ url, anonKey }: SupabaseSignIn): Promise<Finding> =>
  finding(
    subject,
    "set SUPABASE_ANON_KEY to your project's publishable key (in its settings, under API keys)",
    async () => {
      const response = await fetch(`${url}/auth/v1/settings`, {
        headers: { apikey: anonKey },
        signal: AbortSignal.timeout(patienceMs),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`${url} answers ${response.status} to SUPABASE_ANON_KEY`);
      return { level: 'good', subject, text: `people can sign in to the web app with ${url}` };
    },
  );

function judgeKeys(body: unknown, url: string, hasSecret: boolean): Finding {
  if (!Value.Check(KeySet, body)) throw new Error(`${url} does not give a JSON Web Key Set`);
  if (body.keys.length > 0)
    return { level: 'good', subject, text: `${body.keys.length} public key(s) at ${url}` };
  const text = `${url} has no public keys`;
  return hasSecret
    ? { level: 'note', subject, text: `${text}; only tokens signed with the secret are taken` }
    : {
        level: 'broken',
        subject,
        text,
        mend: 'your project signs with a secret (HS256): set SUPABASE_JWT_SECRET',
      };
}

/** By the header `Date`, which counts whole seconds. */
function checkClock(date: string | null, from: number): Finding[] {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return [];
  const skew = skewOf(theirs, from - 1000, Date.now());
  return Math.abs(skew) <= mostSkewMs
    ? [{ level: 'good', subject, text: "the issuer's clock agrees with ours" }]
    : [
        {
          level: 'broken',
          subject,
          text: `the issuer's clock is ${Math.round(skew / 1000)} s off ours`,
          mend: "keep this machine's clock right with NTP",
        },
      ];
}
