import {
  Conversation,
  ConversationList,
  CreateConversationBody,
  PageQuery,
  UpdateConversationBody,
} from '@parley/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Conversations } from '../messaging/conversations.ts';
import { creationHeaders, listAnswer, pageOf, withClientId } from './pages.ts';
import { IdempotencyHeader, NoContent, Params, answers, bodyRefusals } from './schema.ts';

const tags = ['Conversations'];
const params = Params('conversation_id');
const inConversation = ['conversation_not_found', 'not_participant'] as const;

export const conversationRoutes =
  (conversations: Conversations): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/conversations',
      {
        config: { limit: 'conversation_create' },
        schema: {
          tags,
          summary: 'Open a conversation',
          description: 'A direct one is unique for its pair: asking again answers the same one with 200.',
          headers: IdempotencyHeader,
          body: CreateConversationBody,
          response: answers({ 200: Conversation, 201: Conversation }, [
            ...bodyRefusals,
            ...inConversation,
            'idempotency_conflict',
          ]),
        },
      },
      async (request, reply) => {
        const { conversation, existed, replayed } = await conversations.create(
          request.actor,
          withClientId(request, request.body),
        );
        request.created = { conversation_id: conversation.id };
        return reply
          .status(existed ? 200 : 201)
          .headers(creationHeaders(replayed))
          .send(conversation);
      },
    );

    app.get(
      '/conversations',
      {
        schema: {
          tags,
          summary: 'Your conversations, newest activity first',
          querystring: Type.Object(
            {
              ...PageQuery,
              archived: Type.Optional(
                Type.Boolean({ description: 'Those archived, in place of the others.' }),
              ),
            },
            { additionalProperties: false },
          ),
          response: answers({ 200: ConversationList }, []),
        },
      },
      async ({ actor, query }) => {
        const page = pageOf(query);
        return listAnswer(
          'conversations',
          await conversations.list(actor, query.archived ?? false, page),
          page.limit,
        );
      },
    );

    app.get(
      '/conversations/:conversation_id',
      {
        schema: {
          tags,
          summary: 'One conversation',
          params,
          response: answers({ 200: Conversation }, inConversation),
        },
      },
      ({ actor, params: { conversation_id } }) => conversations.get(actor, conversation_id),
    );

    app.put(
      '/conversations/:conversation_id',
      {
        schema: {
          tags,
          summary: 'Change title, archiving or metadata',
          params,
          body: UpdateConversationBody,
          response: answers({ 200: Conversation }, [...bodyRefusals, ...inConversation, 'insufficient_role']),
        },
      },
      ({ actor, params: { conversation_id }, body }) => conversations.update(actor, conversation_id, body),
    );

    app.delete(
      '/conversations/:conversation_id',
      {
        schema: {
          tags,
          summary: 'Delete it for everybody',
          params,
          response: answers({ 204: NoContent }, [...bodyRefusals, ...inConversation, 'insufficient_role']),
        },
      },
      async ({ actor, params: { conversation_id } }, reply) => {
        await conversations.delete(actor, conversation_id);
        return reply.status(204).send(null);
      },
    );
  };
