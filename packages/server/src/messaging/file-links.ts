import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from './ports.ts';
import { Refusal } from './refusal.ts';

/** The query of a signed address, as it arrives. */
export interface LinkQuery {
  readonly user: string;
  /** Unix time in seconds. */
  readonly expires: string;
  readonly signature: string;
}

export interface FileLinksOptions {
  /** Any secret of the server's; the key is derived from it, so it may serve other purposes too. */
  readonly secret: string | Uint8Array;
  readonly clock: Clock;
  /** How long a link works, in milliseconds. */
  readonly lifetimeMs?: number;
}

/**
 * Signs links to files. A link names the person who asked for it: it says that they asked, not that they may, so
 * whoever opens it is let in only as far as that person is at that moment.
 */
export class FileLinks {
  readonly #key: Buffer;
  readonly #clock: Clock;
  readonly #lifetimeMs: number;

  constructor({ secret, clock, lifetimeMs = 5 * 60_000 }: FileLinksOptions) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'parley file links 1', 32));
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
  }

  sign(userId: string, fileId: string): { query: string; expiresAt: Date } {
    const seconds = Math.ceil((this.#clock.now() + this.#lifetimeMs) / 1000);
    const expires = String(seconds);
    const signature = this.#signature(userId, fileId, expires).toString('base64url');
    return {
      query: new URLSearchParams({ user: userId, expires, signature }).toString(),
      expiresAt: new Date(seconds * 1000),
    };
  }

  /** @throws Refusal `url_signature_invalid` if it is forged, meant for another file, or past */
  verify({ user, expires, signature }: LinkQuery, fileId: string): void {
    const expected = this.#signature(user, fileId, expires);
    const given = Buffer.from(signature, 'base64url');
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    if (!genuine || Number(expires) * 1000 <= this.#clock.now()) throw new Refusal('url_signature_invalid');
  }

  // As JSON, since no two different triples are written alike.
  #signature(userId: string, fileId: string, expires: string): Buffer {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([userId, fileId, expires]))
      .digest();
  }
}
