/** What the compiler must know. */
import { expectTypeOf, test } from 'vitest';
import type { Conversation, Message } from '@parley/protocol';
import { ParleyError, createParley, type AnyMessage, type ParleyEvent } from '../src/index.ts';

const parley = createParley({ url: 'http://localhost', getToken: () => '' });

test('events are told apart by their name', () => {
  parley.on('new_message', (event) => expectTypeOf(event.message).toEqualTypeOf<Message>());
  parley.on('typing_start', (event) => expectTypeOf(event.user_id).toEqualTypeOf<string>());
  parley.on('*', (event) => {
    expectTypeOf(event).toEqualTypeOf<ParleyEvent>();
    if (event.type === 'message_read') expectTypeOf(event.last_seq).toEqualTypeOf<number>();
    if (event.type === 'connection' && event.status === 'waiting')
      expectTypeOf(event.retryAt).toEqualTypeOf<number>();
  });
  // @ts-expect-error -- there is no such event
  parley.on('new_mesage', () => undefined);
});

test('errors are told apart by their code', () => {
  const error: unknown = null;
  if (!(error instanceof ParleyError)) return;
  expectTypeOf(error.message).toEqualTypeOf<string>();
  if (error.code === 'rate_limited') {
    expectTypeOf(error.status).toEqualTypeOf<429>();
    expectTypeOf(error.retryAfter).toEqualTypeOf<number>();
  }
  if (error.code === 'muted') expectTypeOf(error.status).toEqualTypeOf<403>();
  if (error.code === 'network') expectTypeOf(error.status).toEqualTypeOf<0>();
  // @ts-expect-error -- there is no such code
  if (error.code === 'not_a_code') return;
});

test('messages are told apart by their status', () => {
  const look = (message: AnyMessage): string | number => {
    switch (message.status) {
      case 'sending':
        return message.retryAt ?? 0;
      case 'failed':
        return message.error.code;
      default:
        return message.seq;
    }
  };
  expectTypeOf(look).parameters.toEqualTypeOf<[AnyMessage]>();
});

test('lists are pages to await, and items to go through', () => {
  expectTypeOf(parley.api.listConversations).returns.resolves.toHaveProperty('next_cursor');
  type Items = ReturnType<ReturnType<typeof parley.api.listConversations>[typeof Symbol.asyncIterator]>;
  expectTypeOf<Items['next']>().returns.resolves.toEqualTypeOf<IteratorResult<Conversation>>();
  parley.subscribe(
    ({ unread }) => unread.messages,
    (now) => expectTypeOf(now).toEqualTypeOf<number>(),
  );
});
