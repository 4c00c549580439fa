/** A node's bus and nothing else, started as a generator: how many events a second go through it. */
import type { BusEvent } from '../../packages/server/src/messaging/ports.ts';
import { RedisBus } from '../../packages/server/src/realtime/bus-redis.ts';
import { connectRedis } from '../../packages/server/src/redis/redis.ts';
import { serveCommands } from '../generator.ts';
import { messageEvent } from './redis-event.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: console.error, error: console.error };
const meter = {
  lost: (events: number) => void (lost += events),
  malformed: (count: number) => void (lost += count),
  uncertain: () => undefined,
};
/** Characters that may wait for Redis while more is published. */
const mostWaiting = 256 * 1024;

let bus: RedisBus | null = null;
let heard = 0;
let lost = 0;

const commands = {
  /** Connects, and answers when it hears these conversations. */
  async open(url: string, conversationIds: readonly string[]) {
    const config = { url, cluster: false };
    const redis = await connectRedis(config, silent);
    await redis.whenReady(5000);
    const opened = new RedisBus({
      redis,
      config,
      installation: 'bench',
      log: silent,
      meter,
      clock: { now: () => Date.now() },
    });
    bus = opened;
    opened.subscribe(() => void heard++);
    for (const id of conversationIds) opened.follow({ kind: 'conversation', id });
    while (!opened.whole) await turn();
  },

  /** Publishes for that long, as much as Redis takes; answers when it has taken all. */
  async publish(conversationIds: readonly string[], ms: number) {
    if (bus === null) throw new Error('it is not open');
    const events: readonly BusEvent[] = conversationIds.map(messageEvent);
    const until = performance.now() + ms;
    let count = 0;
    while (performance.now() < until) {
      // As in a node that is busy: a few in each turn.
      for (let n = 0; n < perTurn && bus.waiting < mostWaiting; n++) {
        const event = events[count++ % events.length];
        if (event !== undefined) bus.publish(event);
      }
      await turn();
    }
    while (bus.waiting > 0) await turn();
    return count;
  },

  /** What arrived since it was asked last. */
  heard() {
    if (lost > 0) throw new Error(`${lost} events were lost`);
    const count = heard;
    heard = 0;
    return count;
  },
};

const perTurn = 16;

export type RedisBusCommands = typeof commands;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

serveCommands(commands);
