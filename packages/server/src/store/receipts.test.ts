/** Sends, reads and deliveries of the same people at once, in opposite orders: nobody waits in a circle, nothing is lost. */
import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UserActor } from '../messaging/actor.ts';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import { PostgresConversations } from './conversations.ts';
import { connectDatabase, type Database } from './database.ts';
import { BatchingMessageWriter } from './message-writer.ts';
import { PostgresMessages } from './messages.ts';
import { PostgresReceipts } from './receipts.ts';

let home: TestDatabase;
let db: Database;

beforeAll(async () => {
  home = await createDatabase();
  db = connectDatabase({ url: home.url });
});
afterAll(async () => {
  await db.close();
  await home.drop();
});

const people = Array.from({ length: 6 }, (_, index) => `p${index}`);
const actor = (userId: string): UserActor => ({
  kind: 'user',
  userId,
  displayName: userId,
  avatarUrl: null,
  appRole: 'student',
});

test('watermarks end where they should after everybody wrote at once', async () => {
  const conversations = new PostgresConversations(db, '/api');
  const messages = new PostgresMessages(db, '/api');
  const receipts = new PostgresReceipts(db);
  const writer = new BatchingMessageWriter({ database: db, prefix: '/api', read: (id) => messages.read(id) });
  const ids = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const id = randomUUIDv7();
      const members = people.map((userId) => ({ userId, role: 'participant' as const }));
      await conversations.create(
        actor('p0'),
        { id, type: 'group', title: null, metadata: {}, createdBy: 'p0', members },
        null,
      );
      return id;
    }),
  );
  const send = (userId: string, conversationId: string) =>
    writer.append({
      id: randomUUIDv7(),
      conversationId,
      sender: actor(userId),
      content: 'x',
      messageType: 'text',
      replyToId: null,
      metadata: {},
      clientId: null,
      hash: null,
    });

  const work = Array.from({ length: 400 }, async (_, index) => {
    const [userId, other] = [people[index % 6] ?? '', people[(index + 1) % 6] ?? ''];
    const { message } = await send(userId, ids[index % 10] ?? '');
    await Promise.all([
      receipts.markRead(other, message.id, null),
      receipts.markDelivered(
        people.toReversed().map((person, at) => ({
          conversationId: ids[(index + at) % 10] ?? '',
          userId: person,
          lastSeq: message.seq,
        })),
      ),
    ]);
  });
  await Promise.all(work);

  const rows = await db.query<{ last_seq: number; version: number; count: number; over: number }>(
    `select c.last_seq, c.version, (select count(*) from parley.messages m where m.conversation_id = c.id) as count,
       (select count(*) from parley.conversation_participants p
        where p.conversation_id = c.id and greatest(p.last_read_seq, p.last_delivered_seq) > c.last_seq) as over
     from parley.conversations c`,
  );
  expect(rows.map(({ last_seq, version, count, over }) => ({ last_seq, version, count, over }))).toEqual(
    Array.from({ length: 10 }, () => ({ last_seq: 40, version: 41, count: 40, over: 0 })),
  );
});
