import { createHash } from 'node:crypto';
import type { Config } from './config.ts';
import { Delivery } from './messaging/delivery.ts';
import type { Bus, Clock } from './messaging/ports.ts';
import { Presence } from './messaging/presence.ts';
import type { PresenceState } from './messaging/presence-state.ts';
import { MemoryBus } from './realtime/bus-memory.ts';
import { meteredBus } from './realtime/bus-metered.ts';
import { RedisBus } from './realtime/bus-redis.ts';
import { Hub } from './realtime/hub.ts';
import { MemoryPresenceState } from './realtime/presence-memory.ts';
import { RedisPresenceState } from './realtime/presence-redis.ts';
import type { RedisConnection } from './redis/redis.ts';
import { PostgresChanges } from './store/changes.ts';
import type { PostgresConversations } from './store/conversations.ts';
import type { Database } from './store/database.ts';
import type { PostgresReceipts } from './store/receipts.ts';
import { sharedSecret } from './store/secrets.ts';
import type { PostgresUsers } from './store/users.ts';
import type { Logger } from './telemetry/logs.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { prepare } from './ws/frame.ts';

export interface LiveParts {
  readonly config: Config;
  readonly prefix: string;
  readonly database: Database;
  /** Null: one node. */
  readonly redis: RedisConnection | null;
  readonly users: PostgresUsers;
  readonly conversations: PostgresConversations;
  readonly receipts: PostgresReceipts;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly stack: AsyncDisposableStack;
}

/** What goes on between people who are connected: on this node, and with Redis on all. */
export async function createLive(parts: LiveParts) {
  const { database, users, conversations, clock, metrics, log, stack } = parts;
  const { bus, state } = await (parts.redis === null ? alone(parts) : together(parts, parts.redis));
  stack.defer(() => bus.close());
  const presence = new Presence({ statuses: users, conversations, state, bus, clock, log });
  stack.defer(() => presence.close());
  const hub = new Hub({
    bus,
    conversations,
    changes: new PostgresChanges(database, parts.prefix),
    presence,
    prepare,
    clock,
    log,
    meter: metrics.hub,
    onDelivery: (ms) => metrics.messages.delivered(ms),
  });
  stack.defer(() => hub.close());
  const delivery = new Delivery({
    receipts: parts.receipts,
    bus,
    log,
    sizeOf: (conversationId) => hub.participantCount(conversationId),
  });
  stack.defer(() => delivery.close());
  return { bus, presence, hub, delivery };
}

interface Shared {
  readonly bus: Bus;
  readonly state: PresenceState;
}

const alone = async ({ clock, metrics, log }: LiveParts): Promise<Shared> => ({
  bus: meteredBus(new MemoryBus(log), metrics.bus),
  state: new MemoryPresenceState(clock),
});

async function together(parts: LiveParts, redis: RedisConnection): Promise<Shared> {
  const { config, database, clock, metrics, log } = parts;
  if (config.redis === null) throw new Error('a connection to Redis without its configuration');
  // Nodes on one database are one installation; another may use the same Redis.
  const secret = await sharedSecret(database, 'installation');
  const installation = createHash('sha256').update(secret).digest('hex').slice(0, 12);
  const bus = new RedisBus({ redis, config: config.redis, installation, log, meter: metrics.bus, clock });
  metrics.bus.watch(() => bus);
  return {
    bus: meteredBus(bus, metrics.bus),
    state: new RedisPresenceState({ redis, installation, clock, log }),
  };
}
