import { ErrorBody, errors } from '@parley/protocol';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from 'fastify';
import { Type, type Static } from 'typebox';

/** What `GET /metrics` answers; telemetry's `Metrics` has it. */
interface MetricsSource {
  readonly contentType: string;
  render(): Promise<string>;
}

export interface OpsOptions {
  /** Each rejects where its part can't serve. None is called again while a call of it is still at work. */
  readonly checks: {
    readonly database: () => Promise<void>;
    /** Null where no Redis is configured. */
    readonly redis: (() => Promise<void>) | null;
  };
  /** Whether the server is shutting down: it answers, but wants no more traffic. */
  readonly draining: () => boolean;
  readonly metrics: MetricsSource;
  /** Milliseconds after which a check counts as failed. Default 2000. */
  readonly timeoutMs?: number;
}

const Check = Type.Object({
  ok: Type.Boolean(),
  detail: Type.Optional(Type.String({ description: 'What is wrong, where something is.' })),
});

const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    checks: Type.Object({ database: Type.Optional(Check), redis: Type.Optional(Check) }),
    detail: Type.Optional(Type.String()),
    code: Type.Optional(Type.String()),
  },
  { $id: 'Readiness', description: 'Whether this node can serve, and if not, why.' },
);
type Readiness = Static<typeof Readiness>;
type Check = Static<typeof Check>;

const shared = { tags: ['Operations'], security: [] };

/** For balancers, orchestrators and Prometheus. Probes come often: of them only that readiness goes and comes back is logged. */
export async function opsRoutes(app: FastifyInstance, options: OpsOptions): Promise<void> {
  const quiet = { logLevel: 'warn' as const };

  const alive = {
    200: Type.Object({ status: Type.Literal('ok') }, { description: 'The process is alive.' }),
  };
  const healthSchema = { ...shared, summary: 'Whether the process is alive', response: alive };
  app.get('/healthz', { ...quiet, schema: healthSchema }, (_request, reply) =>
    uncached(reply).send({ status: 'ok' }),
  );

  const readySchema = {
    ...shared,
    summary: 'Whether this node can serve: its database, and Redis where configured',
    response: { 200: Readiness, 503: Readiness },
  };
  const check = readinessCheck(options, app.log);
  app.get('/readyz', { logLevel: 'silent', schema: readySchema }, async (_request, reply) => {
    const readiness = await check();
    return uncached(reply)
      .code(readiness.ready ? 200 : 503)
      .send(readiness);
  });

  const text = {
    200: { description: "Prometheus' text format.", content: { 'text/plain': { schema: Type.String() } } },
    500: ErrorBody,
  };
  app.get(
    '/metrics',
    { ...quiet, schema: { ...shared, summary: 'Metrics', response: text } },
    async (_request, reply) => {
      const body = await options.metrics.render();
      return uncached(reply).type(options.metrics.contentType).send(body);
    },
  );
}

const uncached = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store');

function readinessCheck(options: OpsOptions, log: FastifyBaseLogger): () => Promise<Readiness> {
  const { checks, draining, timeoutMs = 2000 } = options;
  const database = bounded('The database', checks.database, { timeoutMs, log });
  const redis = checks.redis === null ? null : bounded('Redis', checks.redis, { timeoutMs, log });

  return async () => {
    if (draining()) return { ready: false, checks: {}, ...refusal('shutting_down') };
    const [ofDatabase, ofRedis] = await Promise.all([database(), redis?.()]);
    const all = { database: ofDatabase, ...(ofRedis && { redis: ofRedis }) };
    const ready = ofDatabase.ok && ofRedis?.ok !== false;
    return ready ? { ready, checks: all } : { ready, checks: all, ...refusal('unavailable') };
  };
}

const refusal = (code: 'unavailable' | 'shutting_down') => ({ detail: errors[code][1], code });

/** Runs `check` for at most `timeoutMs`. One that hangs is waited for again rather than started twice. */
function bounded(
  name: string,
  check: () => Promise<void>,
  { timeoutMs, log }: { readonly timeoutMs: number; readonly log: FastifyBaseLogger },
): () => Promise<Check> {
  const late: Check = { ok: false, detail: `${name} did not answer within ${String(timeoutMs / 1000)} s.` };
  let atWork: Promise<Check> | null = null;
  let failing = false;

  // Probes come every few seconds: a part that goes is told of once, and once when it is back.
  const note = (error: unknown): void => {
    const failed = error !== null;
    if (failed === failing) return;
    failing = failed;
    if (failed) log.warn({ err: error }, `not ready: ${name} failed its check`);
    else log.warn(`${name} passes its check again`);
  };

  const run = async (): Promise<Check> => {
    try {
      await check();
      note(null);
      return { ok: true };
    } catch (error) {
      note(error ?? new Error('it failed without a reason'));
      return { ok: false, detail: `${name} can't be used at the moment.` };
    }
  };

  return async () => {
    if (atWork === null) {
      atWork = run();
      void atWork.then(() => (atWork = null));
    }
    const timeout = Promise.withResolvers<Check>();
    const timer = setTimeout(() => timeout.resolve(late), timeoutMs);
    const result = await Promise.race([atWork, timeout.promise]);
    clearTimeout(timer);
    return result;
  };
}
