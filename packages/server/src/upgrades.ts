import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Parley } from './parley.ts';

/** Node keeps its option `shouldUpgradeCallback` under its own name, where it can be set for a server that exists. */
type Upgradable = Server & { shouldUpgradeCallback?: (request: IncomingMessage) => boolean };

/**
 * Gives Parley the upgrades to its WebSocket, until the answered function is called, and leaves all others as they
 * were: to whoever else listens for upgrades, or, if nobody does, to the server as the requests that they also are
 * (curl asks for HTTP/2 that way). Without a word from us Node would take every upgrade out of the server's hands,
 * its timeouts included, as soon as anybody listens.
 */
export function acceptUpgrades(
  server: Server,
  parley: Pick<Parley, 'isSocketPath' | 'handleUpgrade'>,
): () => void {
  const isOurs = ({ headers, url }: IncomingMessage): boolean =>
    headers.upgrade?.toLowerCase() === 'websocket' && parley.isSocketPath(url ?? '');
  const othersListen = (): boolean => server.listenerCount('upgrade') > 1;

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (isOurs(request)) parley.handleUpgrade(request, socket, head);
    else if (!othersListen()) socket.destroy();
  };
  const upgradable: Upgradable = server;
  const before = upgradable.shouldUpgradeCallback;
  upgradable.shouldUpgradeCallback = (request) =>
    isOurs(request) || (othersListen() && (before?.call(server, request) ?? true));
  server.on('upgrade', onUpgrade);
  return () => {
    server.off('upgrade', onUpgrade);
    if (before !== undefined) upgradable.shouldUpgradeCallback = before;
  };
}
