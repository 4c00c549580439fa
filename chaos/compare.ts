import { createHash } from 'node:crypto';
import { snapshotOf, type Snapshot } from '@parley/client/replica';
import type { Message } from '@parley/protocol';
import { difference, freshRead } from '../packages/server/test/support/fresh-read.ts';
import type { Client } from './client.ts';
import type { StateReport } from './records.ts';

const mostShown = 30;

/** Compares a client's replica with what it would read now. */
export async function compareState(client: Client): Promise<StateReport> {
  const { planned, userId } = client;
  const fresh = await freshRead(client.rest, userId);
  const own = withoutStrangers(snapshotOf(client.replica), fresh);
  return {
    index: planned.index,
    userId,
    differences: [...difference(own, withoutStrangers(fresh, fresh)), ...gaps(own)].slice(0, mostShown),
    histories: historiesOf(fresh),
  };
}

/**
 * Nobody is told of a new name of somebody who has left a conversation, while a fresh read of old messages shows it (see
 * docs/guide/delivery.md): the names of these senders are left out on both sides.
 */
function withoutStrangers(snapshot: Snapshot, fresh: Snapshot): Snapshot {
  const conversations = Object.entries(snapshot.conversations).map(([id, each]) => {
    const there = new Set(fresh.conversations[id]?.participants.map(({ user_id }) => user_id));
    const nameless = (message: Message): Message =>
      there.has(message.sender_id) ? message : { ...message, sender_name: '' };
    const { last_message: last } = each.conversation;
    const messages = Object.entries(each.messages).map(([seq, message]) => [seq, nameless(message)]);
    const conversation = { ...each.conversation, last_message: last === null ? null : nameless(last) };
    return [id, { ...each, conversation, messages: Object.fromEntries(messages) }];
  });
  return { ...snapshot, conversations: Object.fromEntries(conversations) };
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
