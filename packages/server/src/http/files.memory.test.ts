import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { endChildren, startNode } from '../../test/support/child.ts';
import { conversationId } from '../../test/support/files.ts';

afterEach(endChildren);

const megabyte = 1024 * 1024;
const program = fileURLToPath(new URL('../../test/support/files-server.ts', import.meta.url));

/** Noise doesn't shrink: a PNG of it is as large as its pixels. */
const largePng = () =>
  sharp(randomBytes(1900 * 1700 * 3), { raw: { width: 1900, height: 1700, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();

async function upload(url: string, bytes: Buffer): Promise<void> {
  const form = new FormData();
  form.append('file', new Blob([Uint8Array.from(bytes)]), 'a');
  const address = `${url}/api/conversations/${conversationId}/upload`;
  const { status } = await fetch(address, { method: 'POST', body: form, headers: { 'x-user': 'ann' } });
  expect(status).toBe(201);
}

const peak = async (url: string): Promise<number> => JSON.parse(await (await fetch(`${url}/memory`)).text()).peak;

test.for([
  ['text', 10, () => Buffer.alloc(10 * megabyte, 'text ')],
  ['text', 60, () => Buffer.alloc(60 * megabyte, 'text ')],
  ['picture', 10, largePng],
] as const)('a %s of %d MB does not pass through the server’s memory', async ([, , make]) => {
  const server = startNode(program, [String(64 * megabyte)]);
  const url = await server.line();
  const bytes = await make();
  // Whatever is loaded or compiled for the first upload is not the file.
  for (let count = 0; count < 20; count++) await upload(url, bytes.subarray(0, 0).length === 0 ? await small(bytes) : bytes);
  const before = await peak(url);
  await upload(url, bytes);
  expect((await peak(url)) - before).toBeLessThan(7 * megabyte);
});
