import {
  ErrorBody,
  RateLimitBody,
  ValidationErrorBody,
  errors,
  limits,
  type ErrorCode,
} from '@parley/protocol';
import { Type, type TSchema } from 'typebox';

/** What an endpoint behind a token can answer. */
const behindToken = ['token_missing', 'invalid_token', 'token_expired'] as const satisfies ErrorCode[];

/** What any counted endpoint can answer besides its own refusals. */
const everywhere = [
  'validation_failed',
  'rate_limited',
  'internal',
  'unavailable',
  'shutting_down',
] as const satisfies ErrorCode[];

const bodyOf = (status: number): TSchema => {
  if (status === 422) return ValidationErrorBody;
  if (status === 429) return RateLimitBody;
  return ErrorBody;
};

/**
 * The `response` part of a route's schema: what it answers when all is well, and each way in which it refuses, by the
 * codes of the table of errors. Those that every endpoint behind a token shares are added.
 */
export const answers = (ok: Answers, refusals: readonly ErrorCode[]): Answers =>
  openAnswers(ok, [...behindToken, ...refusals]);

type Answers = Record<number, TSchema>;

/** As `answers`, of an endpoint that takes no token. */
export function openAnswers(ok: Answers, refusals: readonly ErrorCode[]): Answers {
  const codes = new Map<number, ErrorCode[]>();
  for (const code of new Set<ErrorCode>([...everywhere, ...refusals])) {
    const status = errors[code][0];
    codes.set(status, [...(codes.get(status) ?? []), code]);
  }
  const refused = [...codes].map(([status, list]) => [status, describe(bodyOf(status), list)] as const);
  return { ...Object.fromEntries(refused), ...ok };
}

const describe = (schema: TSchema, codes: readonly ErrorCode[]): TSchema =>
  Type.Unsafe({ ...schema, description: codes.map((code) => `\`${code}\`: ${errors[code][1]}.`).join(' ') });

/** What a route with a body can refuse besides. */
export const bodyRefusals = [
  'malformed_body',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies ErrorCode[];

/** A 204. */
export const NoContent = Type.Null({ description: 'Done.' });

/** A header that makes a creation safe to retry; the same as `client_id` in the body. */
export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: limits.clientIdLength,
      description: 'The same as `client_id` in the body.',
    }),
  ),
});

/** Path parameters. They are not validated: an id that can't exist is simply not found. */
export const Params = <const N extends string>(...names: readonly N[]) => {
  const each = names.map((name) => [name, Type.String()]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- computed keys widen to `string`
  return Type.Object(Object.fromEntries(each) as Record<N, ReturnType<typeof Type.String>>);
};
