import type { Clock } from '../messaging/ports.ts';

/** Who types on this node, and until when. */
export class TypingTable {
  readonly #clock: Clock;
  /** By person and conversation, until when. The latest is last. */
  readonly #typing = new Map<string, Map<string, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(userId: string, conversationId: string, until: number): void {
    const theirs = this.#typing.get(userId) ?? new Map<string, number>();
    theirs.delete(conversationId);
    this.#typing.set(userId, theirs.set(conversationId, until));
  }

  clear(userId: string, conversationId: string): void {
    const theirs = this.#typing.get(userId);
    theirs?.delete(conversationId);
    if (theirs?.size === 0) this.#typing.delete(userId);
  }

  of(userIds: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const now = this.#clock.now();
    const typing = new Map<string, readonly string[]>();
    for (const userId of userIds) {
      const theirs = [...(this.#typing.get(userId) ?? [])].filter(([, until]) => until > now);
      if (theirs.length > 0) typing.set(userId, theirs.map(([conversationId]) => conversationId).reverse());
    }
    return typing;
  }
}
