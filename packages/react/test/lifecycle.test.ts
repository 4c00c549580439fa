/** What mounting, unmounting, StrictMode, changing props, and servers that render do. */
import { newContainer } from './support/dom.ts';
import { Suspense, createElement, startTransition, use as useResource, useState } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';
import {
  ParleyProvider,
  useConnection,
  useConversation,
  useConversations,
  useMessages,
  useParley,
  useParleyState,
  usePresence,
  useUnread,
} from '../src/index.ts';
import { faultyFetch, live, refusal, texts, two, until, useStage } from './support/chat.ts';
import { Probe, acting, draw, takeWarnings, turn, use } from './support/render.ts';

const stage = useStage();
const closed = (client: Parameters<typeof live>[0]) =>
  until(client, ({ connection }) => connection.status === 'closed');

test('StrictMode leaves one connection, and none after the component is gone', async () => {
  const { client, sockets, other, id } = await two(stage());
  const { probe, unmount } = await use(client, () => useMessages(id), { strict: true });
  await live(client);
  await other.conversation(id).send('hello');
  await probe.until(({ messages }) => messages.length === 1);
  expect([sockets.made, sockets.open.size]).toEqual([1, 1]);
  expect(client.conversation(id).isOpen).toBe(true);
  await unmount();
  await closed(client);
  expect(sockets.open.size).toBe(0);
  expect(client.conversation(id).isOpen).toBe(false);
});

test('a client stays open while one of two providers does, and with `connect={false}` it is yours', async () => {
  const { client } = await two(stage());
  const [one, another] = [await use(client, () => null), await use(client, () => useConnection().status)];
  await live(client);
  await one.unmount();
  await turn();
  expect(client.getSnapshot().connection.status).toBe('live');
  await another.unmount();
  await closed(client);
  const probe = new Probe<string>();
  const yours = await draw(
    createElement(
      ParleyProvider,
      { client, connect: false },
      probe.node(() => useConnection().status),
    ),
  );
  await turn();
  expect(probe.now).toBe('closed');
  await client.connect();
  await yours.unmount();
  await turn();
  expect(client.getSnapshot().connection.status).toBe('live');
});

test('another client: the one before is closed, and nothing of it is shown', async () => {
  const first = await two(stage());
  const second = await two(stage());
  await first.other.conversation(first.id).send('for the first');
  const probe = new Probe<ReturnType<typeof useConversations>>();
  const node = probe.node(() => useConversations());
  const drawn = await draw(createElement(ParleyProvider, { client: first.client }, node));
  await probe.until(({ conversations }) => conversations.length === 1);
  await drawn.draw(createElement(ParleyProvider, { client: second.client }, node));
  expect(probe.now.conversations).toEqual([]);
  await closed(first.client);
  await probe.until(({ conversations }) => conversations[0]?.id === second.id);
  await drawn.unmount();
});

test('another conversation: its own messages, errors and loading, and the one before is closed', async () => {
  const network = faultyFetch();
  const { client, other, ann, bob, id } = await two(stage(), { fetch: network.fetch });
  const next = await other.createConversation({ type: 'group', title: 'Dinner', participant_ids: [ann] });
  const person = await stage().server.person(bob);
  for (let n = 1; n <= 60; n++) await person.say(id, `${n}`);
  await person.say(next.id, 'Noodles?');
  const view = await use(client, () => useMessages(id));
  await view.probe.until(({ isLoaded, hasOlder }) => isLoaded && hasOlder);
  const answer = Promise.withResolvers<Response>();
  network.fault = (path) => (path.includes(`${id}/messages`) ? answer.promise : null);
  const late = view.probe.now.loadOlder();
  await view.probe.until(({ isLoadingOlder }) => isLoadingOlder);
  await view.use(() => useMessages(next.id));
  expect(view.probe.now).toMatchObject({ isLoadingOlder: false });
  await view.probe.until(({ messages }) => texts({ messages })[0] === 'Noodles?');
  expect([client.conversation(id).isOpen, next.id && client.conversation(next.id).isOpen]).toEqual([
    false,
    true,
  ]);
  answer.resolve(refusal(403, 'not_participant'));
  await late;
  expect(view.probe.now).toMatchObject({ error: null, isLoadingOlder: false });
  await view.unmount();
});

test('a component that goes while it loads is not missed, nor does its paging complain', async () => {
  const { client, id } = await two(stage());
  const { probe, unmount } = await use(client, () => useMessages(id));
  const { loadOlder } = probe.now;
  const before = loadOlder();
  await unmount();
  await closed(client);
  const after = loadOlder();
  const again = await use(client, () => useMessages(id));
  await again.probe.until(({ isLoaded }) => isLoaded);
  await Promise.all([before, after]);
  expect(again.probe.now).toMatchObject({ error: null, isLoadingOlder: false });
  await again.unmount();
});

test('what kept a conversation from being read is told, and passes with it', async () => {
  const network = faultyFetch();
  const { client, bob, id } = await two(stage(), { fetch: network.fetch });
  const person = await stage().server.person(bob);
  for (let n = 1; n <= 3; n++) await person.say(id, `${n}`);
  await client.connect();
  network.fault = (path) => (path.endsWith('/messages') ? refusal(400, 'validation_failed') : null);
  const { probe, unmount } = await use(client, () => useMessages(id));
  expect((await probe.until(({ error }) => error !== null)).error?.code).toBe('validation_failed');
  network.fault = () => null;
  await stage().cable.cut();
  await until(client, ({ connection }) => connection.status !== 'live');
  await stage().cable.mend();
  client.wake();
  const { messages } = await probe.until(({ error, isLoaded }) => error === null && isLoaded);
  expect(messages).toHaveLength(3);
  await unmount();
});

test('what a server could not do is tried again while the connection stands', async () => {
  const network = faultyFetch();
  const { client, bob, id } = await two(stage(), { fetch: network.fetch });
  const person = await stage().server.person(bob);
  for (let n = 1; n <= 3; n++) await person.say(id, `${n}`);
  network.fault = (path) => (path.endsWith('/messages') ? refusal(500, 'internal') : null);
  const { probe, unmount } = await use(client, () => useConversation(id));
  await probe.until(({ error }) => error?.status === 500);
  network.fault = () => null;
  await probe.until(({ error }) => error === null);
  expect(client.conversation(id).messages).toHaveLength(3);
  await unmount();
});

test('people whose status is shown are asked for again by a client that was closed in between', async () => {
  const { client, other, bob } = await two(stage());
  const { probe, unmount } = await use(client, () => usePresence([bob]));
  await probe.until((statuses) => statuses.get(bob)?.status === 'online');
  await client.close();
  await probe.until((statuses) => statuses.size === 0);
  await other.setStatus('away');
  await client.connect();
  await probe.until((statuses) => statuses.get(bob)?.status === 'away');
  await unmount();
});

test('a selector may be made anew in each render, and may answer a new object each time', async () => {
  const { client, other, id } = await two(stage());
  const isEqual = (a: readonly string[], b: readonly string[]) => a.join() === b.join();
  const titles = () =>
    useParleyState(
      ({ conversations }) => conversations.map(({ title }) => title ?? ''),
      (a, b) => isEqual(a, b),
    );
  const { probe, use: rerender, unmount } = await use(client, titles);
  const before = await probe.until((now) => now.length === 1);
  await rerender(() => titles());
  expect(probe.now).toBe(before);
  const renders = probe.renders;
  await other.conversation(id).send('no other title');
  await until(client, ({ conversations }) => conversations[0]?.unread_count === 1);
  await turn();
  expect(probe.renders).toBe(renders);
  await other.conversation(id).update({ title: 'Dinner' });
  await probe.until((now) => now[0] === 'Dinner');
  await unmount();
});

test.skipIf(useResource === undefined)(
  'a render that React gives up leaves what is shown as it was',
  async () => {
    const { client, other, ann, id } = await two(stage());
    const next = await other.createConversation({ type: 'group', title: 'Dinner', participant_ids: [ann] });
    const never = new Promise<never>(() => undefined);
    const probe = new Probe<readonly unknown[]>();
    const ids: string[] = [];
    let go: (to: string) => void = () => undefined;
    const Shown = () => {
      const [shown, setShown] = useState(id);
      go = setShown;
      ids.push(shown);
      return createElement(Suspense, null, createElement(Inner, { id: shown }));
    };
    const pick = (state: { readonly conversations: readonly { readonly id: string }[] }) => [
      state.conversations.length > 0,
    ];
    const Inner = ({ id: shown }: { readonly id: string }) => {
      useConversation(shown);
      if (shown === next.id) useResource(never);
      return probe.node(hook);
    };
    const hook = () => useParleyState(pick, (a, b) => a[0] === b[0]);
    const drawn = await draw(createElement(ParleyProvider, { client }, createElement(Shown)));
    const before = await probe.until(([any]) => any === true);
    const renders = probe.renders;
    await acting(() => startTransition(() => go(next.id)));
    expect(ids).toContain(next.id);
    await other.conversation(id).send('meanwhile');
    await until(client, ({ unread }) => unread.messages === 1);
    await turn();
    expect(probe.now).toBe(before);
    expect(probe.renders).toBe(renders);
    expect(client.conversation(next.id).isOpen).toBe(false);
    await drawn.unmount();
  },
);

test('a server renders the state of nobody, and a page with a connection takes that over without a word', async () => {
  const { client, other, id } = await two(stage());
  await other.conversation(id).send('hello');
  const Page = () => {
    const { messages, isLoaded } = useMessages(id);
    const { status } = useConnection();
    const { messages: unread } = useUnread();
    return createElement('p', null, `${status} ${isLoaded} ${messages.length} ${unread}`);
  };
  const page = () => createElement(ParleyProvider, { client }, createElement(Page));
  const html = renderToString(page());
  expect(html).toBe('<p>closed false 0 0</p>');
  // Everything is known before React takes the page over.
  await client.connect();
  await client.conversation(id).open();
  const container = newContainer() as HTMLElement & { innerHTML: string };
  container.innerHTML = html;
  let root: ReturnType<typeof hydrateRoot> | undefined;
  const mismatches: unknown[] = [];
  await acting(() => {
    root = hydrateRoot(container, page(), { onRecoverableError: (error) => mismatches.push(error) });
  });
  expect(container.innerHTML).toBe('<p>live true 1 1</p>');
  expect(mismatches).toEqual([]);
  await acting(() => root?.unmount());
});

test('a hook without a provider says so', async () => {
  const Lost = () => useParley().getSnapshot().userId;
  const errors: unknown[] = [];
  const root = createRoot(newContainer(), { onUncaughtError: (error) => errors.push(error) });
  await acting(() => root.render(createElement(Lost))).catch((error: unknown) => errors.push(error));
  takeWarnings();
  expect(String(errors[0])).toContain('ParleyProvider');
});
