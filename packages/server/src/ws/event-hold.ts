import type { SyncAnswer } from '@parley/protocol';
import type { Prepared } from '../realtime/listener.ts';

/** Bytes of events that wait while a connection catches up; what is beyond is caught up with once more. */
const maxBytes = 512 * 1024;
/** Milliseconds after which no event is under way any more that a catch-up has answered before. */
const staleMs = 60_000;

/**
 * What stands between a connection's catch-up and its live events, so that they meet without a gap or a step back: events
 * wait until the last page is written, and those whose change was in a page are left out, also when they come later.
 */
export class EventHold {
  /** By conversation, the version up to which the pages told everything. */
  readonly #told = new Map<string, number>();
  #held: Prepared[] = [];
  #bytes = 0;
  /** The highest `seq` by conversation that is to be confirmed once it is written. */
  #expected = new Map<string, number>();
  #overflowed = false;
  #hasHole = false;
  #isOpen = false;
  #openedAt = 0;

  /**
   * To be asked at the last page: whether it has let go of events since the one before, so that all is to be read once
   * more. Asking clears it.
   */
  takeOverflow(): boolean {
    const was = this.#overflowed;
    this.#overflowed = false;
    this.#hasHole = was;
    return was;
  }

  /** Whether it has let go of events that no pages have made good yet. */
  get hasHole(): boolean {
    return this.#hasHole;
  }

  /** Whether an event is to be sent now. */
  admits(frame: Prepared): boolean {
    if (this.#isOpen) return this.#isNews(frame);
    if (frame.ephemeral) return true;
    this.#keep(frame);
    return false;
  }

  /** Takes note of a message that waits, or that a page holds. False once nothing waits any more. */
  expect(conversationId: string, seq: number): boolean {
    if (this.#isOpen) return false;
    // What is let go of is not written.
    if (!this.#overflowed)
      this.#expected.set(conversationId, Math.max(seq, this.#expected.get(conversationId) ?? 0));
    return true;
  }

  /** A page was written. */
  answered({ conversations, removed }: SyncAnswer): void {
    for (const { conversation_id, version } of [...conversations, ...removed])
      this.#told.set(conversation_id, version);
  }

  /** Ends the waiting: answers the events to send now, and the messages among what was held. */
  open(now: number): {
    readonly frames: readonly Prepared[];
    readonly expected: ReadonlyMap<string, number>;
  } {
    const frames = this.#held.filter((frame) => this.#isNews(frame));
    const expected = this.#expected;
    this.#held = [];
    this.#expected = new Map();
    this.#isOpen = true;
    this.#openedAt = now;
    return { frames, expected };
  }

  /** Goes on waiting, for another catch-up. */
  close(): void {
    this.#isOpen = false;
    this.#bytes = 0;
    this.#overflowed = false;
    this.#hasHole = false;
  }

  /** Whether there is nothing left to wait for or leave out. */
  isOver(now: number): boolean {
    return this.#isOpen && now - this.#openedAt > staleMs;
  }

  #isNews({ change }: Prepared): boolean {
    return change === null || change.version > (this.#told.get(change.conversationId) ?? -1);
  }

  #keep(frame: Prepared): void {
    if (this.#overflowed) return;
    this.#held.push(frame);
    this.#bytes += frame.bytes.length;
    if (this.#bytes <= maxBytes) return;
    this.#overflowed = true;
    this.#hasHole = true;
    this.#held = [];
    this.#expected = new Map();
    this.#bytes = 0;
  }
}
