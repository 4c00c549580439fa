import { failure, ParleyError, toParleyError, type ErrorFacts } from './errors.ts';
import { sleep } from './platform.ts';
import type { Tokens } from './tokens.ts';

/** The part of `fetch` that is used here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A request as it is made here. */
export type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** What may go with any request. */
export interface RequestOptions {
  /** Gives up; the promise rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

/** Milliseconds without an answer after which a request has failed. */
const patienceMs = 30_000;
/** Milliseconds before what the network or a restart broke is tried once more. */
const pauseMs = 500;

/** Requests with a token. A refused one is replaced, and the request made again. */
export class Http {
  readonly origin: string;
  /** Those of one person: whoever comes next has their own. */
  tokens: Tokens;
  readonly #fetch: Fetch;

  constructor(origin: string, tokens: Tokens, fetch: Fetch) {
    this.origin = origin;
    this.tokens = tokens;
    this.#fetch = fetch;
  }

  /**
   * The body of a JSON answer; null for an empty one.
   * @throws ParleyError
   */
  call<T>(method: string, path: string, options?: RequestOptions, body?: object): Promise<T> {
    const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const init = { method, ...(body && json) };
    return this.fetch(
      `/api${path}`,
      init,
      async (answer) => this.parse<T>(await answer.text()),
      options?.signal,
    );
  }

  /**
   * What `read` makes of the answer to any request that can be repeated; the answer is one of success.
   * @throws ParleyError
   */
  async fetch<T>(
    path: string,
    init: Init,
    read: (answer: Response) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { tokens } = this;
    for (let isFirst = true; ; isFirst = false) {
      let token: string | null = null;
      try {
        token = await tokens.get();
        return await this.send(path, init, token, read, signal);
      } catch (thrown) {
        const error = toParleyError(thrown);
        if (!isFirst || token === null) throw error;
        if (error.status === 401) tokens.refuse(token);
        else if (error.code === 'network') await sleep(pauseMs);
        else throw error;
      }
    }
  }

  /** One try. `patience` in milliseconds, until it is read; 0: any time. @throws ParleyError */
  async send<T>(
    path: string,
    init: Init,
    token: string,
    read: (answer: Response) => Promise<T>,
    signal?: AbortSignal,
    patience = patienceMs,
  ): Promise<T> {
    const ended = new AbortController();
    const end = () => ended.abort();
    const timer = patience > 0 ? setTimeout(end, patience) : undefined;
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    try {
      const answer = await this.#fetch(this.origin + path, { ...init, headers, signal: ended.signal });
      if (!answer.ok) throw refusalOf(this.origin, answer.status, await answer.text(), answer.headers);
      return await read(answer);
    } catch (error) {
      if (signal?.aborted === true) throw failure('aborted', 'The request was aborted');
      throw error instanceof ParleyError ? error : this.#unanswered(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
    }
  }

  /** What answers with anything but JSON, such as a hotel's sign-in page, is not the server. */
  parse<T>(text: string): T {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's answers are as its schemas say
      return JSON.parse(text || 'null') as T;
    } catch {
      throw stranger(this.origin);
    }
  }

  #unanswered(error: unknown): ParleyError {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- browsers have one
    const page = (globalThis as { location?: { origin?: string } }).location?.origin ?? '';
    const isOther = page.startsWith('http') && !`${this.origin}/`.startsWith(`${page}/`);
    return failure(
      'network',
      `No answer from ${this.origin}: ${toParleyError(error).message}` +
        (isOther ? ` (if it is up: CORS_ORIGINS must name ${page})` : ''),
    );
  }
}

const stranger = (origin: string): ParleyError =>
  failure('network', `What answers at ${origin} is no Parley server`);

/** What the server refused; a proxy between may answer anything. */
export function refusalOf(
  origin: string,
  status: number,
  text: string,
  headers: { get(name: string): string | null },
): ParleyError {
  let body: ErrorFacts & { code?: string; detail?: string } = {};
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all of it is optional
    body = (JSON.parse(text) ?? {}) as typeof body;
  } catch {
    // Not ours; the status says enough.
  }
  // Only the server knows that something is not there, or not for this person.
  if (body.code === undefined && (status === 403 || status === 404)) return stranger(origin);
  const wait = Number(headers.get('retry-after') ?? (status === 503 ? 1 : Number.NaN));
  return failure(
    body.code ?? (status >= 502 ? 'unavailable' : 'internal'),
    body.detail ?? `The server answered ${status}`,
    status,
    { ...(wait >= 0 && { retry_after: wait }), ...body },
  );
}
