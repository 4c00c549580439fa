import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HttpMetrics } from './metrics/http.ts';
import { methodOf, ownRefusal, routeOf, type RefusalOf } from './request-facts.ts';

const watched = Symbol('parley: requests are counted');

const failure = Symbol('parley: what a counted request failed by');
const isCounted = Symbol('parley: a request was counted');
const begun = Symbol('parley: when a counted request began');

declare module 'fastify' {
  interface FastifyRequest {
    [failure]: Error | null;
    [isCounted]: boolean;
    /** By `performance.now()`. */
    [begun]: number;
  }
}

/**
 * Times and counts each request of `app` and of what is registered below it. Call it before the routes are there.
 * Below an `app` that it was called for, it does nothing.
 */
export function requestMetrics(
  app: FastifyInstance,
  metrics: HttpMetrics,
  refusalOf: RefusalOf = ownRefusal,
): void {
  if (app.hasDecorator(watched)) return;
  app.decorate(watched, true);
  app.decorateRequest(failure, null);
  app.decorateRequest(isCounted, false);
  app.decorateRequest(begun, 0);

  const count = (request: FastifyRequest, status: number | 'aborted', ms: number): void => {
    if (request[isCounted]) return;
    request[isCounted] = true;
    const error = request[failure];
    const code = error === null ? undefined : refusalOf(error)?.code;
    metrics.answered({ method: methodOf(request), route: routeOf(request), status, ms, code });
  };

  app.addHook('onRequest', (request, _reply, done) => {
    request[begun] = performance.now();
    done();
  });
  app.addHook('onError', (request, _reply, error, done) => {
    request[failure] = error;
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    count(request, reply.statusCode, reply.elapsedTime);
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    count(request, 'aborted', performance.now() - request[begun]);
    done();
  });
}
