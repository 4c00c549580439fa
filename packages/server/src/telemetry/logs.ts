import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import type { Config } from '../config.ts';
import { describeError, scrubTokens } from './describe-error.ts';

export type { Logger } from 'pino';

/** Keys that never show their value, at the top of a line and up to two levels below. */
const secretKeys: ReadonlySet<string> = new Set([
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
]);

const depth = 2;

/** Lines are written once they are so many bytes together, or after so many milliseconds; all of them before an exit. */
const gatherBytes = 4096;
const gatherMs = 100;
/** From this level on a line is written at once, with what came before it: it may be the last. */
const urgentLevel = pino.levels.values['warn'] ?? 0;

/** One for all logs of the process, as it has a timer. */
let output: ReturnType<typeof destination> | null = null;
const standardOutput = () =>
  (output ??= destination({ sync: false, minLength: gatherBytes, periodicFlush: gatherMs }));

/**
 * The process's log: one JSON object a line, with the time in ISO 8601, to standard output unless `stream` is given.
 *
 * Who logs takes care to log ids alone. Behind that stand three nets: known keys are redacted, errors are described
 * without what people wrote (`describeError`), and whatever looks like a token is blotted out of the finished line.
 */
export function createLogger(level: Config['logLevel'], stream?: DestinationStream): Logger {
  const gathering = stream === undefined ? standardOutput() : undefined;
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (line: object) => withoutSecrets(line, depth),
    },
    serializers: { err: serializeError, error: serializeError, req: describeRequest },
    hooks: {
      logMethod(this: Logger, input: LogArguments, method: LogMethod, lineLevel: number) {
        method.apply(this, withoutRawMessage(input));
        if (lineLevel >= urgentLevel) gathering?.flush();
      },
      streamWrite: scrubTokens,
    },
  };
  return pino(options, stream ?? gathering);
}

/**
 * A line without the values of secret keys. By hand, as pino's own redaction by wildcards took a seventh of the CPU of
 * a send. Errors and requests have serializers of their own.
 */
function withoutSecrets(line: object, levels: number): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(line)) {
    if (secretKeys.has(key)) shown[key] = '[redacted]';
    else if (levels > 0 && isPlain(value)) shown[key] = withoutSecrets(value, levels - 1);
    else shown[key] = value;
  }
  return shown;
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

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
type LogMethod = (...args: LogArguments) => void;

/** Where a line has an error and no words of its own, pino takes the error's message for them as it is: put ours. */
function withoutRawMessage(input: LogArguments): LogArguments {
  const [first, message, ...rest] = input;
  const error = errorIn(first);
  if (error === undefined || (message !== undefined && message !== error.message)) return input;
  const line = first instanceof Error ? { err: first } : first;
  return [line, describeError(error).message.replaceAll('%', '%%'), ...rest];
}

function errorIn(value: unknown): Error | undefined {
  if (value instanceof Error) return value;
  if (typeof value !== 'object' || value === null || !('err' in value)) return undefined;
  return value.err instanceof Error ? value.err : undefined;
}
