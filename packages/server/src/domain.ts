import type { Message } from '@parley/protocol';
import type { LocalBlobs } from './blobs/blobs-local.ts';
import { identify } from './blobs/sniff.ts';
import { createThumbnails } from './blobs/thumbnails.ts';
import { createLive, type LiveParts } from './live.ts';
import { CatchUp } from './messaging/catch-up.ts';
import { Conversations } from './messaging/conversations.ts';
import { FileLinks } from './messaging/file-links.ts';
import { Files } from './messaging/files.ts';
import { Messages } from './messaging/messages.ts';
import { Participants } from './messaging/participants.ts';
import { Profiles } from './messaging/profiles.ts';
import { Receipts } from './messaging/receipts.ts';
import { createAttachmentStore } from './store/attachments.ts';
import { PostgresConversations } from './store/conversations.ts';
import { BatchingMessageWriter } from './store/message-writer.ts';
import { PostgresMessages } from './store/messages.ts';
import { PostgresParticipants } from './store/participants.ts';
import { PostgresReceipts } from './store/receipts.ts';
import { sharedSecret } from './store/secrets.ts';
import { PostgresSync } from './store/sync.ts';
import type { Logger } from './telemetry/logs.ts';

const dayMs = 24 * 60 * 60_000;

/** Removes files that no message shows, now and once a day. */
function sweepDaily(files: Files, log: Logger, stack: AsyncDisposableStack): void {
  const sweep = (): void => {
    files.sweep().catch((err: unknown) => log.warn({ err }, 'leftover files could not be looked for'));
  };
  sweep();
  const timer = setInterval(sweep, dayMs).unref();
  stack.defer(() => clearInterval(timer));
}

export interface DomainParts extends Omit<LiveParts, 'conversations' | 'receipts'> {
  readonly blobs: LocalBlobs;
  /** An upload posted its message. */
  readonly onUploaded: (message: Message) => void;
}

/** The use cases, on their stores. */
export async function createDomain(parts: DomainParts) {
  const { config, prefix, database, users, blobs, clock, metrics, log, stack } = parts;
  const conversationStore = new PostgresConversations(database, prefix);
  const participantStore = new PostgresParticipants(database, prefix);
  const messageStore = new PostgresMessages(database, prefix);
  const receiptStore = new PostgresReceipts(database);
  const attachments = createAttachmentStore(database);
  const { bus, presence, hub, delivery } = await createLive({
    ...parts,
    conversations: conversationStore,
    receipts: receiptStore,
  });

  const writer = new BatchingMessageWriter({
    database,
    prefix,
    read: (messageId) => messageStore.read(messageId),
    onBatch: (size, ms) => metrics.store.batch(size, ms),
  });
  stack.defer(() => writer.drained());

  const discardBlobs = (keys: readonly string[]): void => {
    for (const key of keys)
      blobs
        .remove(key)
        .catch((err: unknown) => log.warn({ err }, 'a file of a deleted message could not be removed'));
  };
  const common = { conversations: conversationStore, participants: participantStore, bus };
  const messages = new Messages({
    ...common,
    messages: messageStore,
    writer,
    discardBlobs,
    onSent: (message) => presence.messageSent(message.sender_id, message.conversation_id),
  });
  const thumbnails = createThumbnails({ pathOf: (key) => blobs.pathOf(key) });
  stack.defer(() => thumbnails.close());
  const files = new Files({
    conversations: conversationStore,
    attachments,
    blobs,
    identify,
    thumbnails,
    send: async (message) => {
      const sent = await messages.post(message);
      if (!sent.replayed) parts.onUploaded(sent.message);
      return sent;
    },
    links: new FileLinks({ secret: await sharedSecret(database, 'file-links'), clock }),
    prefix,
    maxFileSize: config.maxFileSize,
    allowedFileTypes: config.allowedFileTypes,
    onLeftover: (err) => log.warn({ err }, 'a leftover file could not be removed'),
  });
  sweepDaily(files, log, stack);
  return {
    conversations: new Conversations(common),
    participants: new Participants(common),
    receipts: new Receipts({
      conversations: conversationStore,
      messages: messageStore,
      receipts: receiptStore,
      bus,
    }),
    messages,
    files,
    catchUp: new CatchUp({ sync: new PostgresSync(database, prefix) }),
    profiles: new Profiles({ store: users, conversations: conversationStore, bus, log }),
    presence,
    hub,
    delivery,
  };
}
