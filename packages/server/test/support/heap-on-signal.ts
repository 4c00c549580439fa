/** Loaded before a server under test, which runs with `--expose-gc`: on SIGUSR2 it prints the bytes of its heap in use. */
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  process.stdout.write(`heap ${process.memoryUsage().heapUsed}\n`);
});
