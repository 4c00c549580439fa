/** Loaded into each server that is measured, before anything of its own: tells how much memory it has in use. */
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds in which V8 has handed to the system what a collection freed. */
const unmapMs = 1000;

process.on('message', () => void tell());
// The listener is to keep nobody from ending.
process.channel?.unref();

async function tell(): Promise<void> {
  // Of the kind that gives pages back: the room for what is young belongs to no socket.
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  await delay(unmapMs);
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heap: heapUsed, external });
}
