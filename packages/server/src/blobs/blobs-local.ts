import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { BlobRange, BlobStore } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import { blobPath } from './blob-key.ts';
import { isMissing, onDisk } from './disk.ts';
import { Incoming } from './incoming.ts';

export interface LocalBlobs extends BlobStore {
  /** Where a blob lies, for a program on this machine. */
  pathOf(key: string): string;
}

/**
 * Keeps blobs as files under `directory`, which is made when first needed. A blob is written beside its place and
 * then moved there, so that under its key there is all of it or nothing, whenever the machine stops. What the disk
 * refuses (no space, no permission) is a Refusal `unavailable`.
 */
export function createLocalBlobs(directory: string): LocalBlobs {
  const incoming = new Incoming(join(directory, 'incoming'));
  const files = join(directory, 'files');
  const pathOf = (key: string): string => join(files, blobPath(key));

  return {
    pathOf,

    async put(key, source) {
      const target = pathOf(key);
      await incoming.use(async (temporary) => {
        await write(temporary, source);
        await onDisk(() => moveDurably(temporary, target, directory));
      });
    },

    async get(key, range) {
      const path = pathOf(key);
      const handle = await open(path).catch((error: unknown) => {
        throw new Refusal(isMissing(error) ? 'file_not_found' : 'unavailable', { cause: error });
      });
      return handle.createReadStream(boundsOf(range));
    },

    async remove(key) {
      const path = pathOf(key);
      await onDisk(() => rm(path, { force: true }));
    },

    async check() {
      try {
        await incoming.sweep();
        await incoming.use((temporary) => write(temporary, probe()));
      } catch (error) {
        const cause = error instanceof Refusal ? error.cause : error;
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`Files cannot be written under ${directory}: ${reason}`, { cause: error });
      }
    },
  };
}

const boundsOf = (range: BlobRange | undefined) =>
  range === undefined ? {} : { start: range.start, end: range.end };

async function* probe() {
  yield Buffer.from('Parley can write here.\n');
}

/** Durable once it resolves. What `source` throws is thrown on as it is. */
async function write(path: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await onDisk(async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, 'wx', 0o600);
  });
  try {
    for await (const chunk of source) await onDisk(() => handle.writeFile(chunk));
    await onDisk(() => handle.sync());
  } finally {
    await onDisk(() => handle.close());
  }
}

async function moveDurably(from: string, to: string, root: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await rename(from, to);
  for (const folder of foldersUpTo(root, dirname(to))) await syncFolder(folder);
}

/** `folder` and those above it, up to `root`: a new folder's name is durable once the folder around it is. */
function foldersUpTo(root: string, folder: string): string[] {
  const depth = relative(root, folder).split(sep).length;
  return Array.from({ length: depth + 1 }, (_, level) => join(folder, ...Array<string>(level).fill('..')));
}

async function syncFolder(path: string): Promise<void> {
  // Windows can't; its file systems journal names by themselves.
  if (process.platform === 'win32') return;
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
