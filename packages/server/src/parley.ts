import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { createLocalBlobs } from './blobs/blobs-local.ts';
import type { Config } from './config.ts';
import { lockDataDir, makeDataDir } from './data-dir.ts';
import { createDomain } from './domain.ts';
import { addressFinder } from './http/address.ts';
import { api } from './http/api.ts';
import type { DemoDeps } from './http/demo.ts';
import type { OpsOptions } from './http/ops.ts';
import { loadDemoSecret } from './identity/demo.ts';
import { createVerifier } from './identity/verifier.ts';
import { createLimiter } from './limits/create-limiter.ts';
import type { Limiter } from './limits/limiter.ts';
import { connectRedis } from './redis/redis.ts';
import type { Clock } from './messaging/ports.ts';
import { connectDatabase } from './store/database.ts';
import { startEmbedded } from './store/embedded.ts';
import { migrate } from './store/migrate.ts';
import { checkTimeline } from './store/timeline.ts';
import { PostgresUsers } from './store/users.ts';
import type { Logger } from './telemetry/logs.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
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
  /** In demo mode, what signs its tokens, and who has had one. */
  readonly demo: Pick<DemoDeps, 'secret' | 'people' | 'verifier'> | null;
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
  // Until there is anybody to tell.
  let onUnknownOutcome = (): void => undefined;
  const { database, failed } = await openDatabase(config, log, stack, () => onUnknownOutcome());
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
  const domain = await createDomain({
    config,
    prefix,
    database,
    redis,
    users,
    blobs,
    clock,
    metrics,
    log,
    stack,
    onUploaded: (message) => countSent(metrics, 'upload', message),
  });
  onUnknownOutcome = () => domain.hub.suspect();

  const verifier = createVerifier(config.identity, { demoSecret, profiles: domain.profiles, clock, log });
  stack.defer(() => verifier.close());
  const onLimited: Metrics['limits']['hit'] = (type, role) => metrics.limits.hit(type, role);
  const webSockets = createWebSocketServer({
    prefix,
    corsOrigins: config.corsOrigins,
    addressOf: addressFinder(config.trustProxy),
    verifier,
    limiter,
    rateLimits: config.rateLimits,
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
        database: () => database.check(),
        redis: redis === null ? null : async () => void (await redis.client.ping()),
      },
      metrics,
    },
    metrics,
    limiter,
    demo: demoSecret === null ? null : { secret: demoSecret, people: users, verifier },
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
async function openDatabase(
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  onUnknownOutcome: () => void,
) {
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
  const address = url;
  const { applied } = await migrate(address);
  if (applied.length > 0) log.info({ applied }, 'the database schema was brought up to date');
  const beginEpochIfNew = async (): Promise<void> => {
    if (await checkTimeline(address))
      log.warn('this is another database, or an earlier state of it: clients read all anew');
  };
  const database = connectDatabase({
    url,
    onError: (err) => log.warn({ err }, 'an idle connection to Postgres broke'),
    onState: (state, err) => {
      if (state === 'available') {
        log.warn('Postgres is back');
        // Another one, perhaps: a standby that was promoted. If it is gone again, it will come back again.
        beginEpochIfNew().catch((error: unknown) =>
          log.warn({ err: error }, 'which Postgres this is could not be asked'),
        );
      } else log.error({ err }, state === 'away' ? 'Postgres is away' : 'Postgres is read-only');
    },
    onUnknownOutcome,
  });
  stack.defer(() => database.close());
  await beginEpochIfNew();
  return { database, failed };
}
