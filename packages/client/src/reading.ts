import type { ParleyError } from './errors.ts';
import type { Host } from './host.ts';
import type { ReplicaConversation } from './replica/conversation.ts';
import { limits } from './replica/limits.ts';
import type { Session } from './session.ts';
import type { ConnectionState } from './state.ts';
import type { Store } from './store.ts';
import { Window, pageLimit } from './window.ts';

/** The client, as a conversation sees it. */
export interface Context extends Host {
  readonly state: ConnectionState;
  /** Null until it is known who one is. */
  readonly session: Session | null;
  /** Resolves after `connect`. */
  ready(): Promise<Session>;
  /** It is looked at. */
  used(conversationId: string): void;
}

/** What is read of a conversation in order to show it. */
export class Reading {
  readonly id: string;
  readonly context: Context;
  readonly window = new Window();
  /** Whether its messages were read. */
  isLoaded = false;
  /** Why what is shown at first could not be read, until it is. */
  error: ParleyError | null = null;
  /** The last load of a page. */
  loading: Promise<unknown> | null = null;
  /**
   * Where the list of participants goes on, of what is held now. By a cursor: pages that are counted move where somebody
   * before them leaves, and people between two of them would be missing.
   */
  #people: { readonly of: ReplicaConversation; readonly next: string } | null = null;

  constructor(id: string, context: Context) {
    this.id = id;
    this.context = context;
  }

  get held(): ReplicaConversation | undefined {
    return this.context.session?.store.get(this.id);
  }

  /** Reads what is missing of what is shown at first. */
  async fill(store: Store): Promise<void> {
    const error = store.lacks(this.id) ? await store.read(this.id) : null;
    if (error !== null) throw error;
    await this.loadNewest(store);
    while (this.wantsPeople && (await this.loadPeople(store)));
  }

  /** Whether it shows everybody in it, and not all of them are here. */
  get wantsPeople(): boolean {
    const { held } = this;
    return held !== undefined && !held.knowsEverybody && held.participant_count <= limits.receiptAudience;
  }

  async loadNewest({ replica }: Store): Promise<void> {
    const { held } = this;
    if (held === undefined) return;
    if (held.last_seq + 1 - held.messages_from < Math.min(pageLimit, held.last_seq)) {
      const { messages } = await this.context.api.listMessages(this.id, { limit: pageLimit });
      replica.putMessages(this.id, messages);
    }
    this.isLoaded = true;
    this.context.changed(this.id);
  }

  /** Reads the next participants that are not held yet. True if there may be more. */
  async loadPeople({ replica }: Store): Promise<boolean> {
    const { held } = this;
    if (held === undefined || held.knowsEverybody) return false;
    const before = held.everybody().length;
    let next: string | null;
    do {
      const cursor = this.#people?.of === held ? this.#people?.next : undefined;
      const read = await this.context.api.listParticipants(this.id, {
        limit: limits.participantsShown,
        ...(cursor !== undefined && { cursor }),
      });
      // It was read anew meanwhile: what is held of it ends elsewhere now.
      if (this.held !== held) return this.held !== undefined;
      replica.putParticipants(this.id, read.participants);
      next = read.next_cursor;
      this.#people = next === null ? null : { of: held, next };
    } while (next !== null && held.everybody().length <= before);
    this.context.changed(this.id);
    return next !== null;
  }
}
