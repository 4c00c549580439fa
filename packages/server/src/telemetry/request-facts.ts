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

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What has the form of our ids: where one belongs, somebody may have put anything, a token for example. */
export const ownId = (value: unknown): string | undefined =>
  typeof value === 'string' && uuid.test(value) ? value : undefined;

/** The conversation in the path. */
export const conversationOf = (request: FastifyRequest): string | undefined =>
  idInPath(request, conversationName);

/** The message in the path. */
export const messageOf = (request: FastifyRequest): string | undefined => idInPath(request, messageName);

function idInPath(request: FastifyRequest, nameIn: NameIn): string | undefined {
  const name = nameIn(routeOf(request));
  return name === undefined || !isRecord(request.params) ? undefined : ownId(request.params[name]);
}

type NameIn = (route: RoutePattern) => string | undefined;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** What a route calls the id of a thing, found once for each route: there are as many as were registered. */
function namesAfter(place: RegExp): NameIn {
  const known = new Map<RoutePattern, string | undefined>();
  return (route) => {
    if (!known.has(route)) known.set(route, place.exec(route)?.[1]);
    return known.get(route);
  };
}

const conversationName = namesAfter(/\/conversations\/:(\w+)/);
const messageName = namesAfter(/\/messages\/:(\w+)/);

/** What a request made, for its line in the log. */
export interface CreatedIds {
  readonly conversation_id?: string;
  readonly message_id?: string;
}

/** Why a request was refused: by which code of the table, and by which limit if it was one. */
export interface RefusalFacts {
  readonly code: ErrorCode;
  readonly limitType?: LimitType | undefined;
}

/** What an error that a request ended in means to its caller; undefined where it means nothing. */
export type RefusalOf = (error: Error) => RefusalFacts | undefined;

export const ownRefusal: RefusalOf = (error) => (error instanceof Refusal ? { code: error.code } : undefined);
