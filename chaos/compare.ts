import { createHash } from 'node:crypto';
import type { Snapshot } from '@parley/protocol';
import { difference, freshRead } from '../packages/server/test/support/fresh-read.ts';
import type { Client } from './client.ts';
import type { StateReport } from './records.ts';

const mostShown = 30;

/** Compares a client's replica with what it would read now. */
export async function compareState(client: Client): Promise<StateReport> {
  const { planned, userId } = client;
  const fresh = await freshRead(client.rest, userId);
  const own = client.replica.snapshot();
  return {
    index: planned.index,
    userId,
    differences: [...difference(own, fresh), ...gaps(own)].slice(0, mostShown),
    histories: historiesOf(fresh),
  };
}

/** These clients read everything at first and forget nothing: whoever holds a part has lost the rest. */
function gaps({ conversations }: Snapshot): string[] {
  return Object.entries(conversations).flatMap(
    ([id, { messages_from: from, participants_complete: whole }]) => [
      ...(from > 1 ? [`${id}: messages before ${from} are not held`] : []),
      ...(whole ? [] : [`${id}: participants are not all held`]),
    ],
  );
}

function historiesOf({ conversations }: Snapshot): StateReport['histories'] {
  return Object.fromEntries(
    Object.entries(conversations).map(([id, { conversation, messages }]) => {
      const inOrder = Object.values(messages).toSorted((a, b) => a.seq - b.seq);
      return [
        id,
        {
          count: inOrder.length,
          digest: digestOf(
            inOrder.map(({ seq, id: messageId, content }) => ({ seq, id: messageId, content })),
          ),
          unread: conversation.unread_count,
        },
      ];
    }),
  );
}

/** Equal for the same messages with the same texts in the same order. */
export function digestOf(messages: readonly { seq: number; id: string; content: string }[]): string {
  const hash = createHash('sha1');
  for (const { seq, id, content } of messages) hash.update(JSON.stringify([seq, id, content]));
  return hash.digest('hex');
}
