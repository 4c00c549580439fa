import type { Metadata } from 'sharp';

/** What an image's header says; of an animation, width and height are those of one frame. */
export type ImageHeader = Pick<Metadata, 'format' | 'channels' | 'depth' | 'isProgressive'> & {
  readonly width: number;
  readonly height: number;
};

/** More pixels than a 60-megapixel camera takes. */
const maxPixels = 8192 * 8192;
/** Of a wide image some hundred rows are in memory at once, however few it has. */
const maxSide = 32_768;
/** 50 megapixels of red, green and blue. The decoder, which has some 65 MB by itself, then stays under 300 MB. */
const maxBytes = 144 * 1024 * 1024;

/** Whether decoding would take more time or memory than we give to one image. Judged by the header alone. */
export const isTooLarge = (image: ImageHeader): boolean =>
  image.width * image.height > maxPixels ||
  Math.max(image.width, image.height) > maxSide ||
  weight(image) > maxBytes;

/**
 * The bytes of the pixels that an image unfolds to, times what the decoder holds of them at once. The factors were
 * measured with libvips 8.18, by the peak of the process; the memory test holds them to it.
 */
function weight({ format, width, height, channels, depth, isProgressive }: ImageHeader): number {
  // Pixels take time even where they are grey; samples of 16 bits are worked on as floating-point numbers.
  const unfolded = width * height * Math.max(channels, 3) * (depth === 'uchar' ? 1 : 3);
  // Interlaced or in several scans, it is held as a whole.
  if (isProgressive) return 2 * unfolded;
  // In one scan, a JPEG is shrunk while it is read.
  if (format === 'jpeg') return 0;
  return format === 'heif' ? 5 * unfolded : unfolded;
}
