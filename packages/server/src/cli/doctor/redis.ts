import { createClient, createCluster } from 'redis';
import type { Config } from '../../config.ts';
import { finding, patienceMs, type Finding } from './finding.ts';

const subject = 'Redis';
/** The first with sharded pub/sub. */
const leastVersion = 7;

export async function checkRedis({ redis }: Config): Promise<Finding> {
  if (redis === null)
    return { level: 'note', subject, text: 'not configured: limits and events stay on this one node' };
  return finding(subject, 'check REDIS_URL, and that this machine can reach it', async () => {
    const version = /redis_version:(\S+)/.exec(await readInfo(redis))?.[1] ?? 'unknown';
    return Number.parseInt(version, 10) >= leastVersion
      ? { level: 'good', subject, text: `Redis ${version} answers` }
      : {
          level: 'broken',
          subject,
          text: `Redis ${version} is too old`,
          mend: `use Redis ${leastVersion} or newer`,
        };
  });
}

async function readInfo({ url, cluster }: NonNullable<Config['redis']>): Promise<string> {
  const socket = { connectTimeout: patienceMs, reconnectStrategy: false } as const;
  if (!cluster) {
    const client = createClient({ url, socket });
    // Told by what is awaited below, too.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.info('server');
    } finally {
      client.destroy();
    }
  }
  const nodes = createCluster({ rootNodes: [{ url }], defaults: { socket } });
  nodes.on('error', () => undefined);
  try {
    await nodes.connect();
    const [node] = nodes.masters;
    if (node === undefined) throw new Error('the cluster names no primary');
    const client = await nodes.nodeClient(node);
    return await client.info('server');
  } finally {
    nodes.destroy();
  }
}
