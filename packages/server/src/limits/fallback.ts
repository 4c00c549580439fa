import type { BaseLogger } from 'pino';

export interface LimiterHooks {
  readonly log: Pick<BaseLogger, 'warn' | 'info'>;
  /** Told when a node begins (`true`) and ends (`false`) to limit on its own, for metrics. */
  readonly onFallback?: (active: boolean) => void;
  /** Milliseconds that a request waits for Redis before it is counted on this node instead; 50 unless said. */
  readonly answerMs?: number;
}

/** Whether this node limits on its own because Redis does not answer; each change is logged and told once. */
export interface Fallback {
  readonly active: boolean;
  /** Begins it, if it is not on. It ends by itself once `probe`, what failed just now, works again in good time. */
  begin(cause: unknown, probe: () => Promise<unknown>): void;
  close(): void;
}

/** Milliseconds between two looks at whether Redis works again. */
const probeEveryMs = 250;

export function createFallback({ log, onFallback }: LimiterHooks, inGoodTimeMs: number): Fallback {
  let active = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const change = (next: boolean): void => {
    active = next;
    onFallback?.(next);
  };

  const end = (): void => {
    log.info('Redis answers again: rate limits hold across nodes');
    change(false);
  };

  /**
   * At most one probe is under way, and nothing else is sent meanwhile: an unanswered one leaves the connection
   * silent, which is how the client notices that the other end is gone without a word, and connects anew.
   */
  const probeLater = (probe: () => Promise<unknown>): void => {
    if (closed) return;
    timer = setTimeout(() => {
      const asked = performance.now();
      const isInTime = (): boolean => performance.now() - asked <= inGoodTimeMs && !closed;
      probe().then(
        () => (isInTime() ? end() : probeLater(probe)),
        () => probeLater(probe),
      );
    }, probeEveryMs).unref();
  };

  return {
    get active() {
      return active;
    },
    begin(cause, probe) {
      if (active || closed) return;
      log.warn({ err: cause }, 'Redis does not answer: this node applies rate limits on its own');
      change(true);
      probeLater(probe);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
