import { isPressed, isSingle, type Shortcut } from './shortcut-keys.ts';

/** Answers false if it had nothing to do: an earlier registration of the same keys is then asked. */
export type ShortcutHandler = (event: KeyboardEvent) => void | boolean;

interface Entry {
  readonly shortcut: Shortcut;
  readonly handler: ShortcutHandler;
}

/** All shortcuts of one app. The latest of several with the same keys comes first. */
export class ShortcutRegistry {
  readonly #entries = new Set<Entry>();

  /** Answers how to take it away. */
  add(shortcut: Shortcut, handler: ShortcutHandler): () => void {
    const entry = { shortcut, handler };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** Each of them once. */
  list(): readonly Shortcut[] {
    const byText = new Map<string, Shortcut>();
    for (const { shortcut } of this.#entries) byText.set(`${shortcut.keys} ${shortcut.label}`, shortcut);
    return [...byText.values()];
  }

  /** True if one of them took the key; `singles`: whether letters and signs alone are shortcuts now. */
  dispatch(event: KeyboardEvent, { singles }: { readonly singles: boolean }): boolean {
    return [...this.#entries]
      .reverse()
      .some(
        ({ shortcut: { keys }, handler }) =>
          (singles || !isSingle(keys)) && isPressed(keys, event) && handler(event) !== false,
      );
  }
}
