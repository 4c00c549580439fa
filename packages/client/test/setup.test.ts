/** What somebody sees who sets the client up wrongly; and tokens that are late, nonsense, or somebody else's. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createParley, memoryStorage, type Fetch, type ParleyOptions } from '../src/index.ts';
import { openStage, quick, texts, until, type Stage } from './support/people.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
afterEach(() => {
  vi.useRealTimers();
});

const getToken = () => 'a token';
const asOptions = (options: object) => options as ParleyOptions;

test.each([
  [{ getToken }, /needs a url such as https:.*undefined/],
  [{ url: 'chat.example.org', getToken }, /needs a url such as https:.*not chat\.example\.org/],
  [{ url: 'https://', getToken }, /needs a url/],
  [{ url: 'https://chat.example.org' }, /needs getToken/],
  [{ url: 'https://chat.example.org', getToken: 'eyJ' }, /needs getToken/],
])('%o is refused at once', (options, message) => {
  const make = () => createParley(asOptions(options));
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

test("a socket's url is as good as any", async () => {
  const parley = stage.client('u1', { url: `${stage.url.replace('http', 'ws')}/` });
  await parley.connect();
});

test.each([undefined, '', { token: 'eyJ' }])('%o in place of a token is told', async (nonsense) => {
  const parley = stage.client('u2', { getToken: asOptions({ getToken: () => nonsense }).getToken });
  await expect(parley.connect()).rejects.toMatchObject({
    code: 'invalid_token',
    message: 'getToken gave no token: it must answer a JWT, as a string',
  });
});

/** A web site that is no Parley, and a client of it. */
async function elsewhere(status: number) {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<!doctype html>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { parley: stage.client('u3', { url }), url, close };
}

test.each([200, 404])('a page in place of an answer, with %i, is told to be no Parley', async (status) => {
  const { parley, url, close } = await elsewhere(status);
  const told = { code: 'network', message: `What answers at ${url} is no Parley server` };
  await expect(parley.api.getStatuses(['u3'])).rejects.toMatchObject(told);
  const file = new Blob(['x'], { type: 'text/plain' });
  await expect(parley.api.upload('c', file)).rejects.toMatchObject(told);
  void parley.connect();
  const { connection } = await until(parley, (state) => state.connection.status === 'waiting');
  expect(connection).toMatchObject({ error: told });
  await close();
});

test('a field that is wrong is named, over HTTP and the socket', async () => {
  const parley = stage.client('u4');
  await parley.connect();
  const group = await parley.createConversation({ type: 'group', participant_ids: ['bob'] });
  const told = { code: 'validation_failed', message: expect.stringMatching(/: \/content ./) as string };
  await expect(parley.api.sendMessage(group.id, { content: '' })).rejects.toMatchObject(told);
  await expect(group.send('')).rejects.toMatchObject(told);
  expect(group.messages[0]).toMatchObject({ error: told });
});

test('a getToken that never answers is told, and asked again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked = Promise.withResolvers<void>();
  let isStuck = true;
  const parley = stage.client('u5', {
    getToken: () => {
      asked.resolve();
      return isStuck ? new Promise(() => undefined) : stage.server.token({ sub: 'u5' });
    },
  });
  const connected = parley.connect();
  await asked.promise;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(parley.getSnapshot().connection).toMatchObject({
    status: 'waiting',
    error: { code: 'network', message: 'getToken gave no token within 30 s' },
  });
  isStuck = false;
  await vi.advanceTimersByTimeAsync(2000);
  vi.useRealTimers();
  await connected;
});

test('a getToken that throws costs no more than that try', async () => {
  let isFirst = true;
  const parley = stage.client('u6', {
    getToken: () => {
      if (!isFirst) return stage.server.token({ sub: 'u6' });
      isFirst = false;
      throw new Error('Nobody is signed in');
    },
  });
  const connected = parley.connect();
  const { connection } = await until(parley, (state) => state.connection.status === 'waiting');
  expect(connection).toMatchObject({ error: { code: 'network', message: 'Nobody is signed in' } });
  await connected;
});

test('an answer that stops in its middle is given up', async () => {
  const server = createServer((_request, response) => void response.writeHead(200).write('{'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let begun = Promise.withResolvers<void>();
  const fetch: Fetch = async (...request) => {
    const answer = await globalThis.fetch(...request);
    begun.resolve();
    return answer;
  };
  const parley = stage.client('u7', { url, fetch });
  const asked = parley.api.getStatuses(['u7']).catch((error: unknown) => error);
  for (let tries = 0; tries < 2; tries++) {
    await begun.promise;
    begun = Promise.withResolvers<void>();
    // It tries once more, after half a second.
    await vi.advanceTimersByTimeAsync(30_000);
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(await asked).toMatchObject({ code: 'network' });
  server.closeAllConnections();
  await once(server.close(), 'close');
});

test("what one person wrote is never sent as another, whoever's token is given", async () => {
  const eve = await stage.server.person('eve');
  const room = await eve.group({ id: 'ann' });
  const storage = memoryStorage();
  let bearer = 'ann';
  const another = Promise.withResolvers<void>();
  const parley = stage.client('ann', {
    storage,
    getToken: () => {
      if (bearer === 'eve') another.resolve();
      // Soon old, so that it is asked for again.
      return stage.server.token({ sub: bearer, exp: Math.floor(Date.now() / 1000) + 3 });
    },
  });
  await parley.connect();
  await stage.cable.cut();
  await until(parley, ({ connection }) => connection.status === 'waiting');
  const sent = parley.conversation(room.id).send('from ann');
  bearer = 'eve';
  await another.promise;
  await stage.cable.mend();
  const { connection } = await until(parley, (state) => state.connection.status === 'refused');
  expect(connection).toMatchObject({
    error: { code: 'invalid_token', message: 'getToken gave a token of eve, not of ann' },
  });
  const kept = [...(await storage.load(`${stage.url} ann`)).keys()];
  expect(kept).toContainEqual(expect.stringMatching('^o:'));
  bearer = 'ann';
  parley.wake();
  expect(await sent).toMatchObject({ sender_id: 'ann', seq: 1 });
});

test('who signs in after another sends nothing of theirs', async () => {
  const [one, two] = ['fay', 'gil'];
  const host = await stage.server.person('hal');
  const room = await host.group({ id: one }, { id: two });
  const storage = memoryStorage();
  let bearer = one;
  const options = { url: stage.url, storage, timing: quick };
  const parley = createParley({ ...options, getToken: () => stage.server.token({ sub: bearer }) });
  await parley.connect();
  await stage.cable.cut();
  await until(parley, ({ connection }) => connection.status === 'waiting');
  void parley.conversation(room.id).send('from the first');
  await parley.close();
  bearer = two;
  await stage.cable.mend();
  await parley.connect();
  expect(parley.getSnapshot().userId).toBe(two);
  const view = parley.conversation(room.id);
  await view.open();
  await view.send('from the second');
  // What was on its way may have arrived, as what it is.
  const theirs = view.messages.filter((message) => message.sender_id === two);
  expect(texts({ messages: theirs })).toEqual(['from the second']);
  await parley.close();
});
