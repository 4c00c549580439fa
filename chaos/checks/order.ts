import type { TrueMessage } from '../audit.ts';
import { digestOf } from '../compare.ts';
import type { Check } from '../evidence.ts';

export const order: Check = {
  name: 'order',
  promise: '`seq` is gapless from 1, and every reader sees the same messages in the same order',
  run({ truth, states }) {
    const byConversation = Map.groupBy(truth.messages, ({ conversationId }) => conversationId);
    const expected = new Map(
      truth.conversations.map(({ id }) => {
        const messages = byConversation.get(id) ?? [];
        return [id, { count: messages.length, digest: digestOf(messages) }];
      }),
    );
    const holes = truth.conversations.flatMap(({ id, lastSeq }) =>
      holesIn(id, byConversation.get(id) ?? [], lastSeq),
    );
    const readers = states.flatMap(({ userId, histories }) =>
      Object.entries(histories).flatMap(([id, { count, digest }]) => {
        const truth = expected.get(id);
        return truth?.digest === digest
          ? []
          : [
              `${userId} reads ${count} messages in ${id} that are not the ${truth?.count ?? 0} there are, in their order`,
            ];
      }),
    );
    return [...holes, ...readers];
  },
};

function holesIn(id: string, messages: readonly TrueMessage[], lastSeq: number): string[] {
  const found = messages.flatMap(({ seq }, index) =>
    seq === index + 1 ? [] : [`${id}: message ${index + 1} has seq ${seq}`],
  );
  return messages.length === lastSeq
    ? found
    : [...found, `${id} counts ${lastSeq} messages and has ${messages.length}`];
}
