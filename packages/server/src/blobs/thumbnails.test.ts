import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chunks } from './blobs.suite.ts';
import { animatedGif, blankPng, bomb, heaviest, phonePhoto, png } from './images.fixture.ts';
import { createThumbnails, type Thumbnails, type ThumbnailsOptions } from './thumbnails.ts';

let directory: string;
let opened: Thumbnails[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-thumbnails-'));
});
afterEach(async () => {
  await Promise.all(opened.map((thumbnails) => thumbnails.close()));
  opened = [];
  await rm(directory, { recursive: true, force: true });
});

function open(options: ThumbnailsOptions = {}): Thumbnails {
  const thumbnails = createThumbnails(options);
  opened.push(thumbnails);
  return thumbnails;
}

/** A decoder that does as told once it has an image. */
async function decoderThat(does: string): Promise<URL> {
  const path = join(directory, 'decoder.mjs');
  await writeFile(
    path,
    `process.on('message', (message) => { if (message.kind === 'decode') { ${does} } });`,
  );
  return pathToFileURL(path);
}

const uploadBy = (uploaderId: string) => ({ blobKey: 'key', uploaderId });
const upload = uploadBy('ann');

/**
 * The real decoder, and the most memory that its process ever had, in MB. The kernel keeps that count, so nothing is
 * missed between two looks. (Where there is no /proc, the count may be that of who started it, which is more.)
 */
async function openWatched(options: ThumbnailsOptions = {}) {
  const [program, told] = [join(directory, 'watched.mjs'), join(directory, 'peak')];
  await writeFile(
    program,
    `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
    const status = '/proc/self/status';
    const peak = () => existsSync(status)
      ? Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync(status, 'utf8'))[1])
      : process.resourceUsage().maxRSS;
    const send = process.send.bind(process);
    process.send = (answer) => {
      writeFileSync(${JSON.stringify(told)}, String(peak() / 1024));
      return send(answer);
    };
    await import(${JSON.stringify(new URL('thumbnail-worker.ts', import.meta.url).href)});`,
  );
  const thumbnails = open({ program: pathToFileURL(program), ...options });
  return { thumbnails, peak: async () => Number(await readFile(told, 'utf8')) };
}

const of = (image: Buffer) => async () => chunks(image);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** How Exif begins an entry about a place: tag 0x8825, of type 4, once. */
const gpsTag = Buffer.from('258804000100', 'hex');

test('a thumbnail is upright, small, and does not say where a photo was taken', async () => {
  const photo = await phonePhoto();
  expect(await sharp(photo).metadata()).toMatchObject({
    width: 800,
    orientation: 6,
    exif: expect.anything(),
  });
  expect((await sharp(photo).metadata()).exif?.includes(gpsTag)).toBe(true);
  const { width, height, thumbnail } = await open().picture(upload, of(photo));
  expect([width, height]).toEqual([600, 800]);
  const shown = await sharp(thumbnail).metadata();
  expect(shown).toMatchObject({ format: 'webp', width: 240, height: 320 });
  for (const kind of ['exif', 'icc', 'iptc', 'xmp', 'orientation']) expect(shown).not.toHaveProperty(kind);
  expect(Buffer.from(thumbnail).includes('EXIF')).toBe(false);
});

test('of an animation, the first picture is shown, in its own size', async () => {
  const { width, height, thumbnail } = await open().picture(upload, of(await animatedGif()));
  expect([width, height]).toEqual([40, 30]);
  const { dominant } = await sharp(thumbnail).stats();
  expect(dominant.r).toBeGreaterThan(200);
  expect(dominant.b).toBeLessThan(60);
});

test.for(['jpeg', 'png', 'gif', 'webp', 'avif'] as const)('%s can be shown', async (format) => {
  const image = await sharp(await png(400, 100))
    .toFormat(format)
    .toBuffer();
  expect(await open().picture(upload, of(image))).toMatchObject({ width: 400, height: 100 });
});

test('a small file that unfolds to a huge picture is refused before it is decoded', async () => {
  const image = bomb(20_000);
  expect(image.length).toBeLessThan(100_000);
  await expect(open().picture(upload, of(image))).rejects.toMatchObject({ code: 'file_too_large' });
});

test('a picture of as many pixels as a good camera takes is not', async () => {
  expect(await open().picture(upload, of(bomb(7000)))).toMatchObject({ width: 7000 });
});

test('what only begins like a picture is refused', async () => {
  const image = await png();
  const thumbnails = open();
  for (const broken of [
    Buffer.from('GIF89a<html><script>alert(1)</script>'),
    Buffer.from('\xff\xd8\xff\xe0<script>alert(1)</script>', 'latin1'),
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    image.subarray(0, image.length / 2),
  ]) {
    await expect(thumbnails.picture(upload, of(broken))).rejects.toMatchObject({
      code: 'file_type_not_allowed',
    });
  }
  expect(await thumbnails.picture(upload, of(image))).toMatchObject({ width: 640 });
});

test('what would unfold to more memory than we give is refused before it is decoded', async () => {
  const image = blankPng({ width: 8192, height: 8192, bits: 16, channels: 4, interlaced: true });
  const { thumbnails, peak } = await openWatched();
  await expect(thumbnails.picture(upload, of(image))).rejects.toMatchObject({ code: 'file_too_large' });
  expect(await peak()).toBeLessThan(120);
});

test('the heaviest pictures that are let in leave the decoder below 300 MB', async () => {
  const { thumbnails, peak } = await openWatched({ timeoutMs: 30_000 });
  for await (const [name, image] of heaviest()) {
    await thumbnails.picture(upload, of(image));
    expect([name, await peak()]).toEqual([name, expect.toSatisfy((mb: number) => mb < 300)]);
  }
});

test('a photo of 48 megapixels is let in', async () => {
  const create = { width: 8064, height: 6048, channels: 3, background: '#c85014' } as const;
  const photo = await sharp({ create }).jpeg().toBuffer();
  const { thumbnails, peak } = await openWatched();
  expect(await thumbnails.picture(upload, of(photo))).toMatchObject({ width: 8064, height: 6048 });
  expect(await peak()).toBeLessThan(120);
});

test('one small picture does not wait for all the heavy ones of others', async () => {
  const thumbnails = open({ timeoutMs: 30_000, queue: { maxWaitMs: 60_000 } });
  const heavy = blankPng({ width: 5000, height: 5000, bits: 8, channels: 1, interlaced: true });
  const done: string[] = [];
  const send = async (who: string, image: Buffer) => {
    await thumbnails.picture(uploadBy(who), of(image));
    done.push(who);
  };
  const others = ['eve', 'eve', 'eve', 'mallory', 'mallory', 'mallory'].map((who) => send(who, heavy));
  await Promise.all([...others, send('ann', await png(1, 1))]);
  expect(done.indexOf('ann')).toBeLessThanOrEqual(2);
});

test('who would have to wait for long is asked to come again', async () => {
  const thumbnails = open({ queue: { maxWaitMs: 20 }, program: await decoderThat('for (;;);') });
  const image = await png();
  const first = thumbnails.picture(upload, of(image));
  const second = thumbnails.picture(uploadBy('bob'), of(image));
  await expect(second).rejects.toMatchObject({ code: 'unavailable', retryAfter: expect.any(Number) });
  const closed = thumbnails.close();
  await expect(first).rejects.toMatchObject({ code: 'unavailable' });
  await closed;
});

test('pictures that come at once are decoded one by one, in one process', async () => {
  const thumbnails = open();
  const image = await png();
  const pids = new Set<number | undefined>();
  await Promise.all(
    Array.from({ length: 6 }, () =>
      thumbnails.picture(upload, of(image)).then(() => pids.add(thumbnails.pid)),
    ),
  );
  expect(pids.size).toBe(1);
});

test.for(['SIGSEGV', 'SIGABRT'])(
  'a picture that breaks the decoder (%s) is refused, the next one is not',
  async (signal) => {
    const thumbnails = open({ program: await decoderThat(`process.kill(process.pid, '${signal}');`) });
    const refused = await thumbnails.picture(upload, of(await png())).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'file_type_not_allowed',
      cause: { message: expect.stringContaining(signal) },
    });
    await decoderThat(`process.send({ kind: 'too_large' });`);
    await expect(thumbnails.picture(upload, of(await png()))).rejects.toMatchObject({
      code: 'file_too_large',
    });
  },
);

test('a picture that takes for ever is refused in time', async () => {
  const thumbnails = open({ timeoutMs: 500, program: await decoderThat('for (;;);') });
  await expect(thumbnails.picture(upload, of(await png()))).rejects.toMatchObject({
    code: 'file_type_not_allowed',
  });
});

test('a decoder that babbles is not believed', async () => {
  const thumbnails = open({
    program: await decoderThat(
      `process.send({ kind: 'picture', width: 1, height: 1, thumbnail: Buffer.from('<html>') });`,
    ),
  });
  await expect(thumbnails.picture(upload, of(await png()))).rejects.toMatchObject({
    code: 'file_type_not_allowed',
  });
});

test('a decoder that cannot start is the server’s fault, and its last words are kept for the log', async () => {
  const program = await decoderThat('');
  await writeFile(program, `throw new Error('no library for this machine')`);
  const refused = await open({ program })
    .picture(upload, of(await png()))
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 'unavailable',
    cause: { message: expect.stringContaining('no library') },
  });
});

test('the decoder knows none of the server’s secrets', async () => {
  vi.stubEnv('JWT_SECRET', 'secret');
  const knows = `process.env.JWT_SECRET || process.execArgv.length > 0`;
  const program = await decoderThat(`process.send({ kind: ${knows} ? 'undecodable' : 'too_large' });`);
  await expect(open({ program }).picture(upload, of(await png()))).rejects.toMatchObject({
    code: 'file_too_large',
  });
  vi.unstubAllEnvs();
});

test('a file that cannot be read fails its own upload only', async () => {
  const thumbnails = open();
  const reason = new Error('The disk is gone');
  async function* broken() {
    yield (await png()).subarray(0, 100);
    throw reason;
  }
  await expect(thumbnails.picture(upload, async () => broken())).rejects.toBe(reason);
  expect(await thumbnails.picture(upload, of(await png()))).toMatchObject({ width: 640 });
});

test('without work the decoder ends, and comes back with work', async () => {
  const thumbnails = open({ idleMs: 50 });
  await thumbnails.picture(upload, of(await png()));
  const { pid } = thumbnails;
  await vi.waitFor(() => expect(isAlive(pid ?? 0)).toBe(false), { timeout: 5000 });
  expect(await thumbnails.picture(upload, of(await png()))).toMatchObject({ width: 640 });
});

test('closing ends the decoder and whatever waits for it', async () => {
  const thumbnails = open({ program: await decoderThat('for (;;);') });
  const waiting = [thumbnails.picture(upload, of(await png())), thumbnails.picture(upload, of(await png()))];
  const refused = Promise.allSettled(waiting);
  await vi.waitFor(() => expect(thumbnails.pid).toBeDefined());
  const pid = thumbnails.pid ?? 0;
  await thumbnails.close();
  expect(isAlive(pid)).toBe(false);
  for (const { status, reason } of (await refused) as PromiseRejectedResult[]) {
    expect([status, reason.code]).toEqual(['rejected', 'unavailable']);
  }
});

/** A program that decodes a picture, says its decoder's process id, and then does `more`. */
async function startHost(more: string) {
  const program = `
    import { createThumbnails } from ${JSON.stringify(new URL('thumbnails.ts', import.meta.url).href)};
    const thumbnails = createThumbnails();
    async function* image() { yield Buffer.from(process.argv[1], 'base64'); }
    await thumbnails.picture({ blobKey: 'key', uploaderId: 'ann' }, async () => image());
    process.report.excludeNetwork = true;
    const libraries = process.report.getReport().sharedObjects.filter((path) => path.includes('vips'));
    console.log(JSON.stringify({ pid: thumbnails.pid, libraries }));
    ${more}`;
  const args = ['--input-type=module-typescript', '-e', program, (await png()).toString('base64')];
  const host = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: host.stdout })[Symbol.asyncIterator]();
  const { value: line } = await lines.next();
  return { host, lines, told: JSON.parse(String(line)) as { pid: number; libraries: string[] } };
}

test('the server itself never loads the image library, and an idle decoder does not keep it from ending', async () => {
  const { host, told } = await startHost('');
  expect(told.libraries).toEqual([]);
  expect(await once(host, 'exit')).toEqual([0, null]);
  await vi.waitFor(() => expect(isAlive(told.pid)).toBe(false), { timeout: 5000 });
});

test('closing is finished before the server ends', async () => {
  const { lines } = await startHost(`await thumbnails.close(); console.log('closed');`);
  expect(await lines.next()).toEqual({ done: false, value: 'closed' });
});

test('a server that is killed takes its decoder along', async () => {
  const { host, told } = await startHost('setInterval(() => {}, 1000);');
  expect(isAlive(told.pid)).toBe(true);
  host.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(told.pid)).toBe(false), { timeout: 5000 });
});
