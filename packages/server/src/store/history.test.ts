/** Pages are held between two readings of them: nobody may ever see one that is not as it is in Postgres. */
import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UserActor } from '../messaging/actor.ts';
import type { ConversationTransaction, HistoryRequest } from '../messaging/ports.ts';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import { PostgresConversations } from './conversations.ts';
import { connectDatabase, type Database } from './database.ts';
import { History } from './history.ts';
import { BatchingMessageWriter } from './message-writer.ts';
import { PostgresMessages } from './messages.ts';
import { PostgresParticipants } from './participants.ts';
import { PostgresReceipts } from './receipts.ts';
import { PostgresUsers } from './users.ts';

let home: TestDatabase;
let db: Database;
let writer: BatchingMessageWriter;

beforeAll(async () => {
  home = await createDatabase();
  db = connectDatabase({ url: home.url });
  const messages = new PostgresMessages(db, '/api');
  writer = new BatchingMessageWriter({ database: db, prefix: '/api', read: (id) => messages.read(id) });
});
afterAll(async () => {
  await db.close();
  await home.drop();
});

const actor = (userId: string, displayName = userId): UserActor => ({
  kind: 'user',
  userId,
  displayName,
  avatarUrl: null,
  appRole: 'student',
});
const people = ['ann', 'bob', 'cy'] as const;

async function open(): Promise<string> {
  const id = randomUUIDv7();
  const members = people.map((userId) => ({ userId, role: 'participant' as const }));
  const conversation = { id, type: 'group', title: null, metadata: {}, createdBy: 'ann', members } as const;
  await new PostgresConversations(db, '/api').create(actor('ann'), conversation, null);
  return id;
}

async function send(conversationId: string, userId: string, replyToId: string | null = null) {
  const base = { messageType: 'text', metadata: { n: 1 }, clientId: null, hash: null } as const;
  const content = `from ${userId}`;
  const item = { id: randomUUIDv7(), conversationId, sender: actor(userId), content, replyToId, ...base };
  return (await writer.append(item)).message.id;
}

const change = (conversationId: string, work: (tx: ConversationTransaction) => Promise<unknown>) =>
  new PostgresParticipants(db, '/api').inConversation(conversationId, actor('ann'), async (tx) => {
    tx.nextVersion();
    await work(tx);
  });

const requests: readonly HistoryRequest[] = [
  { kind: 'page', page: 1, limit: 10 },
  { kind: 'page', page: 2, limit: 3 },
  { kind: 'before', seq: 5, limit: 4 },
  { kind: 'after', seq: 2, limit: 4 },
  { kind: 'around', seq: 4, limit: 5 },
];

test('a page that is held is at every moment what one who holds nothing reads', async () => {
  const id = await open();
  const holding = new History(db, '/api');
  const users = new PostgresUsers(db);
  const receipts = new PostgresReceipts(db);
  const first = await send(id, 'ann');
  const second = await send(id, 'bob');
  const steps: readonly [string, () => Promise<unknown>][] = [
    ['nothing', async () => undefined],
    ['a message', () => send(id, 'cy')],
    ['a reply', () => send(id, 'ann', first)],
    ['another reply to the same', () => send(id, 'bob', first)],
    ['an edit of what was replied to', () => change(id, (tx) => tx.editMessage(first, 'other words'))],
    ['reading', () => receipts.markRead('cy', second, id)],
    ['another name', () => users.saveProfile(actor('bob', 'Robert'), 10)],
    ['and another', () => users.saveProfile(actor('bob', 'Bobby'), 11)],
    ['somebody who leaves', () => change(id, (tx) => tx.removeParticipant('bob'))],
    ['the name of who left', () => users.saveProfile(actor('bob', 'Bob again'), 12)],
    ['a deletion', () => change(id, (tx) => tx.deleteMessage(second))],
    ['the deletion of what was replied to', () => change(id, (tx) => tx.deleteMessage(first))],
    ['many messages', () => Promise.all(Array.from({ length: 9 }, () => send(id, 'ann')))],
    ['a title', () => change(id, async (tx) => tx.changeConversation({ title: 'New' }))],
  ];
  for (const [step, work] of steps) {
    await work();
    // All at once, as they are read in one statement, and the second time with everything held.
    for (const time of ['first', 'second']) {
      const read = (history: History) =>
        Promise.all(requests.map((request) => history.read(id, actor('ann'), request)));
      expect(await read(holding), `${step}, ${time} time`).toEqual(await read(new History(db, '/api')));
    }
  }
});

test('around a message is the same page as around its place, and leaves nothing held that is not so', async () => {
  const id = await open();
  const ids: string[] = [];
  for (let count = 0; count < 9; count++) ids.push(await send(id, 'ann', ids[0] ?? null));
  await change(id, (tx) => tx.deleteMessage(ids[4] ?? ''));
  const history = new History(db, '/api');
  for (const limit of [1, 2, 5, 20]) {
    for (const [index, messageId] of ids.entries()) {
      const around = { kind: 'around', seq: index + 1, limit } as const;
      const byId = await history.read(id, actor('bob'), { kind: 'around_id', messageId, limit });
      expect(byId, `${limit} around ${index + 1}`).toEqual(
        await new History(db, '/api').read(id, actor('bob'), around),
      );
      expect(await history.read(id, actor('bob'), around)).toEqual(byId);
    }
  }
});

test('those who ask at the same time get each their own page, or none', async () => {
  const [mine, theirs] = [await open(), await open()];
  await send(mine, 'ann');
  await send(theirs, 'bob');
  const history = new History(db, '/api');
  const page = { kind: 'page', page: 1, limit: 10 } as const;
  for (let time = 0; time < 2; time++) {
    const [missing, first, second, stranger] = await Promise.all([
      history.read(randomUUIDv7(), actor('ann'), page),
      history.read(mine, actor('ann'), page),
      history.read(theirs, actor('bob'), page),
      history.read(theirs, actor('eve'), page),
    ]);
    expect(missing).toBeNull();
    expect(first?.page?.items.map(({ sender_id }) => sender_id)).toEqual(['ann']);
    expect(second?.page?.items.map(({ sender_id }) => sender_id)).toEqual(['bob']);
    expect(stranger?.access.membership).toBeNull();
  }
});

test('what was taken back to an earlier time is read anew', async () => {
  const id = await open();
  await send(id, 'ann');
  const history = new History(db, '/api');
  const page = { kind: 'page', page: 1, limit: 10 } as const;
  await history.read(id, actor('ann'), page);
  await db.query(`update parley.messages set content = 'as it was' where conversation_id = $1`, [id]);
  await db.query('update parley.conversations set version = 1 where id = $1', [id]);
  expect((await history.read(id, actor('ann'), page))?.page?.items[0]?.content).toBe('as it was');
});
