import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Config } from './config.ts';
import { trustOf } from './http/address.ts';
import { demoRoutes } from './http/demo.ts';
import { apiDescription, docsRoutes } from './http/docs.ts';
import { bodyOf, handleErrors, toRefusal } from './http/errors.ts';
import { isForLoopback, refuseForeignHosts } from './http/loopback-host.ts';
import { observe } from './http/observe.ts';
import { opsRoutes } from './http/ops.ts';
import { createParley, type Parley } from './parley.ts';
import { createLogger } from './telemetry/logs.ts';
import { fastifyLogging } from './telemetry/request-logging.ts';
import { acceptUpgrades } from './upgrades.ts';
import { Refusal } from './messaging/refusal.ts';
import { refuseUpgrade } from './ws/refuse-upgrade.ts';

const prefix = '/api';

/** Milliseconds that WebSockets get to leave when the server stops, and after which it stops whatever is at work. */
const drainMs = 10_000;
const stopMs = 30_000;
/** Milliseconds: a Ctrl-C under npm comes twice: from the terminal, and passed on by npm. */
const sameSignalMs = 500;
/** Milliseconds between two looks for connections that have nothing more to wait for, while it stops. */
const idleMs = 50;
/** Milliseconds that a request may take to arrive whole: a file of 10 MB over a slow line. */
const requestTimeout = 300_000;

export interface Running {
  /** Where it listens, `http://127.0.0.1:8000` for example. */
  readonly origin: string;
  /** Rejects if it can't go on: its own Postgres is gone for good. */
  readonly failed: Promise<never>;
  /** Stops accepting, lets everybody go with what they asked for answered, and ends. */
  close(): Promise<void>;
}

/**
 * Runs the whole server until `close`.
 * @throws Error with a sentence for an operator
 */
export async function serve(config: Config): Promise<Running> {
  const log = createLogger(config.logLevel);
  const parley = await createParley(config, prefix, log);
  const app = Fastify({
    ...fastifyLogging(log),
    trustProxy: trustOf(config.trustProxy),
    frameworkErrors,
    requestTimeout,
    routerOptions: { maxParamLength: 2048 },
  });
  let draining = false;
  try {
    await addRoutes(app, parley, () => draining);
    acceptUpgrades(app.server, parley.demoSecret === null ? parley : onLoopback(parley));
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
      // `app.close` closes the connections that are idle now; those with a request become so once that is answered.
      const idle = setInterval(() => app.server.closeIdleConnections(), idleMs);
      await Promise.all([parley.drain(drainMs), app.close()]).finally(() => clearInterval(idle));
      await parley.close();
    },
  };
}

/** As `parley start`: serves, says so, and stops on SIGTERM or Ctrl-C; a second one ends it at once. */
export async function start(config: Config): Promise<void> {
  const running = await serve(config);
  // First: whoever waits for the line may send a signal as soon as it is out.
  const stopped = stopSignal();
  console.log(readyLine(running.origin, config));
  try {
    await Promise.race([stopped, running.failed]);
  } finally {
    const deadline = setTimeout(() => process.exit(1), stopMs);
    await running.close();
    clearTimeout(deadline);
  }
}

/** Resolves at the first signal to stop. */
function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let first: number | null = null;
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      first ??= performance.now();
      if (performance.now() - first > sameSignalMs) process.exit(1);
      resolve();
    });
  return promise;
}

/** The same for WebSockets. */
const onLoopback = ({ isSocketPath, handleUpgrade }: Parley): Pick<Parley, 'isSocketPath' | 'handleUpgrade'> => ({
  isSocketPath,
  handleUpgrade: (request, socket, head) => {
    if (isForLoopback(request)) handleUpgrade(request, socket, head);
    else refuseUpgrade(socket, new Refusal('host_not_allowed'), null);
  },
});

async function addRoutes(app: FastifyInstance, parley: Parley, draining: () => boolean): Promise<void> {
  observe(app, parley.metrics);
  handleErrors(app);
  if (parley.demoSecret !== null) refuseForeignHosts(app);
  await apiDescription(app);
  await app.register(parley.api, { prefix });
  if (parley.demoSecret !== null) {
    const { limiter, metrics } = parley;
    await app.register(
      demoRoutes(parley.demoSecret, { limiter, onLimited: (type, role) => metrics.limits.hit(type, role) }),
    );
  }
  await app.register(opsRoutes, { ...parley.ops, draining });
  await app.register(docsRoutes, { socketPath: `${prefix}/ws` });
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'));
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

function readyLine(origin: string, config: Config): string {
  const docs = `API reference: ${origin}/docs`;
  if (config.identity.kind === 'tokens') return `Parley is ready on ${origin}\n${docs}`;
  return `Parley is ready on ${origin}\nDemo mode: POST ${origin}/demo/token gives anybody a token. ${docs}`;
}

function explainListening(error: unknown, { host, port }: Config): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'EADDRINUSE')
    return new Error(`Port ${port} is in use: stop what listens there, or choose another with PORT.`, {
      cause: error,
    });
  if (error.code === 'EACCES')
    return new Error(`Port ${port} needs more rights than this user has: choose one above 1023 with PORT.`, {
      cause: error,
    });
  if (error.code === 'EADDRNOTAVAIL')
    return new Error(`HOST=${host} is no address of this machine.`, { cause: error });
  return error;
}
