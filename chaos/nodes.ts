/** The servers under test: processes that are started, killed, stopped and drained. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { signal } from './processes.ts';

const program = fileURLToPath(new URL('../packages/server/bin/parley.js', import.meta.url));

/** One life of a node's process. */
export interface Life {
  readonly node: number;
  readonly pid: number;
  readonly startedAt: number;
  readonly logFile: string;
  /** When it listened; null: it ended before, or has not got there. */
  readyAt: number | null;
  endedAt: number | null;
  /** How it was asked to end, by us; null: it was not. */
  asked: 'SIGKILL' | 'SIGTERM' | null;
  askedAt: number | null;
  ending: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | null;
}

export interface NodeOptions {
  readonly index: number;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Told of each port that it listens on, a new one after each start. */
  readonly onPort: (port: number) => void;
}

/** One of three equal servers, through all its lives. */
export class ServerNode {
  readonly lives: Life[] = [];
  port = 0;
  readonly #options: NodeOptions;
  #child: ChildProcess | null = null;
  #stopped = false;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  get index(): number {
    return this.#options.index;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isPaused(): boolean {
    return this.#stopped;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves once it says that it is ready. @throws Error if it ends before */
  async start(): Promise<void> {
    const { folder, env, index } = this.#options;
    const logFile = join(folder, `node-${index}-${this.lives.length}.log`);
    const child = spawn(process.execPath, [program, 'start'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const life: Life = {
      node: index,
      pid: child.pid ?? 0,
      startedAt: Date.now(),
      logFile,
      readyAt: null,
      endedAt: null,
      asked: null,
      askedAt: null,
      ending: null,
    };
    // Even where this process is ended in the midst of a run, nothing of it is left behind.
    const leash = (): void => signal(life.pid, 'SIGKILL');
    process.once('exit', leash);
    child.once('exit', () => process.off('exit', leash));
    this.#child = child;
    this.#stopped = false;
    this.lives.push(life);
    child.once('exit', (code, signalName) => {
      life.endedAt = Date.now();
      life.ending = { code, signal: signalName };
      if (this.#child === child) this.#child = null;
    });
    this.port = await portOf(child, logFile);
    life.readyAt = Date.now();
    this.#options.onPort(this.port);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Drains: resolves when the process has ended. */
  async terminate(): Promise<void> {
    await this.#end('SIGTERM');
  }

  pause(): void {
    if (this.#child === null) return;
    this.#stopped = true;
    signal(this.pid, 'SIGSTOP');
  }

  resume(): void {
    if (this.#child !== null && this.#stopped) signal(this.pid, 'SIGCONT');
    this.#stopped = false;
  }

  async #end(name: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    const life = this.lives.at(-1);
    if (child === null || life === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    life.asked = name;
    life.askedAt = Date.now();
    child.kill(name);
    if (name === 'SIGKILL' && this.#stopped) this.resume();
    await ended;
  }
}

/** Where it listens, as its own output says; all of that goes on to the file. */
async function portOf(child: ChildProcess, logFile: string): Promise<number> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('a node has no output');
  const file = createWriteStream(logFile);
  stderr.pipe(file, { end: false });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const lines = createInterface({ input: stdout });
  lines.on('line', (line) => {
    file.write(`${line}\n`);
    const port = /^Parley is ready on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) resolve(Number(port));
  });
  child.once('close', () => {
    file.end();
    reject(new Error(`a node ended before it was ready; see ${logFile}`));
  });
  return promise;
}
