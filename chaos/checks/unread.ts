import type { Check, Evidence } from '../evidence.ts';

type Participant = Evidence['truth']['participants'][number];

/** Not by the watermark that the server keeps, but by what its owner read and sent. */
export const unread: Check = {
  name: 'unread',
  promise: 'unread counts equal a recount of the messages after what each person has read',
  run({ clients, states, truth }) {
    const participants = new Map(truth.participants.map((each) => [keyOf(each), each]));
    const seqs = Map.groupBy(truth.messages, ({ conversationId }) => conversationId);
    const reads = Map.groupBy(
      clients.flatMap((client) => client.reads),
      keyOf,
    );
    return states.flatMap(({ userId, histories }) =>
      Object.entries(histories).flatMap(([conversationId, { unread: shown }]) => {
        const key = keyOf({ conversationId, userId });
        const participant = participants.get(key);
        if (participant === undefined) return [];
        const messages = seqs.get(conversationId) ?? [];
        const sent = messages.filter(({ senderId }) => senderId === userId).map(({ seq }) => seq);
        const possible = watermarks(participant, sent, reads.get(key) ?? []);
        const counts = possible.map((mark) => messages.filter(({ seq }) => seq > mark).length);
        return counts.includes(shown)
          ? []
          : [
              `${userId} is shown ${shown} unread in ${conversationId}, and a recount gives ${counts.join(' or ')}`,
            ];
      }),
    );
  },
};

const keyOf = ({ conversationId, userId }: { conversationId: string; userId: string }): string =>
  `${conversationId} ${userId}`;

/** How far somebody has read. A read without a definite answer may have counted. */
function watermarks(
  { joinedSeq }: Participant,
  sent: readonly number[],
  reads: Evidence['clients'][number]['reads'],
): number[] {
  const sure = reads.filter(({ outcome }) => outcome === 'acknowledged').map(({ seq }) => seq);
  const mark = [joinedSeq, ...sent, ...sure].reduce((a, b) => Math.max(a, b), 0);
  const perhaps = reads.filter(({ outcome, seq }) => outcome !== 'acknowledged' && seq > mark);
  return [mark, ...perhaps.map(({ seq }) => seq)];
}
