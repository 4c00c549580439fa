/** Files on their way: shown with progress, cancelled, retried, discarded, and never posted twice. */
import { expect, test, vi } from 'vitest';
import { useMessages, useUpload } from '../src/index.ts';
import { faultyFetch, live, refusal, two, until, useStage, type Two } from './support/chat.ts';
import { use } from './support/render.ts';

const stage = useStage();
const file = (kilobytes: number, name = 'notes.txt') =>
  new File(['a thousand bytes or so '.repeat(45 * kilobytes)], name, { type: 'text/plain' });

/** Ann with a conversation open, and the messages and uploads that one component shows. */
async function uploading({ client, id }: Two) {
  const view = await use(client, () => ({ ...useMessages(id), ...useUpload(id) }));
  await live(client);
  await view.probe.until(({ isLoaded }) => isLoaded);
  return view;
}

test('a file shows with its progress, and then as a message: never as both, never as neither', async () => {
  const { client, other, id } = await two(stage());
  const shown: (readonly [uploads: number, messages: number])[] = [];
  const progress: number[] = [];
  const view = await use(client, () => {
    const all = { ...useMessages(id), ...useUpload(id) };
    shown.push([all.uploads.length, all.messages.length]);
    if (all.uploads[0] !== undefined) progress.push(all.uploads[0].progress);
    return all;
  });
  await live(client);
  await view.probe.until(({ isLoaded }) => isLoaded);
  // How much has left comes in steps that networks choose: here a hundredth, and then the rest.
  const { api } = client;
  const [upload, rest] = [api.upload.bind(api), Promise.withResolvers<void>()];
  vi.spyOn(api, 'upload').mockImplementation(async (to, sent, options) => {
    options?.onProgress?.({ loaded: 1, total: 100 });
    await rest.promise;
    return upload(to, sent, options);
  });
  view.probe.now.upload(file(300), 'read this');
  const { uploads } = await view.probe.until((now) => now.uploads.length === 1);
  expect(uploads[0]).toMatchObject({
    fileName: 'notes.txt',
    caption: 'read this',
    status: 'uploading',
    error: null,
  });
  await view.probe.until((now) => now.uploads[0]?.progress === 0.01);
  rest.resolve();
  const { messages } = await view.probe.until((now) => now.messages.length === 1);
  expect(messages[0]).toMatchObject({ key: uploads[0]?.key, content: 'read this', message_type: 'file' });
  expect(new Set(shown.slice(shown.findIndex(([count]) => count === 1)).map(String))).toEqual(
    new Set(['1,0', '0,1']),
  );
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  await until(other.conversation(id), (state) => state.messages.length === 1);
  await view.unmount();
});

test('one is cancelled on its way and tried again: the server has it once', async () => {
  const network = faultyFetch();
  const people = await two(stage(), { fetch: network.fetch });
  const { probe, unmount } = await uploading(people);
  const held = Promise.withResolvers<Response>();
  network.fault = (path) => (path.endsWith('/upload') ? held.promise : null);
  probe.now.upload(file(1));
  const key = (await probe.until(({ uploads }) => uploads.length === 1)).uploads[0]?.key ?? '';
  probe.now.cancel(key);
  expect((await probe.until(({ uploads }) => uploads[0]?.status === 'cancelled')).uploads[0]?.error).toBe(
    null,
  );
  network.fault = () => null;
  // At once, while the first still unwinds; and twice, as impatient people do.
  probe.now.retry(key);
  probe.now.retry(key);
  await probe.until(({ uploads }) => uploads[0]?.status === 'uploading');
  held.resolve(refusal(500, 'internal'));
  const { messages } = await probe.until(({ uploads }) => uploads.length === 0);
  expect(messages).toMatchObject([{ client_id: key }]);
  await unmount();
});

test('an answer that is lost: trying again does not post it twice', async () => {
  const network = faultyFetch();
  const people = await two(stage(), { fetch: network.fetch });
  const { client, other, id } = people;
  const { probe, unmount } = await uploading(people);
  network.fault = () => {
    throw new TypeError('fetch failed');
  };
  probe.now.upload(file(1));
  const failed = (await probe.until(({ uploads }) => uploads[0]?.status === 'failed')).uploads[0];
  expect(failed?.error?.code).toBe('network');
  network.fault = () => null;
  await other.conversation(id).upload(file(1));
  probe.now.retry(failed?.key ?? '');
  await probe.until(({ uploads, messages }) => uploads.length === 0 && messages.length === 2);
  // The same key once more is the same message.
  const { id: messageId } = await client.conversation(id).upload(file(1), { clientId: failed?.key ?? '' });
  expect(probe.now.messages[1]?.id).toBe(messageId);
  await unmount();
});

test('what failed though it arrived is taken out when its message comes', async () => {
  const network = faultyFetch();
  const people = await two(stage(), { fetch: network.fetch });
  const { probe, unmount } = await uploading(people);
  const arrived = Promise.withResolvers<void>();
  network.fault = (path) => {
    if (!path.endsWith('/upload')) return null;
    network.fault = () => null;
    return arrived.promise.then(() => refusal(500, 'internal'));
  };
  probe.now.upload(file(1));
  const { uploads } = await probe.until((now) => now.uploads.length === 1);
  arrived.resolve();
  await probe.until((now) => now.uploads[0]?.status === 'failed');
  await people.client.conversation(people.id).upload(file(1), { clientId: uploads[0]?.key ?? '' });
  await probe.until((now) => now.uploads.length === 0 && now.messages.length === 1);
  await unmount();
});

test('a refusal is told with its reason, and discarding takes it out', async () => {
  const people = await two(stage());
  const { probe, unmount } = await uploading(people);
  probe.now.upload(new File([new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0])], 'program'));
  const { uploads } = await probe.until((now) => now.uploads[0]?.status === 'failed');
  expect(uploads[0]?.error?.code).toBe('file_type_not_allowed');
  probe.now.discard(uploads[0]?.key ?? '');
  await probe.until((now) => now.uploads.length === 0);
  await unmount();
});

test('discarding one on its way stops it, and nothing of it comes later', async () => {
  const network = faultyFetch();
  const people = await two(stage(), { fetch: network.fetch });
  const { probe, unmount } = await uploading(people);
  const aborted = Promise.withResolvers<void>();
  network.fault = (path) =>
    path.endsWith('/upload') ? aborted.promise.then(() => refusal(500, 'internal')) : null;
  probe.now.upload(file(1));
  const { uploads } = await probe.until((now) => now.uploads.length === 1);
  probe.now.discard(uploads[0]?.key ?? '');
  await probe.until((now) => now.uploads.length === 0);
  const { renders } = probe;
  aborted.resolve();
  await people.other.conversation(people.id).send('later');
  await probe.until(({ messages }) => messages.length === 1);
  expect(probe.renders).toBe(renders + 1);
  expect(probe.now.uploads).toEqual([]);
  await unmount();
});

test('two components show the same uploads, and they go on without any', async () => {
  const people = await two(stage());
  const { client, id } = people;
  const view = await uploading(people);
  const second = await use(client, () => useUpload(id));
  view.probe.now.upload(file(100), 'one');
  const { uploads } = await second.probe.until((now) => now.uploads.length === 1);
  expect(uploads).toBe(view.probe.now.uploads);
  await view.unmount();
  await second.probe.until((now) => now.uploads.length === 0);
  await until(client.conversation(id), ({ conversation }) => conversation?.last_seq === 1);
  await second.unmount();
});
