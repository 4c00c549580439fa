import { vi } from 'vitest';
import { connectRedis } from '../redis/redis.ts';
import { RedisBus } from './bus-redis.ts';

/** A node's bus and its shared connection, and what it told of itself. */
export async function openNode(url: string, { cluster = false, lingerMs = 5000 } = {}) {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const meter = { lost: vi.fn(), malformed: vi.fn(), uncertain: vi.fn() };
  const config = { url, cluster };
  const redis = await connectRedis(config, log);
  const bus = new RedisBus({
    redis,
    config,
    installation: 'test',
    log,
    meter,
    lingerMs,
    clock: { now: () => Date.now() },
  });
  const since: number[] = [];
  bus.onUncertain((each) => since.push(each));
  const close = async () => {
    await bus.close();
    await redis.close();
  };
  return { bus, redis, log, meter, since, close };
}

export type BusNode = Awaited<ReturnType<typeof openNode>>;

export const until = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: 15_000, interval: 10 });

/** Opens two nodes that hear each other. */
export async function openTwo(url: string, options: Parameters<typeof openNode>[1] = {}) {
  const nodes = [await openNode(url, options), await openNode(url, options)] as const;
  await until(() => {
    if (!nodes.every(({ bus, redis, since }) => bus.whole && redis.ready && since.length > 0))
      throw new Error('not all is subscribed');
  });
  return nodes;
}
