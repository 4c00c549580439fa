import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { codeOf, isMissing } from './disk.ts';

/** After this long, in milliseconds, even a file of a machine that we know nothing of is nobody's any more. */
const forgottenAfterMs = 24 * 60 * 60_000;

/** Names in use by this process, in whichever store. */
const inUse = new Set<string>();

/**
 * A folder of files that are being written. Each is named after the machine and the process that writes it, so that
 * another server on the same folder can tell what a crash left from what is on its way.
 */
export class Incoming {
  readonly #folder: string;
  readonly #host = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-');

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Runs `work` with a path in the folder, at which nothing is left afterwards. */
  async use(work: (path: string) => Promise<void>): Promise<void> {
    const name = `${this.#host}.${process.pid}.${randomUUID()}`;
    const path = join(this.#folder, name);
    inUse.add(name);
    try {
      await work(path);
      await rm(path, { force: true });
    } catch (error) {
      // What went wrong first is what matters; a file that can't be removed now is swept later.
      await rm(path, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      inUse.delete(name);
    }
  }

  /** Removes what crashed processes left. */
  async sweep(): Promise<void> {
    for (const name of await this.#names()) {
      if (await this.#isLeft(name)) await rm(join(this.#folder, name), { force: true });
    }
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async #isLeft(name: string): Promise<boolean> {
    const [host, pid] = name.split('.');
    if (host !== this.#host) return this.#isForgotten(name);
    return Number(pid) === process.pid ? !inUse.has(name) : !isAlive(Number(pid));
  }

  async #isForgotten(name: string): Promise<boolean> {
    try {
      return (await stat(join(this.#folder, name))).mtimeMs < Date.now() - forgottenAfterMs;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
}

/** Whether there is such a process; one of somebody else's (EPERM) is alive too. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}
