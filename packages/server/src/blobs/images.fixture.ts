/** Pictures for tests: well-formed ones, and those that a stranger might send. */
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

const canvas = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 80, b: 20 } } });

export const png = (width = 640, height = 480): Promise<Buffer> => canvas(width, height).png().toBuffer();

/** A photo as a phone takes it: on its side, turned by its metadata, which also says where it was taken. */
export const phonePhoto = (): Promise<Buffer> =>
  canvas(800, 600)
    .jpeg()
    .withMetadata({ orientation: 6 })
    .withExif({
      IFD0: { Make: 'Phone' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 12/1', GPSLongitudeRef: 'E' },
    })
    .toBuffer();

/** Two frames, the first red and the second blue. */
export async function animatedGif(): Promise<Buffer> {
  const frame = (background: string) =>
    sharp({ create: { width: 40, height: 30, channels: 3, background } })
      .png()
      .toBuffer();
  return sharp([await frame('#f00'), await frame('#00f')], { join: { animated: true } })
    .gif()
    .toBuffer();
}

export interface PngShape {
  readonly width: number;
  readonly height: number;
  /** Of a sample. */
  readonly bits: 1 | 8 | 16;
  /** Grey, or red, green and blue; with or without transparency. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly interlaced?: boolean;
}

/** How a PNG writes its number of channels. */
const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/** The seven passes of an interlaced PNG: the first column and row of each, and its steps. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A well-formed PNG of one colour: it takes a thousandth of what it unfolds to. */
export function blankPng({ width, height, bits, channels, interlaced = false }: PngShape): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(bits, 8);
  header.writeUInt8(colourTypes[channels], 9);
  header.writeUInt8(interlaced ? 1 : 0, 12);
  const sizeOf = (columns: number, rows: number): number =>
    columns === 0 ? 0 : rows * (Math.ceil((columns * channels * bits) / 8) + 1);
  const size = interlaced
    ? passes
        .map(([x, y, dx, dy]) => sizeOf(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)))
        .reduce((sum, pass) => sum + pass)
    : sizeOf(width, height);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(size))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A few kilobytes that unfold to `side` × `side` pixels. */
export const bomb = (side: number): Buffer => blankPng({ width: side, height: side, bits: 1, channels: 1 });

/** Of each kind the picture that takes the decoder the most memory and is let in all the same. */
export async function* heaviest(): AsyncGenerator<readonly [name: string, image: Buffer]> {
  yield ['interlaced', blankPng({ width: 4344, height: 4344, bits: 8, channels: 4, interlaced: true })];
  yield ['wide', blankPng({ width: 32_768, height: 1152, bits: 8, channels: 4 })];
  yield ['wide, of 16 bits', blankPng({ width: 32_768, height: 384, bits: 16, channels: 4 })];
  yield [
    'wide, interlaced',
    blankPng({ width: 32_768, height: 576, bits: 8, channels: 4, interlaced: true }),
  ];
  yield [
    'progressive',
    await canvas(5016, 5016).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  ];
  yield ['AVIF', await canvas(3170, 3170).avif({ effort: 0 }).toBuffer()];
  yield ['GIF', await canvas(6144, 6144).gif({ effort: 1 }).toBuffer()];
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
