import type { FastifyInstance } from 'fastify';
import { Refusal } from '../messaging/refusal.ts';
import type { CatchUp } from '../messaging/catch-up.ts';
import type { Conversations } from '../messaging/conversations.ts';
import type { Participants } from '../messaging/participants.ts';
import type { Presence } from '../messaging/presence.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { authenticate, type AuthDeps } from './auth.ts';
import { readBodies } from './bodies.ts';
import { conversationRoutes } from './conversations.ts';
import { allowOrigins } from './cors.ts';
import { handleErrors } from './errors.ts';
import { fileRoutes, type FileRoutesDeps } from './files.ts';
import { messageRoutes, type MessageRoutesDeps } from './messages.ts';
import { observe } from './observe.ts';
import { participantRoutes } from './participants.ts';
import { syncRoutes } from './sync.ts';
import { userRoutes } from './users.ts';

export interface ApiDeps {
  readonly auth: AuthDeps;
  readonly conversations: Conversations;
  readonly participants: Participants;
  readonly messages: MessageRoutesDeps;
  readonly presence: Presence;
  readonly catchUp: CatchUp;
  readonly files: FileRoutesDeps;
  readonly metrics: Metrics;
  readonly corsOrigins: readonly string[] | '*';
}

/** Every REST endpoint, in a scope of its own: nothing here changes a host application's routes. */
export async function api(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  observe(app, deps.metrics);
  readBodies(app);
  handleErrors(app);
  await allowOrigins(app, deps.corsOrigins);
  // Answers are one person's; files say for themselves how they may be kept.
  app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
  authenticate(app, deps.auth);
  await app.register(conversationRoutes(deps.conversations));
  await app.register(participantRoutes(deps.participants));
  await app.register(messageRoutes(deps.messages));
  await app.register(userRoutes(deps.presence));
  await app.register(syncRoutes(deps.catchUp));
  await app.register(fileRoutes(deps.files));
  // A request that does not ask for an upgrade; one that does never comes here.
  for (const url of ['/ws', '/ws/:token']) {
    app.get(url, { config: { auth: 'optional' }, schema: { hide: true } }, () => {
      throw new Refusal('upgrade_required');
    });
  }
}
