import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LimitType } from '@parley/protocol';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../messaging/refusal.ts';
import { describeError, type Carried } from './describe-error.ts';
import type { Logger } from './logs.ts';
import { conversationOf, methodOf, routeOf } from './request-facts.ts';

/** What the edge knows of a request once it has been answered. */
export interface RequestFacts {
  /** The `sub` of a verified token. */
  readonly userId?: string | undefined;
  /** The limit that refused it. */
  readonly limitType?: LimitType | undefined;
}

export interface RequestLoggingOptions {
  readonly facts?: (request: FastifyRequest) => RequestFacts;
}

/** The options with which Fastify logs through `logger`, and leaves the line a request to `requestLogging`. */
export const fastifyLogging = (logger: Logger) => ({
  loggerInstance: logger as FastifyBaseLogger,
  disableRequestLogging: true,
  requestIdHeader: false as const,
  requestIdLogLabel: 'request_id',
  genReqId: requestIdOf,
});

/** The caller's `X-Request-Id` where it is short and plain, else a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
}

/**
 * Logs each request of `app` and of what is registered below it: one line when it has been answered, at `info`, or at
 * `error` with the stack for a 5xx. Answers the request's id as `X-Request-Id`. Call it before the routes are there.
 */
export function requestLogging(app: FastifyInstance, options: RequestLoggingOptions = {}): void {
  const failures = new WeakMap<FastifyRequest, Error>();
  const logged = new WeakSet<FastifyRequest>();
  const factsOf = options.facts ?? (() => ({}));

  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onError', (request, _reply, error, done) => {
    failures.set(request, error);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (!logged.has(request)) log(request, reply, factsOf(request), failures.get(request));
    logged.add(request);
    done();
  });
  // A caller who hangs up gets no answer, so no onResponse either.
  app.addHook('onRequestAbort', (request, done) => {
    if (!logged.has(request))
      request.log.info({ ...namesOf(request, factsOf(request)), aborted: true }, 'request');
    logged.add(request);
    done();
  });
}

function log(
  request: FastifyRequest,
  reply: FastifyReply,
  facts: RequestFacts,
  error: Error | undefined,
): void {
  const line = {
    ...namesOf(request, facts),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ...(error instanceof Refusal && { code: error.code }),
    ...(facts.limitType !== undefined && { limit_type: facts.limitType }),
  };
  if (reply.statusCode < 500) request.log.info(line, 'request');
  else
    request.log.error(
      { ...line, ...(error && { err: describeError(error, carriedBy(request)) }) },
      'request',
    );
}

function namesOf(request: FastifyRequest, { userId }: RequestFacts): object {
  const conversation = conversationOf(request);
  return {
    method: methodOf(request),
    route: routeOf(request),
    ...(userId !== undefined && { user_id: userId }),
    ...(conversation !== undefined && { conversation_id: conversation }),
  };
}

/** All that came with a request. Of a form that was streamed nothing is kept, so nothing can be compared with it. */
function carriedBy(request: FastifyRequest): Carried {
  const {
    authorization,
    cookie,
    apikey,
    'content-type': contentType,
    'sec-websocket-protocol': protocols,
  } = request.headers;
  if (contentType?.startsWith('multipart/') === true) return 'withheld';
  const headers = [authorization, cookie, apikey, protocols].flatMap((value) =>
    String(value ?? '').split(/[\s;,=]+/),
  );
  return { values: [request.body, request.query, request.params, request.raw.url, headers] };
}
