import { beforeEach, expect, test, vi } from 'vitest';
import { Shelf, draftLifeMs, forgetWriting, mergeDrafts, parseDraft, type KeptDraft } from './kept.ts';

/** What the shelf needs of the browser's. */
function memoryStorage(): Storage {
  const kept: Record<string, string> = {};
  const methods = {
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => void (kept[key] = value),
    removeItem: (key: string) => void Reflect.deleteProperty(kept, key),
  };
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(kept, name, { value });
  return kept as unknown as Storage;
}

beforeEach(() => void vi.stubGlobal('localStorage', memoryStorage()));

const server = 'https://chat.example';
const draft: KeptDraft = { text: 'Half a sen', replyTo: 'm1', at: Date.now() };

test('a draft is there again after a reload, for the person who wrote it and for nobody else', () => {
  new Shelf(server, 'ann').keepDraft('c1', draft);
  expect(new Shelf(server, 'ann').drafts()).toEqual(new Map([['c1', draft]]));
  expect(new Shelf(server, 'bob').drafts().size).toBe(0);
  expect(new Shelf('https://other.example', 'ann').drafts().size).toBe(0);
});

test('signing out leaves nothing of that person, and everything of others', () => {
  for (const user of ['ann', 'anna']) {
    new Shelf(server, user).keepDraft('c1', draft);
    new Shelf(server, user).emoji = 'none 👍';
  }
  forgetWriting(server, 'ann');
  expect(Object.keys(localStorage).every((key) => key.includes(' anna:'))).toBe(true);
  expect(Object.keys(localStorage)).toHaveLength(2);
});

test('drafts are dropped after 30 days', () => {
  const shelf = new Shelf(server, 'ann');
  shelf.keepDraft('c1', draft);
  expect(shelf.drafts(draft.at + draftLifeMs).size).toBe(1);
  expect(shelf.drafts(draft.at + draftLifeMs + 1).size).toBe(0);
  expect(Object.keys(localStorage)).toEqual([]);
});

test('without storage, or with something else in it, writing goes on', () => {
  localStorage.setItem(`parley:write:${server} ann:draft:c1`, '{"text":');
  expect(new Shelf(server, 'ann').drafts().size).toBe(0);
  vi.stubGlobal('localStorage', undefined);
  new Shelf(server, 'ann').keepDraft('c1', draft);
  expect(new Shelf(server, 'ann').drafts().size).toBe(0);
  expect(parseDraft('{"text":1,"at":2}')).toBeNull();
});

test('of two tabs the newer draft counts', () => {
  const newer = { ...draft, text: 'Half a sentence', at: draft.at + 5 };
  expect(mergeDrafts(draft, draft, newer)).toBe(newer);
  expect(mergeDrafts(newer, null, draft)).toBe(newer);
});

test('what was sent in one tab goes in the other, unless it is another text there', () => {
  expect(mergeDrafts(draft, draft, null)).toBeNull();
  const other = { ...draft, text: 'Something else' };
  expect(mergeDrafts(other, draft, null)).toBe(other);
});
