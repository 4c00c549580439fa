/** Loaded into each server that is measured, before anything of its own: tells how much memory it has in use. */
process.on('message', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heap: heapUsed, external });
});
// The listener is to keep nobody from ending.
process.channel?.unref();
