import { failure, toParleyError, type ErrorFacts } from './errors.ts';
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

export interface Call extends RequestOptions {
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Milliseconds without an answer after which a request has failed. */
const patienceMs = 30_000;
/** Milliseconds before what the network or a restart broke is tried once more. */
const pauseMs = 500;

/** Requests with a token. A refused one is replaced, and the request made again. */
export class Http {
  readonly origin: string;
  readonly tokens: Tokens;
  readonly #fetch: Fetch;

  constructor(origin: string, tokens: Tokens, fetch: Fetch) {
    this.origin = origin;
    this.tokens = tokens;
    this.#fetch = fetch;
  }

  /**
   * The body of a JSON answer; null for 204.
   * @throws ParleyError
   */
  async call<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const { body, query } = call;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...call.headers, ...(text !== undefined && { 'content-type': 'application/json' }) };
    const init = { method, headers, ...(text !== undefined && { body: text }) };
    const response = await this.fetch(`/api${path}${queryOf(query)}`, init, call.signal);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's answers are as its schemas say
    return (response.status === 204 ? null : await response.json()) as T;
  }

  /**
   * Any request that can be repeated; the answer is one of success.
   * @throws ParleyError
   */
  async fetch(path: string, init: Init, signal?: AbortSignal): Promise<Response> {
    for (let tries = 1; ; tries++) {
      const token = await this.tokens.get().catch((error: unknown) => {
        throw toParleyError(error);
      });
      try {
        return await this.send(path, init, token, signal);
      } catch (thrown) {
        const error = toParleyError(thrown);
        if (tries > 1) throw error;
        if (error.status === 401) this.tokens.refuse(token);
        else if (error.code === 'network') await new Promise((resolve) => setTimeout(resolve, pauseMs));
        else throw error;
      }
    }
  }

  /** One try. `patience` in milliseconds; 0: any time. @throws ParleyError, or what `fetch` throws */
  async send(
    path: string,
    init: Init,
    token: string,
    signal?: AbortSignal,
    patience = patienceMs,
  ): Promise<Response> {
    const ended = new AbortController();
    const end = () => ended.abort();
    const timer = patience > 0 ? setTimeout(end, patience) : undefined;
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    try {
      const response = await this.#fetch(this.origin + path, { ...init, headers, signal: ended.signal });
      if (!response.ok) throw refusalOf(response.status, await response.text(), response.headers);
      return response;
    } catch (error) {
      throw signal?.aborted === true ? failure('aborted', 'The request was aborted') : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
    }
  }
}

/** What the server refused; a proxy between may answer anything. */
export function refusalOf(status: number, text: string, headers?: { get(name: string): string | null }) {
  let body: ErrorFacts & { code?: string; detail?: string } = {};
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all of it is optional
    body = JSON.parse(text) as typeof body;
  } catch {
    // Not ours; the status says enough.
  }
  const header = Number(headers?.get('retry-after') ?? Number.NaN);
  const wait = status === 503 ? 1 : undefined;
  const retry_after = body.retry_after ?? (Number.isNaN(header) ? wait : header);
  return failure(
    body.code ?? (status >= 502 ? 'unavailable' : 'internal'),
    body.detail ?? `The server answered ${status}`,
    status,
    { ...body, ...(retry_after !== undefined && { retry_after }) },
  );
}

function queryOf(query: Call['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((each) => each !== undefined)
      .map((each) => `${name}=${encodeURIComponent(String(each))}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
