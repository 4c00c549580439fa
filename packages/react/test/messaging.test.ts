/** `useMessaging`, used as the specification's example uses its own. */
import { createElement, useEffect, type ReactNode } from 'react';
import { expect, test } from 'vitest';
import { ParleyProvider, useMessages, useMessaging } from '../src/index.ts';
import { quick } from '../../client/test/support/people.ts';
import { countedSockets, newName, two, until, useStage } from './support/chat.ts';
import { Probe, draw, takeWarnings } from './support/render.ts';

const stage = useStage();
const options = () => ({ url: stage().url, share: null, timing: quick });
const token = (name: string, claims = {}) => stage().server.token({ sub: name, ...claims });

test('it connects, joins, sends, receives, and tells who is typing; and closes after the component', async () => {
  const { ann, bob, other, id } = await two(stage());
  const [sockets, jwt] = [countedSockets(), await token(ann)];
  const probe = new Probe<ReturnType<typeof useMessaging>>();
  const drawn = await draw(
    probe.node(() => {
      const messaging = useMessaging(jwt, { ...options(), WebSocket: sockets.WebSocket });
      const { joinConversation } = messaging;
      useEffect(() => joinConversation(id), [joinConversation]);
      return messaging;
    }),
  );
  const first = await probe.until(({ isConnected }) => isConnected);
  const theirs = other.conversation(id);
  expect(await first.sendMessage(id, 'Soup')).toMatchObject({ content: 'Soup', sender_id: ann });
  await sockets.joined(id);
  theirs.typing();
  await probe.until(({ typingUsers }) => typingUsers.has(bob));
  const { id: messageId } = await theirs.send('Pizza or soup?');
  await probe.until(({ typingUsers, messages }) => typingUsers.size === 0 && messages.length === 2);
  expect(probe.now.messages.map(({ content }) => content)).toEqual(['Pizza or soup?', 'Soup']);
  await theirs.editMessage(messageId, 'Pizza, or soup?');
  await probe.until((now) => now.messages[0]?.content === 'Pizza, or soup?');
  probe.now.startTyping(id);
  await until(theirs, ({ typing }) => typing.length === 1);
  probe.now.stopTyping(id);
  await until(theirs, ({ typing }) => typing.length === 0);
  expect(probe.now.sendMessage).toBe(first.sendMessage);
  await expect(probe.now.sendMessage(id, '')).rejects.toMatchObject({ code: 'validation_failed' });
  const { parley } = probe.now;
  await drawn.unmount();
  await until(parley, ({ connection }) => connection.status === 'closed');
  expect([sockets.made, sockets.open.size, parley.conversation(id).isOpen]).toEqual([1, 0, false]);
});

test('a fresh token for the same person goes on; one for another begins anew', async () => {
  const { ann, bob, other, id } = await two(stage());
  const sockets = countedSockets();
  const probe = new Probe<ReturnType<typeof useMessaging>>();
  const as = (jwt: string) =>
    probe.node(() => useMessaging(jwt, { ...options(), WebSocket: sockets.WebSocket }));
  const drawn = await draw(as(await token(ann)));
  await probe.until(({ isConnected }) => isConnected);
  await other.conversation(id).send('one');
  const { parley } = await probe.until(({ messages }) => messages.length === 1);
  await drawn.draw(as(await token(ann, { exp: Math.floor(Date.now() / 1000) + 1800 })));
  expect(probe.now).toMatchObject({ parley, isConnected: true, messages: [{ content: 'one' }] });
  expect(sockets.made).toBe(1);
  await drawn.draw(as(await token(bob)));
  expect(probe.now.messages).toEqual([]);
  expect(probe.now.parley).not.toBe(parley);
  await until(parley, ({ connection }) => connection.status === 'closed');
  await until(probe.now.parley, ({ userId }) => userId === bob);
  await drawn.unmount();
  await until(probe.now.parley, ({ connection }) => connection.status === 'closed');
  expect([sockets.made, sockets.open.size]).toEqual([2, 0]);
});

test('a refused token is replaced by the next one that is given', async () => {
  const name = newName('late');
  const probe = new Probe<ReturnType<typeof useMessaging>>();
  const as = (jwt: string) => probe.node(() => useMessaging(jwt, options()));
  const drawn = await draw(as(await token(name, { exp: Math.floor(Date.now() / 1000) - 60 })));
  const { parley } = probe.now;
  await until(parley, ({ connection }) => connection.status === 'refused');
  await drawn.draw(as(await token(name)));
  await probe.until(({ isConnected }) => isConnected);
  expect(probe.now.parley).toBe(parley);
  await drawn.unmount();
});

test('a function may be made anew in each render: the last one is asked', async () => {
  const name = newName('ann');
  const [jwt, asked] = [await token(name), [] as number[]];
  const probe = new Probe<ReturnType<typeof useMessaging>>();
  const nth = (n: number) =>
    probe.node(() =>
      useMessaging(() => {
        asked.push(n);
        return jwt;
      }, options()),
    );
  const drawn = await draw(nth(1));
  const { parley } = probe.now;
  await drawn.draw(nth(2));
  await probe.until(({ isConnected }) => isConnected);
  expect(probe.now.parley).toBe(parley);
  await stage().cable.cut();
  await probe.until(({ isConnected }) => !isConnected);
  await stage().cable.mend();
  await probe.until(({ isConnected }) => isConnected);
  expect(asked).toEqual([1]);
  await drawn.unmount();
});

test('its client serves the other hooks', async () => {
  const { ann, other, id } = await two(stage());
  const [jwt, probe] = [await token(ann), new Probe<ReturnType<typeof useMessages>>()];
  const inner = probe.node(() => useMessages(id));
  const Chat = (): ReactNode => {
    const { parley } = useMessaging(jwt, options());
    return createElement(ParleyProvider, { client: parley, connect: false }, inner);
  };
  const drawn = await draw(createElement(Chat));
  await other.conversation(id).send('hello');
  await probe.until(({ messages }) => messages.length === 1);
  await drawn.unmount();
});

test('outside of browsers it says that it needs a url', async () => {
  const probe = new Probe<unknown>();
  const drawing = draw(probe.node(() => useMessaging('token')));
  await expect(drawing).rejects.toThrow('url');
  takeWarnings();
});
