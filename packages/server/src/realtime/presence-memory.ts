import type { Clock } from '../messaging/ports.ts';
import type { PresenceState } from '../messaging/presence-state.ts';

/** Presence of a single node: what it has itself is all there is. */
export class MemoryPresenceState implements PresenceState {
  readonly #clock: Clock;
  readonly #present = new Set<string>();
  /** By person and conversation, until when. The latest is last. */
  readonly #typing = new Map<string, Map<string, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async enter(userId: string): Promise<boolean> {
    const isFirst = !this.#present.has(userId);
    this.#present.add(userId);
    return isFirst;
  }

  async leave(userId: string): Promise<boolean> {
    return this.#present.delete(userId);
  }

  async present(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(userIds.filter((userId) => this.#present.has(userId)));
  }

  async setTyping(userId: string, conversationId: string, until: number): Promise<void> {
    const theirs = this.#typing.get(userId) ?? new Map<string, number>();
    theirs.delete(conversationId);
    this.#typing.set(userId, theirs.set(conversationId, until));
  }

  async clearTyping(userId: string, conversationId: string): Promise<void> {
    const theirs = this.#typing.get(userId);
    theirs?.delete(conversationId);
    if (theirs?.size === 0) this.#typing.delete(userId);
  }

  async typing(userIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const now = this.#clock.now();
    const typing = new Map<string, readonly string[]>();
    for (const userId of userIds) {
      const theirs = [...(this.#typing.get(userId) ?? [])].filter(([, until]) => until > now);
      if (theirs.length > 0) typing.set(userId, theirs.map(([conversationId]) => conversationId).reverse());
    }
    return typing;
  }
}
