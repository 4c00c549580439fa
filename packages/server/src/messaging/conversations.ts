import { randomUUIDv7 } from 'node:crypto';
import type {
  Conversation,
  CreateConversationBody,
  ParticipantRole,
  UpdateConversationBody,
} from '@parley/protocol';
import { changeConversation, require, requireAccess } from './access.ts';
import type { Actor } from './actor.ts';
import type { Action } from './permissions.ts';
import type {
  Access,
  Bus,
  ConversationStore,
  NewConversation,
  Outcome,
  Page,
  PageRequest,
  ParticipantStore,
} from './ports.ts';
import { Refusal, invalid } from './refusal.ts';
import { requestHash } from './request-hash.ts';

export interface ConversationsDeps {
  readonly conversations: ConversationStore;
  readonly participants: ParticipantStore;
  readonly bus: Bus;
}

/** Opening, finding, changing and deleting conversations. */
export class Conversations {
  readonly #deps: ConversationsDeps;

  constructor(deps: ConversationsDeps) {
    this.#deps = deps;
  }

  /** @throws Refusal `validation_failed`, `idempotency_conflict` */
  async create(
    actor: Actor,
    body: CreateConversationBody,
  ): Promise<Outcome & { conversation: Conversation }> {
    const fresh = newConversation(actor, body);
    const key = body.client_id === undefined ? null : creationKey(actor, fresh, body.client_id);
    const {
      id,
      conversation: created,
      ...outcome
    } = await this.#deps.conversations.create(actor, fresh, key);
    if (created !== null) this.#announceCreated(fresh, created);
    return { conversation: created ?? (await this.get(actor, id)), ...outcome };
  }

  /** @throws Refusal `conversation_not_found`, `not_participant` */
  async get(actor: Actor, conversationId: string): Promise<Conversation> {
    await this.access(actor, conversationId, 'conversation.read');
    const [conversation] = await this.#deps.conversations.readMany([conversationId], actor);
    if (conversation === undefined) throw new Refusal('conversation_not_found');
    return conversation;
  }

  list(actor: Actor, archived: boolean, page: PageRequest): Promise<Page<Conversation>> {
    return this.#deps.conversations.list(actor, archived, page);
  }

  access(actor: Actor, conversationId: string, action: Action): Promise<Access> {
    return requireAccess(this.#deps.conversations, actor, conversationId, action);
  }

  /** @throws Refusal `conversation_not_found`, `not_participant`, `insufficient_role` */
  async update(actor: Actor, conversationId: string, body: UpdateConversationBody): Promise<Conversation> {
    const changed = await changeConversation(this.#deps.participants, actor, conversationId, async (tx) => {
      require('conversation.update', actor, tx);
      const { conversation } = tx;
      const changes = {
        title: body.title === undefined ? conversation.title : body.title,
        is_archived: body.is_archived ?? conversation.is_archived,
        metadata: body.metadata === undefined ? conversation.metadata : (body.metadata ?? {}),
      };
      const unchanged =
        changes.title === conversation.title &&
        changes.is_archived === conversation.is_archived &&
        JSON.stringify(changes.metadata) === JSON.stringify(conversation.metadata);
      if (unchanged) return null;
      const version = tx.nextVersion();
      return { version, conversation: tx.changeConversation(changes) };
    });
    if (changed !== null) {
      this.#deps.bus.publish({
        audience: { kind: 'conversation', conversationId },
        frame: { type: 'conversation_updated', conversation_id: conversationId, ...changed },
      });
    }
    return this.get(actor, conversationId);
  }

  /** @throws Refusal `conversation_not_found`, `not_participant`, `insufficient_role` */
  async delete(actor: Actor, conversationId: string): Promise<void> {
    const version = await changeConversation(this.#deps.participants, actor, conversationId, async (tx) => {
      require('conversation.delete', actor, tx);
      const next = tx.nextVersion();
      tx.changeConversation({ is_deleted: true });
      return next;
    });
    this.#deps.bus.publish({
      audience: { kind: 'conversation', conversationId },
      frame: { type: 'conversation_deleted', conversation_id: conversationId, version },
    });
  }

  #announceCreated(fresh: NewConversation, conversation: Conversation): void {
    const frame = (role: ParticipantRole) =>
      ({
        type: 'conversation_created',
        conversation_id: conversation.id,
        version: 1,
        conversation: { ...conversation, my_role: role, unread_count: 0 },
      }) as const;
    const [first] = fresh.members;
    this.#deps.bus.publish({
      audience: { kind: 'users', userIds: fresh.members.map(({ userId }) => userId) },
      frame: frame('participant'),
      ...(first?.role === 'admin' && { personal: { userId: first.userId, frame: frame('admin') } }),
    });
  }
}

/**
 * The conversation that a request asks for. A person is always in it, as its admin. The service role is nobody and in
 * no conversation: the first whom it names becomes admin, so that every conversation has one.
 */
function newConversation(actor: Actor, body: CreateConversationBody): NewConversation {
  const named = new Set(body.participant_ids ?? []);
  if (named.has('system')) throw invalid('/participant_ids', 'must not contain the reserved id "system"');
  if (actor.kind === 'user') named.delete(actor.userId);
  const userIds = actor.kind === 'user' ? [actor.userId, ...named] : [...named];
  if (body.type === 'direct' && userIds.length !== 2) {
    throw invalid('/participant_ids', 'must name exactly one other person for a direct conversation');
  }
  if (userIds.length === 0) throw invalid('/participant_ids', 'must name at least one person');
  return {
    id: randomUUIDv7(),
    type: body.type,
    title: body.title ?? null,
    metadata: body.metadata ?? {},
    createdBy: actor.userId,
    members: userIds.map((userId, index) => ({ userId, role: index === 0 ? 'admin' : 'participant' })),
  };
}

const creationKey = (actor: Actor, fresh: NewConversation, clientId: string) => ({
  userId: actor.userId,
  place: 'conversations',
  clientId,
  hash: requestHash(
    fresh.type,
    fresh.title,
    fresh.metadata,
    fresh.members.map(({ userId }) => userId).toSorted(),
  ),
});
