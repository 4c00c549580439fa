import type { Actor } from './actor.ts';
import { refuse, type Action } from './permissions.ts';
import type { Access, ConversationStore, ConversationTransaction, ParticipantStore } from './ports.ts';
import { Refusal } from './refusal.ts';

/**
 * What `actor` may see of a conversation before doing `action` in it.
 * @throws Refusal `conversation_not_found`, `not_participant` and what the rule of `action` says
 */
export async function requireAccess(
  store: ConversationStore,
  actor: Actor,
  conversationId: string,
  action: Action,
): Promise<Access> {
  const access = await store.access(conversationId, actor);
  if (access === null) throw new Refusal('conversation_not_found');
  return judgeAccess(access, actor, action);
}

/** As `requireAccess`, of what was read already. @throws Refusal `not_participant` and what the rule of `action` says */
export function judgeAccess(access: Access, actor: Actor, action: Action): Access {
  const refusal = refuse(action, actor, access);
  if (refusal !== null) throw new Refusal(refusal);
  return access;
}

/** As `ParticipantStore.inConversation`, but refuses where there is no conversation or the actor isn't in it. */
export async function changeConversation<T>(
  store: ParticipantStore,
  actor: Actor,
  conversationId: string,
  work: (tx: ConversationTransaction) => Promise<T>,
): Promise<T> {
  const result = await store.inConversation(conversationId, actor, async (tx) => {
    if (actor.kind === 'user' && tx.membership === null) throw new Refusal('not_participant');
    return { value: await work(tx) };
  });
  if (result === null) throw new Refusal('conversation_not_found');
  return result.value;
}

/** @throws Refusal the code that `refuse` answers */
export function require(
  action: Action,
  actor: Actor,
  tx: ConversationTransaction,
  more: { senderId?: string; targetRole?: 'participant' | 'admin' | 'moderator' } = {},
): void {
  const refusal = refuse(action, actor, { membership: tx.membership, ...more });
  if (refusal !== null) throw new Refusal(refusal);
}
