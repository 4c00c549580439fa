/** Everything that a run needs, started in the right order and ended whatever happens. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { migrate } from '../packages/server/src/store/migrate.ts';
import { takeNotes } from './audit.ts';
import { CrowdProcess, askAll } from './crowd-process.ts';
import type { Stage } from './faults.ts';
import { ServerNode } from './nodes.ts';
import type { Options } from './plan.ts';
import { Probe } from './probe.ts';
import { startPostgres, startRedisServer } from './processes.ts';
import { Proxy } from './proxy.ts';

export interface FullStage extends Stage {
  readonly crowd: readonly CrowdProcess[];
  readonly probe: Probe;
}

/** `stack` ends in reverse order what was begun. @throws Error without `redis-server`, or if something does not start */
export async function setUp(
  options: Options,
  folder: string,
  stack: AsyncDisposableStack,
): Promise<FullStage> {
  const redis = await startRedisServer();
  stack.defer(() => redis.remove());
  const postgres = await startPostgres(folder);
  stack.defer(() => postgres.stop());
  await migrate(postgres.url);
  await takeNotes(postgres.url);

  const secret = randomBytes(24).toString('hex');
  const proxies = Array.from({ length: options.nodes }, () => new Proxy());
  for (const proxy of proxies) await proxy.listen();
  stack.defer(async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))));
  const nodes = await startNodes(folder, proxies, {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    JWT_SECRET: secret,
  });
  stack.defer(async () => void (await Promise.all(nodes.map((node) => node.kill()))));

  const probe = new Probe(nodes, secret);
  stack.defer(() => probe.close());
  const crowd = Array.from({ length: options.workers }, () => new CrowdProcess());
  stack.defer(async () => void (await Promise.all(crowd.map((each) => each.end()))));
  const origins = proxies.map(({ port }) => `http://127.0.0.1:${port}`);
  await Promise.all(crowd.map((each, worker) => each.ask('begin', { options, worker, origins, secret })));
  await askAll(crowd, 'create');
  return { redis, postgres, proxies, nodes, probe, crowd };
}

async function startNodes(
  folder: string,
  proxies: readonly Proxy[],
  env: Readonly<Record<string, string>>,
): Promise<ServerNode[]> {
  const logs = join(folder, 'logs');
  await mkdir(logs);
  const nodes = proxies.map(
    (proxy, index) =>
      new ServerNode({
        index,
        folder: logs,
        onPort: (port) => (proxy.target = port),
        env: {
          HOST: '127.0.0.1',
          PORT: '0',
          // They share their files, as they would on one volume.
          PARLEY_DATA_DIR: join(folder, 'data'),
          LOG_LEVEL: 'info',
          RATE_LIMITS: 'off',
          ...env,
        },
      }),
  );
  for (const node of nodes) await node.start();
  return nodes;
}

/** Waits until every node says that it can serve; answers those that do not within `limitMs`. */
export async function untilReady(nodes: readonly ServerNode[], limitMs: number): Promise<number[]> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const ready = await Promise.all(nodes.map(isReady));
    const missing = nodes.filter((_, index) => !(ready[index] ?? false)).map(({ index }) => index);
    if (missing.length === 0 || Date.now() > deadline) return missing;
    await delay(200);
  }
}

async function isReady({ origin }: ServerNode): Promise<boolean> {
  try {
    return (await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(3000) })).ok;
  } catch {
    // Not yet.
    return false;
  }
}
