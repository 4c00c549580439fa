/** What this client uses of its surroundings, each part of which may be missing: browsers, Node and React Native differ. */

/** The part of a WebSocket that is used here; that of browsers, Node, React Native and the package `ws` fit. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

interface Target {
  addEventListener?(type: string, listener: () => void, options: { signal: AbortSignal }): void;
}

interface Surroundings extends Target {
  readonly document?: Target & { readonly visibilityState?: string };
  readonly crypto?: { randomUUID?(): string };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member is optional
const here = globalThis as unknown as Surroundings;

const digits = (): string => Math.random().toString(36).slice(2);

/** A new id: random, and unlike any other. `randomUUID` is missing on pages without TLS and in React Native. */
export const newId = (): string => here.crypto?.randomUUID?.() ?? `${digits()}-${digits()}`;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Before what failed is tried again: as long as the server asks for, and 2 s. */
export const pauseAfter = ({ retryAfter }: { readonly retryAfter: number | null }): Promise<void> =>
  sleep((retryAfter ?? 0) * 1000 + 2000);

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** `Promise.withResolvers`, which React Native does not have everywhere. */
export function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => undefined;
  let reject: Deferred<T>['reject'] = () => undefined;
  const promise = new Promise<T>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

/**
 * Calls `wake` whenever a connection may have come or gone unnoticed, and `leave` when the page is left, which may be the
 * last that is heard of it. Answers how to stop that.
 */
export function watchSurroundings(wake: () => void, leave: () => void): () => void {
  const { document } = here;
  const stop = new AbortController();
  for (const type of ['online', 'offline', 'pageshow']) here.addEventListener?.(type, wake, stop);
  const seen = () => (document?.visibilityState === 'visible' ? wake() : leave());
  document?.addEventListener?.('visibilitychange', seen, stop);
  return () => stop.abort();
}
