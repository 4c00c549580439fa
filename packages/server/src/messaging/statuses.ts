import type { UserStatus, UserStatusType } from '@parley/protocol';
import type { Actor } from './actor.ts';
import { refuse } from './permissions.ts';
import type { ConversationStore, StatusStore } from './ports.ts';
import type { PresenceState } from './presence-state.ts';

export interface StatusesDeps {
  readonly statuses: Pick<StatusStore, 'readStatuses' | 'acquaintances'>;
  readonly conversations: Pick<ConversationStore, 'access'>;
  readonly state: Pick<PresenceState, 'present' | 'typing'>;
}

export interface StoredStatus {
  readonly status: UserStatusType;
  readonly lastSeenAt: string | null;
}

/** What somebody has who never set anything. */
export const unset: StoredStatus = { status: 'online', lastSeenAt: null };

/** What `actor` may see of these people, in their order: of strangers, that they are offline, and nothing else. */
export async function viewStatuses(
  deps: StatusesDeps,
  actor: Actor,
  userIds: readonly string[],
): Promise<UserStatus[]> {
  const ids = [...new Set(userIds)];
  const [known, stored, present, typing] = await Promise.all([
    actor.kind === 'service' ? new Set(ids) : deps.statuses.acquaintances(actor.userId, ids),
    deps.statuses.readStatuses(ids),
    deps.state.present(ids),
    deps.state.typing(ids),
  ]);
  const typedIn = ids.filter((id) => known.has(id)).flatMap((id) => typing.get(id) ?? []);
  const readable = await readableBy(deps, actor, [...new Set(typedIn)]);
  return ids.map((id) => {
    if (!known.has(id)) return toStatus(id, 'offline', null, null);
    const { status, lastSeenAt } = stored.get(id) ?? unset;
    const typingIn = typingOf(
      status,
      typing.get(id)?.find((conversationId) => readable.has(conversationId)),
    );
    return toStatus(id, present.has(id) ? status : 'offline', typingIn, lastSeenAt);
  });
}

/** Which of these conversations somebody may read: that others type in one is nobody else's to know. */
async function readableBy(
  { conversations }: StatusesDeps,
  actor: Actor,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const allowed = await Promise.all(
    ids.map(async (id) => {
      const access = await conversations.access(id, actor);
      return access !== null && refuse('conversation.read', actor, access) === null;
    }),
  );
  return new Set(ids.filter((_, index) => allowed[index]));
}

/** Where somebody is shown to type: nowhere, if they hide. */
export const typingOf = (chosen: UserStatusType, typingIn: string | undefined): string | null =>
  chosen === 'offline' ? null : (typingIn ?? null);

/** Who is there was last seen now: when they were before is of no use to anybody. */
export const toStatus = (
  userId: string,
  status: UserStatusType,
  typingIn: string | null,
  lastSeenAt: string | null,
): UserStatus => ({
  user_id: userId,
  status,
  is_typing: typingIn !== null,
  typing_in_conversation: typingIn,
  last_seen_at: status === 'offline' ? lastSeenAt : null,
});
