import type { ReplicaConversation } from './replica/conversation.ts';

/** Messages of a page. */
export const pageLimit = 50;
/** Messages that are held of a conversation that is scrolled through; beyond that, those at the other end are let go. */
const windowLimit = 1000;

export type Direction = 'older' | 'newer';

/** Which of a conversation's messages are shown: a run without a hole, around a place or up to the newest. */
export class Window {
  /** A `seq` among those that are shown; null: they end with the newest. */
  anchor: number | null = null;

  /** The first and the last `seq` of those that are shown. */
  of(held: ReplicaConversation): readonly [from: number, to: number] {
    const { last_seq: last, messages_from: tail } = held;
    const { anchor } = this;
    if (anchor === null || anchor >= tail || held.message(anchor) === undefined) return [tail, last];
    let [from, to] = [anchor, anchor];
    while (from > 1 && held.message(from - 1) !== undefined) from--;
    while (to < last && held.message(to + 1) !== undefined) to++;
    return [from, to];
  }

  /** A page was read at this end: keeps what is held within bounds. */
  grown(held: ReplicaConversation, direction: Direction): void {
    const [from, to] = this.of(held);
    if (to - from < windowLimit) return;
    const [first, last] = direction === 'older' ? [from, from + windowLimit - 1] : [to - windowLimit + 1, to];
    this.anchor = first;
    held.retain(pageLimit, first, last);
  }

  /** Whether there are more that way. Once the newest are reached, they are followed. */
  hasMore(held: ReplicaConversation, direction: Direction): boolean {
    const [from, to] = this.of(held);
    if (to >= held.last_seq) this.anchor = null;
    return direction === 'older' ? from > 1 : to < held.last_seq;
  }

  /** New messages arrive while nobody scrolls. */
  follow(held: ReplicaConversation): void {
    if (this.anchor === null && held.last_seq - held.messages_from > 2 * windowLimit)
      held.retain(windowLimit);
  }
}
