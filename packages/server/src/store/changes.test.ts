/** What a node reads that heard of nothing: if a version is left out here, somebody never sees that message. */
import { randomUUIDv7 } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { UserActor } from '../messaging/actor.ts';
import type { ConversationTransaction } from '../messaging/ports.ts';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import { PostgresChanges } from './changes.ts';
import { PostgresConversations } from './conversations.ts';
import { connectDatabase, type Database } from './database.ts';
import { BatchingMessageWriter } from './message-writer.ts';
import { PostgresMessages } from './messages.ts';
import { PostgresParticipants } from './participants.ts';
import { PostgresReceipts } from './receipts.ts';

let home: TestDatabase;
let db: Database;
let changes: PostgresChanges;

beforeAll(async () => {
  home = await createDatabase();
  db = connectDatabase({ url: home.url });
  changes = new PostgresChanges(db, '/api');
});
afterAll(async () => {
  await db.close();
  await home.drop();
});

const actor = (userId: string): UserActor => ({
  kind: 'user',
  userId,
  displayName: userId,
  avatarUrl: null,
  appRole: 'student',
});
const ann = actor('ann');

async function open(...others: string[]): Promise<string> {
  const id = randomUUIDv7();
  const members = ['ann', ...others].map((userId) => ({ userId, role: 'participant' as const }));
  const conversation = { id, type: 'group', title: null, metadata: {}, createdBy: 'ann', members } as const;
  await new PostgresConversations(db, '/api').create(ann, conversation, null);
  return id;
}

/** One writer, so that sends of the same time are written together. */
let writer: BatchingMessageWriter | null = null;

async function send(conversationId: string, content: string, replyToId: string | null = null) {
  const messages = new PostgresMessages(db, '/api');
  writer ??= new BatchingMessageWriter({ database: db, prefix: '/api', read: (id) => messages.read(id) });
  const base = { conversationId, sender: ann, messageType: 'text', metadata: {}, clientId: null } as const;
  return (await writer.append({ id: randomUUIDv7(), content, replyToId, hash: null, ...base })).message;
}

const change = (conversationId: string, work: (tx: ConversationTransaction) => Promise<unknown>) =>
  new PostgresParticipants(db, '/api').inConversation(conversationId, ann, async (tx) => {
    tx.nextVersion();
    await work(tx);
  });

test('each version is told by the one row that has it, in its present state; what was replaced is left out', async () => {
  const id = await open('bob', 'cem');
  const one = await send(id, 'one'); // 2
  const two = await send(id, 'two', one.id); // 3
  await change(id, (tx) => tx.editMessage(one.id, 'one, edited')); // 4
  await change(id, (tx) => tx.editMessage(one.id, 'one, edited twice')); // 5
  await change(id, (tx) => tx.removeParticipant('bob')); // 6
  await change(id, (tx) => tx.removeParticipant('cem')); // 7
  await change(id, (tx) => tx.addParticipant('bob', 'participant')); // 8
  await change(id, (tx) => tx.updateParticipant('bob', { isMuted: true })); // 9
  await change(id, (tx) => tx.deleteMessage(two.id)); // 10
  await change(id, async (tx) => tx.changeConversation({ title: 'New' })); // 11

  const read = async (version: number) => (await changes.changesAfter([{ conversationId: id, version }]))[0];
  expect(await read(0)).toMatchObject({
    upTo: 11,
    participantCount: 2,
    joined: expect.arrayContaining([
      { userId: 'ann', version: 1 },
      { userId: 'bob', version: 8 },
    ]),
    changes: [
      { type: 'new_message', version: 2, message: { content: 'one, edited twice', reply_count: 1 } },
      { type: 'new_message', version: 3, message: { is_deleted: true, reply_to_id: one.id } },
      { type: 'message_updated', version: 5, message: { id: one.id } },
      { type: 'participant_removed', version: 7, user_id: 'cem', participant_count: 2 },
      { type: 'participant_added', version: 8, participant: { user_id: 'bob', is_muted: true } },
      { type: 'participant_updated', version: 9, participant: { user_id: 'bob' } },
      { type: 'message_deleted', version: 10, message_id: two.id },
      { type: 'conversation_updated', version: 11, conversation: { title: 'New', version: 11 } },
    ],
  });
  expect((await read(5))?.changes.map(({ version }) => version)).toEqual([7, 8, 9, 10, 11]);
  expect(await read(11)).toMatchObject({ upTo: 11, changes: [], joined: [] });
  await change(id, async (tx) => tx.changeConversation({ is_deleted: true }));
  expect((await read(10))?.changes).toMatchObject([{ type: 'conversation_deleted', version: 12 }]);
});

test('who goes beyond what one answer covers is named in it, and what became so later says when', async () => {
  const id = await open('bob', 'cem');
  const one = await send(id, 'one'); // 2
  const reply = await send(id, 'a reply', one.id); // 3
  await Promise.all(Array.from({ length: 520 }, (_, index) => send(id, `${index}`))); // to 523
  await change(id, (tx) => tx.removeParticipant('bob')); // 524
  await change(id, (tx) => tx.editMessage(one.id, 'not for bob')); // 525
  await change(id, (tx) => tx.updateParticipant('cem', { isMuted: true })); // 526
  const [missed] = await changes.changesAfter([{ conversationId: id, version: 1 }]);
  expect(missed).toMatchObject({ upTo: 501, gone: [{ userId: 'bob', version: 524 }] });
  expect(missed?.changes[1]).toMatchObject({
    version: 3,
    message: { id: reply.id, reply_to_content: 'not for bob' },
  });
  // The beginning of what it replies to is in a reply, too.
  expect([missed?.shownAt.get(2), missed?.shownAt.get(3), missed?.shownAt.get(4)]).toEqual([
    525,
    525,
    undefined,
  ]);
  const [rest] = await changes.changesAfter([{ conversationId: id, version: 501 }]);
  expect(rest?.gone).toEqual([]);
});

test('far too much is read in rounds that leave nothing out, of several conversations at once', async () => {
  const ids = [await open(), await open()];
  for (const id of ids) await Promise.all(Array.from({ length: 700 }, (_, index) => send(id, `${index}`)));
  const heard = new Map(ids.map((id) => [id, [] as number[]]));
  let places = ids.map((conversationId) => ({ conversationId, version: 0 }));
  for (let round = 0; round < 2; round++) {
    const answers = await changes.changesAfter(places);
    for (const { conversationId, changes: found } of answers)
      heard.get(conversationId)?.push(...found.map(({ version }) => version));
    places = answers.map(({ conversationId, upTo: version }) => ({ conversationId, version }));
  }
  for (const versions of heard.values())
    expect(versions).toEqual(Array.from({ length: 700 }, (_, index) => index + 2));
});

test('what changed since a moment is found: conversations, entrances and watermarks, and of another epoch all', async () => {
  const { horizon } = await changes.changedSince(null);
  const id = await open('bob');
  const message = await send(id, 'hello');
  await new PostgresReceipts(db).markRead('bob', message.id, null);
  const since = await changes.changedSince(horizon);
  expect(since.conversations).toContainEqual({ id, version: 2 });
  expect(since.joined).toContainEqual({ conversationId: id, userId: 'bob', version: 1 });
  expect(await changes.receiptsSince(horizon, [id, 'no id of ours'])).toContainEqual({
    conversationId: id,
    user_id: 'bob',
    last_read_seq: 1,
    last_delivered_seq: 1,
    messageId: message.id,
  });
  // Anybody's open transaction holds the horizon back, and what came after it is told again until that ends.
  await vi.waitFor(
    async () => {
      const { horizon: past } = await changes.changedSince(horizon);
      expect((await changes.changedSince(past)).joined).toEqual([]);
      expect(await changes.receiptsSince(past, [id])).toEqual([]);
    },
    { timeout: 10_000 },
  );
  const lost = { epoch: since.horizon.epoch + 1, xid: since.horizon.xid + 1_000_000 };
  expect((await changes.changedSince(lost)).joined).toEqual(expect.arrayContaining([...since.joined]));
  expect(await changes.changesAfter([{ conversationId: 'no id of ours', version: 0 }])).toEqual([]);
});

test('every look-up goes by an index: a chat with a long history is not read as a whole', async () => {
  const client = new pg.Client(home.url);
  await client.connect();
  try {
    const plans: string[] = [];
    client.on('notice', ({ message }) => plans.push(message ?? ''));
    const query = async (sql: string, values: readonly unknown[] = []) =>
      (await client.query(sql, [...values])).rows;
    const queryable: Pick<Database, 'query'> = { query };
    const database: Database = { ...db, ...queryable, transact: async (work) => work(queryable) };
    const id = await open('bob');
    await send(id, 'hello');
    await query(`load 'auto_explain'`);
    await query(`set auto_explain.log_min_duration = 0`);
    await query(`set enable_seqscan = off`);
    await query(`set enable_bitmapscan = off`);
    await query(`set client_min_messages = log`);
    const reader = new PostgresChanges(database, '/api');
    await reader.changesAfter([{ conversationId: id, version: 0 }]);
    await reader.changedSince({ epoch: 1, xid: 1 });
    await reader.receiptsSince({ epoch: 1, xid: 1 }, [id]);
    const scans = plans
      .join('\n')
      .split(/(?=->)/)
      .filter((node) =>
        /^-> {2}[^\n]*Scan[^\n]* (on|using)[^\n]* (messages|conversations|users|conversation_participants)/.test(
          node,
        ),
      );
    expect(scans.length).toBeGreaterThan(8);
    for (const scan of scans) expect(scan).toMatch(/Index Cond/);
  } finally {
    await client.end();
  }
});
