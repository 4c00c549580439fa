import type { UploadStore } from '../messaging/attachment.ts';
import type { StoredAttachment } from '../messaging/ports.ts';
import type { Queryable } from './database.ts';
import { isId } from './rows.ts';

const columns = `
  a.id, a.conversation_id as "conversationId", a.uploader_id as "uploaderId", a.file_name as "fileName",
  a.content_type as "contentType", a.size, a.sha256, a.blob_key as "blobKey", a.width, a.height,
  a.thumbnail_key as "thumbnailKey"`;

const save = `
  insert into parley.attachments
    (id, conversation_id, message_id, uploader_id, file_name, content_type, size, sha256, blob_key, width, height,
     thumbnail_key)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  on conflict (id) do update set
    size = excluded.size, sha256 = excluded.sha256, width = excluded.width, height = excluded.height,
    thumbnail_key = excluded.thumbnail_key`;

/** A file is there for people as long as the message that shows it and its conversation are. */
const find = `
  select ${columns}
  from parley.attachments a
  join parley.messages m on m.id = a.message_id and not m.is_deleted
  join parley.conversations c on c.id = a.conversation_id and not c.is_deleted
  where a.id = $1`;

const abandoned = `
  select ${columns}
  from parley.attachments a
  where a.created_at < now() - $1 * interval '1 millisecond'
    and not exists (
      select from parley.messages m
      join parley.conversations c on c.id = m.conversation_id
      where m.id = a.message_id and not m.is_deleted and not c.is_deleted)
  order by a.created_at
  limit $2`;

export function createAttachmentStore(db: Queryable): UploadStore {
  return {
    async save(file, messageId) {
      await db.query(save, [
        file.id,
        file.conversationId,
        messageId,
        file.uploaderId,
        file.fileName,
        file.contentType,
        file.size,
        file.sha256,
        file.blobKey,
        file.width,
        file.height,
        file.thumbnailKey,
      ]);
    },

    async remove(id) {
      await db.query('delete from parley.attachments where id = $1', [id]);
    },

    async find(id) {
      if (!isId(id)) return null;
      const [row] = await db.query<StoredAttachment>(find, [id]);
      return row ?? null;
    },

    abandoned: (ageMs, count) => db.query<StoredAttachment>(abandoned, [ageMs, count]),
  };
}
