/** The network between a client and its server: a TCP proxy that can be cut, and can lose an answer. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Cable {
  readonly url: string;
  /** How many connections go through it. */
  readonly size: number;
  /** Ends every connection, and refuses new ones. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Passes on what the client says next, and cuts every connection in place of the answer. Resolves then. */
  loseAnswer(): Promise<void>;
  /** Connections stay open, and nothing comes through any more. */
  freeze(): void;
  /** From now on new connections lead there. */
  leadTo(origin: string): void;
}

export async function startCable(origin: string): Promise<Cable> {
  let target = new URL(origin);
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let losing: (() => void) | null = null;
  let isFrozen = false;
  const end = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    pairs.clear();
  };
  const listener = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const pair = [client, server] as const;
    pairs.add(pair);
    client.on('data', (bytes) => isFrozen || server.write(bytes));
    server.on('data', (bytes) => {
      if (isFrozen) return;
      if (losing === null) return void client.write(bytes);
      losing();
      losing = null;
      end();
    });
    for (const [socket, other] of [pair, [server, client]] as const)
      socket
        .on('error', () => undefined)
        .on('close', () => {
          pairs.delete(pair);
          other.destroy();
        });
  });
  const listen = async (port: number): Promise<void> =>
    void (await once(listener.listen(port, '127.0.0.1'), 'listening'));
  await listen(0);
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get size() {
      return pairs.size;
    },
    async cut() {
      end();
      if (!listener.listening) return;
      const closed = once(listener, 'close');
      listener.close();
      end();
      await closed;
    },
    async mend() {
      isFrozen = false;
      if (!listener.listening) await listen(port);
    },
    loseAnswer() {
      const { promise, resolve } = Promise.withResolvers<void>();
      losing = resolve;
      return promise;
    },
    freeze() {
      isFrozen = true;
    },
    leadTo(next) {
      target = new URL(next);
    },
  };
}
