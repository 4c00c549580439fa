import type { Clock } from '../messaging/ports.ts';
import type { Connection } from './connection.ts';

const sweepMs = 1000;
const drainStepMs = 20;
/** Closes a second while draining, as long as the time allows no more than that. */
const drainPace = 1000;
/** The part of the time to drain over which closes are spread; the rest is for answers on their way. */
const drainSpread = 0.7;

/** All connections of a server: one timer for all that time brings, and the way out for them. */
export class Connections {
  readonly #clock: Clock;
  readonly #open = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;
  #onEmpty: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timer = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  get size(): number {
    return this.#open.size;
  }

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  delete(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  /**
   * Closes everybody with 1001, spread over the time so that they don't arrive elsewhere all at once, each after the
   * answers to their commands; who is left after `ms` is cut off.
   */
  async drain(ms: number): Promise<void> {
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    if (this.#open.size === 0) resolve();
    const waiting = [...this.#open];
    const spreadMs = Math.min(ms * drainSpread, (waiting.length / drainPace) * 1000);
    const step = Math.ceil((waiting.length * drainStepMs) / Math.max(drainStepMs, spreadMs));
    const release = () => waiting.splice(0, step).forEach((connection) => connection.leave());
    release();
    const steps = setInterval(release, drainStepMs);
    const deadline = setTimeout(() => this.#cutOff(), ms);
    await empty;
    clearInterval(steps);
    clearTimeout(deadline);
    clearInterval(this.#timer);
  }

  #cutOff(): void {
    for (const connection of this.#open) connection.terminate();
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const connection of this.#open) connection.sweep(now);
  }
}
