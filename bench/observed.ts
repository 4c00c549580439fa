/** Loaded into each server that is measured, before anything of its own: tells how much memory it has in use. */
process.on('message', () => {
  // Of the kind that gives pages back: the room for what is young belongs to no socket.
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heap: heapUsed, external });
});
// The listener is to keep nobody from ending.
process.channel?.unref();
