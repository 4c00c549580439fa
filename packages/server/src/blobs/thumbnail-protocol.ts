/** What the server and its image decoder say to each other. */

/** To the decoder: an image's bytes in pieces, then `decode`; or where its file lies. */
export type ToDecoder =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'decode' }
  | { readonly kind: 'decode_file'; readonly path: string };

export type FromDecoder =
  | {
      readonly kind: 'picture';
      readonly width: number;
      readonly height: number;
      readonly thumbnail: Uint8Array;
    }
  | { readonly kind: 'undecodable' }
  | { readonly kind: 'too_large' };

/** Far more than a thumbnail takes; an answer beyond it is no thumbnail. */
const maxThumbnailBytes = 1024 * 1024;

/**
 * Reads an answer of the decoder, null where it is none. The decoder handles what strangers send, so that it may say
 * anything by the time it speaks.
 */
export function readAnswer(value: unknown): FromDecoder | null {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return null;
  if (value.kind === 'undecodable' || value.kind === 'too_large') return { kind: value.kind };
  if (value.kind !== 'picture' || !('width' in value && 'height' in value && 'thumbnail' in value))
    return null;
  const { width, height, thumbnail } = value;
  if (!isLength(width) || !isLength(height) || !isThumbnail(thumbnail)) return null;
  return { kind: 'picture', width, height, thumbnail };
}

const isLength = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

/** Whether it begins as a WebP does. */
const isThumbnail = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array &&
  value.length <= maxThumbnailBytes &&
  Buffer.from(value.subarray(0, 4)).toString('latin1') === 'RIFF' &&
  Buffer.from(value.subarray(8, 12)).toString('latin1') === 'WEBP';
