import { appRoles, type AppRole, type RateLimits } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';

/** Frames that one connection may send at once, and in each second on average. */
export interface FloodLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** Far more than a person does, and than what their messages need. */
const usual: FloodLimit = { burst: 200, perSecond: 50 };

/**
 * What is a flood from whom. Whoever the operator lets send more messages than usual may send twice as many frames as
 * that, four seconds' worth at once: a limit that a connection can't reach would be none. `limits`: null where they are
 * off.
 */
export function floodLimits(limits: RateLimits | null): (actor: Actor) => FloodLimit {
  const byRole = new Map<AppRole, FloodLimit>(
    appRoles.map((role) => {
      const [count, seconds] = limits?.message_send[role] ?? [0, 1];
      const perSecond = Math.max(usual.perSecond, (2 * count) / seconds);
      return [role, { burst: 4 * perSecond, perSecond }];
    }),
  );
  return (actor) => (actor.kind === 'service' ? usual : (byRole.get(actor.appRole) ?? usual));
}

/** A token bucket. */
export class FloodGate {
  readonly #limit: FloodLimit;
  #tokens: number;
  #at: number;

  /** `now` in milliseconds, here and below. */
  constructor(now: number, limit: FloodLimit) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#at = now;
  }

  /** Counts a frame; false if it is one too many. */
  admit(now: number): boolean {
    const { burst, perSecond } = this.#limit;
    const refilled = this.#tokens + (Math.max(0, now - this.#at) / 1000) * perSecond;
    this.#tokens = Math.min(burst, refilled);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
