import { createHash, randomUUIDv7, type Hash } from 'node:crypto';
import type { Actor } from './actor.ts';
import { isImage, keptAttachment } from './attachment.ts';
import type { NewMessage, StoredAttachment } from './ports.ts';
import { Refusal } from './refusal.ts';
import { requestHash } from './request-hash.ts';

/** A form on its way in. Nothing of it is read before it is asked for. */
export interface UploadForm {
  /** Reads up to the file; null if the form ends without one. */
  file(): Promise<{ readonly fileName?: string; readonly source: AsyncIterable<Uint8Array> } | null>;
  /** Reads the rest of the form, once the file has been read: its fields may come after it. */
  fields(): Promise<UploadFields>;
}

export interface UploadFields {
  /** The caption. */
  readonly content: string | null;
  readonly clientId: string | null;
}

/** What the stream of a file came to. */
export interface Tally {
  size: number;
  readonly hash: Hash;
}

export const newTally = (): Tally => ({ size: 0, hash: createHash('sha256') });

/** Spread over 256 folders by the id's random end; its start is the time, the same for all of an hour. */
const blobKeyOf = (id: string): string => `${id.slice(-2)}/${id}`;

export const thumbnailKeyOf = ({ blobKey }: StoredAttachment): string => `${blobKey}.thumbnail`;

export function draftOf(
  conversationId: string,
  uploaderId: string,
  fileName: string,
  contentType: string,
): StoredAttachment {
  const id = randomUUIDv7();
  const unknown = { size: 0, sha256: '', width: null, height: null, thumbnailKey: null };
  return { id, conversationId, uploaderId, fileName, contentType, blobKey: blobKeyOf(id), ...unknown };
}

export async function* metered(body: AsyncIterable<Uint8Array>, tally: Tally, maxSize: number) {
  for await (const chunk of body) {
    tally.size += chunk.length;
    if (tally.size > maxSize) throw new Refusal('file_too_large');
    tally.hash.update(chunk);
    yield chunk;
  }
}

export function messageOf(
  id: string,
  sender: Actor,
  attachment: StoredAttachment,
  fields: UploadFields,
): NewMessage {
  return {
    id,
    conversationId: attachment.conversationId,
    sender,
    content: fields.content ?? attachment.fileName,
    messageType: isImage(attachment.contentType) ? 'image' : 'file',
    replyToId: null,
    metadata: { attachment: keptAttachment(attachment) },
    clientId: fields.clientId,
    hash: fields.clientId === null ? null : meaningOf(attachment, fields),
  };
}

/** Two uploads mean the same if the bytes, the name and the caption are. */
const meaningOf = ({ sha256, fileName }: StoredAttachment, { content }: UploadFields): Buffer =>
  requestHash('upload', sha256, fileName, content);
