import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Config } from './config.ts';
import { trustOf } from './http/address.ts';
import { appRoutes } from './http/app.ts';
import { findApp } from './http/app/folder.ts';
import { demoRoutes } from './http/demo.ts';
import { apiDescription, docsRoutes } from './http/docs.ts';
import { bodyOf, handleErrors, toRefusal } from './http/errors.ts';
import { isForLoopback, refuseForeignHosts } from './http/loopback-host.ts';
import { observe } from './http/observe.ts';
import { opsRoutes } from './http/ops.ts';
import { answerUnreadable } from './http/unreadable.ts';
import { webConfigRoutes } from './http/web-config.ts';
import { Refusal } from './messaging/refusal.ts';
import { createParley, type Parley } from './parley.ts';
import { createLogger } from './telemetry/logs.ts';
import { fastifyLogging } from './telemetry/request-logging.ts';
import { acceptUpgrades } from './upgrades.ts';
import { refuseUpgrade } from './ws/refuse-upgrade.ts';

const prefix = '/api';

/** Milliseconds that WebSockets, and then requests under way, each get when the server stops. */
const drainMs = 5000;
/**
 * Milliseconds for which those who keep a connection for their next request are still answered, and told that it
 * closes. Closed under a request that is on its way it would leave them with an error, and not knowing what was done.
 */
const farewellMs = 1000;
/** Milliseconds between two looks for connections that have nothing more to wait for, while it stops. */
const idleMs = 50;
/** Such looks without anybody after which nobody is expected: who was told to go elsewhere has. */
const quietLooks = 5;
/** Milliseconds that a request may take to arrive whole: a file of 10 MB over a slow line. */
const requestTimeout = 300_000;

export interface Running {
  /** Where it listens, `http://127.0.0.1:8000` for example. */
  readonly origin: string;
  /** Rejects if it can't go on: its own Postgres is gone for good. */
  readonly failed: Promise<never>;
  /**
   * Lets everybody go with what they asked for answered, and ends. From now on new requests are refused with 503
   * `shutting_down`, which is safe to retry, and `/readyz` says so; once no WebSocket is left it stops listening.
   */
  close(): Promise<void>;
}

/**
 * Runs the whole server until `close`; with the web app of `appFolder`.
 * @throws Error with a sentence for an operator
 */
export async function serve(config: Config, appFolder = findApp()): Promise<Running> {
  const log = createLogger(config.logLevel);
  const parley = await createParley(config, prefix, log);
  const app = Fastify({
    ...fastifyLogging(log),
    trustProxy: trustOf(config.trustProxy),
    frameworkErrors,
    clientErrorHandler: answerUnreadable,
    return503OnClosing: false,
    requestTimeout,
    routerOptions: { maxParamLength: 2048 },
  });
  let draining = false;
  try {
    await addRoutes(app, { config, parley, appFolder, draining: () => draining });
    acceptUpgrades(app.server, parley.demo === null ? parley : onLoopback(parley));
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await app.close();
    await parley.close();
    throw explainListening(error, config);
  }
  return {
    origin: originOf(app, config),
    failed: parley.failed,
    close: async () => {
      draining = true;
      await parley.drain(drainMs);
      await untilQuiet(app.server, farewellMs);
      await closeWithin(app, drainMs);
      await parley.close();
    },
  };
}

/** Until nobody has had a connection for some looks, for at most so long; at once if nobody has one. */
async function untilQuiet(server: Server, ms: number): Promise<void> {
  const count = promisify(server.getConnections.bind(server));
  const deadline = performance.now() + ms;
  let quiet = (await count()) === 0 ? quietLooks : 0;
  while (quiet < quietLooks && performance.now() < deadline) {
    await delay(idleMs);
    quiet = (await count()) === 0 ? quiet + 1 : 0;
  }
}

/** Ends a server once the requests under way are answered, and those that take longer than `ms` without an answer. */
async function closeWithin(app: FastifyInstance, ms: number): Promise<void> {
  // `close` ends the connections that are idle now; those with a request become so once that is answered.
  const idle = setInterval(() => app.server.closeIdleConnections(), idleMs);
  const deadline = setTimeout(() => app.server.closeAllConnections(), ms);
  await app.close().finally(() => {
    clearInterval(idle);
    clearTimeout(deadline);
  });
}

/** In demo mode WebSockets, too, are for the loopback's own names alone. */
const onLoopback = ({
  isSocketPath,
  handleUpgrade,
}: Parley): Pick<Parley, 'isSocketPath' | 'handleUpgrade'> => ({
  isSocketPath,
  handleUpgrade: (request, socket, head) => {
    if (isForLoopback(request)) handleUpgrade(request, socket, head);
    else refuseUpgrade(socket, new Refusal('host_not_allowed'), null);
  },
});

interface Routed {
  readonly config: Config;
  readonly parley: Parley;
  readonly appFolder: string;
  readonly draining: () => boolean;
}

async function addRoutes(
  app: FastifyInstance,
  { config, parley, appFolder, draining }: Routed,
): Promise<void> {
  const { corsOrigins } = config;
  observe(app, parley.metrics);
  handleErrors(app);
  if (parley.demo !== null) refuseForeignHosts(app);
  closeAfterAnswer(app, draining);
  await apiDescription(app);
  await app.register(async (counted) => {
    refuseWhile(counted, draining);
    await counted.register(parley.api, { prefix });
    if (parley.demo !== null) {
      const { limiter, metrics } = parley;
      const onLimited: typeof metrics.limits.hit = (type, role) => metrics.limits.hit(type, role);
      const routes = demoRoutes({ ...parley.demo, counting: { limiter, onLimited }, corsOrigins });
      await counted.register(routes, { prefix: '/demo' });
    }
  });
  await app.register(opsRoutes, { ...parley.ops, draining });
  await app.register(docsRoutes, { socketPath: `${prefix}/ws` });
  await app.register(webConfigRoutes(config));
  const signInUrl = config.signIn?.url ?? null;
  await app.register(appRoutes, { folder: appFolder, hostOrigins: corsOrigins, signInUrl });
}

function refuseWhile(app: FastifyInstance, draining: () => boolean): void {
  app.addHook('onRequest', async () => {
    if (draining()) throw new Refusal('shutting_down', { retryAfter: 1 });
  });
}

/** Also after answers to what was asked before: whoever has a connection is to ask for the next thing elsewhere. */
function closeAfterAnswer(app: FastifyInstance, draining: () => boolean): void {
  app.addHook('onSend', async (_request, reply) => {
    if (draining()) void reply.header('connection', 'close');
  });
}

/** A request that Fastify turns down before any route is found. */
function frameworkErrors(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toRefusal(error);
  void reply.status(refusal.status).send(bodyOf(refusal));
}

function originOf(app: FastifyInstance, config: Config): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `http://${host}:${port}`;
}

function explainListening(error: unknown, { host, port }: Config): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const sentence = {
    EADDRINUSE: `Port ${port} is in use: stop what listens there, or choose another with PORT.`,
    EACCES: `Port ${port} needs more rights than this user has: choose one above 1023 with PORT.`,
    EADDRNOTAVAIL: `HOST=${host} is no address of this machine.`,
  }[String(error.code)];
  return sentence === undefined ? error : new Error(sentence, { cause: error });
}
