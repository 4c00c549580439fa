import { errors, type ErrorCode, type ErrorStatus, type FieldError } from '@parley/protocol';

export interface RefusalDetails {
  /** Which fields were wrong, for `validation_failed` and its kin. */
  readonly errors?: readonly FieldError[];
  /** Seconds after which a retry makes sense. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** A request that Parley turns down, by a code of the table of errors. Transports map it at their edge. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly status: ErrorStatus;
  readonly fields: readonly FieldError[] | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, details: RefusalDetails = {}) {
    super(errors[code][1], details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Refusal';
    this.code = code;
    this.status = errors[code][0];
    this.fields = details.errors;
    this.retryAfter = details.retryAfter;
  }
}

/** A single field that is wrong. `path` is a JSON pointer into the request. */
export const invalid = (path: string, message: string): Refusal =>
  new Refusal('validation_failed', { errors: [{ path, message }] });
