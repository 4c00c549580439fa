/** A Redis Cluster of the tests' own: three masters, each a process, and replicas if asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { startRedis, type RedisProcess, type RedisServer } from './redis-process.ts';
import { slotCount } from './slots.ts';

export interface RedisCluster {
  /** Of one of its nodes. */
  readonly url: string;
  readonly masters: readonly RedisProcess[];
  /** Of the first master. */
  readonly replicas: readonly RedisProcess[];
  /** Gives a slot to another master. */
  moveSlot(slot: number, from: number, to: number): Promise<void>;
  remove(): Promise<void>;
}

/** Milliseconds. Shorter than a cluster's default of 15 s, so that a failover takes about two. */
const nodeTimeoutMs = 1500;
const masterCount = 3;
const options = [
  ['--cluster-enabled', 'yes'],
  ['--cluster-announce-ip', '127.0.0.1'],
  ['--cluster-node-timeout', String(nodeTimeoutMs)],
  ['--cluster-replica-validity-factor', '0'],
].flat();

export async function startRedisCluster({
  replicas: replicaCount = 0,
  server = 'redis-server',
}: { readonly replicas?: number; readonly server?: RedisServer } = {}): Promise<RedisCluster> {
  const nodes: RedisProcess[] = [];
  while (nodes.length < masterCount + replicaCount) nodes.push(await startRedis(options, server));
  const [first] = nodes;
  if (first === undefined) throw new Error('a cluster has nodes');
  const masters = nodes.slice(0, masterCount);
  for (const [index, node] of masters.entries()) {
    const range = [index, index + 1].map((part) => Math.floor((part * slotCount) / masterCount));
    await command(node, 'ADDSLOTSRANGE', String(range[0]), String((range[1] ?? 0) - 1));
  }
  for (const node of nodes.slice(1)) await command(node, 'MEET', '127.0.0.1', String(first.port));
  for (const node of nodes) await untilKnown(node, nodes.length);
  const firstId = await command(first, 'MYID');
  for (const node of nodes.slice(masterCount)) await command(node, 'REPLICATE', firstId);
  for (const node of nodes) await untilOk(node, replicaCount);
  return {
    url: first.url,
    masters,
    replicas: nodes.slice(masterCount),
    async moveSlot(slot, from, to) {
      const [source, target] = [masters[from], masters[to]];
      if (source === undefined || target === undefined) throw new Error('no such master');
      const [id, fromId] = [await command(target, 'MYID'), await command(source, 'MYID')];
      // In this order: only who was importing takes a new epoch, without which the others would not believe it.
      await command(target, 'SETSLOT', String(slot), 'IMPORTING', fromId);
      await command(source, 'SETSLOT', String(slot), 'MIGRATING', id);
      for (const node of new Set([target, source, ...masters]))
        await command(node, 'SETSLOT', String(slot), 'NODE', id);
    },
    remove: async () => void (await Promise.all(nodes.map((node) => node.remove()))),
  };
}

async function command(node: RedisProcess, ...args: string[]): Promise<string> {
  const client = createClient({ url: node.url, socket: { reconnectStrategy: false } }).on('error', () => {});
  await client.connect();
  try {
    const reply: unknown = await client.sendCommand(['CLUSTER', ...args]);
    return typeof reply === 'string' ? reply : '';
  } finally {
    client.destroy();
  }
}

/** Nodes tell each other of each other about once a second; there is no event to wait for. */
async function untilKnown(node: RedisProcess, count: number): Promise<void> {
  while (!(await command(node, 'INFO')).includes(`cluster_known_nodes:${count}\r`)) await sleep(50);
}

async function untilOk(node: RedisProcess, replicaCount: number): Promise<void> {
  for (;;) {
    const replicas = (await command(node, 'NODES')).match(/\bslave\b/g)?.length ?? 0;
    if (replicas === replicaCount && (await command(node, 'INFO')).includes('cluster_state:ok')) return;
    await sleep(50);
  }
}
