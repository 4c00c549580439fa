/** People remembered at most; beyond that the longest known are forgotten. */
const maxPeople = 50_000;
/** Times that the whole table is spread over, and the fewest at a time. */
const slices = 6;
const fewest = 500;

/**
 * Whom people here were told are there. They are looked at over and over, so that none stays who went while nobody could
 * tell: with an event that was lost, or with a node whose people Redis lost at the same time.
 */
export class Told {
  readonly #people = new Set<string>();
  #round: Iterator<string> = this.#people.values();

  set(userId: string, isThere: boolean): void {
    if (!isThere) return void this.#people.delete(userId);
    this.#people.add(userId);
    if (this.#people.size <= maxPeople) return;
    for (const first of this.#people) return void this.#people.delete(first);
  }

  has(userId: string): boolean {
    return this.#people.has(userId);
  }

  /** Who is to be looked at now: all of them, or the next few. */
  next(all: boolean): string[] {
    if (all) return [...this.#people];
    const count = Math.max(fewest, Math.ceil(this.#people.size / slices));
    const next: string[] = [];
    while (next.length < count) {
      const each = this.#round.next();
      if (each.done === true) {
        this.#round = this.#people.values();
        break;
      }
      next.push(each.value);
    }
    return next;
  }
}
