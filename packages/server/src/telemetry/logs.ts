import { destination, pino, type DestinationStream, type Logger } from 'pino';
import type { Config } from '../config.ts';
import { describeError, scrubTokens } from './describe-error.ts';

export type { Logger } from 'pino';

type Facts = Record<string, unknown>;

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
    timestamp: createTimestamp(),
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (line: Facts) => withoutSecrets(line, depth),
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

/** The time of a line, in ISO 8601: of the lines of one second only the milliseconds are written anew. */
function createTimestamp(): () => string {
  let second = NaN;
  let beginning = '';
  return () => {
    const now = Date.now();
    const present = Math.floor(now / 1000);
    if (present !== second) beginning = new Date(now).toISOString().slice(0, -4);
    second = present;
    return `,"time":"${beginning}${String(now - present * 1000).padStart(3, '0')}Z"`;
  };
}

/**
 * A line without the values of secret keys: itself, if it has none. By hand, as pino's own redaction by wildcards took a
 * seventh of the CPU of a send. Errors and requests have serializers of their own.
 */
function withoutSecrets(line: Facts, levels: number): Facts {
  let shown: Facts | null = null;
  for (const [key, value] of Object.entries(line)) {
    const kept = secretKeys.has(key)
      ? '[redacted]'
      : levels > 0 && isPlain(value)
        ? withoutSecrets(value, levels - 1)
        : value;
    if (kept !== value) (shown ??= { ...line })[key] = kept;
  }
  return shown ?? line;
}

const isPlain = (value: unknown): value is Facts =>
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
