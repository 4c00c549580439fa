import type { RedisClient } from './redis.ts';

/** Slots from `first` to `last`, and the master that has them. An empty host is that by which the cluster was found. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly host: string;
  readonly port: number;
}

export const slotCount = 16_384;

/**
 * Which slots of a cluster are where, as one of its nodes knows it.
 * @throws if none answers
 */
export async function readSlots(client: RedisClient): Promise<SlotRange[]> {
  const args = ['CLUSTER', 'SLOTS'];
  const reply: unknown = await ('masters' in client
    ? client.sendCommand(undefined, true, args)
    : client.sendCommand(args));
  if (!Array.isArray(reply)) throw new Error('CLUSTER SLOTS answered no list');
  return reply.flatMap(readRange);
}

function readRange(entry: unknown): SlotRange[] {
  if (!Array.isArray(entry)) return [];
  const items: unknown[] = entry;
  const [first, last, master] = items;
  if (typeof first !== 'number' || typeof last !== 'number' || !Array.isArray(master)) return [];
  const node: unknown[] = master;
  const [host, port] = node;
  // Null or `?`: a node that does not know its own name.
  const name = typeof host !== 'string' || host === '?' ? '' : host;
  return typeof port === 'number' ? [{ first, last, host: name, port }] : [];
}

/** The slot of a hash tag: CRC-16/XMODEM over its bytes. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc % slotCount;
}
