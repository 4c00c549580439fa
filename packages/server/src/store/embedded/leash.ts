import { once } from 'node:events';
import type { Launcher } from './launcher.ts';

/**
 * A shell that leaves a watcher behind and becomes Postgres itself, in a session of its own. The watcher reads a pipe
 * whose other end only the server holds: when that ends without a word, the server is dead, however it died, and
 * Postgres is shut down (fast; after 30 s at once, which loses nothing either: it recovers at its next start).
 * The watcher is started twice removed, so that Postgres does not find a child that it never made.
 */
const script = `
exec 3<&0 </dev/null
( (
  trap '' HUP INT TERM
  exec >/dev/null 2>&1
  read -r word <&3 && exit
  kill -INT $$ || exit
  for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    sleep 1
    kill -0 $$ || exit
  done
  kill -QUIT $$
) & )
exec 3<&-
exec "$@"
`;

export interface Leashed {
  readonly pid: number;
  /** How it ended, in words. Never rejects. */
  readonly exited: Promise<string>;
  /** `SIGINT`: Postgres' fast shutdown. `SIGQUIT`: at once. */
  signal(name: 'SIGINT' | 'SIGQUIT'): void;
}

/**
 * Starts `command` so that it never outlives this process. Its output goes to the file descriptor `log`.
 * @throws Error if it can't be started
 */
export async function startLeashed(
  launcher: Launcher,
  command: string,
  args: readonly string[],
  log: number,
): Promise<Leashed> {
  const child = launcher.launch('/bin/sh', ['-c', script, 'parley-postgres', command, ...args], {
    stdio: ['pipe', log, log],
    detached: true,
  });
  await once(child, 'spawn');
  // Broken only when the watcher was killed; the next start then finds what it would have stopped.
  child.stdin?.on('error', () => undefined);
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      child.stdin?.end('done\n');
      resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`);
    });
  });
  return {
    // Set once it has spawned.
    pid: child.pid ?? 0,
    exited,
    signal: (name) => void child.kill(name),
  };
}
