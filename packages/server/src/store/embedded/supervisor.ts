import { setTimeout as delay } from 'node:timers/promises';
import type { Leashed } from './leash.ts';

export interface EmbeddedPostgres {
  /** For one superuser, over the loopback; the same for as long as this lives. */
  readonly url: string;
  /** The present postmaster; another one after it died and was started again. */
  readonly pid: number;
  /** Ends every connection and shuts Postgres down. May be called twice. */
  stop(): Promise<void>;
  /** When Postgres is gone for good: null after `stop`, else why it could not be kept running. Never rejects. */
  readonly exited: Promise<Error | null>;
}

interface Hooks {
  /** Milliseconds before each start of a row of failures; after the last it is given up. */
  readonly backoffMs: readonly number[];
  readonly onEvent: (message: string) => void;
  /** Nothing runs any more and nothing will. */
  readonly onEnd: () => void;
}

/** Milliseconds of life after which an earlier death no longer counts. */
const steadyMs = 60_000;
/** Milliseconds that a shutdown may take before Postgres is stopped at once, and recovers at its next start. */
const shutdownMs = 30_000;

/** Keeps one Postgres running until it is told to stop. */
export class Supervisor implements EmbeddedPostgres {
  readonly url: string;
  readonly exited: Promise<Error | null>;
  readonly #start: () => Promise<Leashed>;
  readonly #hooks: Hooks;
  readonly #stopping = new AbortController();
  #leashed: Leashed;

  constructor(url: string, leashed: Leashed, start: () => Promise<Leashed>, hooks: Hooks) {
    this.url = url;
    this.#leashed = leashed;
    this.#start = start;
    this.#hooks = hooks;
    this.exited = this.#keepRunning().finally(() => hooks.onEnd());
  }

  get pid(): number {
    return this.#leashed.pid;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#leashed.signal('SIGINT');
    const timer = setTimeout(() => this.#leashed.signal('SIGQUIT'), shutdownMs);
    await this.exited;
    clearTimeout(timer);
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #keepRunning(): Promise<Error | null> {
    let failures = 0;
    for (;;) {
      const since = Date.now();
      const ending = await this.#leashed.exited;
      if (this.#stopped) return null;
      if (Date.now() - since > steadyMs) failures = 0;
      let last = new Error(`Parley's own Postgres died (${ending})`);
      this.#hooks.onEvent(`${last.message}; starting it again`);
      for (let running = false; !running;) {
        const pause = this.#hooks.backoffMs[failures++];
        if (pause === undefined) return last;
        await delay(pause, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
        if (this.#stopped) return null;
        const failure = await this.#startAgain();
        running = failure === null;
        last = failure ?? last;
      }
    }
  }

  async #startAgain(): Promise<Error | null> {
    try {
      this.#leashed = await this.#start();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    // `stop` found nothing to signal while this was starting.
    if (this.#stopped) this.#leashed.signal('SIGINT');
    else this.#hooks.onEvent('Postgres is running again');
    return null;
  }
}
