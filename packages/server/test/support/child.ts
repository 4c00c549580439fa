import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program under test: its lines as they come, and its end. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The next line of its standard output; rejects if it ends without one. */
  line(): Promise<string>;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

const running = new Set<ChildProcess>();

/** Starts a TypeScript file on this Node. Whatever still runs at the end is ended by `endChildren`. */
export function startNode(file: string, args: readonly string[] = [], options: SpawnOptions = {}): Child {
  const child = spawn(process.execPath, [file, ...args], { ...options, stdio: 'pipe' });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    pid: child.pid ?? 0,
    async line() {
      const next = await lines.next();
      if (next.done) throw new Error(`The program ended without a line. It said: ${stderr}`);
      return next.value;
    },
    ended: once(child, 'close').then(([code]) => {
      running.delete(child);
      return { code: typeof code === 'number' ? code : null, stdout, stderr };
    }),
  };
}

/** For `afterEach`: no test leaves a process behind. */
export async function endChildren(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }),
  );
}
