import type { Bus, BusEvent } from '../messaging/ports.ts';
import type { Log } from './listener.ts';

/**
 * The bus of a single node. Listeners run before `publish` returns, in the order of publishing, and see what is
 * published by one of them after what they are in the midst of.
 */
export class MemoryBus implements Bus {
  readonly #log: Pick<Log, 'error'>;
  readonly #listeners = new Set<(event: BusEvent) => void>();
  readonly #queue: BusEvent[] = [];
  #running = false;

  constructor(log: Pick<Log, 'error'>) {
    this.#log = log;
  }

  publish(event: BusEvent): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#tell(next);
    this.#running = false;
  }

  subscribe(listener: (event: BusEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Everything is heard here anyway. */
  follow(): void {}

  unfollow(): void {}

  onUncertain(): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }

  #tell(event: BusEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (err) {
        this.#log.error({ err, frame: event.frame.type }, 'a listener of the bus failed');
      }
    }
  }
}
