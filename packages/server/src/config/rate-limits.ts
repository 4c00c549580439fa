import { appRoles, defaultRateLimits, limitTypes, limits, type RateLimits } from '@parley/protocol';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { EnvironmentReader } from './reader.ts';

const Limit = Type.Tuple([
  Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
  Type.Integer({ minimum: 1, maximum: limits.rateLimitWindow }),
]);

const known = { additionalProperties: false };
const ByRole = Type.Partial(
  Type.Object({ admin: Limit, moderator: Limit, teacher: Limit, student: Limit }),
  known,
);
const Overrides = Type.Partial(
  Type.Object({
    message_send: ByRole,
    conversation_create: ByRole,
    file_upload: ByRole,
    websocket_connect: ByRole,
    general: ByRole,
  }),
  known,
);

const takes = `"off", or JSON such as {"message_send": {"student": [100, 60]}} with [count, seconds] by type (${limitTypes.join(', ')}) and role (${appRoles.join(', ')})`;

/** The defaults with the entries of `RATE_LIMITS` over them; null when it is `off`. */
export function readRateLimits(env: EnvironmentReader): RateLimits | null {
  const value = env.raw('RATE_LIMITS');
  if (value === 'off') return null;
  if (value === null) return defaultRateLimits;
  const overrides = parseJson(value);
  if (Value.Check(Overrides, overrides)) return merge(overrides);
  env.refuse(`RATE_LIMITS is wrong${placeOf(overrides)}; it takes ${takes}.`);
  return defaultRateLimits;
}

function merge(overrides: Static<typeof Overrides>): RateLimits {
  const { message_send, conversation_create, file_upload, websocket_connect, general } = defaultRateLimits;
  return {
    message_send: { ...message_send, ...overrides.message_send },
    conversation_create: { ...conversation_create, ...overrides.conversation_create },
    file_upload: { ...file_upload, ...overrides.file_upload },
    websocket_connect: { ...websocket_connect, ...overrides.websocket_connect },
    general: { ...general, ...overrides.general },
  };
}

/** Undefined, which is no JSON value, for text that is not JSON. */
function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function placeOf(overrides: unknown): string {
  if (overrides === undefined) return ' (it is not JSON)';
  const [problem] = Value.Errors(Overrides, overrides);
  if (problem === undefined) return '';
  const reason = problem.keyword === 'boolean' ? 'there is no such entry' : problem.message;
  return ` at ${problem.instancePath || '/'} (${reason})`;
}
