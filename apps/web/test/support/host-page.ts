import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HostPage {
  /** Of another origin than the server's. */
  readonly origin: string;
  /** The address of a page with this body. */
  page(body: string): string;
  close(): Promise<void>;
}

/** Somebody else's site, with pages of any content. */
export async function startHostPage(): Promise<HostPage> {
  const pages: string[] = [];
  const server = createServer((request, answer) => {
    const body = pages[Number(request.url?.slice(1))];
    answer.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
    answer.end(
      `<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">${body}</html>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    page: (body) => `${origin}/${pages.push(body) - 1}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
