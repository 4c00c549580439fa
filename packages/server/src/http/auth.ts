import type { AppRole, LimitType } from '@parley/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Verifier } from '../identity/verifier.ts';
import { addressKey, userKey } from '../limits/key.ts';
import { rateLimitBody, rateLimitHeaders, type Limiter, type LimitState } from '../limits/limiter.ts';
import type { Actor } from '../messaging/actor.ts';
import { Refusal } from '../messaging/refusal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Null only on routes whose `auth` is `optional`. */
    actor: Actor;
  }
  interface FastifyContextConfig {
    /** Under which limit requests count; `general` unless said. */
    limit?: LimitType;
    /** `optional`: a token is checked if there is one. */
    auth?: 'optional';
  }
}

export interface AuthDeps {
  readonly verifier: Verifier;
  readonly limiter: Limiter;
  readonly onLimited: (type: LimitType, role: AppRole | 'anonymous') => void;
}

/** What somebody unknown counts as. */
const lowest: AppRole = 'student';

/** A 429, with the spec's body. */
export class RateLimited extends Refusal {
  readonly state: LimitState;

  constructor(state: LimitState) {
    super('rate_limited', { retryAfter: state.retryAfter });
    this.state = state;
  }

  body() {
    return rateLimitBody(this.state);
  }
}

/** Before anything else of a request is read: who asks, and whether they may ask so often. */
export function authenticate(app: FastifyInstance, deps: AuthDeps): void {
  app.decorateRequest('actor');
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return count(deps, request, reply, null);
    let actor: Actor | null;
    try {
      actor = await identify(deps.verifier, request);
    } catch (error) {
      // Guessing tokens is limited by where it comes from, as nobody is known yet.
      await count(deps, request, reply, null);
      throw error;
    }
    if (actor !== null) request.actor = actor;
    await count(deps, request, reply, actor);
  });
}

/** For routes that nobody has a token for: requests count by address alone. */
export function countByAddress(app: FastifyInstance, deps: Omit<AuthDeps, 'verifier'>): void {
  app.addHook('onRequest', (request, reply) => count(deps, request, reply, null));
}

async function identify(verifier: Verifier, request: FastifyRequest): Promise<Actor | null> {
  const header = request.headers.authorization;
  if (header === undefined) {
    if (request.routeOptions.config.auth === 'optional') return null;
    throw new Refusal('token_missing');
  }
  const token = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (token === undefined) throw new Refusal('invalid_token');
  return (await verifier.verify(token)).actor;
}

/** Counts the request; the service role is exempt, as it is the operator's own backend. */
async function count(
  deps: Omit<AuthDeps, 'verifier'>,
  request: FastifyRequest,
  reply: FastifyReply,
  actor: Actor | null,
): Promise<void> {
  if (actor?.kind === 'service') return;
  const type = actor === null ? 'general' : (request.routeOptions.config.limit ?? 'general');
  const who =
    actor === null
      ? { key: addressKey(request.ip), role: lowest }
      : { key: userKey(actor.userId), role: actor.appRole };
  const state = await deps.limiter.consume(type, who);
  if (state === null) return;
  reply.headers(rateLimitHeaders(state));
  if (state.allowed) return;
  deps.onLimited(type, actor === null ? 'anonymous' : actor.appRole);
  throw new RateLimited(state);
}
