import type { ErrorCode, FieldError, RateLimitBody, errors } from '@parley/protocol';

/** Which limit was met, and when it ends; see `RateLimitBody` of the protocol. */
export type RateLimitInfo = RateLimitBody['rate_limit_info'];

interface Facts<Code extends string, Status extends number> {
  /** Stable, for programs. */
  readonly code: Code;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: Status;
  /** Seconds after which it makes sense to ask again, or null. */
  readonly retryAfter: number | null;
  /** What is wrong with which field; empty unless `code` is `validation_failed`. */
  readonly errors: readonly FieldError[];
  /** Only with `rate_limited`, and only from REST. */
  readonly limit: RateLimitInfo | null;
}

type Refused = { [C in ErrorCode]: Facts<C, (typeof errors)[C][0]> };
type Waiting = 'rate_limited' | 'too_many_connections' | 'unavailable' | 'shutting_down';

/** Codes that this client gives itself, all with status 0. */
export type LocalErrorCode =
  /** No connection, or no Parley that answers. */
  | 'network'
  /** Your `AbortSignal`. */
  | 'aborted'
  /** `close()` was called, or the message was discarded. */
  | 'closed';

/**
 * Whatever can go wrong, told apart by `code`: the server's refusals by its own codes, and `network`, `aborted` and `closed`
 * without a status. `message` is a sentence for people. A newer server may give codes that are not listed here: keep a
 * default branch.
 */
export type ParleyError = Error &
  (
    | Refused[Exclude<ErrorCode, Waiting>]
    | (Refused[Waiting] & { readonly retryAfter: number })
    | Facts<LocalErrorCode, 0>
  );

class Failure extends Error {
  constructor(code: string, message: string, status = 0, body: ErrorFacts = {}) {
    const [first] = body.errors ?? [];
    super(first === undefined ? message : `${message}: ${first.path} ${first.message}`);
    Object.assign(this, {
      name: 'ParleyError',
      code,
      status,
      retryAfter: body.retry_after ?? null,
      errors: body.errors ?? [],
      limit: body.rate_limit_info ?? null,
    });
  }
}

/** What an answer or an `error` frame may say beside code and sentence. */
export interface ErrorFacts {
  readonly retry_after?: number;
  readonly errors?: readonly FieldError[];
  readonly rate_limit_info?: RateLimitInfo;
}

/** For `instanceof`, which narrows to the union. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the codes are the server's; see `ParleyError`
export const ParleyError = Failure as unknown as abstract new (...args: never) => ParleyError;

/** An error of the server's or, without a status, of this side. */
export const failure = (code: string, message: string, status?: number, body?: ErrorFacts): ParleyError =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  new Failure(code, message, status, body) as unknown as ParleyError;

/** `close` came first. */
export const closed = (): ParleyError => failure('closed', 'The client was closed');

/** Anything thrown, as one of ours. */
export const toParleyError = (error: unknown): ParleyError =>
  error instanceof ParleyError
    ? error
    : failure('network', error instanceof Error ? error.message : String(error));
