import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { endChildren, startNode } from '../../test/support/child.ts';
import { conversationId } from '../../test/support/files.ts';

afterEach(endChildren);

const megabyte = 1024 * 1024;
const program = fileURLToPath(new URL('../../test/support/files-server.ts', import.meta.url));

const text = async (size: number) => Buffer.alloc(size, 'text ');

/** Noise doesn't shrink: a PNG of it is as large as its pixels. */
function noise(size: number): Promise<Buffer> {
  const width = Math.floor(Math.sqrt(size / 3));
  return sharp(randomBytes(width * width * 3), { raw: { width, height: width, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

async function upload(url: string, bytes: Buffer): Promise<void> {
  const form = new FormData();
  form.append('file', new Blob([Uint8Array.from(bytes)]), 'a');
  const address = `${url}/api/conversations/${conversationId}/upload`;
  const { status } = await fetch(address, { method: 'POST', body: form, headers: { 'x-user': 'ann' } });
  expect(status).toBe(201);
}

const peak = async (url: string): Promise<number> =>
  JSON.parse(await (await fetch(`${url}/memory`)).text()).peak;

// Again, since V8 sometimes enlarges its own heap meanwhile; a file that is held fails every time.
test.for([
  ['text', 10, text],
  ['text', 60, text],
  ['picture', 10, noise],
] as const)(
  'a %s of %d MB does not pass through the server’s memory',
  { retry: 2 },
  async ([, size, make]) => {
    const server = startNode(program, [String(64 * megabyte)]);
    const url = await server.line();
    // Whatever the first uploads load and compile is not the file.
    const small = await make(100_000);
    for (let count = 0; count < 20; count++) await upload(url, small);
    const large = await make(size * megabyte);
    const before = await peak(url);
    await upload(url, large);
    const grown = (await peak(url)) - before;
    server.process.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0 });
    expect(grown).toBeLessThan(7 * megabyte);
  },
);
