/** No component renders whose slice did not change. */
import { Fragment, createElement, memo, type ReactNode } from 'react';
import { beforeEach, expect, test } from 'vitest';
import type { AnyMessage, ParleyState } from '@parley/client';
import {
  ParleyProvider,
  useConnection,
  useConversationState,
  useConversations,
  useMessages,
  useParleyState,
  usePresence,
  useSend,
  useTyping,
  useUnread,
  useUpload,
} from '../src/index.ts';
import { faultyFetch, live, newName, two, until, useStage } from './support/chat.ts';
import { draw, turn } from './support/render.ts';

const stage = useStage();

/** How often each component was rendered since the last look. */
const counts = new Map<string, number>();
const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
const rendered = (): string[] => {
  const names = [...counts.keys()].sort();
  counts.clear();
  return names;
};
beforeEach(() => counts.clear());

const Row = memo(({ message }: { readonly message: AnyMessage }): ReactNode => {
  count(`row ${message.content}`);
  return null;
});
const List = memo(({ id, name }: { readonly id: string; readonly name: string }): ReactNode => {
  count(`messages ${name}`);
  return useMessages(id).messages.map((message) => createElement(Row, { message, key: message.key }));
});
/** A component that does nothing but use one hook. */
const user = <T>(hook: (props: T) => unknown, what: string) =>
  memo((props: T & { readonly name: string }): ReactNode => {
    count(`${what} ${props.name}`.trim());
    hook(props);
    return null;
  });
interface Of {
  readonly id: string;
}
const TypingLine = user(({ id }: Of) => useTyping(id), 'typing');
const Composer = user(({ id }: Of) => useSend(id), 'composer');
const Tray = user(({ id }: Of) => useUpload(id), 'uploads');
const Title = user(
  ({ id }: Of) => useConversationState(id, ({ conversation }) => conversation?.title),
  'title',
);
const unreadIn = (id: string) => (state: ParleyState) =>
  state.conversations.find((each) => each.id === id)?.unread_count;
const Badge = user(({ id }: Of) => useParleyState(unreadIn(id)), 'badge');
const Dot = user(({ id }: Of) => usePresence([id]), 'presence');
const Total = user(() => useUnread(), 'total');
const Status = user(() => useConnection(), 'connection');
const Entry = memo(({ title }: { readonly title: unknown }): ReactNode => {
  count('entry');
  return title === null ? null : undefined;
});
const Entries = memo((): ReactNode => {
  count('list');
  return useConversations().conversations.map((each) => createElement(Entry, { title: each, key: each.id }));
});

/** Ann looks at two conversations with everything that there is around them; Bob is in both. */
async function page() {
  const network = faultyFetch();
  const people = await two(stage(), { fetch: network.fetch });
  const { client, other, ann, bob, id: a } = people;
  const { id: b } = await other.createConversation({
    type: 'group',
    title: 'Dinner',
    participant_ids: [ann],
  });
  const { id: c } = await other.createConversation({
    type: 'group',
    title: 'Brunch',
    participant_ids: [ann],
  });
  for (const id of [b, c]) await other.conversation(id).open();
  const each = (name: string, id: string) =>
    [List, TypingLine, Composer, Tray, Title, Badge].map((component, n) =>
      createElement(component, { id, name, key: `${name} ${n}` }),
    );
  const drawn = await draw(
    createElement(
      ParleyProvider,
      { client },
      each('a', a),
      each('b', b),
      createElement(Badge, { id: c, name: 'c' }),
      createElement(Dot, { id: bob, name: '' }),
      createElement(Total, { name: '' }),
      createElement(Status, { name: '' }),
      createElement(Fragment, null, createElement(Entries)),
    ),
  );
  await live(client);
  const isRead = (id: string) =>
    until(client.conversation(id), ({ isLoaded, participants }) => isLoaded && participants.length === 2);
  await Promise.all([isRead(a), isRead(b)]);
  await until(client, ({ statuses }) => statuses.get(bob)?.status === 'online');
  await turn();
  rendered();
  /** What was rendered once both the clients and React have nothing more to do with it. */
  const settled = async () => {
    await turn();
    return rendered();
  };
  return { ...people, network, a, b, c, settled, unmount: drawn.unmount };
}

test('a message renders its list, its own row, its badge, and what counts it', async () => {
  const { client, other, a, settled, unmount } = await page();
  await other.conversation(a).send('one');
  await until(client.conversation(a), ({ messages }) => messages.length === 1);
  expect(await settled()).toEqual(['badge a', 'entry', 'list', 'messages a', 'row one', 'total']);
  await other.conversation(a).send('two');
  await until(client.conversation(a), ({ messages }) => messages.length === 2);
  expect(await settled()).toEqual(['badge a', 'entry', 'list', 'messages a', 'row two', 'total']);
  await unmount();
});

test('typing renders who is typing, and how they are', async () => {
  const { client, sockets, other, a, settled, unmount } = await page();
  await sockets.joined(a);
  other.conversation(a).typing();
  await until(client.conversation(a), ({ typing }) => typing.length === 1);
  expect(await settled()).toEqual(['presence', 'typing a']);
  other.conversation(a).typing(false);
  await until(client.conversation(a), ({ typing }) => typing.length === 0);
  expect(await settled()).toEqual(['presence', 'typing a']);
  await unmount();
});

test('a status renders who shows it', async () => {
  const { client, other, bob, settled, unmount } = await page();
  await other.setStatus('busy');
  await until(client, ({ statuses }) => statuses.get(bob)?.status === 'busy');
  expect(await settled()).toEqual(['presence']);
  await unmount();
});

test('what is unread elsewhere renders its badge', async () => {
  const { client, other, c, settled, unmount } = await page();
  await other.conversation(c).send('one');
  await until(client, ({ unread }) => unread.messages === 1);
  expect(await settled()).toEqual(['badge c', 'entry', 'list', 'total']);
  await client.conversation(c).open();
  await settled();
  client.conversation(c).markRead();
  await until(client, ({ unread }) => unread.messages === 0);
  await until(other.conversation(c), ({ messages }) => messages[0]?.status === 'read');
  expect(await settled()).toEqual(['badge c', 'entry', 'list', 'total']);
  await unmount();
});

test('an edit renders the row of its message and the entry of its conversation, a title its title', async () => {
  const { client, other, a, settled, unmount } = await page();
  const { id } = await other.conversation(a).send('one');
  await other.conversation(a).send('two');
  await until(client.conversation(a), ({ messages }) => messages.length === 2);
  await settled();
  await other.conversation(a).editMessage(id, 'uno');
  await until(client.conversation(a), ({ messages }) => messages[0]?.content === 'uno');
  expect(await settled()).toEqual(['entry', 'list', 'messages a', 'row uno']);
  await other.conversation(a).update({ title: newName('title') });
  await until(client.conversation(a), ({ conversation }) => conversation?.title !== 'Lunch');
  expect(await settled()).toEqual(['entry', 'list', 'title a']);
  await unmount();
});

test('a lost connection renders who shows that', async () => {
  const { client, settled, unmount } = await page();
  await stage().cable.cut();
  await until(client, ({ connection }) => connection.status === 'waiting');
  expect(await settled()).toEqual(['connection']);
  await stage().cable.mend();
  client.wake();
  await live(client);
  expect(await settled()).toEqual(['connection']);
  await unmount();
});
