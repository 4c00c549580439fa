import type { Clock } from '../messaging/ports.ts';
import type { Change } from './change.ts';

/** A moment to which changes are kept, from `mark` to `release`. */
export interface Mark {
  readonly number: number;
}

/** Milliseconds for which a change is kept in any case: longer than anybody waits for one that is late. */
const keptMs = 3000;
/** Changes kept at most, whatever is marked. */
const capacity = 16_384;

/**
 * The changes that arrived lately, of all conversations, heard or not: for people whose subscriptions are being loaded
 * while things happen, and for conversations of which the second change arrived before the one that let somebody in.
 */
export class RecentChanges {
  readonly #clock: Clock;
  readonly #entries: { readonly change: Change; readonly at: number }[] = [];
  readonly #marks = new Set<Mark>();
  /** How many were dropped from the front of all that ever came. */
  #dropped = 0;
  /** How many of those are still in the array. */
  #head = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  add(change: Change): void {
    this.#entries.push({ change, at: this.#clock.now() });
    this.trim();
  }

  /** Keeps what arrives from now on until `release`. */
  mark(): Mark {
    const mark = { number: this.#dropped + this.size };
    this.#marks.add(mark);
    return mark;
  }

  release(mark: Mark): void {
    this.#marks.delete(mark);
  }

  /** All that arrived since, in the order of arrival; null if it became too much to keep. */
  since(mark: Mark): Change[] | null {
    if (mark.number < this.#dropped) return null;
    return this.#entries.slice(this.#head + mark.number - this.#dropped).map(({ change }) => change);
  }

  /** A conversation's changes after a version, in the order of versions; there may be holes. */
  of(conversationId: string, after: number): Change[] {
    const found: Change[] = [];
    for (let index = this.#head; index < this.#entries.length; index++) {
      const change = this.#entries[index]?.change;
      if (change?.frame.conversation_id === conversationId && change.frame.version > after)
        found.push(change);
    }
    return found.sort((a, b) => a.frame.version - b.frame.version);
  }

  /** Lets go of what nobody can need. */
  trim(): void {
    const [oldest] = this.#marks;
    const before = this.#clock.now() - keptMs;
    for (let entry = this.#entries[this.#head]; entry !== undefined; entry = this.#entries[this.#head]) {
      const needed = entry.at >= before || (oldest !== undefined && oldest.number <= this.#dropped);
      if (needed && this.size <= capacity) break;
      this.#head++;
      this.#dropped++;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) this.#entries.splice(0, this.#head);
    else if (this.#head !== this.#entries.length) return;
    else this.#entries.length = 0;
    this.#head = 0;
  }
}
