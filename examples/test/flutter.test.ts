/** What the page for Flutter promises, by its port; and that its Dart code uses the protocol's own names. */
import * as protocol from '@parley/protocol';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until, openStage, type Stage } from '../../packages/client/test/support/people.ts';
import type { Person } from '../../packages/server/test/support/server.ts';
import { PortedConnection, PortedStore, sendMessage } from './flutter-port.ts';
import { samplesOf } from './guide.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** An app on somebody's phone, behind the cable. */
class Phone {
  readonly person: Person;
  readonly connection: PortedConnection;
  store: PortedStore;
  reads = 0;
  readonly #changed = new Set<() => void>();

  private constructor(person: Person, cursor: string | null) {
    this.person = person;
    this.store = new PortedStore(person.id);
    this.connection = new PortedConnection(
      {
        server: new URL(stage.url),
        getToken: () => stage.server.token({ sub: person.id }),
        onEvent: (event) => this.#change(() => this.store.applyEvent(event)),
        onSync: (changes) => this.#change(() => this.store.applySync(changes)),
        readAnew: async () => {
          this.reads++;
          this.store = await readAfresh(person.id);
          this.#change(() => undefined);
        },
      },
      cursor,
    );
    void this.connection.run();
  }

  static async of(name: string, cursor: string | null = null): Promise<Phone> {
    return new Phone(await stage.server.person(name), cursor);
  }

  #change(work: () => void): void {
    work();
    for (const listener of this.#changed) listener();
  }

  readonly getSnapshot = (): { texts: string[]; titles: (string | null)[] } => ({
    texts: [...this.store.messages.values()].flatMap((held) =>
      [...held.values()].sort((a, b) => a.seq - b.seq).map(({ content }) => content),
    ),
    titles: [...this.store.conversations.values()].map(({ title }) => title),
  });

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#changed.add(listener);
    return () => void this.#changed.delete(listener);
  };
}

/** What a new device of somebody's reads, all messages included. */
async function readAfresh(name: string): Promise<PortedStore> {
  const store = new PortedStore(name);
  const { api } = stage.client(name, { url: stage.server.origin });
  for await (const conversation of api.listConversations()) {
    store.conversations.set(conversation.id, conversation);
    for await (const message of api.listMessages(conversation.id)) store.put(message);
  }
  return store;
}

const factsOf = ({ conversations, messages }: PortedStore) => ({
  conversations: [...conversations.values()]
    .map(({ id, title, version }) => ({ id, title, version }))
    .sort((a, b) => (a.id < b.id ? -1 : 1)),
  messages: [...messages.values()].map((held) =>
    [...held.values()].sort((a, b) => a.seq - b.seq).map(({ id, content, seq }) => ({ id, content, seq })),
  ),
});

test('a phone that was away knows what a new one reads', async () => {
  const [ann, bob] = [stage.client('ann', { url: stage.server.origin }), await Phone.of('bob')];
  const { api } = ann;
  const lunch = await api.createConversation({ type: 'group', title: 'Lunch', participant_ids: ['bob'] });
  const lost = await api.createConversation({ type: 'group', title: 'Lost', participant_ids: ['bob'] });
  const question = await api.sendMessage(lunch.id, { content: 'Pizza?' });
  const mistake = await api.sendMessage(lunch.id, { content: 'Wrong window' });
  await until(bob, ({ texts, titles }) => texts.length === 2 && titles.length === 2);
  await api.editMessage(question.id, 'Pizza or soup?');
  await until(bob, ({ texts }) => texts.includes('Pizza or soup?'));

  await stage.cable.cut();
  await api.sendMessage(lunch.id, { content: 'Hello?' });
  await api.editMessage(question.id, 'Pizza, soup or rice?');
  await api.deleteMessage(mistake.id);
  await api.updateConversation(lunch.id, { title: 'Lunch today' });
  await api.removeParticipant(lost.id, 'bob');
  await api.createConversation({ type: 'group', title: 'Dinner', participant_ids: ['bob'] });
  await stage.cable.mend();
  bob.connection.wake();
  await until(bob, ({ texts, titles }) => texts.includes('Hello?') && titles.includes('Dinner'));
  expect(factsOf(bob.store)).toEqual(factsOf(await readAfresh('bob')));
  // Read anew at the very first alone: the rest came by `resume`.
  expect(bob.reads).toBe(1);

  await api.sendMessage(lunch.id, { content: 'Live again' });
  await until(bob, ({ texts }) => texts.includes('Live again'));
  bob.connection.close();
});

const notOfHere = Buffer.from(JSON.stringify([77, 5, 0, '00000000-0000-0000-0000-000000000000']));

test.each([
  ['of another database', notOfHere.toString('base64url')],
  ['that is none', 'nonsense'],
])('a cursor %s is answered by reading anew', async (_, cursor) => {
  const dan = stage.client('dan', { url: stage.server.origin });
  const title = `For ${cursor}`;
  await dan.api.createConversation({ type: 'group', title, participant_ids: ['cem'] });
  const cem = await Phone.of('cem', cursor);
  await until(cem, ({ titles }) => titles.includes(title));
  expect(cem.reads).toBe(1);
  cem.connection.close();
});

test('a message whose answer is lost is there once', async () => {
  const eva = stage.client('eva', { url: stage.server.origin });
  const { id } = await eva.api.createConversation({ type: 'group', title: 'Once', participant_ids: [] });
  const lost = stage.cable.loseAnswer();
  const getToken = () => stage.server.token({ sub: 'eva' });
  const sent = await sendMessage(new URL(stage.url), getToken, id, 'Once', { clientId: 'eva-1' });
  await lost;
  const { messages } = await eva.api.listMessages(id);
  expect(messages.map((message) => message.id)).toEqual([sent.id]);
  await expect(
    sendMessage(new URL(stage.url), getToken, id, '', { clientId: 'eva-2' }),
  ).rejects.toMatchObject({ code: 'validation_failed' });
});

/** Each name that a schema has, all the way down, and each value that it lists or is. */
function namesIn(schema: unknown, into = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return into;
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') for (const name of Object.keys(value as object)) into.add(name);
    if (key === 'const') into.add(String(value));
    namesIn(value, into);
  }
  return into;
}

test('the Dart code uses the names of the protocol', async () => {
  const { clientFrames, serverFrames, SendMessageBody, ErrorBody } = protocol;
  const known = namesIn({ clientFrames, serverFrames, SendMessageBody, ErrorBody });
  const dart = (await samplesOf('flutter.md')).filter(({ language }) => language === 'dart');
  const used = dart.flatMap(({ code }) => [
    ...[...code.matchAll(/\[?'([a-z]+(?:_[a-z]+)*)'(?:\]|:)/g)].map(([, name]) => name ?? ''),
    ...[...code.matchAll(/'type': '([a-z_]+)'/g)].map(([, name]) => name ?? ''),
  ]);
  expect(used.length).toBeGreaterThan(40);
  const ofHttp = ['token', 'authorization'];
  expect([...new Set(used)].filter((name) => !known.has(name) && !ofHttp.includes(name))).toEqual([]);
});

test('the port takes the same steps as the Dart code', async () => {
  const dart = (await samplesOf('flutter.md')).filter(({ language }) => language === 'dart');
  const port = await readFile(new URL('flutter-port.ts', import.meta.url), 'utf8');
  const casesOf = (code: string) => [...code.matchAll(/case '(\w+)'/g)].map(([, name]) => name);
  const numbersOf = (code: string) =>
    [...code.matchAll(/status (?:===?|>=) (\d+)/g)].map(([, number]) => number);
  const code = dart.map((sample) => sample.code).join('');
  expect(casesOf(port)).toEqual(casesOf(code));
  expect(numbersOf(port)).toEqual(numbersOf(code));
});
