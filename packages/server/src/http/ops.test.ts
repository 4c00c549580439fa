import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { createMetrics } from '../telemetry/metrics.ts';
import { opsRoutes, type OpsOptions } from './ops.ts';

let app: FastifyInstance | undefined;
afterEach(async () => app?.close());

const works = (): Promise<void> => Promise.resolve();
const metrics = createMetrics({ process: false });

async function startOps(options: Partial<OpsOptions>): Promise<FastifyInstance> {
  app = Fastify();
  await app.register(opsRoutes, {
    checks: { database: works, redis: null },
    draining: () => false,
    metrics,
    timeoutMs: 30,
    ...options,
  });
  return app;
}

test('a balancer sends traffic to a node whose database and Redis answer', async () => {
  const answer = await (await startOps({ checks: { database: works, redis: works } })).inject('/readyz');
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ ready: true, checks: { database: { ok: true }, redis: { ok: true } } });
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('without Redis configured, readiness does not speak of it', async () => {
  const answer = await (await startOps({})).inject('/readyz');
  expect(answer.json()).toEqual({ ready: true, checks: { database: { ok: true } } });
});

test('a part that fails is named, with a sentence and without anything of the inside', async () => {
  const database = (): Promise<void> =>
    Promise.reject(new Error('password authentication failed for user "parley"'));
  const answer = await (await startOps({ checks: { database, redis: works } })).inject('/readyz');
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({
    ready: false,
    code: 'unavailable',
    detail: expect.any(String),
    checks: { database: { ok: false, detail: expect.stringContaining('The database') }, redis: { ok: true } },
  });
  expect(answer.body).not.toMatch(/password|parley/);
});

test('a check that throws at once, before it returns a promise, fails like any other and is tried anew', async () => {
  let calls = 0;
  const database = (): Promise<void> => {
    calls++;
    throw new Error('no pool');
  };
  const server = await startOps({ checks: { database, redis: null } });
  expect((await server.inject('/readyz')).statusCode).toBe(503);
  expect((await server.inject('/readyz')).statusCode).toBe(503);
  expect(calls).toBe(2);
});

test('a part that hangs makes the node unready in bounded time, and is not asked again until it has answered', async () => {
  let calls = 0;
  const hang = Promise.withResolvers<void>();
  const redis = (): Promise<void> => {
    calls++;
    return hang.promise;
  };
  const server = await startOps({ checks: { database: works, redis } });
  for (let n = 0; n < 3; n++) {
    const answer = await server.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      checks: { redis: { ok: false, detail: 'Redis did not answer within 0.03 s.' } },
    });
  }
  expect(calls).toBe(1);
  hang.resolve();
  expect((await server.inject('/readyz')).statusCode).toBe(200);
});

test('while it drains a node is alive but not ready, and leaves its database alone', async () => {
  let calls = 0;
  const database = async (): Promise<void> => void calls++;
  const server = await startOps({ checks: { database, redis: null }, draining: () => true });
  const answer = await server.inject('/readyz');
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({ ready: false, code: 'shutting_down' });
  expect(calls).toBe(0);
  expect((await server.inject('/healthz')).json()).toEqual({ status: 'ok' });
});

test('a node whose database hangs is alive: restarting it would not help', async () => {
  const never = Promise.withResolvers<void>();
  const server = await startOps({ checks: { database: () => never.promise, redis: null } });
  expect((await server.inject('/healthz')).statusCode).toBe(200);
});

test('Prometheus gets its own text format', async () => {
  const answer = await (await startOps({})).inject('/metrics');
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answer.body).toContain('# TYPE parley_messages_sent_total counter');
});

test('an outage of hours is two lines in the log, not one for each probe', async () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg);
  const loggerInstance: FastifyBaseLogger = pino({ level: 'warn' }, { write });
  app = Fastify({ loggerInstance });
  let away = false;
  const database = () => (away ? Promise.reject(new Error('away')) : Promise.resolve());
  await app.register(opsRoutes, { checks: { database, redis: null }, draining: () => false, metrics });
  for (const now of [false, true, true, true, false, false]) {
    away = now;
    await app.inject('/readyz');
  }
  expect(lines).toEqual(['not ready: The database failed its check', 'The database passes its check again']);
});
