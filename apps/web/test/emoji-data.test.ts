import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { unpack, withTone } from '../src/composer/emoji/emoji-data.ts';
import { pack, type EmojiGroup } from '../src/composer/emoji/pack.ts';
import { maxRecent, used } from '../src/composer/emoji/recent.ts';

const require = createRequire(import.meta.url);
const groups = require('unicode-emoji-json/data-by-group.json') as readonly EmojiGroup[];
const keywords = require('emojilib') as Readonly<Record<string, readonly string[]>>;
const packed = pack(groups, keywords);
const { emojis, categories } = unpack(packed, () => true);
const find = (label: string) => emojis.find((each) => each.label === label);

test('every emoji there is can be found, by its name and by other words', () => {
  expect(emojis.length).toBeGreaterThan(1800);
  expect(categories.map(({ label }) => label)).toContain('Food & Drink');
  expect(find('Pizza')).toMatchObject({ emoji: '🍕', tags: expect.arrayContaining(['food']) });
});

test('the data is small enough to load on a phone', () => {
  expect(JSON.stringify(packed).length).toBeLessThan(200_000);
});

test('skin tones: of one hand, of what is written with a selector, of both of a pair', () => {
  expect(withTone('👍', 'medium')).toBe('👍🏽');
  expect(withTone('🖐️', 'dark')).toBe('🖐🏿');
  expect(withTone('🧑‍🤝‍🧑', 'light')).toBe('🧑🏻‍🤝‍🧑🏻');
  expect(withTone('👩‍❤️‍👨', 'light')).toBe('👩🏻‍❤️‍👨🏻');
  expect(withTone('🤝', 'light')).toBe('🤝🏻');
  expect(find('Thumbs up')?.skins?.['medium-dark']).toBe('👍🏾');
  expect(find('Pizza')?.skins).toBeUndefined();
});

test('every emoji with skin tones has five different ones', () => {
  const toned = emojis.filter((each) => each.skins !== undefined);
  expect(toned.length).toBeGreaterThan(250);
  for (const { emoji, skins } of toned) expect(new Set([emoji, ...Object.values(skins ?? {})]).size).toBe(6);
});

test('what this machine can’t draw is not offered', () => {
  const old = unpack(packed, (emoji) => emoji === '🥰' || emoji === '😀');
  expect(Math.max(...old.emojis.map(({ version }) => version))).toBe(11);
  expect(old.emojis.some(({ emoji }) => emoji === '🇫🇷')).toBe(false);
  expect(unpack(packed, () => false).emojis.length).toBeGreaterThan(1500);
});

test('what was used last comes first, once, and only so many are kept', () => {
  expect(used(['a', 'b'], 'b')).toEqual(['b', 'a']);
  const many = Array.from({ length: 40 }, (_, index) => `e${index}`).reduce<readonly string[]>(used, []);
  expect(many).toHaveLength(maxRecent);
  expect(many[0]).toBe('e39');
});
