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
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

interface Surroundings extends Target {
  readonly document?: Target & { readonly visibilityState?: string };
  readonly crypto?: { randomUUID?(): string };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member is optional
const here = globalThis as unknown as Surroundings;

/** A new id: random, and unlike any other. `randomUUID` is missing on pages without TLS and in React Native. */
export const newId = (): string =>
  here.crypto?.randomUUID?.() ??
  Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 10)).join('-');

/** Calls `wake` whenever a connection may have come or gone unnoticed. Answers how to stop that. */
export function watchSurroundings(wake: () => void): () => void {
  const { document } = here;
  const seen = () => document?.visibilityState === 'visible' && wake();
  const watched = [
    [here, 'online', wake],
    [here, 'offline', wake],
    [here, 'pageshow', wake],
    [document, 'visibilitychange', seen],
  ] as const;
  for (const [target, type, listener] of watched) target?.addEventListener?.(type, listener);
  return () => {
    for (const [target, type, listener] of watched) target?.removeEventListener?.(type, listener);
  };
}

/** Calls `hidden` when the page is left, which may be the last that is heard of it. */
export function watchLeaving(hidden: () => void): () => void {
  const { document } = here;
  const left = () => document?.visibilityState === 'hidden' && hidden();
  document?.addEventListener?.('visibilitychange', left);
  return () => document?.removeEventListener?.('visibilitychange', left);
}
