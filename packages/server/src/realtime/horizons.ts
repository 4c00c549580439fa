import type { Horizon } from '../messaging/ports.ts';

/** Milliseconds for which past moments are kept. */
const keptMs = 60_000;
const most = 256;

/** Moments of the database's time, and when they were read: what to look back to from a time of this process. */
export class Horizons {
  #entries: { readonly at: number; readonly horizon: Horizon }[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  add(at: number, horizon: Horizon): void {
    // A clock that was set back leaves nothing that is later than now.
    const kept = this.#entries.filter((entry) => entry.at <= at);
    const oldest = kept.findLastIndex((entry) => entry.at < at - keptMs);
    this.#entries = [...kept.slice(Math.max(oldest, kept.length - most, 0)), { at, horizon }];
  }

  /** The latest that was read at or before a time; the oldest there is if none was. */
  before(time: number): Horizon | null {
    return (this.#entries.findLast(({ at }) => at <= time) ?? this.#entries[0])?.horizon ?? null;
  }

  clear(): void {
    this.#entries = [];
  }
}
