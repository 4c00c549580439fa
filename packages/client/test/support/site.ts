/** A web site with the client on it, and what a test does in its pages. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { quick, type Stage } from './people.ts';

export interface Site {
  readonly origin: string;
  close(): Promise<void>;
}

/** What pages do when they are asked; it runs in the browser. */
const script = `
import { createParley } from '/index.js';
let parley, uploads = {};
const plain = (messages) => messages.map(({ content, status }) => [content, status]);
window.chat = {
  start(url, token, timing) {
    parley = createParley({ url, getToken: () => token, timing });
    parley.connect().catch(() => undefined);
  },
  state: () => {
    const { connection, conversations, unread } = parley.getSnapshot();
    const { status, error } = connection;
    return { status, error: error?.message, titles: conversations.map(({ title }) => title), unread: unread.messages };
  },
  open: (id) => void parley.conversation(id).open(),
  shown: (id) => plain(parley.conversation(id).messages),
  send: (id, ...texts) => { for (const text of texts) parley.conversation(id).send(text); },
  read: (id) => parley.conversation(id).markRead(),
  wake: () => parley.wake(),
  kept: () => new Promise((resolve) => {
    const opening = indexedDB.open('parley');
    opening.onsuccess = () => {
      const keys = opening.result.transaction('state').objectStore('state').getAllKeys();
      keys.onsuccess = () => resolve(keys.result.map(([, key]) => key));
      opening.result.close();
    };
  }),
  upload(id, key, bytes) {
    const controller = new AbortController();
    const upload = { controller, progress: [], outcome: null };
    uploads[key] = upload;
    const file = new File([new Uint8Array(bytes).fill(97)], 'letters.txt', { type: 'text/plain' });
    parley.conversation(id).upload(file, {
      clientId: key,
      signal: controller.signal,
      onProgress: ({ loaded, total }) => upload.progress.push([loaded, total]),
    }).then(() => (upload.outcome = 'sent'), ({ code }) => (upload.outcome = code));
  },
  abort: (key) => uploads[key].controller.abort(),
  uploaded: (key) => ({ progress: uploads[key].progress, outcome: uploads[key].outcome }),
};
`;

export async function startSite(): Promise<Site> {
  const files = new Map([
    ['/', '<!doctype html><title>Chat</title><script type="module" src="/page.js"></script>'],
    ['/page.js', script],
    ['/favicon.ico', ''],
  ]);
  const input = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
  const bundle = await rolldown({ input });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  for (const each of output) if (each.type === 'chunk') files.set(`/${each.fileName}`, each.code);
  const server = createServer(({ url = '/' }, response) => {
    const type = url === '/' ? 'text/html' : 'text/javascript';
    response.writeHead(files.has(url) ? 200 : 404, { 'content-type': type, connection: 'close' });
    response.end(files.get(url));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** A page in which one person chats. */
export class Tab {
  readonly page: Page;
  /** How many sockets it has open. */
  sockets = 0;

  private constructor(page: Page) {
    this.page = page;
    page.on('websocket', (socket) => {
      this.sockets++;
      socket.on('close', () => this.sockets--);
    });
  }

  static async open(context: BrowserContext, site: Site): Promise<Tab> {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(site.origin);
    return tab;
  }

  async start({ url, server }: Stage, name: string, timing: object = quick): Promise<void> {
    const token = await server.token({ sub: name, user_metadata: { full_name: name } });
    await this.page.waitForFunction('window.chat');
    await this.run('start', url, token, timing);
  }

  /** Does one of the things that the script of the page can do. */
  run(name: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.page.evaluate(`chat.${name}(...${JSON.stringify(args)})`);
  }

  /** Resolves when `expression` holds in the page; `chat` is there. */
  async until(expression: string): Promise<void> {
    await this.page.waitForFunction(expression, undefined, { polling: 20, timeout: 10_000 });
  }

  live(): Promise<void> {
    return this.until(`chat.state().status === 'live'`);
  }
}
