import { setTimeout as delay } from 'node:timers/promises';

/** `read-only`: it answers, but takes no writes, as a standby does. */
export type DatabaseState = 'available' | 'read-only' | 'away';

export interface AvailabilityOptions {
  /** Asks the database over a connection of its own. Rejects, in a second or two, where it can't be used. */
  readonly probe: () => Promise<'available' | 'read-only'>;
  /** Milliseconds between two probes while it is not available. */
  readonly pauseMs: number;
  /** Told of each change, and why. */
  readonly onChange: (state: DatabaseState, reason: unknown) => void;
}

/**
 * Whether the database can be used: a circuit breaker. Whoever meets trouble says so by `suspect`, and a probe decides;
 * one connection that broke does not make the database away. From then on it is probed until it is back.
 */
export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #closing = new AbortController();
  #state: DatabaseState = 'available';
  #reason: unknown;
  #probing = false;
  #suspectedAgain = false;
  #answeredAt = -Infinity;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  get state(): DatabaseState {
    return this.#state;
  }

  /** Why it is not available. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Whether a probe is under way or due. */
  get isDoubtful(): boolean {
    return this.#probing;
  }

  /** A statement was answered. */
  answered(): void {
    this.#answeredAt = performance.now();
  }

  suspect(reason: unknown): void {
    if (this.#closing.signal.aborted) return;
    if (this.#probing) {
      this.#suspectedAgain = true;
      return;
    }
    this.#probing = true;
    void this.#probe(reason);
  }

  close(): void {
    this.#closing.abort();
  }

  async #probe(reason: unknown): Promise<void> {
    const { signal } = this.#closing;
    const isUnsettled = () => this.#state !== 'available' || this.#suspectedAgain;
    // A probe says nothing of trouble that is met while it is under way: a server that was killed may have answered its
    // last statement in between.
    do {
      this.#suspectedAgain = false;
      await this.#probeOnce(reason);
      if (this.#state !== 'available')
        await delay(this.#options.pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    } while (!signal.aborted && isUnsettled());
    this.#probing = false;
  }

  async #probeOnce(suspicion: unknown): Promise<void> {
    const since = performance.now();
    try {
      this.#become(await this.#options.probe(), suspicion);
    } catch (error) {
      // It may take no further connection and still answer on those that there are.
      if (this.#answeredAt <= since) this.#become('away', error);
    }
  }

  #become(state: DatabaseState, reason: unknown): void {
    if (this.#closing.signal.aborted || state === this.#state) return;
    this.#state = state;
    this.#reason = reason;
    this.#options.onChange(state, reason);
  }
}
