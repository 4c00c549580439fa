/** What each hook promises, with two people and a real server. */
import { expect, test } from 'vitest';
import {
  useConnection,
  useConversation,
  useConversationState,
  useConversations,
  useMessages,
  useParticipants,
  usePresence,
  useSend,
  useTyping,
  useUnread,
  useUserId,
} from '../src/index.ts';
import { faultyFetch, live, newName, refusal, texts, two, until, useStage } from './support/chat.ts';
import { use } from './support/render.ts';

const stage = useStage();
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `${from + n}`);

test('a send shows at once, ends as sent, and is read by the other', async () => {
  const { client, other, id } = await two(stage());
  const { probe, unmount } = await use(client, () => ({ ...useMessages(id), ...useSend(id) }));
  await probe.until(({ isLoaded }) => isLoaded);
  const sent = probe.now.send('Pizza or soup?');
  const { messages } = await probe.until((now) => now.messages.length === 1);
  expect(messages).toMatchObject([{ content: 'Pizza or soup?', status: 'sending', seq: null }]);
  expect(await sent).toMatchObject({ seq: 1 });
  await until(other.conversation(id), (state) => state.messages.length === 1);
  other.conversation(id).markRead();
  const read = await probe.until((now) => now.messages[0]?.status === 'read');
  expect(read.messages).toHaveLength(1);
  expect(read.messages[0]?.key).toBe(messages[0]?.key);
  await unmount();
});

test('a refused message says why, and can be retried and discarded', async () => {
  const { client, id } = await two(stage());
  const { probe, unmount } = await use(client, () => ({ ...useMessages(id), ...useSend(id) }));
  await probe.until(({ isLoaded }) => isLoaded);
  await expect(probe.now.send({ content: 'x', reply_to_id: 'nothing' })).rejects.toMatchObject({
    status: 422,
  });
  const failed = (await probe.until(({ messages }) => messages[0]?.status === 'failed')).messages[0];
  if (failed?.status !== 'failed') throw new Error('it did not fail');
  expect(failed.error).toMatchObject({ code: 'reply_not_found', message: expect.stringMatching(/\w/) });
  const again = probe.now.retry(failed);
  await probe.until(({ messages }) => messages[0]?.status === 'sending');
  await expect(again).rejects.toMatchObject({ code: 'reply_not_found' });
  await probe.until(({ messages }) => messages[0]?.status === 'failed');
  probe.now.discard(failed);
  await probe.until(({ messages }) => messages.length === 0);
  await unmount();
});

test('one edits and deletes', async () => {
  const { client, other, id } = await two(stage());
  const { probe, unmount } = await use(client, () => ({ ...useMessages(id), ...useSend(id) }));
  const { id: messageId } = await probe.now.send('teh soup');
  await probe.now.editMessage(messageId, 'the soup');
  await probe.until(({ messages }) => messages[0]?.content === 'the soup');
  await probe.now.deleteMessage(messageId);
  await until(other.conversation(id), ({ messages }) => messages[0]?.content === '');
  await unmount();
});

test('pages both ways, one page at a time, jumps to a message and back to the newest', async () => {
  const { client, bob, id } = await two(stage());
  const person = await stage().server.person(bob);
  const all = [];
  for (let n = 1; n <= 230; n++) all.push(await person.say(id, `${n}`));
  const { probe, unmount } = await use(client, () => useMessages(id));
  const first = await probe.until(({ isLoaded }) => isLoaded);
  expect(texts(first)).toEqual(range(181, 230));
  expect(first).toMatchObject({ hasOlder: true, hasNewer: false, isLoadingOlder: false, error: null });
  const [one, same] = [probe.now.loadOlder(), probe.now.loadOlder()];
  await probe.until(({ isLoadingOlder }) => isLoadingOlder);
  await Promise.all([one, same]);
  const second = await probe.until(({ isLoadingOlder }) => !isLoadingOlder);
  expect(texts(second)).toEqual(range(131, 230));
  expect(await probe.now.jumpTo(all[2]?.id ?? '')).toBe(true);
  expect(await probe.now.jumpTo('nothing')).toBe(false);
  await probe.now.loadLatest();
  while (probe.now.hasOlder) await probe.now.loadOlder();
  expect(texts(probe.now)).toEqual(range(1, 230));
  await unmount();

  // Whoever jumps without reading back first sees the surroundings, and reads on to the newest.
  const fresh = stage().client(person.id, { share: null });
  const view = await use(fresh, () => useMessages(id));
  await view.probe.until(({ isLoaded }) => isLoaded);
  await fresh.conversation(id).loadAround(50, 20);
  await view.probe.until(({ hasOlder, hasNewer }) => hasOlder && hasNewer);
  while (view.probe.now.hasNewer) await view.probe.now.loadNewer();
  expect(view.probe.now.messages.at(-1)?.content).toBe('230');
  await view.unmount();
});

test('a page that does not come is told as an error until it does', async () => {
  const network = faultyFetch();
  const { client, bob, id } = await two(stage(), { fetch: network.fetch });
  const person = await stage().server.person(bob);
  for (let n = 1; n <= 60; n++) await person.say(id, `${n}`);
  const { probe, unmount } = await use(client, () => useMessages(id));
  await probe.until(({ isLoaded }) => isLoaded);
  network.fault = (path) => (path.endsWith('/messages') ? refusal(403, 'not_participant') : null);
  await probe.now.loadOlder();
  expect((await probe.until(({ error }) => error !== null)).error?.code).toBe('not_participant');
  network.fault = () => null;
  await probe.now.loadOlder();
  expect(texts(await probe.until(({ error }) => error === null))).toEqual(range(1, 60));
  await unmount();
});

test('who is typing', async () => {
  const { client, sockets, other, bob, id } = await two(stage());
  const { probe, unmount } = await use(client, () => {
    useMessages(id);
    return useTyping(id);
  });
  await live(client);
  await until(client.conversation(id), ({ participants }) => participants.length === 2);
  const theirs = other.conversation(id);
  await sockets.joined(id);
  theirs.typing();
  const { typing, userIds } = await probe.until((now) => now.typing.length === 1);
  expect(typing[0]).toMatchObject({ user_id: bob, display_name: bob });
  expect(userIds).toEqual([bob]);
  theirs.typing(false);
  await probe.until((now) => now.typing.length === 0);
  const { onType, stop } = probe.now;
  onType();
  await until(theirs, (state) => state.typing.length === 1);
  stop();
  await until(theirs, (state) => state.typing.length === 0);
  await unmount();
});

test('who is there, from the first render on', async () => {
  const { client, other, ann, bob } = await two(stage());
  const { probe, use: rerender, unmount } = await use(client, () => usePresence([bob]));
  await probe.until((statuses) => statuses.get(bob)?.status === 'online');
  await other.setStatus('busy');
  await probe.until((statuses) => statuses.get(bob)?.status === 'busy');
  await rerender(() => usePresence([ann, bob]));
  await probe.until((statuses) => statuses.get(ann)?.status === 'online');
  await unmount();
});

test('what many components want to know of people is one request', async () => {
  const network = faultyFetch();
  let asked = 0;
  network.fault = (path) => {
    if (path.endsWith('/users/status')) asked++;
    return null;
  };
  const { client, ann, bob } = await two(stage(), { fetch: network.fetch });
  await client.connect();
  asked = 0;
  const { probe, unmount } = await use(client, () => [usePresence([bob]), usePresence([ann, bob])]);
  await probe.until(([one, both]) => one?.size === 1 && both?.size === 2);
  expect(asked).toBe(1);
  await unmount();
});

test('the list of conversations, what is unread of it, and who one is', async () => {
  const { client, other, ann, id } = await two(stage());
  const { probe, unmount } = await use(client, () => ({
    ...useConversations(),
    unread: useUnread(),
    userId: useUserId(),
    connection: useConnection(),
    title: useConversationState(id, ({ conversation }) => conversation?.title),
  }));
  await probe.until(({ connection }) => connection.status === 'live');
  expect(probe.now).toMatchObject({ userId: ann, hasMore: false, title: 'Lunch', unread: { messages: 0 } });
  await other.conversation(id).send('Hello');
  const { conversations } = await probe.until(({ unread }) => unread.messages === 1);
  expect(conversations[0]).toMatchObject({ id, unread_count: 1, last_message: { content: 'Hello' } });
  client.conversation(id).markRead();
  await probe.until(({ unread }) => unread.conversations === 0);
  await unmount();
});

test('archived conversations are read when asked for', async () => {
  const { client, other, id } = await two(stage());
  await other.conversation(id).update({ is_archived: true });
  const { probe, unmount } = await use(client, () => useConversations({ archived: true }));
  await live(client);
  expect(probe.now.hasMore).toBe(true);
  await probe.now.loadMore();
  await probe.until(({ conversations, hasMore }) => conversations.length === 1 && !hasMore);
  await unmount();
});

test('a conversation, and the people in it', async () => {
  const { client, other, ann, bob, id } = await two(stage());
  const { probe, unmount } = await use(client, () => ({
    ...useConversation(id),
    people: useParticipants(id),
  }));
  const { people, actions } = await probe.until(({ participants }) => participants.length === 2);
  expect(people).toMatchObject({ hasMore: false, error: null });
  expect(people.participants.map(({ user_id }) => user_id)).toEqual([bob, ann]);
  await other.conversation(id).update({ title: 'Dinner' });
  await probe.until(({ conversation }) => conversation?.title === 'Dinner');
  await actions.leave();
  await probe.until(({ access }) => access === 'removed');
  await unmount();
});

test('of many people more are read page by page', async () => {
  const host = await stage().server.person(newName('host'));
  const name = newName('p');
  const { id } = await host.group(...Array.from({ length: 219 }, (_, n) => ({ id: `${name}-${n}` })));
  const client = stage().client(host.id, { share: null });
  const { probe, unmount } = await use(client, () => {
    useConversation(id);
    return useParticipants(id);
  });
  await probe.until(({ participants }) => participants.length === 100);
  while (probe.now.hasMore) await probe.now.loadMore();
  expect(new Set(probe.now.participants.map(({ user_id }) => user_id)).size).toBe(220);
  await unmount();
});
