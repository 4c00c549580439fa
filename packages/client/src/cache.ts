import type { Conversation, Message } from '@parley/protocol';
import type { Entry } from './outbox.ts';
import type { Replica } from './replica/replica.ts';
import type { ParleyStorage } from './storage.ts';

/** A conversation as it is kept: with its newest page, if that was read. */
interface KeptConversation {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
}

/** Where to go on; `isWhole`: all conversations are kept. */
interface Place {
  readonly format: 1;
  readonly cursor: string;
  readonly isWhole: boolean;
}

export interface Kept {
  readonly place: Place | null;
  readonly conversations: readonly KeptConversation[];
  readonly entries: readonly Entry[];
}

/** How many conversations are kept, and of each how many messages. */
const maxConversations = 100;
const maxMessages = 50;
/** Milliseconds for which changes are gathered. */
const pauseMs = 1000;

const place = 'place';
const conversationKey = 'c:';
const entryKey = 'o:';

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
      [...records].filter(([key]) => key.startsWith(prefix)).map(([, each]) => each as T);
    const [found] = under<Place>(place);
    const isUsable = found?.format === 1;
    const conversations = isUsable ? under<KeptConversation>(conversationKey) : [];
    this.#kept = new Set(conversations.map(({ conversation }) => conversation.id));
    return { place: isUsable ? found : null, conversations, entries: under<Entry>(entryKey) };
  }

  saveEntry(clientId: string, entry: Entry | null): void {
    this.#save(new Map([[entryKey + clientId, entry]]));
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
    this.#kept = new Set(newest.map(({ id }) => id));
    this.#dirty.clear();
    this.#save(changes);
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

  #save(changes: ReadonlyMap<string, unknown>): void {
    this.#last = this.#last.then(() => this.#storage.save(this.#scope, changes)).catch(() => undefined);
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
