import type { Message, SendMessageBody } from '@parley/protocol';
import type { ParleyApi } from './api.ts';
import type { Cache, Kept } from './cache.ts';
import { Connection, timing, type Timing } from './connection.ts';
import { failure } from './errors.ts';
import { Feed, type FeedDeps } from './feed.ts';
import type { Http } from './http.ts';
import type { LinkListener } from './link.ts';
import { Outbox } from './outbox.ts';
import type { WebSocketConstructor } from './platform.ts';
import type { ShareLink } from './tabs.ts';

/** Everything that belongs to one person, from `connect` to `close`. */
export interface Session {
  readonly feed: Feed;
  readonly outbox: Outbox;
  readonly cache: Cache;
}

export interface SessionDeps extends Pick<
  FeedDeps,
  'userId' | 'isShown' | 'changed' | 'emit' | 'lost' | 'caughtUp'
> {
  readonly api: ParleyApi;
  readonly http: Http;
  readonly cache: Cache;
  readonly share: ShareLink | null | undefined;
  readonly WebSocket: WebSocketConstructor | undefined;
  readonly timing: Partial<Timing> | undefined;
  /** Resolves when there is a connection again. */
  readonly reconnected: () => Promise<void>;
}

/** Wires the parts of a session. It holds what was kept from last time; `feed.start` begins. */
export function createSession(deps: SessionDeps, kept: Kept): Session {
  const { api, http, cache, share, userId } = deps;
  const make = (to: LinkListener) =>
    new Connection(
      {
        url: `${http.origin.replace(/^http/, 'ws')}/api/ws`,
        tokens: http.tokens,
        WebSocket: deps.WebSocket ?? globalThis.WebSocket,
        probe: () => api.sync(),
        timing: { ...timing, ...deps.timing },
      },
      to,
    );
  const feed = new Feed({
    ...deps,
    makeLink: (to) => share?.(`parley ${http.origin} ${userId}`, make, to) ?? make(to),
    confirm: (message, isKnown) => outbox.confirm(message, isKnown),
    leads: () => void cache.load().then(({ entries }) => outbox.restore(entries)),
  });
  const outbox = new Outbox({
    userId,
    send: (id, body) => send(api, feed, id, body),
    confirm: (message) => feed.acknowledge(message),
    reconnected: deps.reconnected,
    lastSeq: (id) => feed.replica.conversations.get(id)?.last_seq ?? 0,
    changed: deps.changed,
    save: (clientId, entry) => cache.saveEntry(clientId, entry),
  });
  restore(feed, kept);
  outbox.restore(kept.entries);
  return { feed, outbox, cache };
}

function restore(feed: Feed, { place, conversations }: Kept): void {
  for (const { conversation, messages } of conversations) {
    feed.replica.putConversation(conversation);
    feed.replica.putMessages(conversation.id, messages);
  }
  if (place !== null) feed.cursor = place.cursor;
  if (place?.isWhole === true) feed.listCursor = null;
}

/** By the socket where there is one. */
async function send(api: ParleyApi, feed: Feed, id: string, body: SendMessageBody): Promise<Message> {
  if (!feed.isOpen) return api.sendMessage(id, body);
  const answer = await feed.request({ type: 'send_message', conversation_id: id, ...body });
  if (answer.type === 'message_ack') return answer.message;
  throw failure('internal', `The server answered ${answer.type}`, 500);
}
