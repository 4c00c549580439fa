/** A TCP relay before Postgres, which can do to connections what networks, failovers and stopped machines do. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Relay {
  readonly host: string;
  readonly port: number;
  /** Passes nothing on any more, either way, while connections stay open and new ones are taken: nobody is there. */
  freeze(): void;
  /** Goes on where `freeze` stopped, with what was held back. */
  thaw(): void;
  /** Ends all connections and refuses new ones. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** From now on new connections lead there; those that there are stay as they are, and silent for ever. */
  leadTo(target: Target): void;
  /** Passes on the next bytes to Postgres that hold `text`, and cuts the connection in place of passing on the answer. */
  cutAnswerTo(text: string): Promise<void>;
  close(): Promise<void>;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Never to be heard of again. */
  lost: boolean;
}

export async function startRelay(target: Target, host = '127.0.0.1', port = 0): Promise<Relay> {
  const pairs = new Set<Pair>();
  let to = target;
  let frozen = false;
  let marked: { readonly text: string; readonly cut: () => void } | null = null;

  const isOpen = (pair: Pair): boolean => !frozen && !pair.lost;
  const end = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const pass = (pair: Pair, from: Socket, into: Socket): void => {
    from.on('data', (bytes) => {
      if (from === pair.client && marked !== null && bytes.includes(marked.text)) {
        const { cut } = marked;
        marked = null;
        pair.server.removeAllListeners('data').once('data', () => {
          end(pair);
          cut();
        });
      }
      into.write(bytes);
    });
    from.on('error', () => undefined);
    // One whose other end is silent is not told of its end either.
    from.on('close', () => isOpen(pair) && end(pair));
    if (!isOpen(pair)) from.pause();
  };
  const listener: Server = createServer((client) => {
    const pair: Pair = { client, server: connect(to.port, to.host), lost: false };
    pairs.add(pair);
    pass(pair, client, pair.server);
    pass(pair, pair.server, client);
  });
  const listen = async (at: number): Promise<void> =>
    void (await once(listener.listen(at, host), 'listening'));
  await listen(port);
  const { port: own } = listener.address() as AddressInfo;
  const down = async (): Promise<void> => {
    for (const pair of pairs) end(pair);
    if (!listener.listening) return;
    const closed = once(listener, 'close');
    listener.close();
    await closed;
  };

  return {
    host,
    port: own,
    freeze() {
      frozen = true;
      for (const { client, server } of pairs) [client, server].forEach((socket) => socket.pause());
    },
    thaw() {
      frozen = false;
      for (const { client, server, lost } of pairs)
        if (!lost) [client, server].forEach((socket) => socket.resume());
    },
    leadTo(next) {
      to = next;
      for (const pair of pairs) {
        pair.lost = true;
        [pair.client, pair.server].forEach((socket) => socket.pause());
      }
    },
    cutAnswerTo(text) {
      const { promise, resolve } = Promise.withResolvers<void>();
      marked = { text, cut: resolve };
      return promise;
    },
    down,
    up: () => listen(own),
    close: down,
  };
}
