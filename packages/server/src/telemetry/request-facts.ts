import type { ErrorCode, LimitType } from '@parley/protocol';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../messaging/refusal.ts';

declare const pattern: unique symbol;
/** A route as it was registered, `/api/conversations/:id`, or `unmatched`: never an address that somebody asked for. */
export type RoutePattern = string & { readonly [pattern]: true };

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Method = (typeof methods)[number] | 'OTHER';

export function routeOf(request: FastifyRequest): RoutePattern {
  const url = request.is404 ? undefined : request.routeOptions.url;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place that makes the brand
  return (url ?? 'unmatched') as RoutePattern;
}

export const methodOf = (request: FastifyRequest): Method =>
  methods.find((method) => method === request.method) ?? 'OTHER';

/** The conversation in the path, if it is one of our ids: somebody may have put anything there. */
export function conversationOf(request: FastifyRequest): string | undefined {
  const route = routeOf(request);
  const { params } = request;
  if (!route.includes('/conversations/:') || typeof params !== 'object' || params === null) return undefined;
  const name = /\/conversations\/:(\w+)/.exec(route)?.[1] ?? '';
  const id: unknown = Object.entries(params).find(([key]) => key === name)?.[1];
  return typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : undefined;
}

/** Why a request was refused: by which code of the table, and by which limit if it was one. */
export interface RefusalFacts {
  readonly code: ErrorCode;
  readonly limitType?: LimitType | undefined;
}

/** What an error that a request ended in means to its caller; undefined where it means nothing. */
export type RefusalOf = (error: Error) => RefusalFacts | undefined;

export const ownRefusal: RefusalOf = (error) => (error instanceof Refusal ? { code: error.code } : undefined);
