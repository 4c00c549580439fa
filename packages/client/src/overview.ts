import type { Conversation, UserStatus } from '@parley/protocol';
import type { Replica } from './replica/replica.ts';
import { summaryOf } from './shown.ts';
import { keep, keepMap, type ConnectionState, type ParleyState } from './state.ts';

/** What there is to show. */
export interface OverviewSource {
  readonly connection: ConnectionState;
  readonly replica: Replica | undefined;
  readonly isListed: boolean;
  /** The last `seq` that was read here, as far as the server does not know. */
  readonly readTo: (conversationId: string) => number;
}

/** Makes the state of everything outside of conversations; what did not change is the same object. */
export class Overview {
  state: ParleyState = {
    connection: { status: 'closed' },
    userId: null,
    conversations: [],
    archived: [],
    hasMoreConversations: true,
    unread: { messages: 0, conversations: 0 },
    statuses: new Map(),
  };
  /** Each conversation of the list as it was last shown, and which of them changed since. */
  readonly #summaries = new Map<string, Conversation>();
  readonly #stale = new Set<string>();

  /** This conversation changed. */
  touch(id: string): void {
    this.#stale.add(id);
  }

  refresh(source: OverviewSource): void {
    const before = this.state;
    const { replica, connection, isListed } = source;
    const conversations: Conversation[] = [];
    const archived: Conversation[] = [];
    const unread = { messages: 0, conversations: 0 };
    for (const summary of this.#summarize(source)) {
      (summary.is_archived ? archived : conversations).push(summary);
      if (summary.is_archived || summary.unread_count === 0) continue;
      unread.messages += summary.unread_count;
      unread.conversations++;
    }
    this.state = keep(before, {
      connection,
      userId: replica?.userId ?? null,
      conversations: keep(before.conversations, conversations.sort(byActivity)),
      archived: keep(before.archived, archived.sort(byActivity)),
      hasMoreConversations: !isListed,
      unread: keep(before.unread, unread),
      statuses: keepMap(before.statuses, replica?.statuses ?? noStatuses),
    });
  }

  #summarize({ replica, readTo }: OverviewSource): Conversation[] {
    const held = replica?.conversations ?? new Map<string, never>();
    for (const id of this.#summaries.keys()) if (!held.has(id)) this.#summaries.delete(id);
    const summaries = [...held].map(([id, one]) => {
      const shown = this.#summaries.get(id);
      if (shown !== undefined && !this.#stale.has(id)) return shown;
      const summary = summaryOf(one, shown, readTo(id));
      this.#summaries.set(id, summary);
      return summary;
    });
    this.#stale.clear();
    return summaries;
  }
}

const noStatuses: ReadonlyMap<string, UserStatus> = new Map();

const byActivity = (a: Conversation, b: Conversation): number =>
  a.last_message_at === b.last_message_at
    ? a.id < b.id
      ? 1
      : -1
    : a.last_message_at < b.last_message_at
      ? 1
      : -1;
