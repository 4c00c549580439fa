import { errors, type AppRole, type LimitType, type RateLimitBody } from '@parley/protocol';

/** Who is counted: a key of `key.ts`, and the role that says how much they may do. */
export interface LimitedParty {
  readonly key: string;
  readonly role: AppRole;
}

/** Where somebody stands in the present window of one limit, the request just counted included. */
export interface LimitState {
  readonly type: LimitType;
  /** Requests allowed in a window. */
  readonly limit: number;
  /** Seconds. */
  readonly window: number;
  /** Requests counted in this window, refused ones too: the eleventh of ten makes it 11. */
  readonly count: number;
  /** Requests that this window still allows. */
  readonly remaining: number;
  /** When the window ends: Unix time in seconds, rounded up. */
  readonly resetAt: number;
  /** Seconds until then, rounded up, at least 1. */
  readonly retryAfter: number;
  readonly allowed: boolean;
}

/**
 * Counts requests in fixed windows that begin with a party's first request. Of requests that arrive together exactly
 * as many as the limit allows are allowed; across nodes, of limits from 200 on, up to a hundredth less for each other
 * node that the party used, and `count` knows of those only from time to time. A party counts once per type, whatever
 * roles it shows. Whoever is exempt (the service role) is not to be asked about.
 */
export interface Limiter {
  /** Counts one request. Null: limiting is off. Never throws, and never waits on anything for long. */
  consume(type: LimitType, who: LimitedParty): Promise<LimitState | null>;
  close(): Promise<void>;
}

/** A limiter that does limit. */
export interface CountingLimiter extends Limiter {
  consume(type: LimitType, who: LimitedParty): Promise<LimitState>;
}

/** The body of a 429. */
export const rateLimitBody = (state: LimitState): RateLimitBody => ({
  detail: errors.rate_limited[1],
  code: 'rate_limited',
  error: 'Rate limit exceeded',
  message: `Too many ${state.type} requests`,
  rate_limit_info: {
    limit_type: state.type,
    current_count: state.count,
    limit: state.limit,
    window: state.window,
    reset_time: state.resetAt,
    remaining: state.remaining,
  },
  retry_after: state.retryAfter,
});

/** The headers of every counted answer; `Retry-After` only where the request was refused. */
export const rateLimitHeaders = (state: LimitState): Record<string, string> => ({
  'X-RateLimit-Limit': String(state.limit),
  'X-RateLimit-Remaining': String(state.remaining),
  'X-RateLimit-Reset': String(state.resetAt),
  ...(!state.allowed && { 'Retry-After': String(state.retryAfter) }),
});
