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
    while (this.wantsPeople && (await store.readPeople(this.id)));
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
}
