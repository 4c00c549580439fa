/** Declarations for the samples of the guide. As text: nothing else here is to know these names. */

/** What the samples take for granted. */
export const context = `
import type { Message, Parley, ParleyConversation } from '@parley/client';

declare global {
  const parley: Parley;
  const lunch: ParleyConversation;
  const message: Message;
  const file: File;
  const url: string;
  const token: string;
  function getToken(): Promise<string>;
  function render(messages: ParleyConversation['messages']): void;
  function notify(title: string, text: string): void;
}
`;

/** Packages that samples import and that are not installed here: as much of them as is used. */
export const modules = `
declare module '@react-native-async-storage/async-storage' {
  const AsyncStorage: {
    getAllKeys(): Promise<readonly string[]>;
    multiGet(keys: readonly string[]): Promise<readonly (readonly [string, string | null])[]>;
    multiSet(pairs: readonly (readonly [string, string])[]): Promise<void>;
    multiRemove(keys: readonly string[]): Promise<void>;
  };
  export default AsyncStorage;
}

declare module 'react-native' {
  export const AppState: { addEventListener(type: 'change', listener: (state: string) => void): void };
}
`;
