import type { IncomingMessage } from 'node:http';
import proxyAddress from '@fastify/proxy-addr';
import type { Config } from '../config.ts';

type Trust = (address: string, hop: number) => boolean;

/** Which proxies' word about a caller's address counts, as Fastify and a WebSocket's handshake both ask it. */
export function trustOf(trustProxy: Config['trustProxy']): Trust {
  if (typeof trustProxy === 'boolean') return () => trustProxy;
  if (typeof trustProxy === 'number') return (_address, hop) => hop < trustProxy;
  return proxyAddress.compile(trustProxy.split(',').map((address) => address.trim()));
}

/** Where a request comes from, to the best of what may be believed. */
export function addressFinder(trustProxy: Config['trustProxy']): (request: IncomingMessage) => string {
  const trust = trustOf(trustProxy);
  return (request) => proxyAddress(request, trust) ?? request.socket.remoteAddress ?? '';
}
