import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Config } from './config.ts';
import { serve, type Running } from './serve.ts';

/** Milliseconds after which it stops whatever is at work: less than an orchestrator's usual patience of 30 s. */
const stopMs = 20_000;
/** Milliseconds: a Ctrl-C under npm comes twice: from the terminal, and passed on by npm. */
const sameSignalMs = 500;
/**
 * By how much old objects may grow until they are collected again. After a collection that gives memory back V8 keeps
 * that at so little that the young generation alone, of 32 MB, had it collect everything every two to six seconds.
 */
const growingPercent = 200;

/**
 * The process: serves, says so, and stops on SIGTERM or Ctrl-C, also in the midst of its start. A second signal ends it
 * at once.
 * @throws Error with a sentence for an operator, if it can't start or go on
 */
export async function start(config: Config): Promise<void> {
  const stopped = stopSignal();
  const running = await serve(config);
  giveMemoryBack();
  if (!stopped.aborted) console.log(readyLine(running, config));
  try {
    await Promise.race([untilAborted(stopped), running.failed]);
  } finally {
    const deadline = setTimeout(() => process.exit(1), stopMs);
    await running.close();
    clearTimeout(deadline);
  }
}

/**
 * Collects what starting has left behind, and hands its pages to the system, which V8 does by itself only when memory is
 * short: the server then idles at 120 MB in place of 160. It takes 70 ms. What is young gets its room back with use; in a
 * room that is kept small it is collected four times as often, and a good part of it grows old there.
 */
function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the flag puts into a new context
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** Aborted at the first signal to stop. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let first: number | null = null;
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      first ??= performance.now();
      if (performance.now() - first > sameSignalMs) process.exit(1);
      controller.abort();
    });
  return controller.signal;
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

function readyLine({ origin }: Running, { identity }: Config): string {
  const docs = `API reference: ${origin}/docs`;
  if (identity.kind === 'tokens') return `Parley is ready on ${origin}\n${docs}`;
  return `Parley is ready on ${origin}\nDemo mode: POST ${origin}/demo/token gives anybody a token. ${docs}`;
}
