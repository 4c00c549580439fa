import { SyncAnswer, SyncQuery } from '@parley/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { CatchUp } from '../messaging/catch-up.ts';
import { answers } from './schema.ts';

export const syncRoutes =
  (catchUp: CatchUp): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/sync',
      {
        schema: {
          tags: ['Catching up'],
          summary: 'What changed since you were last here',
          description:
            'Everything durable that changed for you since a cursor, in its present state; however long ago that is. Over a WebSocket `resume` does the same, and goes over into live events without a gap.',
          querystring: SyncQuery,
          response: answers({ 200: SyncAnswer }, []),
        },
      },
      ({ actor, query }) => catchUp.page(actor, query.cursor),
    );
  };
