import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Refusal } from '../messaging/refusal.ts';

const loopback = /^(localhost|([a-z0-9-]+\.)+localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * Whether a request is for one of the loopback's own names. In demo mode anybody may be anybody, and only listening on
 * the loopback keeps others out; but a page that the developer visits may point its own name at 127.0.0.1, and would
 * then be of the server's origin to the browser. Its requests bear that name as their `Host`.
 */
export const isForLoopback = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  loopback.test(headers.host ?? '');

/** Refuses every request that is for another name. */
export function refuseForeignHosts(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (!isForLoopback(request)) throw new Refusal('host_not_allowed');
  });
}
