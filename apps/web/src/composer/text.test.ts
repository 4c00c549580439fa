import { expect, test } from 'vitest';
import { limits } from '@parley/protocol';
import {
  contentLength,
  lengthOf,
  linkOver,
  prepared,
  roomLeft,
  toggleMark,
  type Replacement,
  type Selected,
} from './text.ts';

const apply = ({ text }: Selected, { from, to, text: put }: Replacement): string =>
  text.slice(0, from) + put + text.slice(to);
const select = (text: string, words: string): Selected => {
  const start = text.indexOf(words);
  return { text, start, end: start + words.length };
};

test('a message is counted as the server counts it, so that nobody is refused after typing', () => {
  expect(contentLength).toBe(limits.contentLength);
  expect(lengthOf('a👍🏽')).toBe(3);
});

test('how much room is left shows near the end alone', () => {
  expect(roomLeft('a'.repeat(4499))).toBeNull();
  expect(roomLeft('a'.repeat(4500))).toBe(500);
  expect(roomLeft('👍'.repeat(2500))).toBeNull();
  expect(roomLeft('a'.repeat(5003))).toBe(-3);
});

test('white space around a message is dropped, the indent of code is not', () => {
  expect(prepared('\n  \n    code\n  more  \n\n')).toBe('    code\n  more');
  expect(prepared(' \n ')).toBe('');
});

test.each([
  ['words', '**', 'some **words** here'],
  ['words', '*', 'some *words* here'],
])('%s can be marked with %s, and pressing again takes it away', (words, mark, marked) => {
  const text = 'some words here';
  const selected = select(text, words);
  const {
    from,
    select: [start, end],
    ...rest
  } = toggleMark(selected, mark);
  expect(apply(selected, { from, select: [start, end], ...rest })).toBe(marked);
  const again = { text: marked, start: from + start, end: from + end };
  expect(apply(again, toggleMark(again, mark))).toBe(text);
});

test('emphasis within bold adds to it', () => {
  const selected = select('**words**', 'words');
  expect(apply(selected, toggleMark(selected, '*'))).toBe('***words***');
});

test('an address that is pasted over words makes them a link', () => {
  const selected = select('see this page', 'this');
  const link = linkOver(selected, ' https://example.org/a?b=1\n');
  expect(link && apply(selected, link)).toBe('see [this](https://example.org/a?b=1) page');
});

test.each([
  ['words', 'this', 'no address'],
  ['nothing', '', 'https://example.org'],
  ['another address', 'https://old.example', 'https://example.org'],
  ['an address that would end the link early', 'this', 'https://example.org/a)b'],
  ['a script', 'this', 'javascript:alert(1)'],
])('a paste replaces as usual: %s', (_, words, pasted) => {
  expect(linkOver(select('see this https://old.example', words), pasted)).toBeNull();
});
