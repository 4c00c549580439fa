/**
 * What the composer keeps in `localStorage`, for each person of each server apart:
 * `parley:write:SERVER USERID:draft:CONVERSATION` and `parley:write:SERVER USERID:emoji`.
 */
const prefixOf = (server: string, userId: string): string => `parley:write:${server} ${userId}:`;

/** A draft as it is kept. */
export interface KeptDraft {
  readonly text: string;
  /** The id of the message that it answers, or null. */
  readonly replyTo: string | null;
  /** When it was last changed, in milliseconds since 1970. */
  readonly at: number;
}

/** Drafts that nobody went on with are dropped after 30 days. */
export const draftLifeMs = 30 * 86_400_000;

/** One person's shelf. Where the browser allows no storage it is empty, and stays so. */
export class Shelf {
  readonly #prefix: string;

  constructor(server: string, userId: string) {
    this.#prefix = prefixOf(server, userId);
  }

  /** All drafts that are kept, by conversation. Old ones are dropped on the way. */
  drafts(now = Date.now()): Map<string, KeptDraft> {
    const drafts = new Map<string, KeptDraft>();
    for (const key of keysWith(`${this.#prefix}draft:`)) {
      const draft = parseDraft(read(key));
      if (draft === null || now - draft.at > draftLifeMs) remove(key);
      else drafts.set(this.conversationOf(key) ?? '', draft);
    }
    return drafts;
  }

  /** Keeps a draft; null: removes it. */
  keepDraft(conversationId: string, draft: KeptDraft | null): void {
    const key = `${this.#prefix}draft:${conversationId}`;
    if (draft === null) remove(key);
    else write(key, JSON.stringify(draft));
  }

  /** Whose draft is kept under this key, or null if it is none of this person's. */
  conversationOf(key: string): string | null {
    const start = `${this.#prefix}draft:`;
    return key.startsWith(start) ? key.slice(start.length) : null;
  }

  get emoji(): string {
    return read(`${this.#prefix}emoji`) ?? '';
  }

  set emoji(value: string) {
    write(`${this.#prefix}emoji`, value);
  }
}

/** Signing out: nothing that this person wrote stays on the machine. */
export function forgetWriting(server: string, userId: string): void {
  for (const key of keysWith(prefixOf(server, userId))) remove(key);
}

/** A draft as another tab or an earlier visit left it; null for what is none. */
export function parseDraft(json: string | null): KeptDraft | null {
  if (json === null) return null;
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each part is looked at
    const { text, replyTo, at } = JSON.parse(json) as Partial<Record<string, unknown>>;
    if (typeof text !== 'string' || typeof at !== 'number') return null;
    return { text, replyTo: typeof replyTo === 'string' ? replyTo : null, at };
  } catch {
    return null;
  }
}

/**
 * What becomes of a draft when another tab changed the one that is kept: `before` and `after` it, null where there is
 * none. The newer one counts. One that was sent or emptied there goes here as well, unless it was another one here.
 */
export function mergeDrafts(
  here: KeptDraft,
  before: KeptDraft | null,
  after: KeptDraft | null,
): KeptDraft | null {
  if (after !== null) return after.at > here.at ? after : here;
  return before !== null && before.text === here.text ? null : here;
}

function keysWith(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** A full or forbidden storage must not keep anybody from writing: the draft is then kept as long as the page. */
function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // As above.
  }
}

function remove(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // As above.
  }
}
