import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** What a browser may read of an answer from another origin. */
const exposedHeaders = [
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Retry-After',
  'Idempotency-Replayed',
  'X-Request-Id',
];

/** Lets pages of these origins call what is below `app`. To be awaited before whatever else looks at a request. */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[] | '*'): Promise<void> {
  if (origins.length === 0) return;
  const origin = origins === '*' ? '*' : [...origins];
  await app.register(cors, {
    origin,
    exposedHeaders,
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    maxAge: 600,
  });
}
