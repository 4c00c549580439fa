import { expect, test } from 'vitest';
import { HeldPages, type HeldPage } from './held-pages.ts';
import type { MessageRow } from './rows.ts';

const row = (seq: number, content: string): MessageRow => ({
  id: `m${seq}`,
  conversation_id: 'c',
  seq,
  version: 1,
  sender_id: 'ann',
  sender_name: 'Ann',
  content,
  message_type: 'text',
  reply_to_id: null,
  reply_to_content: null,
  reply_count: 0,
  created_at: '',
  updated_at: '',
  is_edited: false,
  is_deleted: false,
  metadata: {},
  client_id: null,
});

const page = (content: string): HeldPage => ({
  version: 1,
  from: 1,
  to: 1,
  rows: new Map([[1, row(1, content)]]),
});

test('pages take no more than they may, and what was used longest ago goes first', () => {
  const pages = new HeldPages(10_000);
  for (const key of ['a', 'b', 'c']) pages.set(key, page('x'.repeat(1000)));
  pages.get('a');
  pages.set('d', page('x'.repeat(1000)));
  expect(pages.bytes).toBeLessThanOrEqual(10_000);
  expect(['a', 'b', 'c', 'd'].filter((key) => pages.get(key) !== undefined)).toEqual(['a', 'c', 'd']);
  for (const key of ['a', 'c', 'd', 'd']) pages.delete(key);
  expect(pages.bytes).toBe(0);
});

test('a page that alone is more than all may take is not held', () => {
  const pages = new HeldPages(1000);
  pages.set('a', page('x'.repeat(1000)));
  expect(pages.get('a')).toBeUndefined();
  expect(pages.bytes).toBe(0);
});
