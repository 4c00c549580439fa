import { ClientId, PageQuery, limits } from '@parley/protocol';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Page, PageRequest } from '../messaging/ports.ts';
import { invalid } from '../messaging/refusal.ts';
import { parser } from '../messaging/validation.ts';

/** The query of a list; unknown names are refused. */
export const ListQuery = Type.Object(PageQuery, { additionalProperties: false });

/** A cursor says where a page is by itself; it counts as the first of its own. */
export const pageOf = (query: { page?: number; limit?: number; cursor?: string }): PageRequest => ({
  page: query.cursor === undefined ? (query.page ?? 1) : 1,
  limit: query.limit ?? limits.pageDefault,
  cursor: query.cursor,
});

/** The shape that every list answers with, under its noun. */
export const listAnswer = <N extends string, T>(noun: N, page: Page<T>, limit: number) => ({
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a computed key widens to `string`
  ...({ [noun]: page.items } as { [K in N]: T[] }),
  page: page.page,
  limit,
  total: page.total,
  has_more: page.hasMore,
  next_cursor: page.nextCursor,
});

const parseKey = parser(Type.Object({ 'idempotency-key': ClientId }));

/** The body with its `client_id`, which may also come as the header `Idempotency-Key`. */
export function withClientId<T extends { client_id?: string }>(request: FastifyRequest, body: T): T {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return body;
  const key = parseKey({ 'idempotency-key': header })['idempotency-key'];
  if (body.client_id !== undefined && body.client_id !== key) {
    throw invalid('/client_id', 'differs from the header Idempotency-Key');
  }
  return { ...body, client_id: key };
}

/** How a creation is answered: a retry gets the status of the first answer, and is marked. */
export const creationHeaders = (replayed: boolean): Record<string, string> =>
  replayed ? { 'Idempotency-Replayed': 'true' } : {};
