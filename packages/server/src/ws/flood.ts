/** Frames that one connection may send at once, and in each second on average. */
export const floodLimit = { burst: 200, perSecond: 50 } as const;

/** A token bucket. */
export class FloodGate {
  #tokens: number = floodLimit.burst;
  #at: number;

  /** `now` in milliseconds, here and below. */
  constructor(now: number) {
    this.#at = now;
  }

  /** Counts a frame; false if it is one too many. */
  admit(now: number): boolean {
    const refilled = this.#tokens + (Math.max(0, now - this.#at) / 1000) * floodLimit.perSecond;
    this.#tokens = Math.min(floodLimit.burst, refilled);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
