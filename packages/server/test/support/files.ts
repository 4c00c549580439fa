/** What the tests of files share: the real disk, sniffer and decoder, around a conversation kept in memory. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message } from '@parley/protocol';
import { createLocalBlobs } from '../../src/blobs/blobs-local.ts';
import { identify } from '../../src/blobs/sniff.ts';
import { createThumbnails, type Thumbnails } from '../../src/blobs/thumbnails.ts';
import type { Actor, UserActor } from '../../src/messaging/actor.ts';
import type { UploadStore } from '../../src/messaging/attachment.ts';
import { presentAttachment } from '../../src/messaging/attachment.ts';
import { FileLinks } from '../../src/messaging/file-links.ts';
import { Files, type FilesDependencies } from '../../src/messaging/files.ts';
import type {
  Access,
  BlobStore,
  NewMessage,
  SentMessage,
  StoredAttachment,
} from '../../src/messaging/ports.ts';
import { Refusal } from '../../src/messaging/refusal.ts';

export const conversationId = '0193a000-0000-7000-8000-000000000001';
export const defaultTypes = ['image/jpeg', 'image/png', 'image/gif', 'application/pdf', 'text/plain'];

export const person = (userId: string): UserActor => ({
  kind: 'user',
  userId,
  displayName: userId,
  avatarUrl: null,
  appRole: 'student',
});

/** One conversation of Ann, Bob and Mute, and the messages that were posted to it. */
export class Room {
  readonly members = new Map<string, { role: 'participant'; isMuted: boolean }>([
    ['ann', { role: 'participant', isMuted: false }],
    ['bob', { role: 'participant', isMuted: false }],
    ['mute', { role: 'participant', isMuted: true }],
  ]);
  readonly messages: NewMessage[] = [];
  readonly rows = new Map<string, { attachment: StoredAttachment; messageId: string; savedAt: number }>();
  now = Date.parse('2026-01-01T00:00:00Z');
  /** What happens to the next message in place of its being posted. */
  onSend: ((message: NewMessage) => Promise<SentMessage>) | null = null;

  async access(id: string, actor: Actor): Promise<Access | null> {
    if (id !== conversationId) return null;
    const membership = this.members.get(actor.userId) ?? null;
    return { conversationId, type: 'group', lastSeq: 0, participantCount: this.members.size, membership };
  }

  async send(message: NewMessage): Promise<SentMessage> {
    if (this.onSend !== null) return this.onSend(message);
    const before = this.messages.find(
      ({ clientId, sender }) =>
        clientId !== null && clientId === message.clientId && sender.userId === message.sender.userId,
    );
    if (before?.hash && message.hash && !before.hash.equals(message.hash))
      throw new Refusal('idempotency_conflict');
    if (before === undefined) this.messages.push(message);
    return { message: shown(before ?? message), replayed: before !== undefined };
  }

  readonly store: UploadStore = {
    save: async (attachment, messageId) => {
      const savedAt = this.rows.get(attachment.id)?.savedAt ?? this.now;
      this.rows.set(attachment.id, { attachment, messageId, savedAt });
    },
    remove: async (id) => {
      this.rows.delete(id);
    },
    find: async (id) => {
      const row = this.rows.get(id);
      return row !== undefined && this.#isShown(row.messageId) ? row.attachment : null;
    },
    abandoned: async (ageMs, count) =>
      [...this.rows.values()]
        .filter(({ savedAt, messageId }) => savedAt < this.now - ageMs && !this.#isShown(messageId))
        .slice(0, count)
        .map(({ attachment }) => attachment),
  };

  #isShown(messageId: string): boolean {
    return this.messages.some(({ id }) => id === messageId);
  }
}

function shown(message: NewMessage): Message {
  const at = '2026-01-01T00:00:00.000Z';
  const { attachment } = message.metadata;
  return {
    id: message.id,
    conversation_id: message.conversationId,
    seq: 1,
    version: 1,
    sender_id: message.sender.userId,
    sender_name: message.sender.displayName,
    content: message.content,
    message_type: message.messageType,
    reply_to_id: null,
    reply_to_content: null,
    reply_count: 0,
    created_at: at,
    updated_at: at,
    is_edited: false,
    is_deleted: false,
    metadata: { attachment: presentAttachment(Object(attachment), '/api') },
    status: 'sent',
    client_id: message.clientId,
  };
}

export interface FilesHarness {
  readonly room: Room;
  readonly files: Files;
  readonly blobs: BlobStore;
  readonly thumbnails: Thumbnails;
  /** Leftovers that could not be removed. */
  readonly leftovers: unknown[];
  /** The names of all files on the disk. */
  list(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openFiles(changes: Partial<FilesDependencies> = {}): Promise<FilesHarness> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-files-'));
  const room = new Room();
  const blobs = createLocalBlobs(directory);
  const thumbnails = createThumbnails({ pathOf: blobs.pathOf });
  const leftovers: unknown[] = [];
  const files = new Files({
    conversations: room,
    attachments: room.store,
    blobs,
    identify,
    thumbnails,
    send: (message) => room.send(message),
    links: new FileLinks({ secret: 'a secret', clock: { now: () => room.now } }),
    prefix: '/api',
    maxFileSize: 1024 * 1024,
    allowedFileTypes: defaultTypes,
    onLeftover: (error) => leftovers.push(error),
    ...changes,
  });
  return {
    room,
    files,
    blobs,
    thumbnails,
    leftovers,
    async list() {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    },
    async close() {
      await thumbnails.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
