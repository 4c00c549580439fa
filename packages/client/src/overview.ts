import type { Conversation, UserStatus } from '@parley/protocol';
import type { Session } from './session.ts';
import { summaryOf } from './shown.ts';
import { initialState, keep, keepMap, type ConnectionState } from './state.ts';

/** Makes the state of everything outside of conversations; what did not change is the same object. */
export class Overview {
  state = initialState;
  /** Each conversation of the list as it was last shown, and which of them changed since. */
  #summaries = new Map<string, Conversation>();
  readonly #stale = new Set<string>();

  /** This conversation changed. */
  touch(id: string): void {
    this.#stale.add(id);
  }

  refresh(connection: ConnectionState, session: Session | null): void {
    const before = this.state;
    const summaries = this.#summarize(session).sort(byActivity);
    const conversations = summaries.filter((each) => !each.is_archived);
    const unread = conversations.filter((each) => each.unread_count > 0);
    const { replica, listCursor, knowsArchive = false } = session?.store ?? {};
    this.state = keep(before, {
      connection,
      userId: replica?.userId ?? null,
      conversations: keep(before.conversations, conversations),
      archived: keep(
        before.archived,
        summaries.filter((each) => each.is_archived),
      ),
      hasMoreConversations: listCursor !== null,
      hasMoreArchived: !knowsArchive,
      unread: keep(before.unread, {
        messages: unread.reduce((sum, each) => sum + each.unread_count, 0),
        conversations: unread.length,
      }),
      statuses: keepMap(before.statuses, replica?.statuses ?? noStatuses),
    });
  }

  #summarize(session: Session | null): Conversation[] {
    const shown = this.#summaries;
    this.#summaries = new Map();
    for (const [id, held] of session?.store.replica.conversations ?? []) {
      const before = shown.get(id);
      const isSame = before !== undefined && !this.#stale.has(id);
      this.#summaries.set(id, isSame ? before : summaryOf(held, before, session?.reads.seqOf(id) ?? 0));
    }
    this.#stale.clear();
    return [...this.#summaries.values()];
  }
}

const noStatuses: ReadonlyMap<string, UserStatus> = new Map();

/** Newest first; of the same moment, by id. */
const byActivity = (a: Conversation, b: Conversation): number => (placeOf(a) < placeOf(b) ? 1 : -1);

const placeOf = ({ last_message_at, id }: Conversation): string => `${last_message_at} ${id}`;
