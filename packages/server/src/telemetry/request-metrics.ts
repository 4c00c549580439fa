import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HttpMetrics } from './metrics/http.ts';
import { methodOf, ownRefusal, routeOf, type RefusalOf } from './request-facts.ts';

const watched = Symbol('parley: requests are counted');

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
  const failures = new WeakMap<FastifyRequest, Error>();
  const counted = new WeakSet<FastifyRequest>();
  const started = new WeakMap<FastifyRequest, number>();

  const count = (request: FastifyRequest, status: number | 'aborted', ms: number): void => {
    if (counted.has(request)) return;
    counted.add(request);
    const error = failures.get(request);
    const code = error && refusalOf(error)?.code;
    metrics.answered({ method: methodOf(request), route: routeOf(request), status, ms, code });
  };

  app.addHook('onRequest', (request, _reply, done) => {
    started.set(request, performance.now());
    done();
  });
  app.addHook('onError', (request, _reply, error, done) => {
    failures.set(request, error);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    count(request, reply.statusCode, reply.elapsedTime);
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    count(request, 'aborted', performance.now() - (started.get(request) ?? performance.now()));
    done();
  });
}
