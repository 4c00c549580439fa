import { appRoles, UserId, type AppRole } from '@parley/protocol';
import { Compile } from 'typebox/compile';
import { systemUserId, type UserActor } from '../messaging/actor.ts';
import { withoutUnseen } from '../messaging/unseen.ts';

/** A verified token's payload: signed by the issuer, but its shape is still to be judged. */
export type Claims = Readonly<Record<string, unknown>>;

/** Code points of a display name; longer ones are cut. */
const nameLength = 200;
/** Characters of an avatar's address; a longer one counts as none. */
const avatarLength = 2048;

/** Whether a token's payload is one at all. */
export const isRecord = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const section = (claims: Claims, name: string): Claims => {
  const value = claims[name];
  return isRecord(value) ? value : {};
};

/** A Supabase key that acts as the system. */
export const isServiceRole = (claims: Claims): boolean => claims['role'] === 'service_role';

/** Supabase's public key, which identifies nobody. */
export const isAnonymousKey = (claims: Claims): boolean => claims['role'] === 'anon';

/** Whether `aud`, one name or a list of them, names `audience`. */
export function hasAudience(claims: Claims, audience: string): boolean {
  const { aud } = claims;
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience;
}

/** The person a token speaks for, or null if its `sub` can't be anybody's id. */
export function readUser(claims: Claims): UserActor | null {
  const userId = claims['sub'];
  if (!isUserId(userId)) return null;
  const profile = section(claims, 'user_metadata');
  return {
    kind: 'user',
    userId,
    displayName: displayName(profile, claims['email'], userId),
    avatarUrl: avatarUrl(profile['avatar_url']),
    appRole: appRole(section(claims, 'app_metadata')['role']),
  };
}

/**
 * When the token was issued, in whole Unix seconds: its `iat`, else its `nbf`. Where it has neither, and only `exp` says
 * how new it is, that lies ahead and so it counts as issued now: of such tokens the last one seen is the newest.
 */
export function readIssuedAt(claims: Claims, nowSeconds: number): number {
  const { iat, nbf, exp } = claims;
  const time = [iat, nbf, exp].find(isTime);
  // A time ahead of the clock would keep every later profile out until then.
  return time === undefined ? nowSeconds : Math.min(Math.max(Math.floor(time), 0), nowSeconds);
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const userIds = Compile(UserId);
const isUserId = (sub: unknown): sub is string => userIds.Check(sub) && sub !== systemUserId;

const appRole = (role: unknown): AppRole => appRoles.find((known) => known === role) ?? 'student';

function displayName(profile: Claims, email: unknown, userId: string): string {
  return (
    presentable(profile['full_name']) ||
    presentable(profile['name']) ||
    presentable(typeof email === 'string' ? email.slice(0, Math.max(0, email.lastIndexOf('@'))) : '') ||
    presentable(userId) ||
    userId
  );
}

/** What can be shown as somebody's name, at most `nameLength` code points; empty if there is none. */
function presentable(value: unknown): string {
  if (typeof value !== 'string') return '';
  const whole = withoutUnseen(value.slice(0, nameLength * 8)).trim();
  // The system's own messages are by "System"; nobody else's are.
  if (whole.toLowerCase() === systemUserId) return '';
  return Array.from(whole).slice(0, nameLength).join('');
}

/** A web address, as a browser would write it; anything else (`javascript:`, `data:`) is no avatar. */
function avatarUrl(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > avatarLength || !URL.canParse(value)) return null;
  const url = new URL(value);
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && url.href.length <= avatarLength ? url.href : null;
}
