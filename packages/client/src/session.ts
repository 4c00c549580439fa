import { Cache } from './cache.ts';
import { Connection, timing, type Timing } from './connection.ts';
import { Feed } from './feed.ts';
import type { Host } from './host.ts';
import type { Http } from './http.ts';
import type { Kept } from './kept.ts';
import type { LinkListener } from './link.ts';
import { Outbox } from './outbox.ts';
import type { WebSocketConstructor } from './platform.ts';
import { ReadMarks } from './read-marks.ts';
import { Store } from './store.ts';
import type { ShareLink } from './tabs.ts';

export { Cache };

/** Everything that belongs to one person, from `connect` to `close`. */
export interface Session {
  readonly feed: Feed;
  readonly store: Store;
  readonly outbox: Outbox;
  readonly reads: ReadMarks;
  readonly cache: Cache;
}

export interface SessionOptions {
  readonly http: Http;
  readonly userId: string;
  readonly share: ShareLink | null | undefined;
  readonly WebSocket?: WebSocketConstructor;
  readonly timing?: Partial<Timing>;
  /** Everything up to now is known. */
  readonly caughtUp: () => void;
  /** Resolves when there is a connection again. */
  readonly reconnected: () => Promise<void>;
}

/** Wires the parts of a session. It holds what was kept from last time; `feed.start` begins. */
export function createSession(host: Host, options: SessionOptions, cache: Cache, kept: Kept): Session {
  const { http, userId, share } = options;
  const connect = (to: LinkListener) =>
    new Connection(
      {
        url: `${http.origin.replace(/^http/, 'ws')}/api/ws`,
        tokens: http.tokens,
        WebSocket: options.WebSocket ?? globalThis.WebSocket,
        probe: () => host.api.sync(),
        timing: { ...timing, ...options.timing },
      },
      to,
    );
  const store = new Store(host, userId, (message, isKnown) => outbox.confirm(message, isKnown));
  const feed = new Feed(
    host,
    store,
    (to) => share?.(`parley ${http.origin} ${userId}`, connect, to) ?? connect(to),
    () => {
      void reads.tell();
      outbox.shareAll();
      options.caughtUp();
    },
    {
      leads: () => {
        outbox.lead();
        // What another tab kept and could not tell any more.
        void cache.load().then(({ entries }) => outbox.restore(entries));
      },
      told: (news) => outbox.told(news),
    },
  );
  const outbox = new Outbox(host, feed, cache, options.reconnected);
  const reads = new ReadMarks(host, feed, cache, kept.reads);
  for (const { conversation, messages } of kept.conversations) {
    store.replica.putConversation(conversation);
    store.replica.putMessages(conversation.id, messages);
  }
  if (kept.place !== null) feed.cursor = kept.place.cursor;
  if (kept.place?.isWhole === true) store.listCursor = null;
  outbox.restore(kept.entries);
  return { feed, store, outbox, reads, cache };
}
