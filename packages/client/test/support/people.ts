/** Clients of a real server, behind a cable that can be cut. */
import { setTimeout as delay } from 'node:timers/promises';
import { startServer, type TestServer } from '../../../server/test/support/server.ts';
import type { Parley, ParleyOptions } from '../../src/core.ts';
import { createParley, memoryStorage } from '../../src/index.ts';
import { startCable, type Cable } from './cable.ts';

/** Reconnects quickly, so that tests do. */
export const quick = { tick: 50, silence: 2000, patience: 1000, pause: 50, longest: 200 };

export interface Stage {
  readonly server: TestServer;
  readonly cable: Cable;
  /** The address through the cable. */
  readonly url: string;
  /** A client, not connected yet. */
  client(name: string, options?: Partial<ParleyOptions>): Parley;
  close(): Promise<void>;
}

export async function openStage(env: Record<string, string> = {}): Promise<Stage> {
  const server = await startServer(env);
  const cable = await startCable(server.origin);
  const { url } = cable;
  const clients = new Set<Parley>();
  return {
    server,
    cable,
    url,
    client(name, options = {}) {
      const getToken = () => server.token({ sub: name, user_metadata: { full_name: name } });
      const parley = createParley({ url, getToken, storage: memoryStorage(), timing: quick, ...options });
      clients.add(parley);
      return parley;
    },
    async close() {
      await Promise.all([...clients].map((parley) => parley.close()));
      await cable.cut();
      await server.close();
    },
  };
}

interface Observable<S> {
  getSnapshot(): S;
  subscribe(listener: () => void): () => void;
}

/** Resolves with the first state that fits. */
export async function until<S>(observed: Observable<S>, fits: (state: S) => boolean): Promise<S> {
  const { promise, resolve } = Promise.withResolvers<S>();
  const look = (): void => {
    const state = observed.getSnapshot();
    if (fits(state)) resolve(state);
  };
  const stop = observed.subscribe(look);
  look();
  const patience = new AbortController();
  try {
    const over = delay(10_000, null, { signal: patience.signal }).then(() => {
      throw new Error(`It never came to that: ${JSON.stringify(observed.getSnapshot()).slice(0, 2000)}`);
    });
    return await Promise.race([promise, over]);
  } finally {
    stop();
    patience.abort();
  }
}

/** The texts that a conversation shows. */
export const texts = ({
  messages,
}: {
  readonly messages: readonly { readonly content: string }[];
}): string[] => messages.map(({ content }) => content);
