import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits, type AppRole, type ErrorCode, type LimitType, type RateLimits } from '@parley/protocol';
import { WebSocketServer } from 'ws';
import type { Identity, Verifier } from '../identity/verifier.ts';
import { addressKey, userKey } from '../limits/key.ts';
import { rateLimitHeaders, type LimitState, type Limiter } from '../limits/limiter.ts';
import type { Clock, DeliveredMove } from '../messaging/ports.ts';
import { Refusal } from '../messaging/refusal.ts';
import type { Hub } from '../realtime/hub.ts';
import type { SentFacts, UseCases } from './command-handlers.ts';
import type { CommandLogger } from './command-log.ts';
import { Commands, type CommandMeter } from './commands.ts';
import { Connection, type ConnectionShared } from './connection.ts';
import { Connections } from './connections.ts';
import { floodLimits } from './flood.ts';
import { outboxMarks, WriteTick, type OutboxMarks, type OutboxMeter } from './outbox.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { connect, Socket } from './socket.ts';
import { checkHandshake, isOriginAllowed, pathOf, subprotocol, tokenOf } from './upgrade-request.ts';

export interface WebSocketMeter extends CommandMeter, OutboxMeter {
  opened(): void;
  /** With the close code: ours, or else the client's. Once for each `opened`. */
  closed(code: number): void;
  /** An `error` frame was sent, or an upgrade refused. */
  error(code: ErrorCode): void;
}

export interface WebSocketServerDeps {
  /** What stands before `/ws`: `/api`. */
  readonly prefix: string;
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly limiter: Pick<Limiter, 'consume'>;
  /** What the limiter counts by; null where it does not. */
  readonly rateLimits: RateLimits | null;
  readonly hub: Pick<Hub, 'attach' | 'detach' | 'join' | 'leave'>;
  readonly useCases: UseCases;
  /** Origins that browsers may connect from, besides the server's own. */
  readonly corsOrigins: readonly string[] | '*';
  /** The address that a request comes from, for limits; behind a proxy that is trusted, what that says. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly clock: Clock;
  readonly log: CommandLogger;
  readonly meter: WebSocketMeter;
  readonly onLimited: (type: LimitType, role: AppRole | 'anonymous') => void;
  readonly onSent: (facts: SentFacts) => void;
  /** Messages that are known to have reached somebody's socket. */
  readonly onDelivered: (moves: readonly DeliveredMove[]) => void;
  /** A connection has ended, and with it what it was typing. */
  readonly onClosed: (userId: string, connectionId: string) => void;
  readonly outboxMarks?: OutboxMarks;
}

export interface ParleyWebSocketServer {
  /** Whether an address is the WebSocket's. */
  matches(url: string): boolean;
  /** Takes over the socket of an upgrade to an address that matches: accepts it, or refuses it over HTTP. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** Accepts nobody more, and sends everybody away with 1001 within `ms`, after the answers to their commands. */
  drain(ms: number): Promise<void>;
  readonly connectionCount: number;
}

/** A handshake that was turned down, and where it stands in the limit that it was counted under. */
interface Verdict {
  readonly refusal: Refusal;
  /** Who was turned down, if that is known. */
  readonly userId?: string;
  readonly counted: LimitState | null;
}

/** Seconds after which somebody with too many connections may ask again: ghosts are known as such by then. */
const fullRetryS = 30;

/** The WebSocket of a server: who may connect, and what becomes of those who do. */
export function createWebSocketServer(deps: WebSocketServerDeps): ParleyWebSocketServer {
  const base = `${deps.prefix}/ws`;
  const connections = new Connections();
  const shared = shareAmongConnections(deps, connections);
  const counts = new WeakMap<IncomingMessage, LimitState>();
  const server = createServer(counts);
  let draining = false;

  /** Who connects. @throws Refusal */
  const identify = async (request: IncomingMessage): Promise<Identity> => {
    checkHandshake(request);
    if (!isOriginAllowed(request, deps.corsOrigins)) throw new Refusal('origin_not_allowed');
    return deps.verifier.verify(tokenOf(request, base));
  };

  const countUser = async ({ actor }: Identity): Promise<LimitState | null> => {
    if (actor.kind === 'service') return null;
    const state = await deps.limiter.consume('websocket_connect', {
      key: userKey(actor.userId),
      role: actor.appRole,
    });
    if (state?.allowed === false) deps.onLimited('websocket_connect', actor.appRole);
    return state;
  };

  /** Who is not known is limited by where they come from, so that tokens can't be guessed at leisure. */
  const countStranger = async (request: IncomingMessage, error: unknown): Promise<Verdict> => {
    const key = addressKey(deps.addressOf(request));
    const counted = await deps.limiter.consume('general', { key, role: 'student' });
    if (counted?.allowed !== false) return { refusal: toRefusal(error, deps.log), counted };
    deps.onLimited('general', 'anonymous');
    return { refusal: new Refusal('rate_limited'), counted };
  };

  const admit = async (request: IncomingMessage): Promise<Identity | Verdict> => {
    if (draining) return { refusal: new Refusal('shutting_down', { retryAfter: 1 }), counted: null };
    let identity: Identity;
    try {
      identity = await identify(request);
    } catch (error) {
      return countStranger(request, error);
    }
    const counted = await countUser(identity);
    const { userId } = identity.actor;
    if (counted?.allowed === false) return { refusal: new Refusal('rate_limited'), userId, counted };
    if (draining) return { refusal: new Refusal('shutting_down', { retryAfter: 1 }), counted };
    if (counted !== null) counts.set(request, counted);
    return identity;
  };

  /** To be asked in the turn of the event loop in which it is accepted, so that of many at once no more are. */
  const hasRoom = ({ actor }: Identity): boolean =>
    actor.kind === 'service' || connections.admits(actor.userId);

  const tooMany = (request: IncomingMessage, { actor }: Identity): Verdict => ({
    refusal: new Refusal('too_many_connections', { retryAfter: fullRetryS }),
    userId: actor.userId,
    counted: counts.get(request) ?? null,
  });

  const accept = (socket: Socket, raw: Duplex, identity: Identity): void => {
    const connection = new Connection(socket, raw, identity, shared);
    connect(socket, connections.add(connection));
    deps.meter.opened();
    deps.log.info({ connection_id: connection.id, user_id: connection.userId }, 'socket opened');
    deps.hub
      .attach(connection)
      .then(
        (cursor) => connection.start(cursor),
        (err: unknown) => {
          // What is away is told of once, by whoever watches it, and not once for each of those who come back meanwhile.
          if (!(err instanceof Refusal)) {
            const facts = { err, connection_id: connection.id, user_id: connection.userId };
            deps.log.error(facts, 'a connection could not be set up');
          }
          connection.close('going_away');
        },
      )
      .finally(() => raw.uncork());
  };

  return {
    matches: (url) => isUnder(base, pathOf(url)),
    async handleUpgrade(request, socket, head) {
      // Until `ws` listens itself, a connection that breaks must not bring the process down.
      socket.on('error', ignore);
      const admitted = await admit(request);
      const answer = 'refusal' in admitted || hasRoom(admitted) ? admitted : tooMany(request, admitted);
      if ('refusal' in answer) {
        deps.meter.error(answer.refusal.code);
        deps.log.info({ user_id: answer.userId, code: answer.refusal.code }, 'socket refused');
        return refuseUpgrade(socket, answer.refusal, answer.counted);
      }
      // The answer to the upgrade leaves with the first frame, in one write.
      socket.cork();
      server.handleUpgrade(request, socket, head, (accepted) => {
        socket.off('error', ignore);
        accept(accepted, socket, answer);
      });
    },
    async drain(ms) {
      draining = true;
      await connections.drain(ms);
    },
    get connectionCount() {
      return connections.size;
    },
  };
}

function createServer(counts: WeakMap<IncomingMessage, LimitState>) {
  const server = new WebSocketServer({
    noServer: true,
    WebSocket: Socket,
    clientTracking: false,
    maxPayload: limits.bodyBytes,
    // Frames are encoded once for all; compressing them for each socket would cost CPU, and 100 KB a connection.
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  server.on('headers', (headers, request) => {
    const counted = counts.get(request);
    if (counted === undefined) return;
    for (const [name, value] of Object.entries(rateLimitHeaders(counted))) headers.push(`${name}: ${value}`);
  });
  // What `checkHandshake` lets through and `ws` does not: a malformed list of subprotocols.
  server.on('wsClientError', (_error, socket) => refuseUpgrade(socket, new Refusal('malformed_body'), null));
  return server;
}

function shareAmongConnections(deps: WebSocketServerDeps, connections: Connections): ConnectionShared {
  const commands = new Commands(deps);
  return {
    outbox: { tick: new WriteTick(), marks: deps.outboxMarks ?? outboxMarks, meter: deps.meter },
    clock: deps.clock,
    floodLimitOf: floodLimits(deps.rateLimits),
    onFrame: (from, text) => commands.receive(from, text),
    onDelivered: deps.onDelivered,
    onEnded: (connection, code) => {
      connections.delete(connection);
      deps.hub.detach(connection);
      deps.onClosed(connection.userId, connection.id);
      deps.meter.closed(code);
      const facts = {
        connection_id: connection.id,
        user_id: connection.userId,
        close_code: code,
        seconds: Math.round((deps.clock.now() - connection.since) / 100) / 10,
      };
      deps.log.info(facts, 'socket closed');
    },
  };
}

const isUnder = (base: string, path: string): boolean =>
  path === base ||
  (path.startsWith(`${base}/`) &&
    !path
      .slice(base.length + 1)
      .replace(/\/$/, '')
      .includes('/'));

function toRefusal(error: unknown, log: CommandLogger): Refusal {
  if (error instanceof Refusal) return error;
  log.error({ err: error }, 'a WebSocket could not be authenticated');
  return new Refusal('internal');
}

const ignore = (): void => undefined;
