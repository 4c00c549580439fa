import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Config } from '../../config.ts';
import { finding, patienceMs, skewOf, type Finding } from './finding.ts';

const subject = 'Identity';
/** Milliseconds by which the issuer's clock may differ; beyond it fresh tokens look expired, or not yet good. */
const mostSkewMs = 30_000;

const KeySet = Type.Object({ keys: Type.Array(Type.Object({ kty: Type.String() })) });

export async function* checkIdentity({ identity }: Config): AsyncGenerator<Finding> {
  if (identity.kind === 'demo') {
    yield { level: 'note', subject, text: 'demo mode: Parley signs its own tokens, on this machine alone' };
    return;
  }
  if (identity.secret !== null)
    yield { level: 'good', subject, text: 'tokens signed with the secret (HS256) are taken' };
  const { jwksUrl, secret } = identity;
  if (jwksUrl === null) return;
  const findings: Finding[] = [];
  yield await finding(
    subject,
    'check SUPABASE_URL or JWT_JWKS_URL, and that this machine can reach it',
    async () => {
      const from = Date.now();
      const response = await fetch(jwksUrl, { signal: AbortSignal.timeout(patienceMs) });
      if (!response.ok) throw new Error(`${jwksUrl} answers ${response.status}`);
      findings.push(...checkClock(response.headers.get('date'), from));
      return judgeKeys(await response.json().catch(() => null), jwksUrl, secret !== null);
    },
  );
  yield* findings;
}

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
