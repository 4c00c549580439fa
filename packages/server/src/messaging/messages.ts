import { randomUUIDv7 } from 'node:crypto';
import type { Message, SendMessageBody } from '@parley/protocol';
import { changeConversation, judgeAccess, require, requireAccess } from './access.ts';
import type { Actor } from './actor.ts';
import type {
  Bus,
  ConversationStore,
  ConversationTransaction,
  HistoryRequest,
  MessageStore,
  MessageWriter,
  NewMessage,
  Page,
  PageRequest,
  ParticipantStore,
  SentMessage,
} from './ports.ts';
import { Refusal, invalid } from './refusal.ts';
import { requestHash } from './request-hash.ts';

export interface MessagesDeps {
  readonly conversations: ConversationStore;
  readonly participants: ParticipantStore;
  readonly messages: MessageStore;
  readonly writer: MessageWriter;
  readonly bus: Bus;
  /** Told of each message sent for the first time; ends its sender's typing. */
  readonly onSent: (message: Message) => void;
  /** Removes blobs that nothing needs any more. Neither throws nor waits. */
  readonly discardBlobs: (keys: readonly string[]) => void;
}

/** Sending, reading, editing and deleting messages. */
export class Messages {
  readonly #deps: MessagesDeps;

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
  }

  /**
   * Sends a message; once it resolves, the message is durable. Whether the sender may is decided where it is written,
   * by the same table of permissions (see `MessageWriter`).
   * @throws Refusal `system_only`, `validation_failed` and what `MessageWriter.append` throws
   */
  async send(actor: Actor, conversationId: string, body: SendMessageBody): Promise<SentMessage> {
    const messageType = body.message_type ?? 'text';
    const metadata = body.metadata ?? {};
    if (messageType === 'system' && actor.kind !== 'service') throw new Refusal('system_only');
    if ('attachment' in metadata) throw invalid('/metadata/attachment', 'is reserved for uploads');
    const replyToId = body.reply_to_id ?? null;
    const clientId = body.client_id ?? null;
    return this.post({
      id: randomUUIDv7(),
      conversationId,
      sender: actor,
      content: body.content,
      messageType,
      replyToId,
      metadata,
      clientId,
      hash: clientId === null ? null : requestHash(body.content, messageType, replyToId, metadata),
    });
  }

  /** Appends a message and tells everybody; what an upload ends with, too. */
  async post(message: NewMessage): Promise<SentMessage> {
    const sent = await this.#deps.writer.append(message);
    if (!sent.replayed) this.#announceNew(sent.message);
    return sent;
  }

  /** @throws Refusal `conversation_not_found`, `not_participant`, `message_not_found` where it is asked for by one */
  async history(actor: Actor, conversationId: string, request: HistoryRequest): Promise<Page<Message>> {
    const found = await this.#deps.messages.history(conversationId, actor, request);
    if (found === null) throw new Refusal('conversation_not_found');
    judgeAccess(found.access, actor, 'conversation.read');
    if (found.page === null) throw new Refusal('message_not_found');
    return found.page;
  }

  /** @throws Refusal `message_not_found`, `not_participant` */
  async replies(actor: Actor, messageId: string, request: PageRequest): Promise<Page<Message>> {
    const { conversationId } = await this.#locate(messageId);
    const access = await requireAccess(this.#deps.conversations, actor, conversationId, 'conversation.read');
    return this.#deps.messages.replies(access, messageId, request);
  }

  /** @throws Refusal `message_not_found`, `not_participant`, `not_message_owner`, `muted`, `message_deleted` */
  async edit(actor: Actor, messageId: string, content: string): Promise<Message> {
    const { conversationId } = await this.#locate(messageId);
    const message = await changeConversation(this.#deps.participants, actor, conversationId, async (tx) => {
      const found = await owned(tx, actor, messageId, 'message.edit');
      if (found.isDeleted) throw new Refusal('message_deleted');
      tx.nextVersion();
      return tx.editMessage(messageId, content);
    });
    this.#deps.bus.publish({
      audience: { kind: 'conversation', conversationId },
      frame: { type: 'message_updated', conversation_id: conversationId, version: message.version, message },
    });
    return message;
  }

  /** Leaves a tombstone; deleting it again changes nothing.
   *  @throws Refusal `message_not_found`, `not_participant`, `not_message_owner` */
  async delete(actor: Actor, messageId: string): Promise<void> {
    const { conversationId } = await this.#locate(messageId);
    const deleted = await changeConversation(this.#deps.participants, actor, conversationId, async (tx) => {
      const found = await owned(tx, actor, messageId, 'message.delete');
      if (found.isDeleted) return null;
      tx.nextVersion();
      return tx.deleteMessage(messageId);
    });
    if (deleted === null) return;
    const { message, blobKeys } = deleted;
    this.#deps.bus.publish({
      audience: { kind: 'conversation', conversationId },
      frame: {
        type: 'message_deleted',
        conversation_id: conversationId,
        version: message.version,
        message_id: messageId,
        message,
      },
    });
    this.#deps.discardBlobs(blobKeys);
  }

  async #locate(messageId: string) {
    const found = await this.#deps.messages.locate(messageId);
    if (found === null) throw new Refusal('message_not_found');
    return found;
  }

  #announceNew(message: Message): void {
    const conversationId = message.conversation_id;
    this.#deps.bus.publish({
      audience: { kind: 'conversation', conversationId },
      frame: { type: 'new_message', conversation_id: conversationId, version: message.version, message },
    });
    this.#deps.onSent(message);
  }
}

async function owned(
  tx: ConversationTransaction,
  actor: Actor,
  messageId: string,
  action: 'message.edit' | 'message.delete',
) {
  const found = await tx.findMessage(messageId);
  if (found === null) throw new Refusal('message_not_found');
  require(action, actor, tx, { senderId: found.senderId });
  return found;
}
