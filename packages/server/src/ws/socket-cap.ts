import { limits } from '@parley/protocol';

/** What one person has open: usually one, which takes no set. */
type Held<T extends object> = T | Set<T>;

/** Who has how many connections at this node. */
export class SocketCap<T extends object> {
  readonly #held = new Map<string, Held<T>>();
  readonly #max: number;

  constructor(max: number = limits.socketsPerUser) {
    this.#max = max;
  }

  add(userId: string, connection: T): void {
    const held = this.#held.get(userId);
    if (held === undefined) this.#held.set(userId, connection);
    else if (held instanceof Set) held.add(connection);
    else this.#held.set(userId, new Set([held, connection]));
  }

  /** Does nothing if it is not counted, or not any more. */
  delete(userId: string, connection: T): void {
    const held = this.#held.get(userId);
    if (held === connection) this.#held.delete(userId);
    else if (held instanceof Set && held.delete(connection) && held.size === 0) this.#held.delete(userId);
  }

  /**
   * Whether somebody may open one more. Where they may not, those for whom `giveUp` answers true make room, and are not
   * counted from then on.
   */
  admits(userId: string, giveUp: (connection: T) => boolean): boolean {
    const held = this.#held.get(userId);
    const all = held instanceof Set ? held : new Set(held === undefined ? [] : [held]);
    if (all.size < this.#max) return true;
    for (const connection of all) if (giveUp(connection)) this.delete(userId, connection);
    return all.size < this.#max;
  }
}
