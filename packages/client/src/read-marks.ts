import type { Cache } from './cache.ts';
import { toParleyError } from './errors.ts';
import type { Feed } from './feed.ts';
import type { Host } from './host.ts';
import type { ReadMark } from './kept.ts';
import { sleep } from './platform.ts';

/** Milliseconds between two: a connection may send 50 frames a second. */
const paceMs = 25;

/** How far one has read each conversation, as far as the server has not confirmed it. Kept, as unsent messages are. */
export class ReadMarks {
  readonly #host: Host;
  readonly #feed: Feed;
  readonly #cache: Cache;
  readonly #marks: Map<string, ReadMark>;
  readonly #telling = new Set<string>();
  /** Counts connections: each begins anew. */
  #run = 0;

  constructor(host: Host, feed: Feed, cache: Cache, kept: ReadonlyMap<string, ReadMark>) {
    this.#host = host;
    this.#feed = feed;
    this.#cache = cache;
    this.#marks = new Map(kept);
  }

  /** 0 if the server knows. */
  seqOf(conversationId: string): number {
    return this.#marks.get(conversationId)?.seq ?? 0;
  }

  /** Moves forward to this message. */
  move(conversationId: string, { seq, id }: ReadMark): void {
    if (seq <= this.seqOf(conversationId)) return;
    this.#set(conversationId, { seq, id });
    void this.#tell(conversationId);
  }

  /** Tells the server what it does not know yet. */
  async tell(): Promise<void> {
    const run = ++this.#run;
    for (const id of this.#marks.keys()) {
      if (run !== this.#run) return;
      void this.#tell(id);
      await sleep(paceMs);
    }
  }

  /** Without a connection, again when there is one. What the server refuses was never read. */
  async #tell(id: string): Promise<void> {
    const mark = this.#marks.get(id);
    if (mark === undefined || this.#telling.has(id)) return;
    this.#telling.add(id);
    let isOver = true;
    try {
      await this.#feed.request({ type: 'message_read', message_id: mark.id, conversation_id: id });
      this.#feed.store.replica.moveOwn(id, mark.seq);
    } catch (thrown) {
      const { status } = toParleyError(thrown);
      isOver = status >= 400 && status < 500;
    }
    this.#telling.delete(id);
    if (!isOver) return;
    if (this.#marks.get(id) === mark) this.#set(id, null);
    else await this.#tell(id);
  }

  #set(id: string, mark: ReadMark | null): void {
    if (mark === null) this.#marks.delete(id);
    else this.#marks.set(id, mark);
    this.#cache.keep('read', id, mark);
    this.#host.changed(id);
  }
}
