import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errors } from '@parley/protocol';
import { rateLimitBody, rateLimitHeaders, type LimitState } from '../limits/limiter.ts';
import type { Refusal } from '../messaging/refusal.ts';

/** Milliseconds that a client has to take the answer. */
const lingerMs = 2000;

/** Answers an upgrade over HTTP as REST would, and ends the connection. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal, counted: LimitState | null): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(
    refusal.code === 'rate_limited' && counted !== null
      ? rateLimitBody(counted)
      : { detail: errors[refusal.code][1], code: refusal.code },
  );
  const retryAfter = refusal.retryAfter ?? (refusal.status === 503 ? 1 : undefined);
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
    ...(refusal.status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    ...(refusal.status === 426 && { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }),
    ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    ...(counted !== null && rateLimitHeaders(counted)),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`;
  const linger = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(linger));
  socket.end(`${[status, ...lines].join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
