import type { Message } from '@parley/protocol';
import type { Entry, Kept, KeptConversation, Place, ReadMark } from './kept.ts';
import type { Replica } from './replica/replica.ts';
import type { ParleyStorage } from './storage.ts';

/** How many conversations are kept, and of each how many messages. */
const maxConversations = 100;
const maxMessages = 50;
/** Milliseconds for which changes are gathered. */
const pauseMs = 1000;

const place = 'place';
const conversationKey = 'c:';
/** What the server may not know yet: by `client_id`, and by conversation. */
const keys = { unsent: 'o:', read: 'r:' } as const;

/** Keeps in a storage what must outlive the page. What can't be kept is not worth an error. */
export class Cache {
  readonly #storage: ParleyStorage;
  readonly #scope: string;
  readonly #dirty = new Set<string>();
  /** The ids of those that are kept. */
  #kept = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(storage: ParleyStorage, scope: string) {
    this.#storage = storage;
    this.#scope = scope;
  }

  async load(): Promise<Kept> {
    await this.#last;
    const records = await this.#storage.load(this.#scope).catch(() => new Map<string, unknown>());
    const under = <T>(prefix: string) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only this class writes there
      [...records].filter(([key]) => key.startsWith(prefix)) as [string, T][];
    const found = under<Place>(place)[0]?.[1];
    const isUsable = found?.format === 1;
    const conversations = isUsable ? under<KeptConversation>(conversationKey).map(([, each]) => each) : [];
    this.#kept = new Set(conversations.map(({ conversation }) => conversation.id));
    return {
      place: isUsable ? found : null,
      conversations,
      entries: under<Entry>(keys.unsent).map(([, entry]) => entry),
      reads: new Map(under<ReadMark>(keys.read).map(([key, mark]) => [key.slice(keys.read.length), mark])),
    };
  }

  /** Keeps what the server may not know yet; null: it does, or never will. */
  keep(kind: 'unsent', clientId: string, entry: Entry | null): void;
  keep(kind: 'read', conversationId: string, mark: ReadMark | null): void;
  keep(kind: keyof typeof keys, id: string, value: unknown): void {
    this.#save(new Map([[keys[kind] + id, value]])).catch(() => undefined);
  }

  /** This conversation is to be written with the next `write`, which `due` is called for. */
  touch(id: string, due: () => void): void {
    this.#dirty.add(id);
    this.#timer ??= setTimeout(due, pauseMs);
  }

  /** Writes what changed, with the cursor that it is good for, all in one. */
  write(replica: Replica, cursor: string | null, isListed: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (cursor === null) return;
    const newest = [...replica.conversations.values()]
      .sort((a, b) => (a.last_message_at < b.last_message_at ? 1 : -1))
      .slice(0, maxConversations);
    const changes = new Map<string, unknown>();
    for (const id of this.#kept) changes.set(conversationKey + id, null);
    for (const held of newest) {
      const key = conversationKey + held.id;
      if (this.#kept.has(held.id) && !this.#dirty.has(held.id)) changes.delete(key);
      else changes.set(key, keptOf(held));
    }
    const isWhole = isListed && newest.length === replica.conversations.size;
    changes.set(place, { format: 1, cursor, isWhole } satisfies Place);
    const before = this.#kept;
    this.#kept = new Set(newest.map(({ id }) => id));
    this.#dirty.clear();
    // What did not get there goes with the next: the cursor that comes with that one is behind all of it.
    this.#save(changes).catch(() => {
      for (const id of [...before, ...this.#kept]) {
        this.#kept.add(id);
        this.#dirty.add(id);
      }
    });
  }

  /** Resolves once everything is written. */
  close(): Promise<unknown> {
    clearTimeout(this.#timer);
    return this.#last;
  }

  async clear(): Promise<void> {
    await this.close();
    await this.#storage.clear(this.#scope);
  }

  /** At once: the page may be gone the next moment. */
  #save(changes: ReadonlyMap<string, unknown>): Promise<void> {
    const before = this.#last;
    const saved = (async () => this.#storage.save(this.#scope, changes))();
    this.#last = saved.catch(() => undefined).then(() => before);
    return saved;
  }
}

function keptOf(held: ReturnType<Replica['conversations']['get']> & object): KeptConversation {
  const messages: Message[] = [];
  const from = Math.max(held.messages_from, held.last_seq - maxMessages + 1);
  for (let seq = from; seq <= held.last_seq; seq++) {
    const message = held.message(seq);
    if (message !== undefined) messages.push(message);
  }
  return { conversation: held.toConversation(), messages };
}
