import type { Conversation, Message } from '@parley/protocol';
import type { Outbox, Sending } from './outbox.ts';
import type { ReplicaConversation } from './replica/conversation.ts';
import { keep, keepAll, type AnyMessage, type PendingMessage, type ShownMessage } from './state.ts';

const noMetadata = {};

/** Makes of what is held, sent and changed by hand what a conversation shows; what did not change is the same object. */
export class Shown {
  #messages = new Map<number, ShownMessage>();
  #pending = new Map<string, AnyMessage>();
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
    // In a conversation that had no message yet.
    if (from === 1 && to >= from)
      for (const { after, message } of pending) if (after < from) list.push(message);
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
    return sendings.flatMap((sending) => {
      const { entry, message } = sending;
      const key = entry.client_id;
      if (message !== null && message.seq <= lastSeq) return [];
      const shown = keep(
        before.get(key),
        message === null ? pendingMessage(sending, outbox?.userId ?? '') : { ...message, key },
      );
      this.#pending.set(key, shown);
      return { after: message === null ? (entry.after_seq ?? Infinity) : Infinity, message: shown };
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
    participants: keepAll(before?.participants, next.participants),
    last_message: next.last_message && keep(before?.last_message ?? undefined, next.last_message),
    unread_count: Math.max(0, Math.min(next.unread_count, next.last_seq - readTo)),
  });
}

/** What was sent, as it is shown until the server has it. */
function pendingMessage({ entry, retryAt }: Readonly<Sending>, userId: string): PendingMessage {
  const { client_id, conversation_id, body, created_at, error } = entry;
  const shown = {
    content: body.content,
    message_type: body.message_type ?? 'text',
    reply_to_id: body.reply_to_id ?? null,
    metadata: body.metadata ?? noMetadata,
    key: client_id,
    id: client_id,
    client_id,
    conversation_id,
    seq: null,
    sender_id: userId,
    created_at,
  };
  return error === null ? { ...shown, status: 'sending', retryAt } : { ...shown, status: 'failed', error };
}
