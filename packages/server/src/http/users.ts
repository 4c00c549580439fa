import { StatusQuery, UpdateStatusBody, UserStatus, UserStatusList } from '@parley/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Presence } from '../messaging/presence.ts';
import { answers, bodyRefusals } from './schema.ts';

const tags = ['Users'];

export const userRoutes =
  (presence: Presence): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/users/status',
      {
        schema: {
          tags,
          summary: 'Who is there',
          description: 'Of somebody with whom you share no conversation it says `offline` and nothing else.',
          querystring: StatusQuery,
          response: answers({ 200: UserStatusList }, []),
        },
      },
      async ({ actor, query }) => ({ statuses: await presence.statuses(actor, query.user_ids) }),
    );

    app.put(
      '/users/status',
      {
        schema: {
          tags,
          summary: 'Set your own status',
          body: UpdateStatusBody,
          response: answers({ 200: UserStatus }, [
            ...bodyRefusals,
            'conversation_not_found',
            'not_participant',
            'muted',
            'insufficient_role',
          ]),
        },
      },
      ({ actor, body }) => presence.setStatus(actor, body),
    );
  };
