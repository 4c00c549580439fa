import { randomUUIDv7 } from 'node:crypto';
import type { SignedUrl } from '@parley/protocol';
import type { Actor } from './actor.ts';
import { systemUserId } from './actor.ts';
import { fileUrl, thumbnailType, type Identify, type Thumbnailer, type UploadStore } from './attachment.ts';
import type { FileLinks, LinkQuery } from './file-links.ts';
import { fileNameFor } from './file-name.ts';
import { refuse, type Action } from './permissions.ts';
import type {
  BlobRange,
  BlobStore,
  ConversationStore,
  NewMessage,
  SentMessage,
  StoredAttachment,
} from './ports.ts';
import { Refusal } from './refusal.ts';
import { draftOf, messageOf, metered, newTally, thumbnailKeyOf, type UploadForm } from './upload.ts';

export type Variant = 'original' | 'thumbnail';

/** A file that its viewer may have. */
export interface OpenFile {
  readonly fileName: string;
  readonly contentType: string;
  /** Bytes; null for a thumbnail, whose size nobody keeps. */
  readonly size: number | null;
  /** The same for the same bytes only. */
  readonly tag: string;
  /** @throws Refusal `file_not_found`, `unavailable` */
  read(range?: BlobRange): Promise<AsyncIterable<Uint8Array>>;
}

export interface FilesDependencies {
  readonly conversations: Pick<ConversationStore, 'access'>;
  readonly attachments: UploadStore;
  readonly blobs: BlobStore;
  readonly identify: Identify;
  readonly thumbnails: Thumbnailer;
  /** Appends a message and tells its conversation. */
  readonly send: (message: NewMessage) => Promise<SentMessage>;
  readonly links: FileLinks;
  /** Where the API is mounted, `/api` for example. */
  readonly prefix: string;
  /** Bytes. */
  readonly maxFileSize: number;
  readonly allowedFileTypes: readonly string[];
  /** Told of leftovers that could not be removed; `sweep` takes them later. */
  readonly onLeftover: (error: unknown) => void;
}

const dayMs = 24 * 60 * 60_000;

/** Taking files in and giving them out. */
export class Files {
  readonly #deps: FilesDependencies;
  readonly #allowed: ReadonlySet<string>;

  constructor(deps: FilesDependencies) {
    this.#deps = deps;
    this.#allowed = new Set(deps.allowedFileTypes);
  }

  /**
   * Keeps a file and posts the message that shows it.
   *
   * The row stands before the first byte is stored, and everything before the message: so nobody ever sees a message
   * whose file is not there, and what a crash leaves behind is known to `sweep`. Whatever is refused is removed at
   * once. Only where it stays unknown whether the message was committed (the database went away meanwhile) is
   * everything kept: an unused file costs space until `sweep`, a message without its file is broken for good.
   *
   * @throws Refusal `conversation_not_found`, `not_participant`, `muted`, `file_missing`, `file_type_not_allowed`,
   * `file_too_large`, `idempotency_conflict`, `unavailable`, and what reading the form throws
   */
  async upload(actor: Actor, conversationId: string, form: UploadForm): Promise<SentMessage> {
    await this.#check('message.upload', actor, conversationId, 'conversation_not_found');
    const { fileName, contentType, body } = await this.#accept(form);
    const messageId = randomUUIDv7();
    const draft = draftOf(conversationId, actor.userId, fileName, contentType);
    let sending = false;
    try {
      await this.#deps.attachments.save(draft, messageId);
      const stored = await this.#store(draft, body);
      const fields = await form.fields();
      const attachment = await this.#withPicture(stored);
      await this.#deps.attachments.save(attachment, messageId);
      sending = true;
      const sent = await this.#deps.send(messageOf(messageId, actor, attachment, fields));
      if (sent.replayed) await this.#discard(draft);
      return sent;
    } catch (error) {
      if (!sending || isCertain(error)) await this.#discard(draft);
      throw error;
    }
  }

  /** @throws Refusal `file_not_found`, `not_participant` */
  async open(viewer: Actor, fileId: string, variant: Variant): Promise<OpenFile> {
    const attachment = await this.#find(viewer, fileId);
    if (variant === 'original') return this.#openFile(attachment, attachment.blobKey, null);
    if (attachment.thumbnailKey === null) throw new Refusal('file_not_found');
    return this.#openFile(attachment, attachment.thumbnailKey, thumbnailType);
  }

  /**
   * Links for where no token can be sent, an image's `src` for example. They work for five minutes at most, and no
   * longer than the person who asked for them is a participant.
   * @throws Refusal `file_not_found`, `not_participant`
   */
  async sign(actor: Actor, fileId: string): Promise<SignedUrl> {
    const attachment = await this.#find(actor, fileId);
    const { query, expiresAt } = this.#deps.links.sign(actor.userId, attachment.id);
    const url = fileUrl(this.#deps.prefix, attachment.id);
    return {
      url: `${url}?${query}`,
      thumbnail_url: attachment.thumbnailKey === null ? null : `${url}/thumbnail?${query}`,
      expires_at: expiresAt.toISOString(),
    };
  }

  /** @throws Refusal `url_signature_invalid`, `file_not_found`, `not_participant` */
  async openSigned(link: LinkQuery, fileId: string, variant: Variant): Promise<OpenFile> {
    this.#deps.links.verify(link, fileId);
    return this.open(bearerOf(link.user), fileId, variant);
  }

  /**
   * Removes what broken uploads, deleted messages and deleted conversations left, once it is a day old; answers how many files. To be called
   * at start and daily. Safe on several nodes at once.
   */
  async sweep(): Promise<number> {
    let removed = 0;
    for (;;) {
      const batch = await this.#deps.attachments.abandoned(dayMs, 100);
      let gone = 0;
      for (const attachment of batch) if (await this.#discard(attachment)) gone++;
      removed += gone;
      if (gone === 0) return removed;
    }
  }

  async #check(
    action: Action,
    actor: Actor,
    conversationId: string,
    missing: 'conversation_not_found' | 'file_not_found',
  ) {
    const access = await this.#deps.conversations.access(conversationId, actor);
    if (access === null) throw new Refusal(missing);
    const code = refuse(action, actor, access);
    if (code !== null) throw new Refusal(code);
  }

  async #find(viewer: Actor, fileId: string): Promise<StoredAttachment> {
    const attachment = await this.#deps.attachments.find(fileId);
    if (attachment === null) throw new Refusal('file_not_found');
    await this.#check('conversation.read', viewer, attachment.conversationId, 'file_not_found');
    return attachment;
  }

  #openFile(
    { fileName, contentType, size, sha256 }: StoredAttachment,
    key: string,
    type: string | null,
  ): OpenFile {
    return {
      fileName,
      contentType: type ?? contentType,
      size: type === null ? size : null,
      tag: type === null ? sha256 : `${sha256}-thumbnail`,
      read: (range) => this.#deps.blobs.get(key, range),
    };
  }

  async #accept(form: UploadForm) {
    const file = await form.file();
    if (file === null) throw new Refusal('file_missing');
    const { contentType, isEmpty, body } = await this.#deps.identify(file.source);
    // A browser's form without a chosen file sends an empty one.
    if (isEmpty) throw new Refusal('file_missing');
    if (contentType === null || !this.#allowed.has(contentType)) throw new Refusal('file_type_not_allowed');
    return { fileName: fileNameFor(file.fileName, contentType), contentType, body };
  }

  async #store(draft: StoredAttachment, body: AsyncIterable<Uint8Array>): Promise<StoredAttachment> {
    const tally = newTally();
    await this.#deps.blobs.put(
      draft.blobKey,
      metered(body, tally, this.#deps.maxFileSize),
      draft.contentType,
    );
    return { ...draft, size: tally.size, sha256: tally.hash.digest('hex') };
  }

  /** An image is let in only once it was decoded: what crashes a decoder here could crash the viewers' too. */
  async #withPicture(stored: StoredAttachment): Promise<StoredAttachment> {
    const { blobs, thumbnails } = this.#deps;
    if (!thumbnails.decodes(stored.contentType)) return { ...stored, thumbnailKey: null };
    const { width, height, thumbnail } = await thumbnails.picture(stored, () => blobs.get(stored.blobKey));
    const key = thumbnailKeyOf(stored);
    await blobs.put(key, once(thumbnail), thumbnailType);
    return { ...stored, width, height, thumbnailKey: key };
  }

  /** The blobs first and the row last: as long as anything is left, the row tells `sweep` of it. */
  async #remove(attachment: StoredAttachment): Promise<void> {
    await this.#deps.blobs.remove(thumbnailKeyOf(attachment));
    await this.#deps.blobs.remove(attachment.blobKey);
    await this.#deps.attachments.remove(attachment.id);
  }

  async #discard(attachment: StoredAttachment): Promise<boolean> {
    try {
      await this.#remove(attachment);
      return true;
    } catch (error) {
      this.#deps.onLeftover(error);
      return false;
    }
  }
}

/** A refusal says that nothing was written; anything else leaves it open whether it was. */
const isCertain = (error: unknown): boolean => error instanceof Refusal && error.status < 500;

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** Whoever a link was signed for, as far as a membership needs to know them. */
const bearerOf = (userId: string): Actor =>
  userId === systemUserId
    ? { kind: 'service', userId, displayName: 'System' }
    : { kind: 'user', userId, displayName: '', avatarUrl: null, appRole: 'student' };
