import { toParleyError } from './errors.ts';
import type { Feed } from './feed.ts';

/** How far one has read a conversation, as far as the server has not confirmed it. */
export class ReadMark {
  readonly #conversationId: string;
  readonly #changed: () => void;
  #to: { readonly seq: number; readonly id: string } | null = null;
  #isTelling = false;

  constructor(conversationId: string, changed: () => void) {
    this.#conversationId = conversationId;
    this.#changed = changed;
  }

  /** 0 if the server knows. */
  get seq(): number {
    return this.#to?.seq ?? 0;
  }

  /** Moves forward to this message. */
  move(message: { readonly seq: number; readonly id: string }, feed: Feed | null): void {
    if (message.seq <= this.seq) return;
    this.#to = message;
    this.#changed();
    void this.tell(feed);
  }

  /** Tells the server; without a connection, again when there is one. What it refuses was never read. */
  async tell(feed: Feed | null): Promise<void> {
    if (this.#isTelling || feed === null) return;
    this.#isTelling = true;
    try {
      for (let to = this.#to; to !== null; to = this.#to) {
        await feed.request({
          type: 'message_read',
          message_id: to.id,
          conversation_id: this.#conversationId,
        });
        feed.replica.moveOwn(this.#conversationId, to.seq);
        if (this.#to === to) this.#to = null;
      }
    } catch (thrown) {
      const { status } = toParleyError(thrown);
      if (status >= 400 && status < 500) this.#to = null;
    } finally {
      this.#isTelling = false;
      this.#changed();
    }
  }
}
