import type { IncomingMessage } from 'node:http';
import { Refusal } from '../messaging/refusal.ts';

/** The subprotocol that is agreed on, where a client offers any. */
export const subprotocol = 'parley';
const bearerProtocol = 'bearer.';

/** The path of a request's address. */
export const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';

/** @throws Refusal `upgrade_required`, `malformed_body` where a request is no WebSocket handshake (RFC 6455, 4.2.1) */
export function checkHandshake({ method, headers }: IncomingMessage): void {
  const isWebSocket =
    headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-version'] === '13';
  if (method !== 'GET' || !isWebSocket) throw new Refusal('upgrade_required');
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) throw new Refusal('malformed_body');
}

/**
 * Whether a page of this origin may connect: browsers send cookies and reach private addresses for any page, so a page
 * of somebody else's must be allowed by name. What is no browser sends no `Origin`.
 */
export function isOriginAllowed({ headers }: IncomingMessage, allowed: readonly string[] | '*'): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowed === '*' || allowed.includes(origin)) return true;
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = `${page.protocol}//${host}`;
  return page.host !== '' && URL.canParse(own) && new URL(own).host === page.host;
}

/**
 * The token that a handshake bears: by header, query, path (`base` followed by it) or subprotocol, in this order.
 * Whatever holds it (the address, the headers) is not to be logged.
 * @throws Refusal `token_missing`, `invalid_token` for another kind of authorization
 */
export function tokenOf({ url = '', headers }: IncomingMessage, base: string): string {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (token === undefined) throw new Refusal('invalid_token');
    return token;
  }
  const token =
    tokenInQuery(url) ||
    tokenInPath(pathOf(url), base) ||
    tokenInProtocols(headers['sec-websocket-protocol']);
  if (!token) throw new Refusal('token_missing');
  return token;
}

function tokenInQuery(url: string): string | null {
  const start = url.indexOf('?');
  return start < 0 ? null : new URLSearchParams(url.slice(start + 1)).get('token');
}

function tokenInPath(path: string, base: string): string {
  const encoded = path.slice(base.length + 1).replace(/\/$/, '');
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new Refusal('invalid_token');
  }
}

function tokenInProtocols(header: string | undefined): string | undefined {
  const offered = header?.split(',').map((protocol) => protocol.trim());
  return offered?.find((protocol) => protocol.startsWith(bearerProtocol))?.slice(bearerProtocol.length);
}
