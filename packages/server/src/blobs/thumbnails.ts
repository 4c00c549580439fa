import type { Picture, Thumbnailer } from '../messaging/attachment.ts';
import { Refusal } from '../messaging/refusal.ts';
import { Decoder } from './decoder.ts';
import { FairQueue, type FairQueueOptions } from './fair-queue.ts';
import type { FromDecoder } from './thumbnail-protocol.ts';

export interface ThumbnailsOptions {
  /** Milliseconds without work after which the decoder is ended. */
  readonly idleMs?: number;
  /** Milliseconds that one image may take, once it is its turn. */
  readonly timeoutMs?: number;
  readonly queue?: FairQueueOptions;
  /**
   * Where a blob lies, if that is on this machine: the decoder then reads it by itself, and its bytes don't pass
   * through the server's memory once more.
   */
  readonly pathOf?: (key: string) => string;
  /** The decoder's program. */
  readonly program?: URL;
}

export interface Thumbnails extends Thumbnailer {
  /** The decoder's process id while there is one. */
  readonly pid: number | undefined;
  /** Ends the decoder; what is in work or waiting is refused as `unavailable`. */
  close(): Promise<void>;
}

const decodable: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'image/avif',
]);

/** Beside this file, and like it TypeScript in the sources and JavaScript once built. */
const worker = new URL(`./thumbnail-worker${import.meta.url.slice(-3)}`, import.meta.url);

/**
 * Decodes images in one process of its own, which is started when there is work and ended when there is none for a
 * while. So the server never loads the image library: its memory stays flat, and an image made to break a decoder
 * breaks only that. Uploaders get their turns fairly, and nobody waits for long: they are asked to come again.
 */
export function createThumbnails(options: ThumbnailsOptions = {}): Thumbnails {
  const { idleMs = 10_000, timeoutMs = 5000, pathOf, program = worker } = options;
  let decoder: Decoder | null = null;
  let idle: NodeJS.Timeout | undefined;
  const queue = new FairQueue(options.queue);
  let closed = false;

  const end = (): Promise<void> | undefined => {
    clearTimeout(idle);
    const ended = decoder?.end();
    decoder = null;
    return ended;
  };

  const decode = async (key: string, open: () => Promise<AsyncIterable<Uint8Array>>): Promise<Picture> => {
    if (closed) throw new Refusal('unavailable', { cause: new Error('The image decoder is closed') });
    clearTimeout(idle);
    const image = pathOf === undefined ? { bytes: await open() } : { path: pathOf(key) };
    if (decoder === null || decoder.hasEnded) decoder = new Decoder(program);
    try {
      return pictureOf(await decoder.decode(image, timeoutMs));
    } finally {
      idle = setTimeout(() => void end(), idleMs).unref();
    }
  };

  return {
    decodes: (contentType) => decodable.has(contentType),
    picture: ({ blobKey, uploaderId }, open) => queue.run(uploaderId, () => decode(blobKey, open)),
    get pid() {
      return decoder?.pid;
    },
    async close() {
      closed = true;
      await end();
      await queue.settled();
    },
  };
}

function pictureOf(answer: FromDecoder): Picture {
  if (answer.kind === 'picture') return answer;
  throw new Refusal(answer.kind === 'too_large' ? 'file_too_large' : 'file_type_not_allowed');
}
