import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import type { Config } from '../config.ts';
import { describeError, scrubTokens } from './describe-error.ts';

export type { Logger } from 'pino';

/** Keys that never show their value, at the top of a line and up to two levels below. */
const secretKeys = [
  'authorization',
  'cookie',
  'token',
  'access_token',
  'apikey',
  'secret',
  'password',
  'content',
  'body',
  'headers',
  'file_name',
  'fileName',
  'filename',
  'reply_to_content',
  'metadata',
];

/**
 * The process's log: one JSON object a line, with the time in ISO 8601, to standard output unless `stream` is given.
 *
 * Who logs takes care to log ids alone. Behind that stand three nets: known keys are redacted, errors are described
 * without what people wrote (`describeError`), and whatever looks like a token is blotted out of the finished line.
 */
export function createLogger(level: Config['logLevel'], stream?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serializeError, error: serializeError, req: describeRequest },
    redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    hooks: { logMethod: withoutRawMessage, streamWrite: scrubTokens },
  };
  return stream === undefined ? pino(options) : pino(options, stream);
}

const serializeError = (error: unknown): unknown => (error instanceof Error ? describeError(error) : error);

/** Of a request that some library logs: neither its address, which can hold a token, nor its headers. */
function describeRequest(request: unknown): object {
  if (typeof request !== 'object' || request === null) return {};
  return {
    ...('id' in request && { id: request.id }),
    ...('method' in request && { method: request.method }),
  };
}

type LogArguments = [first: unknown, ...rest: unknown[]];

/** Where a line has an error and no words of its own, pino takes the error's message for them as it is: put ours. */
function withoutRawMessage(this: Logger, input: LogArguments, method: (...args: LogArguments) => void): void {
  const [first, message, ...rest] = input;
  const error = errorIn(first);
  if (error === undefined || (message !== undefined && message !== error.message))
    return method.apply(this, input);
  const line = first instanceof Error ? { err: first } : first;
  return method.apply(this, [line, describeError(error).message.replaceAll('%', '%%'), ...rest]);
}

function errorIn(value: unknown): Error | undefined {
  if (value instanceof Error) return value;
  if (typeof value !== 'object' || value === null || !('err' in value)) return undefined;
  return value.err instanceof Error ? value.err : undefined;
}
