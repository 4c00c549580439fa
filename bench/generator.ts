import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpuOf } from './program.ts';

/** A load generator, in a process of its own, so that what it costs is not counted as the server's. */
export interface Generator<Commands extends CommandTable> {
  readonly pid: number;
  call<Name extends keyof Commands>(
    name: Name,
    ...args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>>;
  /** Microseconds of CPU used so far. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- of any commands, whatever they take
export type CommandTable = Record<string, (...args: any[]) => unknown>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string });

/** Room for all that a round leaves behind: while a generator collects its garbage, what arrives looks late. */
const withoutPauses = ['--min-semi-space-size=64', '--max-semi-space-size=64'];

/** Starts a program of `load/` that calls `serveCommands`. */
export function startGenerator<Commands extends CommandTable>(file: string): Generator<Commands> {
  const child = fork(new URL(`load/${file}`, import.meta.url), {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...withoutPauses],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  child.on('message', (message) => {
    const answer = message as Answer;
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) call?.reject(new Error(`${file}: ${answer.error}`));
    else call?.resolve(answer.value);
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    call: (name, ...args) => {
      const call = Promise.withResolvers<unknown>();
      const id = ++calls;
      waiting.set(id, call);
      child.send({ id, name: String(name), args } satisfies Request);
      return call.promise as ReturnType<typeof call.promise.then<never>>;
    },
    cpu: () => cpuOf(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** To be called once by a load generator: carries out what it is told, one answer a call. */
export function serveCommands(commands: CommandTable): void {
  process.on('message', (message) => {
    const { id, name, args } = message as Request;
    const run = async () => commands[name]?.(...args);
    run().then(
      (value) => process.send?.({ id, value } satisfies Answer),
      (error: unknown) =>
        process.send?.({
          id,
          error: error instanceof Error ? error.message : String(error),
        } satisfies Answer),
    );
  });
  process.on('disconnect', () => process.exit());
}

/** Microseconds of a clock that all processes of a machine share. */
export const sharedNow = (): number => Number(process.hrtime.bigint() / 1000n);
