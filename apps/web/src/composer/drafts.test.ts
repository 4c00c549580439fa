import { expect, test, vi } from 'vitest';
import { createParley, type AnyMessage, type Parley } from '@parley/client';
import { Drafts } from './drafts.ts';

vi.stubGlobal('localStorage', undefined);

const parley: Parley = createParley({ url: 'http://127.0.0.1', getToken: () => 'never asked' });

const message = (id: string, content: string): AnyMessage => ({
  key: id,
  id,
  client_id: id,
  conversation_id: 'c',
  seq: null,
  sender_id: 'ann',
  content,
  message_type: 'text',
  reply_to_id: null,
  metadata: {},
  created_at: '2026-01-01T00:00:00.000Z',
  status: 'sending',
  retryAt: null,
});

test('what was begun stays while an edit is made, and is there after it', () => {
  const drafts = new Drafts(parley, '');
  drafts.change('c', { text: 'Half a sen' });
  drafts.change('c', { editing: message('m1', 'Old text') });
  expect(drafts.of('c')).toMatchObject({ text: 'Half a sen', editText: 'Old text' });
  drafts.change('c', { editText: 'New text' });
  drafts.change('c', { editing: null });
  expect(drafts.of('c')).toMatchObject({ text: 'Half a sen', editing: null });
});

test('a reply that begins ends an edit, and goes when it is cancelled', () => {
  const drafts = new Drafts(parley, '');
  drafts.change('c', { editing: message('m1', 'Old text') });
  drafts.change('c', { replyTo: message('m2', 'Question') });
  expect(drafts.of('c')).toMatchObject({ editing: null, replyToId: 'm2' });
  drafts.change('c', { replyTo: null });
  expect(drafts.of('c').replyToId).toBeNull();
});

test('each conversation has its own draft, the same object until it changes', () => {
  const drafts = new Drafts(parley, '');
  drafts.change('a', { text: 'To A' });
  const before = drafts.of('a');
  drafts.change('b', { text: 'To B' });
  expect(drafts.of('a')).toBe(before);
  expect(drafts.of('c')).toBe(drafts.of('d'));
});
