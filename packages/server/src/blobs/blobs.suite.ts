/** What every BlobStore must do. Each implementation's test calls this. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BlobStore } from '../messaging/ports.ts';

export interface BlobStoreFixture {
  readonly blobs: BlobStore;
  /** Everything that lies in the store's place, half-written things included. */
  list(): Promise<string[]>;
  close(): Promise<void>;
}

const type = 'application/octet-stream';

export async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

export async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

export function blobStoreSuite(name: string, open: () => Promise<BlobStoreFixture>): void {
  describe(`${name} as a store of blobs`, () => {
    let fixture: BlobStoreFixture;
    let blobs: BlobStore;

    beforeEach(async () => {
      fixture = await open();
      blobs = fixture.blobs;
    });
    afterEach(() => fixture.close());

    test('a file comes back byte for byte', async () => {
      const pieces = Array.from({ length: 40 }, (_, index) => Buffer.alloc(33_333, index));
      await blobs.put('ab/one', chunks(...pieces), type);
      expect(await read(await blobs.get('ab/one'))).toEqual(Buffer.concat(pieces));
    });

    test('a piece of a file is served without the rest', async () => {
      await blobs.put('letters', chunks('abc', 'def', 'ghi'), type);
      const piece = async (start: number, end: number) =>
        String(await read(await blobs.get('letters', { start, end })));
      expect(await piece(0, 0)).toBe('a');
      expect(await piece(2, 6)).toBe('cdefg');
      expect(await piece(8, 8)).toBe('i');
    });

    test('an upload that breaks off leaves nothing, and its reason is not lost', async () => {
      const reason = new Error('The client went away');
      async function* broken() {
        yield Buffer.alloc(100_000);
        throw reason;
      }
      await expect(blobs.put('ab/broken', broken(), type)).rejects.toBe(reason);
      expect(await fixture.list()).toEqual([]);
      await expect(blobs.get('ab/broken')).rejects.toMatchObject({ code: 'file_not_found' });
    });

    test('a file is there in full or not at all, while it is being written', async () => {
      const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      async function* slow() {
        yield Buffer.from('first half');
        begun.resolve();
        await go.promise;
      }
      const written = blobs.put('slow', slow(), type);
      await begun.promise;
      await expect(blobs.get('slow')).rejects.toMatchObject({ code: 'file_not_found' });
      go.resolve();
      await written;
      expect(String(await read(await blobs.get('slow')))).toBe('first half');
    });

    test('uploads at the same moment do not mix', async () => {
      const keys = Array.from({ length: 20 }, (_, index) => `${index % 3}/blob-${index}`);
      await Promise.all(keys.map((key) => blobs.put(key, chunks(key, '+', key), type)));
      for (const key of keys) expect(String(await read(await blobs.get(key)))).toBe(`${key}+${key}`);
    });

    test('a removed file is gone, and may be removed again', async () => {
      await blobs.put('ab/two.thumbnail', chunks('x'), type);
      await blobs.remove('ab/two.thumbnail');
      await blobs.remove('ab/two.thumbnail');
      await expect(blobs.get('ab/two.thumbnail')).rejects.toMatchObject({ code: 'file_not_found' });
      expect(await fixture.list()).toEqual([]);
    });

    test.for([
      '',
      '.',
      '..',
      '../out',
      'a/../../out',
      '/etc/passwd',
      'a//b',
      'a/',
      'a\\..\\b',
      'a\0',
      '.hidden',
      'ü',
    ])('no key reaches outside the store: %j', async (key) => {
      await expect(blobs.put(key, chunks('x'), type)).rejects.toThrow('Not a blob key');
      await expect(blobs.get(key)).rejects.toThrow('Not a blob key');
      await expect(blobs.remove(key)).rejects.toThrow('Not a blob key');
      expect(await fixture.list()).toEqual([]);
    });

    test('checking a working store says nothing and leaves nothing', async () => {
      await blobs.check();
      expect(await fixture.list()).toEqual([]);
    });
  });
}
