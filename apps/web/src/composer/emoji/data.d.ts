/** Made by `vite/emoji-data.ts`; the same as `PackedGroup[]` of `pack.ts`, which can't be imported here. */
declare module 'virtual:emoji-data' {
  const groups: readonly (readonly [
    name: string,
    emojis: readonly (readonly [emoji: string, name: string, version: number, toned: 0 | 1, words: string])[],
  ])[];
  export default groups;
}
