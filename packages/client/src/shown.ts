import type { Conversation, Message } from '@parley/protocol';
import { pendingMessage, type Outbox } from './outbox.ts';
import type { ReplicaConversation } from './replica/conversation.ts';
import { keep, type AnyMessage, type PendingMessage, type ShownMessage } from './state.ts';

const noMetadata = {};

/** Makes of what is held, sent and changed by hand what a conversation shows; what did not change is the same object. */
export class Shown {
  #messages = new Map<number, ShownMessage>();
  #pending = new Map<string, PendingMessage>();
  /** Changes that are shown before the server has confirmed them: texts by message; null: deleted. */
  readonly #edits = new Map<string, string | null>();

  /** Shows a message with this text, or, by null, as deleted. */
  edit(messageId: string, content: string | null): void {
    this.#edits.set(messageId, content);
  }

  /** Shows a message as it is. */
  unedit(messageId: string): void {
    this.#edits.delete(messageId);
  }

  clear(): void {
    this.#messages.clear();
  }

  /** Those of `from` to `to`. Failed ones stay where they failed; those on their way come last, as the server will place them. */
  list(held: ReplicaConversation, from: number, to: number, outbox: Outbox | null): AnyMessage[] {
    const list: AnyMessage[] = [];
    const messages = new Map<number, ShownMessage>();
    const pending = this.#listPending(held.id, held.last_seq, outbox);
    for (let seq = from; seq <= to; seq++) {
      const message = held.message(seq);
      if (message === undefined) continue;
      const one = keep(this.#messages.get(seq), this.#withEdit(message, outbox));
      messages.set(seq, one);
      list.push(one);
      for (const { after, message: failed } of pending) if (after === seq && seq < to) list.push(failed);
    }
    this.#messages = messages;
    if (to >= held.last_seq) for (const { after, message } of pending) if (after >= to) list.push(message);
    return list;
  }

  /** What was sent to a conversation that is not held. */
  listUnsent(conversationId: string, outbox: Outbox | null): AnyMessage[] {
    return this.#listPending(conversationId, 0, outbox).map(({ message }) => message);
  }

  /** What is not in the replica yet, and behind which `seq` it stands. */
  #listPending(id: string, lastSeq: number, outbox: Outbox | null): { after: number; message: AnyMessage }[] {
    const before = this.#pending;
    this.#pending = new Map();
    const sendings = outbox?.of(id) ?? [];
    return sendings.flatMap((sending): { after: number; message: AnyMessage }[] => {
      const { entry, message } = sending;
      if (message !== null && message.seq <= lastSeq) return [];
      if (message !== null) return [{ after: Infinity, message: { ...message, key: entry.client_id } }];
      const shown = keep(before.get(entry.client_id), pendingMessage(sending, outbox?.userId ?? ''));
      this.#pending.set(entry.client_id, shown);
      return [{ after: entry.after_seq ?? Infinity, message: shown }];
    });
  }

  #withEdit(message: Message, outbox: Outbox | null): ShownMessage {
    const { id, sender_id: sender, client_id: clientId } = message;
    const shown = { ...message, key: (sender === outbox?.userId ? clientId : null) ?? id };
    const edit = this.#edits.get(id);
    if (edit === undefined) return shown;
    if (edit !== null) return { ...shown, content: edit, is_edited: true };
    if (message.is_deleted) this.#edits.delete(id);
    return { ...shown, content: '', metadata: noMetadata, is_deleted: true };
  }
}

/** A conversation as it is shown; `readTo`: the last `seq` that was read here, as far as the server does not know. */
export function summaryOf(
  held: ReplicaConversation,
  before: Conversation | null | undefined,
  readTo: number,
): Conversation {
  const next = held.toConversation();
  return keep(before ?? undefined, {
    ...next,
    participants: keep(before?.participants, next.participants),
    last_message: next.last_message && keep(before?.last_message ?? undefined, next.last_message),
    unread_count: Math.max(0, Math.min(next.unread_count, next.last_seq - readTo)),
  });
}
