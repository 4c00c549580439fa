/** What a server in good health seldom shows a client: late, early, doubled and partial news. */
import { expect, test } from 'vitest';
import type { Conversation, Message, Participant, ServerFrame, SyncAnswer } from '@parley/protocol';
import { Replica } from './replica.ts';
import { snapshotOf } from './snapshot.ts';

const time = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

const participant = (user_id: string, joined: number, more: Partial<Participant> = {}): Participant => ({
  user_id,
  display_name: user_id,
  avatar_url: null,
  role: 'participant',
  is_muted: false,
  joined_at: time(joined),
  joined_seq: 0,
  last_read_seq: 0,
  last_delivered_seq: 0,
  ...more,
});

const ann = participant('ann', 1);
const bob = participant('bob', 2);

const conversation = (more: Partial<Conversation> = {}): Conversation => ({
  id: 'c',
  type: 'group',
  title: 'A group',
  created_by: 'ann',
  created_at: time(0),
  updated_at: time(0),
  last_message_at: time(0),
  is_archived: false,
  is_deleted: false,
  metadata: {},
  participant_count: 2,
  last_seq: 0,
  version: 1,
  participants: [ann, bob],
  last_message: null,
  my_role: 'participant',
  unread_count: 0,
  ...more,
});

const message = (seq: number, version: number, more: Partial<Message> = {}): Message => ({
  id: `m${seq}`,
  conversation_id: 'c',
  seq,
  version,
  sender_id: 'bob',
  sender_name: 'bob',
  content: `text ${seq}`,
  message_type: 'text',
  reply_to_id: null,
  reply_to_content: null,
  reply_count: 0,
  created_at: time(seq),
  updated_at: time(seq),
  is_edited: false,
  is_deleted: false,
  metadata: {},
  status: 'sent',
  client_id: null,
  ...more,
});

const sent = (of: Message): ServerFrame => ({
  type: 'new_message',
  conversation_id: 'c',
  version: of.version,
  message: of,
});
const removed = (user_id: string, version: number, participant_count: number): ServerFrame => ({
  type: 'participant_removed',
  conversation_id: 'c',
  version,
  user_id,
  participant_count,
});
const added = (who: Participant, version: number, participant_count: number): ServerFrame => ({
  type: 'participant_added',
  conversation_id: 'c',
  version,
  participant: who,
  participant_count,
});

function replicaOf(held = conversation()): Replica {
  const replica = new Replica('ann');
  replica.putConversation(held);
  return replica;
}

const only = (replica: Replica) => {
  const held = replica.conversations.get('c');
  if (held === undefined) throw new Error('the conversation is not held');
  return held;
};

test('what happened before a conversation was read is old news', () => {
  const replica = replicaOf(conversation({ version: 5, participant_count: 3 }));
  const before = snapshotOf(replica);
  for (const frame of [removed('bob', 4, 1), removed('bob', 5, 2), removed('ann', 5, 2), sent(message(1, 3))])
    expect(replica.apply(frame)).toEqual([]);
  expect(snapshotOf(replica)).toEqual(before);
});

test('a removal outlasts what is told late: one does not find oneself in a conversation that one has left', () => {
  const replica = replicaOf();
  replica.apply(removed('ann', 7, 1));
  const late = { ...added(ann, 5, 2), conversation: conversation({ version: 5 }) } as ServerFrame;
  expect([replica.apply(late), replica.apply(sent(message(1, 6)))]).toEqual([[], []]);
  replica.putConversation(conversation({ version: 6 }));
  expect(replica.conversations.size).toBe(0);
  replica.apply({ ...added(ann, 8, 2), conversation: conversation({ version: 8 }) } as ServerFrame);
  expect(only(replica).version).toBe(8);
});

test('an event of a conversation that is not held asks for it; a kind of a newer server is let be', () => {
  const replica = new Replica('ann');
  expect(replica.apply(sent(message(1, 2)))).toEqual(['c']);
  expect(replica.apply(JSON.parse('{"type": "message_pinned", "version": 3}') as ServerFrame)).toEqual([]);
});

test('pages may be read in part, and while changes arrive', () => {
  const last = message(50, 60);
  const replica = replicaOf(conversation({ version: 60, last_seq: 50, last_message: last, unread_count: 3 }));
  expect(only(replica).messages_from).toBe(50);
  replica.apply({ type: 'message_updated', conversation_id: 'c', version: 61, message: message(20, 61) });
  expect(only(replica).messages_from).toBe(50);
  // A page that was read before the edit.
  replica.putMessages(
    'c',
    Array.from({ length: 31 }, (_, index) => message(50 - index, 50 - index)),
  );
  expect(only(replica).messages_from).toBe(20);
  expect(only(replica).message(20)?.version).toBe(61);
  replica.apply(sent(message(51, 62)));
  expect([only(replica).last_message?.seq, only(replica).unread_count]).toEqual([51, 4]);
});

test('a reply is counted once, whether its parent was read before or after it', () => {
  const replica = replicaOf(conversation({ version: 2, last_seq: 1 }));
  replica.putMessages('c', [message(1, 4, { reply_count: 1 })]);
  for (const version of [3, 4, 5]) replica.apply(sent(message(version - 1, version, { reply_to_id: 'm1' })));
  expect(only(replica).message(1)).toMatchObject({ reply_count: 2, version: 5 });
});

test('a receipt that overtakes the entrance of whom it is about is kept for them', () => {
  const replica = replicaOf(conversation({ version: 3, last_seq: 2 }));
  replica.apply({
    type: 'message_read',
    conversation_id: 'c',
    message_id: 'm2',
    user_id: 'cem',
    last_seq: 2,
  });
  replica.apply(added(participant('cem', 3), 4, 3));
  expect(only(replica).everybody().at(-1)).toMatchObject({ last_read_seq: 2, last_delivered_seq: 2 });
  replica.apply({ type: 'message_delivered', conversation_id: 'c', user_id: 'cem', last_seq: 1 });
  expect(only(replica).everybody().at(-1)).toMatchObject({ last_read_seq: 2, last_delivered_seq: 2 });
});

test('who came back while one was away stands at the end, and who came in the same go keeps the order', () => {
  const replica = replicaOf();
  const frames = [added(participant('bob', 9), 6, 4), added(participant('cem', 5), 7, 4)];
  for (const frame of frames) replica.apply(frame);
  expect(
    only(replica)
      .everybody()
      .map(({ user_id }) => user_id),
  ).toEqual(['ann', 'cem', 'bob']);
});

test('of a large conversation the longest-standing are held; who is missing among them is asked for', () => {
  const shown = Array.from({ length: 100 }, (_, index) => participant(`p${index}`, index));
  const replica = replicaOf(conversation({ participants: shown, participant_count: 150 }));
  expect(replica.apply(added(participant('late', 500), 2, 151))).toEqual([]);
  expect(only(replica).everybody()).toHaveLength(100);
  expect(replica.apply(removed('p149', 3, 150))).toEqual([]);
  expect(replica.apply(removed('p50', 4, 149))).toEqual(['c']);
  replica.putParticipants('c', [
    ...shown.filter(({ user_id }) => user_id !== 'p50'),
    ...Array.from({ length: 49 }, (_, index) => participant(`p${index + 100}`, index + 100)),
    participant('late', 500),
  ]);
  expect(only(replica).knowsEverybody).toBe(true);
  expect(only(replica).participants.at(-1)?.user_id).toBe('p100');
  replica.apply(added(participant('later', 501), 5, 150));
  expect(only(replica).everybody().at(-1)?.user_id).toBe('later');
});

const { participants: _, ...itself } = conversation({ version: 9, last_seq: 3, unread_count: 2 });
const entry = {
  conversation_id: 'c',
  version: 9,
  reset: false,
  complete: false,
  conversation: itself,
  messages: [message(1, 8, { content: 'edited', is_edited: true }), message(3, 9)],
  participants: [participant('cem', 4)],
  removed_user_ids: ['bob'],
  receipts: [{ user_id: 'ann', last_read_seq: 1, last_delivered_seq: 3 }],
};
const answer = (more: Partial<SyncAnswer> = {}): SyncAnswer => ({
  cursor: 'next',
  has_more: false,
  reset: false,
  conversations: [entry],
  removed: [],
  users: [{ user_id: 'bob', display_name: 'Bobby', avatar_url: null }],
  ...more,
});

test('applying a catch-up twice changes nothing, nor does one that is older than what came since', () => {
  const replica = replicaOf(conversation({ version: 3, last_seq: 2, unread_count: 2 }));
  replica.putMessages('c', [message(2, 3), message(1, 2)]);
  expect(replica.applySync(answer())).toEqual([]);
  const held = only(replica);
  expect(held.everybody().map(({ user_id }) => user_id)).toEqual(['ann', 'cem']);
  expect(held.message(1)).toMatchObject({ content: 'edited', sender_name: 'Bobby' });
  expect([held.messages_from, held.unread_count, held.last_seq]).toEqual([1, 2, 3]);
  const before = snapshotOf(replica);
  replica.applySync(answer());
  expect(snapshotOf(replica)).toEqual(before);

  replica.apply(removed('cem', 10, 1));
  const later = snapshotOf(replica);
  replica.applySync(answer({ removed: [{ conversation_id: 'c', version: 8 }] }));
  expect(snapshotOf(replica)).toEqual(later);
});

test('a catch-up that could not tell all says what to read anew, and forgets it', () => {
  const replica = replicaOf(conversation({ version: 3, last_seq: 2 }));
  replica.putMessages('c', [message(2, 3), message(1, 2)]);
  const reset = { ...entry, reset: true, messages: [], participants: [], removed_user_ids: [], receipts: [] };
  expect(replica.applySync(answer({ conversations: [reset] }))).toEqual(['c']);
  expect([...only(replica).seqs()]).toEqual([]);
  expect(only(replica).everybody()).toEqual([]);
  replica.putParticipants('c', [ann, participant('cem', 4)]);
  expect(only(replica).knowsEverybody).toBe(true);
  replica.applySync(answer({ reset: true, conversations: [] }));
  expect(replica.conversations.size).toBe(0);
});

test('who came again since takes all of it, and forgets who left meanwhile', () => {
  const replica = replicaOf(conversation({ version: 3, last_seq: 2, participant_count: 3 }));
  replica.putParticipants('c', [ann, participant('bob', 2), participant('gone', 3)]);
  const complete = {
    ...entry,
    complete: true,
    removed_user_ids: [],
    participants: [participant('bob', 2), ann],
  };
  replica.applySync(answer({ conversations: [complete] }));
  expect(
    only(replica)
      .everybody()
      .map(({ user_id }) => user_id),
  ).toEqual(['ann', 'bob']);
});

test('who comes back with another name has it in what they wrote before, too', () => {
  const replica = replicaOf(conversation({ version: 3, last_seq: 1, participant_count: 2 }));
  replica.putMessages('c', [message(1, 2, { sender_id: 'bob', sender_name: 'Bob' })]);
  replica.putParticipants('c', [ann, participant('bob', 2)]);
  replica.apply(removed('bob', 4, 1));
  replica.apply(added({ ...participant('bob', 9), display_name: 'Robert' }, 5, 2));
  expect(only(replica).message(1)?.sender_name).toBe('Robert');
});

test('what is let go is as if it had never been read, and can be read again', () => {
  const replica = replicaOf(conversation({ version: 9, last_seq: 5 }));
  replica.putMessages('c', [message(5, 9), message(4, 8), message(3, 7), message(2, 6), message(1, 5)]);
  const held = only(replica);
  expect(held.messages_from).toBe(1);
  held.retain(2, 1, 2);
  expect(new Set(held.seqs())).toEqual(new Set([1, 2, 4, 5]));
  expect(held.messages_from).toBe(4);
  replica.putMessages('c', [message(3, 7)]);
  expect(held.messages_from).toBe(1);
  replica.forget('c');
  expect(replica.conversations.size).toBe(0);
  replica.putConversation(conversation({ version: 9, last_seq: 5 }));
  expect(only(replica).messages_from).toBe(6);
});

test('a reply that came while its parent was being read is counted once', () => {
  const replica = replicaOf(conversation({ version: 1, last_seq: 1 }));
  const reply = message(2, 2, { reply_to_id: message(1, 1).id });
  replica.apply({ type: 'new_message', conversation_id: 'c', version: 2, message: reply });
  replica.putMessages('c', [message(1, 1)]);
  replica.putMessages('c', [message(1, 1)]);
  expect(only(replica).message(1)?.reply_count).toBe(1);
});
