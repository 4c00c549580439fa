/** The specification's own example, with its import changed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Message } from '@parley/protocol';
import { MessagingClient } from '../src/compat.ts';
import { openStage, type Stage } from './support/people.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

class Listening extends MessagingClient {
  readonly seen = Promise.withResolvers<Message>();
  readonly typing = Promise.withResolvers<string>();
  readonly stopped = Promise.withResolvers<string>();
  readonly read = Promise.withResolvers<string>();
  readonly status = Promise.withResolvers<string>();

  override onNewMessage(message: Message): void {
    this.seen.resolve(message);
  }
  override onTypingStart(data: { user_id: string }): void {
    this.typing.resolve(data.user_id);
  }
  override onTypingStop(data: { user_id: string }): void {
    this.stopped.resolve(data.user_id);
  }
  override onMessageRead(data: { user_id: string }): void {
    this.read.resolve(data.user_id);
  }
  override onUserStatusChange(data: { status: string }): void {
    this.status.resolve(data.status);
  }
}

test("the specification's usage example", async () => {
  const ann = new Listening(stage.url, await stage.server.token({ sub: 'ann' }));
  const bob = new Listening(`${stage.url}/api`, () => stage.server.token({ sub: 'bob' }));
  await ann.connect();
  const group = await ann.parley.createConversation({ type: 'group', participant_ids: ['bob'] });
  await bob.connect();
  expect(await ann.status.promise).toBe('online');
  ann.joinConversation(group.id);
  bob.joinConversation(group.id);
  await group.open();
  await bob.parley.conversation(group.id).open();
  const message = await ann.sendMessage(group.id, 'Hello, everyone!');
  expect((await bob.seen.promise).id).toBe(message.id);
  bob.markMessageRead(message.id, group.id);
  expect(await ann.read.promise).toBe('bob');
  bob.startTyping(group.id);
  expect(await ann.typing.promise).toBe('bob');
  bob.stopTyping(group.id);
  expect(await ann.stopped.promise).toBe('bob');
  await expect(ann.sendMessage(group.id, '')).rejects.toMatchObject({ code: 'validation_failed' });
  await Promise.all([ann.disconnect(), bob.disconnect()]);
});
