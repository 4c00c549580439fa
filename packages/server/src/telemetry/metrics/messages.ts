import { messageTypes, type MessageType } from '@parley/protocol';
import { Counter, Histogram, type Registry } from 'prom-client';
import { RecentSet } from '../recent-set.ts';
import { watchedGauge } from './watched-gauge.ts';

const ways = ['rest', 'websocket', 'upload'] as const;

export interface SentMessageFacts {
  readonly via: (typeof ways)[number];
  readonly type: MessageType;
  readonly conversationId: string;
  readonly userId: string;
}

export interface MessageMetrics {
  /** A message became durable by a request to this node; a replay is not a message. */
  sent(message: SentMessageFacts): void;
  /** Milliseconds from a send's arrival to its event being written to the sockets of a node's listeners. */
  delivered(ms: number): void;
}

const windowMs = 5 * 60_000;
/** Ids kept for each gauge: some 6 MB at most. */
const capacity = 50_000;

/** Message volume, active conversations and engagement. */
export function messageMetrics(registers: [Registry], now: () => number): MessageMetrics {
  const sent = new Counter({
    name: 'parley_messages_sent_total',
    help: 'Messages made durable by this node, by the way they came and their type.',
    labelNames: ['via', 'type'],
    registers,
  });
  for (const via of ways) for (const type of messageTypes) sent.inc({ via, type }, 0);
  const delivery = new Histogram({
    name: 'parley_delivery_seconds',
    help: "Time from a message's arrival to its event being written to this node's sockets.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const conversations = new RecentSet({ windowMs, capacity, now });
  const users = new RecentSet({ windowMs, capacity, now });
  watchedGauge(
    'parley_active_conversations',
    'Conversations with a message through this node within 5 minutes.',
    registers,
    () => conversations.size,
  );
  watchedGauge(
    'parley_active_users',
    'People who sent a message through this node within 5 minutes.',
    registers,
    () => users.size,
  );

  return {
    sent({ via, type, conversationId, userId }) {
      sent.inc({ via, type });
      conversations.add(conversationId);
      users.add(userId);
    },
    delivered: (ms) => delivery.observe(ms / 1000),
  };
}
