import type { ReadAnswer, Receipt } from '@parley/protocol';
import { limits } from '@parley/protocol';
import { requireAccess } from './access.ts';
import type { Actor } from './actor.ts';
import { refuse } from './permissions.ts';
import type {
  Bus,
  ConversationStore,
  MessageStore,
  Page,
  PageRequest,
  ReadMove,
  ReceiptStore,
} from './ports.ts';
import { Refusal } from './refusal.ts';

export interface ReceiptsDeps {
  readonly conversations: ConversationStore;
  readonly messages: MessageStore;
  readonly receipts: ReceiptStore;
  readonly bus: Bus;
}

/** Who has received and read what: watermarks that only move forward. */
export class Receipts {
  readonly #deps: ReceiptsDeps;

  constructor(deps: ReceiptsDeps) {
    this.#deps = deps;
  }

  /**
   * Reading a message reads all before it. Reading what was read changes nothing. Whoever names the conversation, too,
   * must name the right one.
   * @throws Refusal `message_not_found`, `not_participant`, `insufficient_role` for the service role, which reads nothing
   */
  async markRead(actor: Actor, messageId: string, conversationId?: string): Promise<ReadAnswer> {
    if (actor.kind === 'service')
      throw new Refusal(refuse('message.read', actor, { membership: null }) ?? 'internal');
    const move = await this.#deps.receipts.markRead(actor.userId, messageId, conversationId ?? null);
    if (move.moved) this.#announce(actor.userId, move);
    return {
      message_id: messageId,
      conversation_id: move.conversationId,
      last_read_seq: move.lastReadSeq,
      unread_count: move.unreadCount,
    };
  }

  /** @throws Refusal `message_not_found`, `not_participant` */
  async list(
    actor: Actor,
    messageId: string,
    page: PageRequest,
  ): Promise<Page<Receipt> & { deliveredCount: number; readCount: number }> {
    const message = await this.#deps.messages.locate(messageId);
    if (message === null) throw new Refusal('message_not_found');
    const access = await requireAccess(
      this.#deps.conversations,
      actor,
      message.conversationId,
      'conversation.read',
    );
    return this.#deps.receipts.list(access, message, page);
  }

  /** To everybody, or, where too many would hear of it, to the reader's own connections. */
  #announce(userId: string, move: ReadMove): void {
    const { conversationId, messageId, lastReadSeq } = move;
    const large = move.participantCount > limits.receiptAudience;
    this.#deps.bus.publish({
      audience: large ? { kind: 'users', userIds: [userId] } : { kind: 'conversation', conversationId },
      frame: {
        type: 'message_read',
        conversation_id: conversationId,
        message_id: messageId,
        user_id: userId,
        last_seq: lastReadSeq,
      },
    });
  }
}
