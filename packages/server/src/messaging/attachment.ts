/** What an uploaded file is to a message, and the ports that taking one in needs. */
import type { StoredAttachment } from './ports.ts';

/**
 * `metadata.attachment` as the database keeps it: no addresses, since those depend on where the server is mounted.
 * A type and not an interface, so that it fits into a message's `metadata`.
 */
export type KeptAttachment = Readonly<{
  id: string;
  file_name: string;
  content_type: string;
  size: number;
  sha256: string;
  width: number | null;
  height: number | null;
  has_thumbnail: boolean;
}>;

export const keptAttachment = (attachment: StoredAttachment): KeptAttachment => ({
  id: attachment.id,
  file_name: attachment.fileName,
  content_type: attachment.contentType,
  size: attachment.size,
  sha256: attachment.sha256,
  width: attachment.width,
  height: attachment.height,
  has_thumbnail: attachment.thumbnailKey !== null,
});

/** Where a file is served. `prefix` is where the API is mounted, `/api` for example. */
export const fileUrl = (prefix: string, fileId: string): string =>
  `${prefix}/files/${encodeURIComponent(fileId)}`;

/**
 * A kept attachment as clients see it: with `url` and, for images, `thumbnail_url`. Whatever else a client put under
 * `metadata.attachment` of a message of its own is given back as it came.
 */
export function presentAttachment(stored: object, prefix: string): object {
  if (!isKept(stored)) return stored;
  const { has_thumbnail: hasThumbnail, width, height, ...shown } = stored;
  const url = fileUrl(prefix, shown.id);
  if (!isImage(shown.content_type)) return { ...shown, url };
  return { ...shown, url, width, height, thumbnail_url: hasThumbnail ? `${url}/thumbnail` : null };
}

const isKept = (stored: object): stored is KeptAttachment =>
  'id' in stored &&
  typeof stored.id === 'string' &&
  'content_type' in stored &&
  typeof stored.content_type === 'string' &&
  'has_thumbnail' in stored &&
  typeof stored.has_thumbnail === 'boolean';

/** What every thumbnail is, whatever its image. */
export const thumbnailType = 'image/webp';

export const isImage = (contentType: string): boolean => contentType.startsWith('image/');

// --- ports --------------------------------------------------------------------------------------------------------

/** A stream whose first bytes were looked at. */
export interface Identified {
  /** What the bytes are; null where that is not known, or is not safe to name. */
  readonly contentType: string | null;
  readonly isEmpty: boolean;
  /** All of the bytes, the first ones included. Throws Refusal `file_type_not_allowed` where they stop being that. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Tells from its bytes what a stream is, never from its name or what its sender claims. */
export type Identify = (source: AsyncIterable<Uint8Array>) => Promise<Identified>;

export interface Picture {
  /** Pixels, as a viewer sees the image: turned upright. */
  readonly width: number;
  readonly height: number;
  /** A small copy of it, of type `thumbnailType` and without any metadata. */
  readonly thumbnail: Uint8Array;
}

export interface Thumbnailer {
  /** Whether images of this type can be decoded here. Others are kept without width, height and thumbnail. */
  decodes(contentType: string): boolean;
  /**
   * Decodes the image that lies under a blob's key, one at a time and fair to all uploaders, away from this process.
   * `open` gives its bytes where they can't be had from there without us.
   * @throws Refusal `file_type_not_allowed` if the bytes can't be decoded, or decoding crashes or takes too long;
   * `file_too_large` if it would unfold to too much; `unavailable` if no decoder could be had in time.
   */
  picture(
    image: Pick<StoredAttachment, 'blobKey' | 'uploaderId'>,
    open: () => Promise<AsyncIterable<Uint8Array>>,
  ): Promise<Picture>;
}

export interface UploadStore {
  /** Keeps what is known of a file by now; called again with the same id, it replaces that. */
  save(attachment: StoredAttachment, messageId: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Null where there is none, or its message is not there or deleted, or its conversation is. */
  find(id: string): Promise<StoredAttachment | null>;
  /** Files older than `ageMs` that no present message of a present conversation shows, the oldest first, at most `count`. */
  abandoned(ageMs: number, count: number): Promise<StoredAttachment[]>;
}
