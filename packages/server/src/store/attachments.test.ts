import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import type { StoredAttachment } from '../messaging/ports.ts';
import { createAttachmentStore } from './attachments.ts';
import { connectDatabase, type Database } from './database.ts';

let testDatabase: TestDatabase;
let db: Database;

beforeAll(async () => {
  testDatabase = await createDatabase();
  db = connectDatabase({ url: testDatabase.url });
});
afterAll(async () => {
  await db.close();
  await testDatabase.drop();
});

const hourMs = 3_600_000;

/** A conversation with a message in it, written as rows: how they come about is not what is tested here. */
async function post() {
  const [conversationId, messageId] = [randomUUIDv7(), randomUUIDv7()];
  await db.query(
    `insert into parley.conversations (id, type, created_by, participant_count) values ($1, 'group', 'ann', 1)`,
    [conversationId],
  );
  await db.query(
    `insert into parley.messages (id, conversation_id, seq, version, created_version, content_version, sender_id, content, message_type,
       created_at, updated_at)
     values ($1, $2, 1, 2, 2, 2, 'ann', 'x', 'file', now(), now())`,
    [messageId, conversationId],
  );
  return { conversationId, messageId };
}

const fileIn = (conversationId: string): StoredAttachment => ({
  id: randomUUIDv7(),
  conversationId,
  uploaderId: 'ann',
  fileName: 'Größe 🦊.png',
  contentType: 'image/png',
  size: 5_000_000_000,
  sha256: 'ab'.repeat(32),
  blobKey: 'ab/key',
  width: 640,
  height: 480,
  thumbnailKey: 'ab/key.thumbnail',
});

const age = (id: string, hours: number) =>
  db.query(`update parley.attachments set created_at = now() - $2 * interval '1 hour' where id = $1`, [
    id,
    hours,
  ]);

test('a file is found as it was last saved, once its message is there', async () => {
  const store = createAttachmentStore(db);
  const { conversationId, messageId } = await post();
  const file = fileIn(conversationId);
  const draft = { ...file, size: 0, sha256: '', width: null, height: null, thumbnailKey: null };
  await store.save(draft, randomUUIDv7());
  expect(await store.find(file.id)).toBeNull();
  await store.remove(file.id);
  await store.save(draft, messageId);
  await store.save(file, messageId);
  expect(await store.find(file.id)).toEqual(file);
});

test('with its message, its conversation or itself, a file is gone', async () => {
  const store = createAttachmentStore(db);
  const places = await Promise.all([post(), post(), post()]);
  const files = places.map(({ conversationId }) => fileIn(conversationId));
  const [ofMessage, ofConversation, itself] = files;
  for (const [index, file] of files.entries()) await store.save(file, places[index]?.messageId ?? '');
  await db.query('update parley.messages set is_deleted = true where id = $1', [places[0]?.messageId]);
  await db.query('update parley.conversations set is_deleted = true where id = $1', [
    places[1]?.conversationId,
  ]);
  await store.remove(itself?.id ?? '');
  for (const file of [ofMessage, ofConversation, itself]) expect(await store.find(file?.id ?? '')).toBeNull();
});

test.for(['', 'nothing', '../x', "'; drop table parley.attachments", '0193A000-0000-7000-8000-00000000000G'])(
  '%j is no file, and no error either',
  async (id) => {
    expect(await createAttachmentStore(db).find(id)).toBeNull();
  },
);

test('with its conversation a file is abandoned, though its message was never deleted', async () => {
  const store = createAttachmentStore(db);
  const { conversationId, messageId } = await post();
  const file = fileIn(conversationId);
  await store.save(file, messageId);
  await age(file.id, 30);
  expect(await store.abandoned(24 * hourMs, 100)).not.toContainEqual(file);
  await db.query('update parley.conversations set is_deleted = true where id = $1', [conversationId]);
  expect(await store.abandoned(24 * hourMs, 100)).toContainEqual(file);
  await store.remove(file.id);
});

test('what no message shows is abandoned after its time, the oldest first', async () => {
  const store = createAttachmentStore(db);
  const { conversationId, messageId } = await post();
  const [young, old, older, shown] = Array.from({ length: 4 }, () => fileIn(conversationId));
  const deleted = await post();
  const ofDeleted = fileIn(deleted.conversationId);
  await db.query('update parley.messages set is_deleted = true where id = $1', [deleted.messageId]);
  for (const [file, message, hours] of [
    [young, randomUUIDv7(), 1],
    [old, randomUUIDv7(), 30],
    [older, randomUUIDv7(), 40],
    [shown, messageId, 50],
    [ofDeleted, deleted.messageId, 35],
  ] as const) {
    if (file === undefined) continue;
    await store.save(file, message);
    await age(file.id, hours);
  }
  expect(await store.abandoned(24 * hourMs, 100)).toEqual([older, ofDeleted, old]);
  expect(await store.abandoned(24 * hourMs, 1)).toEqual([older]);
});
