import type { HistoryRequest } from './api.ts';
import { toParleyError } from './errors.ts';
import type { Reading } from './reading.ts';
import type { ReplicaConversation } from './replica/conversation.ts';
import type { Direction } from './window.ts';

/** Reads the page before the oldest that is shown. True if there may be more. */
export const loadOlder = (reading: Reading, limit: number): Promise<boolean> =>
  load(reading, 'older', (held) => {
    const [from] = reading.window.of(held);
    return from > 1 && { before_seq: from, limit };
  });

/** Reads the page after the newest that is shown. True if there may be more. */
export const loadNewer = (reading: Reading, limit: number): Promise<boolean> =>
  load(reading, 'newer', (held) => {
    const [, to] = reading.window.of(held);
    return to < held.last_seq && { after_seq: to, limit };
  });

/** Shows the messages around a `seq`. */
export const loadAround = (reading: Reading, seq: number, limit: number): Promise<boolean> =>
  load(reading, 'older', (held) => {
    reading.window.anchor = seq;
    const [from, to] = reading.window.of(held);
    const isEnough = seq >= from && seq <= to && to - from + 1 >= Math.min(limit, held.last_seq);
    return !isEnough && { around_seq: seq, limit };
  });

/** Shows the message of this id. False if there is none in this conversation. */
export async function jumpTo(reading: Reading, messageId: string, limit: number): Promise<boolean> {
  const find = () => reading.held?.seqOf(messageId);
  const { store } = await reading.context.ready();
  if (reading.held === undefined) {
    const error = await store.read(reading.id);
    if (error !== null) throw error;
  }
  try {
    if (find() === undefined) await load(reading, 'older', () => ({ around_id: messageId, limit }));
  } catch (thrown) {
    const error = toParleyError(thrown);
    if (error.code === 'message_not_found') return false;
    throw error;
  }
  const seq = find();
  if (seq === undefined) return false;
  await loadAround(reading, seq, limit);
  return true;
}

/** Reads the page that `place` says; false: none. One at a time. */
async function load(
  reading: Reading,
  direction: Direction,
  place: (held: ReplicaConversation) => HistoryRequest | false,
): Promise<boolean> {
  const { id, context, window, loading: before } = reading;
  const now = async (): Promise<boolean> => {
    await before?.catch(() => undefined);
    const { store } = await context.ready();
    const held = store.get(id);
    if (held === undefined) return false;
    context.used(id);
    const request = place(held);
    if (request !== false) {
      const { messages } = await context.api.listMessages(id, request);
      store.replica.putMessages(id, messages);
      reading.isLoaded = true;
      window.grown(held, direction);
    }
    const hasMore = window.hasMore(held, direction);
    context.changed(id);
    return hasMore;
  };
  const loading = now();
  reading.loading = loading;
  return loading;
}
