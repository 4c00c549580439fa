import { failure } from './errors.ts';

/** Answers a token that is valid now: from your own backend, or your auth library. Called again before it expires. */
export type GetToken = () => string | Promise<string>;

/** Milliseconds that `getToken` may take. */
const patienceMs = 30_000;

interface Claims {
  readonly sub?: unknown;
  readonly role?: unknown;
  readonly exp?: unknown;
  readonly iat?: unknown;
}

/** What a token says of itself, unchecked; nothing for one that is no JWT. */
function claimsOf(token: string): Claims {
  try {
    const bytes = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
    const json = decodeURIComponent(
      bytes.replaceAll(/[^]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
    );
    const claims: unknown = JSON.parse(json);
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

/** Whose token it is, if that can be told. */
export function bearerOf(token: string): string | null {
  const { sub, role } = claimsOf(token);
  if (role === 'service_role') return 'system';
  return typeof sub === 'string' ? sub : null;
}

/** The one token that is in use, and where the next comes from. */
export class Tokens {
  /** Whose they are, once that is known: somebody else's are not used. */
  owner: string | null = null;
  readonly #getToken: GetToken;
  #token: string | undefined;
  #refused: string | undefined;
  /** When to ask for another: in ms since 1970, by this machine's clock. */
  #renewAt = Infinity;
  #asked: Promise<string> | undefined;

  constructor(getToken: GetToken) {
    this.#getToken = getToken;
  }

  /** Whether it expires soon. */
  get isOld(): boolean {
    return Date.now() >= this.#renewAt;
  }

  /**
   * A token that should be valid.
   * @throws what `getToken` throws; `network` if it takes too long; `invalid_token` if it gives none, somebody else's, or
   * the one that was refused
   */
  async get(): Promise<string> {
    const token =
      this.#token === undefined || this.isOld
        ? await (this.#asked ??= this.#ask().finally(() => (this.#asked = undefined)))
        : this.#token;
    const bearer = bearerOf(token);
    if (bearer === null || bearer === (this.owner ?? bearer)) return token;
    this.#token = undefined;
    throw failure('invalid_token', `getToken gave a token of ${bearer}, not of ${this.owner}`, 401);
  }

  /** The server took this token for bad or expired. */
  refuse(token: string): void {
    this.#refused = token;
    if (this.#token === token) this.#token = undefined;
  }

  async #ask(): Promise<string> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<string>((_resolve, reject) => {
      const error = failure('network', `getToken gave no token within ${patienceMs / 1000} s`);
      timer = setTimeout(() => reject(error), patienceMs);
    });
    try {
      const token: unknown = await Promise.race([this.#getToken(), late]);
      if (typeof token !== 'string' || token === '')
        throw failure('invalid_token', 'getToken gave no token: it must answer a JWT, as a string', 401);
      if (token === this.#refused) throw failure('invalid_token', 'The token was refused', 401);
      if (token !== this.#token) this.#renewAt = renewalOf(token);
      return (this.#token = token);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A minute before it expires, or half its life if that is short. Its life counts from now: clocks differ. */
function renewalOf(token: string): number {
  const { exp, iat } = claimsOf(token);
  if (typeof exp !== 'number') return Infinity;
  const now = Date.now();
  const left = exp * 1000 - now;
  const life = typeof iat === 'number' ? Math.min((exp - iat) * 1000, Math.max(left, 0)) : left;
  return now + life - Math.min(60_000, life / 2);
}
