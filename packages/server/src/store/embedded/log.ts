import { closeSync, openSync } from 'node:fs';
import { copyFile, open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of Postgres' log at which it is set aside as `postgres.log.1`, and how often that is looked at. */
const maxBytes = 4 * 1024 * 1024;
const checkMs = 60_000;

/** Postgres' log: a file of bounded size that outlives both Postgres and the server. */
export interface PostgresLog {
  readonly path: string;
  readonly descriptor: number;
  size(): Promise<number>;
  /** What was written from that byte on. */
  readFrom(start: number): Promise<string>;
  close(): void;
}

export async function openLog(dataDir: string): Promise<PostgresLog> {
  const path = join(dataDir, 'postgres.log');
  const descriptor = openSync(path, 'a', 0o600);
  await bound(path);
  const timer = setInterval(() => void bound(path), checkMs).unref();
  return {
    path,
    descriptor,
    size: async () => (await stat(path)).size,
    readFrom: (start) => readFrom(path, start),
    close() {
      clearInterval(timer);
      closeSync(descriptor);
    },
  };
}

/** Copies and empties: Postgres holds the file open for appending and goes on at its new end. */
export async function bound(path: string, limit = maxBytes): Promise<void> {
  try {
    if ((await stat(path)).size <= limit) return;
    await copyFile(path, `${path}.1`);
  } catch {
    // It can't be copied, for example on a full disk: the room matters more than old lines.
  }
  await truncate(path).catch(() => undefined);
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(Math.max(size - start, 0), 64 * 1024);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
