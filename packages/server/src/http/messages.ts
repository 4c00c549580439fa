import {
  EditMessageBody,
  Id,
  Message,
  MessageList,
  PageQuery,
  ReadAnswer,
  ReceiptList,
  SendMessageBody,
  limits,
} from '@parley/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type, type Static } from 'typebox';
import { readCursor } from '../messaging/cursor.ts';
import type { Messages } from '../messaging/messages.ts';
import type { HistoryRequest } from '../messaging/ports.ts';
import type { Receipts } from '../messaging/receipts.ts';
import { invalid } from '../messaging/refusal.ts';
import { acceptForms } from './bodies.ts';
import { ListQuery, creationHeaders, listAnswer, pageOf, withClientId } from './pages.ts';
import { IdempotencyHeader, NoContent, Params, answers, bodyRefusals } from './schema.ts';

const tags = ['Messages'];
const params = Params('message_id');
const ofMessage = ['message_not_found', 'not_participant'] as const;
const inConversation = ['conversation_not_found', 'not_participant'] as const;

const seq = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description }));

const HistoryQuery = Type.Object(
  {
    ...PageQuery,
    before_seq: seq('Older than this `seq`.'),
    after_seq: seq('The first ones newer than this `seq`, still answered newest first.'),
    around_seq: seq('A page with this `seq` in its middle.'),
    around_id: Type.Optional(
      Type.Unsafe<string>({ ...Id, description: 'A page with this message in its middle.' }),
    ),
  },
  { additionalProperties: false },
);

export interface MessageRoutesDeps {
  readonly messages: Messages;
  readonly receipts: Receipts;
  /** Told of each message that came this way for the first time. */
  readonly onSent: (message: Message) => void;
}

export const messageRoutes =
  ({ messages, receipts, onSent }: MessageRoutesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/conversations/:conversation_id/messages',
      {
        config: { limit: 'message_send' },
        schema: {
          tags,
          summary: 'Send a message',
          params: Params('conversation_id'),
          headers: IdempotencyHeader,
          body: SendMessageBody,
          response: answers({ 201: Message }, [
            ...bodyRefusals,
            ...inConversation,
            'muted',
            'system_only',
            'reply_not_found',
            'idempotency_conflict',
          ]),
        },
      },
      async (request, reply) => {
        const body = withClientId(request, request.body);
        const sent = await messages.send(request.actor, request.params.conversation_id, body);
        request.created = { message_id: sent.message.id };
        if (!sent.replayed) onSent(sent.message);
        return reply.status(201).headers(creationHeaders(sent.replayed)).send(sent.message);
      },
    );

    app.get(
      '/conversations/:conversation_id/messages',
      {
        schema: {
          tags,
          summary: 'History, newest first',
          params: Params('conversation_id'),
          querystring: HistoryQuery,
          response: answers({ 200: MessageList }, [...inConversation, 'message_not_found']),
        },
      },
      async ({ actor, params: { conversation_id }, query }) => {
        const wanted = historyRequest(query);
        return listAnswer('messages', await messages.history(actor, conversation_id, wanted), wanted.limit);
      },
    );

    await app.register(async (forms: typeof app) => {
      acceptForms(forms);
      forms.put(
        '/messages/:message_id',
        {
          schema: {
            tags,
            summary: 'Edit your message',
            consumes: ['application/x-www-form-urlencoded', 'application/json'],
            params,
            body: EditMessageBody,
            response: answers({ 200: Message }, [
              ...bodyRefusals,
              ...ofMessage,
              'not_message_owner',
              'muted',
              'message_deleted',
            ]),
          },
        },
        ({ actor, params: { message_id }, body }) => messages.edit(actor, message_id, body.content),
      );
    });

    app.delete(
      '/messages/:message_id',
      {
        schema: {
          tags,
          summary: 'Delete your message, leaving a tombstone',
          params,
          response: answers({ 204: NoContent }, [...bodyRefusals, ...ofMessage, 'not_message_owner']),
        },
      },
      async ({ actor, params: { message_id } }, reply) => {
        await messages.delete(actor, message_id);
        return reply.status(204).send(null);
      },
    );

    app.post(
      '/messages/:message_id/read',
      {
        schema: {
          tags,
          summary: 'You have read it, and all before it',
          params,
          response: answers({ 200: ReadAnswer }, [...bodyRefusals, ...ofMessage, 'insufficient_role']),
        },
      },
      ({ actor, params: { message_id } }) => receipts.markRead(actor, message_id),
    );

    app.get(
      '/messages/:message_id/replies',
      {
        schema: {
          tags,
          summary: 'Its replies, newest first',
          params,
          querystring: ListQuery,
          response: answers({ 200: MessageList }, ofMessage),
        },
      },
      async ({ actor, params: { message_id }, query }) => {
        const page = pageOf(query);
        return listAnswer('messages', await messages.replies(actor, message_id, page), page.limit);
      },
    );

    app.get(
      '/messages/:message_id/receipts',
      {
        schema: {
          tags,
          summary: 'Who received and read it, and when',
          params,
          querystring: ListQuery,
          response: answers({ 200: ReceiptList }, ofMessage),
        },
      },
      async ({ actor, params: { message_id }, query }) => {
        const request = pageOf(query);
        const page = await receipts.list(actor, message_id, request);
        return {
          ...listAnswer('receipts', page, request.limit),
          delivered_count: page.deliveredCount,
          read_count: page.readCount,
        };
      },
    );
  };

/** Exactly one way to say where a page is. */
function historyRequest(query: Static<typeof HistoryQuery>): HistoryRequest {
  const limit = query.limit ?? limits.pageDefault;
  const given = (['page', 'cursor', 'before_seq', 'after_seq', 'around_seq', 'around_id'] as const).filter(
    (name) => query[name] !== undefined,
  );
  if (given.length > 1) throw invalid(`/${given[1]}`, `can't be combined with ${given[0]}`);
  if (query.cursor !== undefined) return { ...readPlace(query.cursor), limit };
  if (query.before_seq !== undefined) return { kind: 'before', seq: query.before_seq, limit };
  if (query.after_seq !== undefined) return { kind: 'after', seq: query.after_seq, limit };
  if (query.around_seq !== undefined) return { kind: 'around', seq: query.around_seq, limit };
  if (query.around_id !== undefined) return { kind: 'around_id', messageId: query.around_id, limit };
  return { kind: 'page', page: query.page ?? 1, limit };
}

function readPlace(cursor: string): { kind: 'before' | 'after'; seq: number } {
  const [kind, seq] = readCursor(cursor, ['text', 'count']);
  if (kind !== 'before' && kind !== 'after') throw invalid('/cursor', 'is not a cursor of this list');
  return { kind, seq };
}
