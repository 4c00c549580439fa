/** Two people and their clients, against the real server. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ParleyError, type Message } from '../src/index.ts';
import { openStage, texts, until, type Stage } from './support/people.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

let count = 0;
/** Two people in a group, connected. */
async function two() {
  const [ann, bob] = [`ann-${++count}`, `bob-${count}`];
  const [a, b] = [stage.client(ann), stage.client(bob)];
  await Promise.all([a.connect(), b.connect()]);
  const group = await a.createConversation({ type: 'group', title: 'Lunch', participant_ids: [bob] });
  await group.open();
  await until(b, ({ conversations }) => conversations.length === 1);
  const theirs = b.conversation(group.id);
  await theirs.open();
  return { ann, bob, a, b, group, theirs };
}

test('a message shows at once, is sent, arrives, and is read', async () => {
  const { b, a, group, theirs, bob } = await two();
  const told: string[] = [];
  b.on('new_message', ({ message }) => told.push(message.content));
  const sent = group.send('Pizza or soup?');
  expect(group.messages).toMatchObject([{ content: 'Pizza or soup?', status: 'sending', seq: null }]);
  const { key } = group.messages[0] ?? {};
  const message = await sent;
  expect(message).toMatchObject({ seq: 1, content: 'Pizza or soup?' });
  await until(theirs, ({ messages }) => messages.length === 1);
  expect(told).toEqual(['Pizza or soup?']);
  expect(b.getSnapshot().unread).toEqual({ messages: 1, conversations: 1 });
  theirs.markRead();
  expect(b.getSnapshot().unread).toEqual({ messages: 0, conversations: 0 });
  await until(group, ({ messages }) => messages[0]?.status === 'read');
  expect(group.messages).toHaveLength(1);
  expect(group.messages[0]?.key).toBe(key);
  expect(group.getSnapshot().participants.find(({ user_id }) => user_id === bob)?.last_read_seq).toBe(1);
  expect(a.conversations[0]?.last_message?.content).toBe('Pizza or soup?');
});

test('what did not change is the same object', async () => {
  const { a, b, group, theirs } = await two();
  await group.send('one');
  const before = await until(theirs, ({ messages }) => messages.length === 1);
  const others = b.getSnapshot();
  let changes = 0;
  b.subscribe(
    (state) => state.unread,
    () => changes++,
  );
  group.typing();
  const typing = await until(theirs, (state) => state.typing.length === 1);
  expect(typing.messages).toBe(before.messages);
  expect(typing.conversation).toBe(before.conversation);
  expect(theirs.getSnapshot()).toBe(typing);
  expect(b.getSnapshot().conversations).toBe(others.conversations);
  expect(changes).toBe(0);
  await group.send('two');
  const after = await until(theirs, ({ messages }) => messages.length === 2);
  expect(after.messages[0]).toBe(before.messages[0]);
  expect(after.typing).toEqual([]);
  expect(changes).toBe(1);
  expect(a.conversation(group.id)).toBe(group);
});

test('sends of one conversation keep their order, and each is there once', async () => {
  const { group, theirs } = await two();
  const contents = Array.from({ length: 30 }, (_, n) => `message ${n}`);
  const sent = contents.map((content) => group.send(content));
  expect(texts(group)).toEqual(contents);
  await Promise.all(sent);
  await until(theirs, ({ messages }) => messages.length === 30);
  expect(texts(theirs)).toEqual(contents);
  await until(group, ({ messages }) => messages.every(({ seq }) => seq !== null));
  expect(texts(group)).toEqual(contents);
});

test('a refused message stays where it failed, with the reason, until it is retried or discarded', async () => {
  const { group, a, bob } = await two();
  await group.send('before');
  await expect(group.send({ content: 'x', reply_to_id: 'nothing' })).rejects.toMatchObject({
    code: 'reply_not_found',
    status: 422,
  });
  await a.conversation(group.id).send('after');
  const failed = (await until(group, ({ messages }) => messages.length === 3)).messages[1];
  if (failed?.status !== 'failed') throw new Error(`it is ${failed?.status}`);
  expect(failed.error.code).toBe('reply_not_found');
  const again = group.retry(failed);
  expect(group.messages.at(-1)).toMatchObject({ content: 'x', status: 'sending' });
  await expect(again).rejects.toBeInstanceOf(ParleyError);
  await until(group, ({ messages }) => messages[2]?.status === 'failed');
  group.discard(failed);
  expect(texts(group)).toEqual(['before', 'after']);
  await group.updateParticipant(bob, { is_muted: true });
});

test('edits and deletions show at once, and are taken back if they are refused', async () => {
  const { group, theirs } = await two();
  const { id } = await group.send('teh soup');
  const edit = group.editMessage(id, 'the soup');
  expect(group.messages[0]).toMatchObject({ content: 'the soup', is_edited: true });
  await edit;
  await until(theirs, ({ messages }) => messages[0]?.content === 'the soup');
  const refused = theirs.editMessage(id, 'mine');
  expect(theirs.messages[0]?.content).toBe('mine');
  await expect(refused).rejects.toMatchObject({ code: 'not_message_owner', status: 403 });
  expect(theirs.messages[0]?.content).toBe('the soup');
  const deletion = group.deleteMessage(id);
  expect(group.messages[0]).toMatchObject({ content: '', is_deleted: true });
  await deletion;
  await until(theirs, ({ messages }) => messages[0]?.status !== 'failed' && messages[0]?.content === '');
});

test('pages both ways, and around a place, without a hole', async () => {
  const { a, ann, bob } = await two();
  const person = await stage.server.person(ann);
  const long = await person.group({ id: bob });
  const all: Message[] = [];
  for (let n = 1; n <= 230; n++) all.push(await person.say(long.id, `${n}`));
  const view = stage.client(bob).conversation(long.id);
  const other = stage.client(bob);
  await other.connect();
  const shown = other.conversation(long.id);
  await shown.open();
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `${from + n}`);
  expect(texts(shown)).toEqual(range(181, 230));
  expect(await shown.loadOlder()).toBe(true);
  expect(texts(shown)).toEqual(range(131, 230));
  await shown.loadAround(50, 20);
  expect(shown.messages.map(({ seq }) => seq)).toContain(50);
  expect(shown.getSnapshot()).toMatchObject({ hasOlder: true, hasNewer: true });
  const seqs = shown.messages.map(({ seq }) => seq ?? 0);
  expect(seqs).toEqual(seqs.map((_, n) => (seqs[0] ?? 0) + n));
  await person.say(long.id, 'while looking elsewhere');
  await until(shown, ({ conversation }) => conversation?.last_seq === 231);
  expect(texts(shown)).not.toContain('while looking elsewhere');
  while (await shown.loadNewer());
  expect(shown.messages.at(-1)).toMatchObject({ seq: 231 });
  while (await shown.loadOlder(100));
  expect(texts(shown)).toEqual([...range(1, 230), 'while looking elsewhere']);
  expect(await shown.jumpTo(all[2]?.id ?? '')).toBe(true);
  const iterated: number[] = [];
  for await (const { seq } of other.api.listMessages(long.id, { limit: 100 })) iterated.push(seq);
  expect(iterated).toHaveLength(231);
  expect(view.getSnapshot().access).toBe('unknown');
  expect(a.getSnapshot().connection.status).toBe('live');
});

test('whoever is removed while looking on sees that, and nothing more', async () => {
  const { group, b, theirs, bob } = await two();
  await group.send('secret');
  await until(theirs, ({ messages }) => messages.length === 1);
  await group.removeParticipant(bob);
  const lost = await until(theirs, ({ access }) => access === 'removed');
  expect(lost.messages).toEqual([]);
  expect(lost.conversation?.title).toBe('Lunch');
  expect(b.conversations).toEqual([]);
  await expect(theirs.send('too late')).rejects.toMatchObject({ code: 'not_participant', status: 403 });
  await group.addParticipant(bob);
  await until(theirs, ({ access }) => access === 'member');
});

test('typing, presence and profiles', async () => {
  const { ann, bob, a, group, theirs } = await two();
  await a.watchStatuses([bob]);
  await until(a, ({ statuses }) => statuses.get(bob)?.status === 'online');
  theirs.typing();
  await until(group, ({ typing }) => typing[0] === bob);
  theirs.typing(false);
  await until(group, ({ typing }) => typing.length === 0);
  await stage.client(ann).api.setStatus({ status: 'busy' });
});

test('uploads tell how far they are, and can be aborted', async () => {
  const { group, theirs } = await two();
  const progress: number[] = [];
  const file = new Blob(['hello '.repeat(50_000)], { type: 'text/plain' });
  const message = await group.upload(file, {
    fileName: 'hello.txt',
    content: 'read this',
    onProgress: ({ loaded, total }) => progress.push(loaded / total),
  });
  expect(message).toMatchObject({ message_type: 'file', content: 'read this' });
  expect(progress.at(-1)).toBe(1);
  await until(theirs, ({ messages }) => messages.length === 1);
  const attachment = message.metadata['attachment'] as { id: string };
  expect(
    await (
      await stage
        .client('nobody')
        .api.getFile(attachment.id)
        .catch(() => new Response('no'))
    ).text(),
  ).toBe('no');
  const abort = new AbortController();
  const aborted = group.upload(new Blob(['x'.repeat(5_000_000)], { type: 'text/plain' }), {
    signal: abort.signal,
    onProgress: () => abort.abort(),
  });
  await expect(aborted).rejects.toMatchObject({ code: 'aborted', status: 0 });
  const url = await theirs.upload(file, { fileName: 'b.txt' });
  expect(url.sender_id).toContain('bob');
});

test('a jump leads to a message however long ago it was, and tells when there is none', async () => {
  const { ann, bob, b } = await two();
  const person = await stage.server.person(ann);
  const long = await person.group({ id: bob });
  const first = await person.say(long.id, 'the first');
  for (let n = 0; n < 300; n += 50)
    await Promise.all(Array.from({ length: 50 }, () => person.say(long.id, 'and on')));
  const elsewhere = await person.say((await person.group({ id: bob })).id, 'elsewhere');
  const view = b.conversation(long.id);
  await view.open();
  expect(await view.jumpTo(first.id)).toBe(true);
  expect(view.messages[0]?.content).toBe('the first');
  expect(view.getSnapshot()).toMatchObject({ hasOlder: false, hasNewer: true });
  const seqs = view.messages.map(({ seq }) => seq ?? 0);
  expect(seqs).toEqual(seqs.map((_, n) => n + 1));
  expect(await view.jumpTo(elsewhere.id)).toBe(false);
  expect(await view.jumpTo('no such message')).toBe(false);
  await view.loadLatest();
  expect(view.messages.at(-1)?.seq).toBe(301);
});

test('memory is bounded: conversations that were looked at long ago keep a page', async () => {
  const { ann, bob, b } = await two();
  const person = await stage.server.person(ann);
  const rooms = await Promise.all(Array.from({ length: 12 }, () => person.group({ id: bob })));
  const [long, open, ...others] = rooms.map(({ id }) => b.conversation(id));
  for (const view of [long, open])
    for (let n = 0; n < 120; n += 40)
      await Promise.all(Array.from({ length: 40 }, () => person.say(view?.id ?? '', 'text')));
  for (const view of [long, open]) {
    await view?.open();
    while (await view?.loadOlder());
    expect(view?.messages).toHaveLength(120);
  }
  long?.close();
  for (const view of others) {
    await view.open();
    view.close();
  }
  expect(long?.messages).toHaveLength(50);
  expect(open?.messages).toHaveLength(120);
  expect(long?.getSnapshot()).toMatchObject({ hasOlder: true, hasNewer: false });
  while (await long?.loadOlder());
  expect(long?.messages).toHaveLength(120);
});
