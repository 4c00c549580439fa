import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { createLocalBlobs, type LocalBlobs } from './blobs/blobs-local.ts';
import { identify } from './blobs/sniff.ts';
import { createThumbnails } from './blobs/thumbnails.ts';
import type { Config } from './config.ts';
import { lockDataDir, makeDataDir } from './data-dir.ts';
import { addressFinder } from './http/address.ts';
import { api } from './http/api.ts';
import type { OpsOptions } from './http/ops.ts';
import { loadDemoSecret } from './identity/demo.ts';
import { createVerifier } from './identity/verifier.ts';
import { createLimiter } from './limits/create-limiter.ts';
import type { Limiter } from './limits/limiter.ts';
import { connectRedis } from './redis/redis.ts';
import { CatchUp } from './messaging/catch-up.ts';
import { Conversations } from './messaging/conversations.ts';
import { Delivery } from './messaging/delivery.ts';
import { FileLinks } from './messaging/file-links.ts';
import { Files } from './messaging/files.ts';
import { Messages } from './messaging/messages.ts';
import { Participants } from './messaging/participants.ts';
import type { Clock } from './messaging/ports.ts';
import { Presence } from './messaging/presence.ts';
import { Profiles } from './messaging/profiles.ts';
import { Receipts } from './messaging/receipts.ts';
import { MemoryBus } from './realtime/bus-memory.ts';
import { meteredBus } from './realtime/bus-metered.ts';
import { Hub } from './realtime/hub.ts';
import { MemoryPresenceState } from './realtime/presence-memory.ts';
import { createAttachmentStore } from './store/attachments.ts';
import { PostgresConversations } from './store/conversations.ts';
import { connectDatabase, type Database } from './store/database.ts';
import { startEmbedded } from './store/embedded.ts';
import { BatchingMessageWriter } from './store/message-writer.ts';
import { PostgresMessages } from './store/messages.ts';
import { migrate } from './store/migrate.ts';
import { PostgresParticipants } from './store/participants.ts';
import { PostgresReceipts } from './store/receipts.ts';
import { sharedSecret } from './store/secrets.ts';
import { PostgresSync } from './store/sync.ts';
import { checkTimeline } from './store/timeline.ts';
import { PostgresUsers } from './store/users.ts';
import type { Logger } from './telemetry/logs.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { prepare } from './ws/frame.ts';
import { createWebSocketServer } from './ws/handshake.ts';

export interface Parley {
  /** Registers every REST endpoint; to be given the prefix that this was made with. */
  readonly api: (app: FastifyInstance) => Promise<void>;
  /** Takes an upgrade that `isSocketPath` says is ours. */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly isSocketPath: (url: string) => boolean;
  readonly ops: Omit<OpsOptions, 'draining'>;
  readonly metrics: Metrics;
  readonly limiter: Limiter;
  /** In demo mode, what signs its tokens. */
  readonly demoSecret: Uint8Array | null;
  /** Rejects when the embedded Postgres is gone for good; otherwise never settles. */
  readonly failed: Promise<never>;
  /** Sends every WebSocket away, within `ms`, after what they asked for is answered. */
  drain(ms: number): Promise<void>;
  /** Ends everything else, once no more requests come. */
  close(): Promise<void>;
}

const clock: Clock = { now: Date.now };

/**
 * Makes all the parts and joins them; whatever fails on the way, what was begun before it is ended again.
 * @throws Error with a sentence for an operator, or Refusal `unavailable` where the database is away
 */
export async function createParley(config: Config, prefix: string, log: Logger): Promise<Parley> {
  await using stack = new AsyncDisposableStack();
  const { database, failed } = await openDatabase(config, log, stack);
  const metrics = createMetrics();
  metrics.store.watchPool(() => database.stats());

  const redis = config.redis === null ? null : await connectRedis(config.redis, log);
  if (redis !== null) stack.defer(() => redis.close());
  await redis?.whenReady(1000);
  const limiter = createLimiter(config.rateLimits, redis, {
    log,
    onFallback: (active) => metrics.limits.fallback(active),
  });
  stack.defer(() => limiter.close());

  await makeDataDir(config.dataDir);
  const demoSecret = config.identity.kind === 'demo' ? await loadDemoSecret(config.dataDir) : null;
  const users = new PostgresUsers(database);
  const blobs = createLocalBlobs(`${config.dataDir}/blobs`);
  await blobs.check();
  const domain = await createDomain({ config, prefix, database, users, blobs, metrics, log, stack });

  const verifier = createVerifier(config.identity, { demoSecret, profiles: domain.profiles, clock, log });
  stack.defer(() => verifier.close());
  const onLimited: Metrics['limits']['hit'] = (type, role) => metrics.limits.hit(type, role);
  const webSockets = createWebSocketServer({
    prefix,
    corsOrigins: config.corsOrigins,
    addressOf: addressFinder(config.trustProxy),
    verifier,
    limiter,
    clock,
    log,
    hub: domain.hub,
    useCases: domain,
    meter: metrics.webSocket,
    onLimited,
    onSent: (facts) => metrics.messages.sent(facts),
    onDelivered: (moves) => domain.delivery.record(moves),
    onClosed: (userId, connectionId) => domain.presence.closed(userId, connectionId),
  });

  const held = stack.move();
  return {
    api: (app) =>
      api(app, {
        auth: { verifier, limiter, onLimited },
        conversations: domain.conversations,
        participants: domain.participants,
        messages: {
          messages: domain.messages,
          receipts: domain.receipts,
          onSent: (message) => countSent(metrics, 'rest', message),
        },
        presence: domain.presence,
        catchUp: domain.catchUp,
        files: {
          files: domain.files,
          maxFileSize: config.maxFileSize,
        },
        metrics,
        corsOrigins: config.corsOrigins,
      }),
    handleUpgrade: (request, socket, head) => void webSockets.handleUpgrade(request, socket, head),
    isSocketPath: (url) => webSockets.matches(url),
    ops: {
      checks: {
        database: async () => void (await database.query('select 1 from parley.migrations limit 1')),
        redis: redis === null ? null : async () => void (await redis.client.ping()),
      },
      metrics,
    },
    metrics,
    limiter,
    demoSecret,
    failed,
    drain: (ms) => webSockets.drain(ms),
    close: () => held.disposeAsync(),
  };
}

const countSent = (
  metrics: Metrics,
  via: 'rest' | 'upload',
  message: { message_type: 'text' | 'image' | 'file' | 'system'; conversation_id: string; sender_id: string },
): void =>
  metrics.messages.sent({
    via,
    type: message.message_type,
    conversationId: message.conversation_id,
    userId: message.sender_id,
  });

/** The configured Postgres or one of our own, with the present schema. */
async function openDatabase(config: Config, log: Logger, stack: AsyncDisposableStack) {
  let url = config.databaseUrl;
  let failed = new Promise<never>(() => undefined);
  if (url === null) {
    const lock = await lockDataDir(config.dataDir);
    stack.defer(() => lock.release());
    const postgres = await startEmbedded(config.dataDir, { onEvent: (message) => log.warn(message) });
    stack.defer(() => postgres.stop());
    url = postgres.url;
    failed = postgres.exited.then((error) =>
      error === null ? new Promise<never>(() => undefined) : Promise.reject(error),
    );
    failed.catch(() => undefined);
  }
  const { applied } = await migrate(url);
  if (applied.length > 0) log.info({ applied }, 'the database schema was brought up to date');
  const database = connectDatabase({
    url,
    onError: (err) => log.warn({ err }, 'an idle connection to Postgres broke'),
  });
  stack.defer(() => database.close());
  if (await checkTimeline(database))
    log.warn('this database was restored from another: clients read all anew');
  return { database, failed };
}

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

interface DomainParts {
  readonly config: Config;
  readonly prefix: string;
  readonly database: Database;
  readonly users: PostgresUsers;
  readonly blobs: LocalBlobs;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly stack: AsyncDisposableStack;
}

/** The use cases, on their stores. */
async function createDomain({ config, prefix, database, users, blobs, metrics, log, stack }: DomainParts) {
  const conversationStore = new PostgresConversations(database, prefix);
  const participantStore = new PostgresParticipants(database, prefix);
  const messageStore = new PostgresMessages(database, prefix);
  const receiptStore = new PostgresReceipts(database);
  const attachments = createAttachmentStore(database);
  const bus = meteredBus(new MemoryBus(log), metrics.bus);
  stack.defer(() => bus.close());

  const presence = new Presence({
    statuses: users,
    conversations: conversationStore,
    state: new MemoryPresenceState(clock),
    bus,
    clock,
    log,
  });
  const hub = new Hub({
    bus,
    conversations: conversationStore,
    presence,
    prepare,
    clock,
    log,
    meter: metrics.hub,
    onDelivery: (ms) => metrics.messages.delivered(ms),
  });
  stack.defer(() => presence.close());
  stack.defer(() => hub.close());
  const delivery = new Delivery({
    receipts: receiptStore,
    bus,
    log,
    sizeOf: (conversationId) => hub.participantCount(conversationId),
  });
  stack.defer(() => delivery.close());

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
      if (!sent.replayed) countSent(metrics, 'upload', sent.message);
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
