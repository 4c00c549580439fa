/** The part of Redis' protocol, version 3, that a connection needs which publishes and listens. */

/** An error that Redis answers. Its first word says which. */
export class RedisRefusal extends Error {}

export type Reply = Buffer | number | null | RedisRefusal | Push | readonly Reply[];

/** What Redis sends without having been asked for it: a message, or the beginning or end of a subscription. */
export class Push {
  readonly items: readonly Reply[];

  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

const lineEnd = '\r\n';
const carriageReturn = 13;
/** Bytes: Redis' own limit for one string. Beyond it, what comes is not Redis. */
const mostBytes = 512 * 1024 * 1024;
/** Replies within replies: none that are asked for here go deeper. */
const deepest = 4;

export function encodeCommand(args: readonly string[]): string {
  const parts = args.map((arg) => `$${Buffer.byteLength(arg)}${lineEnd}${arg}${lineEnd}`);
  return `*${args.length}${lineEnd}${parts.join('')}`;
}

/** Cuts replies out of what arrives, in whatever pieces. */
export class RespReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /**
   * Every reply that is whole by now.
   * @throws Error if this is not the protocol
   */
  *read(chunk: Buffer): Generator<Reply> {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#at = 0;
    for (;;) {
      const start = this.#at;
      const reply = this.#next(0);
      if (reply === undefined) {
        this.#bytes = this.#bytes.subarray(start);
        return;
      }
      yield reply;
    }
  }

  /** Undefined: there is more to come. */
  #next(depth: number): Reply | undefined {
    const end = this.#bytes.indexOf(carriageReturn, this.#at);
    if (end < 0 || end + 1 >= this.#bytes.length) return undefined;
    const kind = this.#bytes[this.#at];
    const line = this.#bytes.subarray(this.#at + 1, end);
    this.#at = end + lineEnd.length;
    switch (kind) {
      case 0x2b: // +
        return line;
      case 0x2d: // -
        return new RedisRefusal(line.toString());
      case 0x3a: // :
        return wholeNumber(line);
      case 0x24: // $
        return this.#string(wholeNumber(line));
      case 0x2a: // *
        return this.#list(wholeNumber(line), depth);
      case 0x25: // % of pairs
        return this.#list(2 * wholeNumber(line), depth);
      case 0x3e: {
        // >
        const items = this.#list(wholeNumber(line), depth);
        return items === undefined ? undefined : new Push(items ?? []);
      }
      case 0x5f: // _
        return null;
      default:
        throw new Error('what answers does not speak the protocol of Redis');
    }
  }

  #string(length: number): Buffer | null | undefined {
    if (length < 0) return null;
    const end = this.#at + length;
    if (end + lineEnd.length > this.#bytes.length) return undefined;
    const string = this.#bytes.subarray(this.#at, end);
    this.#at = end + lineEnd.length;
    return string;
  }

  #list(length: number, depth: number): Reply[] | null | undefined {
    if (length < 0) return null;
    if (depth >= deepest) throw new Error('Redis answered with lists that are nested too deep');
    const items: Reply[] = [];
    while (items.length < length) {
      const item = this.#next(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
}

function wholeNumber(line: Buffer): number {
  const number = Number(line.toString('latin1'));
  if (line.length === 0 || !Number.isSafeInteger(number) || number > mostBytes)
    throw new Error('Redis answered with a number that is none');
  return number;
}
