import { expect, test } from 'vitest';
import { isTooLarge, type ImageHeader } from './image-cost.ts';

const header = (shape: Partial<ImageHeader>): ImageHeader => ({
  format: 'png',
  width: 100,
  height: 100,
  channels: 3,
  depth: 'uchar',
  isProgressive: false,
  ...shape,
});

const megapixels = (count: number) => {
  const side = Math.floor(Math.sqrt(count * 1_000_000));
  return { width: side, height: side };
};

test.for<[string, Partial<ImageHeader>]>([
  ['a photo of 48 megapixels', { format: 'jpeg', width: 8064, height: 6048 }],
  ['a photo of 60 megapixels', { format: 'jpeg', ...megapixels(60) }],
  ['a progressive photo of 24 megapixels', { format: 'jpeg', isProgressive: true, ...megapixels(24) }],
  ['a PNG of 48 megapixels', { width: 8064, height: 6048 }],
  ['a screenshot of 8K with transparency', { width: 7680, height: 4320, channels: 4 }],
  ['a long screenshot', { width: 1170, height: 30_000, channels: 4 }],
  ['a GIF of 4K', { format: 'gif', width: 3840, height: 2160, channels: 4 }],
  ['an AVIF of 4K', { format: 'heif', width: 3840, height: 2160 }],
])('%s is let in', ([, shape]) => {
  expect(isTooLarge(header(shape))).toBe(false);
});

test.for<[string, Partial<ImageHeader>]>([
  ['a photo of 70 megapixels', { format: 'jpeg', ...megapixels(70) }],
  ['a progressive photo of 48 megapixels', { format: 'jpeg', isProgressive: true, ...megapixels(48) }],
  ['16 bits a sample', { width: 8192, height: 8192, channels: 4, depth: 'ushort' }],
  ['an interlaced PNG of 30 megapixels', { ...megapixels(30), channels: 1, isProgressive: true }],
  ['48 megapixels with transparency', { ...megapixels(48), channels: 4 }],
  ['a strip', { width: 1_000_000, height: 1 }],
  ['an AVIF of 24 megapixels', { format: 'heif', ...megapixels(24) }],
])('%s is too large', ([, shape]) => {
  expect(isTooLarge(header(shape))).toBe(true);
});
