import type { Message, Profile } from '@parley/protocol';
import { limits } from './limits.ts';

/** The messages of a conversation that are held: the newest without a gap, and any others that were read or changed. */
export class MessageLog {
  readonly #bySeq = new Map<number, Message>();
  readonly #seqOf = new Map<string, number>();
  #from: number;

  constructor(lastSeq: number) {
    this.#from = lastSeq + 1;
  }

  /** From here on every message is held, unless a change was missed. */
  get from(): number {
    return this.#from;
  }

  get seqs(): IterableIterator<number> {
    return this.#bySeq.keys();
  }

  /** As it was told; see `ReplicaConversation.message` for what it shows. */
  get(seq: number): Message | undefined {
    return this.#bySeq.get(seq);
  }

  /**
   * Takes a message unless a newer one is held. Of the same version, what was `read` is newer than what an event told: a
   * message shows its sender's name and its parent's text, and these change without it.
   */
  put(message: Message, read: boolean): void {
    const held = this.#bySeq.get(message.seq);
    if (held !== undefined && (held.version > message.version || (held.version === message.version && !read)))
      return;
    this.#bySeq.set(message.seq, message);
    this.#seqOf.set(message.id, message.seq);
    this.#extend();
  }

  /** A reply was sent at this version of the conversation. A parent that is as new has it counted. */
  countReply(parentId: string, version: number): void {
    const parent = this.#find(parentId);
    if (parent === undefined || parent.version >= version) return;
    this.#bySeq.set(parent.seq, { ...parent, reply_count: parent.reply_count + 1, version });
  }

  /** Messages up to `lastSeq` are there now that nobody told of. */
  skipTo(lastSeq: number): void {
    this.#from = lastSeq + 1;
    this.#extend();
  }

  clear(lastSeq: number): void {
    this.#bySeq.clear();
    this.#seqOf.clear();
    this.#from = lastSeq + 1;
  }

  /** Forgets all but those of `from` to `to`, and the newest `count`. */
  retain(lastSeq: number, count: number, from: number, to: number): void {
    for (const [seq, { id }] of this.#bySeq)
      if (seq <= lastSeq - count && (seq < from || seq > to)) {
        this.#bySeq.delete(seq);
        this.#seqOf.delete(id);
      }
    this.skipTo(lastSeq);
  }

  rename({ user_id, display_name }: Profile): void {
    for (const [seq, message] of this.#bySeq)
      if (message.sender_id === user_id) this.#bySeq.set(seq, { ...message, sender_name: display_name });
  }

  /** What a reply shows of its parent: by the parent itself where that is held, as it changes without the reply. */
  replyToContent(message: Message): string | null {
    const parent = message.reply_to_id === null ? undefined : this.#find(message.reply_to_id);
    if (parent === undefined) return message.reply_to_content;
    return parent.is_deleted ? null : preview(parent.content);
  }

  /** The `seq` of a message that is held. */
  seqOf(messageId: string): number | undefined {
    return this.#seqOf.get(messageId);
  }

  #find(messageId: string): Message | undefined {
    const seq = this.#seqOf.get(messageId);
    return seq === undefined ? undefined : this.#bySeq.get(seq);
  }

  #extend(): void {
    while (this.#bySeq.has(this.#from - 1)) this.#from--;
  }
}

/** The first code points of a text. */
function preview(text: string): string {
  if (text.length <= limits.replyPreviewLength) return text;
  let end = 0;
  for (let count = 0; count < limits.replyPreviewLength; count++)
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}
