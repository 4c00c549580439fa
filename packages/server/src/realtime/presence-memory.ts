import type { Clock } from '../messaging/ports.ts';
import type { PresenceState } from '../messaging/presence-state.ts';
import { TypingTable } from './presence-typing.ts';

/** Presence of a single node: what it has itself is all there is. */
export class MemoryPresenceState implements PresenceState {
  readonly #present = new Set<string>();
  readonly #typing: TypingTable;

  constructor(clock: Clock) {
    this.#typing = new TypingTable(clock);
  }

  /** Nothing comes to light that was not known. */
  watch(): void {}

  told(): void {}

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
    this.#typing.set(userId, conversationId, until);
  }

  async clearTyping(userId: string, conversationId: string): Promise<void> {
    this.#typing.clear(userId, conversationId);
  }

  async typing(userIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#typing.of(userIds);
  }

  async close(): Promise<void> {}
}
