/** What a cached thing must tell: when, in milliseconds since 1970, it stops being true. */
interface Expiring {
  readonly expiresAt: number;
}

/** A bounded map from tokens to what they proved; the least recently used goes first. */
export interface TokenCache<T extends Expiring> {
  /** Marks it as used. The caller judges `expiresAt`. */
  get(token: string): T | undefined;
  set(token: string, value: T): void;
  delete(token: string): void;
  readonly size: number;
}

export function createTokenCache<T extends Expiring>(capacity: number): TokenCache<T> {
  // A Map keeps the order of insertion, so its first key is the one used longest ago.
  const entries = new Map<string, T>();
  return {
    get(token) {
      const entry = entries.get(token);
      if (entry === undefined) return undefined;
      entries.delete(token);
      entries.set(token, entry);
      return entry;
    },
    set(token, value) {
      entries.delete(token);
      entries.set(token, value);
      if (entries.size > capacity) evictOldest(entries);
    },
    delete: (token) => void entries.delete(token),
    get size() {
      return entries.size;
    },
  };
}

function evictOldest(entries: Map<string, unknown>): void {
  for (const oldest of entries.keys()) {
    entries.delete(oldest);
    return;
  }
}
