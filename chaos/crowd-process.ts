import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Crowd } from './crowd.ts';

interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** A process of clients, asked from the main one. */
export class CrowdProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #count = 0;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('crowd.ts', import.meta.url)), {
      execArgv: ['--max-old-space-size=2048'],
      serialization: 'advanced',
    });
    this.#child.on('message', (message: Answer) => this.#take(message));
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the clients have died'));
    });
  }

  async ask<M extends keyof Crowd>(
    method: M,
    ...args: Parameters<Crowd[M]>
  ): Promise<Awaited<ReturnType<Crowd[M]>>> {
    const waiting = Promise.withResolvers<unknown>();
    const id = this.#count++;
    this.#waiting.set(id, waiting);
    if (!this.#child.connected) throw new Error('the clients have died');
    this.#child.send({ id, method, args });
    return (await waiting.promise) as Awaited<ReturnType<Crowd[M]>>;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  #take({ id, answer, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(error));
  }
}

/** Asks all of them the same, and joins what they answer. */
export async function askAll<M extends keyof Crowd>(
  crowd: readonly CrowdProcess[],
  method: M,
  ...args: Parameters<Crowd[M]>
): Promise<Awaited<ReturnType<Crowd[M]>>[]> {
  return Promise.all(crowd.map((each) => each.ask(method, ...args)));
}
