/**
 * The image decoder: a process of its own, started by `thumbnails.ts`. It knows no secret, keeps nothing, and ends with
 * whoever started it.
 */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { isTooLarge } from './image-cost.ts';
import type { FromDecoder, ToDecoder } from './thumbnail-protocol.ts';

const side = 320;

sharp.concurrency(1);
sharp.cache(false);
// Only the formats that are let in: everything else that libvips can read is attack surface.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Nsgif', 'Webp', 'Heif'].map((format) => `VipsForeignLoad${format}`),
});

async function decode(bytes: Buffer): Promise<FromDecoder> {
  // Reads no further than the header.
  const header = await sharp(bytes, { limitInputPixels: false }).metadata();
  const { width, height } = {
    width: header.autoOrient.width,
    height: header.pageHeight ?? header.autoOrient.height,
  };
  if (isTooLarge({ ...header, width, height })) return { kind: 'too_large' };
  // Metadata, GPS included, is dropped by sharp unless it is asked to keep it. Of an animation, the first frame is read.
  const thumbnail = await sharp(bytes, {
    limitInputPixels: width * height,
    sequentialRead: true,
    failOn: 'error',
  })
    .autoOrient()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer();
  return { kind: 'picture', width, height, thumbnail };
}

let received: Uint8Array[] = [];

function answer(message: FromDecoder): void {
  process.send?.(message);
}

async function take(message: ToDecoder): Promise<void> {
  if (message.kind === 'bytes') {
    received.push(message.bytes);
    return;
  }
  const bytes = message.kind === 'decode_file' ? await readFile(message.path) : Buffer.concat(received);
  received = [];
  answer(await decode(bytes).catch(() => ({ kind: 'undecodable' }) as const));
}

// A file that can't be read is no fault of the image: this process then fails, and its last words say why.
process.on('message', (message: ToDecoder) => void take(message));

// A terminal or a supervisor signals the whole group; the server decides when work ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

// The hard way: an orderly exit would wait for the image that is being decoded.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
