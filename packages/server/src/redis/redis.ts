import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import type { createClient, createCluster, RedisClientType, RedisClusterType } from 'redis';
import type { Config } from '../config.ts';

export type RedisClient = RedisClientType | RedisClusterType;

type RedisLog = Pick<BaseLogger, 'debug' | 'info' | 'warn'>;

/**
 * A connection that is there, is lost and comes back. Commands sent while it is away are rejected at once, not queued;
 * but one sent the moment before it is lost without a word may wait for seconds, so callers set their own deadlines.
 */
export interface RedisConnection {
  readonly client: RedisClient;
  /** Whether a command would be sent now: in a cluster, whether every shard's master is connected. */
  readonly ready: boolean;
  /** Waits for the first connection, `timeoutMs` at most, and answers `ready`. */
  whenReady(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Milliseconds: between two attempts to connect, from the first to the most. */
const firstRetryMs = 50;
const mostRetryMs = 1000;

/** A ping that stays unanswered leaves the socket silent, and a socket that is silent for so long is connected anew. */
const pingEveryMs = 1500;
const silentMs = 4000;
const connectMs = 2000;
/** For so long a cluster's node is gone before the others are asked who has its slots now. */
const failoverMs = 1000;

const retryDelay = (retries: number): number =>
  Math.min(firstRetryMs * 2 ** Math.min(retries, 10), mostRetryMs) + Math.random() * firstRetryMs;

const clientOptions = {
  disableOfflineQueue: true,
  pingInterval: pingEveryMs,
  maintNotifications: 'disabled',
  commandOptions: { timeout: connectMs },
} as const;

const socketOptions = { connectTimeout: connectMs, socketTimeout: silentMs, reconnectStrategy: retryDelay };

/**
 * Connects to Redis in the background, and again for ever when the connection is lost. Nothing is thrown for a Redis
 * that is away: its going and coming are logged, once each.
 */
export async function connectRedis(
  config: NonNullable<Config['redis']>,
  log: RedisLog,
): Promise<RedisConnection> {
  // Loaded where it is used: a single node without Redis need not hold it in memory.
  const redis = await import('redis');
  return config.cluster
    ? connectCluster(config.url, redis.createCluster, log)
    : connectSingle(config.url, redis.createClient, log);
}

function connectSingle(url: string, create: typeof createClient, log: RedisLog): RedisConnection {
  const client = create({ ...clientOptions, url, socket: socketOptions });
  const isReady = (): boolean => client.isReady;
  const closing = new AbortController();
  const { lost, back } = createWatch(log, isReady, closing.signal);
  client.on('error', lost).on('ready', back);
  return connection(client, isReady, client.connect().catch(lost), closing);
}

function connectCluster(url: string, create: typeof createCluster, log: RedisLog): RedisConnection {
  const { username, password, protocol } = new URL(url);
  // The nodes that the cluster names are connected to by these defaults alone.
  const defaults = {
    ...clientOptions,
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    socket: { ...socketOptions, ...(protocol === 'rediss:' && { tls: true as const }) },
  };
  const client = create({
    rootNodes: [{ url }],
    defaults,
    topologyRefreshOnReconnectionAttemptStrategy: failoverMs,
  });
  const isReady = (): boolean =>
    client.isReady && client.masters.every((master) => master.client?.isReady === true);
  const closing = new AbortController();
  const { lost, back } = createWatch(log, isReady, closing.signal);
  client.on('error', lost).on('node-error', lost).on('node-ready', back).on('connect', back);
  return connection(
    client,
    isReady,
    connectForEver(() => client.connect(), lost, closing.signal).catch(lost),
    closing,
  );
}

const connection = (
  client: RedisClient,
  isReady: () => boolean,
  connected: Promise<unknown>,
  closing: AbortController,
): RedisConnection => ({
  client,
  get ready() {
    return isReady();
  },
  async whenReady(timeoutMs) {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([connected, timeout]);
    clearTimeout(timer);
    return isReady();
  },
  async close() {
    closing.abort();
    client.destroy();
    await connected;
  },
});

/** A cluster whose nodes are all away fails to connect, and unlike a single client leaves it at that. */
async function connectForEver(
  connect: () => Promise<unknown>,
  lost: (error: unknown) => void,
  closing: AbortSignal,
): Promise<void> {
  for (let retries = 0; !closing.aborted; retries++) {
    try {
      await connect();
      return;
    } catch (error) {
      lost(error);
    }
    await sleep(retryDelay(retries), undefined, { signal: closing });
  }
}

/** Logs an outage when it begins and when it ends; what comes in between only for debugging. */
function createWatch(log: RedisLog, isReady: () => boolean, closing: AbortSignal) {
  let away = false;
  return {
    lost: (err: unknown): void => {
      if (closing.aborted) return;
      if (away) log.debug({ err }, 'Redis is still away');
      else log.warn({ err }, 'Redis is away: connecting again until it is back');
      away = true;
    },
    back: (): void => {
      if (!away || !isReady()) return;
      away = false;
      log.info('Redis is back');
    },
  };
}
