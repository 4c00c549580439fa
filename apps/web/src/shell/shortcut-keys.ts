export const shortcutGroups = ['Conversations', 'Messages', 'Writing', 'General'] as const;

export interface Shortcut {
  /** `Mod+K`, `Alt+ArrowUp`, `Escape`, `N`, `?`. `Mod` is ⌘ on Apple's machines, and Ctrl elsewhere. */
  readonly keys: string;
  /** What it does, as in a list: “Search conversations”. */
  readonly label: string;
  readonly group: (typeof shortcutGroups)[number];
}

/** What of a `KeyboardEvent` decides. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>;

const isApple = (): boolean => /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? '');

/** Whether somebody pressed these keys. */
export function isPressed(keys: string, press: KeyPress, apple = isApple()): boolean {
  const [key = '', modifiers] = partsOf(keys);
  const wantsCtrl = modifiers.includes('Ctrl') || (modifiers.includes('Mod') && !apple);
  return (
    isKey(key, press) &&
    press.altKey === modifiers.includes('Alt') &&
    press.ctrlKey === wantsCtrl &&
    press.metaKey === (modifiers.includes('Mod') && apple) &&
    // Where `?` is depends on the keyboard; with Shift, mostly.
    (isSign(key) || press.shiftKey === modifiers.includes('Shift'))
  );
}

/** Where letters are not Latin, as on Arabic or Russian keyboards, the place of the key counts. */
const isKey = (key: string, press: KeyPress): boolean =>
  press.key.toLowerCase() === key.toLowerCase() ||
  (/^[A-Z]$/.test(key) && !/^[\x20-\x7e]$/.test(press.key) && press.code === `Key${key}`);

/** A letter or sign alone, which means itself where somebody is typing. */
export function isSingle(keys: string): boolean {
  const [key = '', modifiers] = partsOf(keys);
  return key.length === 1 && modifiers.every((each) => each === 'Shift');
}

/** What the keycaps say: `['Ctrl', 'K']`, on a Mac `['⌘', 'K']`. */
export function capsOf(keys: string, apple = isApple()): readonly string[] {
  const [key = '', modifiers] = partsOf(keys);
  return [...modifiers, key].map((each) => (apple ? (appleCaps[each] ?? caps[each]) : caps[each]) ?? each);
}

const caps: Readonly<Record<string, string>> = {
  Mod: 'Ctrl',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
};
const appleCaps: Readonly<Record<string, string>> = { Mod: '⌘', Alt: '⌥', Shift: '⇧', Ctrl: '⌃' };

function partsOf(keys: string): [key: string | undefined, modifiers: readonly string[]] {
  const parts = keys.split('+');
  return [parts.at(-1), parts.slice(0, -1)];
}

const isSign = (key: string): boolean => key.length === 1 && key.toLowerCase() === key.toUpperCase();
