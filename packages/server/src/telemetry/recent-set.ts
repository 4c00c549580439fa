/**
 * How many different ids were seen within the last `windowMs`. It keeps `capacity` ids at most: beyond that the
 * longest unseen goes, and `size` stands still at `capacity`.
 */
export class RecentSet {
  /** In the order of their last being seen, the oldest first. */
  readonly #seen = new Map<string, number>();
  readonly #windowMs: number;
  readonly #capacity: number;
  readonly #now: () => number;

  constructor(options: { windowMs: number; capacity: number; now?: () => number }) {
    this.#windowMs = options.windowMs;
    this.#capacity = options.capacity;
    this.#now = options.now ?? Date.now;
  }

  add(id: string): void {
    this.#seen.delete(id);
    this.#seen.set(id, this.#now());
    this.#forget();
  }

  get size(): number {
    this.#forget();
    return this.#seen.size;
  }

  #forget(): void {
    const oldest = this.#now() - this.#windowMs;
    for (const [id, at] of this.#seen) {
      if (at > oldest && this.#seen.size <= this.#capacity) return;
      this.#seen.delete(id);
    }
  }
}
