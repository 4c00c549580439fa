/**
 * The page that shows the app in a frame, and hands over tokens by `postMessage`:
 *
 * | who | message | when |
 * | --- | --- | --- |
 * | app | `{type: 'parley:ready'}` | it listens |
 * | page | `{type: 'parley:token', token}` | as an answer, or when somebody else has signed in |
 * | app | `{type: 'parley:get-token'}` | it needs a fresh one |
 *
 * Only pages of the server's `host_origins` are spoken to and listened to.
 */
export class HostPage {
  readonly #origins: readonly string[];
  readonly #onToken: OnToken;
  readonly #waiting = new Set<(token: string) => void>();

  constructor(origins: readonly string[], onToken: OnToken) {
    this.#origins = origins;
    this.#onToken = onToken;
  }

  /** Listens, and says so to the page. Answers how to stop. */
  start(): () => void {
    window.addEventListener('message', this.#hear);
    this.#say({ type: 'parley:ready' });
    return () => window.removeEventListener('message', this.#hear);
  }

  /** A fresh token. @throws Error if the page gives none within 10 s */
  async token(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(() => reject(new Error('The page around this chat gave no token')), patienceMs);
    this.#waiting.add(resolve);
    this.#say({ type: 'parley:get-token' });
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(resolve);
    });
  }

  readonly #hear = ({ source, origin, data }: MessageEvent<unknown>): void => {
    if (source !== window.parent || !isAllowed(origin, this.#origins)) return;
    const token = tokenOf(data);
    if (token === null) return;
    const isAnswer = this.#waiting.size > 0;
    for (const resolve of this.#waiting) resolve(token);
    this.#onToken(token, isAnswer);
  };

  #say(message: object): void {
    const origin = originOfParent();
    if (origin === null) this.#origins.forEach((each) => window.parent.postMessage(message, each));
    else if (isAllowed(origin, this.#origins)) window.parent.postMessage(message, origin);
  }
}

/** Hears each token; `isAnswer` if whoever asked for it has it already. */
type OnToken = (token: string, isAnswer: boolean) => void;

/** Milliseconds that a page has to answer. */
const patienceMs = 10_000;

export const isFramed = (): boolean => window.parent !== window;

export const isAllowed = (origin: string, origins: readonly string[]): boolean =>
  origins.includes('*') || origins.includes(origin) || origin === window.location.origin;

/** What a `parley:token` message brings; null for any other. */
export function tokenOf(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !('type' in data) || !('token' in data)) return null;
  return data.type === 'parley:token' && typeof data.token === 'string' && data.token !== ''
    ? data.token
    : null;
}

/** Null where the browser does not tell. */
function originOfParent(): string | null {
  const { ancestorOrigins } = window.location as { readonly ancestorOrigins?: ArrayLike<string> };
  const told = ancestorOrigins?.[0] ?? document.referrer;
  return told !== undefined && told !== '' && URL.canParse(told) ? new URL(told).origin : null;
}
