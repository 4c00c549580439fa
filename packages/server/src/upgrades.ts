import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Parley } from './parley.ts';

/**
 * Gives Parley the upgrades to its WebSocket, until the answered function is called, and leaves all others as they
 * were: to whoever else listens for upgrades, or, if nobody does, to the server as the requests that they also are
 * (curl asks for HTTP/2 that way). Node would take them for ours, since we listen, and never answer them.
 */
export function acceptUpgrades(
  server: Server,
  parley: Pick<Parley, 'isSocketPath' | 'handleUpgrade'>,
): () => void {
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (parley.isSocketPath(request.url ?? '')) parley.handleUpgrade(request, socket, head);
    else if (server.listenerCount('upgrade') === 1) answerAsRequest(server, request, socket);
  };
  server.on('upgrade', onUpgrade);
  return () => void server.off('upgrade', onUpgrade);
}

function answerAsRequest(server: Server, request: IncomingMessage, socket: Duplex): void {
  if (!(socket instanceof Socket)) return void socket.destroy();
  const response = new ServerResponse(request);
  // Nobody reads a second request from a connection that has left the server's parser.
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  socket.on('error', () => response.destroy());
  server.emit('request', request, response);
}
