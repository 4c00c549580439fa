import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Metrics } from '../telemetry/metrics.ts';
import { requestLogging } from '../telemetry/request-logging.ts';
import { requestMetrics } from '../telemetry/request-metrics.ts';
import { RateLimited } from './auth.ts';
import { toRefusal } from './errors.ts';

const userOf = (request: FastifyRequest): string | undefined => request.actor?.userId;

const refusalOf = (error: Error) => ({
  code: toRefusal(error).code,
  limitType: error instanceof RateLimited ? error.state.type : undefined,
});

/** Logs, times and counts each request of `app` and of what is below it. Call it before the routes are there. */
export function observe(app: FastifyInstance, metrics: Metrics): void {
  requestLogging(app, { userOf, refusalOf });
  requestMetrics(app, metrics.http, refusalOf);
}
