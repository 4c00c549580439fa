import { expect, test, vi } from 'vitest';
import { capsOf, isPressed, isSingle, type KeyPress } from './shortcut-keys.ts';
import { ShortcutRegistry } from './shortcut-registry.ts';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: '',
  altKey: false,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  ...more,
});

test('Mod is Ctrl, and ⌘ on a Mac', () => {
  expect(isPressed('Mod+K', press('k', { ctrlKey: true }), false)).toBe(true);
  expect(isPressed('Mod+K', press('k', { metaKey: true }), true)).toBe(true);
  expect(isPressed('Mod+K', press('k', { ctrlKey: true }), true)).toBe(false);
  expect(capsOf('Mod+K', false)).toEqual(['Ctrl', 'K']);
  expect(capsOf('Alt+ArrowUp', true)).toEqual(['⌥', '↑']);
});

test('a question mark counts however it is typed, and a letter only without Shift', () => {
  expect(isPressed('?', press('?', { shiftKey: true }))).toBe(true);
  expect(isPressed('?', press('?'))).toBe(true);
  expect(isPressed('N', press('N', { shiftKey: true }))).toBe(false);
  expect(isPressed('N', press('n'))).toBe(true);
  expect(isPressed('N', press('n', { ctrlKey: true }))).toBe(false);
});

test('on keyboards without Latin letters the place of the key counts', () => {
  expect(isPressed('Mod+K', press('л', { code: 'KeyK', ctrlKey: true }), false)).toBe(true);
  // A Latin layout that has another letter there.
  expect(isPressed('N', press('b', { code: 'KeyN' }))).toBe(false);
});

test('only what can be typed is single', () => {
  expect([isSingle('N'), isSingle('?'), isSingle('Mod+K'), isSingle('Escape')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('the latest comes first, and may leave it to the one before', () => {
  const registry = new ShortcutRegistry();
  const [first, second] = [vi.fn(), vi.fn(() => false)];
  registry.add({ keys: 'Escape', label: 'Back', group: 'General' }, first);
  const remove = registry.add({ keys: 'Escape', label: 'Stop', group: 'General' }, second);
  const event = press('Escape') as KeyboardEvent;
  expect(registry.dispatch(event, { singles: false })).toBe(true);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]);
  remove();
  expect(registry.list().map(({ label }) => label)).toEqual(['Back']);
});
