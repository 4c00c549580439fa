/** Whatever happens on the way, a client ends up knowing what a fresh read answers. */
import { setTimeout as delay } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryStorage, ParleyError, type Message, type Parley } from '../src/index.ts';
import { shareBy, type Channel, type Locks } from '../src/tabs.ts';
import { openStage, texts, until, type Stage } from './support/people.ts';
import { freshSeed, random } from './support/random.ts';

const { locks } = navigator as unknown as { locks: Locks };
const apis = { locks, BroadcastChannel: BroadcastChannel as unknown as new (name: string) => Channel };

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const settled = (parley: Parley) => until(parley, ({ connection }) => connection.status === 'live');

function unlessRemoved(error: unknown): false {
  if (error instanceof ParleyError && error.code === 'not_participant') return false;
  throw error;
}

/** Names may lag behind for who has left; nothing else may. */
async function expectFresh(parley: Parley): Promise<void> {
  const { conversations } = await parley.api.listConversations({ limit: 100 });
  await until(
    parley,
    ({ conversations: shown }) =>
      shown.length === conversations.length &&
      shown.every((one) => conversations.some((two) => two.version === one.version && two.id === one.id)),
  );
  for (const fresh of conversations) {
    const view = parley.conversation(fresh.id);
    await until(
      view,
      ({ conversation, messages }) =>
        conversation?.unread_count === fresh.unread_count && messages.every(({ seq }) => seq !== null),
    );
    while (await view.loadOlder(100));
    await untilRead(parley, view);
    const { participants } = view.getSnapshot();
    const people = (list: readonly { user_id: string; role: string }[]) =>
      list.map(({ user_id, role }) => `${user_id} ${role}`);
    expect(people(participants)).toEqual(people(fresh.participants));
  }
}

/** Receipts may move between a read and a look: whoever of the two is ahead, the next read tells. */
async function untilRead(parley: Parley, view: ReturnType<Parley['conversation']>): Promise<void> {
  for (let reads = 1; ; reads++) {
    const messages: Message[] = [];
    for await (const message of parley.api.listMessages(view.id, { limit: 100 })) messages.unshift(message);
    const [shown, read] = [plain(view.messages), plain(messages)];
    if (JSON.stringify(shown) === JSON.stringify(read)) return;
    if (reads === maxReads) expect(shown).toEqual(read);
    await delay(readAgainMs);
  }
}

const readAgainMs = 200;
const maxReads = 50;

const plain = (messages: readonly { seq: number | null; content: string; status: string }[]) =>
  messages.map((message) => [
    message.seq,
    message.content,
    message.status,
    'reply_count' in message && message.reply_count,
  ]);

interface Tab {
  readonly name: string;
  parley: Parley;
  readonly make: () => Parley;
}

test.each([
  [1, 1],
  [1, 70_054],
  [1, freshSeed],
  [2, 4],
  [2, 5],
  [2, freshSeed],
])('three people with %i tabs each in trouble agree in the end (seed %i)', async (tabCount, seed) => {
  const pick = random(seed);
  const names = ['ann', 'bob', 'cem'].map((name) => `${name}-${seed}`);
  const tabs = names.flatMap((name) => {
    const options = { storage: memoryStorage(), ...(tabCount > 1 && { share: shareBy(apis) }) };
    const make = () => stage.client(name, options);
    return Array.from({ length: tabCount }, (): Tab => ({ name, make, parley: make() }));
  });
  await Promise.all(tabs.map(({ parley }) => parley.connect()));
  const host = await stage.server.person(`host-${seed}`);
  const rooms = [
    await host.group(...names.map((id) => ({ id }))),
    await host.group(...names.map((id) => ({ id }))),
  ];
  const sent: Promise<unknown>[] = [];
  let said = 0;
  for (let step = 0; step < 60; step++) {
    const tab = tabs[pick(tabs.length)] as Tab;
    const { name, parley } = tab;
    const view = parley.conversation(rooms[pick(2)]?.id ?? '');
    const own = view.messages.filter(({ sender_id, seq }) => seq !== null && sender_id === name);
    switch (pick(10)) {
      case 0:
        await stage.cable.cut();
        await stage.cable.mend();
        break;
      case 1:
        await parley.close();
        tab.parley = tab.make();
        void tab.parley.connect();
        break;
      case 2:
        view.markRead();
        break;
      case 3:
        sent.push(view.open().catch(() => undefined));
        break;
      case 4:
        sent.push(view.editMessage(own.at(-1)?.id ?? 'none', `edited ${step}`).catch(() => undefined));
        break;
      case 5:
        sent.push(host.delete(`/api/conversations/${view.id}/participants/${name}`));
        sent.push(host.post(`/api/conversations/${view.id}/participants`, { user_id: name }));
        break;
      case 6:
        sent.push(host.say(view.id, `host ${step}`));
        break;
      default:
        said++;
        void view.send({ content: `${name} ${step}`, reply_to_id: own[0]?.id ?? null });
    }
  }
  const clients = tabs.map(({ parley }) => parley);
  for (const parley of clients) parley.wake();
  await Promise.all(clients.map(settled));
  await Promise.all(sent);
  // Nobody has anything on the way any more; what was refused meanwhile, by a removal, was told.
  for (const parley of clients)
    for (const room of rooms)
      await until(parley.conversation(room.id), ({ messages }) =>
        messages.every(({ status }) => status !== 'sending'),
      );
  // They stand where they failed, which may be further back than what is shown at first.
  for (const parley of clients)
    for (const room of rooms) {
      const view = parley.conversation(room.id);
      // Whoever was just removed may hear of it only now.
      while (await view.loadOlder(100).catch(unlessRemoved));
      for (const message of view.messages) if (message.status === 'failed') view.discard(message);
    }
  for (const parley of clients) await expectFresh(parley);
  for (const room of rooms) {
    const all = texts(clients[0]?.conversation(room.id) ?? { messages: [] }).filter(
      (each) => !each.startsWith('edited'),
    );
    expect(new Set(all).size).toBe(all.length);
  }
  expect(said).toBeGreaterThan(0);
  await Promise.all(clients.map((parley) => parley.close()));
});

test('a conversation of which too much changed is read anew, with nothing of before among it', async () => {
  const storage = memoryStorage();
  const parley = stage.client('ann', { storage });
  await parley.connect();
  const bob = await stage.server.person('bob');
  const room = await bob.group({ id: 'ann' });
  for (const content of ['old 1', 'old 2']) await bob.say(room.id, content);
  await until(parley.conversation(room.id), ({ conversation }) => conversation?.last_seq === 2);
  await parley.conversation(room.id).open();
  await parley.close();
  for (let n = 0; n < 1100; n += 50)
    await Promise.all(Array.from({ length: 50 }, (_, each) => bob.say(room.id, `new ${n + each}`)));
  const again = stage.client('ann', { storage });
  const connected = again.connect();
  const view = again.conversation(room.id);
  await view.open();
  await connected;
  await until(view, ({ messages }) => messages.length === 50 && messages.at(-1)?.seq === 1102);
  expect(view.messages[0]?.seq).toBe(1053);
  await view.loadOlder();
  expect(view.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, n) => 1003 + n));

  // However far somebody scrolls, what is held stays within bounds, and never has a hole.
  while (await view.loadOlder(100));
  expect(view.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 1000 }, (_, n) => 1 + n));
  expect(view.getSnapshot()).toMatchObject({ hasOlder: false, hasNewer: true });
  await bob.say(room.id, 'the newest');
  await until(view, ({ conversation }) => conversation?.last_seq === 1103);
  expect(view.messages.at(-1)?.seq).toBe(1000);
  while (await view.loadNewer());
  expect(view.messages.at(-1)).toMatchObject({ seq: 1103, content: 'the newest' });
  expect(view.messages.length).toBeLessThanOrEqual(1050);
  const seqs = view.messages.map(({ seq }) => seq ?? 0);
  expect(seqs).toEqual(seqs.map((_, n) => (seqs[0] ?? 0) + n));
  await view.loadAround(20);
  await view.loadLatest();
  expect(view.messages.at(-1)?.seq).toBe(1103);
});
