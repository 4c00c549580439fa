import { Unanswered } from './database-errors.ts';

/** Milliseconds between two looks at what is waited for. */
const sweepMs = 250;

interface Wait {
  readonly until: number;
  readonly reject: (error: Error) => void;
  /** When to say that it takes long; infinite once that is said. */
  slowAt: number;
}

export interface PatienceOptions {
  /** Milliseconds after which something that may raise suspicion does. */
  readonly slowMs: number;
  readonly onSlow: () => void;
}

/** Waits for promises, each for so long at most and all until told to give up. There is one timer, and only while any wait. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** As `work`, or rejects with `Unanswered` after `ms`. What becomes of `work` later concerns nobody. */
  wait<T>(work: Promise<T>, ms: number, { suspicious = true } = {}): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const now = performance.now();
    const slowAt = suspicious ? now + this.#options.slowMs : Infinity;
    const wait: Wait = { until: now + ms, slowAt, reject };
    this.#waits.add(wait);
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs).unref();
    const over = () => void this.#waits.delete(wait);
    void work.then(resolve, reject).then(over);
    return promise;
  }

  /** Rejects all that are waited for. */
  giveUp(error: Error): void {
    for (const { reject } of this.#waits) reject(error);
    this.#waits.clear();
  }

  #sweep(): void {
    const now = performance.now();
    let slow = false;
    for (const wait of this.#waits) {
      if (now >= wait.until) {
        this.#waits.delete(wait);
        wait.reject(new Unanswered());
      } else if (now >= wait.slowAt) {
        wait.slowAt = Infinity;
        slow = true;
      }
    }
    if (slow) this.#options.onSlow();
    if (this.#waits.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
