import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { Refusal } from '../messaging/refusal.ts';
import { isRecord, type Claims } from './claims.ts';

/**
 * The claims of a compact token whose HMAC SHA-256 is good. In the present turn: WebCrypto hands even this to another
 * thread, which takes ten times as long. The caller has seen that its header says HS256, and judges its times.
 * @throws Refusal `invalid_token`
 */
export function claimsSignedWith(secret: KeyObject, token: string): Claims {
  const end = token.lastIndexOf('.');
  const [, payload = '', ...more] = token.slice(0, end).split('.');
  if (more.length > 0) throw new Refusal('invalid_token');
  // Compared as text, of which there is one for each signature: no second spelling of a token is good.
  const expected = createHmac('sha256', secret).update(token.slice(0, end)).digest('base64url');
  const given = Buffer.from(token.slice(end + 1));
  if (given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected)))
    throw new Refusal('invalid_token');
  return parse(payload);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(payload: string): Claims {
  const claims: unknown = JSON.parse(utf8.decode(Buffer.from(payload, 'base64url')));
  if (!isRecord(claims)) throw new Refusal('invalid_token');
  return claims;
}
