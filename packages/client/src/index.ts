import { Parley, type ParleyOptions } from './core.ts';
import { indexedDbStorage } from './indexeddb.ts';
import { shareTabs } from './tabs.ts';

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
  new Parley({ storage: indexedDbStorage(), share: shareTabs, ...options });

export type { HistoryRequest, ParleyApi } from './api.ts';
export type { ParleyConversation } from './conversation.ts';
export type { Parley, ParleyOptions } from './core.ts';
export { ParleyError, type LocalErrorCode, type RateLimitInfo } from './errors.ts';
export type { Handler, ParleyEvent, ParleyEvents } from './events.ts';
export type { Fetch, RequestOptions } from './http.ts';
export type { PageFacts, PageRequest, Paged } from './pages.ts';
export type { WebSocketConstructor, WebSocketLike } from './platform.ts';
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
export type { GetToken } from './tokens.ts';
export type { UploadFile, UploadOptions } from './upload.ts';
export type * from '@parley/protocol';
