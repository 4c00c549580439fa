import { Type, type Static, type TSchema } from 'typebox';
import { limits } from './limits.ts';

/** An opaque id. Parley's own are UUIDv7. */
export const Id = Type.String({ minLength: 1, maxLength: 64, description: 'An opaque id.' });

/** The number of characters as people count them in a protocol: Unicode code points. */
export const codePoints = (value: string): number => {
  let count = 0;
  for (const _ of value) count++;
  return count;
};

/** Whether Postgres and every client can hold this text: no U+0000, no lone surrogate. */
export const isStorable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');

/** Text that Postgres and every client can hold: no U+0000, no lone surrogate; lengths in code points. */
export const text = (options: { minLength?: number; maxLength: number; description?: string }) =>
  Type.Refine(
    Type.Refine(Type.String(options), isStorable, () => 'must not contain U+0000 or lone surrogates'),
    // A validator may count what people see as one letter as one; the contract counts code points.
    (value) => value.length <= options.maxLength || codePoints(value) <= options.maxLength,
    () => `must not have more than ${options.maxLength} characters`,
  );

/**
 * Not `.` or `..`: as a segment of a path they lead elsewhere, however they are encoded, so that nobody could remove or
 * mute whoever is called so.
 */
export const UserId = Type.Refine(
  text({
    minLength: 1,
    maxLength: limits.userIdLength,
    description: "A person's id: the `sub` of their token. Not `.` or `..`, which no path can name.",
  }),
  (id) => id !== '.' && id !== '..',
  () => 'must not be . or ..',
);

export const ClientId = text({
  minLength: 1,
  maxLength: limits.clientIdLength,
  description:
    'Chosen by the client, one per intended change. A retry with the same one changes nothing and answers the original resource.',
});

export const Timestamp = Type.String({
  format: 'date-time',
  description: 'RFC 3339, UTC, with milliseconds.',
});

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A union of string literals as a JSON Schema `enum`, which documentation and generators read best. */
export const OneOf = <const T extends readonly string[]>(values: T, description?: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...(description && { description }) });

/** Written out by Postgres a number like 1e308 takes 309 digits: fifty times what was sent. */
const isSprawling = (value: number): boolean => {
  const size = Math.abs(value);
  return size >= 1e21 || (size > 0 && size < 1e-21);
};

/** Deeper nesting than this is refused before anything recurses into it. */
const maxNesting = 32;

/** Why `value` can't be kept as metadata, or null. Walks without recursion, as a stranger chose the shape. */
function metadataProblem(root: unknown): string | null {
  const rest: { value: unknown; depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string' && !isStorable(value)) return 'must not contain U+0000 or lone surrogates';
    if (typeof value === 'number' && isSprawling(value))
      return 'must not contain numbers beyond 1e21 or below 1e-21';
    if (typeof value !== 'object' || value === null) continue;
    if (depth > maxNesting) return `must not be nested deeper than ${maxNesting} levels`;
    for (const [key, inner] of Object.entries(value)) {
      if (!isStorable(key)) return 'must not contain U+0000 or lone surrogates';
      rest.push({ value: inner, depth: depth + 1 });
    }
  }
  const bytes = new TextEncoder().encode(JSON.stringify(root)).length;
  return bytes <= limits.metadataBytes
    ? null
    : `must not be larger than ${limits.metadataBytes} bytes as JSON`;
}

/** Any JSON object of at most 8 KiB once written as JSON. */
export const Metadata = Type.Refine(
  Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    description: `Any JSON object of at most ${limits.metadataBytes} bytes.`,
  }),
  (value) => metadataProblem(value) === null,
  (value) => metadataProblem(value) ?? '',
);

export const Version = Type.Integer({
  minimum: 0,
  description: "Counts a conversation's changes, without gaps.",
});
export const Seq = Type.Integer({
  minimum: 0,
  description: "A message's place in its conversation, from 1, without gaps.",
});

/** The shape of every list: `{<noun>: […], page, limit, total, has_more, next_cursor}`. */
export const listOf = <N extends string, T extends TSchema>(noun: N, item: T) =>
  Type.Object({
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a computed key widens to `string`
    ...({ [noun]: Type.Array(item) } as { [K in N]: ReturnType<typeof Type.Array<T>> }),
    page: Type.Integer({ minimum: 1 }),
    limit: Type.Integer({ minimum: 1, maximum: limits.pageMax }),
    total: Type.Integer({ minimum: 0 }),
    has_more: Type.Boolean(),
    next_cursor: Nullable(Type.String()),
  });

export const PageQuery = {
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageMax, default: limits.pageDefault })),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 512, description: '`next_cursor` of the page before.' }),
  ),
};

export const FieldError = Type.Object({ path: Type.String(), message: Type.String() });

export const ErrorBody = Type.Object({
  detail: Type.String({ description: 'A sentence for people.' }),
  code: Type.String({ description: 'Stable, for programs.' }),
});

export const ValidationErrorBody = Type.Object({
  ...ErrorBody.properties,
  errors: Type.Array(FieldError),
});

export const RateLimitBody = Type.Object({
  ...ErrorBody.properties,
  error: Type.Literal('Rate limit exceeded'),
  message: Type.String(),
  rate_limit_info: Type.Object({
    limit_type: Type.String(),
    current_count: Type.Integer(),
    limit: Type.Integer(),
    window: Type.Integer({ description: 'Seconds.' }),
    reset_time: Type.Integer({ description: 'Unix time in seconds.' }),
    remaining: Type.Integer(),
  }),
  retry_after: Type.Integer({ description: 'Seconds.' }),
});
export type RateLimitBody = Static<typeof RateLimitBody>;
export type FieldError = Static<typeof FieldError>;
