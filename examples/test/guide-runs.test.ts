/** Samples of the guide, run as they stand there, but for addresses and ids. */
import { access, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createParley, type ParleyStorage } from '@parley/client';
import { openStage, type Stage } from '../../packages/client/test/support/people.ts';
import { endChildren, startNode } from '../../packages/server/test/support/child.ts';
import { openWorkshop, pagesOfGuide, sampleWith, type Workshop } from './guide.ts';

const guide = new URL('../../docs/guide/', import.meta.url);

let stage: Stage;
let workshop: Workshop;
beforeAll(async () => {
  stage = await openStage();
  workshop = await openWorkshop();
});
afterEach(endChildren);
afterAll(async () => {
  await workshop.remove();
  await stage.close();
});

test("the client's first example shows its message as sent", async () => {
  const code = (await sampleWith('client.md', "title: 'Lunch'")).replace('http://127.0.0.1:8000', stage.url);
  const file = await workshop.write(
    'client.ts',
    `${code}
    async function getToken() { return ${JSON.stringify(await stage.server.token({ sub: 'ann' }))}; }
    function render(messages) {
      if (messages.at(-1)?.status === 'sent') console.log('Shown:', messages.at(-1).content);
    }`,
  );
  const program = startNode(file);
  expect(await program.line()).toBe('Shown: Pizza or soup?');
});

test("the specification's usage example works with its import changed", async () => {
  const bob = stage.client('bob');
  await bob.connect();
  const group = await bob.createConversation({ type: 'group', participant_ids: ['ann'] });
  const code = (await sampleWith('moving-from-the-spec-client.md', '@parley/client/compat'))
    .replace('http://localhost:8000', stage.url)
    .replace('your-jwt-token', await stage.server.token({ sub: 'ann' }))
    .replaceAll('conv-123', group.id);
  const arrived = new Promise((resolve) => {
    bob.on('new_message', ({ message }) => resolve(message.content));
  });
  const program = startNode(await workshop.write('spec-client.js', code));
  const lines = [await program.line()];
  while (!lines.some((line) => line.startsWith('Message sent:'))) lines.push(await program.line());
  expect(await arrived).toBe('Hello, everyone!');
});

test('the storage for React Native keeps, removes and forgets', async () => {
  const kept = new Map<string, string>();
  const asyncStorage = {
    getAllKeys: async () => [...kept.keys()],
    multiGet: async (keys: string[]) => keys.map((key) => [key, kept.get(key) ?? null]),
    multiSet: async (pairs: [string, string][]) => pairs.forEach(([key, value]) => kept.set(key, value)),
    multiRemove: async (keys: string[]) => keys.forEach((key) => kept.delete(key)),
  };
  const [, declared = ''] =
    /(const keysOf[^]*?)const parley/.exec(await sampleWith('client.md', 'AsyncStorage.multiSet')) ?? [];
  const file = await workshop.write(
    'storage.ts',
    `import type { ParleyStorage } from '@parley/client';
    export const make = (AsyncStorage) => {${declared} return storage; };`,
  );
  const { make } = (await import(file)) as { make: (from: typeof asyncStorage) => ParleyStorage };
  const storage = make(asyncStorage);
  await storage.save(
    'ann',
    new Map<string, unknown>([
      ['place', { cursor: 'c' }],
      ['o:1', { order: 1 }],
    ]),
  );
  await storage.save('bob', new Map([['place', 'his']]));
  await storage.save('ann', new Map([['o:1', null]]));
  expect(await storage.load('ann')).toEqual(new Map([['place', { cursor: 'c' }]]));
  expect([...kept.keys()]).toEqual(['parley ann place', 'parley bob place']);
  await storage.clear('ann');
  expect(await storage.load('ann')).toEqual(new Map());
  expect(await storage.load('bob')).toEqual(new Map([['place', 'his']]));

  // A client takes up with it what an earlier one left.
  const first = stage.client('cem', { storage });
  await first.connect();
  await first.createConversation({ type: 'group', title: 'Kept', participant_ids: [] });
  await first.close();
  await stage.cable.cut();
  const second = stage.client('cem', { storage, userId: 'cem' });
  second.connect().catch(() => undefined);
  await expect.poll(() => second.conversations.map(({ title }) => title)).toEqual(['Kept']);
  await stage.cable.mend();
});

test('the token that a backend signs is good', async () => {
  const secret = 'a secret of thirty-two bytes or more';
  const file = await workshop.write(
    'token.ts',
    `${await sampleWith('quick-start.md', "from 'jose'")}
    console.log(await chatToken({ id: 'dora', name: 'Dora' }));`,
  );
  const token = await startNode(file, [], { env: { ...process.env, JWT_SECRET: secret } }).line();
  const own = await openStage({ JWT_SECRET: secret });
  const dora = createParley({ url: own.server.origin, getToken: () => token });
  await dora.connect();
  const alone = await dora.createConversation({ type: 'group', participant_ids: [] });
  expect(alone.getSnapshot().conversation?.participants).toMatchObject([
    { user_id: 'dora', display_name: 'Dora' },
  ]);
  await dora.close();
  await own.close();
});

test('each link in the guide and in the examples leads somewhere', async () => {
  const examples = ['bot', 'plain-js', 'react'].map((name) => `../../examples/${name}/README.md`);
  for (const page of [...(await pagesOfGuide()), ...examples]) {
    const file = new URL(page, guide);
    const text = await readFile(file, 'utf8');
    for (const [, target = '', anchor = ''] of text.matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)) {
      const to = target === '' ? file : new URL(target, file);
      await expect(access(to), `${target} of ${page}`).resolves.toBeUndefined();
      if (anchor === '') continue;
      const headings = (await readFile(to, 'utf8')).matchAll(/^#+ (.*)$/gm);
      expect([...headings].map(([, heading = '']) => anchorOf(heading))).toContain(anchor);
    }
  }
});

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
