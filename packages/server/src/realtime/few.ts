/** How many are searched one after the other; more are kept in a set, which takes some 40 bytes each. */
const few = 16;

/** A new array has no room to spare, which one that grows has for some twenty more. */
export const withOneMore = <T extends object>(items: readonly T[], item: T): T[] => items.concat([item]);

/** Things that are in it once each, as in a `Set`, in a fraction of its memory as long as they are few. */
export class Few<T extends object> implements Iterable<T> {
  #all: T[] | Set<T> = [];

  get size(): number {
    return Array.isArray(this.#all) ? this.#all.length : this.#all.size;
  }

  has(item: T): boolean {
    return Array.isArray(this.#all) ? this.#all.includes(item) : this.#all.has(item);
  }

  add(item: T): void {
    if (!Array.isArray(this.#all)) return void this.#all.add(item);
    if (this.#all.includes(item)) return;
    if (this.#all.length === few) this.#all = new Set(this.#all).add(item);
    else this.#all = withOneMore(this.#all, item);
  }

  delete(item: T): boolean {
    if (!Array.isArray(this.#all)) return this.#all.delete(item);
    const index = this.#all.indexOf(item);
    if (index >= 0) this.#all = this.#all.toSpliced(index, 1);
    return index >= 0;
  }

  /** Of those who are in it when it begins; who leaves or comes meanwhile may be among them or not, as in a `Set`. */
  [Symbol.iterator](): Iterator<T> {
    return this.#all[Symbol.iterator]();
  }
}
