import { describe, expect, it } from 'vitest';
import type { Conversation, Message } from '@parley/client';
import { plainText, previewOf } from './preview.ts';

const message = (change: Partial<Message>): Message => ({
  id: 'm1',
  conversation_id: 'c1',
  seq: 1,
  version: 2,
  sender_id: 'bob',
  sender_name: 'Bob Lindqvist',
  content: 'Hello',
  message_type: 'text',
  reply_to_id: null,
  reply_to_content: null,
  reply_count: 0,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
  is_edited: false,
  is_deleted: false,
  metadata: {},
  status: 'sent',
  client_id: null,
  ...change,
});

const conversation = (last: Partial<Message> | null, type: Conversation['type'] = 'group'): Conversation => ({
  id: 'c1',
  type,
  title: 'Lunch',
  created_by: 'ann',
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
  last_message_at: '2026-01-01T00:00:00.000Z',
  is_archived: false,
  is_deleted: false,
  metadata: {},
  participant_count: 2,
  last_seq: last === null ? 0 : 1,
  version: 2,
  participants: [],
  last_message: last && message(last),
  my_role: 'admin',
  unread_count: 0,
});

const shown = (last: Partial<Message> | null, type?: Conversation['type']): string => {
  const { sender, text } = previewOf(conversation(last, type), 'ann');
  return sender === null ? text : `${sender}: ${text}`;
};

describe('the preview of a conversation', () => {
  it('says who spoke where that is not clear', () => {
    expect(shown({})).toBe('Bob: Hello');
    expect(shown({}, 'direct')).toBe('Hello');
    expect(shown({ sender_id: 'ann', sender_name: 'Ann' }, 'direct')).toBe('You: Hello');
  });

  it('names what has no words of its own', () => {
    expect(shown(null)).toBe('No messages yet');
    expect(shown({ is_deleted: true, content: '' })).toBe('Message deleted');
    const attachment = { file_name: 'hill.jpg' };
    expect(shown({ message_type: 'image', content: 'hill.jpg', metadata: { attachment } })).toBe(
      'Bob: Photo',
    );
    expect(shown({ message_type: 'image', content: '*Our* hill', metadata: { attachment } })).toBe(
      'Bob: Photo: Our hill',
    );
    expect(
      shown({
        message_type: 'file',
        content: 'plan.pdf',
        metadata: { attachment: { file_name: 'plan.pdf' } },
      }),
    ).toBe('Bob: plan.pdf');
    expect(shown({ message_type: 'system', content: 'Bob came' })).toBe('Bob came');
  });
});

describe('Markdown in one line', () => {
  it.each([
    ['**Forno** on _Mill Street_, ~~12:00~~ *12:30*', 'Forno on Mill Street, 12:00 12:30'],
    ['Found one:\n\n- a\n- b\n1. c', 'Found one: a b c'],
    ['```ts\nawait go();\n```\nshort, eh?', 'await go(); short, eh?'],
    ['> quoted\n\n# Title', 'quoted Title'],
    ['see [the menu](https://forno.example) and `npm ci`', 'see the menu and npm ci'],
    ['snake_case_name and 2 * 3 * 4', 'snake_case_name and 2 * 3 * 4'],
    ['**', '**'],
  ])('%j reads %j', (markdown, text) => expect(plainText(markdown)).toBe(text));

  it('takes no longer for a text that is made to be slow', () => {
    const began = performance.now();
    for (const piece of ['**a', '[', '`', '*a ', '_a '])
      expect(typeof plainText(piece.repeat(2000))).toBe('string');
    expect(performance.now() - began).toBeLessThan(200);
  });
});
