import type { MessageRow } from './rows.ts';

/** The messages of a page as they were at a version of their conversation. */
export interface HeldPage {
  readonly version: number;
  /** Both included; the page ends with the newest. */
  readonly from: number;
  readonly to: number;
  readonly rows: ReadonlyMap<number, MessageRow>;
}

interface Entry {
  readonly page: HeldPage;
  readonly bytes: number;
  readonly until: number;
}

/** For how long a page is held. Nobody changes a message without a version, except who edits the tables by hand. */
const heldMs = 60_000;
/** What a message takes besides its texts, about. */
const rowBytes = 600;

/**
 * Pages of messages that were read lately, the least recently used of them let go beyond so many bytes. What is held is
 * never an answer by itself: Postgres is asked each time for what changed since, which costs less than all of it.
 */
export class HeldPages {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** `capacity` in bytes, about. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): HeldPage | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until > performance.now()) {
      this.#entries.set(key, entry);
      return entry.page;
    }
    this.#bytes -= entry.bytes;
    return undefined;
  }

  set(key: string, page: HeldPage): void {
    this.delete(key);
    const bytes = page.rows.values().reduce((sum, row) => sum + bytesOf(row), 0);
    this.#entries.set(key, { page, bytes, until: performance.now() + heldMs });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#capacity) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }

  get bytes(): number {
    return this.#bytes;
  }
}

const bytesOf = ({ content, metadata }: MessageRow): number =>
  rowBytes + 2 * (content.length + JSON.stringify(metadata).length);
