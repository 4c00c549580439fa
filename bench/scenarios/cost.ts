import type { Sample } from '../figures.ts';
import { cpuOf, cpuOfFamily, type Program } from '../program.ts';
import type { Stage } from '../stage.ts';

/** Whose CPU a scenario of a server is about, for `metered`: the server's, Postgres' apart, and that of all who load it. */
export const usersOf = (
  stage: Stage,
  { pid }: Pick<Program, 'pid'>,
  ...generators: readonly { cpu(): Promise<number> }[]
) => ({
  server: () => cpuOf(pid),
  postgres: () => cpuOfFamily(stage.postgresPid),
  generators: async () => {
    const used = await Promise.all(generators.map((generator) => generator.cpu()));
    return used.reduce((sum, each) => sum + each, 0);
  },
});

type Used = Readonly<Record<keyof ReturnType<typeof usersOf>, number>>;

/** The CPU of one operation of so many. */
export const costOf = (count: number, { server, postgres, generators }: Used): Sample => ({
  'server µs': server / count,
  'Postgres µs': postgres / count,
  'generators µs': generators / count,
});

/** What a load made of operations: how many a second, what one took, and what it cost. */
export const sampleOf = (
  { count, seconds, p50, p99 }: { count: number; seconds: number; p50: number; p99: number },
  used: Used,
): Sample => ({ 'rate/s': count / seconds, 'p50 ms': p50, 'p99 ms': p99, ...costOf(count, used) });
