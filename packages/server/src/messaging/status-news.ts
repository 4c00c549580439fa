import { limits, type UserStatusType } from '@parley/protocol';
import { Gather } from './gather.ts';
import type { Bus, ConversationStore, StatusStore } from './ports.ts';
import { unset, type StoredStatus } from './statuses.ts';

export interface StatusNewsDeps {
  readonly statuses: Pick<StatusStore, 'readStatuses' | 'saveLastSeen'>;
  readonly conversations: Pick<ConversationStore, 'smallConversations'>;
  readonly bus: Pick<Bus, 'publish'>;
  readonly log: { warn(facts: object, message: string): void };
}

interface Seen {
  readonly userId: string;
  readonly at: string;
}

/** What is kept of people's statuses and who hears of them: however many come or go at once, a few statements do. */
export class StatusNews {
  readonly #deps: StatusNewsDeps;
  readonly #reading: Gather<string, StoredStatus>;
  readonly #seeing: Gather<Seen, true>;
  readonly #locating: Gather<string, readonly string[]>;

  constructor(deps: StatusNewsDeps) {
    this.#deps = deps;
    this.#reading = new Gather(async (userIds) => {
      const found = await deps.statuses.readStatuses([...new Set(userIds)]);
      return userIds.map((userId) => found.get(userId) ?? unset);
    });
    this.#seeing = new Gather(async (seen) => {
      const latest = new Map<string, Seen>();
      for (const each of seen) {
        const before = latest.get(each.userId);
        if (before === undefined || before.at < each.at) latest.set(each.userId, each);
      }
      await deps.statuses.saveLastSeen([...latest.values()]);
      return seen.map(() => true);
    });
    this.#locating = new Gather(async (userIds) => {
      const found = await deps.conversations.smallConversations(
        [...new Set(userIds)],
        limits.receiptAudience,
      );
      return userIds.map((userId) => found.get(userId) ?? []);
    });
  }

  /** What somebody set themselves. */
  stored(userId: string): Promise<StoredStatus> {
    return this.#reading.add(userId);
  }

  /** Keeps when somebody was last seen. That it could not be kept is logged, and keeps nothing from being told. */
  async seen(userId: string, at: string): Promise<void> {
    try {
      await this.#seeing.add({ userId, at });
    } catch (err) {
      this.#deps.log.warn({ err, user_id: userId }, 'when somebody was last seen could not be kept');
    }
  }

  /** Tells those who share a small conversation; where these are is looked up unless it is known. */
  async tell(
    userId: string,
    status: UserStatusType,
    lastSeenAt: string | null,
    known?: readonly string[],
  ): Promise<void> {
    const conversationIds = known ?? (await this.#locating.add(userId));
    if (conversationIds.length === 0) return;
    this.#deps.bus.publish({
      audience: { kind: 'conversations', conversationIds, except: userId },
      frame: {
        type: 'user_status_change',
        user_id: userId,
        status,
        is_typing: false,
        conversation_id: null,
        last_seen_at: lastSeenAt,
      },
    });
  }
}
