import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** A server that is measured, in a process of its own. */
export interface Program {
  readonly port: number;
  readonly pid: number;
  /** Collects its garbage, and answers the bytes of memory that it then has in use. */
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

export interface Memory {
  /** As the system counts it. */
  readonly rss: number;
  /** Of JavaScript, and of what belongs to its objects (buffers, sockets). */
  readonly heap: number;
  readonly external: number;
}

/** Starts a program of ours or of a peer, which says in a line where it listens. */
export async function startProgram(
  file: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<Program> {
  const observer = new URL('observed.ts', import.meta.url).href;
  const path = new URL(file, import.meta.url).pathname;
  const child = spawn(process.execPath, ['--expose-gc', '--import', observer, path, 'start'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const listening = Promise.withResolvers<number>();
  if (child.stdout === null) throw new Error('its output is piped');
  createInterface(child.stdout).on('line', (line) => {
    const address = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
    if (address !== null) listening.resolve(Number(address[1]));
    // A run in which the server complains measures something else than it says.
    if (/"level":"?(50|60|40|warn|error|fatal)/.test(line)) console.error(line);
  });
  child.once('exit', (code) => listening.reject(new Error(`${file} ended with ${code}`)));
  const port = await listening.promise;
  return {
    port,
    pid: child.pid ?? 0,
    memory: async () => {
      child.send('memory');
      const [answer] = (await once(child, 'message')) as [Memory];
      return answer;
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Microseconds of CPU that a process has used, its own and the system's for it. */
export async function cpuOf(pid: number): Promise<number> {
  const [user = 0, system = 0] = await ticksOf(pid);
  return (user + system) * 10_000;
}

/** Microseconds of CPU that a process and all that descend from it have used, those that ended included. */
export async function cpuOfFamily(pid: number): Promise<number> {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    const fields = /^\d+$/.test(entry) ? await statOf(Number(entry)) : null;
    if (fields !== null) parents.set(Number(entry), Number(fields[1]));
  }
  const family = [pid];
  for (const member of family)
    for (const [child, parent] of parents) if (parent === member) family.push(child);
  const used = await Promise.all(family.map(ticksOf));
  return used.flat().reduce((sum, ticks) => sum + ticks, 0) * 10_000;
}

/** Of itself (user, system) and of its children that ended (the same). */
async function ticksOf(pid: number): Promise<number[]> {
  const fields = await statOf(pid);
  return fields === null ? [0, 0, 0, 0] : fields.slice(11, 15).map(Number);
}

/** The fields of a process from its state on; null if it has ended. */
async function statOf(pid: number): Promise<string[] | null> {
  try {
    return (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? null;
  } catch {
    return null;
  }
}

/** Does something, and answers the microseconds of CPU that each of these used meanwhile. */
export async function metered<Name extends string, Result>(
  users: Readonly<Record<Name, () => Promise<number>>>,
  work: () => Promise<Result>,
): Promise<{ result: Result; used: Record<Name, number> }> {
  const names = Object.keys(users) as Name[];
  const look = () => Promise.all(names.map((name) => users[name]()));
  const before = await look();
  const result = await work();
  const after = await look();
  const used = names.map((name, n) => [name, (after[n] ?? NaN) - (before[n] ?? NaN)] as const);
  return { result, used: Object.fromEntries(used) as Record<Name, number> };
}
