import type { Clock } from './ports.ts';

/** Keys that fall due a fixed time after they were last set. However many there are, there is one timer. */
export class Deadlines<K> {
  readonly #delayMs: number;
  readonly #clock: Clock;
  readonly #onDue: (key: K) => void;
  /** As the delay is the same for all, the order of entry is that of falling due. */
  readonly #due = new Map<K, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(delayMs: number, clock: Clock, onDue: (key: K) => void) {
    this.#delayMs = delayMs;
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Sets or renews. */
  set(key: K): void {
    this.#due.delete(key);
    this.#due.set(key, this.#clock.now() + this.#delayMs);
    if (this.#timer === null) this.#arm(this.#delayMs);
  }

  /** True if it was set. */
  delete(key: K): boolean {
    return this.#due.delete(key);
  }

  /** Forgets all of them, and answers those there were. */
  clear(): K[] {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const keys = [...this.#due.keys()];
    this.#due.clear();
    return keys;
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#fire(), ms).unref();
  }

  #fire(): void {
    this.#timer = null;
    const now = this.#clock.now();
    for (const [key, due] of this.#due) {
      if (due > now) return this.#arm(due - now);
      this.#due.delete(key);
      this.#onDue(key);
    }
  }
}
