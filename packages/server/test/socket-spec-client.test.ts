/** Somebody who built their app from the specification alone changes nothing: its own client, its own fields. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Json } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';
import { MessagingClient } from './support/spec-client.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** An app: the spec's client, whose handlers note what they are given. */
class App extends MessagingClient {
  readonly seen: { readonly what: string; readonly data: Json }[] = [];
  #wake = Promise.withResolvers<void>();

  override onOpen = () => this.#note('open', null);
  override onNewMessage = (message: Json) => this.#note('new_message', message);
  override onUserStatusChange = (data: Json) => this.#note('user_status_change', data);
  override onTypingStart = (data: Json) => this.#note('typing_start', data);
  override onTypingStop = (data: Json) => this.#note('typing_stop', data);
  override onMessageRead = (data: Json) => this.#note('message_read', data);
  override onError = (message: string) => this.#note('error', message);

  /** Its handlers don't show these two answers, which say from when on all that happens is told. */
  override handleMessage(data: Json): void {
    if (data.type === 'connected' || data.type === 'joined_conversation') this.#note(data.type, data);
    super.handleMessage(data);
  }

  async first(what: string, fits: (data: Json) => boolean = () => true): Promise<Json> {
    for (;;) {
      const found = this.seen.find((event) => event.what === what && fits(event.data));
      if (found !== undefined) return found.data;
      await this.#wake.promise;
    }
  }

  #note(what: string, data: Json): void {
    this.seen.push({ what, data });
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

async function open(name: string): Promise<App> {
  const token = await server.token({ sub: name, user_metadata: { full_name: 'John Doe' } });
  const app = new App(server.origin, token);
  app.connect();
  await app.first('open');
  return app;
}

test('the spec’s client joins, sends, types and reads, and the other’s handlers are given what the spec shows', async () => {
  const one = await server.person('user-1');
  const { body: conversation } = await one.post('/api/conversations', {
    title: 'Study Group',
    type: 'group',
    participant_ids: ['user-1', 'user-2'],
  });
  const [writer, reader] = [await open('user-1'), await open('user-2')];
  // As its usage example does, right after connecting.
  reader.joinConversation(conversation.id);
  await Promise.all([writer.first('connected'), reader.first('joined_conversation')]);

  const sent = await writer.sendMessage(conversation.id, 'Hello, everyone!');
  expect(await reader.first('new_message')).toMatchObject({
    id: sent.id,
    conversation_id: conversation.id,
    sender_id: 'user-1',
    sender_name: 'John Doe',
    content: 'Hello, everyone!',
    message_type: 'text',
    created_at: sent.created_at,
    status: 'sent',
  });
  const reply = await reader.sendMessage(conversation.id, 'Hi!', sent.id);
  expect(reply).toMatchObject({
    reply_to_id: sent.id,
    reply_to_content: 'Hello, everyone!',
    is_edited: false,
  });

  writer.startTyping(conversation.id);
  expect(await reader.first('typing_start')).toEqual({
    type: 'typing_start',
    user_id: 'user-1',
    conversation_id: conversation.id,
  });
  expect(await reader.first('user_status_change', ({ is_typing }) => is_typing)).toMatchObject({
    type: 'user_status_change',
    user_id: 'user-1',
    status: 'online',
    is_typing: true,
    conversation_id: conversation.id,
  });
  writer.stopTyping(conversation.id);
  expect(await reader.first('typing_stop')).toMatchObject({
    user_id: 'user-1',
    conversation_id: conversation.id,
  });

  reader.markMessageRead(sent.id, conversation.id);
  // Sending the reply had read it already; its own answer had not been read by the writer.
  writer.markMessageRead(reply.id, conversation.id);
  expect(await reader.first('message_read')).toMatchObject({
    type: 'message_read',
    message_id: reply.id,
    user_id: 'user-1',
  });

  expect([...writer.seen, ...reader.seen].filter(({ what }) => what === 'error')).toEqual([]);
  reader.ws?.send('nonsense');
  expect(await reader.first('error')).toBe('Invalid message format');
  writer.ws?.close();
  reader.ws?.close();
});

test('the spec’s first line, with the token in the path, connects; so does its Flutter client’s query', async () => {
  const token = await server.token({ sub: 'user-3' });
  const base = server.origin.replace('http', 'ws');
  for (const address of [`${base}/api/ws/${token}`, `${base}/api/ws?token=${token}`]) {
    const ws = new WebSocket(address);
    const [data] = (await once(ws, 'message')) as [Buffer];
    expect(JSON.parse(data.toString())).toMatchObject({ type: 'connected', user_id: 'user-3' });
    ws.close();
  }
});
