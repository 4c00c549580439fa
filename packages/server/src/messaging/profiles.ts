import type { UserActor } from './actor.ts';
import type { Bus, ConversationStore, ProfileStore } from './ports.ts';

export interface ProfilesDeps {
  readonly store: ProfileStore;
  readonly conversations: Pick<ConversationStore, 'subscriptions'>;
  readonly bus: Bus;
  readonly log: { warn(facts: object, message: string): void };
}

/** Names and avatars as tokens tell them; those with whom somebody shares a conversation hear of a new one. */
export class Profiles implements ProfileStore {
  readonly #deps: ProfilesDeps;

  constructor(deps: ProfilesDeps) {
    this.#deps = deps;
  }

  async saveProfile(user: UserActor, issuedAt: number): Promise<boolean> {
    const changed = await this.#deps.store.saveProfile(user, issuedAt);
    if (changed) {
      // It is kept, and a catch-up tells it: who waits for their token to be verified need not wait for this.
      this.#announce(user).catch((err: unknown) =>
        this.#deps.log.warn({ err, user_id: user.userId }, 'a new name could not be told'),
      );
    }
    return changed;
  }

  async #announce({ userId, displayName, avatarUrl }: UserActor): Promise<void> {
    const { conversations } = await this.#deps.conversations.subscriptions(userId);
    if (conversations.length === 0) return;
    this.#deps.bus.publish({
      audience: { kind: 'conversations', conversationIds: conversations.map(({ id }) => id) },
      frame: { type: 'user_updated', user_id: userId, display_name: displayName, avatar_url: avatarUrl },
    });
  }
}
