import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { describeError, type Carried } from './describe-error.ts';
import type { Logger } from './logs.ts';
import {
  conversationOf,
  messageOf,
  methodOf,
  ownRefusal,
  routeOf,
  type CreatedIds,
  type RefusalOf,
} from './request-facts.ts';

const failure = Symbol('parley: what a request failed by');
const isLogged = Symbol('parley: a request was logged');

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by routes that create something. */
    created: CreatedIds | null;
    /** What it failed by, as long as it was not logged. */
    [failure]: Error | null;
    [isLogged]: boolean;
  }
}

export interface RequestLoggingOptions {
  /** The `sub` of the verified token, where there is one. */
  readonly userOf?: (request: FastifyRequest) => string | undefined;
  /** Why a request was refused; unless given, only a `Refusal` is known. */
  readonly refusalOf?: RefusalOf;
}

/** The options with which Fastify logs through `logger`, and leaves the line a request to `requestLogging`. */
export const fastifyLogging = (logger: Logger) => ({
  loggerInstance: logger as FastifyBaseLogger,
  requestIdHeader: false as const,
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
  genReqId: requestIdOf,
});

/** The caller's `X-Request-Id` where it is short and plain, else a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
}

const watched = Symbol('parley: requests are logged');

/**
 * Logs each request of `app` and of what is registered below it: one line when it has been answered, at `info`, or at
 * `error` with the stack for a 5xx. Answers the request's id as `X-Request-Id`. Call it before the routes are there,
 * and before other hooks, so that what those refuse is logged too. Below an `app` that it was called for, it does nothing.
 */
export function requestLogging(app: FastifyInstance, options: RequestLoggingOptions = {}): void {
  if (app.hasDecorator(watched)) return;
  app.decorate(watched, true);
  if (!app.hasRequestDecorator('created')) app.decorateRequest('created', null);
  app.decorateRequest(failure, null);
  app.decorateRequest(isLogged, false);

  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onError', (request, _reply, error, done) => {
    request[failure] = error;
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (!request[isLogged]) logAnswered(request, reply, options);
    request[isLogged] = true;
    done();
  });
  // A caller who hangs up gets no answer, so no onResponse either.
  app.addHook('onRequestAbort', (request, done) => {
    if (!request[isLogged]) request.log.info({ ...namesOf(request, options), aborted: true }, 'request');
    request[isLogged] = true;
    done();
  });
}

/** What is undefined is left out of the line by whoever writes it. */
const namesOf = (request: FastifyRequest, { userOf }: RequestLoggingOptions) => ({
  method: methodOf(request),
  route: routeOf(request),
  user_id: userOf?.(request),
  conversation_id: conversationOf(request),
  message_id: messageOf(request),
  ...request.created,
});

function logAnswered(request: FastifyRequest, reply: FastifyReply, options: RequestLoggingOptions): void {
  const { refusalOf = ownRefusal } = options;
  const error = request[failure];
  const refusal = error === null ? undefined : refusalOf(error);
  const failed = reply.statusCode >= 500;
  const line = {
    ...namesOf(request, options),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    code: refusal?.code,
    limit_type: refusal?.limitType,
    err: failed && error !== null ? describeError(error, carriedBy(request)) : undefined,
  };
  if (failed) request.log.error(line, 'request');
  else request.log.info(line, 'request');
}

/** All that came with a request. Of a form that was streamed nothing is kept, so nothing can be compared with it. */
function carriedBy({ headers, body, query, params, raw }: FastifyRequest): Carried {
  if (headers['content-type']?.startsWith('multipart/') === true) return 'withheld';
  const secrets = [
    headers.authorization,
    headers.cookie,
    headers['apikey'],
    headers['sec-websocket-protocol'],
  ];
  const words = secrets.flatMap((value) => String(value ?? '').split(/[\s;,=]+/));
  return { values: [body, query, params, raw.url, words] };
}
