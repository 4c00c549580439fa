import { AddParticipantBody, Participant, ParticipantList, UpdateParticipantBody } from '@parley/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Participants } from '../messaging/participants.ts';
import { acceptForms } from './bodies.ts';
import { ListQuery, creationHeaders, listAnswer, pageOf, withClientId } from './pages.ts';
import { IdempotencyHeader, NoContent, Params, answers, bodyRefusals } from './schema.ts';

const tags = ['Participants'];
const inConversation = ['conversation_not_found', 'not_participant'] as const;

export const participantRoutes =
  (participants: Participants): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/conversations/:conversation_id/participants',
      {
        schema: {
          tags,
          summary: 'Everybody in it, longest-standing first',
          params: Params('conversation_id'),
          querystring: ListQuery,
          response: answers({ 200: ParticipantList }, inConversation),
        },
      },
      async ({ actor, params: { conversation_id }, query }) => {
        const page = pageOf(query);
        return listAnswer('participants', await participants.list(actor, conversation_id, page), page.limit);
      },
    );

    app.post(
      '/conversations/:conversation_id/participants',
      {
        schema: {
          tags,
          summary: 'Add somebody',
          description: 'Somebody already there is answered unchanged, with 200.',
          params: Params('conversation_id'),
          headers: IdempotencyHeader,
          body: AddParticipantBody,
          response: answers({ 200: Participant, 201: Participant }, [
            ...bodyRefusals,
            ...inConversation,
            'insufficient_role',
            'direct_conversation',
            'idempotency_conflict',
          ]),
        },
      },
      async (request, reply) => {
        const body = withClientId(request, request.body);
        const added = await participants.add(request.actor, request.params.conversation_id, body);
        return reply
          .status(added.existed ? 200 : 201)
          .headers(creationHeaders(added.replayed))
          .send(added.participant);
      },
    );

    app.delete(
      '/conversations/:conversation_id/participants/:user_id',
      {
        schema: {
          tags,
          summary: 'Remove somebody, or leave',
          params: Params('conversation_id', 'user_id'),
          response: answers({ 204: NoContent }, [
            ...bodyRefusals,
            ...inConversation,
            'participant_not_found',
            'insufficient_role',
            'direct_conversation',
          ]),
        },
      },
      async ({ actor, params: { conversation_id, user_id } }, reply) => {
        await participants.remove(actor, conversation_id, user_id);
        return reply.status(204).send(null);
      },
    );

    await app.register(async (forms: typeof app) => {
      acceptForms(forms, ['is_muted']);
      forms.put(
        '/conversations/:conversation_id/participants/:user_id',
        {
          schema: {
            tags,
            summary: 'Give a role, or mute',
            consumes: ['application/x-www-form-urlencoded', 'application/json'],
            params: Params('conversation_id', 'user_id'),
            body: UpdateParticipantBody,
            response: answers({ 200: Participant }, [
              ...bodyRefusals,
              ...inConversation,
              'participant_not_found',
              'insufficient_role',
              'direct_conversation',
              'last_admin',
            ]),
          },
        },
        ({ actor, params: { conversation_id, user_id }, body }) =>
          participants.update(actor, conversation_id, user_id, body),
      );
    });
  };
