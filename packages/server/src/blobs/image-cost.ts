import type { Metadata } from 'sharp';

/** What an image's header says; of an animation, width and height are those of one frame. */
export type ImageHeader = Pick<Metadata, 'format' | 'channels' | 'depth' | 'isProgressive'> & {
  readonly width: number;
  readonly height: number;
};

/** Pixels, which take time: more than a 60-megapixel camera takes. */
const maxPixels = 8192 * 8192;
/** Of a wide image some hundred rows are in memory at once, however few it has. */
const maxSide = 32_768;
/** 50 megapixels of red, green and blue. The decoder, which has some 65 MB by itself, then stays under 300 MB. */
const maxBytes = 144 * 1024 * 1024;

/** Whether decoding would take more time or memory than we give to one image. Judged by the header alone. */
export const isTooLarge = (image: ImageHeader): boolean =>
  image.width * image.height > maxPixels ||
  Math.max(image.width, image.height) > maxSide ||
  heldBytes(image) > maxBytes;

/**
 * What the decoder must hold of an image at once, in bytes of the pixels that it unfolds to. The factors were measured
 * with libvips 8.18, by the peak of the process; the memory test holds them to it.
 */
function heldBytes({ format, width, height, channels, depth, isProgressive }: ImageHeader): number {
  // Samples of 16 bits are worked on as floating-point numbers.
  const unfolded = width * height * channels * (depth === 'uchar' ? 1 : 3);
  switch (format) {
    case 'jpeg':
      // In one scan it is shrunk while it is read. In several, all coefficients are held, of two bytes each.
      return isProgressive ? 2 * unfolded : 0;
    case 'heif':
      return 5 * unfolded;
    default:
      return unfolded;
  }
}
