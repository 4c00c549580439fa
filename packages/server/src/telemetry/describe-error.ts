/** An error as a log line holds it: enough to find the fault, nothing that a person wrote. */
export interface DescribedError {
  readonly type: string;
  readonly message: string;
  /** SQLSTATE, errno or one of the codes of the table of errors. */
  readonly code?: string;
  /** Frames only: the message that a stack begins with is left out. */
  readonly stack?: string;
  readonly cause?: DescribedError;
  /** What an `AggregateError` holds, three at most. */
  readonly errors?: readonly DescribedError[];
}

/** What the failed request brought along: no string in here shows in the log. `withheld`: it is not known. */
export type Carried = { readonly values: readonly unknown[] } | 'withheld';

const blot = '[redacted]';
const maxDepth = 3;
const maxMessage = 500;

/**
 * Describes `error` for a log. Its message may quote what a person sent, so each string of `carried` is blotted out,
 * and so are tokens, query strings and quotations other than names of ours (`relation "…"`, `open '…'`).
 */
export function describeError(error: unknown, carried: Carried = { values: [] }, depth = 0): DescribedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'something other than an Error was thrown' };
  const code = codeOf(error);
  const frames = framesOf(error);
  const deeper = (inner: unknown): DescribedError => describeError(inner, carried, depth + 1);
  return {
    type: error.name,
    message: scrubMessage(error, carried),
    ...(code !== undefined && { code }),
    ...(frames !== '' && { stack: frames }),
    ...(error.cause instanceof Error && depth < maxDepth && { cause: deeper(error.cause) }),
    ...(error instanceof AggregateError &&
      depth < maxDepth && { errors: error.errors.slice(0, 3).map(deeper) }),
  };
}

const codeOf = (error: Error): string | undefined =>
  'code' in error && typeof error.code === 'string' && /^\w{1,64}$/.test(error.code) ? error.code : undefined;

/** A stack repeats the message, which may itself hold lines that look like frames: they are cut off before. */
function framesOf({ stack = '', message }: Error): string {
  const end = message === '' ? 0 : Math.max(0, stack.indexOf(message) + message.length);
  const frames = stack.slice(end).split('\n');
  return frames.filter((line) => /^\s+at /.test(line)).join('\n');
}

function scrubMessage(error: Error, carried: Carried): string {
  // A parser's message quotes the middle of what it could not parse.
  if (carried === 'withheld' || error instanceof SyntaxError) return '[withheld]';
  let message = error.message;
  for (const value of spellings(carried.values)) message = message.replaceAll(value, blot);
  return scrubQuotations(scrubTokens(message)).slice(0, maxMessage);
}

/** What each of the shapes below has: one look tells of nearly every line that there is nothing to blot out. */
const suspicious = /eyJ|bearer|[?&](?:token|access_token|signature|sig|apikey)=|\/api\/ws\//i;

/** Blots out whatever has the shape of a token, wherever it stands in `text`; JSON stays JSON. */
export const scrubTokens = (text: string): string => (suspicious.test(text) ? withoutTokens(text) : text);

const withoutTokens = (text: string): string =>
  text
    .replaceAll(/eyJ[\w-]*\.[\w-]*\.?[\w-]*/g, blot)
    .replaceAll(/\b(bearer)([\s.])[\w.~+/=-]+/gi, `$1$2${blot}`)
    .replaceAll(/([?&](?:token|access_token|signature|sig|apikey)=)[^&\s"'\\]+/gi, `$1${blot}`)
    .replaceAll(/(\/api\/ws\/)[\w.~-]+/g, `$1${blot}`);

/** Words after which a quotation is a name of ours or of the machine's, not something that a person wrote. */
const naming =
  'relation|column|constraint|table|function|schema|database|index|type|extension|parameter|property|module|package|reading|open|stat|lstat|mkdir|unlink|rename|scandir|access';
const quotation = new RegExp(`(?:\\b(${naming}) )?("[^"]*"|'[^']*'|\`[^\`]*\`)`, 'g');

const scrubQuotations = (text: string): string =>
  text
    .replace(/: ".*"/s, `: ${blot}`)
    .replaceAll(/\?[^\s"'?]+/g, `?${blot}`)
    .replaceAll(quotation, (whole: string, name: string | undefined) => (name === undefined ? blot : whole));

/** Each string in `values`, however deep, as it is and as JSON spells it; the longest first. */
function spellings(values: readonly unknown[]): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, depth: number): void => {
    if (typeof value === 'string' && value.length > 1)
      found.add(value).add(JSON.stringify(value).slice(1, -1));
    else if (typeof value === 'object' && value !== null && depth < 8) {
      for (const inner of Object.values(value)) visit(inner, depth + 1);
    }
  };
  visit(values, 0);
  return [...found].sort((a, b) => b.length - a.length);
}
