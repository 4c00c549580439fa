import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from './random.ts';

export interface RestAnswer<T> {
  readonly status: number;
  readonly body: T;
  /** Attempts before that had no answer, or a 503, after which the request may have been carried out all the same. */
  readonly unanswered: number;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly json?: unknown;
  readonly form?: () => FormData;
}

export interface RestOptions {
  /** Origins of the proxies. */
  readonly origins: readonly string[];
  readonly token: () => string;
  readonly jitter: Random;
  /** An answer that nobody should get. */
  readonly onFailure: (what: string) => void;
}

const attemptMs = 6000;
const firstPauseMs = 100;
const mostPauseMs = 3000;

/** REST as a good SDK calls it: what has no answer, 429 or 503 is tried again, at another node. */
export class Rest {
  readonly #options: RestOptions;
  readonly #ended = new AbortController();

  constructor(options: RestOptions) {
    this.#options = options;
  }

  get = <T>(path: string) => this.call<T>({ method: 'GET', path });
  post = <T>(path: string, json: unknown) => this.call<T>({ method: 'POST', path, json });
  put = <T>(path: string, json: unknown) => this.call<T>({ method: 'PUT', path, json });
  delete = <T>(path: string) => this.call<T>({ method: 'DELETE', path });

  /** Gives up everything under way. */
  end(): void {
    this.#ended.abort();
  }

  /** Answers the first definite answer, however long that takes. @throws once `end` is called */
  async call<T>(call: Call): Promise<RestAnswer<T>> {
    for (let unanswered = 0, pause = firstPauseMs; ; pause = Math.min(pause * 2, mostPauseMs)) {
      const answer = await this.#attempt<T>(call);
      if (answer !== null && answer.status < 500 && answer.status !== 429) return { ...answer, unanswered };
      if (answer !== null && answer.status !== 503 && answer.status !== 429)
        this.#options.onFailure(
          `${call.method} ${call.path}: ${answer.status} ${JSON.stringify(answer.body)}`,
        );
      if (answer?.status !== 429) unanswered++;
      await delay(pause * (0.5 + this.#options.jitter.next()), undefined, { signal: this.#ended.signal });
    }
  }

  /** Null: no answer. */
  async #attempt<T>({ method, path, json, form }: Call): Promise<{ status: number; body: T } | null> {
    this.#ended.signal.throwIfAborted();
    const { origins, token, jitter } = this.#options;
    try {
      const response = await fetch(`${jitter.pick(origins)}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token()}`,
          ...(json !== undefined && { 'content-type': 'application/json' }),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
        ...(form !== undefined && { body: form() }),
        signal: AbortSignal.timeout(attemptMs),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return { status: response.status, body: isJson ? JSON.parse(text) : null };
    } catch {
      // Cut, refused, or silent for too long: the three that networks do.
      return null;
    }
  }
}
