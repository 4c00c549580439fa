/** Somebody who is signed in, however that came about. */
export interface Account {
  /** Another one for each person of each server: what is made for one must not be used for the next. */
  readonly key: string;
  /** Where the server is, without a slash at the end. */
  readonly server: string;
  /** Who that is, so that what is known shows before there is a token; null where only the token says it. */
  readonly userId: string | null;
  /** Answers a valid token: see `ParleyOptions.getToken`. */
  readonly getToken: () => string | Promise<string>;
  /** What to call the person until the server says it. */
  readonly name: string | null;
  /** Forgets the person; null where the host page decides that. */
  readonly signOut: (() => void) | null;
}
