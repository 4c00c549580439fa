import { createHmac } from 'node:crypto';

/** Tokens as an identity provider makes them: each name that somebody takes is in a newer one. */
export class TokenMaker {
  current: string;
  readonly #userId: string;
  readonly #secret: string;
  #issuedAt = 0;

  constructor(userId: string, device: number, secret: string) {
    this.#userId = userId;
    this.#secret = secret;
    // The second device's is older than any of the first, which alone changes the name.
    this.#issuedAt = Math.floor(Date.now() / 1000) - (device === 0 ? 60 : 120);
    this.current = this.rename(`${userId} at first`);
  }

  /** From now on they are called so. Ages of tokens count in seconds. */
  rename(name: string): string {
    this.#issuedAt = Math.max(this.#issuedAt + 1, Math.floor(Date.now() / 1000) - 60);
    this.current = signed(
      {
        sub: this.#userId,
        aud: 'authenticated',
        role: 'authenticated',
        iat: this.#issuedAt,
        exp: this.#issuedAt + 24 * 60 * 60,
        user_metadata: { full_name: name },
      },
      this.#secret,
    );
    return this.current;
  }
}

function signed(claims: object, secret: string): string {
  const encoded = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${encoded}.${createHmac('sha256', secret).update(encoded).digest('base64url')}`;
}
