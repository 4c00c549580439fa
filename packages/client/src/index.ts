import { Parley, type ParleyOptions } from './core.ts';
import { memoryStorage, type ParleyStorage } from './storage.ts';
import type { ShareLink } from './tabs.ts';

/**
 * A client for one signed-in person, with all there is: one socket for all tabs, and what is known and unsent in
 * IndexedDB, where the surroundings have that. `@parley/client/core` leaves these two out.
 *
 * ```ts
 * const parley = createParley({ url: 'https://chat.example.org', getToken: () => auth.token() });
 * await parley.connect();
 * const lunch = parley.conversation(parley.conversations[0].id);
 * await lunch.open();
 * lunch.subscribe(() => render(lunch.messages));
 * lunch.send('Pizza or soup?');
 * ```
 */
export const createParley = (options: ParleyOptions): Parley =>
  new Parley({
    storage: inBrowser ? lazyStorage() : null,
    share: inBrowser ? lazyShare() : null,
    ...options,
  });

const inBrowser = 'document' in globalThis;

/** What can't be loaded is asked for again with each use. */
const lazyStorage = (): ParleyStorage => {
  const load = async () =>
    (storage ??= (await import('./indexeddb.ts')).indexedDbStorage() ?? memoryStorage());
  let storage: ParleyStorage | undefined;
  return {
    load: async (scope) => (await load()).load(scope),
    save: async (scope, changes) => (await load()).save(scope, changes),
    clear: async (scope) => (await load()).clear(scope),
  };
};

/** A tab that can't load it has a socket of its own. */
const lazyShare = (): Promise<ShareLink | null> =>
  import('./tabs.ts').then(
    ({ shareTabs }) => shareTabs,
    () => null,
  );

export type { HistoryRequest, ParleyApi } from './api.ts';
export type { ParleyConversation } from './conversation.ts';
export type { Parley, ParleyOptions } from './core.ts';
export { ParleyError, type LocalErrorCode, type RateLimitInfo } from './errors.ts';
export type { Handler, ParleyEvent, ParleyEvents } from './events.ts';
export type { Fetch, RequestOptions } from './http.ts';
export type { PageFacts, PageRequest, Paged } from './pages.ts';
export type { WebSocketConstructor, WebSocketLike } from './platform.ts';
export { initialConversationState, initialState } from './state.ts';
export type {
  AnyMessage,
  ConnectionState,
  ConversationState,
  FailedMessage,
  ParleyState,
  PendingMessage,
  SendingMessage,
  ShownMessage,
} from './state.ts';
export { memoryStorage, type Changes, type ParleyStorage } from './storage.ts';
export { bearerOf, type GetToken } from './tokens.ts';
export type { UploadFile, UploadOptions } from './upload.ts';
export type * from '@parley/protocol';
