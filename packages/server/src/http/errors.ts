import { errors, type ErrorCode } from '@parley/protocol';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../messaging/refusal.ts';
import { RateLimited } from './auth.ts';

/** Fastify's own refusals, by what they mean to a caller. */
const frameworkCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_body',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_body',
  FST_ERR_BAD_URL: 'not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_REOPENED_CLOSE_SERVER: 'shutting_down',
};

/** What a thrown error is to the caller: our refusals as they are, a malformed request, or `internal`. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    const code = frameworkCodes[error.code];
    if (code !== undefined) return new Refusal(code, { cause: error });
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === errors.range_not_satisfiable[0])
    return new Refusal('range_not_satisfiable', { cause: error });
  if (status >= 400 && status < 500) return new Refusal('malformed_body', { cause: error });
  return new Refusal('internal', { cause: error });
}

/** Seconds after which a retry makes sense; whatever is temporary says so. */
export const retryAfterOf = ({ retryAfter, status }: Refusal): number | undefined =>
  retryAfter ?? (status === 503 ? 1 : undefined);

export function bodyOf(refusal: Refusal): object {
  if (refusal instanceof RateLimited) return refusal.body();
  const body = { detail: errors[refusal.code][1], code: refusal.code };
  return refusal.status === 422 ? { ...body, errors: refusal.fields ?? [] } : body;
}

/** One table of errors, one place where it becomes HTTP. Nothing of the inside leaves: no stack, no SQL, no name. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | Refusal, _request: FastifyRequest, reply: FastifyReply) => {
    const refusal = toRefusal(error);
    const retryAfter = retryAfterOf(refusal);
    if (retryAfter !== undefined) reply.header('Retry-After', retryAfter);
    if (refusal.status === 401) reply.header('WWW-Authenticate', 'Bearer');
    if (refusal.status === 426) reply.headers({ Upgrade: 'websocket', Connection: 'Upgrade' });
    return reply.status(refusal.status).send(bodyOf(refusal));
  });
  const allowedMethods = rememberRoutes(app);
  const refusalOf = (request: FastifyRequest): Refusal => {
    const allowed = allowedMethods(request.url.split('?', 1)[0] ?? '');
    // A route that takes the method may find nothing itself.
    const isMethodWrong = allowed.length > 0 && !allowed.includes(request.method);
    return isMethodWrong ? new MethodNotAllowed(allowed) : new Refusal('not_found');
  };
  app.setNotFoundHandler((request) => {
    throw refusalOf(request);
  });
  // Before the body is looked at: where nothing takes the method, it does not matter what the request brought.
  app.addHook('preParsing', (request, _reply, _payload, done) =>
    done(request.is404 ? refusalOf(request) : null),
  );
  app.addHook('onError', async (_request, reply, error) => {
    if (error instanceof MethodNotAllowed) reply.header('Allow', error.allowed.join(', '));
  });
}

class MethodNotAllowed extends Refusal {
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super('method_not_allowed');
    this.allowed = allowed;
  }
}

/** Watches routes being made, so that a wrong method at a right address can be told from a wrong address. */
function rememberRoutes(app: FastifyInstance): (path: string) => string[] {
  const routes: { pattern: RegExp; methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}$`);
    routes.push({ pattern, methods: [method].flat() });
  });
  return (path) => [
    ...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
  ];
}
