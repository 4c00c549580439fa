import { DemoPeople, DemoPeopleQuery, DemoTokenAnswer, DemoTokenBody, limits } from '@parley/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { signDemoToken } from '../identity/demo.ts';
import type { Verifier } from '../identity/verifier.ts';
import { systemUserId } from '../messaging/actor.ts';
import type { PeopleStore } from '../messaging/ports.ts';
import { invalid } from '../messaging/refusal.ts';
import { readBodies } from './bodies.ts';
import { countByAddress, type AuthDeps } from './auth.ts';
import { allowOrigins } from './cors.ts';
import { bodyRefusals, openAnswers } from './schema.ts';

const dayInSeconds = 24 * 60 * 60;

const tags = ['Demo'];

export interface DemoDeps {
  /** What signs the tokens. */
  readonly secret: Uint8Array;
  readonly people: PeopleStore;
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly counting: Omit<AuthDeps, 'verifier'>;
  readonly corsOrigins: readonly string[] | '*';
}

/** Anybody may be anybody, and see who else was here, for trying things out. Never registered in production. */
export const demoRoutes =
  ({ secret, people, verifier, counting, corsOrigins }: DemoDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    readBodies(app);
    await allowOrigins(app, corsOrigins);
    app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
    countByAddress(app, counting);
    app.post(
      '/token',
      {
        schema: {
          tags,
          summary: 'A token for anybody, valid for a day',
          security: [],
          body: DemoTokenBody,
          response: openAnswers({ 200: DemoTokenAnswer }, bodyRefusals),
        },
      },
      async ({ body: { user_id, name, role } }) => {
        if (user_id === systemUserId) throw invalid('/user_id', 'must not be the reserved id "system"');
        const token = await signDemoToken(secret, {
          userId: user_id,
          lifetimeSeconds: dayInSeconds,
          ...(name !== undefined && { name }),
          ...(role !== undefined && { role }),
        });
        // Whoever has a token is found by others from now on, though they have not used it yet.
        await verifier.verify(token);
        return { token };
      },
    );

    app.get(
      '/people',
      {
        schema: {
          tags,
          summary: 'Who has had a token here',
          description: 'Whoever had a token or was connected last comes first.',
          security: [],
          querystring: DemoPeopleQuery,
          response: openAnswers({ 200: DemoPeople }, []),
        },
      },
      async ({ query }) => ({ people: await people.recentPeople(query.limit ?? limits.pageDefault) }),
    );
  };
