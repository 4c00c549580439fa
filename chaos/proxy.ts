/** A TCP proxy in front of a node, that can do what networks do. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket | null;
  /** Nothing goes through any more, and nobody is told. */
  silent: boolean;
}

export class Proxy {
  /** The port that clients connect to. */
  port = 0;
  /** The port of the node behind. */
  target = 0;
  /** Milliseconds that every chunk waits, in each direction. */
  delayMs = 0;
  /** Connections are reset as soon as they come. */
  refusing = false;
  readonly #pairs = new Set<Pair>();
  #silent = false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    const address = this.#server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Resets every connection. */
  cut(): void {
    for (const pair of this.#pairs) this.#drop(pair);
  }

  /**
   * From now on everything is swallowed, on the connections there are and on new ones, until what is answered is
   * called: then those are reset, as by a router that has forgotten them.
   */
  halfOpen(): () => void {
    this.#silent = true;
    for (const pair of this.#pairs) pair.silent = true;
    return () => {
      this.#silent = false;
      for (const pair of this.#pairs) if (pair.silent) this.#drop(pair);
    };
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.refusing) return void client.resetAndDestroy();
    const server = this.#silent ? null : connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    const pair: Pair = { client, server, silent: this.#silent };
    this.#pairs.add(pair);
    if (server === null) {
      client.resume();
      client.once('close', () => this.#pairs.delete(pair));
      return;
    }
    server.on('error', () => undefined);
    this.#pipe(pair, client, server);
    this.#pipe(pair, server, client);
  }

  #pipe(pair: Pair, from: Socket, to: Socket): void {
    // In order, whatever the delay was when each came.
    const line: { readonly due: number; readonly go: () => void }[] = [];
    const advance = (): void => {
      for (let first = line[0]; first !== undefined && first.due <= Date.now(); first = line[0]) {
        line.shift();
        first.go();
      }
      if (line[0] !== undefined) setTimeout(advance, Math.max(1, line[0].due - Date.now()));
    };
    const enqueue = (go: () => void): void => {
      const isFirst = line.push({ due: Date.now() + this.delayMs, go }) === 1;
      if (isFirst) advance();
    };
    from.on('data', (chunk: Buffer) => {
      if (!pair.silent) enqueue(() => this.#write(pair, from, to, chunk));
    });
    from.once('close', () =>
      enqueue(() => {
        if (pair.silent) return;
        to.destroy();
        this.#pairs.delete(pair);
      }),
    );
  }

  #write(pair: Pair, from: Socket, to: Socket, chunk: Buffer): void {
    if (pair.silent || to.destroyed || to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
    to.once('close', () => from.resume());
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server?.resetAndDestroy();
  }
}
