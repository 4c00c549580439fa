import { createRequire } from 'node:module';
import type { Plugin } from 'vite';
import { pack, type EmojiGroup } from '../src/composer/emoji/pack.ts';

const name = 'virtual:emoji-data';
const resolvedName = `\0${name}`;

const require = createRequire(import.meta.url);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the packages are pinned, and what is read of them is tested
const readJson = <T>(path: string): T => require(path) as T;

/** Makes the emoji picker's data when the app is built, as a module that is loaded with the picker. */
export function emojiData(): Plugin {
  return {
    name: 'parley:emoji-data',
    resolveId: (id) => (id === name ? resolvedName : null),
    load(id) {
      if (id !== resolvedName) return null;
      const groups = readJson<readonly EmojiGroup[]>('unicode-emoji-json/data-by-group.json');
      const keywords = readJson<Readonly<Record<string, readonly string[]>>>('emojilib');
      // Read as JSON, which browsers do faster than scripts.
      const json = JSON.stringify(JSON.stringify(pack(groups, keywords)));
      return `export default JSON.parse(${json});`;
    },
  };
}
