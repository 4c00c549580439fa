import { expect, test } from 'vitest';
import { isSendKey, markOf } from './field-actions.ts';

const enter = { key: 'Enter', shiftKey: false, altKey: false, isComposing: false, keyCode: 13 };

test('Enter sends; with Shift, on touch screens and while composing it does not', () => {
  expect(isSendKey(enter, false)).toBe(true);
  expect(isSendKey({ ...enter, shiftKey: true }, false)).toBe(false);
  expect(isSendKey(enter, true)).toBe(false);
  expect(isSendKey({ ...enter, isComposing: true }, false)).toBe(false);
  expect(isSendKey({ ...enter, keyCode: 229 }, false)).toBe(false);
});

test('Ctrl or ⌘ with B or I marks; AltGr and other keys are left alone', () => {
  const plain = { key: 'b', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  expect(markOf({ ...plain, ctrlKey: true })).toBe('**');
  expect(markOf({ ...plain, metaKey: true, key: 'i' })).toBe('*');
  expect(markOf(plain)).toBeNull();
  expect(markOf({ ...plain, ctrlKey: true, altKey: true })).toBeNull();
  expect(markOf({ ...plain, ctrlKey: true, key: 'constructor' })).toBeNull();
});
